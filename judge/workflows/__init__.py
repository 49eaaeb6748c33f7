"""The public functions: one module each reads the inputs, calls the analysis and returns a result object.

The commands call the same functions and only render what they return.
"""
