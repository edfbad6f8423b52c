"""What cases hold, read by its standard and matched by token; and the overlaps that come of it."""
