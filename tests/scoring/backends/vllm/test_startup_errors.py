import pytest

from judge.scoring.backends.vllm.startup_errors import engine_failure, root_cause, startup_failure

# What vLLM, torch and the hub say, word for word where it matters.
SAID = [
    (
        "RuntimeError: Failed to infer device type, please set the environment variable "
        "`VLLM_LOGGING_LEVEL=DEBUG` to turn on verbose logging to help debug the issue.",
        "no GPU can be used here",
    ),
    ("RuntimeError: No CUDA GPUs are available", "no GPU can be used here"),
    (
        "RuntimeError: Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling "
        "NumCudaDevices() that might have already set an error? Error 802: system not yet initialized",
        "no GPU can be used here",
    ),
    (
        "torch.AcceleratorError: CUDA error: no kernel image is available for execution on the device",
        "does not support this GPU",
    ),
    (
        "RuntimeError: Failed to find C compiler. Please specify via CC environment variable or set "
        "triton.knobs.build.impl.",
        "install a C compiler",
    ),
    (
        "RuntimeError: Could not find nvcc and default cuda_home='/usr/local/cuda' doesn't exist",
        "VLLM_USE_FLASHINFER_SAMPLER=0",
    ),
    (
        "torch.distributed.DistBackendError: NCCL error: unhandled system error. Last error: Error while creating "
        "shared memory segment /dev/shm/nccl-QmDqzf (size 33030528), error: No space left on device (28)",
        "--ipc=host",
    ),
    (
        "RuntimeError: The NVIDIA driver on your system is too old (found version 12020). Please update your GPU "
        "driver by downloading and installing a new version",
        "update the driver",
    ),
    (
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB. GPU 0 has a total capacity of "
        "79.19 GiB of which 1.02 GiB is free.",
        "the model does not fit on the GPU",
    ),
    (
        "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when "
        "initializing the engine.",
        "raise memory_share (--memory-share)",
    ),
    (
        "ValueError: To serve at least one request with the models's max seq len (40960), (5.62 GiB KV cache is "
        "needed, which is larger than the available KV cache memory (3.91 GiB). Based on the available memory, "
        "the estimated maximum model length is 28448. Try increasing `gpu_memory_utilization`",
        "(--max-model-len) to 28448",
    ),
    (
        "ValueError: Free memory on device cuda:0 (20.1/79.19 GiB) on startup is less than desired GPU memory "
        "utilization (0.92, 72.85 GiB). Decrease GPU memory utilization or reduce GPU memory used by other "
        "processes.",
        "another process uses the GPU",
    ),
    (
        "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Tesla T4 "
        "GPU has compute capability 7.5.",
        "--dtype half",
    ),
    (
        "ValidationError: 1 validation error for ParallelConfig\n  Value error, World size (4) is larger than the "
        "number of available GPUs (1) in this node.",
        "fewer GPUs than tensor_parallel (--tensor-parallel)",
    ),
    (
        "ValidationError: 1 validation error for VllmConfig\n  Value error, Total number of attention heads (28) "
        "must be divisible by tensor parallel size (8).",
        "set tensor_parallel (--tensor-parallel)",
    ),
    (
        "ValidationError: 1 validation error for ModelConfig\n  Value error, User-specified max_model_len (99999) "
        "is greater than the derived max_model_len (max_position_embeddings=40960)",
        "lower max_model_len (--max-model-len)",
    ),
    (
        "OSError: You are trying to access a gated repo.\nMake sure to have access to it at "
        "https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct.\n401 Client Error.",
        "accept its license on its Hugging Face page, and set HF_TOKEN",
    ),
    (
        "GatedRepoError: 403 Client Error. Cannot access gated repo for url https://huggingface.co/x. Access to "
        "model x is restricted and you are not in the authorized list.",
        "access to the model is restricted",
    ),
    (
        "RepositoryNotFoundError: 404 Client Error. Repository Not Found for url: https://huggingface.co/api/x",
        "there is no such model",
    ),
    (
        "LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder for the specified revision on "
        "the local disk and outgoing traffic has been disabled.",
        "the Hugging Face Hub cannot be reached",
    ),
    (
        "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in "
        "the cached files.",
        "the Hugging Face Hub cannot be reached",
    ),
    ("OSError: [Errno 28] No space left on device", "the disk is full"),
    (
        "ValidationError: 1 validation error for ModelConfig\n  Value error, Model architectures "
        "['NovelForCausalLM'] are not supported for now. Supported architectures: dict_keys(['A', 'B'])",
        "does not support the architecture",
    ),
    (
        "ValidationError: 1 validation error for ModelConfig\n  Value error, The repository x contains custom "
        "code which must be executed to correctly load the model.",
        "--trust-remote-code",
    ),
    (
        "SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered",
        "the files of the model are damaged",
    ),
    ("JSONDecodeError: Expecting property name enclosed in double quotes: line 1", "are damaged"),
    (
        "TypeError: EngineArgs.__init__() got an unexpected keyword argument 'max_num_seq'",
        "no argument max_num_seq",
    ),
    (
        "ValidationError: 2 validation errors for ModelConfig\ndtype\n  Input should be 'auto' or 'half' "
        "[type=literal_error, input_value='float7', input_type=str]",
        "an invalid value",
    ),
    (
        "ValidationError: 1 validation error for ModelConfig\n  Value error, Unknown quantization method: fp9. "
        "Must be one of ['awq', 'fp8'].",
        "omit quantization (--quantization)",
    ),
    ("ValueError: LoRA rank 64 is greater than max_lora_rank 16.", "the adapter does not match"),
    ("ImportError: libcudart.so.13: cannot open shared object file: No such file", "install vllm again"),
    ("ValueError: Something nobody has seen", "VLLM_LOGGING_LEVEL=INFO"),
]


def error_of(said):
    kind, _, message = said.partition(": ")
    return type(kind.rpartition(".")[2], (Exception,), {})(message)


@pytest.mark.parametrize(("said", "advice"), SAID)
def test_known_cause_is_told_in_one_line_with_what_to_do(said, advice):
    message = str(startup_failure(error_of(said), [], "some/model"))
    assert message.startswith("vllm:some/model does not start (")
    assert advice.lower() in message.lower()
    assert "\n" not in message
    assert len(message) < 650


def test_programmers_part_of_a_message_is_left_out():
    said = (
        "ValidationError: 1 validation error for ModelConfig\n  Value error, Bad thing. [type=value_error, "
        "input_value=ArgsKwargs((), {}), input_type=ArgsKwargs]\n    For further information visit https://x"
    )
    assert str(startup_failure(error_of(said), [], "m")).startswith("vllm:m does not start (Bad thing.). ")


CORE = "(EngineCore pid=4711) ERROR 11-21 06:17:35 [core.py:1508] "
WRITTEN = [
    f"{CORE}EngineCore failed to start.",
    f"{CORE}Traceback (most recent call last):",
    f'{CORE}  File "/x/core.py", line 1479, in run_engine_core',
    f"{CORE}torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB.",
    "(EngineCore pid=4711) Process EngineCore:",
    "(EngineCore pid=4711) Traceback (most recent call last):",
    "(EngineCore pid=4711) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB.",
    "[rank0]:[W1121 06:17:35] Warning: destroy_process_group() was not called",
]
HOLLOW = RuntimeError("Engine core initialization failed. See root cause above. Failed core proc(s): {}")


def test_cause_that_only_another_process_knows_is_read_from_what_it_wrote():
    message = str(startup_failure(HOLLOW, WRITTEN, "m"))
    assert (
        "does not start (torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB." in message
    )
    assert "The model does not fit on the GPU" in message


def test_error_that_points_to_another_is_passed_over():
    worker = "(Worker_TP1 pid=4712) ERROR 11-21 06:17:35 [multiproc_executor.py:900] "
    written = [
        f"{worker}ValueError: the true cause",
        f"{CORE}RuntimeError: WorkerProc initialization failed due to an exception in a background process. "
        "See stack trace for root cause.",
    ]
    assert root_cause(written) == "ValueError: the true cause"


def test_message_of_several_lines_is_kept_together():
    assert root_cause(["ValueError: first", "  second", "", "third"]) == "ValueError: first second"


def test_engine_that_went_without_a_word_is_said_to_have_been_killed():
    dead = type("EngineDeadError", (Exception,), {})(
        "EngineCore encountered an issue. See stack trace (above)"
    )
    message = str(engine_failure(dead, [], "m"))
    assert "its process ended without a message" in message
    assert "continues where it stopped" in message


def test_token_in_a_message_is_blotted_out(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefghijkl")
    assert "hf_abcdefghijkl" not in str(startup_failure(ValueError("token hf_abcdefghijkl refused"), [], "m"))
