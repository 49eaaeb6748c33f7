"""Agreement of judges with human raters, and of human raters with each other."""
