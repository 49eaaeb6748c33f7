"""Answers from any source: tables of items, or files of other tools."""

from collections.abc import Sequence
from typing import Unpack

from judge.errors import InputError
from judge.formats import read_foreign, recognise
from judge.formats.document import ImportedFile, load
from judge.items import ItemOptions, load_items
from judge.rows import RowSource, is_file

_DOCUMENTS = (".json", ".jsonl", ".ndjson", ".eval")
OWN = "items"
"""Name of the format of our own tables."""


def read_any(
    sources: Sequence[RowSource], format: str | None = None, **options: Unpack[ItemOptions]
) -> ImportedFile:
    """Read items from tables, or from the files of another tool.

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
    if format or all(_is_foreign(source) for source in sources):
        return read_foreign(*map(str, sources), format=format)
    items = [item for source in sources for item in load_items(source, **options)]
    return ImportedFile(OWN, items).without_repeats()


def _is_foreign(source: RowSource) -> bool:
    name = str(source).removesuffix(".gz")
    if not is_file(source) or name == "-" or not name.endswith(_DOCUMENTS):
        return False
    try:
        return recognise(load(str(source))) is not None
    except InputError:
        return False  # the reader of our own tables says more precisely what is wrong
