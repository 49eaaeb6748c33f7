"""Agreement and reliability coefficients of two or more raters."""
