"""Search: for things by text, for identifiers by value or person, and searches that are saved and tell of what is new."""
