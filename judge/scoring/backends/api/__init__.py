"""Judges behind an API.

`backend.ApiBackend` is the backend. Two clients send requests: `openai_http` (OpenAI-compatible endpoints)
and `via_litellm` (all other providers). `dispatch` keeps the right number of requests in flight (`pacing`,
`rate_limits`, `retry_after`), `errors` and `dialects` interpret failures, `replies` and `logprobs` parse what
came back, and `pricing` and `usage` count its cost.
"""
