"""Measures the hub beside its peers; no stage knows of it."""
