"""`judge.choice`: accuracy on multiple-choice questions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from judge.analysis.multiple_choice.choice import read_answers
from judge.errors import InputError
from judge.formats.answers import read_any
from judge.formats.document import ImportedFile, told_apart
from judge.items import ItemOptions
from judge.reporting.builders.choice import build_choice
from judge.reporting.builders.run_data import read_run
from judge.reporting.report import Report
from judge.rows import RowSource, is_file, name_of
from judge.rubric import NoVerdict
from judge.scoring.run import Run
from judge.workflows.inputs import RunSource, names, path


def choice(
    answers: RowSource | Run | Sequence[str | Path | Run],
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
    answers : path, Run, list of paths or runs, DataFrame, list of dict or list of Item
        Items with ``choices`` and ``gold``; or runs that hold such items, by whatever judge. Files of other
        tools are recognised; MMAD's questions and answers are given together. Files, or runs, with other
        answers under the same ids are those of several systems.
    format : str, optional
        Files of another tool; default: recognised.
    mapping, id_from, answers_in, questions, encoding
        How tables are read, as in `judge.load_items`.
    no_verdict : {'fail', 'drop', 'bounds'}
        How a reply without one offered letter is counted: as wrong (the default); not at all; or not at all,
        with the accuracies that would result if all of them were wrong or correct. Their number is always
        shown.
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
    name = ", ".join(one.name if isinstance(one, Run) else name_of(one) for one in sources)
    runs = [folder for one in sources if (folder := _run_folder(one))]
    options: ItemOptions = {
        "mapping": mapping,
        "id_from": id_from,
        "answers_in": answers_in,
        "questions": questions,
        "encoding": encoding,
    }
    if runs:
        given = [option for option, value in options.items() if value]
        found = _items_of(runs, len(sources), given)
    else:
        found = read_any([one for one in sources if not isinstance(one, Run)], format, **options)
    return build_choice(
        read_answers(found.items, no_verdict=no_verdict, name=name),
        by=names(by) or found.by,
        cluster=cluster or found.cluster,
        run=None if run is None else read_run(path(run)).table,
        problems=found.problems,
    )


def _sources(answers: RowSource | Run | Sequence[str | Path | Run]) -> list[RowSource | Run]:
    """Files, runs or tables in memory; a list of files or runs is several sources."""
    if isinstance(answers, list | tuple) and answers:
        named: list[RowSource | Run] = [one for one in answers if isinstance(one, Run) or is_file(one)]
        return named if len(named) == len(answers) else [answers]
    return [answers]


def _run_folder(source: RowSource | Run) -> str | None:
    if isinstance(source, Run):
        return str(source.path)
    return str(source) if isinstance(source, str | Path) and (Path(source) / "run.db").is_file() else None


def _items_of(folders: Sequence[str], n_sources: int, given: Sequence[str]) -> ImportedFile:
    """Items of runs; several runs are a system each.

    Raises
    ------
    InputError
        There are files beside the runs, or options about reading files.
    RunError
        The letters of a run were read by other rules than today's.
    """
    if len(folders) < n_sources or given:
        beside = ", ".join(given) or "files"
        raise InputError(f"{folders[0]} is a run, whose items need no reading; it cannot be with {beside}")
    groups = {}
    for folder in folders:
        with Run.open(folder) as run:
            if run.judge.reader:
                run.check_judge(run.judge.with_current_reader())
            groups[run.name] = list(run.items())
    return ImportedFile("run", told_apart(groups))
