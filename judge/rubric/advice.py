"""Advice about a valid rubric: what makes scores ambiguous, and pass rules that decide nothing."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from math import inf

from judge.records import OVERALL
from judge.rubric.checks import MOST_FULLY_ANCHORED
from judge.rubric.model import Rubric
from judge.rubric.parts import Dimension
from judge.rubric.problems import RubricProblem

PLACEHOLDER = "(fill in)"
"""Begins every text of a template that is still to be written."""

# Two checks in one text, in English and German. Between two clauses of an anchor, "and" is followed by a
# verb, a pronoun or a negation. Between two nouns it is harmless in an anchor, but not in a criterion.
_NO_JOIN = re.compile(
    r"\b(?:between|zwischen)\b.*?\b(?:and|und)\b|\band/or\b|\bund/oder\b|\band nothing else\b"
    r"|(?-i:[A-Z]\w+ and [A-Z]\w+)",  # two names: Paul and Laura
    re.IGNORECASE,
)
_JOIN = re.compile(r"\b(?:and|as well as|und|sowie)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"\band (?:it|they|there|this|the answer|is|are|was|were|has|have|does|do|can|cannot|will|no|not|nothing|"
    r"never|without|within)\b"
    r"|\bund (?:es|er|sie|die Antwort|ist|sind|hat|haben|wird|kann|kein|keine|nicht|nie|ohne)\b"
    r"|(?<!s)[ ,]+and [a-z]{2,}s (?=\w)"
    r"|\bund [a-zäöü]{2,}t (?=\w)"
)
_LENGTH = re.compile(
    r"\b(?:(?<!as )(?<!so )long(?! as)|(?:no )?longer(?: than)?|longest|length|lengthy|short|shorter|"
    r"shortest|brief|briefly|brevity|concise|concisely|wordy|verbose|verbosity|succinct|\d+ words|"
    r"word (?:count|limit)|number of words|lang|langer|lange|länger|Länge|kurz|kurze|kürzer|knapp|"
    r"ausführlich|weitschweifig|\d+ Wörter|Wortzahl)\b",
    re.IGNORECASE,
)
_NEUTRAL = re.compile(
    r"\b(?:no (?:fault|merit)|not count|not matter|regardless|irrespective|independent|unabhängig|"
    r"kein (?:Fehler|Vorzug)|nicht an)\b",
    re.IGNORECASE,
)
_QUANTITY = re.compile(
    r"""(?:(?P<at_least>at\ least|mindestens)|(?P<more>more\ than|over|mehr\ als|über)
        |(?P<at_most>at\ most|up\ to|höchstens|bis\ zu)|(?P<fewer>fewer\ than|less\ than|weniger\ als))?
    \s*\b(?P<low>\d+)(?:\s*(?:-|–|to|bis)\s*(?P<high>\d+))?(?P<or_more>\ or\ more|\ oder\ mehr)?
    \s+(?P<unit>[^\W\d]\w+)""",
    re.IGNORECASE | re.VERBOSE,
)


def advice_on(rubric: Rubric) -> list[RubricProblem]:
    """List advice about a valid rubric, without lines: each says where, what was found, and what to do.

    Examples
    --------
    >>> from judge.rubric import load_rubric
    >>> print(advice_on(load_rubric("open_qa"))[-1].key)
    dimensions.clarity.anchors.5
    """
    found = [advice for name in rubric.dimensions for advice in _on_dimension(rubric, name)]
    return [*found, *_on_points(rubric), *_on_pass_rule(rubric), *_on_placeholders(rubric)]


def joins_two_checks(text: str) -> bool:
    """Whether a criterion that is met or not asks for two things at once.

    Examples
    --------
    >>> joins_two_checks("It names the year and the place.")
    True
    >>> joins_two_checks("It gives a year between 1900 and 1910.")
    False
    """
    return bool(_JOIN.search(_NO_JOIN.sub("", text)))


def _on_dimension(rubric: Rubric, name: str) -> Iterator[RubricProblem]:
    dimension, key = rubric.dimensions[name], f"dimensions.{name}"
    parts = _described(dimension, key)
    if dimension.type == "binary" and joins_two_checks(dimension.description):
        yield RubricProblem(
            f"{key}.description",
            "this criterion joins two checks with 'and', so that an answer that meets one of them is neither "
            "met nor unmet; make it two criteria",
        )
    for place, text in parts.items():
        if _CLAUSE.search(_NO_JOIN.sub("", text)):
            yield RubricProblem(
                place,
                "this text joins two checks with 'and', so that an answer for which only one holds fits no "
                "text; describe one property, or make it two dimensions",
            )
    if rubric.max_words is None:  # a limit that the systems were given may be judged
        yield from _on_length({f"{key}.description": dimension.description, **parts})
    yield from _on_labels(dimension, key)
    yield from _on_missing(rubric, dimension, key)
    yield from _on_overlap(parts)


def _described(dimension: Dimension, key: str) -> dict[str, str]:
    """Texts of the anchors or labels: key -> text."""
    labels = {f"{key}.labels.{label}": text for label, text in dimension.labels.items() if text.strip()}
    return {f"{key}.anchors.{n}": text for n, text in sorted(dimension.anchors.items())} | labels


def _on_length(texts: Mapping[str, str]) -> Iterator[RubricProblem]:
    for place, text in texts.items():
        sentences = re.split(r"[.;]", text)
        hits = (_LENGTH.search(sentence) for sentence in sentences if not _NEUTRAL.search(sentence))
        if hit := next(filter(None, hits), None):
            yield RubricProblem(
                place,
                f"mentions length ({hit[0].strip()!r}); judges tend to favour length by themselves, so "
                "describe what is superfluous or missing instead, or set max_words",
            )


def _on_labels(dimension: Dimension, key: str) -> Iterator[RubricProblem]:
    if literals := [label for label in dimension.labels if label in ("True", "False", "None")]:
        yield RubricProblem(
            f"{key}.labels",
            f"the judge is shown the label {literals[0]}; YAML reads yes, no, on, off, true, false and null "
            "without quotes as such values, so put labels in quotes",
        )
    numbers = [label for label in dimension.labels if label.lstrip("-").isdecimal()]
    if numbers and list(dimension.labels) != [str(n) for n in range(1, len(dimension.labels) + 1)]:
        yield RubricProblem(
            f"{key}.labels",
            f"the label {numbers[0]} is a number. A judge that replies with bare numbers (reply: number, or "
            "expected scores) gives the position of a label from 1, and may mean the label; use words, or "
            "type: score with a scale",
        )


def _on_missing(rubric: Rubric, dimension: Dimension, key: str) -> Iterator[RubricProblem]:
    if dimension.type != "score":
        return
    scale = dimension.scale_within(rubric.scale)
    for score, text in dimension.anchors.items():
        if not text.strip(" .…-"):
            yield RubricProblem(
                f"{key}.anchors.{score}", "this anchor is empty; describe an answer with this score"
            )
    ends = [score for score in (scale.min, scale.max) if score not in dimension.anchors]
    if len(scale.labels) > MOST_FULLY_ANCHORED and ends:
        missing = " and ".join(map(str, ends))
        yield RubricProblem(
            f"{key}.anchors",
            f"no anchor for {missing}; on a long scale, describe at least both ends, {scale.min} and "
            f"{scale.max}",
        )


def _on_overlap(parts: Mapping[str, str]) -> Iterator[RubricProblem]:
    for (first, one), (second, other) in combinations(parts.items(), 2):
        name = first.rpartition(".")[2]
        a, b = _words(one), _words(other)
        if a == b and a:
            yield RubricProblem(second, f"has the same text as {name}; say what distinguishes them")
        elif min(len(a), len(b)) >= 3 and (_is_within(a, b) or _is_within(b, a)):
            yield RubricProblem(
                second,
                f"overlaps with {name}: the text of one contains the other, so that an answer may fit both; "
                "say in each what the other lacks",
            )
        elif shared := _shared_quantity(one, other):
            yield RubricProblem(
                second, f"overlaps with {name}: {shared} fits both; let the ranges follow each other"
            )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _is_within(short: list[str], long: list[str]) -> bool:
    return f" {' '.join(short)} " in f" {' '.join(long)} "


def _shared_quantity(one: str, other: str) -> str | None:
    """Smallest quantity that fits two texts that each give one quantity of the same thing."""
    found = [list(_QUANTITY.finditer(text)) for text in (one, other)]
    if any(len(hits) != 1 for hits in found):
        return None
    first, second = (hits[0] for hits in found)
    if first["unit"].casefold().rstrip("s") != second["unit"].casefold().rstrip("s"):
        return None
    low = max(_range(first)[0], _range(second)[0])
    high = min(_range(first)[1], _range(second)[1])
    return f"{low:g} {second['unit']}" if low <= high else None


def _range(hit: re.Match[str]) -> tuple[float, float]:
    low = float(hit["low"])
    if hit["high"]:
        return low, float(hit["high"])
    if hit["at_least"] or hit["or_more"]:
        return low, inf
    if hit["more"]:
        return low + 1, inf
    if hit["at_most"] or hit["fewer"]:
        return 0, low - bool(hit["fewer"])
    return low, low


# -- the overall score and the pass rule


def _on_points(rubric: Rubric) -> Iterator[RubricProblem]:
    how = rubric.overall.how
    for name, dimension in rubric.dimensions.items():
        if how == "points" and dimension.type == "binary" and dimension.points is None:
            problem = "has no points, so that it does not count in the overall score; add points if it should"
            yield RubricProblem(f"dimensions.{name}", problem)
        elif how != "points" and dimension.points is not None:
            problem = "points have no effect, because only overall: {how: points} adds them up"
            yield RubricProblem(f"dimensions.{name}.points", problem)
    if rubric.criteria and how not in ("points", "none"):
        yield RubricProblem(
            "criteria",
            f"the criteria do not count in the overall score (how: {how}); only overall: {{how: points}} "
            "adds them up",
        )


def _on_pass_rule(rubric: Rubric) -> Iterator[RubricProblem]:
    best, worst = _extreme_scores(rubric, is_best=True), _extreme_scores(rubric, is_best=False)
    if not rubric.passes(best):
        problem = f"the best possible scores are {_marked(rubric, best)}; lower the marks"
        if OVERALL in rubric.pass_rule and OVERALL not in best:
            problem = "there is nothing that earns positive points; add some"
        yield RubricProblem("pass", f"no answer can pass: {problem}")
        return
    if rubric.passes(worst):
        problem = f"every answer passes, even with the lowest scores ({_marked(rubric, worst)}); raise a mark"
        yield RubricProblem("pass", problem)
        return
    for name, least in rubric.pass_rule.items():
        dimension = rubric.dimensions.get(name)
        if dimension and (dimension.points or 0) < 0 < least:
            problem = "an answer passes only if it incurs this penalty; remove the mark"
            yield RubricProblem(f"pass.{name}", problem)
        elif least <= rubric.scale_of(name).min:
            problem = f"every answer reaches {least:g}, the lowest score; raise or remove it"
            yield RubricProblem(f"pass.{name}", problem)


def _marked(rubric: Rubric, scores: Mapping[str, float]) -> str:
    return " and ".join(f"{name} {scores[name]:g}" for name in rubric.pass_rule if name in scores)


def _extreme_scores(rubric: Rubric, *, is_best: bool) -> dict[str, float]:
    """The best or the worst scores that an answer can get; the best ones still reach every pass mark."""
    scores: dict[str, float] = {}
    for name, dimension in rubric.dimensions.items():
        scale = dimension.scale_within(rubric.scale)
        is_high = is_best == ((dimension.points or 0) >= 0)
        scores[name] = scale.max if is_high or (is_best and name in rubric.pass_rule) else scale.min
    if rubric.overall.how == "points" and rubric.criteria:
        return {**scores, OVERALL: 1.0 if is_best else 0.0}
    judged = rubric.scale.max if is_best else rubric.scale.min
    overall = rubric.overall_score(scores, judged)
    return scores if overall is None else {**scores, OVERALL: overall}


def _on_placeholders(rubric: Rubric) -> Iterator[RubricProblem]:
    texts = {"task": rubric.task}
    for name, dimension in rubric.dimensions.items():
        key = f"dimensions.{name}"
        texts |= {f"{key}.description": dimension.description, **_described(dimension, key)}
    for place, text in texts.items():
        if PLACEHOLDER in text:
            yield RubricProblem(place, "still holds the text of the template; replace it")
