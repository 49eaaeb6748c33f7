"""Scoring: items and a rubric go in, completions and scores come out and stay."""
