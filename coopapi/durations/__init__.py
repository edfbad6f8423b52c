"""How long things were in each state, and on whom a case waits."""
