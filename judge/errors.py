"""Errors for users. Every message says where, what was found, what is allowed, and what to do.

::

    JudgeError                exit status 1
    ├── InputError            a file or a table of items, replies or ratings is invalid
    ├── RubricError           a rubric is invalid
    ├── RunError              a run folder is damaged, in use, or belongs to another judge
    ├── BackendError          the judge cannot answer at all: no key, unknown model, quota exhausted
    ├── MissingExtraError     an optional package is needed and not installed
    └── GateError             a threshold set by the user was not reached; exit status 4

The failure of one item is not an exception but a Completion with a `failure`.
"""


class JudgeError(Exception):
    """Base class of all errors of this package; the command line shows its message and exits."""

    exit_code = 1


class InputError(JudgeError):
    """A file or a table of items, replies or ratings is invalid."""


class RubricError(JudgeError):
    """A rubric is invalid."""


class RunError(JudgeError):
    """A run folder is damaged, in use, or belongs to another judge."""


class BackendError(JudgeError):
    """The judge cannot answer at all: no key, unknown model, quota exhausted."""


class MissingExtraError(JudgeError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the package {package}, which is not installed: "
            f"pip install 'judge-toolkit[{extra}]'"
        )


class GateError(JudgeError):
    """A threshold set by the user was not reached."""

    exit_code = 4
