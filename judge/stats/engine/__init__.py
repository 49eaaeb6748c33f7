"""What all statistics share: estimates, ratings tables, scales, resampling and interval limits."""
