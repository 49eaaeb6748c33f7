"""The charts of the reports: Table -> SVG."""
