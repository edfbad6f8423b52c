"""Bulk intake: files of cases, subjects and identifiers that a national system sends, and what became of each line."""
