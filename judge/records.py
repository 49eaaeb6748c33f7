"""The records that all other modules exchange: items, requests, completions and scores.

Item -> Request -> Completion -> Score. A person and a model are both raters and write the same Score rows.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

Role = Literal["query", "reference"]
RaterKind = Literal["human", "judge"]
Status = Literal["ok", "unparsed", "refused", "truncated", "failed", "skipped"]
FailureKind = Literal[
    "timeout", "connection", "rate_limit", "server", "context", "filter", "request", "image", "reply"
]

STATUSES: tuple[Status, ...] = ("ok", "unparsed", "refused", "truncated", "failed", "skipped")
OVERALL = "overall"
"""The dimension name under which the overall score of an item is kept."""


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def content_hash(value: object) -> str:
    """Hex sha256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


MOST_SAMPLES = 10_000
"""Replies that one rater may give for one item; samples are numbered from 0."""


class Record(BaseModel):
    """Base class of everything that is written to disk: immutable, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Image(Record):
    """A picture that belongs to an item: a file or an address, and what it shows."""

    path: str | None = None
    """File, relative to the input file (or to `--image-root`)."""
    url: str | None = None
    """Address or data URL; passed on untouched."""
    role: Role = "query"
    sha256: str | None = None
    """Hash of the file's bytes, filled in when the images are checked before anything is paid."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise ValueError("an image needs either a path or a url")
        return self


class Item(Record):
    """What is judged: a question with one answer, and what belongs to it."""

    id: str = Field(min_length=1)
    question: str
    answer: str
    """May be empty: an empty answer is an answer, and it is judged."""
    reference: str | None = None
    other_references: tuple[str, ...] = ()
    """Further correct answers, where `reference` is one of several."""
    images: tuple[Image, ...] = ()
    choices: tuple[str, ...] = ()
    """Texts of the options of a multiple-choice question, in the order A, B, C, …"""
    gold: str | None = None
    """Letter of the right choice."""
    system: str | None = None
    """Who answered."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Every other field of the input; slices and rubric rules read it."""

    @model_serializer(mode="wrap")
    def _without_empty_alternatives(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave `other_references` out where it is empty: items of older runs keep their digest."""
        fields: dict[str, Any] = dump(self)
        if not self.other_references:
            fields.pop("other_references", None)
        return fields

    @property
    def references(self) -> tuple[str, ...]:
        """All reference answers; an answer need only agree with one of them."""
        return () if self.reference is None else (self.reference, *self.other_references)

    def field(self, name: str) -> Any:
        """Value of `name` for slices and rules: a metadata field, or `system`; None where it is missing."""
        return self.metadata.get(name, self.system if name == "system" else None)

    @cached_property
    def digest(self) -> str:
        """Hash of the whole content: two items with one id and another digest contradict each other."""
        return content_hash(self.model_dump())


Message = dict[str, Any]
"""A chat message: role, and content as text or as a list of parts.

Parts are ``{"type": "text", "text": …}`` and ``{"type": "image", "image": n}``, n being the position in
`Item.images`: only a backend loads and encodes pictures.
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to a judge for one item (and one dimension, if each is requested alone)."""

    item: Item
    messages: Sequence[Message]
    _: KW_ONLY
    model: str
    params: Mapping[str, Any]
    """Parameters of the model as they are sent: temperature, max_tokens, …"""
    schema: Mapping[str, Any] | None
    """JSON schema of the wanted reply; None where a bare number is asked for."""
    key: str
    """Hash of everything that determines the reply; a key is never requested twice."""
    sample: int = 0
    dimension: str | None = None
    """None where one reply holds all dimensions."""
    attempt: int = 0
    """0 for the first asking; 1 where a truncated or unreadable reply is asked for once more."""
    labels: tuple[str, ...] = ()
    """Labels whose probabilities as the first token are asked for; empty where a text is asked for."""

    def again(self, **params: Any) -> "Request":
        """Make the request of a second attempt, with some parameters changed (for example, more tokens)."""
        return replace(self, params={**self.params, **params}, attempt=self.attempt + 1)


class Usage(Record):
    """Tokens of one completion, as the provider counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Part of the prompt tokens that came out of the provider's cache."""
    reasoning_tokens: int = 0
    """Part of the completion tokens that is reasoning."""


class Failure(Record):
    """Why there is no reply."""

    kind: FailureKind
    message: str


class Completion(Record):
    """What came back for one request. Append-only: it was paid for."""

    key: str
    item_id: str
    sample: int = Field(default=0, ge=0, lt=MOST_SAMPLES)
    dimension: str | None = None
    attempt: int = 0
    reply: str | None = None
    finish_reason: str | None = None
    """As the provider said it: stop, length, content_filter, …"""
    refusal: str | None = None
    reasoning: str | None = None
    label_probabilities: dict[str, float] | None = None
    """Label -> its probability as the first token, over the whole vocabulary; what was not shown is absent.

    None where no labels were asked for. What a model in too narrow a number format makes of them (NaN) is no
    probability, and absent as well.
    """
    failure: Failure | None = None
    usage: Usage | None = None
    cost: float | None = None
    """In USD; None where no price is known."""
    latency: float | None = None
    """Seconds of the last try."""
    tries: int = 1
    model: str | None = None
    """The model as the provider named it in its reply."""
    dropped: tuple[str, ...] = ()
    """Parameters that the provider rejected and that were left out.

    ``system_role`` where the system's text stands before the user's, as the model knows no such role.
    """
    created: float | None = None
    """Unix time."""

    @field_validator("label_probabilities")
    @classmethod
    def _numbers_alone(cls, found: dict[str, float] | None) -> dict[str, float] | None:
        return found and {label: p for label, p in found.items() if not math.isnan(p)}

    @classmethod
    def of(cls, request: Request, **values: Any) -> "Completion":
        """Build the completion of a request."""
        return cls(
            key=request.key,
            item_id=request.item.id,
            sample=request.sample,
            dimension=request.dimension,
            attempt=request.attempt,
            **values,
        )


class Score(Record):
    """One value by one rater for one item on one dimension, or the reason why there is none."""

    item_id: str
    rater: str
    rater_kind: RaterKind
    dimension: str
    """A dimension of the rubric, `overall`, or one of the rubric's flags."""
    sample: int = Field(default=0, ge=0, lt=MOST_SAMPLES)
    value: float | str | None = None
    """A number; text only for text flags; a boolean flag is 1 or 0."""
    status: Status = "ok"
    reason: str | None = None
    """What the rater said for it; where there is no value, why there is none."""

    @model_validator(mode="after")
    def _has_a_value_exactly_when_ok(self) -> Self:
        if (self.value is not None) != (self.status == "ok"):
            raise ValueError(
                f"status {self.status!r} with value {self.value!r}: a value goes with status 'ok' alone"
            )
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise ValueError(f"value {self.value!r}: a score is a finite number")
        return self
