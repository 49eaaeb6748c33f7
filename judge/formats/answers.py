"""Answers from any file: tables of items, or files of other tools."""

from collections.abc import Sequence

from judge.errors import InputError
from judge.formats import read_foreign, recognise
from judge.formats.document import ImportedFile, load
from judge.items import load_items

_DOCUMENTS = (".json", ".jsonl", ".ndjson", ".eval")
OWN = "items"
"""Name of the format of our own tables."""


def read_any(files: Sequence[str], format: str | None = None) -> ImportedFile:
    """Read items from our own tables or from the files of another tool.

    Raises
    ------
    InputError
        A file cannot be read, or our own and foreign files are mixed.
    """
    if format or all(_is_foreign(file) for file in files):
        return read_foreign(*files, format=format)
    return ImportedFile(OWN, [item for file in files for item in load_items(file)]).without_repeats()


def _is_foreign(file: str) -> bool:
    name = file.removesuffix(".gz")
    if file == "-" or not name.endswith(_DOCUMENTS):
        return False
    try:
        return recognise(load(file)) is not None
    except InputError:
        return False  # the reader of our own tables says more precisely what is wrong
