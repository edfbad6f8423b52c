"""Joint investigation teams: agreed, signed by each for itself, evaluated, and told of in words that all approved."""
