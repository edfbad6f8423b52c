"""Coordination meetings and centres: convened from what was found, hosted by a desk, concluded country by country."""
