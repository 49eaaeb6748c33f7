"""The layouts in which a study can be exported."""

import json
from collections.abc import Callable
from typing import IO, Literal

from human_study import export, label_studio
from human_study.export import counted_tasks, everything, write_csv, write_jsonl
from human_study.store import Study
from judge.errors import InputError

Layout = Literal["long", "wide", "label-studio", "label-studio-config", "everything"]
Writer = Callable[[Study, IO[str], bool, bool], int]
"""(study, stream, as JSON Lines, with ratings after discussion) -> number of records written."""


def _long(study: Study, stream: IO[str], as_lines: bool, after: bool) -> int:
    rows = export.long_rows(study, after_discussion=after)
    return write_jsonl(rows, stream) if as_lines else write_csv(rows, export.long_columns(study), stream)


def _wide(study: Study, stream: IO[str], as_lines: bool, after: bool) -> int:
    rows = export.wide_rows(study, after_discussion=after)
    return write_jsonl(rows, stream) if as_lines else write_csv(rows, export.wide_columns(study), stream)


def _tasks(study: Study, stream: IO[str], _: bool, after: bool) -> int:
    _check_label_studio(study)
    found = list(label_studio.tasks(study, list(counted_tasks(study, after_discussion=after))))
    json.dump(found, stream, ensure_ascii=False, indent=1)
    return len(found)


def _config(study: Study, stream: IO[str], _: bool, __: bool) -> int:
    _check_label_studio(study)
    stream.write(label_studio.interface(study) + "\n")
    return 1


def _check_label_studio(study: Study) -> None:
    if study.is_anchored:
        raise InputError(
            f"{study.path}: Label Studio would not show the verdict of the judge, nor mark the ratings as "
            "anchored. Export the layout long or wide"
        )
    if study.rubric.criteria is not None:
        raise InputError(
            f"{study.path}: Label Studio asks the same questions of every task, but here each item has "
            "criteria of its own. Export the layout long or wide, or rate on the page: judge study serve"
        )


def _everything(study: Study, stream: IO[str], _: bool, __: bool) -> int:
    found = everything(study)
    json.dump(found, stream, ensure_ascii=False, indent=1)
    return len(found["history"])


SUFFIXES: dict[Layout, tuple[str, ...]] = {
    "long": (".csv", ".jsonl"),
    "wide": (".csv", ".jsonl"),
    "label-studio-config": (".xml",),
}
"""Allowed suffixes of the output file by layout; ``.json`` for all others."""

WRITERS: dict[Layout, Writer] = {
    "long": _long,
    "wide": _wide,
    "label-studio": _tasks,
    "label-studio-config": _config,
    "everything": _everything,
}
