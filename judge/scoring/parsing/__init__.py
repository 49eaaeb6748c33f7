"""Parse replies into scores: JSON objects, repaired JSON, verdicts, and verdicts copied from the item."""
