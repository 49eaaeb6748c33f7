"""Score answers with a judge, and derive the scores of a run again from its stored replies."""

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from judge.errors import InputError, RunError
from judge.records import MOST_SAMPLES
from judge.rows import RowSource, path_and_sheet
from judge.rubric import ItemRubrics, Rubric, load_rubric
from judge.scoring.backends import Backend
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.factory import check_backend, load_backend, most_images_shown
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.callbacks import ProgressBar, ScoringCallback
from judge.scoring.checked_items import (
    Answers,
    BadItems,
    InputOptions,
    checked_items,
    source_name,
)
from judge.scoring.checked_items import image_root as root_of_images
from judge.scoring.fresh_run import run_for
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores, score_items
from judge.scoring.rubric_change import check_replies_fit
from judge.scoring.run import Run
from judge.scoring.run_summary import IngestCounts
from judge.scoring.shards import Shard
from judge.scoring.shared_replies import copy_replies
from judge.scoring.whole_input import check_shard
from judge.version import __version__


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
    encoding: str | None = None,
    id_from: str | Sequence[str] = (),
    answers_in: str | Sequence[str] = (),
    questions: RowSource | None = None,
    image_root: str | Path | None = None,
    skip_bad: bool = False,
    shard: str | None = None,
    retry_errors: bool = False,
    reask: bool = False,
    reuse: Sequence[str | Path] = (),
    connection: Connection | None = None,
    engine: EngineOptions | None = None,
    callback: ScoringCallback | None = None,
) -> Run:
    """Score answers with a judge; the same call again continues where the last one stopped.

    Every reply is stored as soon as it arrives, and no request that has a stored reply is sent again.

    Parameters
    ----------
    answers : str, Path, DataFrame, datasets.Dataset, iterable of dict, or iterable of Item
        A file (see `judge.load_items`), ``-`` for standard input, or answers in memory. The same column names
        are recognized in files and in memory.
    judge : str or Judge
        ``baseline`` (a lexical baseline, no model), ``letters`` (reads the option that an answer to a
        multiple-choice question chooses; with the rubric ``multiple_choice``), ``replay:FILE`` (recorded
        replies), ``vllm:MODEL`` (a model in this process, on your GPU), ``decisions:MODEL`` or
        ``systemone:MODEL`` (a decision model), a litellm model name such as ``openai/gpt-5``, or a `Judge`
        with its own parameters.
    rubric : str, Path or Rubric
        Name of a shipped rubric, or path of a YAML file. Ignored if `judge` is a `Judge`, which has its own.
    out : str, Path or None
        Folder of the run; None means ``runs/ANSWERS-JUDGE-RUBRIC``.
    samples : int
        Number of independent replies per item (and per dimension, for a rubric with ``reply: number``);
        1 to 10,000. More than one measures how far the judge agrees with itself, see `judge.retest`.
    limit : int or None
        Number of items to score; None means all of them.
    random : bool
        Whether the `limit` items are a simple random sample instead of the first ones. The sample depends on
        `seed` and on the ids only: the same call again continues the same pilot, and a larger `limit` extends
        it. The manifest and the reports of the run say that it is a random sample.
    seed : int
        Random seed of that sample.
    mapping : mapping of str to str or None
        Field of an `Item` -> its name in the input, for names that are not recognized. Any other name
        becomes a metadata field.
    format : str or None
        Format of the file; None infers it from the file name.
    encoding : str or None
        Encoding of a text file, such as ``"cp1252"``; None recognizes it.
    id_from : str or sequence of str
        Fields whose values make the id of an item, such as ``["question", "system"]``. Without them, a
        column of ids gives it, or else the content does.
    answers_in : str or sequence of str
        Columns that hold the answers of one system each, such as ``["model_a", "model_b"]``.
    questions : str, Path, DataFrame, datasets.Dataset, list of dict, or None
        Table of the questions, joined to the answers by id.
    image_root : str, Path or None
        Folder that image paths are relative to; paths that lead out of it are refused. None means the folder
        of the input file.
    skip_bad : bool
        Whether invalid rows and images are skipped (and counted) instead of raising an error.
    shard : str or None
        Part of the items to score, such as ``"3/16"`` for the third of 16 shards (after `limit`).
        Items with the same content are in the same shard. Each shard has a run of its own; `merge` combines
        them into the run of the whole input.
    retry_errors : bool
        Whether requests that failed in an earlier call are sent again.
    reask : bool
        Whether a request is sent once more if its reply cannot be parsed.
    reuse : sequence of str or Path
        Folders of other runs, such as that of a rubric from which one part was left out: their replies to
        identical requests are copied, at no cost, and not requested again.
    connection : Connection or None
        How an API is reached: address, time limits, maximum cost.
    engine : EngineOptions or None
        How a model in this process is run.
    callback : ScoringCallback or None
        Informed about progress. None shows a progress bar in a terminal or a notebook.

    Returns
    -------
    Run
        The run, open for reading. Items without a score have a status and a reason.

    Raises
    ------
    InputError
        The input cannot be read, or a row or an image is invalid; no request is sent.
    RubricError
        The rubric cannot be read.
    RunError
        The run folder cannot be written, is in use, or holds the replies of another judge.
    BackendError
        The judge cannot answer at all: no key, unknown model, quota exhausted. The replies that arrived
        before are stored; if there are none, a new run folder is removed again.

    See Also
    --------
    preview : Requests and cost of a call, without sending anything.
    rederive : Scores from the stored replies by another rubric.

    Examples
    --------
    The baseline needs no key. Each item gets a score for every dimension of the rubric.

    >>> import tempfile
    >>> import judge
    >>> answers = [{"id": "q1", "question": "2 + 2?", "answer": "4", "reference": "4"}]
    >>> run = judge.score(answers, judge="baseline", out=tempfile.mkdtemp())
    >>> run["q1"].scores["technical_accuracy"], run["q1"].passes()
    (5.0, True)
    """
    options = InputOptions(
        limit=limit,
        random=random,
        seed=seed,
        mapping=mapping or {},
        format=format,
        encoding=encoding,
        id_from=id_from,
        answers_in=answers_in,
        questions=questions,
        image_root=image_root,
        skip_bad=skip_bad,
        shard=shard,
    )
    connection, engine = connection or Connection(), engine or EngineOptions()
    judge = _checked_judge(judge, rubric, connection, samples)
    root = root_of_images(answers, options)
    path = Path(out) if out else default_out(answers, judge, options.part)
    with closing(callback or ProgressBar()) as progress, run_for(path, judge) as run:
        bad, counts = _add_items(run, answers, options, root, is_default_folder=out is None)
        _write_facts(run, judge, answers, root, retry_errors)
        progress.on_run_start(run, counts, bad, _count_requests(run, judge.rubric, counts) * samples)
        backend = load_backend(
            judge,
            connection=connection,
            engine=engine,
            image_root=root,
            most_images=most_images_shown(run, judge.rubric),
            run=run,
            callback=progress,
        )
        choices = {"samples": samples, "retry_errors": retry_errors, "reask": reask}
        _collect_scores(run, judge, backend, choices, reuse, progress)
    return Run.open(path)


def _checked_judge(
    judge: str | Judge, rubric: str | Path | Rubric, connection: Connection, samples: int
) -> Judge:
    """Make the judge, and check without sending anything that it can answer."""
    if not isinstance(judge, Judge):
        judge = Judge(model=judge, rubric=rubric if isinstance(rubric, Rubric) else load_rubric(rubric))
    check_backend(judge, connection)
    _check_samples(judge, samples)
    return judge


def _add_items(
    run: Run, answers: Answers, options: InputOptions, root: Path, *, is_default_folder: bool
) -> tuple[BadItems, IngestCounts]:
    """Check the answers and add them to a run; the default folder is for one input file only."""
    if is_default_folder:
        _check_input(run, answers)
    check_shard(run, options.part)
    bad = BadItems()
    items = checked_items(answers, options, root, bad, run.judge)
    if options.shard:
        items = run.with_positions(items, lambda: bad.position)
    counts = run.add_items(items, lambda _: bad.place)
    if bad.whole or run.fact("shard"):
        run.set_fact("shard", bad.whole.fact().model_dump() if bad.whole else None)
    _note_sample(run, answers, options, counts, bad.n_drawn_from)
    return bad, counts


def _collect_scores(
    run: Run,
    judge: Judge,
    backend: Backend,
    choices: dict[str, Any],
    reuse: Sequence[str | Path],
    callback: ScoringCallback,
) -> None:
    with closing(backend):
        copy_replies(run, judge, choices["samples"], reuse)
        try:
            score_items(
                run,
                judge,
                backend,
                **choices,
                on_batch=callback.on_completions,
                on_reask=callback.on_reask,
                on_requests_done=callback.on_requests_done,
            )
        finally:
            callback.charged = backend.spent
            run.export()
        callback.on_run_end(backend.stopped)


def _count_requests(run: Run, rubric: Rubric, counts: IngestCounts) -> int:
    """Count the requests for one sample of every item of the input."""
    rubrics = ItemRubrics(rubric)
    if rubrics.uniform:
        return (counts.new + counts.known + counts.changed) * len(rubrics.uniform.parts)
    return sum(len(rubrics.of(item).parts) for item in run.items_to_ask())


def _check_samples(judge: Judge, samples: int) -> None:
    if not 1 <= samples <= MOST_SAMPLES:
        raise InputError(f"samples (--samples): found {samples}; allowed are 1 to {MOST_SAMPLES:,}")
    if judge.scores == "expected" and judge.backend != "decisions" and samples > 1:
        raise InputError(
            f"samples (--samples): found {samples} with expected scores, whose probabilities are the same "
            "each time; use one sample, or scores='text' (--scores text)"
        )


def rederive(path: str | Path, rubric: str | None = None) -> Run:
    """Derive the scores of a run again from its stored replies, without sending a request.

    Use it after a change of the pass rule, of the overall score or of aliases in a rubric.

    Parameters
    ----------
    path : str or Path
        Folder of the run; its scores are replaced.
    rubric : str or None
        Name of a shipped rubric, or path of a YAML file. It may differ from the judge's rubric in the pass
        rule, `no_verdict`, the overall score, points, tags, aliases and the text of labels, and may leave
        out dimensions; types, scales, labels, `when`, `abstain` and the field of the criteria must be the
        same. None means the rubric of the current scores.

    Returns
    -------
    Run
        The run with its new scores, open for reading.

    Raises
    ------
    RunError
        Another process is scoring into the run, or its judgments were imported, so that there are no replies.
    RubricError
        The rubric cannot be read, or asks for something that the judge was not asked for.

    Examples
    --------
    >>> import tempfile
    >>> import judge
    >>> answers = [{"id": "q1", "question": "2 + 2?", "answer": "4", "reference": "4"}]
    >>> run = judge.score(answers, judge="baseline", out=tempfile.mkdtemp())
    >>> judge.rederive(run.path)["q1"].scores == run["q1"].scores
    True
    """
    with Run.open(path) as found:
        judge = found.judge
        if found.fact("imported"):
            raise RunError(
                f"{path}: its judgments were imported without replies, so there is nothing to parse again"
            )
        new = judge.as_asked(load_rubric(rubric) if rubric else found.rubric)
        new = new.model_copy(update={"without": judge.rubric.without})
    check_replies_fit(new, judge.rubric, str(rubric))
    with Run.create(path, judge) as run:
        run.describe(judge.with_current_reader())
        derive_scores(run, new)
        run.export()
    return Run.open(path)


def default_out(answers: Answers, judge: Judge, shard: Shard | None = None) -> Path:
    """Return ``runs/ANSWERS-JUDGE-RUBRIC``, so that the same command finds the same folder.

    The folder of a shard has the name of the shard at its end.
    """
    stem = "answers"
    if isinstance(answers, str | Path) and str(answers) != "-":
        path, sheet = path_and_sheet(answers)
        stem = Path(path.name.removesuffix(".gz")).stem + (f"-{sheet}" if sheet else "")
    end = f"-{shard.suffix}" if shard else ""
    return Path("runs") / folder_name(f"{stem}-{judge.name}-{judge.rubric.name}{end}")


def folder_name(text: str) -> str:
    """Replace the characters of a text that a file system may not allow in a folder name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def _check_input(run: Run, answers: Answers) -> None:
    """Check that two input files with the same name are not scored into one run by accident."""
    here, there = source_name(answers), run.fact("input")
    if run.is_judged and there is not None and Path(there).resolve() != Path(here).resolve():
        raise RunError(
            f"{run.path}: holds the answers of {there}, but the input is {here}. Name another folder with "
            f"out (--out), or add them to this run with out={str(run.path)!r} (--out {run.path})"
        )


def _check_recording(run: Run, judge: Judge, retry_errors: bool) -> None:
    """Check that the file of recorded replies is the one whose replies are stored."""
    file = judge.model.partition(":")[2]
    with open(file, "rb") as recording:
        digest = hashlib.file_digest(recording, "sha256").hexdigest()
    if run.is_judged and run.fact("recording") != digest and not retry_errors:
        raise RunError(
            f"{run.path}: {file} has changed since its replies were stored, and stored replies are kept. "
            "Read only the missing ones with retry_errors (--retry-errors), or name another folder with out "
            "(--out)"
        )
    run.set_fact("recording", digest)


def _note_sample(
    run: Run, answers: Answers, options: InputOptions, counts: IngestCounts, n_input: int | None
) -> None:
    """Record in the manifest whether the items of the run are a random sample of the input."""
    earlier = run.fact("random_sample")
    sample: dict[str, int | None] | None = None
    if n_input is not None and options.limit is not None and options.limit < n_input:
        n_items = counts.new + counts.known + counts.changed + counts.elsewhere
        sample = {"items": n_items, "of": n_input, "seed": options.seed}
    if sample and counts.elsewhere:
        # Items of an earlier call stay in the run: together they are a random sample only if those are one.
        if earlier is None or earlier["of"] != n_input or run.fact("input") != source_name(answers):
            sample = None
        elif earlier["seed"] != options.seed:
            sample["seed"] = None
    if sample != earlier:
        run.set_fact("random_sample", sample)


def _write_facts(run: Run, judge: Judge, answers: Answers, root: Path, retry_errors: bool) -> None:
    if judge.backend == "replay":
        _check_recording(run, judge, retry_errors)
    if judge.backend == "decisions":
        from judge.scoring.backends.decisions.routes import stored_form

        run.set_fact("decisions", stored_form(judge))
    run.set_fact("input", source_name(answers))
    run.set_fact("image_root", str(root))
    run.set_fact("version", __version__)
    run.set_fact("scored", time.time())
