"""Parse completions into scores. Pure.

A score is either read from the reply or missing with a reason; it is never guessed. A verdict that the reply
quotes from the item is not the judge's verdict, and contradictory verdicts give no score.
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
    """Result of one reply for one dimension or flag."""

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
# Placeholders of the form in the prompt, where a score or a reason has to be filled in.
_FORM = re.compile(r":\s*(?:<[^<>\n]{1,40}>|\"(?:…|\.\.\.|<[^<>\n]{1,40}>)\")")
_ECHOES = {
    "same_as_in_item": "the verdict in the reply also stands in the item and has no reason of its own",
    "same_as_in_example": "the verdict in the reply is that of a worked example, with the reasons there",
}
_ONLY_REASONING = "the reply contains only reasoning and no answer"
LEAST_MASS = 0.5
"""Smallest total probability of the labels of the scale that gives an expected score."""


def score_rows(
    item: Item, completions: Iterable[Completion], rubric: Rubric, rater: str, samples: int = 1
) -> list[Score]:
    """Return all scores of one item: per sample, one for each dimension, the overall score and each flag."""
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
    """Parse a completion.

    Parameters
    ----------
    completion : Completion
        The completion, with a reply or a failure.
    rubric : Rubric
        Gives the scale, and the dimensions (with their aliases) and flags to look for.
    item : Item
        The item under judgment; verdicts in its own texts are not verdicts of the judge.

    Returns
    -------
    dict of str to Outcome
        One entry for each requested dimension and flag.
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
    if completion.finish_reason == "length":  # truncated: a value that could be read may be truncated, too
        return {name: o if _is_complete_json(text) else _truncated() for name, o in found.items()}
    return found


def is_readable(completion: Completion, rubric: Rubric, item: Item) -> bool:
    """Whether everything that was requested could be read."""
    return all(outcome.status == "ok" for outcome in read(completion, rubric, item).values())


def _no_reply(completion: Completion) -> Outcome | None:
    """Return the outcome of a completion without a reply; None if there is a reply."""
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
        return _unparsed(_ONLY_REASONING if completion.reasoning else "the reply is empty")
    return None


def _complete(outcomes: Mapping[str, Outcome], rubric: Rubric) -> dict[str, Outcome]:
    """Return all outcomes in the order of the rubric, with missing ones skipped and the overall score."""
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
    """Values derived from a rubric that are needed to parse replies."""

    rubric: Rubric
    names: Names
    shown: Sequence[ReplyVerdict]
    """Verdicts of the worked examples."""


_latest: list[_Reading] = []


def _reading_by(rubric: Rubric) -> _Reading:
    """Return the values derived from a rubric; cached, because a run parses all replies by one rubric."""
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
            return dict.fromkeys(asked, _unparsed(_ONLY_REASONING))
    verdicts = verdicts_in(objects.values, reading.names)
    own, problem = _judges_own(verdicts, reading, item)
    if objects.too_broken:
        problem = "this long reply consists almost entirely of broken JSON, so the search was stopped"
    elif own and (doubt := _broken_verdict(objects, reading.names, item)):
        problem = f"besides a verdict, the reply contains one that is not valid JSON: {_shown(doubt)}"
    elif own and (verdict := merged(own)) is None:
        problem = f"{len(own)} verdicts in the reply contradict each other"
    elif own and verdict and (otherwise := _correction(text, objects, verdict, item)):
        problem = f"the text after the verdict contradicts it: {_shown(otherwise)}"
    elif own and verdict:
        return {name: _outcome(verdict, name, rubric) for name in asked}
    elif not verdicts and _REFUSAL.match(text):
        return dict.fromkeys(asked, Outcome(None, "refused", text.strip()[:500]))
    return dict.fromkeys(asked, _unparsed(problem or _missing_verdict(objects)))


def _judges_own(
    verdicts: Sequence[ReplyVerdict], reading: _Reading, item: Item
) -> tuple[list[ReplyVerdict], str | None]:
    """Return the judge's own verdicts, and why the first of the others is not one."""
    held = embedded_verdicts(item, reading.names) if verdicts else EmbeddedVerdicts()
    own: list[ReplyVerdict] = []
    problems: list[str] = []
    for verdict in verdicts:
        if echo := echo_of(verdict, held, reading.shown, reading.rubric):
            problems.append(f"{echo}: {_ECHOES[echo]}")
        elif reading.rubric.reasons != "none" and verdict.is_form:
            problems.append("the reply is the form from the prompt, with placeholders instead of reasons")
        else:
            own.append(verdict)
    return own, min(problems, key=lambda problem: not problem.startswith(ECHO), default=None)


def _correction(text: str, objects: Objects, verdict: ReplyVerdict, item: Item) -> str | None:
    """Return a statement after the last object that gives another score and is not quoted from the item."""
    after = text[objects.spans[-1][1] :]
    found = (said for said in corrections(after, verdict.scores) if not is_quoted(item, said))
    return next(found, None)


def _broken_verdict(objects: Objects, names: Names, item: Item) -> str | None:
    """Return an unreadable object that names a dimension and is neither the form nor part of the item."""
    for source in objects.broken:
        names_dimension = any(names.name(key) in names.dimensions for key in keys_in(source))
        if names_dimension and not _FORM.search(source) and not is_in_item(item, source):
            return source
    return None


def _missing_verdict(objects: Objects) -> str:
    """Explain why no verdict was found, and what was found instead."""
    problem = "no JSON object with the dimensions in the reply"
    if objects.broken:
        seen = _shown(objects.broken[0])
        return f"{problem}: {seen} is not valid JSON, and repairs of punctuation did not suffice"
    if keys := list(dict.fromkeys(key for value in objects.values for key in value)):
        return f"{problem}: found the keys {', '.join(map(_shown, keys[:5]))}{', …' if len(keys) > 5 else ''}"
    return problem


def _outcome(verdict: ReplyVerdict, name: str, rubric: Rubric) -> Outcome:
    if name not in verdict.values:
        return _unparsed("missing from the reply")
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
        return _unparsed(f"{_shown(value)} is not a whole number; allowed are whole numbers")
    return Outcome(score, "ok", None)


def _bare_score(text: str, scale: RubricScale) -> Outcome:
    match = _BARE_NUMBER.fullmatch(text)
    if match:
        return _score(match[1], scale, whole=True)
    if _REFUSAL.match(text) and not any(map(str.isdecimal, text)):
        return Outcome(None, "refused", text.strip()[:500])
    return _unparsed(f"found {_shown(text.strip())}; allowed is one number from {scale.min} to {scale.max}")


def _may_go_on(text: str, scale: RubricScale) -> bool:
    """Whether a truncated number may be the beginning of another score, as 1 is of 10."""
    match = _BARE_NUMBER.fullmatch(text)
    digits = match[1] if match else ""
    return bool(digits) and any(
        str(label) != digits and str(label).startswith(digits) for label in scale.labels
    )


def _expected(probabilities: Mapping[str, float], reply: str | None, scale: RubricScale) -> Outcome:
    """Return the expectation over the labels (G-Eval, Liu et al. 2023); its reason is the distribution.

    It is the expectation given that the reply is a label of the scale. The reason also states the probability
    off the scale and the labels without a known probability.
    """
    known = {label: probabilities[str(label)] for label in scale.labels if str(label) in probabilities}
    mass = sum(known.values())
    if mass < LEAST_MASS:
        return _unparsed(
            f"only {mass:.1%} of the probability is on the scale; the reply would be {_shown(reply)}"
        )
    value = sum(label * probability for label, probability in known.items()) / mass
    said = ", ".join(f"{label}: {probability:.4f}" for label, probability in known.items())
    if hidden := [str(label) for label in scale.labels if label not in known]:
        said += f"; not listed: {', '.join(hidden)}"
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
    return Outcome(None, "truncated", "the reply was truncated at its token limit")


def _unparsed(reason: str) -> Outcome:
    return Outcome(None, "unparsed", reason)


def _shown(value: Any) -> str:
    return repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "…"
