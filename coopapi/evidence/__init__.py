"""Evidence as metadata: what is given, on which conditions, through whose hands it went, and in which cases it is used."""
