"""The tables of the reports: results of an analysis -> Table."""
