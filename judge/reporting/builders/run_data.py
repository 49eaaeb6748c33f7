"""The data of a run that reports need: scores, counts and provenance."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from judge.analysis.score_spread import ScoreSpread, score_spreads
from judge.analysis.score_table import ScoreTable
from judge.analysis.stored_run import FoundScores
from judge.reporting.document import IMAGE_ROOT
from judge.rubric import NoVerdict
from judge.scoring.random_sample import RandomSample
from judge.scoring.run import Run
from judge.scoring.run_summary import RunSummary, ScoreCounts


@dataclass(frozen=True)
class RunData:
    """One run.

    Attributes
    ----------
    table : ScoreTable
        Items and scores.
    summary : RunSummary or None
        Counts, tokens, cost and time; None for a table that is no run.
    about : dict
        Judge, rubric, versions and input, as text.
    path : str
        Run folder as it was given, for commands; empty for a table that is no run.
    spreads : mapping of str to ScoreSpread
        Dimension -> spread of the judge's distributions; empty without expected scores.
    """

    table: ScoreTable
    summary: RunSummary | None = None
    about: dict[str, str] = field(default_factory=dict)
    path: str = ""
    spreads: Mapping[str, ScoreSpread] = field(default_factory=dict)


def read_run(path: str | Path, no_verdict: NoVerdict | None = None) -> RunData:
    """Read a run folder; `no_verdict` says how answers without a verdict count: None as its rubric says.

    Raises
    ------
    RunError
        There is no run at `path`.
    InputError
        It holds no items.
    """
    with Run.open(path) as run:
        table, found = ScoreTable.counted(run, no_verdict)
        summary = run.summary(_counts(table, found) if found else None)
        return RunData(table, summary, _about(run, summary), str(path), score_spreads(run))


def _counts(table: ScoreTable, found: FoundScores) -> ScoreCounts:
    """Counts for the summary, from the reading of the scores."""
    counted = replace(table, no_verdict=table.rubric.no_verdict).passed  # as the run counts them itself
    n_passed, n_failed = (int((counted == verdict).sum()) for verdict in (1, 0))
    return ScoreCounts(
        complete=int((found.any_score & ~found.any_open).sum()),
        verdicts={True: n_passed, False: n_failed, None: int(found.any_score.sum()) - n_passed - n_failed},
        statuses=found.statuses,
        with_verdict_in_text=int(table.columns.holds_verdict.sum()),
    )


def _about(run: Run, summary: RunSummary) -> dict[str, str]:
    manifest, rubric, described = run.manifest, run.rubric, run.fact("judge")
    sample, shard, merged = (run.fact(name) for name in ("random_sample", "shard", "merged"))
    served = run.served()
    scores = "expected" if described.get("scores") == "expected" else None
    facts = {
        "run": run.name,
        "judge": described["model"],
        "model as served": ", ".join(served.models) or None,
        "judged": served.dates or None,
        "scores": scores and "expected, over the probabilities of the scale's labels",
        "decision dialect": (manifest.get("decisions") or {}).get("dialect"),
        "parameters": _listed(described.get("params", {})) or "the model's defaults",
        "engine": _listed(described.get("engine", {})) or None,
        "judge fingerprint": manifest["fingerprint"][:12],
        "rubric": f"{rubric.name} version {rubric.version} ({rubric.digest[:12]})",
        "pass rule": " and ".join(f"{name} >= {least:g}" for name, least in rubric.pass_rule.items()),
        "input": manifest.get("input"),
        "shard": shard and f"{shard['number']} of {shard['of']} of an input with {shard['items']:,} items",
        "merged from": merged and f"{merged['runs']:,} runs",
        "score statuses": _statuses(summary) or None,
        "selection": sample and str(RandomSample(**sample)),
        IMAGE_ROOT: manifest.get("image_root"),
        "judge-toolkit": manifest.get("version"),
        "samples": manifest.get("samples"),
    }
    return {name: str(value) for name, value in facts.items() if value is not None}


def _statuses(summary: RunSummary) -> str:
    """Return the number of scores with each status, over all dimensions."""
    counts = Counter[str]()
    for of_dimension in summary.statuses.values():
        counts.update(of_dimension)
    return ", ".join(f"{status} {n:,}" for status, n in counts.items())


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
