"""Answers from any source: tables of items, or files of other tools."""

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from judge.errors import InputError
from judge.formats import read_foreign, recognise
from judge.formats.document import ImportedFile, load, told_apart
from judge.items import ItemOptions, load_items
from judge.records import Item
from judge.rows import RowSource, is_file, name_of

_DOCUMENTS = (".json", ".jsonl", ".ndjson", ".eval")
OWN = "items"
"""Name of the format of our own tables."""


def read_any(
    sources: Sequence[RowSource], format: str | None = None, **options: Unpack[ItemOptions]
) -> ImportedFile:
    """Read items from tables, or from the files of another tool.

    Tables that have other answers under the same ids are those of several systems, named by the files.

    Parameters
    ----------
    sources : sequence of path, DataFrame, or list of dict
        Files or tables in memory.
    format : str or None
        Name of the other tool's format; None means that it is recognised.
    **options
        How tables are read, as in `judge.load_items`: ``mapping``, ``id_from``, ``answers_in``,
        ``questions``.

    Raises
    ------
    InputError
        A source cannot be read, or our own and foreign files are mixed.
    """
    if format or all(tool_of(source) for source in sources):
        return read_foreign(*map(str, sources), format=format)
    groups: dict[str, list[Item]] = {}
    for source in sources:
        groups.setdefault(_stem(source), []).extend(load_items(source, **options))
    return ImportedFile(OWN, told_apart(groups)).without_repeats()


def _stem(source: RowSource) -> str:
    """Name of a source as a system: that of the file."""
    return Path(name_of(source)).name.removesuffix(".gz").partition(".")[0]


def tool_of(source: RowSource) -> str | None:
    """Name of the other tool's format that a file is in; None where it is none, or cannot be read."""
    name = str(source).removesuffix(".gz")
    if not is_file(source) or name == "-" or not name.endswith(_DOCUMENTS):
        return None
    try:
        return recognise(load(str(source)))
    except InputError:
        return None  # the reader of our own tables says more precisely what is wrong
