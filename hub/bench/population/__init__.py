"""An invented regency with its offices' mistakes, for measuring resolution; written apart from link's rules."""
