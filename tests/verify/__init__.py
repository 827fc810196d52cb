"""Checks against servers that only a person asks for."""
