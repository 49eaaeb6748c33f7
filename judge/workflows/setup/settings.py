"""The text of judge.toml."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from judge.rows import encoding_of
from judge.workflows.init import ProjectFiles
from judge.workflows.setup.ratings import fitting_id_from

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def settings_text(found: ProjectFiles) -> str:
    """Return the commented settings with which the commands read the files.

    The ratings stand in the sections of the commands that need them: for `judge plan` they would be those
    of a pilot study.

    Parameters
    ----------
    found : ProjectFiles
        From `judge.workflows.init.inspect_files`.
    """
    parts = ["# Settings of judge, written by judge init. Options on the command line take precedence."]
    if found.answers is not None:
        parts.append(_section("score", found.summary.lines() if found.summary else (), _of_answers(found)))
        parts[-1] += (
            "\n# A model as the judge needs an API key. The default, baseline, only compares words with the "
            'reference.\n# judge = "openai/gpt-5"'
        )
    if found.rated is not None:
        parts.append(_section("agree", str(found.rated).splitlines(), _of_ratings(found)))
        parts.append(_section("calibrate", ["as for judge agree"], _of_ratings(found)))
    parts += [_comment(note) for note in found.notes]
    return "\n\n".join(parts) + "\n"


def _of_answers(found: ProjectFiles) -> dict[str, Any]:
    choices, answers = found.choices, found.answers
    return {
        "map": _pairs(choices.mapping),
        "answers_in": ",".join(choices.answers_in),
        "questions": choices.questions,
        "id_from": ",".join(choices.id_from),
        "encoding": encoding_of(answers.name, choices.encoding) if answers else None,
        "rubric": found.rubric,
    }


def _of_ratings(found: ProjectFiles) -> dict[str, Any]:
    choices, ratings = found.choices, found.ratings
    if ratings is None:
        return {}
    is_alone = found.answers is None
    return {
        "humans": ratings.name,
        "column": _pairs(choices.columns),
        "raters_in": ",".join(choices.raters_in),
        "dimension": ",".join(choices.dimensions),
        "id_from": ",".join(fitting_id_from(ratings, choices)),
        "encoding": encoding_of(ratings.name, choices.encoding),
        "rater_scale": _pairs(choices.rater_scales),
        "rubric": found.rubric if is_alone else None,
        "scale": choices.scale if is_alone else None,
    }


def _section(name: str, comments: Iterable[str], values: Mapping[str, Any]) -> str:
    lines = [f"[{name}]", *map(_comment, comments)]
    return "\n".join([*lines, *(f"{key} = {_toml(value)}" for key, value in values.items() if value)])


def _comment(text: str) -> str:
    return f"# {_CONTROL.sub(' ', text)}"


def _pairs(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


def _toml(value: str | Sequence[str]) -> str:
    """Value as TOML, whose strings are those of JSON but for one character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
