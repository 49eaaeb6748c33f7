"""The text of a reply -> scores: JSON objects, repaired JSON, verdicts, and verdicts copied from the item."""
