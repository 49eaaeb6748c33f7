"""Judges behind a provider's batch API.

`backend.BatchBackend` is the backend. `batch_provider` holds the protocol that each provider's module
implements (`openai_batches`, `azure_batches`, `mistral_batches`, `anthropic_batches`, `gemini_batches`).
`journal` keeps in the run what was submitted, `submission` fills `chunks` under the provider's limits and
submits them, and `collection` turns their results into completions.
"""
