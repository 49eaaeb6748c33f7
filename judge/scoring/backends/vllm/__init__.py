"""A judge model in this process, run by vLLM."""
