"""Statistics of agreement: arrays in, `Estimate` out; usable without the rest of the package."""
