"""Collect human ratings in a browser: blind, balanced, and stored in one file.

Reading order: `form` (the questions), `sampling` (the items), `assignment` (the raters of each item), `plan`
(the complete study before it starts), `store` (the file), `app` (the pages), `progress` and `export` (the
results). `protocol.md` describes how to run a study.
"""
