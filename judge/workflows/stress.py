"""`judge.stress`: whether a judge's scores respond to changes as they must, without people's ratings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from judge.reporting.builders.stress import build_stress
from judge.reporting.report import Report
from judge.rubric import Rubric, load_rubric
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.checked_items import Answers
from judge.scoring.judge import Judge
from judge.stress_testing.stress_test import StressOptions, StressTest


def stress(
    answers: Answers,
    *,
    judge: str | Judge = "baseline",
    rubric: str | Path | Rubric = "open_qa",
    limit: int = 100,
    probes: str | Sequence[str] = "all",
    seed: int = 0,
    out: str | Path | None = None,
    with_model: str | None = None,
    mapping: Mapping[str, str] | None = None,
    image_root: str | Path | None = None,
    connection: Connection | None = None,
    engine: EngineOptions | None = None,
    **reading: Any,
) -> Report:
    """Change answers, pictures and the rubric, and report whether the scores of a judge respond as they must.

    The changed items are scored like any others: replies are stored as they arrive, and the same call again
    continues.

    Parameters
    ----------
    answers : as in `judge.score`, or the folder of a run
        Of a run, items are drawn in equal numbers of each score, and its replies are used again. So are those
        of the run that `judge.score` makes by default, where it exists.
    judge, rubric, mapping, image_root, connection, engine
        As in `judge.score`.
    limit : int
        Maximum number of items; they are drawn at random, or of a run in equal numbers of each score.
    probes : str or sequence of str
        Names of probes, or of families (``must_lower``, ``must_not_change``, ``injection``, ``reference``).
    seed : int
        Seed of the draw and of random changes.
    out : str, Path or None
        Folder of the stress test; None means ``runs/ANSWERS-JUDGE-RUBRIC-stress``.
    with_model : str or None
        Model that writes paraphrases; without it, probes that need them are left out.
    **reading
        How tables are read, as in `judge.load_items`: ``format``, ``encoding``, ``id_from``, ``answers_in``
        and ``questions``.

    Returns
    -------
    Report
        ``estimates["injection.held"]`` is the share of the pairs that held, for a family or a probe;
        ``estimates["padding.shift.clarity"]`` is a mean shift.

    Raises
    ------
    JudgeError
        The answers cannot be read, or the judge cannot answer at all.

    Examples
    --------
    >>> import tempfile
    >>> import judge
    >>> sums = {f"{n} + 2?": f"It is {n + 2}." for n in range(20)}
    >>> answers = [{"question": q, "answer": a, "reference": a} for q, a in sums.items()]
    >>> report = judge.stress(answers, probes="blank_answer", out=tempfile.mkdtemp())
    >>> report.estimates["blank_answer.held"].value
    1.0
    """
    if not isinstance(judge, Judge):
        judge = Judge(model=judge, rubric=rubric if isinstance(rubric, Rubric) else load_rubric(rubric))
    options = StressOptions(limit, probes, seed, Path(out) if out else None, with_model)
    reading = {**reading, "mapping": mapping, "image_root": image_root}
    return build_stress(StressTest(answers, judge, options, reading, connection, engine).run())
