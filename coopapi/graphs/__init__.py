"""Graphs: what hangs together around a case, request, team or meeting, as far as the caller sees it."""
