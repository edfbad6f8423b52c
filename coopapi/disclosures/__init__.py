"""Disclosures: one side of an overlap asks for data, the owner decides item by item and may recall them."""
