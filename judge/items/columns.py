"""Find the columns of a table that hold the fields of items, also under the names of other tools."""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from shlex import quote

from judge.errors import InputError
from judge.items.fields import listed

ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "question_id", "item_id"),
    "question": (
        *("question", "input", "prompt", "query", "instruction", "question_text", "turns"),
        *("user_input", "user_query", "user_prompt"),
    ),
    "answer": (
        *("answer", "output", "response", "prediction", "completion", "candidate", "actual_output"),
        *("model_answer", "model_output", "model_response", "mslm_answer", "predicted_answer"),
        *("generated_text", "generated_answer", "generation"),
    ),
    "reference": (
        *("reference", "expected", "target", "ideal", "ground_truth", "gt_answer", "expected_output"),
        *("reference_answer", "expected_answer", "correct_answer", "gold_answer"),
        *("references", "targets", "ground_truths", "reference_answers", "correct_answers"),
    ),
    "images": ("images", "image", "image_path"),
    "choices": ("choices", "options"),
    "gold": ("gold", "gold_choice"),
    "system": ("system", "model", "model_name", "model_id", "generator"),
}
"""Field of an Item -> its names in files. Upper and lower case, spaces and hyphens do not matter."""

MESSAGES = ("messages", "conversation", "conversations")
"""Names of a column that holds a whole chat."""
LISTS_IN_CELLS = ("references", "targets", "ground_truths", "reference_answers", "correct_answers")
"""Names of a column that holds a list, so that a text cell of it may be a JSON list."""

_NEAR = 0.85
_KNOWN_PLANS = 256
_MOST_NAMES = 8
_MOST_SEEN = 1000
_UNKNOWN = "NAME"
_CHAT = "messages"
_FIELDS = (*ALIASES, "other_references")
_WORDS = re.compile(r"[\s-]+")
_PART = re.compile(r"[^\W_]+")
_FIELD_OF = {name: name_of for name_of, names in ALIASES.items() for name in names}
_FIELD_OF |= dict.fromkeys(MESSAGES, _CHAT) | {"other_references": "other_references"}


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Name of a column in lower case, with one underscore for spaces and hyphens."""
    return _WORDS.sub("_", name.strip().lower())


@dataclass(frozen=True, eq=False)
class Plan:
    """Which columns of the rows of one shape hold which fields.

    Attributes
    ----------
    sources : dict
        Field of an Item -> its columns; several are names for the same field, and must hold the same.
    metadata : dict
        Name of a metadata field -> its column.
    problem : str
        Why rows of this shape are no items; empty where they are.
    chats : dict
        Field of an Item -> columns of chats that must not contradict it.
    """

    sources: dict[str, list[str]]
    metadata: dict[str, str]
    problem: str = ""
    chats: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class ColumnFinder:
    """Finds the fields of items among the columns of a table, once for all rows of one shape.

    Attributes
    ----------
    mapping : mapping of str to str
        Field -> column; a name that is no field of an Item becomes a metadata field.
    answers_in : sequence of str
        Columns that hold the answers of one system each.
    needed : sequence of str
        Fields that every row must have.
    elsewhere : set of str
        Columns of another table that the rows are joined to; these rows may lack them.
    on_plan : callable or None
        Gets the plan of each shape of rows that are items.

    Raises
    ------
    InputError
        The mapping names a field that is a misspelt one, or is contradictory.
    """

    mapping: Mapping[str, str]
    answers_in: Sequence[str] = ()
    needed: Sequence[str] = ("question", "answer")
    elsewhere: Set[str] = frozenset()
    on_plan: Callable[[Plan], None] | None = None
    _plans: dict[tuple[str, ...], Plan] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Check the mapping before the first row is read."""
        _check_mapping(self.mapping, self.answers_in)
        self.unseen = {*self.mapping.values(), *self.answers_in}
        """Columns that were named and that no row had so far."""
        self.seen: dict[str, None] = {}
        """Columns of the rows that were read while any was unseen, about the first 1,000."""

    def plan(self, names: tuple[str, ...]) -> Plan:
        """Return the plan for rows with these columns."""
        if (found := self._plans.get(names)) is None:
            if len(self._plans) >= _KNOWN_PLANS:
                self._plans.clear()
            self.unseen.difference_update(names)
            if self.unseen and len(self.seen) < _MOST_SEEN:
                self.seen |= dict.fromkeys(names)
            found = self._plans[names] = self._planned(names)
            if self.on_plan is not None and not found.problem:
                self.on_plan(found)
        return found

    def _planned(self, names: tuple[str, ...]) -> Plan:
        mapping = {f: name for f, name in self.mapping.items() if name in names or name not in self.elsewhere}
        sources = {f: [name] for f, name in mapping.items() if f in _FIELDS and name in names}
        renamed = {f: name for f, name in mapping.items() if f not in _FIELDS and name in names}
        taken = {*mapping.values(), *self.answers_in}
        fixed = {*mapping, *(("answer", "system") if self.answers_in else ())}
        for name in names:
            known = _FIELD_OF.get(plain(name))
            if known and known not in fixed and name not in taken:
                sources.setdefault(known, []).append(name)
        if "id" in map(plain, sources.get("id", ())) and "id" not in mapping and not self.elsewhere:
            # An answer has an id of its own beside that of its question, which several answers share.
            sources["id"] = [name for name in sources["id"] if plain(name) != "question_id"]
        chat = sources.pop(_CHAT, [])
        has_own = {"question", "answer"} & sources.keys() - mapping.keys()
        chats = dict.fromkeys(sorted(has_own), chat) if chat else {}
        sources |= {f: chat for f in self.needed if chat and f not in sources and f not in mapping}
        used = {name for columns in sources.values() for name in columns}
        used |= {*self.answers_in, *renamed.values()}
        free = [name for name in names if name not in used]
        missing = [f for f in self.needed if f not in sources]
        problem = self._missing(names, missing, free) if missing else _doubled(free, renamed)
        return Plan(sources, {**dict(zip(free, free, strict=True)), **renamed}, problem, chats)

    def _missing(self, names: tuple[str, ...], missing: Sequence[str], free: Sequence[str]) -> str:
        asked = [(f, self.mapping[f]) for f in missing if self.mapping.get(f) not in (None, *self.elsewhere)]
        if asked:
            wanted = " and ".join(f"{name!r}, which --map {f}={name} asks for" for f, name in asked)
            return f"no field {wanted}; found: {listed(names)}"
        near = {f: _near(f, free) for f in missing}
        problem = (
            f"no field {' and no field '.join(map(repr, missing))}; found: {listed(names)}. "
            f"For another name: {' '.join(_option(f, name) for f, name in near.items())}. "
            f"Names that are recognised: {'; '.join(map(_recognised, missing))}"
        )
        if missing == ["answer"] and near["answer"] == _UNKNOWN and len(free) > 1:
            problem += ". If several columns hold the answers of one system each: --answers-in COLUMN,COLUMN"
        return problem


def _option(name: str, column: str) -> str:
    return f"--map {quote(f'{name}={column}')}"


def _recognised(name: str) -> str:
    names = ALIASES[name]
    return f"{name} ({', '.join(names[:_MOST_NAMES])}{', …' if len(names) > _MOST_NAMES else ''})"


def _near(wanted: str, free: Sequence[str]) -> str:
    """Column whose name resembles a name of the field; NAME where there is none."""
    names = {plain(name): name for name in reversed(free)}
    parts = {p: name for p, name in names.items() if any(a in _PART.findall(p) for a in ALIASES[wanted])}
    if parts:
        return parts[min(parts, key=len)]
    for alias in ALIASES[wanted]:
        if close := get_close_matches(alias, names, n=1, cutoff=_NEAR):
            return names[close[0]]
    return _UNKNOWN


def _doubled(free: Sequence[str], renamed: Mapping[str, str]) -> str:
    both = next((name for name in renamed if name in free), None)
    if both is None:
        return ""
    return (
        f"there is a field {both!r} already, and --map {both}={renamed[both]} gives another one that name; "
        "choose another name"
    )


def _check_mapping(mapping: Mapping[str, str], answers_in: Sequence[str]) -> None:
    for name, column in mapping.items():
        if name not in _FIELDS:
            _check_name(name, column)
    if answers_in and (both := [f for f in ("answer", "system") if f in mapping]):
        raise InputError(
            f"--map {both[0]}={mapping[both[0]]} and --answers-in cannot be combined: the columns of "
            "--answers-in hold the answers, and their names are the systems"
        )
    if len(set(answers_in)) < len(answers_in):
        raise InputError(f"--answers-in names a column twice: {', '.join(answers_in)}")


def _check_name(name: str, column: str) -> None:
    """Refuse a name for metadata that is meant for a field of an Item."""
    known = _FIELD_OF.get(plain(name))
    if known == _CHAT:
        raise InputError(
            f"--map {name}={column}: a chat is read into two fields: --map question={column} "
            f"--map answer={column}"
        )
    if known and name != column:
        raise InputError(
            f"--map {name}={column}: {name!r} is a column name for {known}; write --map {known}={column}"
        )
    if near := [f for f in get_close_matches(name, ALIASES, cutoff=_NEAR) if f[0] == name[0]]:
        raise InputError(
            f"--map {name}={column}: no such field, but there is {near[0]!r}; the fields of an item are "
            f"{', '.join(ALIASES)}, and any other name becomes a metadata field"
        )
