"""Collect human ratings in a browser: blind, balanced, and stored in one file.

>>> import human_study
>>> study = human_study.create_study("answers.jsonl", "study.db", raters=5)   # doctest: +SKIP
>>> human_study.study_progress("study.db")                                    # doctest: +SKIP
>>> human_study.export_study("study.db", "ratings.csv")                       # doctest: +SKIP

``judge study serve study.db`` serves the rating page, and `judge.agree` reads the exported ratings.
`protocol.md` describes how to run a study.

Reading order: `workflows` (the public functions), `form` (the questions), `sampling` (the items),
`assignment` (the raters of each item), `plan` (the complete study before it starts), `store` (the file),
`app` (the pages), `progress` and `export` (the results).
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from human_study.plan import StudyOptionError as StudyOptionError
    from human_study.progress import StudyProgress as StudyProgress
    from human_study.store import Study as Study
    from human_study.workflows import create_study as create_study
    from human_study.workflows import export_study as export_study
    from human_study.workflows import import_into_study as import_into_study
    from human_study.workflows import study_progress as study_progress

# Name -> module; imported on first use, so that `import human_study` loads no package.
_PUBLIC = {
    "Study": "human_study.store",
    "StudyOptionError": "human_study.plan",
    "StudyProgress": "human_study.progress",
    "create_study": "human_study.workflows",
    "export_study": "human_study.workflows",
    "import_into_study": "human_study.workflows",
    "study_progress": "human_study.workflows",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'human_study' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
