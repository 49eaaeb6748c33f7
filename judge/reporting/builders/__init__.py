"""Results of an analysis -> Report, one module for each kind of report."""
