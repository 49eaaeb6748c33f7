"""Analysis: pass rates, slices, comparisons and agreement, computed from the scores of runs."""
