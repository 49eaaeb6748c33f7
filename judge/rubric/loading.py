"""Rubrics from YAML files: shipped ones by name, any other by path; errors name file, line and key."""

import re
from io import TextIOWrapper
from pathlib import Path

from pydantic import ValidationError

from judge.errors import RubricError
from judge.files.strict_yaml import LARGEST_FILE, load_yaml
from judge.files.unpacking import open_file
from judge.rubric.model import Rubric
from judge.rubric.near_names import did_you_mean
from judge.rubric.problems import RubricProblem, problems_in, with_lines

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
    return parse_rubric(read_rubric_file(name_or_path), where=str(rubric_file(name_or_path)))


def read_rubric_file(name_or_path: str | Path) -> str:
    """Return the text of a rubric file; RubricError if it is missing or cannot be read."""
    path = rubric_file(name_or_path)
    try:
        with TextIOWrapper(open_file(path), "utf-8-sig") as file:
            return file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        known = shipped_rubrics()
        hint = did_you_mean(name_or_path, known)
        raise RubricError(
            f"rubric {str(name_or_path)!r} is neither shipped nor a file{hint or '.'} "
            f"Shipped: {', '.join(known)}. Create your own: judge rubric new FILE"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or error
        raise RubricError(f"{path}: cannot be read: {problem}") from None


def parse_rubric(text: str, where: str = "rubric") -> Rubric:
    """Build a rubric from the text of a YAML file; `where` names the file in errors."""
    rubric, problems = check_rubric(text)
    if rubric is None:
        lines = [problem.at(where) for problem in problems]
        more = [f"{where}: … and {len(lines) - _MOST_LINES:,} more"] if len(lines) > _MOST_LINES else []
        raise RubricError("\n".join(lines[:_MOST_LINES] + more))
    return rubric


def check_rubric(text: str) -> tuple[Rubric | None, list[RubricProblem]]:
    r"""Read the text of a rubric file: the rubric, or None and every error in it.

    Examples
    --------
    >>> _, problems = check_rubric("name: r\ntask: Judge.\ndimesions: {}\npass: {overall: 3}")
    >>> print(problems[0].at("r.yaml"))
    r.yaml:3: dimesions: unknown key; did you mean dimensions?
    """
    try:
        data = load_yaml(text)
    except ValueError as error:
        lines = re.findall(r"at line (\d+), column", str(error))  # of the context, and of the problem
        return None, [RubricProblem("", _with_hint(str(error)), int(lines[-1]) if lines else None)]
    if not isinstance(data, dict):
        found = "an empty file" if data is None else type(data).__name__
        wanted = "a rubric is a mapping with name, task, dimensions, pass"
        return None, [RubricProblem("", f"found {found}; {wanted}")]
    try:
        return Rubric.model_validate(data), []
    except ValidationError:
        return None, with_lines(problems_in(data), text)


def _with_hint(problem: str) -> str:
    """Add to an error of the YAML parser what usually causes it."""
    hints = {
        r"'\\t'": "indent with spaces and not with tabs",
        r"expected <block end>|could not find expected ':'|mapping values are not allowed": (
            "indent the keys of one mapping alike, and put a text that contains ': ' or ' #' in quotes"
        ),
        r"expected ',' or '[}\]]'|found unexpected end of stream|while parsing a flow node": (
            "close every bracket and quotation mark, and put a text that contains , : ? [ ] { } in quotes"
        ),
    }
    hint = next((hint for found, hint in hints.items() if re.search(found, problem)), None)
    return f"{problem}. Probably: {hint}" if hint else problem


def rubric_file(name_or_path: str | Path) -> Path:
    """Return the file of a shipped rubric, or the path itself."""
    return shipped_rubrics().get(str(name_or_path), Path(name_or_path))


def shipped_rubrics() -> dict[str, Path]:
    """List the rubrics that are shipped with the package: name -> file."""
    here = Path(__file__).parent.parent
    folder = next(f for f in (here / "rubrics", here.parent / "rubrics") if f.is_dir())
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
