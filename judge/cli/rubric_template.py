"""Templates for new rubrics: the commented file that `judge rubric new` writes."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from string import Template

import yaml

from judge.errors import RubricError
from judge.formats.mmad import rules_from_knowledge
from judge.rubric import MOST_FULLY_ANCHORED, RubricScale, parse_rubric, shipped_rubrics
from judge.rubric.advice import PLACEHOLDER

_STARTER = Path(__file__).with_name("starter.yaml")
_WRITTEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "accuracy": (
        "Whether the statements of the answer are true. Omissions do not count here.",
        (
            "The central statement is false.",
            "An important statement is false; the central statement is partly true.",
            "The central statement is true; another statement is clearly false.",
            "All statements are true except for a slip that does not mislead.",
            "Every statement is true.",
        ),
    ),
    "completeness": (
        "Whether every part of the question is answered.",
        (
            "Almost nothing that the question asks for is present.",
            "A main part is missing.",
            "The main part is present; another part is missing.",
            "One minor point is missing.",
            "Nothing is missing.",
        ),
    ),
}
"""Dimensions whose texts are written for a scale of 1-5."""


def start_rubric(
    name: str,
    knowledge: str | None = None,
    dimensions: Sequence[str] = (),
    scale: RubricScale | None = None,
) -> Path:
    """Write a template for a rubric and return its path.

    With a file of domain knowledge, the template has one conditional rule per defect, or per part of the
    knowledge of a defect. With other dimensions
    or another scale, the texts that must be written begin with ``(fill in)``.

    Raises
    ------
    RubricError
        The file exists, the folder does not exist, or a name is not allowed.
    InputError
        The file of domain knowledge is not in the format of MMAD.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else Path(f"{name}.yaml")
    text = _with_knowledge(path.stem, knowledge) if knowledge else template(path.stem, dimensions, scale)
    parse_rubric(text, where=str(path))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RubricError(f"{path} already exists and is not overwritten; choose another name") from None
    except OSError as error:
        raise RubricError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def template(name: str, dimensions: Sequence[str] = (), scale: RubricScale | None = None) -> str:
    """Return the text of a template with these dimensions, by default accuracy and completeness on 1-5."""
    chosen, names = scale or RubricScale(), dimensions or [*_WRITTEN]
    mark = math.ceil((chosen.min + chosen.max) / 2)
    return Template(_STARTER.read_text(encoding="utf-8")).substitute(
        name=name,
        min=chosen.min,
        max=chosen.max,
        mark=mark,
        below=max(chosen.min, mark - 1),
        first=_key(names[0]),
        dimensions="\n".join(_dimension(dimension, chosen) for dimension in names),
        scores=_mapping(names, str(mark)),
        reasons=_mapping(names, "…"),
        weights=_mapping(names, "1"),
    )


def _dimension(name: str, scale: RubricScale) -> str:
    description, anchors = _WRITTEN.get(name, (f"{PLACEHOLDER} What is judged as {_spoken(name)}.", ()))
    is_long = len(scale.labels) > MOST_FULLY_ANCHORED
    scores = [scale.min, scale.max] if is_long else list(scale.labels)
    if (scale.min, scale.max) != (1, 5) or not anchors:
        anchors = tuple(f"{PLACEHOLDER} What an answer with {score} is like." for score in scores)
    text = description if name in _WRITTEN else json.dumps(description, ensure_ascii=False)
    lines = [f"  {_key(name)}:", f"    description: {text}", "    anchors:"]
    lines += [f"      {n}: {anchor}" for n, anchor in zip(scores, anchors, strict=True)]
    return "\n".join([*lines, ""])


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _mapping(names: Sequence[str], value: str) -> str:
    return "{" + ", ".join(f"{_key(name)}: {value}" for name in names) + "}"


def _key(name: str) -> str:
    """Name as a key of YAML, in quotes where it would otherwise be read as something else."""
    is_plain = re.fullmatch(r"[A-Za-z_][\w-]*", name) and yaml.safe_load(name) == name
    return name if is_plain else json.dumps(name, ensure_ascii=False)


class _PlainDumper(yaml.SafeDumper):
    """Writes equal lists out in full, because the file is edited by hand."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - prescribed by yaml
        return True


def _with_knowledge(name: str, knowledge: str) -> str:
    rules = rules_from_knowledge(knowledge)
    is_by_part = any("question_type" in rule["when"] for rule in rules)
    base = "guided_inspection" if is_by_part else "inspection"
    data = yaml.safe_load(shipped_rubrics()[base].read_text(encoding="utf-8"))
    data |= {"name": name, "source": f"{data['source']} With the domain knowledge of {Path(knowledge).name}."}
    data["rules"] = [*(rule for rule in data.get("rules", []) if rule.get("part") != "knowledge"), *rules]
    return str(yaml.dump(data, Dumper=_PlainDumper, allow_unicode=True, sort_keys=False, width=110))
