"""Service providers: the legal entity that receives requests, the data it keeps and for how long; and memoranda with them."""
