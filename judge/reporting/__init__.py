"""Reports: what analysis found, as text, plots and pages."""
