"""Collect human ratings in a browser: blind, balanced, and kept in one file.

Reading order: `form` (what is asked), `sampling` (which items), `assignment` (who rates what), `plan` (a
whole study before it starts), `store` (the file), `app` (the pages), `progress` and `export` (what came of
it). How to run a study well is in `protocol.md`.
"""
