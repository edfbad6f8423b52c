"""Four eyes: what one administrator asks for takes effect when another one approves."""
