"""Agreement: can a judge be trusted? People's ratings and judges' scores, joined by item and compared."""
