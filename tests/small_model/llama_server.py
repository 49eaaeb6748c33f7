"""Start llama.cpp's server on 127.0.0.1 and keep it until the process ends: `llama_server.py FILE.gguf PORT`."""

import signal
import sys


def serve(path, port):
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {"small"}
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    params.n_ctx = 8192
    params.n_parallel = 2
    params.warmup = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    server = xllamacpp.Server(params)
    signal.sigwait({signal.SIGTERM})
    del server


if __name__ == "__main__":
    serve(*sys.argv[1:])
