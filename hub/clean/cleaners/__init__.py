"""One file a kind of value; each is a pure function from a source's text to `Cleaned` and never raises."""
