"""clean: a raw row becomes a canonical record, by pure rules; nothing is invented and nothing dropped in silence."""
