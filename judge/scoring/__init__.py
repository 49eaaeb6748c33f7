"""Scoring: items and a judge go in; completions are stored as they arrive, and scores are derived from them.

`score.score` is the public function, `loop.score_items` the loop, `run.Run` the store. `prompt` (item to
request) and `parsing` (completion to scores) are pure; `backends` has the ways to get a reply.
"""
