"""Three views of the journal: the timeline of a case, the feed of events, and the audit log."""
