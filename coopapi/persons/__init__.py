"""Persons: one human being in many spellings, found by keyed digests and weighed by explainable weights."""
