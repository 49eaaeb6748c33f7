"""Build a Report from the results of an analysis: one module for each kind of report."""
