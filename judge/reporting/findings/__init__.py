"""The sentences of the reports: findings, warnings and methods."""
