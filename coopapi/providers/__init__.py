"""Service providers: the legal entity that a request goes to, what it keeps and for how long; and memoranda with them."""
