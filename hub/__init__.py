"""Satu Data hub: record changes of every OPD become one reconciled, explained set of golden records."""
