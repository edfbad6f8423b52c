"""Requests for assistance: drafted, validated, transmitted, answered measure by measure, with a clock for each side."""
