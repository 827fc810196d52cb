"""Connectors: one process a source carries its record changes to the raw topics."""
