"""A judge model in this process, run by vLLM.

`backend.VllmBackend` is the backend and `engine` starts vLLM. `sampling_params` translates requests,
`startup_errors` explains why the engine did not start, `captured_output` catches its log while it starts, and
`watchdog` ends its processes together with this one.
"""
