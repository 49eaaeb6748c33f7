"""Parse completions into scores. Pure.

A score is either read from the reply or missing with a reason; it is never guessed. A verdict that the reply
quotes from the item is not the judge's verdict, and contradictory verdicts give no score.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from judge.records import OVERALL, Completion, Item, Score
from judge.rubric import CRITERIA, ItemRubric, ItemRubrics, Rubric, asks_criteria
from judge.scoring.parsing.choice_answers import ReplyForm, read_choice
from judge.scoring.parsing.decision_answers import DecisionForm, read_answers
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
from judge.scoring.parsing.values import Outcome, ValueReader, read_flag, shown, unparsed
from judge.scoring.parsing.verdicts import Names, ReplyVerdict, merged, verdicts_in

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


def score_rows(
    item: Item,
    completions: Iterable[Completion],
    rubric: Rubric,
    rater: str,
    samples: int = 1,
    form: ReplyForm = None,
) -> list[Score]:
    """Return the scores of one item: a row for each dimension, flag and criterion of each sample.

    Of several replies to one request, the last one that holds a value decides. `form` says how replies
    are read; None reads them as judgments in text.
    """
    own = _rubric_of(item, rubric)
    answered: dict[int, dict[str, Outcome]] = {sample: {} for sample in range(samples)}
    for completion in completions:
        known = answered.setdefault(completion.sample, {})
        for name, outcome in _read(completion, own, item, form).items():
            if name not in known or _is_value(outcome) or not _is_value(known[name]):
                known[name] = outcome
    return [
        Score(
            item_id=item.id,
            rater=rater,
            rater_kind="judge",
            dimension=CRITERIA if asks_criteria(name) else name,
            criterion=name.partition("/")[2] if asks_criteria(name) else None,
            sample=sample,
            **outcome._asdict(),
        )
        for sample, outcomes in answered.items()
        for name, outcome in _complete(outcomes, rubric, own).items()
    ]


def read(completion: Completion, rubric: Rubric, item: Item, form: ReplyForm = None) -> dict[str, Outcome]:
    """Parse a completion.

    Parameters
    ----------
    completion : Completion
    rubric : Rubric
        Gives the scales, and the dimensions (with their aliases) and flags to look for.
    item : Item
        The item under judgment; verdicts in its own texts are not verdicts of the judge.
    form : DecisionForm, 'letters' or None
        How a decision model was asked, or that the reply chooses a letter; None for all other judges.

    Returns
    -------
    dict of str to Outcome
        One entry for each requested dimension and flag; ``criteria/ID`` is a criterion of the item.
    """
    return _read(completion, _rubric_of(item, rubric), item, form)


def _read(completion: Completion, own: ItemRubric, item: Item, form: ReplyForm) -> dict[str, Outcome]:
    if form == "letters":
        return read_choice(completion, item)
    part = own.parts.get(completion.dimension)
    if part is None:  # asked by a rubric with other dimensions
        return {}
    if form:
        return _read_decisions(completion, part, form)
    if not asks_criteria(completion.dimension):
        name = completion.dimension
        return _read_part(completion, part, item, part.asked if name is None else [name])
    found = _read_part(completion, part, item, part.asked)
    return {f"{CRITERIA}/{name}": outcome for name, outcome in found.items()}


def _read_decisions(completion: Completion, part: Rubric, form: DecisionForm) -> dict[str, Outcome]:
    is_criteria = asks_criteria(completion.dimension)
    if missing := _no_reply(completion):
        found = dict.fromkeys(part.asked, missing)
    else:
        found = read_answers(completion, form, part, part.asked, is_criteria=is_criteria)
    return {f"{CRITERIA}/{name}" if is_criteria else name: outcome for name, outcome in found.items()}


def _read_part(
    completion: Completion, rubric: Rubric, item: Item, asked: Sequence[str]
) -> dict[str, Outcome]:
    is_bare = completion.label_probabilities is not None or rubric.reply == "number"
    if completion.label_probabilities is not None:
        reader = ValueReader.of(rubric, asked[0])
        return dict.fromkeys(asked, reader.expected(completion.label_probabilities, completion.reply))
    if missing := _no_reply(completion):
        return dict.fromkeys(asked, missing)
    text = completion.reply or ""
    if is_bare:
        reader = ValueReader.of(rubric, asked[0])
        if completion.finish_reason == "length" and reader.may_go_on(text):
            return dict.fromkeys(asked, _truncated())
        found = dict.fromkeys(asked, _bare(reader, text))
    else:
        found = _read_json(text, rubric, item, asked)
    if completion.finish_reason == "length":  # truncated: a value that could be read may be truncated, too
        return {name: o if _is_complete_json(text) else _truncated() for name, o in found.items()}
    return found


def _bare(reader: ValueReader, text: str) -> Outcome:
    if outcome := reader.bare(text):
        return outcome
    if _REFUSAL.match(text) and not any(map(str.isdecimal, text)):
        return Outcome(None, "refused", text.strip()[:500])
    return unparsed(f"found {shown(text.strip())}; allowed is {reader.bare_form}")


def is_readable(completion: Completion, rubric: Rubric, item: Item) -> bool:
    """Whether everything that was requested could be read from a reply in text."""
    return all(map(_is_value, read(completion, rubric, item).values()))


def _is_value(outcome: Outcome) -> bool:
    return outcome.status in ("ok", "abstained")


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
        return unparsed(_ONLY_REASONING if completion.reasoning else "the reply is empty")
    return None


def _complete(outcomes: Mapping[str, Outcome], rubric: Rubric, own: ItemRubric) -> dict[str, Outcome]:
    """Return all outcomes in the order of the rubric, with missing ones skipped and the overall score."""

    def outcome(name: str) -> Outcome:
        if why := own.not_applicable.get(name):
            return Outcome(None, "not_applicable", why)
        return outcomes.get(name, Outcome(None, "skipped", "not asked yet"))

    full = {name: outcome(name) for name in rubric.dimensions}
    criteria = {f"{CRITERIA}/{key}": outcome(f"{CRITERIA}/{key}") for key in own.criteria}
    if rubric.overall.how != "none":
        judged = outcome(OVERALL) if OVERALL in rubric.judged else None
        full[OVERALL] = _overall({**full, **criteria}, judged, own)
    return {**full, **{name: outcome(name) for name in rubric.flags}, **criteria}


def _overall(outcomes: Mapping[str, Outcome], judged: Outcome | None, own: ItemRubric) -> Outcome:
    if why := own.not_applicable.get(OVERALL):
        return Outcome(None, "not_applicable", why)
    if judged and judged.status != "ok":
        return judged
    numbers = {name: o.value for name, o in outcomes.items() if isinstance(o.value, float)}
    met = {name.partition("/")[2]: value for name, value in numbers.items() if asks_criteria(name)}
    scores = {name: value for name, value in numbers.items() if name in own.rubric.dimensions}
    given = judged.value if judged and isinstance(judged.value, float) else None
    value = own.overall_score(scores, met, given)
    if value is not None:
        return Outcome(value, "ok", judged.reason if judged else None)
    missing = {name: o for name, o in outcomes.items() if name in _needed(own) and o.status != "ok"}
    # What may still be answered comes before what the judge cannot tell.
    name = min(missing, key=lambda name: missing[name].status == "abstained")
    return Outcome(None, missing[name].status, f"{name} has no score")


def _needed(own: ItemRubric) -> set[str]:
    """Names of all that the overall score is computed of."""
    overall = own.rubric.overall
    names = {*own.rubric.combined, *(name for cap in overall.caps for name in cap.below)}
    return names | ({f"{CRITERIA}/{key}" for key in own.criteria} if overall.how == "points" else set())


class _Reading(NamedTuple):
    """Values derived from a rubric that are needed to parse replies."""

    rubric: Rubric
    names: Names
    shown: Sequence[ReplyVerdict]
    """Verdicts of the worked examples."""


_MOST_KEPT = 64
_readings: dict[int, _Reading] = {}
_rubrics: dict[int, tuple[Rubric, ItemRubrics]] = {}


def _reading_by(rubric: Rubric) -> _Reading:
    """Return the values derived from a rubric; cached, because a run parses many replies by one rubric."""
    kept = _readings.get(id(rubric))
    if kept is None:
        if len(_readings) >= _MOST_KEPT:
            _readings.clear()
        names = Names(rubric)
        kept = _readings[id(rubric)] = _Reading(rubric, names, example_verdicts(rubric, names))
    return kept  # it holds the rubric, so that no other one gets its address


def _rubric_of(item: Item, rubric: Rubric) -> ItemRubric:
    kept = _rubrics.get(id(rubric))
    if kept is None:
        if len(_rubrics) >= _MOST_KEPT:
            _rubrics.clear()
        kept = _rubrics[id(rubric)] = (rubric, ItemRubrics(rubric))
    return kept[1].of(item)


def _read_json(text: str, rubric: Rubric, item: Item, asked: Sequence[str]) -> dict[str, Outcome]:
    reading = _reading_by(rubric)
    objects = find_objects(text, reading.names.is_known)
    if (answer := without_thoughts(text, objects.spans)) != text:
        text = answer
        had_objects, objects = bool(objects.values), find_objects(text, reading.names.is_known)
        if not text.strip() or (had_objects and not objects.values):
            return dict.fromkeys(asked, unparsed(_ONLY_REASONING))
    verdicts = verdicts_in(objects.values, reading.names)
    own, problem = _judges_own(verdicts, reading, item)
    if objects.too_broken:
        problem = "this long reply consists almost entirely of broken JSON, so the search was stopped"
    elif own and (doubt := _broken_verdict(objects, reading.names, item)):
        problem = f"besides a verdict, the reply contains one that is not valid JSON: {shown(doubt)}"
    elif own and (verdict := merged(own)) is None:
        problem = f"{len(own)} verdicts in the reply contradict each other"
    elif own and verdict and (otherwise := _correction(text, objects, verdict, item)):
        problem = f"the text after the verdict contradicts it: {shown(otherwise)}"
    elif own and verdict:
        return {name: _outcome(verdict, name, reading) for name in asked}
    elif not verdicts and _REFUSAL.match(text):
        return dict.fromkeys(asked, Outcome(None, "refused", text.strip()[:500]))
    return dict.fromkeys(asked, unparsed(problem or _missing_verdict(objects)))


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
    words = {name: values for name in verdict.scores if (values := verdict.names.reader(name).stated)}
    found = (said for said in corrections(after, verdict.scores, words) if not is_quoted(item, said))
    return next(found, None)


def _broken_verdict(objects: Objects, names: Names, item: Item) -> str | None:
    """Return an unreadable object that names a dimension and is neither the form nor part of the item."""
    for source in objects.broken:
        names_dimension = any(names.name(key) in names.decisive for key in keys_in(source))
        if names_dimension and not _FORM.search(source) and not is_in_item(item, source):
            return source
    return None


def _missing_verdict(objects: Objects) -> str:
    """Explain why no verdict was found, and what was found instead."""
    problem = "no JSON object with the dimensions in the reply"
    if objects.broken:
        seen = shown(objects.broken[0])
        return f"{problem}: {seen} is not valid JSON, and repairs of punctuation did not suffice"
    if keys := list(dict.fromkeys(key for value in objects.values for key in value)):
        return f"{problem}: found the keys {', '.join(map(shown, keys[:5]))}{', …' if len(keys) > 5 else ''}"
    return problem


def _outcome(verdict: ReplyVerdict, name: str, reading: _Reading) -> Outcome:
    flag = reading.rubric.flags.get(name)
    if name not in verdict.values:
        is_optional = flag is not None and flag.optional
        return Outcome("", "ok", None) if is_optional else unparsed("missing from the reply")
    if flag:
        return read_flag(verdict.values[name], flag)
    outcome = reading.names.reader(name).outcome(verdict.values[name])
    if _is_value(outcome):
        return outcome._replace(reason=verdict.reason(name))
    return outcome


def _is_complete_json(text: str) -> bool:
    fenced = _FENCE.fullmatch(text)
    try:
        json.loads(fenced[1] if fenced else text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _truncated() -> Outcome:
    return Outcome(None, "truncated", "the reply was truncated at its token limit")
