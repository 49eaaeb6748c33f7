"""The columns of the table of items: which there are, and which are shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from judge.records import OVERALL, Item
from judge.scoring.prompt import visible
from judge.view.columns import Columns, spoken
from judge.view.texts import excerpt

_MOST_SCORES = 9
_LONGEST = 60


@dataclass(frozen=True)
class TableColumn:
    """A column of the table, beside those of verdicts and of the item.

    Attributes
    ----------
    name : str
        Its name in the address and in forms, without invisible characters.
    title : str
        Its heading.
    field : str or None
        Field of the items that it holds; None for scores on the dimension of this name.
    """

    name: str
    title: str
    field: str | None = None

    def text_of(self, item: Item) -> str:
        """Return the value of the field as a short text; empty if the item does not have it."""
        value = item.system if self.field == "system" and item.system else item.metadata.get(self.field or "")
        if value is None:
            return ""
        return excerpt(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _LONGEST)


class TableColumns:
    """The columns that there are, and the choice of a reader.

    Parameters
    ----------
    columns : Columns
        The scores and fields of the run.
    wanted : sequence of str
        Names of the columns that are chosen; none, and names that the run does not have: the scores.
    """

    def __init__(self, columns: Columns, wanted: Sequence[str]) -> None:
        # The overall score is the last of the rubric; it comes first, so that it is shown in any case.
        names = sorted(columns.values, key=lambda name: name != OVERALL)
        if len(names) <= _MOST_SCORES:
            names = list(columns.values)
        hidden = columns.rubric.criteria.field if columns.rubric.criteria else None
        fields = [name for name in list(columns.fields) if name != hidden]
        self.scores = [TableColumn(name, spoken(name)) for name in names]
        self.fields = [TableColumn(f"field.{visible(name)}", name, name) for name in fields]
        first = self.scores[:_MOST_SCORES]
        chosen = [column for column in (*self.scores, *self.fields) if column.name in wanted]
        self.shown = chosen or first
        self.chosen = () if self.shown == first else tuple(column.name for column in self.shown)
        """The choice as it stands in addresses; empty for the scores."""
