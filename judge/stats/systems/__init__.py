"""Comparing and ranking systems: paired differences, tests, groups and rank intervals."""
