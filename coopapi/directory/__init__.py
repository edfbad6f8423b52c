"""Authorities, who acts for them, and the codelists everybody shares."""
