"""Score open-ended answers with an LLM judge, and measure how far that judge agrees with people."""

__version__ = "0.1.0"
