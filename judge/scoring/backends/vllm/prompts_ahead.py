"""Render and encode the prompts of coming requests in a thread, while the engine works.

The library `tokenizers` releases the interpreter's lock. Only prompts of text for expected scores are encoded
here, because an item has several of them; all others are left to the engine.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from judge.records import Request
from judge.scoring.backends.vllm.prompt_tokens import PromptEncoder

AHEAD = 64
"""Most prompts that are encoded before the engine takes them."""
COMPARED = 8
"""First prompts that the engine encodes, too."""


def rendered(
    tokenizer: Any, messages: Sequence[Any], template: str | None, settings: Mapping[str, Any] | None
) -> str:
    """Return the text of a prompt, by a chat template or that of the tokenizer."""
    options = {"tokenize": False, "add_generation_prompt": True, **(settings or {})}
    if template is not None:
        options["chat_template"] = template
    return str(tokenizer.apply_chat_template(list(messages), **options))


class PromptThread:
    """Thread that encodes prompts for one engine.

    The engine encodes the first prompts itself, and its tokens are compared. If they differ, or if the
    tokenizer is not one of the library `tokenizers`, the engine encodes all prompts.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        Tokenizer of the engine.
    template : str or None
        Chat template instead of that of the tokenizer.
    """

    def __init__(self, tokenizer: Any, template: str | None) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._encoder: PromptEncoder | None = None
        self._equal = 0
        self._is_usable = hasattr(tokenizer, "backend_tokenizer")
        self._executor = ThreadPoolExecutor(1, "prompts")

    @property
    def is_trusted(self) -> bool:
        """Whether enough prompts have been compared, all of them equal."""
        return self._is_usable and self._equal >= COMPARED

    def start(
        self, request: Request, settings: Mapping[str, Any] | None
    ) -> "Future[list[int] | None] | None":
        """Start encoding the prompt of a request; return None if that is left to the engine."""
        if not (self._is_usable and request.labels):
            return None
        if any(not isinstance(message["content"], str) for message in request.messages):
            return None
        return self._executor.submit(self._tokens, request.messages, settings)

    def compare(self, tokens: Sequence[int], engine_tokens: Sequence[int] | None) -> None:
        """Compare the tokens of a prompt with the engine's, None if these are not known."""
        if engine_tokens is not None and list(engine_tokens) == list(tokens):
            self._equal += 1
        else:
            self._is_usable = False

    def close(self) -> None:
        """End the thread."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _tokens(self, messages: Sequence[Any], settings: Mapping[str, Any] | None) -> list[int] | None:
        try:
            if self._encoder is None:  # a copy, because the engine changes settings of its own in every call
                own = self._tokenizer.backend_tokenizer
                copy = type(own).from_str(own.to_str())
                copy.no_truncation()
                copy.no_padding()
                self._encoder = PromptEncoder(copy)
            return self._encoder.encode(rendered(self._tokenizer, messages, self._template, settings))
        except Exception:  # noqa: BLE001 - the engine encodes this prompt, and reports the error
            return None


class PromptsAhead:
    """Groups of requests in their order, each with the tokens of its prompt; None if the engine encodes it.

    Parameters
    ----------
    groups : iterator of list of Request
        Requests with the same prompt. An empty group means that no request is there at present.
    thread : PromptThread
        Encodes the prompts.
    settings : callable
        Request -> settings of its chat template.
    """

    def __init__(self, groups: Iterator[list[Request]], thread: PromptThread, settings: Any) -> None:
        self._groups = groups
        self._thread = thread
        self._settings = settings
        self._ahead: deque[tuple[list[Request], Future[list[int] | None] | None]] = deque()
        self._end: Exception | None = None

    def next(self, *, wait: bool) -> tuple[list[Request], list[int] | None]:
        """Return the next group; it is empty if none is there, or not yet encoded and `wait` is False.

        Raises
        ------
        StopIteration
            There are no more groups. Errors of the iterator are raised in the same way, after the last group.
        """
        self._read()
        if not self._ahead:
            if self._end is not None:
                raise self._end
            return [], None
        group, tokens = self._ahead[0]
        if tokens is not None and not (wait or tokens.done()):
            return [], None
        self._ahead.popleft()
        return group, tokens.result() if tokens is not None else None

    def _read(self) -> None:
        """Read groups as long as their prompts are encoded here."""
        while self._end is None and len(self._ahead) < AHEAD:
            if self._ahead and self._ahead[-1][1] is None:
                return
            try:
                group = next(self._groups)
            except Exception as error:  # noqa: BLE001 - raised after the groups that were read before it
                self._end = error
                return
            if not group:
                return
            self._ahead.append((group, self._thread.start(group[0], self._settings(group[0]))))
