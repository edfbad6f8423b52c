"""Matching: calls of the database functions that register identifiers and find overlaps, and the comparison of similar values."""
