"""Webhooks: the register sends the events of a machine client to an address, signed by the rules of Standard Webhooks."""
