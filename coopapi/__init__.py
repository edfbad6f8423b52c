"""A register for cross-border criminal cases that finds where they overlap."""
