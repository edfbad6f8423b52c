"""Metadata of evidence: what is given, on which conditions, its chain of custody, and in which cases it is used."""
