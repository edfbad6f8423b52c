"""Parsers for the formats of identifiers, each by the standard of its kind."""
