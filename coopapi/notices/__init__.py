"""Requirement notices: what a country requires of requests for a measure. They must be acknowledged before a request is sent."""
