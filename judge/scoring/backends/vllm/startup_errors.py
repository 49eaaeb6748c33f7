"""Why an engine did not start, in one clear line with what to do. Pure."""

import re
from collections.abc import Sequence

from judge.errors import BackendError
from judge.scoring.backends.api.errors import redact

_CAUSE_LENGTH = 300

# Before each line of a child: its name and process id, and the place in the code.
_PREFIX = re.compile(
    r"^(\x1b\[[\d;]*m)?(\(\w[\w .+-]* pid=\d+\)(\x1b\[[\d;]*m)?\s*)?"
    r"((DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d (\[[^\]]*\] ?)?)?"
)
_ERROR = re.compile(r"^(\w+\.)*\w*(Error|Exception|Exit|Interrupt)(: |$)")
_NO_MESSAGE = re.compile(
    r"Traceback|  File|During handling|The above|Process |\w+ failed to start|\w+ hit an exception"
)
# What only says that something else went wrong before.
_CONSEQUENCE = re.compile(
    r"Engine ?core initialization failed|EngineCore encountered an issue|See (root cause|stack trace)"
    r"|check the stack trace|initialization failed due to an exception in a background process"
    r"|^(SystemExit|KeyboardInterrupt)|cancelled|Worker proc \w+ engine_failure",
    re.IGNORECASE,
)

# What it looks like -> what to do. The first that fits counts: special ones come first.
_ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"estimated maximum model length is (?P<fits>\d+)",
        "the context does not fit beside the weights: --max-model-len {fits} would, or raise --memory-share",
    ),
    (
        r"max seq len.{0,200}KV cache is needed",
        "the context does not fit beside the weights: a smaller --max-model-len, a larger --memory-share, a "
        "smaller model, or --quantization",
    ),
    (
        r"No available memory for the cache blocks|KV cache.{0,40}(too small|not enough)",
        "the weights leave no room to work in: a larger --memory-share, a smaller model, --quantization fp8, "
        "or --tensor-parallel over more cards",
    ),
    (
        r"Free memory on device.{0,200}(less than desired|less than the engine)",
        "another process uses the card: end it (nvidia-smi shows it), or lower --memory-share",
    ),
    (
        r"CUDA out of memory|OutOfMemoryError|CUDA error: out of memory|HIP out of memory",
        "the model does not fit the card: a smaller model, --quantization fp8, --tensor-parallel over more "
        "cards, or a smaller --max-model-len",
    ),
    (
        r"DefaultCPUAllocator|can't allocate memory|Cannot allocate memory|MemoryError",
        "this machine has too little memory for it: a smaller model",
    ),
    (
        r"driver.{0,40}(is too old|insufficient)|driver version is insufficient",
        "the graphics driver is older than this torch needs: update the driver, or install the build of vllm "
        "for its CUDA version",
    ),
    (
        r"Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver|no CUDA-capable"
        r"|libcuda\.so|NVML Shared Library Not Found|Device string must not be empty"
        r"|CUDA (driver initialization failed|unknown error)|error from cudaGetDeviceCount",
        "no graphics card can be used here: check nvidia-smi (and --gpus all in a container), or use a "
        "server with --judge hosted_vllm/MODEL --api-base URL",
    ),
    (
        r"no kernel image is available|unsupported toolchain",
        "this build of vllm or torch was not made for this card: install the one for its CUDA version",
    ),
    (
        r"Failed to find C compiler|Python\.h: No such file|gcc.{0,80}non-zero exit status|find nvcc"
        r"|No such file or directory: '(ninja|gcc|cc|nvcc)'",
        "the card's programs are compiled on this machine: install a C compiler, Python's headers and ninja "
        "(apt install build-essential python3-dev ninja-build); where nvcc is missed, set "
        "VLLM_USE_FLASHINFER_SAMPLER=0 in the environment",
    ),
    (
        r"/dev/shm|shared memory (segment|object)",
        "the cards have too little shared memory between them: in a container --ipc=host or a larger "
        "--shm-size",
    ),
    (
        r"World size \(?(?P<wanted>\d+)\)? is larger than the number of available GPUs|not enough GPUs"
        r"|larger than the number of available",
        "there are fewer cards than --tensor-parallel asks for: a smaller number",
    ),
    (
        r"must be divisible by tensor parallel|divisible by.{0,30}tensor",
        "this model cannot be shared by so many cards: another --tensor-parallel (2, 4, 8)",
    ),
    (
        r"only supported on GPUs with compute capability|compute capability",
        "this card is too old for that number format: --dtype half, or a model without it",
    ),
    (
        r"greater than the derived max_model_len|max_model_len.{0,80}(greater|larger)",
        "the model reads no longer texts: a smaller --max-model-len",
    ),
    (
        r"gated repo|access to (this )?(model|repo).{0,60}(restricted|gated)|awaiting a review"
        r"|403 Client Error",
        "the model is gated: accept its licence on its page on the hub, and set HF_TOKEN to a token of yours",
    ),
    (
        r"401 Client Error|Invalid (user|username) (token|or password)|Unauthorized",
        "the hub does not let you in, or has no such model: check the name, and HF_TOKEN",
    ),
    (
        r"No space left on device|Errno 28|not enough free disk|Disk quota exceeded",
        "the disk is full: make room, or put the models elsewhere with HF_HOME",
    ),
    (
        r"offline mode|HF_HUB_OFFLINE|LocalEntryNotFoundError|couldn.t connect|Cannot reach|ConnectionError"
        r"|Name or service not known|Temporary failure in name resolution|Max retries exceeded"
        r"|We had to rely on|outgoing traffic has been disabled",
        "the hub cannot be reached and the model is not on this machine: check its name and the network (and "
        "HF_HUB_OFFLINE), or name a folder that holds it",
    ),
    (
        r"contains custom code|execute the configuration file|trust_remote_code|trust-remote-code",
        "the model brings code of its own: if you trust it, --trust-remote-code",
    ),
    (
        r"architectures? .{0,200}(not supported|failed to be inspected)|no vLLM implementation"
        r"|does not recognize this architecture|has no vLLM|model type .{0,80}not recogni[sz]ed",
        "this vLLM does not know the model's architecture: a newer vllm (pip install -U vllm), or another "
        "model",
    ),
    (
        r"Invalid repository ID or local directory|is not a local folder|is not a valid model identifier"
        r"|Repository Not Found|RepositoryNotFoundError|404 Client Error|no file named config\.json"
        r"|Repo id must|does not appear to have a file named|HFValidationError|Incorrect path_or_model_id",
        "there is no such model: check the name (vllm:ORGANISATION/MODEL as on the hub, or vllm:FOLDER)",
    ),
    (
        r"safetensors.{0,80}(header|deserializ|invalid|incomplete)|SafetensorError|HeaderTooLarge"
        r"|HeaderTooSmall|InvalidHeader|MetadataIncompleteBuffer|PytorchStreamReader|Cannot find any model"
        r"|size mismatch|not initialized from checkpoint|no module or parameter named|KeyError: '.*weight"
        r"|shape of the weight|Attempted to load weight|size of tensor|JSONDecodeError|not a valid JSON"
        r"|Expecting (value|property name|',' delimiter)",
        "the files of the model are damaged or not those of its config.json: remove its folder (or its copy "
        "in the cache of the hub) and fetch it again",
    ),
    (
        r"tokenizer|vocab file|merges|sentencepiece|tiktoken",
        "the tokenizer cannot be read: fetch the model's files again, or name another with "
        "--engine-arg tokenizer=NAME",
    ),
    (
        r"adapter_config\.json",
        "that is no LoRA adapter: name a folder, or a repository on the hub, that holds an "
        "adapter_config.json",
    ),
    (
        r"[Rr]easoning parser",
        "check --engine-arg reasoning_parser",
    ),
    (
        r"chat template.{0,200}file path",
        "check the name of the chat template",
    ),
    (
        r"LoRA rank \d+ is greater|max_lora_rank|does not support LoRA|\blora\b",
        "the adapter does not go with this model or engine: check that it was made for it",
    ),
    (
        r"[Uu]nknown quantization|quantization method.{0,80}(not|does)|quantization",
        "this quantization does not work here: leave --quantization out, or name another one",
    ),
    (
        r"unexpected keyword argument '(?P<name>\w+)'",
        "there is no argument {name} in vLLM: check --engine-arg",
    ),
    (
        r"validation errors? for|Input should be|must be one of|Value error|got an unexpected|invalid choice"
        r"|not supported between instances",
        "an argument of the engine has a value that it does not take: check --engine-arg and --dtype",
    ),
    (
        r"ModuleNotFoundError|ImportError|undefined symbol|cannot open shared object",
        "the installation is broken: install vllm anew, in an environment of its own",
    ),
)


def startup_failure(error: BaseException, tail: Sequence[str], model: str) -> BackendError:
    """Say in one line why an engine did not start.

    Parameters
    ----------
    error : BaseException
        What came out of vLLM. Where its core is another process, that says nothing.
    tail : sequence of str
        The last lines that the process and its children wrote.
    model : str
        As the user named it.
    """
    cause = root_cause(tail) if _CONSEQUENCE.search(str(error)) else ""
    cause = cause or error_text(error)
    advice = advice_for(cause) or ("run it with VLLM_LOGGING_LEVEL=INFO in the environment to see more")
    return BackendError(
        redact(f"vllm:{model} does not start ({_plain(cause)}). {advice[0].upper()}{advice[1:]}")
    )


def engine_failure(error: BaseException, tail: Sequence[str], model: str) -> BackendError:
    """Say in one line why a running engine engine_failure."""
    cause = root_cause(tail) if _CONSEQUENCE.search(error_text(error)) else error_text(error)
    if cause:
        advice = advice_for(cause) or "what arrived is stored"
    else:
        cause = "its process ended without a word"
        advice = "most likely it was killed for want of memory: a smaller --max-model-len or model"
    return BackendError(
        redact(
            f"vllm:{model}: the engine broke down ({_plain(cause)}). {advice[0].upper()}{advice[1:]}; then "
            "run the same command again: it goes on where it stopped"
        )
    )


def _plain(cause: str) -> str:
    """Without what only a programmer wants to know."""
    text = re.sub(
        r"^(\w+\.)*ValidationError: \d+ validation errors? for \w+\s+(Value error, )?",
        "",
        " ".join(cause.split()),
    )
    text = re.sub(r"( \[type=.*| For further information visit .*| Supported architectures: .*)$", "", text)
    return text if len(text) <= _CAUSE_LENGTH else text[:_CAUSE_LENGTH] + "…"


def error_text(error: BaseException) -> str:
    """Kind and message of an error; of a chain the one that says most."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def advice_for(cause: str) -> str | None:
    """What to do about a cause, where it is a known one.

    >>> advice_for("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB")[:32]
    'the model does not fit the card:'
    """
    flat = " ".join(cause.split())
    for pattern, advice in _ADVICE:
        if found := re.search(pattern, flat, re.IGNORECASE):
            return advice.format(**found.groupdict())
    return None


def root_cause(tail: Sequence[str]) -> str:
    """The last error among written lines that is more than a hint at another one; '' where there is none."""
    lines = [_PREFIX.sub("", line).rstrip() for line in tail]
    for place in range(len(lines) - 1, -1, -1):
        if _ERROR.match(lines[place]) and not _CONSEQUENCE.search(lines[place]):
            return " ".join([lines[place], *_continued(lines[place + 1 : place + 4])])
    return ""


def _continued(lines: Sequence[str]) -> list[str]:
    """Further lines of an error's message."""
    rest: list[str] = []
    for line in lines:
        if not line.strip() or _NO_MESSAGE.match(line) or _ERROR.match(line):
            break
        rest.append(line.strip())
    return rest
