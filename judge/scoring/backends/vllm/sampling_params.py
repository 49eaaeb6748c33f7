"""Translate requests into parameters of vLLM, and its output into values of a completion."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any

from judge.errors import BackendError
from judge.records import Request
from judge.scoring.backends.api.logprobs import only_tokens
from judge.scoring.backends.thinking import template_kwargs
from judge.scoring.backends.vllm.prompts_ahead import rendered

if TYPE_CHECKING:
    from judge.scoring.backends.vllm.engine import Engine

TEMPLATE = ("reasoning_effort", "chat_template_kwargs")
"""Parameters that the chat template reads."""
TAKEN = (
    *("temperature", "top_p", "top_k", "min_p", "seed", "max_tokens", "min_tokens", "stop", "stop_token_ids"),
    *("presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias", "bad_words", "ignore_eos"),
    *("allowed_token_ids", "thinking_token_budget"),
)
"""Parameters of `vllm.SamplingParams` that a judge may have."""
MOST_TOKENS = 1024
"""Default limit of a reply in tokens, without reasoning; longer replies usually repeat themselves."""
MOST_THOUGHT = 8192
"""Default limit of the reasoning in tokens; then it is closed, and the reply begins."""
MOST_BLANKS = 20
"""Consecutive white space characters allowed between parts of a reply: enough for any layout."""
MOST_SAMPLES = 64
"""Largest number of samples of one item in one request to the engine."""

_MOST_GRAMMARS = 512
_MOST_PARAMS = 64
_NAMES = {"max_completion_tokens": "max_tokens"}


def sampling_values(params: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the parameters of a judge into arguments of `vllm.SamplingParams`.

    Raises
    ------
    BackendError
        A parameter is not known to vLLM.

    Examples
    --------
    >>> sampling_values({"temperature": 0, "reasoning_effort": "none"})
    {'temperature': 0}
    """
    given = {
        _NAMES.get(name, name): v for name, v in params.items() if v is not None and name not in TEMPLATE
    }
    if unknown := [name for name in given if name not in TAKEN]:
        raise BackendError(
            f"parameter {unknown[0]!r} is not known to vLLM; allowed are "
            f"{', '.join(sorted((*TAKEN, *TEMPLATE)))}"
        )
    return given


def grammar(schema: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """Return arguments of `vllm.StructuredOutputsParams` that constrain a reply to a schema.

    White space is limited and not forbidden. Forbidding it takes away tokens that the model would choose,
    which changes scores; without a limit, some models write line ends until they are truncated. The limit
    needs a structural tag, which only xgrammar supports. Settings by the user take precedence.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> grammar({"type": "integer"}, SimpleNamespace(backend="guidance", disable_any_whitespace=False))
    {'json': {'type': 'integer'}}
    """
    if config.backend not in ("auto", "xgrammar") or config.disable_any_whitespace:
        return {"json": dict(schema)}
    form = {"type": "json_schema", "json_schema": schema, "max_whitespace_cnt": MOST_BLANKS}
    return {"structural_tag": json.dumps({"type": "structural_tag", "format": form})}


def groups(requests: Iterator[Request | None]) -> Iterator[list[Request]]:
    """Group consecutive samples of an item, which have the same prompt.

    None means that no request is there at present. It ends a group, which may be empty.
    """
    group: list[Request] = []
    for request in requests:
        if request is None:
            yield group
            group = []
            continue
        if group and not (len(group) < MOST_SAMPLES and _follows(request, group[-1])):
            yield group
            group = []
        group.append(request)
    if group:
        yield group


def _follows(request: Request, last: Request) -> bool:
    return (
        request.messages is last.messages
        and request.sample == last.sample + 1
        and (request.schema, request.labels) == (last.schema, last.labels)
        and _seeded(request.params) == _seeded(last.params, 1)
    )


def _seeded(params: Mapping[str, Any], more: int = 0) -> Mapping[str, Any]:
    """Return parameters with the seed increased, as the engine increases it from sample to sample."""
    seed = params.get("seed")
    return {**params, "seed": seed + more} if more and isinstance(seed, int) else params


def as_messages(request: Request, urls: Mapping[int, str]) -> list[dict[str, Any]]:
    """Convert messages to OpenAI's form, so that images are loaded as by `vllm serve`."""
    return [
        message
        if isinstance(message["content"], str)
        else {**message, "content": [_part(part, urls) for part in message["content"]]}
        for message in request.messages
    ]


def image_indices(request: Request) -> list[int]:
    """Return the indices of the item's images that a request contains."""
    parts = (
        part
        for message in request.messages
        if not isinstance(message["content"], str)
        for part in message["content"]
    )
    return [part["image"] for part in parts if part["type"] == "image"]


def _part(part: Mapping[str, Any], urls: Mapping[int, str]) -> Mapping[str, Any]:
    if part["type"] != "image":
        return part
    return {"type": "image_url", "image_url": {"url": urls[part["image"]]}}


class Sampler:
    """Creates sampling parameters for a running engine, and reads its output."""

    def __init__(self, engine: "Engine", model: str) -> None:
        self._engine = engine
        self._model = model
        self._tokenizer = engine.llm.get_tokenizer()
        self._classes = import_module("vllm.sampling_params")
        self._defaults: Mapping[str, Any] = engine.llm.model_config.get_diff_sampling_param()
        self._grammars: dict[int, tuple[Any, Any]] = {}
        self._ids: dict[tuple[str, ...], Mapping[str, int]] = {}
        self._made: dict[tuple[Any, ...], tuple[Request, Any]] = {}

    def params(self, request: Request) -> Any:
        """Return the `vllm.SamplingParams` of one request: a copy of those of an equal one.

        Raises
        ------
        BackendError
            vLLM does not know a parameter or rejects its value, or a label is not a single token.
        """
        key = (id(request.params), id(request.schema), request.labels, request.attempt)
        kept = self._made.get(key)
        if kept is None:
            if len(self._made) >= _MOST_PARAMS:
                self._made.clear()
            kept = self._made[key] = (request, self._new_params(request))
        return copy(kept[1])  # the request is kept with it, so that the addresses stay taken

    def _new_params(self, request: Request) -> Any:
        given = sampling_values(request.params)
        limits = self._limits() if "max_tokens" not in given or request.attempt else {}
        values = {**limits, **self._defaults, **given}
        if request.labels:
            ids = list(self._label_ids(request.labels).values())
            values = {"temperature": 0.0, "max_tokens": 1, "logprob_token_ids": ids}
        if request.schema is not None:
            values["structured_outputs"] = self._structured(request.schema)
        try:
            return self._classes.SamplingParams.from_optional(**values, skip_clone=True)
        except (ValueError, TypeError, self._refusal) as error:
            raise BackendError(f"vllm:{self._model} rejects these parameters: {error}") from error

    def _limits(self) -> dict[str, int]:
        """Return default token limits; vLLM's own default of 16 tokens would truncate every verdict."""
        if self._engine.marks is None:
            return {"max_tokens": MOST_TOKENS}
        budget = {"thinking_token_budget": MOST_THOUGHT} if self._engine.closes_thoughts else {}
        return {"max_tokens": MOST_THOUGHT + MOST_TOKENS, **budget}

    @property
    def _refusal(self) -> type[Exception]:
        refusal: type[Exception] = import_module("vllm.exceptions").VLLMValidationError
        return refusal

    def template(self, request: Request) -> dict[str, Any] | None:
        """Return settings of the chat template; None if there are none."""
        params = {**request.params, "reasoning_effort": "none"} if request.labels else request.params
        return template_kwargs(params) or None

    def read(self, request: Request, output: Any) -> tuple[dict[str, Any], int]:
        """Return values of a completion from one output, and its number of reasoning tokens."""
        if request.labels:
            shown = output.logprobs[0]
            ids = self._label_ids(request.labels)
            found = {label: math.exp(min(shown[token].logprob, 0.0)) for label, token in ids.items()}
            return {"reply": output.text, "label_probabilities": found}, 0
        marks = self._engine.marks
        if marks is None:
            return {"reply": output.text}, 0
        thought, answer = marks.split(output.token_ids)
        if not thought:
            return {"reply": output.text}, 0
        ends = {marks.open, marks.close}
        text = self._text([token for token in thought if token not in ends])
        return {"reply": self._text(answer), "reasoning": text or None}, len(thought)

    def length(self, request: Request, messages: Sequence[Any]) -> int | None:
        """Count the tokens of a prompt; None if only the engine can count them, as with images."""
        if any(not isinstance(message["content"], str) for message in messages):
            return None
        template = self._engine.llm.chat_template
        try:
            text = rendered(self._tokenizer, messages, template, self.template(request))
            return len(self._tokenizer.encode(text, add_special_tokens=False))
        except Exception:  # noqa: BLE001 - a tokenizer of another library (Mistral), or an error in its template
            return None

    def _text(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True)).strip()

    def _structured(self, schema: Mapping[str, Any]) -> Any:
        """Return the grammar's parameters, one object for all requests with the same schema.

        Items with other dimensions or criteria have other schemas, and requests of both kinds alternate.
        """
        kept = self._grammars.get(id(schema))
        if kept is None:
            if len(self._grammars) >= _MOST_GRAMMARS:
                self._grammars.clear()
            form = grammar(schema, self._engine.structured_outputs)
            kept = self._grammars[id(schema)] = (schema, self._classes.StructuredOutputsParams(**form))
        return kept[1]  # the schema is kept with it, so that its address stays taken

    def _label_ids(self, labels: tuple[str, ...]) -> Mapping[str, int]:
        if labels not in self._ids:
            found = {label: self._tokenizer.encode(label, add_special_tokens=False) for label in labels}
            self._ids[labels] = only_tokens(found, f"vllm:{self._model}")
        return self._ids[labels]
