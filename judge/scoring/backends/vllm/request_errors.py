"""What an error means that vLLM raises when a request is added."""

import re

_TOO_LONG = re.compile(r"maximum (context|model) length|longer than the maximum", re.IGNORECASE)


def is_engine_failure(error: Exception) -> bool:
    """Whether the engine has failed, and not only one request."""
    return type(error).__name__ in ("EngineDeadError", "EngineGenerateError") or "CUDA error" in str(error)


def is_too_long(error: Exception) -> bool:
    """Whether a prompt has more tokens than the engine takes."""
    return getattr(error, "parameter", None) in ("input_tokens", "input_text") or bool(
        _TOO_LONG.search(str(error))
    )


def is_about_loading(error: Exception) -> bool:
    """Whether a URL could not be loaded, or is not an image."""
    return (
        isinstance(error, OSError | TimeoutError)
        or type(error).__module__.startswith(("aiohttp", "PIL"))
        or any(words in str(error) for words in ("load image", "fetch media"))
    )
