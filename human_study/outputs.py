"""Every layout in which a study can be written to a file."""

import json
from collections.abc import Callable, Iterable
from typing import IO, Any

from human_study import label_studio
from human_study.export import counted, everything, long_rows, wide_rows, write_csv, write_jsonl
from human_study.store import Study

Writer = Callable[[Study, IO[str], bool, bool], int]
"""Study, stream, whether as JSON lines, whether after discussion -> how many were written."""


def _rows(make: Callable[..., Iterable[dict[str, Any]]]) -> Writer:
    def write(study: Study, stream: IO[str], as_lines: bool, after: bool) -> int:
        rows = make(study, after_discussion=after)
        return write_jsonl(rows, stream) if as_lines else write_csv(rows, stream)

    return write


def _tasks(study: Study, stream: IO[str], _: bool, after: bool) -> int:
    found = list(label_studio.tasks(study, list(counted(study, after_discussion=after))))
    json.dump(found, stream, ensure_ascii=False, indent=1)
    return len(found)


def _config(study: Study, stream: IO[str], _: bool, __: bool) -> int:
    stream.write(label_studio.interface(study) + "\n")
    return 1


def _everything(study: Study, stream: IO[str], _: bool, __: bool) -> int:
    found = everything(study)
    json.dump(found, stream, ensure_ascii=False, indent=1)
    return len(found["history"])


WRITERS: dict[str, Writer] = {
    "long": _rows(long_rows),
    "wide": _rows(wide_rows),
    "label-studio": _tasks,
    "label-studio-config": _config,
    "everything": _everything,
}
