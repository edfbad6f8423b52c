"""Identifiers of a case: their kinds and formats, and how they are registered."""
