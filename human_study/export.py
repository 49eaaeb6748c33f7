"""Ratings out: the rows that `judge agree` reads, a table for spreadsheets, or everything there is."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import IO, Any

from human_study.store import Study
from human_study.study_records import Task
from judge.files.writing import harmless
from judge.records import Score


def counted_tasks(study: Study, *, after_discussion: bool = False) -> Iterator[Task]:
    """Rated and skipped answers that count: no training, checks, discussions, and no dropped raters.

    With `after_discussion`, what was rated again after a discussion stands in the place of the first rating.
    """
    dropped = {rater.name for rater in study.raters() if rater.dropped is not None}
    tasks = [task for task in study.tasks() if task.rater not in dropped and task.is_settled]
    later = {(t.rater, t.item.id): t.rating for t in tasks if t.kind == "discussion"}
    for task in tasks:
        if task.kind in ("main", "repeat"):
            discussed = later.get((task.rater, task.item.id)) if task.kind == "main" else None
            yield replace(task, rating=discussed) if discussed and after_discussion else task


def failed_checks(study: Study) -> dict[str, tuple[int, int]]:
    """Attention checks that each rater failed, of how many answered."""
    found: dict[str, tuple[int, int]] = {}
    for task in study.tasks():
        if task.kind == "check" and task.gold and task.rating.state == "done":
            missed, seen = found.get(task.rater, (0, 0))
            failed = bool(task.gold.missed(task.rating.reply.values))
            found[task.rater] = (missed + failed, seen + 1)
    return found


def scores(study: Study, *, after_discussion: bool = False) -> Iterator[Score]:
    """Give the ratings as the rows that a judge's scores are, too; a planned repeat is sample 1."""
    for task in counted_tasks(study, after_discussion=after_discussion):
        yield from study.form.scores(task.item.id, task.rater, task.rating.reply, task.sample)


def long_columns() -> list[str]:
    """Names of the columns of `long_rows`."""
    return [*Score.model_fields, "stratum", "probability", "checks_missed", "checks_seen"]


def wide_columns(study: Study) -> list[str]:
    """Names of the columns of `wide_rows`."""
    return ["item_id", "rater", "sample", *study.form.names, "note", "skipped", "seconds"]


def long_rows(study: Study, *, after_discussion: bool = False) -> Iterator[dict[str, Any]]:
    """One row for each score, with the stratum of the item and how likely it was to be drawn.

    Attention checks are no ratings; how many of them the rater failed stands beside each of the ratings.
    """
    checks = {
        rater: {"checks_missed": missed, "checks_seen": seen}
        for rater, (missed, seen) in failed_checks(study).items()
    }
    for task in counted_tasks(study, after_discussion=after_discussion):
        for score in study.form.scores(task.item.id, task.rater, task.rating.reply, task.sample):
            drawn = {"stratum": task.stratum, "probability": task.probability}
            yield {
                **score.model_dump(),
                **drawn,
                **checks.get(task.rater, {"checks_missed": 0, "checks_seen": 0}),
            }


def wide_rows(study: Study, *, after_discussion: bool = False) -> Iterator[dict[str, Any]]:
    """One row for each rating, one column for each question; for spreadsheets."""
    for task in counted_tasks(study, after_discussion=after_discussion):
        reply = task.rating.reply
        yield {
            "item_id": task.item.id,
            "rater": task.rater,
            "sample": task.sample,
            **{q.name: reply.values.get(q.name) for q in study.form.questions},
            "note": reply.note,
            "skipped": reply.skip,
            "seconds": task.rating.seconds,
        }


def everything(study: Study) -> dict[str, Any]:
    """All that the study knows but the secret links: design, items, raters, each revision, each event."""
    tasks = defaultdict(list)
    for task in study.tasks():
        reply = task.rating.reply.model_dump()
        tasks[task.rater].append(
            {"n": task.n, "item_id": task.item.id, "kind": task.kind, "sample": task.sample}
            | {"stratum": task.stratum, "probability": task.probability, "state": task.rating.state}
            | {"reply": reply, "seconds": task.rating.seconds, "revision": task.rating.revision}
            | {"expected": task.gold.expected if task.gold else None}
        )
    return {
        "study": study.name,
        "created": study.created,
        "introduction": study.introduction,
        "design": study.design.model_dump(),
        "rubric": study.rubric.model_dump(mode="json", by_alias=True),
        "items": [item.model_dump(mode="json", exclude_defaults=True) for item in study.items()],
        "raters": [
            {name: getattr(rater, name) for name in ("name", "replaces", "began", "dropped", "reason")}
            | {"tasks": tasks[rater.name]}
            for rater in study.raters()
        ],
        "history": list(study.history()),
        "events": study.events(),
    }


def write_csv(rows: Iterable[dict[str, Any]], columns: Sequence[str], stream: IO[str]) -> int:
    """Write rows under one header; say how many. A text that a spreadsheet would run is made harmless.

    Ids stay as they are: they come from the organiser, and must match those of the run.
    """
    written = 0
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {name: value if name == "item_id" else harmless(value) for name, value in row.items()}
        )
        written += 1
    return written


def write_jsonl(rows: Iterable[dict[str, Any]], stream: IO[str]) -> int:
    """Write one JSON object a line; say how many."""
    written = 0
    for row in rows:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        written += 1
    return written
