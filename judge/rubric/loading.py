"""Rubrics from YAML files: shipped ones by name, any other by path; errors name file and key."""

from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path

from pydantic import ValidationError

from judge.errors import RubricError
from judge.files.strict_yaml import LARGEST_FILE, load_yaml
from judge.files.unpacking import open_file
from judge.rubric.model import Rubric

_MOST_LINES = 20


def load_rubric(name_or_path: str | Path) -> Rubric:
    """Load a shipped rubric by its name, or any rubric by the path of its YAML file.

    Raises
    ------
    RubricError
        The file is missing, is not YAML, or is not a valid rubric. The message names the file, the key, what
        was found, and what is allowed.

    Examples
    --------
    >>> load_rubric("open_qa").scored
    ('technical_accuracy', 'comprehensiveness', 'relevance', 'clarity', 'overall')
    """
    path = rubric_file(name_or_path)
    try:
        with TextIOWrapper(open_file(path), "utf-8-sig") as file:
            text = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        known = ", ".join(shipped_rubrics())
        raise RubricError(
            f"rubric {str(name_or_path)!r} is neither shipped nor a file. Shipped: {known}. "
            "Create your own: judge rubric new FILE"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or error
        raise RubricError(f"{path}: cannot be read: {problem}") from None
    return parse_rubric(text, where=str(path))


def parse_rubric(text: str, where: str = "rubric") -> Rubric:
    """Build a rubric from the text of a YAML file; `where` names the file in errors."""
    try:
        data = load_yaml(text)
    except ValueError as error:
        raise RubricError(f"{where}: {error}") from None
    if not isinstance(data, dict):
        raise RubricError(
            f"{where}: found {type(data).__name__}; a rubric is a mapping with name, task, dimensions, pass"
        )
    try:
        return Rubric.model_validate(data)
    except ValidationError as error:
        lines = list(_readable(error))
        more = [f"… and {len(lines) - _MOST_LINES:,} more"] if len(lines) > _MOST_LINES else []
        raise RubricError("\n".join(f"{where}: {line}" for line in lines[:_MOST_LINES] + more)) from None


def rubric_file(name_or_path: str | Path) -> Path:
    """Return the file of a shipped rubric, or the path itself."""
    return shipped_rubrics().get(str(name_or_path), Path(name_or_path))


def shipped_rubrics() -> dict[str, Path]:
    """List the rubrics that are shipped with the package: name -> file."""
    here = Path(__file__).parent.parent
    folder = next(f for f in (here / "rubrics", here.parent / "rubrics") if f.is_dir())
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _readable(error: ValidationError) -> Iterable[str]:
    """Yield one line for each problem: the key, what was found, and what is allowed."""
    for detail in error.errors(include_url=False):
        key = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        if not key:
            yield from message.splitlines()
        elif detail["type"] == "missing":
            yield f"{key}: missing; it is required"
        elif detail["type"] == "extra_forbidden":
            yield f"{key}: unknown key; for an example of all keys see: judge rubric show open_qa"
        else:
            yield f"{key}: found {detail['input']!r:.80}; {message}"
