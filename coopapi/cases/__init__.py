"""Cases: access to them, their subjects, and how they end. Most other objects of the register belong to a case."""
