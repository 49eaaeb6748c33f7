"""Read items row by row from a file or a table in memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from judge.errors import InputError
from judge.items import chat
from judge.items.build import ItemBuilder
from judge.items.columns import ColumnFinder
from judge.items.fields import listed
from judge.items.identity import SEVERAL, MissingFieldError
from judge.items.join import QuestionSet
from judge.items.summary import InputSummary
from judge.records import Item
from judge.rows import OnBad, RowSource, kind_of, name_of, read_rows

_MOST_REFUSED = 256
_ROW_FORM = '{"question": …, "answer": …}'


class ItemList(list[Item]):
    """A list of items; `summary` says which columns they were read from."""

    summary: InputSummary


def read_items(
    source: RowSource,
    *,
    mapping: Mapping[str, str] | None = None,
    format: str | None = None,
    encoding: str | None = None,
    id_from: str | Sequence[str] = (),
    answers_in: str | Sequence[str] = (),
    questions: RowSource | None = None,
    on_bad: OnBad | None = None,
    summary: InputSummary | None = None,
) -> Iterator[Item]:
    r"""Stream the items of a table; every column that is not a field of an Item goes into `metadata`.

    Parameters
    ----------
    source : path, DataFrame, datasets.Dataset, list of dict, or list of Item
        File of one of the formats of `read_rows`, ``-`` for standard input, or a table in memory.
    mapping : mapping of str to str or None
        Field of an Item -> its column, for names that are not in `ALIASES`. Any other name becomes a
        metadata field: ``{"pair_id": "nr"}``.
    format : str or None
        Format of the file; None goes by its name.
    encoding : str or None
        Encoding of the files that are text; None recognises it.
    id_from : str or sequence of str
        Columns or fields whose values make the id, such as ``["question", "system"]``. Without them a column
        of ids gives it, or else the content does; see `judge.items.identity.content_id`.
    answers_in : str or sequence of str
        Columns that hold the answers of one system each: every cell that is not empty is an item, and its
        column is the system. A text is the name of one column, also if it holds a comma.
    questions : path, DataFrame, datasets.Dataset, list of dict, or None
        Table of the questions, joined by id; `source` then needs ids and answers only.
    on_bad : callable or None
        Gets the `InputError` of each row that is no item, and reading goes on with the next one.
    summary : InputSummary or None
        Is filled with what was read.

    Yields
    ------
    Item
        In the order of the table. The store, not this function, refuses an id that stands twice.

    Raises
    ------
    InputError
        The table cannot be read, or a row is no item and there is no `on_bad`.

    Notes
    -----
    Text fields take numbers too, as text. An answer may be empty, but it may not be null. A list of
    references means that any of them is correct, also where a cell holds it as text. Messages of a chat with
    one question and one answer become these two; the system's message goes into `metadata`. Ids that the
    content makes do not depend on the order of the rows: an item gets the same one in a table with a column
    for each system and in a table with a row for each answer, and rows that differ only in their reference
    are refused. In metadata, NaN means missing and becomes null; infinity is an error, since no JSON file
    could hold it. In a CSV, an empty cell is an empty answer or question, and a missing value everywhere
    else; lists are JSON in one cell, or as Python writes them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "answers.jsonl")
    >>> _ = file.write_text('{"question_id": 7, "prompt": "2 + 2?", "output": 4, "topic": "sums"}\n')
    >>> next(read_items(file))
    Item(id='7', question='2 + 2?', answer='4', ..., metadata={'topic': 'sums'})
    """
    placed = placed_items(
        read_rows(source, format=format, encoding=encoding, on_bad=on_bad),
        name_of(source),
        mapping=mapping,
        id_from=id_from,
        answers_in=answers_in,
        questions=questions,
        encoding=encoding,
        on_bad=on_bad,
        summary=summary,
    )
    return (item for _, item in placed)


def placed_items(
    rows: Iterable[tuple[str, Any]],
    source: str,
    *,
    mapping: Mapping[str, str] | None = None,
    id_from: str | Sequence[str] = (),
    answers_in: str | Sequence[str] = (),
    questions: RowSource | None = None,
    encoding: str | None = None,
    on_bad: OnBad | None = None,
    summary: InputSummary | None = None,
) -> Iterator[tuple[str, Item]]:
    """Items of rows, each with the place where it stands; see `read_items`. An Item stays as it is.

    The encoding is that of `questions`.
    """
    summary = InputSummary() if summary is None else summary
    summary.id_from, summary.answers_in = _names(id_from or ()), _names(answers_in or ())
    joined = None if questions is None else QuestionSet(questions, mapping or {}, encoding)
    columns = ColumnFinder(
        mapping or {},
        answers_in=summary.answers_in,
        needed=_needed(summary, is_joined=joined is not None),
        elsewhere=joined.columns if joined else frozenset(),
        on_plan=summary.add_plan,
    )
    builder = ItemBuilder(columns, summary.id_from, joined, summary)
    refused: dict[str, InputError] = {}
    for where, row in rows:
        if isinstance(row, Item):
            summary.add(row)
            columns.unseen.clear()
            yield where, row
            continue
        try:
            if not isinstance(row, dict):
                raise ValueError(f"found {kind_of(row)}; allowed: an Item, or a dict {_ROW_FORM}")
            plan = columns.plan(tuple(row))
            if plan.problem and (full := chat.answered(row)) is not row:
                row, plan = full, columns.plan(tuple(full))
            if not plan.problem:
                for item in builder.items(row, plan, where):
                    summary.add(item)
                    yield where, item
                continue
            error = _refused(refused, plan.problem, where)
        except MissingFieldError as problem:
            error = _refused(refused, str(problem), where)
        except (ValueError, RecursionError) as problem:  # two values too deep to be compared
            error = InputError(f"{where}: {problem}")
        if on_bad is None:
            raise error from None
        on_bad(error)
    if joined:
        summary.add_questions(joined)
    if unseen := columns.unseen - columns.elsewhere:
        several = SEVERAL if any("," in name for name in unseen) else ""
        option = "--answers-in" if unseen & set(columns.answers_in) else "--map"
        raise InputError(
            f"{source}: no row has a field {listed(tuple(sorted(unseen)))}, which {option} asks for; "
            f"found: {listed(tuple(summary.metadata or columns.seen))}{several}"
        )


class ItemOptions(TypedDict, total=False):
    """How a table is read; see `read_items`."""

    mapping: Mapping[str, str] | None
    id_from: str | Sequence[str]
    answers_in: str | Sequence[str]
    questions: RowSource | None
    encoding: str | None


def load_items(
    source: RowSource,
    *,
    format: str | None = None,
    on_bad: OnBad | None = None,
    **options: Unpack[ItemOptions],
) -> ItemList:
    """Read all items of a table into a list, whose `summary` says which columns they came from.

    Parameters
    ----------
    source : path, DataFrame, datasets.Dataset, list of dict, or list of Item
        File, ``-`` for standard input, or a table in memory.
    format, on_bad, **options
        As in `read_items`; the options are ``mapping``, ``id_from``, ``answers_in``, ``questions`` and
        ``encoding``.

    Raises
    ------
    InputError
        The table cannot be read, or a row is no item and there is no `on_bad`.

    Examples
    --------
    >>> items = load_items([{"prompt": "2 + 2?", "output": "4", "model": "a", "topic": "sums"}])
    >>> items[0].id, items[0].system
    ('f947c2e183b5', 'a')
    >>> print(items.summary)
    columns: question from 'prompt', answer from 'output', system from 'model', no reference, ...
    """
    summary = InputSummary()
    found = read_items(source, format=format, on_bad=on_bad, summary=summary, **options)
    items = ItemList(found)
    items.summary = summary
    return items


def _refused(refused: dict[str, InputError], problem: str, where: str) -> InputError:
    """Error of all rows whose columns lack the same fields: one object, which names the first row."""
    if len(refused) >= _MOST_REFUSED:
        refused.clear()
    return refused.setdefault(problem, InputError(f"{where}: {problem}"))


def _needed(summary: InputSummary, *, is_joined: bool) -> tuple[str, ...]:
    own = () if summary.answers_in else ("answer",)
    return ("id", *own) if is_joined else ("question", *own)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several; a comma may be part of a name, and only the command line splits there."""
    return (names,) if isinstance(names, str) else tuple(names)
