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

Prompt = tuple[Sequence[Any], Mapping[str, Any] | None]
"""Messages, and settings of the chat template."""
Tokens = list[int] | None
"""Tokens of a prompt; None if the engine encodes it."""

AHEAD = 4
"""Most batches of prompts that are encoded before the engine takes them."""
BATCH = 16
"""Most prompts in a batch; starting a batch costs as much as a prompt."""
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

    def takes(self, request: Request) -> bool:
        """Whether the prompt of a request is encoded here and not by the engine."""
        return (
            self._is_usable
            and bool(request.labels)
            and all(isinstance(message["content"], str) for message in request.messages)
        )

    def start(self, prompts: Sequence[Prompt]) -> Future[list[Tokens]]:
        """Start encoding prompts, each its messages and the settings of the chat template."""
        return self._executor.submit(lambda: [self._tokens(*prompt) for prompt in prompts])

    def compare(self, tokens: Sequence[int], engine_tokens: Sequence[int] | None) -> None:
        """Compare the tokens of a prompt with the engine's, None if these are not known."""
        if engine_tokens is not None and list(engine_tokens) == list(tokens):
            self._equal += 1
        else:
            self._is_usable = False

    def close(self) -> None:
        """End the thread."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _tokens(self, messages: Sequence[Any], settings: Mapping[str, Any] | None) -> Tokens:
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
        self._batches: deque[tuple[list[list[Request]], Future[list[Tokens]] | None]] = deque()
        self._ready: deque[tuple[list[Request], Tokens]] = deque()
        self._end: Exception | None = None

    def next(self, *, wait: bool) -> tuple[list[Request], Tokens]:
        """Return the next group; it is empty if none is there, or not yet encoded and `wait` is False.

        Raises
        ------
        StopIteration
            There are no more groups. Errors of the iterator are raised in the same way, after the last group.
        """
        if not self._ready:
            self._fill(wait=wait)
        if self._ready:
            return self._ready.popleft()
        if self._end is not None and not self._batches:
            raise self._end
        return [], None

    def _fill(self, *, wait: bool) -> None:
        """Start the batches to come, and take the next if it is encoded."""
        while self._end is None and len(self._batches) < AHEAD and self._read():
            pass
        if not self._batches:
            return
        groups, encoded = self._batches[0]
        if encoded is None:
            self._ready.extend((group, None) for group in groups)
        elif wait or encoded.done():
            self._ready.extend(zip(groups, encoded.result(), strict=True))
        else:
            return
        self._batches.popleft()

    def _read(self) -> bool:
        """Read a batch and start encoding it; return False if it is not full, so that no more is read now."""
        batch: list[list[Request]] = []
        last = None
        while len(batch) < BATCH:
            try:
                group = next(self._groups)
            except Exception as error:  # noqa: BLE001 - raised after the groups that were read before it
                self._end = error
                break
            if not group:
                break
            if not self._thread.takes(group[0]):
                last = group
                break
            batch.append(group)
        if batch:
            prompts = [(group[0].messages, self._settings(group[0])) for group in batch]
            self._batches.append((batch, self._thread.start(prompts)))
        if last is not None:
            self._batches.append(([last], None))
        return len(batch) == BATCH
