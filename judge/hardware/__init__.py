"""The graphics cards of this machine, the shapes of models, and what fits on which."""
