"""Planning a study: sample size, precision by simulation, and the selection of items to label."""
