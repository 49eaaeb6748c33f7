"""GPUs of this machine, sizes of models, and which model fits on which GPU."""
