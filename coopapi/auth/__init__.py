"""Authentication: access tokens, the keys that sign them, and the person or client behind a request."""
