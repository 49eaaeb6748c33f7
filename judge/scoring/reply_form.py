"""The form of the reply that a judge is asked for: its JSON schema, and the same in words. Pure.

What is said of a rubric whose dimensions are all scores on one scale must not change: prompts are part of
the keys under which replies are stored.
"""

import json
from typing import Any

from judge.records import OVERALL
from judge.rubric import CANNOT_TELL, Dimension, Example, Rubric, RubricScale

PARTS = {"before": ("reason", "score"), "after": ("score", "reason"), "none": ("score",)}
"""Parts of the judgment of one dimension, by the position of the reason in the rubric."""
VALUE_KEYS = {"score": "score", "binary": "met", "category": "label"}
"""Type of a dimension -> key of its value in a reply."""
NO_VERDICT = "X"
"""The bare reply of a judge that cannot tell: one token beside the numbers."""
_TEXT = "<text in quotes>"
_PLACEHOLDER_RULE = "Put your own text and scores in place of every <…>."


def reply_schema(rubric: Rubric, name: str | None = None) -> dict[str, Any]:
    """JSON schema of the wanted reply; `name` is the dimension that is asked for alone.

    Texts have no limits of length and no patterns, because grammar engines then produce broken strings.
    """
    if rubric.reply == "number":
        return _number_schema(rubric, name)
    flags = {n: {"type": "boolean" if f.type == "boolean" else "string"} for n, f in rubric.flags.items()}
    return _object({**{name: _judgment_schema(rubric, name) for name in rubric.judged}, **flags})


def _number_schema(rubric: Rubric, name: str | None) -> dict[str, Any]:
    labels = bare_labels(rubric, name)
    numbers: list[Any] = [int(label) for label in labels if label != NO_VERDICT]
    if NO_VERDICT in labels:
        return {"type": ["integer", "string"], "enum": [*numbers, NO_VERDICT]}
    return {"type": "integer", "enum": numbers}


def bare_labels(rubric: Rubric, name: str | None) -> tuple[str, ...]:
    """Every bare reply for one dimension: the numbers of its scale, those of its labels, and cannot tell."""
    dimension = rubric.dimensions.get(name or "")
    n_labels = len(dimension.labels) if dimension else 0
    numbers = range(1, n_labels + 1) if n_labels else _scale(rubric, name).labels
    return (*map(str, numbers), *((NO_VERDICT,) if rubric.abstain else ()))


def _scale(rubric: Rubric, name: str | None) -> RubricScale:
    return rubric.scale if name is None else rubric.scale_of(name)


def value_key(rubric: Rubric, name: str) -> str:
    """Key of the value of a dimension in a reply."""
    return VALUE_KEYS[rubric.dimensions[name].type] if name in rubric.dimensions else "score"


def _judgment_schema(rubric: Rubric, name: str) -> dict[str, Any]:
    parts = {"reason": {"type": "string"}, "score": _value_schema(rubric, name)}
    key = value_key(rubric, name)
    return _object({key if part == "score" else part: parts[part] for part in PARTS[reasons_of(rubric)]})


def _value_schema(rubric: Rubric, name: str) -> dict[str, Any]:
    dimension = rubric.dimensions.get(name)
    kind = dimension.type if dimension else "score"
    if kind == "category" and dimension:
        return {"type": "string", "enum": [*dimension.labels, *([CANNOT_TELL] if rubric.abstain else [])]}
    if kind == "binary":
        if rubric.abstain:
            return {"type": ["boolean", "string"], "enum": [True, False, CANNOT_TELL]}
        return {"type": "boolean"}
    labels = list(rubric.scale_of(name).labels)
    if rubric.abstain:
        return {"type": ["integer", "string"], "enum": [*labels, CANNOT_TELL]}
    return {"type": "integer", "enum": labels}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def reasons_of(rubric: Rubric) -> str:
    """Where reasons are given; a rubric with rules must have been settled for an item (`ItemRubrics`)."""
    if not isinstance(rubric.reasons, str):
        raise TypeError("this rubric chooses reasons by item; use the rubric of an item: ItemRubrics.of")
    return rubric.reasons


# -- in words


def dimensions_text(rubric: Rubric) -> list[str]:
    """What is judged: one heading with what a score is, then every dimension; nothing without dimensions."""
    if not rubric.dimensions:
        return []
    if all(d.type == "score" and not d.scale for d in rubric.dimensions.values()):
        scale = rubric.scale
        heading = f"# Scores\nEvery dimension gets a whole number from {scale.min} to {scale.max}."
        texts = [_dimension_text(name, dimension) for name, dimension in rubric.dimensions.items()]
    else:
        heading = "# Scores\nEvery dimension says what it gets."
        texts = [_dimension_text(n, d, _value_text(rubric, n, d)) for n, d in rubric.dimensions.items()]
    return [heading + _abstain_text(rubric), *texts]


def _abstain_text(rubric: Rubric) -> str:
    if not rubric.abstain:
        return ""
    reply = NO_VERDICT if rubric.reply == "number" else f'"{CANNOT_TELL}"'
    return (
        f"\nWhere what you are given does not allow a judgment, give {reply} in its place. Do not guess, and "
        "do not use it for answers that are merely poor or hard to judge."
    )


def _dimension_text(name: str, dimension: Dimension, value: str | None = None) -> str:
    anchors = [f"{score}: {text.strip()}" for score, text in sorted(dimension.anchors.items())]
    lines = [f"## {spoken(name)} (`{name}`)", dimension.description.strip()]
    return "\n".join(
        [*lines, *([value] if value else []), *([] if dimension.type == "category" else anchors)]
    )


def _value_text(rubric: Rubric, name: str, dimension: Dimension) -> str:
    is_bare = rubric.reply == "number"
    if dimension.type == "binary":
        met, unmet = ("1", "0") if is_bare else ("true", "false")
        return f"{met} where this is met, {unmet} where it is not."
    if dimension.type == "category":
        lines = [
            f"{f'{number}: ' if is_bare else ''}{label}{f': {text.strip()}' if text.strip() else ''}"
            for number, (label, text) in enumerate(dimension.labels.items(), start=1)
        ]
        order = ", from the lowest to the highest" if dimension.ordered else ""
        what = "The number of one of these labels" if is_bare else "One of these labels"
        return "\n".join([f"{what}{order}:", *lines])
    scale = rubric.scale_of(name)
    return f"A whole number from {scale.min} to {scale.max}."


def criteria_text(rubric: Rubric) -> str:
    """How criteria of an item are judged; the criteria themselves stand with the item."""
    met = ("1", "0") if rubric.reply == "number" else ("true", "false")
    return (
        "# Criteria\nThe item brings its own criteria along. Judge each one by itself: "
        f"{met[0]} where the answer meets it, {met[1]} where it does not. Every criterion describes the "
        "answer as it is, also where what it describes is a fault." + _abstain_text(rubric)
    )


def reply_text(rubric: Rubric, *, is_criteria: bool = False) -> str:
    """What the reply must look like."""
    if rubric.reply == "number":
        return _number_text(rubric, is_criteria=is_criteria)
    if is_criteria:
        form = _form_lines(['  "<id of the criterion>": ' + _judgment_form(rubric, *_any_criterion(rubric))])
        text = (
            "Reply with one JSON object and nothing else, with one entry for every criterion under its id:\n"
            f"{form}\n{_PLACEHOLDER_RULE}"
        )
    else:
        text = f"Reply with one JSON object and nothing else:\n{_form(rubric)}\n{_PLACEHOLDER_RULE}"
    if rubric.judged and reasons_of(rubric) != "none":
        text += "\nA reason is one or two sentences that name what in the answer led to the score."
    if OVERALL in rubric.judged:
        text += f"\n`{OVERALL}` is your judgment of the answer as a whole on the same scale."
    for name, flag in rubric.flags.items():
        text += f"\n`{name}`: {flag.description.strip()}"
        text += " Leave it empty, or out, where there is nothing to report." if flag.optional else ""
    return text


def _number_text(rubric: Rubric, *, is_criteria: bool) -> str:
    whole = f" {OVERALL} is the score of the answer as a whole." if OVERALL in rubric.judged else ""
    if is_criteria:
        return "You are asked for one criterion at a time. Reply with 1 or 0 and nothing else."
    if all(d.type == "score" and not d.scale for d in rubric.dimensions.values()):
        return (
            f"You are asked for one dimension at a time.{whole} Reply with one whole number from "
            f"{rubric.scale.min} to {rubric.scale.max} and nothing else."
        )
    return f"You are asked for one dimension at a time.{whole} Reply with its number and nothing else."


def _any_criterion(rubric: Rubric) -> tuple[str, Dimension]:
    return next(iter(rubric.dimensions.items()))


def _form(rubric: Rubric) -> str:
    """Return the form of the object that `reply_schema` describes, in the required layout and order.

    It is not valid JSON, so that it cannot be read as a verdict. Placeholders are not in quotes, because
    small models copy quoted text as their reason.
    """
    lines = [
        f'  "{name}": {_judgment_form(rubric, name, rubric.dimensions.get(name))}' for name in rubric.judged
    ]
    flags = {"boolean": "<true or false>", "text": _TEXT}
    lines += [f'  "{name}": {flags[flag.type]}' for name, flag in rubric.flags.items()]
    return _form_lines(lines)


def _form_lines(lines: list[str]) -> str:
    return "{\n" + ",\n".join(lines) + "\n}"


def _judgment_form(rubric: Rubric, name: str, dimension: Dimension | None) -> str:
    key = VALUE_KEYS[dimension.type] if dimension else "score"
    parts = {"reason": f'"reason": {_TEXT}', "score": f'"{key}": {_placeholder(rubric, name, dimension)}'}
    return "{" + ", ".join(parts[part] for part in PARTS[reasons_of(rubric)]) + "}"


def _placeholder(rubric: Rubric, name: str, dimension: Dimension | None) -> str:
    if dimension and dimension.type == "binary":
        return "<true or false>"
    if dimension and dimension.type == "category":
        return "<one of its labels in quotes>"
    scale = rubric.scale_of(name)
    return f"<whole number from {scale.min} to {scale.max}>"


def example_reply(example: Example, rubric: Rubric) -> str:
    """The reply that a worked example should get."""
    verdict = example.verdict
    if rubric.reply == "number":
        bare = {name: _bare(rubric, name, score) for name, score in verdict.scores.items()}
        return ", ".join(f"{spoken(name)} {score}" for name, score in bare.items())
    reply: dict[str, Any] = {}
    for name in rubric.judged:
        key = value_key(rubric, name)
        value: bool | int | str = verdict.scores[name]
        if key != "score":  # a label may be a number in the file, and a criterion is met or not
            value = bool(value) if key == "met" else str(value)
        parts = {"reason": verdict.reasons.get(name, ""), "score": value}
        reply[name] = {key if part == "score" else part: parts[part] for part in PARTS[reasons_of(rubric)]}
    return json.dumps({**reply, **verdict.flags}, ensure_ascii=False)


def _bare(rubric: Rubric, name: str, score: int | str) -> int | str:
    dimension = rubric.dimensions.get(name)
    return list(dimension.labels).index(str(score)) + 1 if dimension and dimension.labels else score


def spoken(name: str) -> str:
    """Name as it reads in a sentence."""
    return name.replace("_", " ")
