"""The text of judge.toml."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from judge.rows import encoding_of
from judge.workflows.init import ProjectFiles
from judge.workflows.setup.ratings import fitting_id_from
from judge.workflows.setup.tables import InputTable

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_OTHERS = "judge agree and calibrate read this file; other commands read the one that --humans names"


def settings_text(found: ProjectFiles) -> str:
    """Return the commented settings with which the commands read the files.

    How ratings are read stands in one section, which is for all commands that read them.

    Parameters
    ----------
    found : ProjectFiles
        From `judge.workflows.init.inspect_files`.
    """
    parts = ["# Settings of judge, written by judge init. Options on the command line take precedence."]
    if found.answers is not None:
        lines = found.summary.lines() if found.summary else ()
        parts.append(_section("score", lines, _of_answers(found, found.answers)))
        parts[-1] += (
            "\n# A model as the judge needs an API key. The default, baseline, only compares words with the "
            'reference.\n# judge = "openai/gpt-5"'
        )
    if found.ratings is not None:
        lines = [*str(found.rated).splitlines(), _OTHERS]
        parts.append(_section("ratings", lines, _of_ratings(found, found.ratings)))
    parts += [_comment(note) for note in found.notes]
    return "\n\n".join(parts) + "\n"


def _of_answers(found: ProjectFiles, answers: InputTable) -> dict[str, Any]:
    choices = found.choices
    return {
        "map": _pairs(choices.mapping),
        "answers_in": ",".join(choices.answers_in),
        "questions": choices.questions,
        "id_from": ",".join(choices.id_from),
        "encoding": encoding_of(answers.name, choices.encoding),
        "rubric": found.rubric,
    }


def _of_ratings(found: ProjectFiles, ratings: InputTable) -> dict[str, Any]:
    choices, is_alone = found.choices, found.answers is None
    return {
        "humans": ratings.name,
        "column": _pairs(choices.columns),
        "raters_in": ",".join(choices.raters_in),
        "dimension": ",".join(choices.dimensions),
        "id_from": ",".join(fitting_id_from(ratings, choices)),
        "missing_codes": ",".join(choices.missing_codes),
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
