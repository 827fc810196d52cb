"""persist: what link and merge decided becomes rows, in one transaction a batch, by the one holder of the lease."""

from hub.persist.migration import migrate, require_current

__all__ = ["migrate", "require_current"]
