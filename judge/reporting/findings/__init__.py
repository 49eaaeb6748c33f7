"""The findings of the reports: sentences that stand above the tables."""
