"""Exports: a case, as a person may see it, in a file for a named recipient."""
