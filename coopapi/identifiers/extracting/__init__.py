"""Proposes identifiers that stand in a text or a table."""
