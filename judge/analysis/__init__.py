"""Analysis: what the scores of a run say."""
