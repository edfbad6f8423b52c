"""Cases: the root that everything hangs from, who may see them, and the people they are about."""
