"""Coordination meetings and coordination centres: convened by an authority, hosted by a desk, with conclusions for each country."""
