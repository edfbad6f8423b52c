"""Timelines in files: the entries of one or several cases as rows, calendar, drawing, page and report."""
