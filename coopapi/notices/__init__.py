"""Requirement notices: what a country asks of requests, measure by measure, read and acknowledged before one goes out."""
