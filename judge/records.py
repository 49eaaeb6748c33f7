"""The records that all other modules exchange: items, requests, completions and scores.

Item -> Request -> Completion -> Score. A person and a model are both raters and write the same Score rows.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from operator import not_
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

Role = Literal["query", "reference"]
RaterKind = Literal["human", "judge"]
Status = Literal["ok", "unparsed", "refused", "truncated", "failed", "skipped", "abstained", "not_applicable"]
FailureKind = Literal[
    "timeout", "connection", "rate_limit", "server", "context", "filter", "request", "image", "reply"
]

STATUSES: tuple[Status, ...] = (
    *("ok", "unparsed", "refused", "truncated", "failed", "skipped", "abstained", "not_applicable"),
)
OVERALL = "overall"
"""Name of the dimension that holds the overall score."""


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys and no spaces, so that equal values give equal text."""
    return _CANONICAL.encode(value)


def content_hash(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value` in hexadecimal."""
    return text_hash(canonical_json(value))


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


MOST_SAMPLES = 10_000
"""Largest number of replies of one rater for one item; samples are numbered from 0."""


class Record(BaseModel):
    """Base class of everything that is written to disk: immutable, without unknown fields.

    A field that was added after the first release is left out of the data where it has its default
    (`exclude_if`), so that digests, fingerprints and exports of earlier records do not change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Image(Record):
    """An image of an item: a file or a URL.

    Attributes
    ----------
    path : str or None
        File, relative to the folder of the input file or to `image_root`. Either `path` or `url` is given.
    url : str or None
        URL or data URL, sent as it is.
    role : {'query', 'reference'}
        Whether the image belongs to the question or shows a reference.
    sha256 : str or None
        Hash of the file, filled in when the images are checked, before any request is sent.
    """

    path: str | None = None
    url: str | None = None
    role: Role = "query"
    sha256: str | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise ValueError("an image needs either a path or a url")
        return self


class Item(Record):
    """What is judged: a question (or conversation) with one answer, and its context.

    Attributes
    ----------
    id : str
        Identifies the item within a run.
    question : str
        The question.
    answer : str
        The answer under judgment. An empty answer is judged, too.
    reference : str or None
        Reference answer.
    images : tuple of Image
        Images that belong to the question.
    choices : tuple of str
        Options of a multiple-choice question, in the order A, B, C, …
    gold : str or None
        Letter of the correct choice.
    system : str or None
        System (model, version, team) that gave the answer.
    metadata : dict
        All other fields of the input; used for slices and for the rules of a rubric.

    Examples
    --------
    >>> from judge import Item
    >>> item = Item(id="q1", question="2 + 2?", answer="4", metadata={"topic": "sums"})
    >>> item.field("topic")
    'sums'
    """

    id: str = Field(min_length=1)
    question: str
    answer: str
    reference: str | None = None
    other_references: tuple[str, ...] = Field(default=(), exclude_if=not_)
    """Further correct answers, where `reference` is one of several."""
    images: tuple[Image, ...] = ()
    choices: tuple[str, ...] = ()
    gold: str | None = None
    system: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)

    @property
    def references(self) -> tuple[str, ...]:
        """All reference answers; an answer need only agree with one of them."""
        return () if self.reference is None else (self.reference, *self.other_references)

    def field(self, name: str) -> Any:
        """Return a metadata field or `system`, for slices and rules; None if it is missing."""
        return self.metadata.get(name, self.system if name == "system" else None)

    @cached_property
    def digest(self) -> str:
        """Hash of the whole content; it tells whether two items with the same id are the same."""
        return content_hash(self.model_dump())


Message = dict[str, Any]
"""A chat message: role, and content as text or as a list of parts.

Parts are ``{"type": "text", "text": …}`` and ``{"type": "image", "image": n}``, n being the position in
`Item.images`: only backends load and encode images.
"""


@dataclass(frozen=True, slots=True)
class DecisionQuestion:
    """A typed question to a decision model, which answers with the probability of every option."""

    name: str
    """The dimension, flag or criterion that it asks about."""
    type: Literal["predicate", "choice", "score"]
    instructions: str
    options: tuple[tuple[str, str], ...] = ()
    """Each option with its description, which may be empty; those of a score from lowest to highest."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to a judge for one item (and one dimension, if each dimension is requested alone)."""

    item: Item
    messages: Sequence[Message]
    _: KW_ONLY
    model: str
    params: Mapping[str, Any]
    """Parameters sent to the model: temperature, max_tokens, …"""
    schema: Mapping[str, Any] | None
    """JSON schema of the reply; None if a bare number is requested."""
    key: str
    """Hash of everything that determines the reply; a stored reply is found by it."""
    sample: int = 0
    dimension: str | None = None
    """None if one reply holds all dimensions."""
    attempt: int = 0
    """0 for the first request; 1 if a truncated or unparsed reply is requested once more."""
    labels: tuple[str, ...] = ()
    """Labels whose probabilities as the first token are requested; empty if a text is requested."""
    questions: tuple[DecisionQuestion, ...] = ()
    """Questions to a decision model; empty for other models."""

    def next_attempt(self, **params: Any) -> "Request":
        """Return the request of another attempt, with some parameters changed (for example, more tokens)."""
        return replace(self, params={**self.params, **params}, attempt=self.attempt + 1)


class Usage(Record):
    """Tokens of one completion, as the provider counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that were read from the provider's cache; included in `prompt_tokens`."""
    reasoning_tokens: int = 0
    """Completion tokens that are reasoning; included in `completion_tokens`."""


class Failure(Record):
    """Why there is no reply."""

    kind: FailureKind
    message: str


class Completion(Record):
    """What came back for one request: a reply, a refusal, or a failure. Completions are never deleted."""

    key: str
    item_id: str
    sample: int = Field(default=0, ge=0, lt=MOST_SAMPLES)
    dimension: str | None = None
    attempt: int = 0
    reply: str | None = None
    finish_reason: str | None = None
    """As the provider gave it: stop, length, content_filter, …"""
    refusal: str | None = None
    reasoning: str | None = None
    label_probabilities: dict[str, float] | None = None
    """Label -> its probability as the first token, over the whole vocabulary.

    None if no labels were requested. Labels without a known probability are absent: the provider did not
    list them, or gave NaN (a numerical overflow of the model).
    """
    failure: Failure | None = None
    usage: Usage | None = None
    cost: float | None = None
    """In USD; None if the price is unknown."""
    latency: float | None = None
    """Seconds of the last try, from sending to the end of the reply."""
    tries: int = 1
    model: str | None = None
    """Name of the model in the reply."""
    dropped: tuple[str, ...] = ()
    """Parameters that were left out because the provider rejected them.

    ``system_role`` means that the model has no system role, so that the system text was sent as the beginning
    of the user message.
    """
    created: float | None = None
    """Unix time."""

    @field_validator("label_probabilities")
    @classmethod
    def _without_nan(cls, found: dict[str, float] | None) -> dict[str, float] | None:
        if found and any(map(math.isnan, found.values())):
            return {label: p for label, p in found.items() if not math.isnan(p)}
        return found

    @classmethod
    def of(cls, request: Request, **values: Any) -> "Completion":
        """Build the completion of a request from the values of its other fields."""
        return cls(
            key=request.key,
            item_id=request.item.id,
            sample=request.sample,
            dimension=request.dimension,
            attempt=request.attempt,
            **values,
        )


class Score(Record):
    """One value by one rater for one item on one dimension, or a status that says why there is none.

    Attributes
    ----------
    item_id, rater : str
        The item, and the person or model that judged it.
    rater_kind : {'human', 'judge'}
        Whether the rater is a person or a model.
    dimension : str
        A dimension of the rubric, ``overall``, ``criteria``, or a flag of the rubric.
    sample : int
        Number of the repetition, starting at 0.
    value : float, str or None
        A number; 1 or 0 for a boolean flag or a criterion; the label of a category; a text for a text
        flag; None unless the status is ok.
    status : {'ok', 'unparsed', 'refused', 'truncated', 'failed', 'skipped', 'abstained', 'not_applicable'}
        ``skipped``: not requested yet. ``abstained``: the rater cannot tell. ``not_applicable``: the
        dimension does not concern the item; such a score is in no denominator.
    reason : str or None
        The rater's reason for the value; if there is no value, the reason why.
    criterion : str or None
        Id of the criterion, where `dimension` is ``criteria``: each item brings its own.
    """

    item_id: str
    rater: str
    rater_kind: RaterKind
    dimension: str
    sample: int = Field(default=0, ge=0, lt=MOST_SAMPLES)
    value: float | str | None = None
    status: Status = "ok"
    reason: str | None = None
    criterion: str | None = Field(default=None, exclude_if=not_)

    @model_validator(mode="after")
    def _has_a_value_exactly_when_ok(self) -> Self:
        if (self.value is not None) != (self.status == "ok"):
            raise ValueError(
                f"status {self.status!r} with value {self.value!r}: the status 'ok' requires a value, and "
                "no other status allows one"
            )
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise ValueError(f"value {self.value!r}: a score must be a finite number")
        return self
