"""Overlaps: pairs of cases that share identifiers, the decisions of each side, groups of cases, and exclusions."""
