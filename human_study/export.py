"""Export of ratings: long rows for `judge agree`, wide rows for spreadsheets, or the whole study."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import IO, Any

from human_study import export_approvals
from human_study.store import Study
from human_study.study_records import Task
from judge.files.writing import harmless
from judge.records import Score
from judge.rubric import CRITERIA


def counted_tasks(study: Study, *, after_discussion: bool = False) -> Iterator[Task]:
    """Tasks that count as ratings: rated or skipped, without training, checks and dropped raters.

    With `after_discussion`, the rating after a discussion replaces the first one.
    """
    dropped = {rater.name for rater in study.raters() if rater.dropped is not None}
    tasks = [task for task in study.tasks() if task.rater not in dropped and task.is_settled]
    later = {(t.rater, t.item.id): t.rating for t in tasks if t.kind == "discussion"}
    for task in tasks:
        if task.kind in ("main", "repeat"):
            discussed = later.get((task.rater, task.item.id)) if task.kind == "main" else None
            yield replace(task, rating=discussed) if discussed and after_discussion else task


def failed_checks(study: Study) -> dict[str, tuple[int, int]]:
    """Number of failed and of answered attention checks of each rater."""
    found: dict[str, tuple[int, int]] = {}
    for task in study.tasks():
        if task.kind == "check" and task.gold and task.rating.state == "done":
            missed, seen = found.get(task.rater, (0, 0))
            failed = bool(task.gold.missed(task.rating.reply.values))
            found[task.rater] = (missed + failed, seen + 1)
    return found


def scores(study: Study, *, after_discussion: bool = False) -> Iterator[Score]:
    """Return the ratings as `Score` rows, like the scores of a judge; a planned repeat is sample 1."""
    for task in counted_tasks(study, after_discussion=after_discussion):
        yield from _scores_of(study, task)


def _scores_of(study: Study, task: Task) -> list[Score]:
    return study.form_of(task.item).scores(task.item.id, task.rater, task.rating.reply, task.sample)


def long_columns(study: Study) -> list[str]:
    """Names of the columns of `long_rows`; `criterion` only where the items have criteria of their own."""
    names = [name for name in Score.model_fields if name != "criterion" or study.rubric.criteria]
    anchored = export_approvals.LONG_COLUMNS if study.is_anchored else ()
    return [*names, "stratum", "probability", "checks_missed", "checks_seen", *anchored]


def wide_columns(study: Study) -> list[str]:
    """Names of the columns of `wide_rows`."""
    if study.is_anchored:
        columns = export_approvals.wide_columns(study)
        return ["item_id", "rater", "sample", *columns, "note", "skipped", "seconds"]
    criteria = [CRITERIA] if study.rubric.criteria else []
    return ["item_id", "rater", "sample", *study.form.names, *criteria, "note", "skipped", "seconds"]


def long_rows(study: Study, *, after_discussion: bool = False) -> Iterator[dict[str, Any]]:
    """One row per score, with the stratum and the inclusion probability of the item.

    Attention checks are not ratings; the numbers of failed and of answered checks of the rater are columns.
    """
    checks = {
        rater: {"checks_missed": missed, "checks_seen": seen}
        for rater, (missed, seen) in failed_checks(study).items()
    }
    columns = long_columns(study)
    for task in counted_tasks(study, after_discussion=after_discussion):
        for score in _scores_of(study, task):
            drawn = {"stratum": task.stratum, "probability": task.probability}
            yield {
                **dict.fromkeys(columns),
                **score.model_dump(),
                **drawn,
                **checks.get(task.rater, {"checks_missed": 0, "checks_seen": 0}),
                **(export_approvals.long_fields(study, task, score) if study.is_anchored else {}),
            }


def wide_rows(study: Study, *, after_discussion: bool = False) -> Iterator[dict[str, Any]]:
    """One row per rating, with one column per question, for spreadsheets.

    Criteria of the items are one column, with a JSON object of all of them. A question that the rater cannot
    answer is ``cannot_tell``, and one that does not apply to the item is empty.
    """
    for task in counted_tasks(study, after_discussion=after_discussion):
        reply = task.rating.reply
        yield {
            "item_id": task.item.id,
            "rater": task.rater,
            "sample": task.sample,
            **_answers(study, task),
            "note": reply.note,
            "skipped": reply.skip,
            "seconds": task.rating.seconds,
        }


def _answers(study: Study, task: Task) -> dict[str, Any]:
    if study.is_anchored:
        return export_approvals.wide_fields(study, task)
    values = task.rating.reply.values
    return {q.name: values.get(q.name) for q in study.form.questions} | _criteria(study, task)


def _criteria(study: Study, task: Task) -> dict[str, str]:
    if study.rubric.criteria is None:
        return {}
    values = task.rating.reply.values
    asked = [question.name for question in study.form_of(task.item).questions if question.is_criterion]
    found = {name.partition("/")[2]: values[name] for name in asked if name in values}
    return {CRITERIA: json.dumps(found, ensure_ascii=False)}


def everything(study: Study) -> dict[str, Any]:
    """The whole study without the secret links: design, items, raters, all revisions and all events."""
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
    """Write rows as CSV and return their number. Texts that a spreadsheet would run are escaped.

    Ids are not escaped: they come from the organiser, and must match those of the run.
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
    """Write rows as JSON Lines and return their number."""
    written = 0
    for row in rows:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        written += 1
    return written
