"""The journal read as the timeline of a case, as the feed of events, and as the audit log."""
