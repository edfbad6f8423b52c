"""Access tokens for the machine clients of national systems (RFC 6749, 7523, 9068)."""
