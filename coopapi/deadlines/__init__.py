"""Deadlines: every clock that the law starts, as a row that says by which article it runs, who owes it and how it ended."""
