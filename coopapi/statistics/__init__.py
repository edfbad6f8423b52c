"""Figures about the use of the register, for auditors: how much each client registers, and what became of it."""
