"""Joint investigation teams: the agreement, its signatures, the evaluation, and a public statement that all parties approve."""
