"""Figures about the use of the register, for auditors: how much each client registers, and what happens to it."""
