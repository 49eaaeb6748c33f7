"""Explain in one line why an engine did not start, and what to do. Pure."""

import re
from collections.abc import Sequence

from judge.errors import BackendError
from judge.scoring.backends.api.errors import redact

_CAUSE_LENGTH = 300

# Prefix of each line of a child process: its name and process id, and the place in the code.
_PREFIX = re.compile(
    r"^(\x1b\[[\d;]*m)?(\(\w[\w .+-]* pid=\d+\)(\x1b\[[\d;]*m)?\s*)?"
    r"((DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d (\[[^\]]*\] ?)?)?"
)
_ERROR = re.compile(r"^(\w+\.)*\w*(Error|Exception|Exit|Interrupt)(: |$)")
_NO_MESSAGE = re.compile(
    r"Traceback|  File|During handling|The above|Process |\w+ failed to start|\w+ hit an exception"
)
# Messages that are only consequences of another error.
_CONSEQUENCE = re.compile(
    r"Engine ?core initialization failed|EngineCore encountered an issue|See (root cause|stack trace)"
    r"|check the stack trace|initialization failed due to an exception in a background process"
    r"|^(SystemExit|KeyboardInterrupt)|cancelled|Worker proc \w+ engine_failure",
    re.IGNORECASE,
)

# Pattern -> advice. The first match counts, so specific patterns come first. Advice names the parameter in
# Python and the option of the command line.
_ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"estimated maximum model length is (?P<fits>\d+)",
        "the context does not fit beside the weights: set max_model_len (--max-model-len) to {fits}, or "
        "raise memory_share (--memory-share)",
    ),
    (
        r"max seq len.{0,200}KV cache is needed",
        "the context does not fit beside the weights: lower max_model_len (--max-model-len), raise "
        "memory_share (--memory-share), use a smaller model, or set quantization (--quantization)",
    ),
    (
        r"No available memory for the cache blocks|KV cache.{0,40}(too small|not enough)",
        "the weights leave no memory for the KV cache: raise memory_share (--memory-share), use a smaller "
        "model, set quantization to fp8 (--quantization fp8), or use more GPUs with tensor_parallel "
        "(--tensor-parallel)",
    ),
    (
        r"Free memory on device.{0,200}(less than desired|less than the engine)",
        "another process uses the GPU: end it (nvidia-smi shows it), or lower memory_share (--memory-share)",
    ),
    (
        r"CUDA out of memory|OutOfMemoryError|CUDA error: out of memory|HIP out of memory",
        "the model does not fit on the GPU: use a smaller model, set quantization to fp8 (--quantization "
        "fp8), use more GPUs with tensor_parallel (--tensor-parallel), or lower max_model_len "
        "(--max-model-len)",
    ),
    (
        r"DefaultCPUAllocator|can't allocate memory|Cannot allocate memory|MemoryError",
        "this machine has too little memory for the model: use a smaller one",
    ),
    (
        r"driver.{0,40}(is too old|insufficient)|driver version is insufficient",
        "the GPU driver is too old for this version of torch: update the driver, or install the build of "
        "vllm for its CUDA version",
    ),
    (
        r"Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver|no CUDA-capable"
        r"|libcuda\.so|NVML Shared Library Not Found|Device string must not be empty"
        r"|CUDA (driver initialization failed|unknown error)|error from cudaGetDeviceCount",
        "no GPU can be used here: check nvidia-smi (and --gpus all in a container), or use a server: the "
        "judge hosted_vllm/MODEL with api_base (--api-base URL)",
    ),
    (
        r"no kernel image is available|unsupported toolchain",
        "this build of vllm or torch does not support this GPU: install the one for its CUDA version",
    ),
    (
        r"Failed to find C compiler|Python\.h: No such file|gcc.{0,80}non-zero exit status|find nvcc"
        r"|No such file or directory: '(ninja|gcc|cc|nvcc)'",
        "GPU kernels are compiled on this machine: install a C compiler, Python's headers and ninja (apt "
        "install build-essential python3-dev ninja-build); if nvcc is missing, set "
        "VLLM_USE_FLASHINFER_SAMPLER=0 in the environment",
    ),
    (
        r"/dev/shm|shared memory (segment|object)",
        "there is too little shared memory for several GPUs: start the container with --ipc=host or a larger "
        "--shm-size",
    ),
    (
        r"World size \(?(?P<wanted>\d+)\)? is larger than the number of available GPUs|not enough GPUs"
        r"|larger than the number of available",
        "there are fewer GPUs than tensor_parallel (--tensor-parallel) requests: lower it",
    ),
    (
        r"must be divisible by tensor parallel|divisible by.{0,30}tensor",
        "this number of GPUs cannot share the model: set tensor_parallel (--tensor-parallel) to 2, 4 or 8",
    ),
    (
        r"only supported on GPUs with compute capability|compute capability",
        "this GPU does not support the number format: set dtype to half (--dtype half), or use another model",
    ),
    (
        r"greater than the derived max_model_len|max_model_len.{0,80}(greater|larger)",
        "the context of the model is shorter: lower max_model_len (--max-model-len)",
    ),
    (
        r"gated repo|access to (this )?(model|repo).{0,60}(restricted|gated)|awaiting a review"
        r"|403 Client Error",
        "access to the model is restricted: accept its license on its Hugging Face page, and set HF_TOKEN "
        "to your access token",
    ),
    (
        r"401 Client Error|Invalid (user|username) (token|or password)|Unauthorized",
        "the Hugging Face Hub denies access, or has no such model: check the name and HF_TOKEN",
    ),
    (
        r"No space left on device|Errno 28|not enough free disk|Disk quota exceeded",
        "the disk is full: free space, or store models elsewhere by setting HF_HOME",
    ),
    (
        r"offline mode|HF_HUB_OFFLINE|LocalEntryNotFoundError|couldn.t connect|Cannot reach|ConnectionError"
        r"|Name or service not known|Temporary failure in name resolution|Max retries exceeded"
        r"|We had to rely on|outgoing traffic has been disabled",
        "the Hugging Face Hub cannot be reached and the model is not on this machine: check its name, the "
        "network and HF_HUB_OFFLINE, or name a folder that contains it",
    ),
    (
        r"contains custom code|execute the configuration file|trust_remote_code|trust-remote-code",
        "the model contains its own Python code: if you trust it, set trust_remote_code "
        "(--trust-remote-code)",
    ),
    (
        r"architectures? .{0,200}(not supported|failed to be inspected)|no vLLM implementation"
        r"|does not recognize this architecture|has no vLLM|model type .{0,80}not recogni[sz]ed",
        "this version of vLLM does not support the architecture of the model: update it (pip install -U "
        "vllm), or use another model",
    ),
    (
        r"Invalid repository ID or local directory|is not a local folder|is not a valid model identifier"
        r"|Repository Not Found|RepositoryNotFoundError|404 Client Error|no file named config\.json"
        r"|Repo id must|does not appear to have a file named|HFValidationError|Incorrect path_or_model_id",
        "there is no such model: check the name (vllm:ORGANIZATION/MODEL as on the Hugging Face Hub, or "
        "vllm:FOLDER)",
    ),
    (
        r"safetensors.{0,80}(header|deserializ|invalid|incomplete)|SafetensorError|HeaderTooLarge"
        r"|HeaderTooSmall|InvalidHeader|MetadataIncompleteBuffer|PytorchStreamReader|Cannot find any model"
        r"|size mismatch|not initialized from checkpoint|no module or parameter named|KeyError: '.*weight"
        r"|shape of the weight|Attempted to load weight|size of tensor|JSONDecodeError|not a valid JSON"
        r"|Expecting (value|property name|',' delimiter)",
        "the files of the model are damaged or do not match its config.json: remove its folder (or its copy "
        "in the Hugging Face cache) and download it again",
    ),
    (
        r"tokenizer|vocab file|merges|sentencepiece|tiktoken",
        "the tokenizer cannot be read: download the model's files again, or name another one with tokenizer "
        "(--engine-arg tokenizer=NAME)",
    ),
    (
        r"adapter_config\.json",
        "not a LoRA adapter: name a folder, or a repository of the Hugging Face Hub, that contains an "
        "adapter_config.json",
    ),
    (
        r"[Rr]easoning parser",
        "check reasoning_parser (--engine-arg reasoning_parser=NAME)",
    ),
    (
        r"chat template.{0,200}file path",
        "check the file name of the chat template",
    ),
    (
        r"LoRA rank \d+ is greater|max_lora_rank|does not support LoRA|\blora\b",
        "the adapter does not match this model or engine: check that it was trained for this model",
    ),
    (
        r"[Uu]nknown quantization|quantization method.{0,80}(not|does)|quantization",
        "this quantization is not supported here: omit quantization (--quantization), or use another one",
    ),
    (
        r"unexpected keyword argument '(?P<name>\w+)'",
        "there is no argument {name} in vLLM: check args (--engine-arg)",
    ),
    (
        r"validation errors? for|Input should be|must be one of|Value error|got an unexpected|invalid choice"
        r"|not supported between instances",
        "an argument of the engine has an invalid value: check args (--engine-arg) and dtype (--dtype)",
    ),
    (
        r"ModuleNotFoundError|ImportError|undefined symbol|cannot open shared object",
        "the installation is broken: install vllm again, in a separate environment",
    ),
)


def startup_failure(error: BaseException, tail: Sequence[str], model: str) -> BackendError:
    """Say in one line why an engine did not start.

    Parameters
    ----------
    error : BaseException
        The exception raised by vLLM. If its core runs in another process, it does not contain the cause.
    tail : sequence of str
        The last lines of output of this process and its children.
    model : str
        The model as named by the user.
    """
    cause = root_cause(tail) if _CONSEQUENCE.search(str(error)) else ""
    cause = cause or error_text(error)
    advice = advice_for(cause) or ("set VLLM_LOGGING_LEVEL=INFO in the environment to see more")
    return BackendError(
        redact(f"vllm:{model} does not start ({_plain(cause)}). {advice[0].upper()}{advice[1:]}")
    )


class EngineFailedError(BackendError):
    """An engine that ran has stopped working; another one may go on."""


def engine_failure(error: BaseException, tail: Sequence[str], model: str) -> EngineFailedError:
    """Say in one line why a running engine failed."""
    cause = root_cause(tail) if _CONSEQUENCE.search(error_text(error)) else error_text(error)
    if cause:
        advice = advice_for(cause) or "the replies that arrived are stored"
    else:
        cause = "its process ended without a message"
        advice = (
            "most likely it was killed because memory ran out: lower max_model_len (--max-model-len), or "
            "use a smaller model"
        )
    return EngineFailedError(
        redact(
            f"vllm:{model}: the engine failed ({_plain(cause)}). {advice[0].upper()}{advice[1:]}; then score "
            "again: it continues where it stopped"
        )
    )


def _plain(cause: str) -> str:
    """Remove details that only a developer of vLLM needs."""
    text = re.sub(
        r"^(\w+\.)*ValidationError: \d+ validation errors? for \w+\s+(Value error, )?",
        "",
        " ".join(cause.split()),
    )
    text = re.sub(r"( \[type=.*| For further information visit .*| Supported architectures: .*)$", "", text)
    return text if len(text) <= _CAUSE_LENGTH else text[:_CAUSE_LENGTH] + "…"


def error_text(error: BaseException) -> str:
    """Return the class and message of an error."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def advice_for(cause: str) -> str | None:
    """Return what to do about a cause; None if it is not a known one.

    >>> advice_for("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB")[:35]
    'the model does not fit on the GPU: '
    """
    flat = " ".join(cause.split())
    for pattern, advice in _ADVICE:
        if found := re.search(pattern, flat, re.IGNORECASE):
            return advice.format(**found.groupdict())
    return None


def root_cause(tail: Sequence[str]) -> str:
    """Return the last error in the output that is not a consequence of another one; '' if there is none."""
    lines = [_PREFIX.sub("", line).rstrip() for line in tail]
    for place in range(len(lines) - 1, -1, -1):
        if _ERROR.match(lines[place]) and not _CONSEQUENCE.search(lines[place]):
            return " ".join([lines[place], *_continued(lines[place + 1 : place + 4])])
    return ""


def _continued(lines: Sequence[str]) -> list[str]:
    """Return the continuation lines of an error message."""
    rest: list[str] = []
    for line in lines:
        if not line.strip() or _NO_MESSAGE.match(line) or _ERROR.match(line):
            break
        rest.append(line.strip())
    return rest
