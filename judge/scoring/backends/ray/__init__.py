"""A judge model on many machines: Ray actors, each with an engine in its process.

`backend.RayBackend` is the backend. `worker_pool` distributes requests and handles lost workers, without Ray;
`cluster` is the only module that imports Ray; `worker` runs in the actors.
"""
