"""The demo: an invented population in three OPD systems, its life, its truth, and a judge of the hub's work."""
