"""Avro schemas of everything that flows between stages."""
