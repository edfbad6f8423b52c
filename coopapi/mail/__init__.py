"""Mail to people that says only that something new waits for them: no content, no count, and nothing by its time."""
