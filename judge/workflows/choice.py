"""`judge.choice`: accuracy on multiple-choice questions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from judge.analysis.multiple_choice.choice import read_answers
from judge.formats.answers import read_any
from judge.reporting.builders.choice import build_choice
from judge.reporting.builders.run_data import read_run
from judge.reporting.report import Report
from judge.rows import RowSource, is_file, name_of
from judge.rubric import NoVerdict
from judge.workflows.inputs import RunSource, names, path


def choice(
    answers: RowSource | Sequence[str | Path],
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    id_from: str | Sequence[str] = (),
    answers_in: str | Sequence[str] = (),
    questions: RowSource | None = None,
    encoding: str | None = None,
    no_verdict: NoVerdict | None = None,
    by: str | Sequence[str] = (),
    cluster: str | None = None,
    run: RunSource | None = None,
) -> Report:
    """Read the chosen letter from every reply, and report the accuracy.

    Parameters
    ----------
    answers : path, list of paths, DataFrame, list of dict or list of Item
        Items with ``choices`` and ``gold``. Files of other tools are recognised; MMAD's questions and answers
        are given together.
    format : str, optional
        Files of another tool; default: recognised.
    mapping, id_from, answers_in, questions, encoding
        How tables are read, as in `judge.load_items`.
    no_verdict : {'fail', 'drop', 'bounds'}
        How a reply without one offered letter is counted: as wrong; not at all; or not at all, with the
        accuracies that would result if all of them were wrong or correct. Their number is always shown.
    by, cluster
        As in `judge.report`.
    run : Run or path, optional
        Open answers to compare with, by the same fields.

    Returns
    -------
    Report
        ``estimates["accuracy"]`` is the accuracy.

    Raises
    ------
    JudgeError
        The answers cannot be read, or no item has choices.
    """
    sources = _sources(answers)
    name = ", ".join(map(name_of, sources))
    found = read_any(
        sources,
        format,
        mapping=mapping,
        id_from=id_from,
        answers_in=answers_in,
        questions=questions,
        encoding=encoding,
    )
    return build_choice(
        read_answers(found.items, no_verdict=no_verdict, name=name),
        by=names(by) or found.by,
        cluster=cluster or found.cluster,
        run=None if run is None else read_run(path(run)).table,
        problems=found.problems,
    )


def _sources(answers: RowSource | Sequence[str | Path]) -> list[RowSource]:
    """Files or tables in memory; a list of files is several sources."""
    if isinstance(answers, list | tuple) and answers and all(map(is_file, answers)):
        return list(answers)
    return [answers]
