"""The errors that users see. Every message says where, what was found, what is allowed, and what to do.

::

    JudgeError                exit status 1
    ├── InputError            a file of items, replies or ratings cannot be read as it stands
    ├── RubricError           a rubric breaks its own rules
    ├── RunError              a run folder is damaged, busy, or belongs to another judge
    ├── BackendError          the judge cannot answer at all: no key, unknown model, quota exhausted
    ├── MissingExtraError     an optional package is needed and not installed
    └── GateError             a threshold that the user set was missed; exit status 4

One item's failure is never an exception: it is a Completion with a `failure`.
"""


class JudgeError(Exception):
    """Anything that ends a command with one clear line."""

    exit_code = 1


class InputError(JudgeError):
    """A file of items, replies or ratings cannot be read as it stands."""


class RubricError(JudgeError):
    """A rubric breaks its own rules."""


class RunError(JudgeError):
    """A run folder is damaged, busy, or belongs to another judge."""


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
    """A threshold that the user set was missed."""

    exit_code = 4
