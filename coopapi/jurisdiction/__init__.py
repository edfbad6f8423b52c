"""Conflicts of jurisdiction: who consults whom, what each State holds, who prosecutes; and what Eurojust is to be told."""
