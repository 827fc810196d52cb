"""How good is resolution: against a truth file, or by a judged sample.  No stage knows it."""
