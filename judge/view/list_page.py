"""The table of items: rows of a page, filters with their counts, and links for sorting and paging."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from numpy.typing import NDArray

from judge.pass_mark import reaches
from judge.records import Item
from judge.view.columns import VERDICTS, Columns, Facet, spoken
from judge.view.item_filter import PAGE_SIZE, FilteredItems, ItemFilter, select
from judge.view.library import OpenRun
from judge.view.people_comparison import PeopleComparison
from judge.view.second_run import SecondRun
from judge.view.table_columns import TableColumn, TableColumns
from judge.view.texts import excerpt, money, rounded

MOST_SHOWN = 8
_MOST_OPEN_FIELDS = 4
_SORTS = {"": "Order of the input", "-cost": "Cost", "-time": "Time", "-length": "Length of the answer"}


@dataclass(frozen=True)
class Cell:
    """A score in the table."""

    text: str
    is_low: bool = False
    is_missing: bool = False
    beside: str = ""
    """The score of the other run, where it differs."""


@dataclass(frozen=True)
class Row:
    """An item in the table."""

    id: str
    link: str
    verdict: str
    other: str
    """Verdict of the other run; empty without one."""
    people: str
    """Verdict of the majority of people; empty if they have not rated the item."""
    question: str
    answer: str
    cells: Sequence[Cell]
    cost: str


@dataclass(frozen=True)
class FilterChoice:
    """A value of a facet, with the number of items and the link that chooses it."""

    value: str
    count: int
    link: str
    is_chosen: bool
    share: int
    """Width of its bar, in percent of the largest count."""


@dataclass(frozen=True)
class Group:
    """The values of a facet: those that are shown, and those that unfold."""

    name: str
    title: str
    choices: Sequence[FilterChoice]
    rest: Sequence[FilterChoice]
    is_open: bool


class View:
    """One state of the table of items of a run, perhaps with a second run beside it."""

    def __init__(
        self, opened: OpenRun, wanted: ItemFilter, other: OpenRun | None = None, *, counts: bool = True
    ) -> None:
        self.opened = opened
        self.other = other
        self.columns: Columns = opened.index.columns
        self.table = TableColumns(self.columns, wanted.columns)
        self.wanted = replace(wanted, columns=self.table.chosen)
        self.second: SecondRun | None = opened.beside(other) if other else None
        self.against_people: PeopleComparison | None = opened.against_people()
        self.facets: list[Facet] = self._facets()
        found = opened.index.found(wanted.search)[: self.columns.n]
        self.selection: FilteredItems = select(self.facets, wanted, found, self._order(), counts=counts)

    def _facets(self) -> list[Facet]:
        """Verdicts first, then the fields of the items, then scores and the rest."""
        known, second = self.opened.index.facets(), self.second.facets if self.second else []
        people = self.against_people.facets if self.against_people else []
        fields = [facet for facet in known if facet.name.startswith("field.")]
        verdicts = [facet for facet in (*known, *second) if facet.name in ("verdict", "change")]
        first = [*verdicts, *people, *fields]
        names = {facet.name for facet in first}
        return [*first, *(facet for facet in (*second, *known) if facet.name not in names)]

    def _order(self) -> NDArray[np.int32] | None:
        if self.wanted.sort == "-apart" and self.against_people:
            return self.against_people.order
        if self.wanted.sort == "-change" and self.second:
            return self.second.order
        return self.opened.index.order(self.wanted.sort)

    # Rows

    @property
    def has_people(self) -> bool:
        """Whether the table has a column with verdicts of people."""
        return self.against_people is not None and self.against_people.people.has_verdicts

    def rows(self) -> list[Row]:
        """Return the items of the page."""
        page = min(self.wanted.page, self.selection.n_pages)
        positions = self.selection.page(page)
        items = self.opened.run().items_at(positions) if positions else []
        return [self._row(position, item) for position, item in zip(positions, items, strict=True)]

    def _row(self, position: int, item: Item) -> Row:
        there = int(self.second.rows[position - 1]) if self.second else -1
        other = ""
        if self.second:
            other = VERDICTS[self.second.second.verdicts[there]] if there >= 0 else "not in it"
        return Row(
            item.id,
            self.item_link(item.id),
            VERDICTS[self.columns.verdicts[position - 1]],
            other,
            self.opened.people.verdict_of(item.id) if self.opened.people else "",
            excerpt(item.question),
            excerpt(item.answer) or "(empty answer)",
            [self._cell(column, item, position - 1, there) for column in self.table.shown],
            money(float(self.columns.costs[position - 1])),
        )

    def _cell(self, column: TableColumn, item: Item, row: int, there: int) -> Cell:
        if column.field is not None:
            return Cell(column.text_of(item))
        name = column.name
        text = score_text(self.columns, name, row)
        mark = self.columns.rubric.pass_rule.get(name)
        value = float(self.columns.values[name][row])
        is_low = mark is not None and not np.isnan(value) and not reaches(value + 1e-6, mark)
        beside = ""
        if self.second and there >= 0 and name in self.second.second.values:
            beside = score_text(self.second.second, name, there)
        return Cell(text, is_low, bool(np.isnan(value)), beside if beside != text else "")

    # Links

    @property
    def base(self) -> str:
        """Address of the table of this run."""
        return f"/runs/{quote(self.opened.name, safe='')}/"

    def link(self, wanted: ItemFilter) -> str:
        """Address of another state of the table."""
        return self.base + wanted.query()

    def item_link(self, item_id: str) -> str:
        """Address of an item within this state."""
        state = replace(self.wanted, page=1).query().removeprefix("?")
        own = urlencode({"id": item_id}, errors="surrogatepass")
        return f"{self.base}item?{own}" + (f"&{state}" if state else "")

    def groups(self) -> list[Group]:
        """Return the filters with the counts of their values."""
        groups = [self._group(facet, self.selection.counts[facet.name]) for facet in self.facets]
        fields = [group.name for group in groups if group.name.startswith("field.")]
        folded = {group.name for group in groups if group.rest and group.name in fields}
        folded |= set([name for name in fields if name not in folded][_MOST_OPEN_FIELDS:])
        return [
            replace(group, is_open=False)
            if group.name in folded and group.name not in self.wanted.chosen
            else group
            for group in groups
            if group.choices
        ]

    def _group(self, facet: Facet, counts: Sequence[int]) -> Group:
        chosen = self.wanted.chosen.get(facet.name, ())
        most = max(counts, default=0) or 1
        choices = [
            FilterChoice(
                value,
                count,
                self.link(self.wanted.toggled(facet.name, value)),
                value in chosen,
                round(100 * count / most),
            )
            for value, count in zip(facet.values, counts, strict=True)
            if value and (count or value in chosen)
        ]
        if len(choices) > MOST_SHOWN and facet.name.startswith("field."):
            choices.sort(key=lambda choice: (not choice.is_chosen, -choice.count))
        is_open = bool(chosen) or not facet.name.startswith(("diff.", "flag."))
        return Group(facet.name, facet.title, choices[:MOST_SHOWN], choices[MOST_SHOWN:], is_open)

    def chips(self) -> list[tuple[str, str]]:
        """Filters that are on: text, and the link that removes each."""
        titles = {facet.name: facet.title for facet in self.facets}
        found = [
            (f"{titles.get(name, name)}: {value}", self.link(self.wanted.toggled(name, value)))
            for name, values in self.wanted.chosen.items()
            for value in values
        ]
        if self.wanted.search:
            found.insert(
                0, (f"Text: {self.wanted.search}", self.link(replace(self.wanted, search="", page=1)))
            )
        return found

    def sorts(self) -> list[tuple[str, str, bool]]:
        """Ways to sort: name, link, and whether it is the present one."""
        known = dict(_SORTS)
        for name in self.columns.values:
            known[name] = f"{spoken(name)}, lowest first"
            known[f"-{name}"] = f"{spoken(name)}, highest first"
        if self.against_people:
            known["-apart"] = "Distance from people"
        if self.second:
            known["-change"] = "Distance between the runs"
        return [(text, sort, sort == self.wanted.sort) for sort, text in known.items()]

    def pages(self) -> dict[str, Any]:
        """Number of this page and of all, and the links around it."""
        n, here = self.selection.n_pages, min(self.wanted.page, self.selection.n_pages)
        links = {
            "first": self.link(self.wanted.on_page(1)) if here > 1 else "",
            "previous": self.link(self.wanted.on_page(here - 1)) if here > 1 else "",
            "next": self.link(self.wanted.on_page(here + 1)) if here < n else "",
            "last": self.link(self.wanted.on_page(n)) if here < n else "",
        }
        first = (here - 1) * PAGE_SIZE + 1 if len(self.selection) else 0
        return {
            **links,
            "here": here,
            "n": n,
            "from": first,
            "to": min(here * PAGE_SIZE, len(self.selection)),
        }


def score_text(columns: Columns, name: str, row: int) -> str:
    """Return a score as a number or a label, or the status that says why there is none."""
    value = float(columns.values[name][row])
    if np.isnan(value):
        return columns.group_of(name, row).replace("_", " ")
    dimension = columns.rubric.dimensions.get(name)
    return dimension.label_of(value) if dimension else rounded(value)
