"""Read the answers of a decision model: probabilities -> outcomes. Pure.

Which reader a reply gets is decided by the judge of the run and by what the run stored about its questions,
never by the text: a chat reply that looks like probabilities is no distribution.
"""

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, TypeGuard

from judge.errors import RunError
from judge.records import Completion, Record
from judge.rubric import CRITERIA, Rubric
from judge.scoring.judge import DECISION_ROUTES
from judge.scoring.parsing.values import LEAST_MASS, Outcome, ValueReader, shown, unparsed
from judge.scoring.reply_form import NO_VERDICT

_LEAST_TOLERANCE = 0.01
_FLOAT_ERROR = 1e-9
_NOTED_DIFFERENCE = 0.02
"""Difference between a stated score and that of the probabilities, in levels, that is noted in the reason."""
_LEVEL = re.compile(r"score (-?\d+)(?=:|$)")
"""Beginning of a level of System One, as it was asked."""
_TYPES = {"openai": {}, "systemone": {"predicate": "noul"}}
"""Shape -> type of a question -> its name on the wire, where that is another one."""


class AskedQuestion(Record):
    """One question as a run stores it."""

    type: Literal["predicate", "choice", "score"]
    labels: dict[str, str]
    """Option -> the label of the scale that it stands for; those of a score from lowest to highest."""

    @cached_property
    def by_index(self) -> dict[str, str]:
        """Index of a level as text -> its option."""
        return {str(index): option for index, option in enumerate(self.labels)}

    def option(self, value: Any) -> str | None:
        """Return the option that a key of probabilities means: of a score, the index of a level."""
        options = self.by_index if self.type == "score" else self.labels
        if not isinstance(value, str) or value not in options:
            return None
        return options[value] if self.type == "score" else value


class DecisionForm(Record):
    """How a run asked a decision model; needed to read its replies.

    Attributes
    ----------
    dialect : str
        Name of the dialect that was spoken.
    shape : {'openai', 'systemone'}
        Whether answers are a list with names, or a mapping.
    questions : dict of str to AskedQuestion
        Dimension or flag -> its question; ``criteria`` is that for each criterion of an item.
    """

    dialect: str
    shape: Literal["openai", "systemone"]
    questions: dict[str, AskedQuestion]


class RunFacts(Protocol):
    """Where a run is, and what it stores about itself."""

    path: Path

    def fact(self, name: str) -> Any:
        """Return one fact of the run."""


class _UnreadableAnswer(Exception):
    """An answer that gives no distribution; the text says why."""


def form_of(run: RunFacts) -> DecisionForm | None:
    """Return how a run asked its decision model; None if its judge is no decision model.

    Raises
    ------
    RunError
        The run does not say how its questions were asked.
    """
    if run.fact("judge")["model"].partition(":")[0] not in DECISION_ROUTES:
        return None
    if (kept := run.fact("decisions")) is None:
        raise RunError(
            f"{run.path}: lacks the fact 'decisions', which says how its questions were asked. Score again; "
            "the same command keeps the stored replies"
        )
    return DecisionForm.model_validate(kept)


def read_answers(
    completion: Completion, form: DecisionForm, rubric: Rubric, asked: Sequence[str], *, is_criteria: bool
) -> dict[str, Outcome]:
    """Return the outcome of each dimension, flag or criterion in `asked`."""
    reply = _decoded(completion.reply or "")
    if not isinstance(reply, dict):
        return dict.fromkeys(asked, unparsed(f"the reply is no JSON object: {shown(completion.reply)}"))
    answers = _answers(reply, form.shape)
    if not answers and (feedback := reply.get("prompt_feedback")):
        return dict.fromkeys(asked, Outcome(None, "refused", f"the model declined: {shown(feedback)}"))
    found = {}
    for name in asked:
        question = form.questions.get(CRITERIA if is_criteria else name)
        answer = question and _Answer(name, question, answers.get(name), reply, form)
        found[name] = _outcome(answer, rubric) if answer else unparsed("the model was not asked")
    return found


def distributions(
    completion: Completion, form: DecisionForm, rubric: Rubric
) -> dict[str, Mapping[str, float]]:
    """Return the probabilities of the labels of each dimension (and the overall score) that has them."""
    reply = _decoded(completion.reply or "")
    answers = _answers(reply, form.shape) if isinstance(reply, dict) else {}
    found: dict[str, Mapping[str, float]] = {}
    for name in form.questions.keys() & set(rubric.judged):
        answer = _Answer(name, form.questions[name], answers.get(name), reply, form)
        try:
            labels = answer.labels() if answer.problem() is None else None
        except _UnreadableAnswer:
            continue
        if labels:
            found[name] = labels
    return found


class _Answer:
    """The answer to one question, as it came."""

    def __init__(
        self, name: str, question: AskedQuestion, answer: Any, reply: Any, form: DecisionForm
    ) -> None:
        self.name = name
        self.wanted = question
        self.fields: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
        self._answer = answer
        self._reply = reply
        self._form = form

    @property
    def stated_score(self) -> float | None:
        """The expected level as the model states it, counted from 0; None for other questions."""
        stated = self.fields.get("score")
        return float(stated) if self.wanted.type == "score" and _is_number(stated) else None

    def problem(self) -> Outcome | None:
        """Return the outcome of an answer that is missing, declined or of another type; else None."""
        if self._answer is None:
            return unparsed("missing from the reply")
        if isinstance(self._answer, list):  # the values of a name that stands twice
            return unparsed("answered twice")
        found = self.fields.get("type")
        if found == "refusal":
            return Outcome(None, "refused", "the model declined this question")
        wanted = _TYPES[self._form.shape].get(self.wanted.type, self.wanted.type)
        if found != wanted:
            return unparsed(f"found an answer of type {shown(found)}; the question was of type {wanted!r}")
        return None

    def labels(self) -> dict[str, float] | None:
        """Return label -> probability, over all that the model could reply; None if none are given."""
        if self.wanted.type == "predicate":
            return self._of_predicate()
        found = self._probabilities()
        if found is None:
            return None
        mass = self._label_mass()
        if not _sums_to(1.0, found.values()):
            if mass is None or not _sums_to(mass, found.values()):
                total = math.fsum(found.values())
                raise _UnreadableAnswer(f"the probabilities sum to {total:.4f}; allowed is 1")
            mass = 1.0  # they are probabilities over the whole vocabulary already
        share, labels = 1.0 if mass is None else mass, self.wanted.labels
        return {labels[option]: p * share for option, p in found.items()}

    def _of_predicate(self) -> dict[str, float]:
        # Databricks calls it probability in both shapes.
        p = min(_probability(self.fields.get("probability", self.fields.get("noul")), "true"), 1.0)
        mass = self._label_mass()
        share = 1.0 if mass is None else mass
        return {"1": p * share, "0": (1 - p) * share}

    def _probabilities(self) -> dict[str, float] | None:
        """Return option -> its probability; None if there are none."""
        given = self.fields.get("probabilities")
        if given is None:
            return None
        if self._form.shape == "openai":
            pairs = [self._pair(entry) for entry in given] if isinstance(given, list) else []
        else:
            pairs = list(given.items()) if isinstance(given, dict) else []
            self._check_legend()
        found: dict[str, float] = {}
        for value, p in pairs:
            option = self.wanted.option(value)
            if option is None:
                break
            found[option] = _probability(p, option)
        if not pairs or len(found) < len(pairs):
            given = [value for value, _ in pairs]
            raise _UnreadableAnswer(
                f"the probabilities are those of {shown(given)}; asked were {shown(list(self.wanted.labels))}"
            )
        return found

    def _pair(self, entry: Any) -> tuple[Any, Any]:
        """Return key and probability of an entry of a list, as they would stand in a mapping."""
        if not isinstance(entry, dict):
            return None, None
        value = entry.get("value")
        if self.wanted.type != "score":
            return value, entry.get("probability")
        index = str(value) if type(value) is int else None  # not a truth value
        label = entry.get("label")
        if isinstance(label, str) and label != self.wanted.option(index):
            raise _UnreadableAnswer(
                f"level {shown(value)} has the label {shown(label)}, which is that of another one"
            )
        return index, entry.get("probability")

    def _check_legend(self) -> None:
        """Check that System One's repetition of a level is that of the level with this index."""
        legend = self.fields.get("legend")
        for index, text in legend.items() if self.wanted.type == "score" and isinstance(legend, dict) else ():
            asked = _LEVEL.match(text) if isinstance(text, str) else None
            if asked and asked[1] in self.wanted.labels and asked[1] != self.wanted.option(index):
                raise _UnreadableAnswer(
                    f"level {shown(index)} has the legend {shown(text)}, which is that of another one"
                )

    def _label_mass(self) -> float | None:
        """Return the probability that the server reports for all labels together; None if it reports none."""
        of_all = self._reply.get("diagnostics") if isinstance(self._reply, dict) else None
        own = of_all.get(self.name) if isinstance(of_all, dict) else None
        places = [(self.fields, "label_mass"), (self.fields, "x_label_mass"), (own, "label_mass")]
        mass = next((p[name] for p, name in places if isinstance(p, dict) and name in p), None)
        if mass is None:
            return None
        if not (_is_number(mass) and 0 <= mass <= 1 + _LEAST_TOLERANCE):
            raise _UnreadableAnswer(f"the server reports a label mass of {shown(mass)}; allowed are 0 to 1")
        return min(float(mass), 1.0)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _answers(reply: Mapping[str, Any], shape: str) -> dict[Any, Any]:
    """Return name -> answer; a name that is answered twice has no answer that counts."""
    found = reply.get("answers")
    if shape == "systemone":
        return found if isinstance(found, dict) else {}
    by_name: dict[Any, Any] = {}
    for answer in found if isinstance(found, list) else []:
        name = answer.get("name") if isinstance(answer, dict) else None
        if isinstance(name, str):
            by_name[name] = [by_name[name], answer] if name in by_name else answer
    return by_name


def _probability(p: Any, option: str) -> float:
    if not (_is_number(p) and 0 <= p <= 1 + _LEAST_TOLERANCE):
        raise _UnreadableAnswer(f"found the probability {shown(p)} of {shown(option)}; allowed are 0 to 1")
    return p


def _is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a number that is neither NaN nor beyond all bounds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9


def _sums_to(wanted: float, values: Collection[float]) -> bool:
    """Whether probabilities, which may be rounded, have a sum.

    Each may be off by half of its last decimal, but none is rounded to a whole number.

    >>> _sums_to(1, [0.33, 0.33, 0.33]), _sums_to(1, [0.9, 0.1, 0.1]), _sums_to(1, [1, 1, 0])
    (True, True, False)
    """
    if abs(wanted - math.fsum(values)) <= _LEAST_TOLERANCE + _FLOAT_ERROR:
        return True
    decimals = max(1, *(-int(Decimal(repr(value)).as_tuple().exponent) for value in values))
    half = 0.5 * 10.0**-decimals
    least, most = (math.fsum(min(max(p + off, 0.0), 1.0) for p in values) for off in (-half, half))
    return least - _FLOAT_ERROR <= wanted <= most + _FLOAT_ERROR


def _outcome(answer: _Answer, rubric: Rubric) -> Outcome:
    if problem := answer.problem():
        return problem
    try:
        labels = answer.labels()
        if labels is None:
            return _without_probabilities(answer, rubric)
    except _UnreadableAnswer as error:
        return unparsed(str(error))
    mass = sum(labels.values())
    if mass < LEAST_MASS:
        return unparsed(f"only {mass:.1%} of the probability is on the options")
    if answer.name in rubric.flags:
        p = labels["1"] / mass
        off = f"; off the options: {1 - mass:.4f}" if mass < 1 - _LEAST_TOLERANCE else ""
        return Outcome(float(p >= 0.5), "ok", f"probability {p:.4f}{off}")
    return _scored(answer, labels, rubric)


_MOST_KEPT = 256
_readers: dict[tuple[int, str], tuple[Rubric, ValueReader]] = {}


def _reader_of(rubric: Rubric, name: str) -> ValueReader:
    """Return the reader of a dimension; kept, because a run reads many answers by one rubric."""
    kept = _readers.get((id(rubric), name))
    if kept is None:
        if len(_readers) >= _MOST_KEPT:
            _readers.clear()
        kept = _readers[id(rubric), name] = (rubric, ValueReader.of(rubric, name))
    return kept[1]  # the rubric is kept with it, so that no other one gets its address


def _scored(answer: _Answer, labels: Mapping[str, float], rubric: Rubric) -> Outcome:
    reader = _reader_of(rubric, answer.name)
    outcome = reader.expected(labels, None)
    if outcome.status != "ok":
        return outcome
    if _is_nominal(reader):
        numbers = {label: p for label, p in labels.items() if label != NO_VERDICT}
        outcome = outcome._replace(value=float(max(numbers, key=lambda label: numbers[label])))
    if (stated := answer.stated_score) is not None and isinstance(outcome.value, float):
        stated += reader.scale.min
        if abs(stated - outcome.value) > _NOTED_DIFFERENCE:
            return outcome._replace(reason=f"{outcome.reason}; the model states {stated:g}")
    return outcome


def _is_nominal(reader: ValueReader) -> bool:
    """Whether the numbers of a scale have no order, so that their mean has no meaning."""
    is_score = reader.dimension is None or reader.dimension.type == "score"
    return is_score and reader.scale.level == "nominal"


def _without_probabilities(answer: _Answer, rubric: Rubric) -> Outcome:
    """Take the stated score or choice; its distribution is missing."""
    reader, question = _reader_of(rubric, answer.name), answer.wanted
    note = "as the model states it, without probabilities"
    if question.type == "score":
        stated, last = answer.stated_score, len(question.labels) - 1
        if stated is None or not 0 <= stated <= last:
            found = shown(answer.fields.get("score"))
            return unparsed(f"no probabilities, and the score is {found}; allowed are 0 to {last}")
        return Outcome(reader.scale.min + stated, "ok", note)
    label = question.labels.get(str(answer.fields.get("choice")))
    is_mean = not _is_nominal(reader) and (reader.dimension is None or reader.dimension.type == "score")
    if label is None or (is_mean and label != NO_VERDICT):
        return unparsed("no probabilities, and an expected score needs them")
    return (reader.bare(label) or unparsed(f"found {shown(label)}"))._replace(reason=note)
