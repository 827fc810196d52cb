"""Revisions of the store, applied in order by `hub.persist.migrate`."""
