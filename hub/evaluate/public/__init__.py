"""Public data with known truth through the real river, a peer beside it in the same run."""
