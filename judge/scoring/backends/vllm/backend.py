"""Backend of a model on the GPU of this machine: vLLM in this process.

The engine is fed continuously: requests are added while others are decoded, and each reply is passed on as
soon as it is complete.
"""

import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from judge.errors import BackendError, JudgeError
from judge.records import Completion, Failure, FailureKind, Item, Request, Usage
from judge.scoring.backends.api.errors import one_line, redact
from judge.scoring.backends.vllm import startup_errors
from judge.scoring.backends.vllm.engine import Engine, EngineOptions, preflight, start
from judge.scoring.backends.vllm.prompts_ahead import PromptsAhead, PromptThread
from judge.scoring.backends.vllm.request_errors import is_about_loading, is_engine_failure, is_too_long
from judge.scoring.backends.vllm.sampling_params import Sampler, as_messages, groups, image_indices
from judge.scoring.interrupts import InterruptCount, counted_interrupts

__all__ = ["EngineOptions", "VllmBackend", "preflight"]

Encode = Callable[[Item, int], str]

MOST_IMAGES = 256
"""Images in flight; decoded, each takes up to 20 MB of memory."""
FILL_SECONDS = 0.1
"""Longest time in seconds for adding requests before the engine's output is read."""
MOST_FAILED_ITEMS = 20
"""Consecutive items refused by the engine that end the run, because the rest would be refused, too."""

_NO_TEMPLATE = re.compile(r"chat template|system role|roles must alternate", re.IGNORECASE)
_GREEDY = 1e-5


class VllmBackend:
    """Backend that runs a model in this process.

    The engine starts with the first request, so a complete run does not start it.

    Parameters
    ----------
    model : str
        A folder, or a name on the Hugging Face Hub.
    decisive : mapping
        Engine settings that can change a reply, by vLLM's names: dtype, quantization, revision, lora, …
    options : EngineOptions
        The other engine settings.
    most_images : int
        Largest number of images of one item.
    encode : callable, optional
        (item, index) -> data URL or URL of an image; required if items have images.
    on_start : callable
        Called with the progress of starting the engine, as text.
    """

    stopped: str | None = None
    spent = 0.0

    def __init__(
        self,
        model: str,
        *,
        decisive: Mapping[str, Any],
        options: EngineOptions,
        most_images: int,
        encode: Encode | None,
        on_start: Callable[[str], None],
    ) -> None:
        self.model = model
        self._decisive = decisive
        self._options = options
        self._most_images = most_images
        self._encode = encode
        self._on_start = on_start
        self._engine: Engine | None = None
        self._thread: PromptThread | None = None
        self._left: Sequence[Completion] = ()

    def complete(self, requests: Iterable[Request | None]) -> Generator[Sequence[Completion]]:
        """Send all requests to the engine and yield their completions in batches, as they arrive.

        After the first request, None says that no other one is there yet; those in flight go on.

        Ctrl-C takes effect between two steps of the engine, so that no reply is lost; the second one takes
        effect at once.
        """
        source = iter(requests)
        first = next(source, None)
        if first is None:
            return
        if self._engine is None:
            self._engine = start(
                self.model, self._decisive, self._options, self._most_images, first, self._on_start
            )
        if self._thread is None:
            llm = self._engine.llm
            self._thread = PromptThread(llm.get_tokenizer(), llm.chat_template)
        feed = _Feed(self._engine, self._thread, self.model, self._encode, chain([first], source))
        is_sound = False
        with counted_interrupts() as pressed:
            try:
                yield from _batches(feed, pressed)
                is_sound = True
            except GeneratorExit:
                is_sound = not pressed
                raise
            finally:
                self._left = feed.take()
                if not (is_sound and feed.abort()):
                    self.close()
        if feed.error is not None:
            raise feed.error

    def drain(self) -> Sequence[Completion]:
        """Return the completions that arrived while the iterator was being closed."""
        left, self._left = self._left, ()
        return left

    def close(self) -> None:
        """End the engine and free the GPU; another request starts it again."""
        if self._thread is not None:
            self._thread.close()
        engine, self._engine, self._thread = self._engine, None, None
        if engine is not None:
            engine.stop()


def _batches(feed: "_Feed", pressed: InterruptCount) -> Iterator[Sequence[Completion]]:
    while feed.advance(pressed):
        if batch := feed.take():
            yield batch
        if pressed:
            raise KeyboardInterrupt
    if batch := feed.take():
        yield batch
    if pressed:
        raise KeyboardInterrupt
    if feed.engine_error is not None:
        raise feed.engine_error


@dataclass(slots=True)
class _InFlight:
    """Samples of one item that are one request in the engine."""

    requests: Sequence[Request]
    number: str
    """Id of the request in the engine."""
    images: int
    since: float
    state: Any = None
    """The engine's state of the first of several samples; the prompt of the others was already cached."""


class _Feed:
    """Feeds a stream of requests to the engine and collects the completions."""

    def __init__(
        self,
        engine: Engine,
        thread: PromptThread,
        model: str,
        encode: Encode | None,
        requests: Iterator[Request | None],
    ) -> None:
        self.error: Exception | None = None
        """Why no more requests are sent."""
        self.engine_error: BackendError | None = None
        """Why the engine has stopped working."""
        self._engine = engine
        self._llm = engine.llm
        self._model = model
        self._encode = encode
        self._sampler = Sampler(engine, model)
        self._thread = thread
        ahead = PromptsAhead(groups(requests), thread, self._sampler.template)
        self._source: PromptsAhead | None = ahead
        self._in_flight: dict[str, _InFlight] = {}
        self._samples = self._images = 0
        self._max_in_flight = 2 * engine.most_at_once
        self._arrived: list[Completion] = []
        self._failed_items = 0

    @property
    def _states(self) -> Any:
        return self._llm.llm_engine.output_processor.request_states

    def take(self) -> Sequence[Completion]:
        """Return the completions that have arrived, and forget them."""
        batch, self._arrived = self._arrived, []
        return batch

    def advance(self, pressed: InterruptCount) -> bool:
        """Add requests up to the limit and run one step of the engine; return False when all are done."""
        try:
            self._fill(pressed)
            if self._in_flight:
                for output in self._llm.llm_engine.step():
                    self._read(output)
        except KeyboardInterrupt:
            raise
        except Exception as error:  # noqa: BLE001 - whatever ends the engine, completions that arrived are kept
            self._source, self._in_flight = None, {}
            if not pressed:
                self.engine_error = startup_errors.engine_failure(
                    error, self._engine.output.tail(), self._model
                )
        return bool(self._in_flight) or self._source is not None

    def abort(self) -> bool:
        """Cancel the requests in flight; return False if the engine cannot continue."""
        numbers = [entry.number for entry in self._in_flight.values()]
        self._in_flight.clear()
        if self.engine_error is not None:
            return False
        try:
            if numbers:
                self._llm.llm_engine.abort_request(numbers, internal=True)
        except Exception:  # noqa: BLE001 - an engine that cannot cancel requests is ended
            return False
        return True

    def _fill(self, pressed: InterruptCount) -> None:
        until = time.monotonic() + FILL_SECONDS
        while (
            self._source is not None
            and self._samples < self._max_in_flight
            and self._images < MOST_IMAGES
            and not pressed
        ):
            group, tokens = self._next(self._source)
            if not group:
                break
            self._ask(group, tokens)
            if time.monotonic() > until:
                break

    def _next(self, source: PromptsAhead) -> tuple[list[Request], list[int] | None]:
        try:
            return source.next(wait=not self._in_flight)
        except StopIteration:
            self._source = None
        except Exception as error:  # noqa: BLE001 - re-raised to the caller once pending replies are delivered
            self._source, self.error = None, error
        return [], None

    def _ask(self, group: Sequence[Request], tokens: list[int] | None) -> None:
        first = group[0]
        try:
            params = self._sampler.params(first)
            numbers = image_indices(first) if first.item.images else []
            messages = as_messages(first, self._urls(first.item, numbers)) if numbers else first.messages
        except BackendError as error:
            self._source, self.error = None, error
            return
        except _ImageError as error:
            self._fail(group, "image", str(error))
            return
        # vLLM refuses several samples at temperature 0, because they would be the same.
        is_greedy = params.temperature < _GREEDY
        for part in [[request] for request in group] if is_greedy else [group]:
            params.n = len(part)
            try:
                number = self._enqueue(part[0], messages, params, tokens)
            except Exception as error:
                if is_engine_failure(error):
                    raise
                self._on_refusal(part, messages, error)
            else:
                self._keep(part, number, len(numbers))

    def _enqueue(
        self, request: Request, messages: Sequence[Any], params: Any, tokens: list[int] | None
    ) -> str:
        """Add a prompt to the engine and return its number."""
        given = {"sampling_params": params, "use_tqdm": False, "lora_request": self._engine.lora}
        if tokens is not None and self._thread.is_trusted:
            return str(self._llm.enqueue([{"prompt_token_ids": tokens}], **given)[0])
        (number,) = self._llm.enqueue_chat(
            [messages],
            **given,
            # vLLM 0.26 ignores the template that it was started with, and repeats its special tokens.
            chat_template=self._llm.chat_template,
            chat_template_kwargs=self._sampler.template(request),
            tokenization_kwargs={"add_special_tokens": False},
        )
        if tokens is not None:
            state = self._states.get(number)
            self._thread.compare(tokens, getattr(state, "prompt_token_ids", None))
        return str(number)

    def _keep(self, group: Sequence[Request], number: str, n_images: int) -> None:
        entry = _InFlight(group, number, n_images, time.monotonic())
        if len(group) > 1:
            entry.state = self._states.get(f"0_{number}")
        self._in_flight[number.partition("-")[0]] = entry
        self._samples += len(group)
        self._images += n_images

    def _urls(self, item: Item, numbers: Sequence[int]) -> Mapping[int, str]:
        if self._encode is None:
            raise BackendError(f"item {item.id!r} has images, but the backend has no image encoder")
        try:
            return {number: self._encode(item, number) for number in numbers}
        except (JudgeError, OSError) as error:
            raise _ImageError(str(error)) from error

    def _on_refusal(self, group: Sequence[Request], messages: Sequence[Any], error: Exception) -> None:
        """Record a refused request as a failure of its item, or end the run if all are refused."""
        message = one_line(str(error) or type(error).__name__)
        if is_too_long(error):
            self._fail(group, "context", self._too_long(group[0], messages, message))
            return
        kind: FailureKind = "image" if group[0].item.images and is_about_loading(error) else "request"
        self._fail(group, kind, message)
        self._failed_items += kind == "request"  # many items may share an image that does not exist
        if _NO_TEMPLATE.search(message):
            self._source = None
            self.error = BackendError(
                f"vllm:{self._model}: its chat template cannot be used ({redact(message)}). It must accept a "
                "system message and a user message: choose another model, or a template with "
                "chat_template=FILE (--engine-arg chat_template=FILE)"
            )
        elif self._failed_items >= MOST_FAILED_ITEMS and self._source is not None:
            self._source = None
            self.error = BackendError(
                f"vllm:{self._model} refuses the requests: the last {MOST_FAILED_ITEMS} items failed; last "
                f"error: {redact(message)}. Correct the cause, then score again with retry_errors "
                "(--retry-errors)"
            )

    def _too_long(self, request: Request, messages: Sequence[Any], message: str) -> str:
        found = self._sampler.length(request, messages)
        length = re.search(r"\(length (\d+)\)", message)
        tokens = f"{found:,}" if found else f"{int(length[1]):,}" if length else "more"
        return (
            f"the prompt has {tokens} tokens; prompt and reply may have {self._engine.max_length:,}. Shorten "
            "the item, or raise max_model_len (--max-model-len) and score again with retry_errors "
            "(--retry-errors)"
        )

    def _fail(self, group: Sequence[Request], kind: FailureKind, message: str) -> None:
        failure = Failure(kind=kind, message=redact(message))
        now = time.time()
        self._arrived += [
            Completion.of(request, failure=failure, model=self._model, created=now) for request in group
        ]

    def _read(self, output: Any) -> None:
        entry = self._in_flight.pop(output.request_id, None)
        if entry is None:
            return
        self._samples -= len(entry.requests)
        self._images -= entry.images
        self._failed_items = 0
        latency, now = round(time.monotonic() - entry.since, 4), time.time()
        cached = output.num_cached_tokens if entry.state is None else entry.state.num_cached_tokens
        prompt = len(output.prompt_token_ids)
        for request, sample in zip(entry.requests, output.outputs, strict=True):
            if sample.finish_reason == "abort":  # the engine was stopped; the next run asks again
                continue
            if sample.finish_reason == "error":
                self._fail([request], "request", "the engine aborted the request with an error")
                continue
            values, thought = self._sampler.read(request, sample)
            usage = Usage(
                prompt_tokens=prompt,
                completion_tokens=len(sample.token_ids),
                cached_tokens=min(cached or 0, prompt),
                reasoning_tokens=thought,
            )
            cached = prompt  # for the other samples
            self._arrived.append(
                Completion.of(
                    request,
                    finish_reason=sample.finish_reason,
                    usage=usage,
                    latency=latency,
                    model=self._model,
                    created=now,
                    **values,
                )
            )


class _ImageError(Exception):
    """An image cannot be loaded."""
