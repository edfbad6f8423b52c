"""Measurements: ratios to a limit in the same run, never asserted in a test."""
