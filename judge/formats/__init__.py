"""Foreign files -> Items and Scores: the files of other tools, one module each, recognised by their content.

Answers come in as Items. The scores that another tool gave them come in as one more rater.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from judge.errors import InputError
from judge.formats.document import Document, ImportedFile, load

FORMATS = {
    "robustmad": "RobustMAD: questions nested by image, responses, judged files",
    "mmad": "MMAD: mmad.json and answers",
    "inspect": "Inspect: .eval and .json logs",
    "promptfoo": "promptfoo: results.json",
    "deepeval": "deepeval: test runs",
    "lm_eval": "lm-evaluation-harness: samples_*.jsonl",
}
"""Name of a format, which is also the name of its module -> what it reads."""


def read_foreign(*paths: str | Path, format: str | None = None, templates: str | None = None) -> ImportedFile:
    """Read the answers and scores in one or more files of another tool.

    Parameters
    ----------
    *paths : str or Path
        Files that belong together, e.g. RobustMAD's questions and the responses to them, in any order.
    format : str or None
        A name in `FORMATS`; None recognises it.
    templates : {'similar', 'random', 'none'} or None
        Which normal picture that MMAD names is the reference picture of an item; None means 'similar'.

    Returns
    -------
    ImportedFile
        Items, scores, and everything that did not fit together, by kind of problem.

    Raises
    ------
    InputError
        A file cannot be read, is of no known format, or lacks a field; the message says where.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "test_run.json")
    >>> case = {"name": "t1", "input": "2 + 2?", "actualOutput": "4", "metricsData": []}
    >>> _ = file.write_text(json.dumps({"testCases": [case]}))
    >>> [item.answer for item in read_foreign(file).items]
    ['4']
    """
    if not paths:
        raise InputError("no file given; give the files of another tool")
    documents = [load(path) for path in paths]
    name = format or _agreed_format(documents)
    if templates and name != "mmad":
        raise InputError(
            f"{paths[0]}: templates (--templates) are normal pictures that MMAD names; these files are {name}"
        )
    chosen = {"templates": templates} if templates else {}
    found: ImportedFile = _module(name).read(documents, **chosen)
    return found.without_repeats()


def recognise(document: Document) -> str | None:
    """Name of the format that a document is in; None where no format claims it."""
    return next((name for name in FORMATS if _module(name).recognises(document)), None)


def _agreed_format(documents: Sequence[Document]) -> str:
    names = {str(document.path): recognise(document) for document in documents}
    known = ", ".join(FORMATS)
    for path, name in names.items():
        if name is None:
            raise InputError(
                f"{path}: is in no format that is recognised; allowed: {known}. Name it: --format"
            )
    if len(set(names.values())) > 1:
        found = ", ".join(f"{path} is {name}" for path, name in names.items())
        raise InputError(f"files of one format belong together; found: {found}")
    return str(next(iter(names.values())))


def _module(name: str) -> ModuleType:
    if name not in FORMATS:
        raise InputError(f"format {name!r} is not known; allowed: {', '.join(FORMATS)}")
    return importlib.import_module(f"judge.formats.{name}")
