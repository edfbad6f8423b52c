"""Deadlines that the law sets: each row says under which article it runs, which authority owes it, and how it ended."""
