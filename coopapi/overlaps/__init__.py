"""Overlaps: where cases share identifiers, what each side decides about it, groups of cases, and exclusions."""
