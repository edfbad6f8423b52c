"""Matching of persons with different spellings of their names: keyed digests find candidates, and weighted features score them."""
