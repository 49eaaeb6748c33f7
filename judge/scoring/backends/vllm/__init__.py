"""A judge model in this process, run by vLLM.

`backend.VllmBackend` is the backend and `engine` starts vLLM. `sampling_params` translates requests,
`startup_errors` explains why the engine did not start, `captured_output` captures its log, and `watchdog`
kills its processes when this process ends.
"""
