"""Summarise what was read: which column became which field, and what was left out."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from judge.items.columns import ALIASES, LISTS_IN_CELLS, Plan, plain
from judge.items.fields import listed
from judge.items.join import QuestionSet
from judge.records import Item
from judge.rows import Row

_SHOWN = ("question", "answer", "system", "reference", "id", "images", "choices", "gold")
_MOST_IDS = 5
_MOST_SHOWN, _SHORT = 40, 24
_PROMPT = re.compile(r"^(?:\S+\s+){3,}\S*\w[.!?:]\s*$|\n|\s.{80}", re.DOTALL)
"""Text that is no name: a sentence of four words or more, several lines, or a long text."""
_WORDS_FOR_NONE = frozenset({"", "nan", "n/a", "#n/a", "<na>", "null"})
_MOST_FIELDS = 1000
"""Rows of a JSON Lines file may each have fields of their own; no more names than these are kept."""


@dataclass
class InputSummary:
    """Columns that were read, and counts of what is missing.

    Attributes
    ----------
    columns : dict
        Field of an Item -> the columns that it was read from.
    metadata : tuple of str
        Names of the metadata fields, up to about 1,000.
    answers_in : tuple of str
        Columns that hold the answers of one system each.
    id_from : tuple of str
        Fields that the ids were made from; empty where a column gave them, or the content.
    n_items : int
        Number of items.
    n_without_reference : int
        Number of items without a reference answer.
    empty_questions : int
        Number of items whose question is empty.
    words_for_none : Counter
        Field -> number of items in which it is empty or a word that often marks an empty cell, as ``NaN``.
    empty_answers : Counter
        System -> number of empty cells, which make no item; see ``answers_in``.
    repeated : int
        Number of rows with the content of an earlier row, and with a number at the end of their id.
    prompts_as_systems : int
        Number of rows whose system is long like a prompt; `system_prompt` is the first of them.
    lists_as_references : int
        Number of cells of a column named for one reference that hold a list, whose entries are alternatives.
    unanswered : int
        Number of rows of ``questions`` that no answer belongs to; `unanswered_ids` has the first of them.
    images_shown : Counter
        Role of an image -> number of images that the judge is shown, 0 where the rubric shows none of them.
    """

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    metadata: tuple[str, ...] = ()
    answers_in: tuple[str, ...] = ()
    id_from: tuple[str, ...] = ()
    n_items: int = 0
    n_without_reference: int = 0
    empty_questions: int = 0
    words_for_none: Counter[str] = field(default_factory=Counter)
    empty_answers: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    prompts_as_systems: int = 0
    system_prompt: str = ""
    lists_as_references: int = 0
    images_shown: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    unanswered_ids: tuple[str, ...] = ()

    def add_plan(self, plan: Plan) -> None:
        """Take in the columns of the rows of one shape."""
        for name, columns in plan.sources.items():
            self.columns[name] = tuple(dict.fromkeys((*self.columns.get(name, ()), *columns)))
        if len(self.metadata) < _MOST_FIELDS:
            self.metadata = tuple(dict.fromkeys((*self.metadata, *plan.metadata)))

    def add_references(self, row: Row, plan: Plan) -> None:
        """Count cells of a row with several references that hold a list as text."""
        cells = (row.get(c) for c in plan.sources.get("reference", ()) if plain(c) not in LISTS_IN_CELLS)
        self.lists_as_references += sum(isinstance(cell, str) and cell[:1] == "[" for cell in cells)

    def add(self, item: Item) -> None:
        """Count an item."""
        self.n_items += 1
        self.n_without_reference += item.reference is None
        self.empty_questions += not item.question.strip()
        for name, text in (("answer", item.answer), ("reference", item.reference)):
            if text is not None and text.strip().casefold() in _WORDS_FOR_NONE:
                self.words_for_none[name] += 1
        system = item.system
        if system is not None and len(system) > _SHORT and _PROMPT.search(system):
            self.prompts_as_systems += 1
            self.system_prompt = self.system_prompt or system

    def add_questions(self, questions: QuestionSet) -> None:
        """Take in the columns of a table of questions, and which of them have no answer."""
        for plan in questions.plans:
            self.add_plan(plan)
        left = questions.unanswered()
        self.unanswered, self.unanswered_ids = len(left), tuple(left[:_MOST_IDS])

    def lines(self) -> list[str]:
        """Return at most three lines: columns of the fields, metadata, and what was left out."""
        if not self.columns:  # items that were made in Python
            return []
        left_out = "; ".join(self._left_out())
        lines = [f"columns: {', '.join(self._fields())}"]
        if self.metadata:
            lines.append(f"metadata: {listed(self.metadata)}")
        return [*lines, f"note: {left_out}"] if left_out else lines

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _fields(self) -> Iterator[str]:
        for name in _SHOWN:
            if name == "id" and self.id_from:
                yield f"id from {' and '.join(self.id_from)}"
            elif name in self.columns:
                yield f"{name} from {' or '.join(map(repr, self.columns[name]))}"
            elif name == "id":
                yield "id from the content (no id column)"
            elif name in ("answer", "system") and self.answers_in:
                yield f"answer from {listed(self.answers_in)}" if name == "answer" else "system by column"
            elif name in ("reference", "system"):
                yield f"no {name}"

    def _left_out(self) -> Iterator[str]:
        if n := self.empty_answers.total():
            systems = ", ".join(f"{name}: {count:,}" for name, count in self.empty_answers.items())
            yield f"{n:,} empty {'cell' if n == 1 else 'cells'} without an answer, not scored ({systems})"
        if n := self.empty_questions:
            yield f"{n:,} {'item has' if n == 1 else 'items have'} an empty question"
        for name, n in self.words_for_none.items():
            what = f"{n:,} {name}{' is' if n == 1 else 's are'}"
            yield f"{what} empty or a word such as NaN or N/A, read as {'a text' if n == 1 else 'texts'}"
        if n := self.repeated:
            yield (
                f"{n:,} {'row has' if n == 1 else 'rows have'} the content of an earlier row (ids that end "
                "in -2, -3, …)"
            )
        if n := self.prompts_as_systems:
            found = ascii(self.system_prompt[:_MOST_SHOWN])
            yield (
                f"{n:,} {'row names' if n == 1 else 'rows name'} a system such as {found}, which looks like "
                "a prompt; if it is one: --map system_message=COLUMN"
            )
        if n := self.lists_as_references:
            yield (
                f"{n:,} {'cell' if n == 1 else 'cells'} of references {'holds' if n == 1 else 'hold'} a "
                "list; its entries are alternatives"
            )
        if n := self.unanswered:
            more = f" and {n - _MOST_IDS:,} more" if n > _MOST_IDS else ""
            ids = ", ".join(map(repr, self.unanswered_ids[:_MOST_IDS]))
            yield f"{n:,} {'question' if n == 1 else 'questions'} without an answer ({ids}{more})"


def reference_warning(summary: InputSummary, rubric: str, *, refers: bool) -> str | None:
    """Warn that items lack the reference answer that a rubric refers to; None where there is no need.

    Parameters
    ----------
    summary : InputSummary
        What was read.
    rubric : str
        Name of the rubric.
    refers : bool
        Whether its text refers to a reference answer.
    """
    missing = summary.n_without_reference
    if not refers or not missing:
        return None
    if missing < summary.n_items:
        counts = f"{missing:,} of {summary.n_items:,} items"
        return f"{counts} have no reference answer, and rubric {rubric} refers to one"
    names = ", ".join(ALIASES["reference"][:4])
    return (
        f"no item has a reference answer, and rubric {rubric} refers to one. Columns named {names} … are "
        "recognised; for another: --map reference=NAME"
    )
