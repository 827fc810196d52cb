"""Which value wins: pure survivorship over the records of one entity."""
