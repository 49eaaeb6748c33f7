"""Score a file of answers: read, check all that can be checked for free, ask, store, export."""

import hashlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import judge as package
from judge.errors import InputError, RubricError, RunError
from judge.records import Request
from judge.rubric import Rubric, load_rubric
from judge.scoring.backends import Backend
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.factory import check_backend, load_backend
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.callbacks import ProgressBar, ScoringCallback
from judge.scoring.checked_items import (
    Answers,
    BadItems,
    InputOptions,
    checked_items,
    input_notes,
    source_name,
)
from judge.scoring.checked_items import image_root as root_of_images
from judge.scoring.fresh_run import run_for
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores, score_items
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run
from judge.tables import RowSource


def score(
    answers: Answers,
    *,
    judge: str | Judge = "baseline",
    rubric: str | Path | Rubric = "open_qa",
    out: str | Path | None = None,
    samples: int = 1,
    limit: int | None = None,
    random: bool = False,
    seed: int = 0,
    mapping: Mapping[str, str] | None = None,
    format: str | None = None,
    id_from: str | Sequence[str] = (),
    answers_in: str | Sequence[str] = (),
    questions: RowSource | None = None,
    image_root: str | Path | None = None,
    skip_bad: bool = False,
    retry_errors: bool = False,
    reask: bool = False,
    connection: Connection | None = None,
    engine: EngineOptions | None = None,
    callback: ScoringCallback | None = None,
) -> Run:
    """Score answers with a judge; the same call again continues where the last one stopped.

    Parameters
    ----------
    answers : str, Path, DataFrame, datasets.Dataset, iterable of dict, or iterable of Item
        A file (see `judge.load_items`), ``-`` for standard input, or answers in memory with the column names
        that a file may have.
    judge : str or Judge
        ``baseline`` (a lexical baseline, no model), ``replay:FILE`` (recorded replies), ``vllm:MODEL`` (in
        this process, on your GPU), a litellm model such as ``openai/gpt-5``, or a `Judge` with its own
        parameters.
    rubric : str, Path or Rubric
        Name of a shipped rubric, or a YAML file. Ignored if `judge` is a `Judge`, which has its own.
    out : str, Path or None
        Folder of the run; None means ``runs/ANSWERS-JUDGE-RUBRIC``.
    samples : int
        Replies per item.
    limit : int or None
        Score this many items only.
    random : bool
        Draw the `limit` items at random instead of taking the first ones. The sample depends on `seed` and
        on the ids only: the same call again continues the same pilot, and a larger `limit` extends it.
    seed : int
        Random seed of that sample.
    mapping : mapping of str to str or None
        Field of an `Item` -> its name in the input, for names that are not recognised. Any other name
        becomes a metadata field.
    format : str or None
        Format of the file; None means that its name tells.
    id_from : str or sequence of str
        Fields whose values make the id of an item, such as ``["question", "system"]``. Without them, a
        column of ids gives it, or else the content does.
    answers_in : str or sequence of str
        Columns that hold the answers of one system each, such as ``["model_a", "model_b"]``.
    questions : str, Path, DataFrame, datasets.Dataset, list of dict, or None
        Table of the questions, joined to the answers by id.
    image_root : str, Path or None
        Folder that image paths start from and may not leave; None means that of the input file.
    skip_bad : bool
        Score the other items if rows or images are invalid, instead of raising an error.
    retry_errors : bool
        Send the requests again that failed in an earlier call.
    reask : bool
        Send a request once more if its reply cannot be parsed.
    connection : Connection or None
        How an API is reached.
    engine : EngineOptions or None
        How a model in this process is run.
    callback : ScoringCallback or None
        Informed about progress. None means a progress bar, in a terminal or a notebook.

    Returns
    -------
    Run
        The run, open for reading. Items without a score have a status and a reason.

    Raises
    ------
    JudgeError
        A row or an image is invalid (before anything is paid), or the judge cannot answer at all. Replies
        that arrived before are stored; if there are none, a new folder is removed again.
    """
    options = InputOptions(
        limit=limit,
        random=random,
        seed=seed,
        mapping=mapping or {},
        format=format,
        id_from=id_from,
        answers_in=answers_in,
        questions=questions,
        image_root=image_root,
        skip_bad=skip_bad,
    )
    if not isinstance(judge, Judge):
        judge = Judge(model=judge, rubric=rubric if isinstance(rubric, Rubric) else load_rubric(rubric))
    connection, engine = connection or Connection(), engine or EngineOptions()
    check_backend(judge, connection)
    _check_samples(judge, samples)
    root = root_of_images(answers, options)
    path = Path(out) if out else default_out(answers, judge)
    with closing(callback or ProgressBar()) as told, run_for(path, judge) as run:
        if out is None:
            _check_input(run, answers)
        bad = BadItems()
        counts = run.add_items(checked_items(answers, options, root, bad), lambda _: bad.place)
        _write_facts(run, judge, answers, root, retry_errors)
        n_items = counts.new + counts.known + counts.changed
        told.on_run_start(run, counts, bad, n_items * len(judge.asked_alone) * samples)
        most_images, on_start, on_wait = run.most_images, told.on_model_loading, told.on_wait
        with closing(
            load_backend(judge, connection, engine, root, most_images, on_start, on_wait)
        ) as backend:
            asking = {"samples": samples, "retry_errors": retry_errors, "reask": reask}
            _ask(run, judge, backend, asking, told)
    return Run.open(path)


def _ask(run: Run, judge: Judge, backend: Backend, asking: dict[str, Any], callback: ScoringCallback) -> None:
    try:
        score_items(
            run,
            judge,
            backend,
            **asking,
            on_batch=callback.on_completions,
            on_again=callback.on_reask,
            on_asked=callback.on_requests_done,
        )
    finally:
        callback.charged = backend.spent
        run.export()
    callback.on_run_end(backend.stopped)


def _check_samples(judge: Judge, samples: int) -> None:
    if judge.scores == "expected" and samples > 1:
        raise InputError(
            f"{samples} samples of expected scores: the probabilities are the same each time; take one "
            "sample, or --scores text"
        )


def rederive(path: str | Path, rubric: str | None = None) -> Run:
    """Derive the scores of a run again from its stored replies, by its own rubric or another one.

    Raises
    ------
    RunError
        Another process is scoring into the run, or its judgments were imported and there are no replies.
    RubricError
        The new rubric is broken, or has a dimension that the judge was not asked about.
    """
    with Run.open(path) as found:
        judge = found.judge
        if found.fact("imported"):
            raise RunError(
                f"{path}: its judgments were imported without the replies, so there is nothing to parse"
            )
        new = load_rubric(rubric) if rubric else found.rubric
        if judge.scores == "expected":
            new = new.as_numbers()
    _check_asked(new, judge.rubric, str(rubric))
    with Run.create(path, judge) as run:
        derive_scores(run, new)
        run.export()
    return Run.open(path)


def _check_asked(new: Rubric, asked: Rubric, where: str) -> None:
    """Replies hold what was asked for, on the scale that was asked for, and nothing else."""
    for name in new.asked:
        if name not in asked.asked:
            known = ", ".join(asked.asked)
            raise RubricError(f"{where}: the judge was not asked about {name!r}; it was asked about {known}")
    if (new.scale.min, new.scale.max) != (asked.scale.min, asked.scale.max):
        raise RubricError(
            f"{where}: the scale runs {new.scale.min}-{new.scale.max}, but the judge was asked for scores "
            f"from {asked.scale.min} to {asked.scale.max}; another scale needs another run"
        )


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a run would send."""

    items: int
    requests: int
    answered: int
    """Requests that need not be sent: a reply is stored, or another item has the same content."""
    prompt_tokens: int
    """About: four characters are taken for a token."""
    cost: float | None
    """About, in USD; None where no price is known."""
    first: Sequence[Mapping[str, Any]]
    """Messages of the first request."""
    notes: Sequence[str] = ()
    """Which columns were read, and what is missing."""


def preview(
    answers: Answers,
    judge: Judge,
    *,
    out: str | Path | None = None,
    samples: int = 1,
    retry_errors: bool = False,
    **options: Any,
) -> Preview:
    """Compute what `score` would send, without sending anything, writing a run, or needing a key.

    Parameters
    ----------
    answers, judge, out, samples, retry_errors
        As in `score`.
    **options
        The other parameters of `score` that say how answers are read: the fields of `InputOptions`.
    """
    from judge.scoring.backends.api.pricing import find_prices, forecast

    reading, prompter = InputOptions(**options), Prompter(judge)
    path = Path(out) if out else default_out(answers, judge)
    firsts: list[Sequence[Mapping[str, Any]]] = []
    with ExitStack() as stack:
        kept = stack.enter_context(Run.open(path)) if (path / "run.db").is_file() else None
        if kept:
            kept.check_judge(judge)
        # The same way through a run that is thrown away: what it refuses is refused here, too.
        folder = stack.enter_context(TemporaryDirectory(prefix="judge-dry-run-"))
        run = stack.enter_context(Run.create(folder, judge))
        bad = BadItems()
        read = checked_items(answers, reading, root_of_images(answers, reading), bad)
        added = run.add_items(read, lambda _: bad.place)
        wanted = (r for item in run.items() for r in prompter.requests(item, samples))

        def unanswered() -> Iterator[Request]:
            for request in run.missing(wanted):
                if kept and kept.has_answer(request.key, retry_errors=retry_errors):
                    run.reused += 1
                    continue
                firsts[:] = firsts or [request.messages]
                yield request

        provider, _, name = judge.model.partition("/")
        expected = forecast(unanswered(), find_prices(judge.model, provider, name))
        return Preview(
            items=added.new,
            requests=expected.requests,
            answered=run.reused,
            prompt_tokens=expected.prompt_tokens,
            cost=expected.cost,
            first=firsts[0] if firsts else [],
            notes=input_notes(bad.summary, judge.rubric),
        )


def default_out(answers: Answers, judge: Judge) -> Path:
    """``runs/ANSWERS-JUDGE-RUBRIC``: the same command finds the same folder."""
    stem = "answers"
    if isinstance(answers, str | Path) and str(answers) != "-":
        stem = Path(Path(answers).name.removesuffix(".gz")).stem
    return Path("runs") / folder_name(f"{stem}-{judge.name}-{judge.rubric.name}")


def folder_name(text: str) -> str:
    """A name for a folder that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def _check_input(run: Run, answers: Answers) -> None:
    """Two files of one name must not end up in one run unnoticed."""
    here, there = source_name(answers), run.fact("input")
    if run.is_judged and there is not None and Path(there).resolve() != Path(here).resolve():
        raise RunError(
            f"{run.path}: holds the answers of {there}, and these are from {here}. Name a folder for them "
            f"with --out, or put them together with --out {run.path}"
        )


def _check_recording(run: Run, judge: Judge, retry_errors: bool) -> None:
    """Replies that were recorded anew must not be passed over in silence."""
    file = judge.model.partition(":")[2]
    with open(file, "rb") as recording:
        digest = hashlib.file_digest(recording, "sha256").hexdigest()
    if run.is_judged and run.fact("recording") != digest and not retry_errors:
        raise RunError(
            f"{run.path}: {file} has changed since its replies were read, and those stay. Read only what was "
            "missing with --retry-errors, or read all into another folder with --out"
        )
    run.set_fact("recording", digest)


def _write_facts(run: Run, judge: Judge, answers: Answers, root: Path, retry_errors: bool) -> None:
    if judge.backend == "replay":
        _check_recording(run, judge, retry_errors)
    run.set_fact("input", source_name(answers))
    run.set_fact("image_root", str(root))
    run.set_fact("version", package.__version__)
    run.set_fact("scored", time.time())
