"""The directory: authorities, the people and clients who act for them, and the codelists that all features share."""
