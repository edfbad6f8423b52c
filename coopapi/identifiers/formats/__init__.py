"""How each kind of identifier is written, by its own standard."""
