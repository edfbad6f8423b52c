"""Disclosures: one side of an overlap asks, the owner decides, item by item, and may recall."""
