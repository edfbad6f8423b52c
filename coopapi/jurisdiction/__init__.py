"""Conflicts of jurisdiction: consultations between States, transfers of proceedings, and the duty to notify Eurojust."""
