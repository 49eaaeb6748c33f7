"""Completion -> Scores. Pure.

A score is read or it is missing with a reason; none is ever made up. What a reply quotes from the item under
judgment is not the judge's verdict, and two verdicts that contradict each other are none.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from judge.records import OVERALL, Completion, Item, Score, Status
from judge.rubric import Flag, Rubric, Scale
from judge.scoring.prompt import as_data


class Outcome(NamedTuple):
    """What one reply says about one dimension or flag."""

    value: float | str | None
    status: Status
    reason: str | None


_FRACTION = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:(?:/|out of)\s*(\d{1,9}))?\s*")
_BARE_NUMBER = re.compile(
    r"[\s*_`'\"]*(?:score|rating|answer)?[\s*_`:=]*(-?\d+(?:\.\d+)?(?:\s*/\s*\d+)?)[\s*_`'\".]*", re.I
)
_REFUSAL = re.compile(
    r"\W*(?:i['’]?m (?:very )?sorry|i am sorry|sorry|i can(?:no|['’])t|i(?: a|['’])m (?:unable|not able))\b",
    re.I,
)
_FENCE = re.compile(r"\s*```(?:json)?\s*\n?(.*?)\n?\s*```\s*", re.S | re.I)
_SCORE_GROUPS = ("dimension_scores", "dimensions", "scores")
_SHARED_REASONS = ("explanation", "reason", "reasoning", "rationale")
_MOST_OBJECTS = 64  # a reply with more braces than that is no verdict; stops quadratic search
LEAST_MASS = 0.5
"""Less of the probability on the scale's labels is no score: the judge wants to say something else."""
_TWICE = object()  # stands for a key that an object holds twice with different values


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
    else:
        found = _read_json(text, rubric, item, asked)
    if completion.finish_reason == "length":  # cut: whatever could be read may be cut, too
        return {name: o if _is_whole(text) else _cut() for name, o in found.items()}
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
        return _cut() if completion.finish_reason == "length" else _unparsed("the reply is empty")
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


def _read_json(text: str, rubric: Rubric, item: Item, asked: Sequence[str]) -> dict[str, Outcome]:
    found = [(_normal(parsed, rubric), source) for parsed, source in _objects(text)]
    verdicts = [(verdict, source) for verdict, source in found if verdict]
    own = [verdict for verdict, source in verdicts if not _is_quoted(source, item)]
    if verdicts and not own:
        return dict.fromkeys(asked, _unparsed("the only verdict in the reply is copied from the item"))
    if not own:
        said = Outcome(None, "refused", text.strip()[:500]) if _REFUSAL.match(text) else None
        return dict.fromkeys(asked, said or _unparsed("no JSON object with the dimensions in the reply"))
    if any(verdict != own[0] for verdict in own):
        return dict.fromkeys(asked, _unparsed(f"{len(own)} verdicts in the reply contradict each other"))
    return {name: _outcome(own[0], name, rubric) for name in asked}


def _is_quoted(source: str, item: Item) -> bool:
    """Whether a verdict stands in the item itself, as in an answer that imitates our format."""
    texts = (item.answer, item.question, item.reference or "", *item.choices)
    seen = (shown for text in texts if "{" in text for shown in (text, as_data(text)))  # as the judge saw it
    return any(_squeezed(source) in _squeezed(shown) for shown in seen)


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\\]+", "", text)


def _normal(found: dict[str, Any], rubric: Rubric, depth: int = 0) -> dict[str, Any] | None:
    """Bring replies to one shape, name -> score or {score, reason}; None where no dimension is named."""
    groups = [found[name] for name in _SCORE_GROUPS if isinstance(found.get(name), dict)]
    flat = {
        key: value for group in [*groups, found] for key, value in group.items() if key not in _SCORE_GROUPS
    }
    verdict: dict[str, Any] = {}
    for key, value in flat.items():
        name = OVERALL if key in (OVERALL, "overall_score") else rubric.canonical_name(key) or key
        verdict[name] = _TWICE if name in verdict and verdict[name] != value else value
    if any(name in verdict for name in rubric.dimensions):
        return verdict
    inner = [value for value in found.values() if isinstance(value, dict)]
    return _normal(inner[0], rubric, depth + 1) if len(inner) == 1 and depth < 3 else None


def _outcome(verdict: Mapping[str, Any], name: str, rubric: Rubric) -> Outcome:
    if name not in verdict:
        return _unparsed("missing in the reply")
    if flag := rubric.flags.get(name):
        return _flag(verdict[name], flag)
    value, reason = verdict[name], None
    if isinstance(value, dict):
        reason = next((value[key] for key in _SHARED_REASONS if isinstance(value.get(key), str)), None)
        value = value.get("score", value.get("value"))
    reason = reason or next(
        (verdict[key] for key in _SHARED_REASONS if isinstance(verdict.get(key), str)), None
    )
    outcome = _score(value, rubric.scale, whole=name != OVERALL)
    return outcome._replace(reason=reason) if outcome.status == "ok" else outcome


def _score(value: Any, scale: Scale, *, whole: bool) -> Outcome:
    """A number on the scale; ``"4"``, ``"4/5"`` and ``"4 out of 5"`` on a scale up to 5 mean 4."""
    if value is _TWICE:
        return _unparsed("given twice with different values")
    number = _number(value, scale)
    if number is None:
        return _unparsed(f"found {_shown(value)}; allowed are {scale.min} to {scale.max}")
    if not scale.holds(number):
        return _unparsed(f"{_shown(value)} is off the scale {scale.min} to {scale.max}")
    if whole and number != int(number):
        return _unparsed(f"{_shown(value)} lies between two scores; allowed are whole numbers")
    return Outcome(number, "ok", None)


def _number(value: Any, scale: Scale) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e9 else None
    match = _FRACTION.fullmatch(value) if isinstance(value, str) else None
    if not match or (match[2] and int(match[2]) != scale.max):
        return None
    return float(match[1])


def _bare_score(text: str, scale: Scale) -> Outcome:
    match = _BARE_NUMBER.fullmatch(text)
    if match:
        return _score(match[1], scale, whole=True)
    if _REFUSAL.match(text):
        return Outcome(None, "refused", text.strip()[:500])
    return _unparsed(f"found {_shown(text.strip())}; allowed is one number from {scale.min} to {scale.max}")


def _expected(probabilities: Mapping[str, float], reply: str | None, scale: Scale) -> Outcome:
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


def _objects(text: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Outermost JSON objects of a text with their source; slightly broken ones are mended, open ones not."""
    position = 0
    for _ in range(_MOST_OBJECTS):
        start = text.find("{", position)
        if start < 0:
            return
        found, position = _object_at(text, start)
        if found is not None:
            yield found, text[start:position]


def _object_at(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    """The object that begins at `start`, and where to look on."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        end = _closing_brace(text, start)
    return (_mended(text[start:end]), end) if end else (None, start + 1)


def _closing_brace(text: str, start: int) -> int:
    """Just after the brace that closes the one at `start`; 0 where none does."""
    depth = 0
    for match in re.finditer(r"[{}]", text[start:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return start + match.end()
    return 0


def _mended(text: str) -> dict[str, Any] | None:
    import json_repair

    try:
        found = json_repair.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = _TWICE if key in found and found[key] != value else value
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_no_key_twice, strict=False)


def _is_whole(text: str) -> bool:
    fenced = _FENCE.fullmatch(text)
    try:
        json.loads(fenced[1] if fenced else text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _cut() -> Outcome:
    return Outcome(None, "truncated", "the reply was cut at its token limit")


def _unparsed(reason: str) -> Outcome:
    return Outcome(None, "unparsed", reason)


def _shown(value: Any) -> str:
    return repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "…"
