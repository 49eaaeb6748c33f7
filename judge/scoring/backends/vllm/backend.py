"""A judge on the graphics card of this machine: vLLM in this process.

The engine is fed continuously: requests enter while others are decoded, and each reply is passed on as soon
as it is complete.
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
from judge.scoring.backends.vllm.sampling_params import Sampler, as_messages, groups, picture_numbers
from judge.scoring.interrupts import InterruptCount, counted_interrupts

__all__ = ["EngineOptions", "VllmBackend", "preflight"]

Encode = Callable[[Item, int], str]

MOST_PICTURES = 256
"""Pictures in flight: decoded, each takes up to 20 MB."""
FILL_SECONDS = 0.1
"""Seconds of making requests ready before the engine's replies are looked at."""
MOST_FAILED_ITEMS = 20
"""So many items in a row that the engine does not take end the run: the rest would go the same way."""

_TOO_LONG = re.compile(r"maximum (context|model) length|longer than the maximum", re.IGNORECASE)
_NO_TEMPLATE = re.compile(r"chat template|system role|roles must alternate", re.IGNORECASE)
_GREEDY = 1e-5


class VllmBackend:
    """Asks a model in this process.

    The engine starts with the first request: a run that is complete never starts it.

    Parameters
    ----------
    model : str
        A folder, or a name on the hub.
    decisive : mapping
        Settings of the engine that decide a reply, by vLLM's names: dtype, quantization, revision, lora, …
    options : EngineOptions
        Those that do not.
    most_images : int
        Pictures of the item that has most.
    encode : callable, optional
        (item, index) -> data URL or address of a picture; needed where items have pictures.
    on_start : callable
        Hears what happens while the engine starts.
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
        self._left: Sequence[Completion] = ()

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Ask for all requests and yield what has come back, in batches as it arrives.

        Ctrl-C takes effect between two steps of the engine, so that no reply is lost; pressed again it does
        so at once.
        """
        source = iter(requests)
        first = next(source, None)
        if first is None:
            return
        if self._engine is None:
            self._engine = start(
                self.model, self._decisive, self._options, self._most_images, first, self._on_start
            )
        feed = _Feed(self._engine, self.model, self._encode, chain([first], source))
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
        """End the engine and free the card. The next request would start another one."""
        engine, self._engine = self._engine, None
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
    """Samples of one item that are in the engine as one request."""

    requests: Sequence[Request]
    number: str
    """The engine's own name for it."""
    pictures: int
    since: float
    state: Any = None
    """What the engine knows of the first of several samples: it alone was not in the cache already."""


class _Feed:
    """One pass over a stream of requests."""

    def __init__(
        self, engine: Engine, model: str, encode: Encode | None, requests: Iterator[Request]
    ) -> None:
        self.error: Exception | None = None
        """Why no more is asked."""
        self.engine_error: BackendError | None = None
        """Why the engine answers no more."""
        self._engine = engine
        self._llm = engine.llm
        self._model = model
        self._encode = encode
        self._source: Iterator[list[Request]] | None = groups(requests)
        self._in_flight: dict[str, _InFlight] = {}
        self._samples = self._pictures = 0
        self._max_in_flight = 2 * engine.most_at_once
        self._arrived: list[Completion] = []
        self._failed_items = 0
        self._sampler = Sampler(engine, model)

    def take(self) -> Sequence[Completion]:
        """Hand over what has arrived."""
        batch, self._arrived = self._arrived, []
        return batch

    def advance(self, pressed: InterruptCount) -> bool:
        """Add what there is room for and let the engine take a step; False when all is done."""
        try:
            self._fill(pressed)
            if self._in_flight:
                for output in self._llm.llm_engine.step():
                    self._read(output)
        except KeyboardInterrupt:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the engine dies of, what arrived is kept
            self._source, self._in_flight = None, {}
            if not pressed:
                self.engine_error = startup_errors.engine_failure(
                    error, self._engine.output.tail(), self._model
                )
        return bool(self._in_flight) or self._source is not None

    def abort(self) -> bool:
        """Take back what is in flight; False where the engine cannot go on."""
        numbers = [asked.number for asked in self._in_flight.values()]
        self._in_flight.clear()
        if self.engine_error is not None:
            return False
        try:
            if numbers:
                self._llm.llm_engine.abort_request(numbers, internal=True)
        except Exception:  # noqa: BLE001 - an engine that cannot even do that is given up
            return False
        return True

    def _fill(self, pressed: InterruptCount) -> None:
        until = time.monotonic() + FILL_SECONDS
        while (
            self._source is not None
            and self._samples < self._max_in_flight
            and self._pictures < MOST_PICTURES
            and not pressed
        ):
            group = self._next(self._source)
            if group:
                self._ask(group)
            if time.monotonic() > until:
                break

    def _next(self, source: Iterator[list[Request]]) -> list[Request] | None:
        try:
            return next(source)
        except StopIteration:
            self._source = None
        except Exception as error:  # noqa: BLE001 - whatever the caller's iterator raises is his, after his replies
            self._source, self.error = None, error
        return None

    def _ask(self, group: Sequence[Request]) -> None:
        first = group[0]
        try:
            params = self._sampler.params(first)
            numbers = picture_numbers(first) if first.item.images else []
            messages = as_messages(first, self._urls(first.item, numbers)) if numbers else first.messages
        except BackendError as error:
            self._source, self.error = None, error
            return
        except _ImageError as error:
            self._fail(group, "image", str(error))
            return
        # vLLM refuses several samples at temperature 0: they would all be the same.
        is_greedy = params.temperature < _GREEDY
        for part in [[request] for request in group] if is_greedy else [group]:
            params.n = len(part)
            self._enqueue(part, messages, params, len(numbers))

    def _enqueue(self, group: Sequence[Request], messages: Sequence[Any], params: Any, pictures: int) -> None:
        try:
            (number,) = self._llm.enqueue_chat(
                [messages],
                sampling_params=params,
                use_tqdm=False,
                lora_request=self._engine.lora,
                # 0.26 forgets the template that it was started with, and sets special tokens that are in it.
                chat_template=self._llm.chat_template,
                chat_template_kwargs=self._sampler.template(group[0]),
                tokenization_kwargs={"add_special_tokens": False},
            )
        except Exception as error:
            if _is_engine_failure(error):
                raise
            self._on_refusal(group, messages, error)
            return
        asked = _InFlight(group, number, pictures, time.monotonic())
        if len(group) > 1:
            asked.state = self._llm.llm_engine.output_processor.request_states.get(f"0_{number}")
        self._in_flight[number.partition("-")[0]] = asked
        self._samples += len(group)
        self._pictures += pictures

    def _urls(self, item: Item, numbers: Sequence[int]) -> Mapping[int, str]:
        if self._encode is None:
            raise BackendError(f"item {item.id!r} has pictures, and this backend was made without an encoder")
        try:
            return {number: self._encode(item, number) for number in numbers}
        except (JudgeError, OSError) as error:
            raise _ImageError(str(error)) from error

    def _on_refusal(self, group: Sequence[Request], messages: Sequence[Any], error: Exception) -> None:
        """The engine does not take a request: its item's failure, unless all go the same way."""
        said = one_line(str(error) or type(error).__name__)
        if _is_too_long(error):
            self._fail(group, "context", self._too_long(group[0], messages, said))
            return
        kind: FailureKind = "image" if group[0].item.images and _is_about_loading(error) else "request"
        self._fail(group, kind, said)
        self._failed_items += kind == "request"  # many items may share one picture that is not there
        if _NO_TEMPLATE.search(said):
            self._source = None
            self.error = BackendError(
                f"vllm:{self._model}: its chat template cannot be used ({redact(said)}). It must take a "
                "system message and one of the user: name another model, or a template with --engine-arg "
                "chat_template=FILE"
            )
        elif self._failed_items >= MOST_FAILED_ITEMS and self._source is not None:
            self._source = None
            self.error = BackendError(
                f"vllm:{self._model} refuses the requests: the last {MOST_FAILED_ITEMS} items failed; last "
                f"error: {redact(said)}. Correct the cause and score again with retry_errors (--retry-errors)"
            )

    def _too_long(self, request: Request, messages: Sequence[Any], said: str) -> str:
        found = self._sampler.length(request, messages)
        told = re.search(r"\(length (\d+)\)", said)
        tokens = f"{found:,}" if found else f"{int(told[1]):,}" if told else "more"
        return (
            f"the prompt has {tokens} tokens; with the reply there is room for {self._engine.max_length:,}. "
            "Shorten the item, or raise --max-model-len and run again with --retry-errors"
        )

    def _fail(self, group: Sequence[Request], kind: FailureKind, message: str) -> None:
        failure = Failure(kind=kind, message=redact(message))
        now = time.time()
        self._arrived += [
            Completion.of(request, failure=failure, model=self._model, created=now) for request in group
        ]

    def _read(self, output: Any) -> None:
        asked = self._in_flight.pop(output.request_id, None)
        if asked is None:
            return
        self._samples -= len(asked.requests)
        self._pictures -= asked.pictures
        self._failed_items = 0
        latency, now = round(time.monotonic() - asked.since, 4), time.time()
        cached = output.num_cached_tokens if asked.state is None else asked.state.num_cached_tokens
        prompt = len(output.prompt_token_ids)
        for request, said in zip(asked.requests, output.outputs, strict=True):
            if said.finish_reason == "abort":  # the engine was told to stop: the next run asks again
                continue
            if said.finish_reason == "error":
                self._fail([request], "request", "the engine gave the request up")
                continue
            values, thought = self._sampler.read(request, said)
            usage = Usage(
                prompt_tokens=prompt,
                completion_tokens=len(said.token_ids),
                cached_tokens=min(cached or 0, prompt),
                reasoning_tokens=thought,
            )
            cached = prompt  # the other samples
            self._arrived.append(
                Completion.of(
                    request,
                    finish_reason=said.finish_reason,
                    usage=usage,
                    latency=latency,
                    model=self._model,
                    created=now,
                    **values,
                )
            )


class _ImageError(Exception):
    """A picture that cannot be loaded."""


def _is_engine_failure(error: Exception) -> bool:
    """Whether the engine is gone, and not only one request refused."""
    return type(error).__name__ in ("EngineDeadError", "EngineGenerateError") or "CUDA error" in str(error)


def _is_too_long(error: Exception) -> bool:
    return getattr(error, "parameter", None) in ("input_tokens", "input_text") or bool(
        _TOO_LONG.search(str(error))
    )


def _is_about_loading(error: Exception) -> bool:
    """Whether an address could not be loaded, or is no picture."""
    return (
        isinstance(error, OSError | TimeoutError)
        or type(error).__module__.startswith(("aiohttp", "PIL"))
        or any(words in str(error) for words in ("load image", "fetch media"))
    )
