"""How an engine runs on a CPU with two cores and little memory: environment and arguments."""

import os
import sys
from pathlib import Path

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",  # several times as fast on two cores
    "TORCH_COMPILE_DISABLE": "1",  # or the first probabilities wait for a C++ compiler
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_CACHE_ROOT": str(Path(sys.prefix) / "vllm-cache"),  # what the first engine finds out serves all
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
ENGINE = {
    "enforce_eager": True,
    "gpu_memory_utilization": 0.2,
    "kv_cache_memory_bytes": 256 << 20,
    "max_model_len": 4096,
    "max_num_seqs": 32,
}


def prepare():
    """Set the environment, which is read when vllm is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
