"""A register of criminal cases that finds overlaps between cases of different countries."""
