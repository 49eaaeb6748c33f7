"""Everything that is wrong with the text of a rubric, each with its line and the nearest allowed name."""

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from judge.files.strict_yaml import yaml_lines
from judge.rubric.checks import problems_of
from judge.rubric.content import RubricContent
from judge.rubric.near_names import did_you_mean, near_name
from judge.rubric.parts import (
    Cap,
    CriteriaField,
    Dimension,
    Example,
    Flag,
    ImageRule,
    Overall,
    ReasonsRule,
    RubricScale,
    Rule,
    StressDeclaration,
    Verdict,
)

Place = tuple[str, ...]
"""Keys and positions that lead to a value of a rubric file."""


@dataclass(frozen=True)
class RubricProblem:
    """One error in a rubric file, or one piece of advice about it.

    Attributes
    ----------
    key : str
        Dotted path of the key; empty for the file as a whole.
    message : str
        What was found, what is allowed, and what to do.
    line : int or None
        Line of the file, starting at 1; None where the key does not stand in the file.
    """

    key: str
    message: str
    line: int | None = None

    def at(self, file: str) -> str:
        """Return the problem as one line that begins with the file.

        Examples
        --------
        >>> RubricProblem("pass.truth", "9 is off the scale 1-5", line=12).at("r.yaml")
        'r.yaml:12: pass.truth: 9 is off the scale 1-5'
        """
        where = file if self.line is None else f"{file}:{self.line}"
        return ": ".join(filter(None, (where, self.key, self.message)))


def problems_in(data: Mapping[Any, Any]) -> list[RubricProblem]:
    """List everything that is wrong with the data of a rubric file, without lines.

    A value that is invalid by itself is set aside, and a misspelt key is read as the key that was probably
    meant, so that contradictions between the others are found in the same pass.
    """
    trial = _Trial(data)
    content = trial.content()
    problems = list(trial.found.values())
    if content is None or trial.is_open:
        rest = "contradictions between keys are looked for only when the errors above are corrected"
        return [*problems, RubricProblem("", rest)]
    units = {_unit(key) for key in trial.found if key not in trial.renamed.values()}
    for sentence in dict.fromkeys(problems_of(content)):
        key, _, message = sentence.partition(": ")
        if _unit(key) not in units:  # it may be a consequence of the error there
            problems.append(RubricProblem(trial.written(key), message))
    return problems


def with_lines(problems: Iterable[RubricProblem], text: str) -> list[RubricProblem]:
    """Give each problem the line of its key, or of the nearest key above it, and sort them by line."""
    lines = {".".join(place): line for place, line in yaml_lines(text).items()}
    placed = [replace(problem, line=_line(problem, lines)) for problem in problems]
    return sorted(placed, key=lambda problem: (problem.line is None, problem.line or 0))


def _line(problem: RubricProblem, lines: Mapping[str, int]) -> int | None:
    """Line of the key; a message that begins with a name in quotes concerns that name below the key."""
    key = "dimensions" if problem.key == "dimensions and flags" else problem.key
    named = re.match(r"(?:the name )?'([^']+)'", problem.message)
    if named:
        below = [f"{key}.{named[1]}", *([f"flags.{named[1]}"] if key == "dimensions" else [])]
        if line := next((lines[name] for name in below if name in lines), None):
            return line
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return lines.get(key)


# -- one value that is invalid by itself


_RECORDS: Mapping[str, type[BaseModel]] = {
    "": RubricContent,
    "scale": RubricScale,
    "dimensions.*": Dimension,
    "dimensions.*.scale": RubricScale,
    "criteria": CriteriaField,
    "rules.*": Rule,
    "examples.*": Example,
    "examples.*.verdict": Verdict,
    "flags.*": Flag,
    "reasons.*": ReasonsRule,
    "images.*": ImageRule,
    "overall": Overall,
    "overall.caps.*": Cap,
    "stress": StressDeclaration,
}
"""Place of a mapping with fixed keys (``*`` for any name or position) -> the record that it becomes."""

_FILLED: Mapping[str, Any] = {
    "name": "rubric",
    "pass": {"overall": 0},
    "when": {"-": "-"},
    "verdict": {"scores": {}},
    "scores": {},
    "below": {"-": 0},
    "give": "before",
    "role": "query",
}
"""What takes the place of a missing key while the rest of the file is checked; a text if not given here."""


def allowed_keys(place: Place) -> list[str]:
    """Names that are allowed in the mapping at `place`; empty where every name is.

    Examples
    --------
    >>> allowed_keys(("dimensions", "truth", "scale"))
    ['min', 'max', 'level']
    """
    fixed = {"dimensions", "flags", "rules", "examples", "reasons", "images", "caps"}
    pattern = ".".join("*" if i and place[i - 1] in fixed else part for i, part in enumerate(place))
    record = _RECORDS.get(pattern)
    return [field.alias or name for name, field in record.model_fields.items()] if record else []


_MOST_PASSES = 6
_DECISIVE = frozenset({"dimensions", "criteria", "flags", "scale", "min", "max", "level"}) | frozenset(
    {"type", "labels", "points", "overall", "how", "reply"}
)
"""Keys whose value decides what is allowed elsewhere in the file."""


class _Trial:
    """Data of a rubric, repaired until every value is valid by itself; each repair notes the error."""

    def __init__(self, data: Mapping[Any, Any]) -> None:
        self._data: dict[Any, Any] = deepcopy(dict(data))
        self.found: dict[str, RubricProblem] = {}
        self.renamed: dict[str, str] = {}
        """Key as it was probably meant -> key as it is written."""
        self.is_open = False
        """Whether a value was set aside that decides what is allowed elsewhere."""

    def content(self) -> RubricContent | None:
        """Return the content after all repairs; None if it cannot be repaired."""
        for _ in range(_MOST_PASSES):
            try:
                return RubricContent.model_validate(self._data)
            except ValidationError as error:
                details = [(_place_of(d, self._data), d) for d in error.errors(include_url=False)]
            places = [place for place, _ in details]
            # Unknown keys come first: one of them may be the missing key, misspelt.
            for place, detail in sorted(details, key=lambda pair: pair[1]["type"] != "extra_forbidden"):
                if not any(other[: len(place)] == place != other for other in places):
                    self._repair(place, detail)
        return None

    def written(self, key: str) -> str:
        """Key as it is written in the file."""
        for meant, written in self.renamed.items():
            if key == meant or key.startswith(f"{meant}."):
                return written + key.removeprefix(meant)
        return key

    def _repair(self, place: Place, detail: ErrorDetails) -> None:
        parent = _at(self._data, place[:-1])
        if detail["type"] == "extra_forbidden":
            self._rename(place, parent)
        elif detail["type"] == "missing":
            if place[-1] not in parent:
                self._note(place, "missing; it is required")
                parent[place[-1]] = deepcopy(_FILLED.get(place[-1], ""))
        else:
            message = _allowed(place, detail)
            self._note(place, f"found {detail['input']!r:.80}; {message}", alternative=message)
            is_whole = len(place) == 2 and place[0] in ("dimensions", "flags")
            self.is_open |= is_whole or place[-1] in _DECISIVE
            if isinstance(parent, list):
                parent[int(place[-1])] = "" if parent[int(place[-1])] == {} else {}
            else:
                parent.pop(_own_key(parent, place[-1]), None)

    def _rename(self, place: Place, parent: dict[Any, Any]) -> None:
        allowed = allowed_keys(place[:-1])
        meant = near_name(place[-1], allowed)
        hint = f"; did you mean {meant}?" if meant else f"; allowed: {', '.join(allowed)}"
        self._note(place, f"unknown key{hint}")
        value = parent.pop(_own_key(parent, place[-1]))
        if meant and meant not in parent:
            parent[meant] = value
            self.renamed[".".join((*place[:-1], meant))] = self.written(".".join(place))

    def _note(self, place: Place, message: str, alternative: str = "") -> None:
        """Keep an error, unless the same value or one above it has one already."""
        key = self.written(".".join(place))
        earlier = self.found.get(key)
        if earlier and alternative and alternative not in earlier.message:  # what else would be valid
            text = f"{earlier.message}; or {alternative.removeprefix('allowed is ')}"
            self.found[key] = replace(earlier, message=text)
        elif not any(key == other or key.startswith(f"{other}.") for other in self._set_aside()):
            self.found.setdefault(key, RubricProblem(key, message))

    def _set_aside(self) -> Iterator[str]:
        renamed = set(self.renamed.values())
        return (key for key in self.found if key not in renamed)


_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_parsing", "float_type"), "a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "true or false"),
    "string_type": "a text",
    "string_pattern_mismatch": "letters, digits, _ and -, without spaces",
    "tuple_type": "a list",
    "too_short": "at least one entry",
}
"""Type of an error -> what is allowed, in words."""
_MAPPINGS: Mapping[str, str] = {
    "scale": "{min: 1, max: 5}",
    "dimensions": "{accuracy: {description: …, anchors: …}}",
    "criteria": "{field: criteria}",
    "overall": "{how: mean}",
    "pass": "{overall: 3}",
    "when": "{topic: medicine}",
    "anchors": "{1: …, 2: …}",
    "weights": "{accuracy: 2, style: 1}",
    "stress": "{aspects: {style: clarity}}",
    "aspects": "{style: clarity}",
}
"""Key of a mapping -> an example, for a rubric that has something else there."""


def _allowed(place: Place, detail: ErrorDetails) -> str:
    """Say what is allowed in place of a value that is invalid by itself."""
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "allowed is")
    if detail["type"] in ("model_type", "dict_type"):
        keys = ", ".join(allowed_keys(place))
        example = f", as in {_MAPPINGS[place[-1]]}" if place[-1] in _MAPPINGS else ""
        return f"allowed is a mapping{f' with the keys {keys}' if keys else ''}{example}"
    if detail["type"] == "literal_error":
        return message + did_you_mean(detail["input"], re.findall("'([^']*)'", message))
    words = _WORDS.get(detail["type"])
    if words == "a number" and place[0] == "pass":
        words = "a number, the least score that passes; a category has none"
    if detail["type"] == "string_type" and not isinstance(detail["input"], list | dict):
        return f"allowed is a text{'' if detail['input'] is None else '; put it in quotes'}"
    return f"allowed is {words}" if words else message


def _place_of(detail: ErrorDetails, data: Any) -> Place:
    """Keys and positions of a value; names that pydantic adds for its own alternatives are left out."""
    place: list[str] = []
    last = len(detail["loc"]) - 1
    for number, part in enumerate(detail["loc"]):
        if isinstance(data, dict) and (own := _own_key(data, part)) is not None:
            data = data[own]
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part]
        elif detail["type"] != "missing" or number < last:
            continue
        place.append(str(part))
    return tuple(place)


def _own_key(data: Mapping[Any, Any], part: object) -> Any:
    """Key of a mapping that is written like a part of a place: 1 and "1" are the same there."""
    return next((key for key in data if str(key) == str(part)), None)


def _at(data: Any, place: Place) -> Any:
    for part in place:
        data = data[int(part)] if isinstance(data, list) else data[_own_key(data, part)]
    return data


def _unit(key: str) -> Place:
    """The part of a file within which an error may cause others."""
    parts = key.split(".")
    return tuple(parts[:2] if parts[0] in ("dimensions", "flags", "rules", "examples") else parts[:1])
