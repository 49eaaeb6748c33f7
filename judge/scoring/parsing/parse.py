"""Completion -> Scores. Pure.

A score is read or it is missing with a reason; none is ever made up. What a reply quotes from the item under
judgment is not the judge's verdict, and two verdicts that contradict each other are none.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from judge.records import OVERALL, Completion, Item, Score, Status
from judge.rubric import Flag, Rubric, RubricScale
from judge.scoring.parsing.echoes import (
    ECHO,
    EmbeddedVerdicts,
    echo_of,
    embedded_verdicts,
    example_verdicts,
    is_in_item,
    is_quoted,
)
from judge.scoring.parsing.json_objects import Objects, find_objects, keys_in
from judge.scoring.parsing.prose import corrections, without_thoughts
from judge.scoring.parsing.repaired_json import CONTRADICTION
from judge.scoring.parsing.verdicts import Names, ReplyVerdict, merged, number, verdicts_in


class Outcome(NamedTuple):
    """What one reply says about one dimension or flag."""

    value: float | str | None
    status: Status
    reason: str | None


_BARE_NUMBER = re.compile(
    r"[\s*_`'\"{\ufeff\u200b]*(?:score|rating|answer)?[\s*_`'\":=]*"
    r"(-?\d+(?:\.\d+)?(?:\s*/\s*\d+)?)[\s*_`'\".}\u200b]*",
    re.I,
)
_REFUSAL = re.compile(
    r"\W*(?:i['’]?m (?:very )?sorry|i am sorry|sorry|i can(?:no|['’])t|i(?: a|['’])m (?:unable|not able))\b",
    re.I,
)
_FENCE = re.compile(r"\s*```(?:json)?\s*\n?(.*?)\n?\s*```\s*", re.S | re.I)
# Where the form that was shown has a score or a reason to fill in.
_FORM = re.compile(r":\s*(?:<[^<>\n]{1,40}>|\"(?:…|\.\.\.|<[^<>\n]{1,40}>)\")")
_ECHOES = {
    "same_as_in_item": "the verdict in the reply also stands in the item and has no reason of its own",
    "same_as_in_example": "the verdict in the reply is that of a worked example, with the reasons there",
}
_ONLY_THOUGHT = "the reply is a thought without an answer after it"
LEAST_MASS = 0.5
"""Less of the probability on the scale's labels is no score: the judge wants to say something else."""


def score_rows(
    item: Item, completions: Iterable[Completion], rubric: Rubric, rater: str, samples: int = 1
) -> list[Score]:
    """All scores of one item: for each sample a row for every dimension, the overall score, every flag."""
    answered: dict[int, dict[str, Outcome]] = {sample: {} for sample in range(samples)}
    for completion in completions:
        answered.setdefault(completion.sample, {}).update(read(completion, rubric, item))
    return [
        Score(
            item_id=item.id,
            rater=rater,
            rater_kind="judge",
            dimension=name,
            sample=sample,
            **outcome._asdict(),
        )
        for sample, outcomes in answered.items()
        for name, outcome in _complete(outcomes, rubric).items()
    ]


def read(completion: Completion, rubric: Rubric, item: Item) -> dict[str, Outcome]:
    """What a completion says about everything it was asked for.

    Parameters
    ----------
    completion : Completion
    rubric : Rubric
        Its scale bounds the scores; its dimensions (with their aliases) and flags are what is looked for.
    item : Item
        The item under judgment: verdicts that stand in its own texts are no verdicts of the judge.

    Returns
    -------
    dict of str to Outcome
        One entry for each asked name, whatever happened.
    """
    asked = [completion.dimension] if completion.dimension else rubric.asked
    if completion.label_probabilities is not None:
        return dict.fromkeys(asked, _expected(completion.label_probabilities, completion.reply, rubric.scale))
    if missing := _no_reply(completion):
        return dict.fromkeys(asked, missing)
    text = completion.reply or ""
    if completion.dimension:
        found = {completion.dimension: _bare_score(text, rubric.scale)}
        if completion.finish_reason == "length" and _may_go_on(text, rubric.scale):
            return {completion.dimension: _truncated()}
    else:
        found = _read_json(text, rubric, item, asked)
    if completion.finish_reason == "length":  # cut: whatever could be read may be cut, too
        return {name: o if _is_complete_json(text) else _truncated() for name, o in found.items()}
    return found


def is_readable(completion: Completion, rubric: Rubric, item: Item) -> bool:
    """Whether everything that was asked for could be read."""
    return all(outcome.status == "ok" for outcome in read(completion, rubric, item).values())


def _no_reply(completion: Completion) -> Outcome | None:
    """The outcome for everything where there is nothing to read."""
    if failure := completion.failure:
        return Outcome(
            None, "refused" if failure.kind == "filter" else "failed", f"{failure.kind}: {failure.message}"
        )
    if completion.refusal:
        return Outcome(None, "refused", completion.refusal)
    if completion.finish_reason == "content_filter":
        return Outcome(None, "refused", "the provider's content filter withheld the reply")
    if not (completion.reply or "").strip():
        if completion.finish_reason == "length":
            return _truncated()
        return _unparsed(_ONLY_THOUGHT if completion.reasoning else "the reply is empty")
    return None


def _complete(outcomes: Mapping[str, Outcome], rubric: Rubric) -> dict[str, Outcome]:
    """Everything in the rubric's order: what was not asked is skipped, the overall score is worked out."""
    skipped = Outcome(None, "skipped", "not asked yet")
    full = {name: outcomes.get(name, skipped) for name in rubric.asked}
    if rubric.overall.how == "none":
        return full
    overall = _overall(full, rubric)
    flags = {name: full.pop(name) for name in rubric.flags}
    return {**full, OVERALL: overall, **flags}


def _overall(outcomes: Mapping[str, Outcome], rubric: Rubric) -> Outcome:
    judged = outcomes.get(OVERALL)
    if judged and judged.status != "ok":
        return judged
    scores = {name: o.value for name, o in outcomes.items() if isinstance(o.value, float)}
    dimensions = {name: scores[name] for name in rubric.dimensions if name in scores}
    value = rubric.overall_score(dimensions, judged=scores.get(OVERALL))
    if value is not None:
        return Outcome(value, "ok", judged.reason if judged else None)
    name = next(name for name in rubric.dimensions if name not in scores)
    return Outcome(None, outcomes[name].status, f"{name} has no score")


class _Reading(NamedTuple):
    """What all replies to one rubric are read with."""

    rubric: Rubric
    names: Names
    shown: Sequence[ReplyVerdict]
    """Verdicts of the worked examples."""


_latest: list[_Reading] = []


def _reading_by(rubric: Rubric) -> _Reading:
    """What replies are read with; kept for the next reply, because a run reads all of them by one rubric."""
    if not _latest or _latest[0].rubric is not rubric:
        names = Names(rubric)
        _latest[:] = [_Reading(rubric, names, example_verdicts(rubric, names))]
    return _latest[0]


def _read_json(text: str, rubric: Rubric, item: Item, asked: Sequence[str]) -> dict[str, Outcome]:
    reading = _reading_by(rubric)
    objects = find_objects(text, reading.names.is_known)
    if (answer := without_thoughts(text, objects.spans)) != text:
        text = answer
        had_objects, objects = bool(objects.values), find_objects(text, reading.names.is_known)
        if not text.strip() or (had_objects and not objects.values):
            return dict.fromkeys(asked, _unparsed(_ONLY_THOUGHT))
    verdicts = verdicts_in(objects.values, reading.names)
    own, problem = _judges_own(verdicts, reading, item)
    if objects.too_broken:
        problem = "nearly everything in this long reply is broken JSON, so it was not searched to its end"
    elif own and (doubt := _broken_verdict(objects, reading.names, item)):
        problem = f"beside a verdict the reply holds one that is not valid JSON: {_shown(doubt)}"
    elif own and (verdict := merged(own)) is None:
        problem = f"{len(own)} verdicts in the reply contradict each other"
    elif own and verdict and (otherwise := _correction(text, objects, verdict, item)):
        problem = f"the text after the verdict says otherwise: {_shown(otherwise)}"
    elif own and verdict:
        return {name: _outcome(verdict, name, rubric) for name in asked}
    elif not verdicts and _REFUSAL.match(text):
        return dict.fromkeys(asked, Outcome(None, "refused", text.strip()[:500]))
    return dict.fromkeys(asked, _unparsed(problem or _missing_verdict(objects)))


def _judges_own(
    verdicts: Sequence[ReplyVerdict], reading: _Reading, item: Item
) -> tuple[list[ReplyVerdict], str | None]:
    """The judge's own verdicts; and, where others stand in the reply, what is wrong with those."""
    held = embedded_verdicts(item, reading.names) if verdicts else EmbeddedVerdicts()
    own: list[ReplyVerdict] = []
    problems: list[str] = []
    for verdict in verdicts:
        if echo := echo_of(verdict, held, reading.shown, reading.rubric):
            problems.append(f"{echo}: {_ECHOES[echo]}")
        elif reading.rubric.reasons != "none" and verdict.is_form:
            problems.append("the reply is the form that was shown: placeholders stand where reasons belong")
        else:
            own.append(verdict)
    return own, min(problems, key=lambda problem: not problem.startswith(ECHO), default=None)


def _correction(text: str, objects: Objects, verdict: ReplyVerdict, item: Item) -> str | None:
    """What the text after the last object gives another score for; a quotation of the item does not count."""
    after = text[objects.spans[-1][1] :]
    found = (said for said in corrections(after, verdict.scores) if not is_quoted(item, said))
    return next(found, None)


def _broken_verdict(objects: Objects, names: Names, item: Item) -> str | None:
    """An object that names a dimension and cannot be read, unless it is the form or stands in the item."""
    for source in objects.broken:
        names_dimension = any(names.name(key) in names.dimensions for key in keys_in(source))
        if names_dimension and not _FORM.search(source) and not is_in_item(item, source):
            return source
    return None


def _missing_verdict(objects: Objects) -> str:
    """Why nothing was read, with what was seen instead."""
    problem = "no JSON object with the dimensions in the reply"
    if objects.broken:
        seen = _shown(objects.broken[0])
        return f"{problem}: {seen} is not valid JSON, and only its punctuation could be repaired"
    if keys := list(dict.fromkeys(key for value in objects.values for key in value)):
        return f"{problem}: found the keys {', '.join(map(_shown, keys[:5]))}{', …' if len(keys) > 5 else ''}"
    return problem


def _outcome(verdict: ReplyVerdict, name: str, rubric: Rubric) -> Outcome:
    if name not in verdict.values:
        return _unparsed("missing in the reply")
    if flag := rubric.flags.get(name):
        return _flag(verdict.values[name], flag)
    outcome = _score(verdict.values[name], rubric.scale, whole=name != OVERALL)
    return Outcome(outcome.value, "ok", verdict.reason(name)) if outcome.status == "ok" else outcome


def _score(value: Any, scale: RubricScale, *, whole: bool) -> Outcome:
    if value is CONTRADICTION:
        return _unparsed("given twice with different values")
    score = number(value, scale)
    if score is None:
        return _unparsed(f"found {_shown(value)}; allowed are {scale.min} to {scale.max}")
    if not scale.holds(score):
        return _unparsed(f"{_shown(value)} is off the scale {scale.min} to {scale.max}")
    if whole and score != int(score):
        return _unparsed(f"{_shown(value)} lies between two scores; allowed are whole numbers")
    return Outcome(score, "ok", None)


def _bare_score(text: str, scale: RubricScale) -> Outcome:
    match = _BARE_NUMBER.fullmatch(text)
    if match:
        return _score(match[1], scale, whole=True)
    if _REFUSAL.match(text) and not any(map(str.isdecimal, text)):
        return Outcome(None, "refused", text.strip()[:500])
    return _unparsed(f"found {_shown(text.strip())}; allowed is one number from {scale.min} to {scale.max}")


def _may_go_on(text: str, scale: RubricScale) -> bool:
    """Whether a number that was cut may be the beginning of another score, as 1 is of 10."""
    match = _BARE_NUMBER.fullmatch(text)
    digits = match[1] if match else ""
    return bool(digits) and any(
        str(label) != digits and str(label).startswith(digits) for label in scale.labels
    )


def _expected(probabilities: Mapping[str, float], reply: str | None, scale: RubricScale) -> Outcome:
    """The expectation over the labels (Liu et al. 2023, G-Eval); the distribution is kept as its reason.

    It is the expectation given that the reply is on the scale. What lies off it, and which labels were not
    shown, is said.
    """
    known = {label: probabilities[str(label)] for label in scale.labels if str(label) in probabilities}
    mass = sum(known.values())
    if mass < LEAST_MASS:
        return _unparsed(f"only {mass:.1%} of the probability is on the scale; it would say {_shown(reply)}")
    value = sum(label * probability for label, probability in known.items()) / mass
    said = ", ".join(f"{label}: {probability:.4f}" for label, probability in known.items())
    if hidden := [str(label) for label in scale.labels if label not in known]:
        said += f"; not shown: {', '.join(hidden)}"
    off = max(0.0, 1.0 - mass)
    return Outcome(min(max(value, min(known)), max(known)), "ok", f"{said}; off the scale: {off:.4f}")


def _flag(value: Any, flag: Flag) -> Outcome:
    if flag.type == "text":
        said = "" if value is None else value
        return (
            Outcome(said, "ok", None)
            if isinstance(said, str)
            else _unparsed(f"found {_shown(value)}; allowed is text")
        )
    known = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
    meant = known.get(str(value).strip().lower()) if isinstance(value, bool | str) else None
    return (
        _unparsed(f"found {_shown(value)}; allowed are true and false")
        if meant is None
        else Outcome(meant, "ok", None)
    )


def _is_complete_json(text: str) -> bool:
    fenced = _FENCE.fullmatch(text)
    try:
        json.loads(fenced[1] if fenced else text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _truncated() -> Outcome:
    return Outcome(None, "truncated", "the reply was cut at its token limit")


def _unparsed(reason: str) -> Outcome:
    return Outcome(None, "unparsed", reason)


def _shown(value: Any) -> str:
    return repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "…"
