"""Points of contact around the clock, and which authority is competent for what."""
