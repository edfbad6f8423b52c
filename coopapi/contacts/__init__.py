"""Who is reached around the clock, and which authority is competent for what."""
