"""The journal: what was done and what was looked at, hash-chained for each authority."""
