"""Joint investigation teams: agreed, signed by each for itself, shared while they last, evaluated, and told of in words all approved."""
