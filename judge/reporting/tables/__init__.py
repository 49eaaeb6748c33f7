"""The tables of the reports, one function a table."""
