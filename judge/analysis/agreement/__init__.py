"""Agreement: can a judge be trusted? People's ratings and judges' scores, aligned by item and compared."""
