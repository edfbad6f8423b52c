"""The worklist: what waits for the caller or its authority, of every kind, with assignments and many steps at once."""
