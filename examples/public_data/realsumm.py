"""Convert REALSumm: criteria of documents and which summaries meet them, from github.com/neulab/REALSumm."""

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from layout import Row, folders, write

LABELS = "human_annotations/SCUs_and_annotations"
EXTRACTIVE = ("banditsumm_out", "neusumm_out")  # kept among the abstractive systems in the source
MET = {"p": "1", "n": "0"}  # present, not present
RUBRIC = """\
name: realsumm
task: Judge which statements about the document the summary contains.
criteria: {field: criteria}
reasons: none
overall: {how: points}
pass: {overall: 0.5}
"""

Labels = dict[tuple[str, str], dict[str, str]]
"""(document, system) -> worker -> one character for each criterion: 1 where the summary meets it, else 0."""


def system_of(file: Path) -> str:
    """Return the name of the system whose labels a file holds: its kind, and the name of the file."""
    name = re.sub(r"(\.txt|_Batch_crowd_3|\.csv)+$", "", file.name)
    kind = "ext" if name in EXTRACTIVE or file.parent.name == "SCU_rating_results_ext_systems" else "abs"
    return f"{kind}_{name}"


def read_checkout(checkout: Path) -> tuple[dict[str, list[str]], Labels, dict[tuple[str, str], str]]:
    """Return criteria by document, labels, and texts; documents are numbered in the order of their events."""
    csv.field_size_limit(sys.maxsize)
    criteria: dict[str, list[str]] = {}
    labels: Labels = {}
    texts: dict[tuple[str, str], str] = {}
    files = sorted((checkout / LABELS).glob("SCU_rating_results_*_systems/*.csv"))
    tables = {system_of(file): file for file in files}
    for system, file in sorted(tables.items()):
        with file.open(encoding="utf-8", errors="replace", newline="") as lines:
            for row in csv.DictReader(lines):
                event = row["Input.eventId"]
                statements = [row[f"Input.statement_{n}"].strip() for n in range(1, 17)]
                used = [n for n, text in enumerate(statements, start=1) if text != "BLANK"]
                found = [statements[n - 1] for n in used]
                if criteria.setdefault(event, found) != found:
                    raise SystemExit(
                        f"{file.name}: the statements of {event} differ from those in other files"
                    )
                answers = [row[f"Answer.S{n}Answer"] for n in used]
                workers = labels.setdefault((event, system), {})
                if not set(answers) <= MET.keys():
                    raise SystemExit(f"{file.name}: {event}: found {set(answers)}; allowed are {set(MET)}")
                workers[f"worker_{len(workers) + 1}"] = "".join(MET[one] for one in answers)
                texts[event, system] = row["Input.summary_text"]
    events = sorted(criteria, key=lambda event: int(re.sub(r"\D", "", event)))
    name = {event: f"d{n:03d}" for n, event in enumerate(events)}
    return (
        {name[event]: criteria[event] for event in events},
        {(name[event], system): found for (event, system), found in labels.items()},
        {(name[event], system): text for (event, system), text in texts.items()},
    )


def read_compact(folder: Path) -> tuple[dict[str, list[str]], Labels, dict[tuple[str, str], str]]:
    """Return criteria and labels of a folder that was made from a checkout; it has no texts."""
    criteria: dict[str, list[str]] = {}
    for row in rows_of(folder / "criteria.jsonl"):
        criteria.setdefault(row["document"], []).append(row["text"])
    labels: Labels = {}
    for row in rows_of(folder / "criterion_labels.jsonl"):
        document, system = row["item_id"].split("_", 1)
        labels.setdefault((document, system), {})[row["rater_id"]] = row["met"]
    return criteria, labels, {}


def rows_of(path: Path) -> Iterator[Row]:
    """Read the rows of a JSON Lines file."""
    return (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def majority(labels: Sequence[str]) -> str:
    """Return which criteria a strict majority of the workers found met: two of four are not enough."""
    return "".join(
        "1" if 2 * column.count("1") > len(column) else "0" for column in zip(*labels, strict=True)
    )


def ratings_of(item: str, rater: tuple[str, str], met: str) -> Iterator[Row]:
    """Return one row for each criterion of an item."""
    name, rater_type = rater
    for number, label in enumerate(met, start=1):
        yield {
            "item_id": item,
            "rater_id": name,
            "rater_type": rater_type,
            "criterion": f"c{number}",
            "score": int(label),
        }


def answers_of(
    criteria: Mapping[str, Sequence[str]], labels: Labels, texts: Mapping[tuple[str, str], str]
) -> Iterator[Row]:
    """Return the summaries, each with the criteria of its document."""
    for document, system in sorted(labels):
        listed = [{"id": f"c{n}", "text": text} for n, text in enumerate(criteria[document], start=1)]
        yield {
            "id": f"{document}_{system}",
            "question": f"Summarize document {document}.",
            "answer": texts.get((document, system), f"(summary by {system}; its text is not in this folder)"),
            "system": system,
            "document": document,
            "criteria": listed,
        }


def replies_of(labels: Labels, worker: str | None = None) -> Iterator[Row]:
    """Return the labels of one worker, or the majority of all of them, as replies of a judge."""
    for (document, system), workers in sorted(labels.items()):
        met = workers[worker] if worker else majority(list(workers.values()))
        reply = {f"c{number}": {"met": label == "1"} for number, label in enumerate(met, start=1)}
        yield {"id": f"{document}_{system}", "dimension": "criteria/1", "reply": json.dumps(reply)}


def first_against_others(labels: Labels) -> Iterator[Row]:
    """Return the labels of worker 1 as those of a judge, and the majority of the others as a person's."""
    for (document, system), workers in sorted(labels.items()):
        others = [met for name, met in workers.items() if name != "worker_1"]
        item = f"{document}_{system}"
        yield from ratings_of(item, ("worker_1", "judge"), workers["worker_1"])
        yield from ratings_of(item, ("majority of the others", "human"), majority(others))


checkout, out = folders(__doc__)
is_compact = (checkout / "criterion_labels.jsonl").exists()
criteria, labels, texts = read_compact(checkout) if is_compact else read_checkout(checkout)
write(out / "answers.jsonl", answers_of(criteria, labels, texts))
write(
    out / "ratings.jsonl",
    (
        row
        for (document, system), workers in sorted(labels.items())
        for name, met in sorted(workers.items())
        for row in ratings_of(f"{document}_{system}", (name, "human"), met)
    ),
)
write(out / "worker_1.jsonl", first_against_others(labels))
write(out / "replies.jsonl", replies_of(labels))
write(out / "replies_worker_1.jsonl", replies_of(labels, "worker_1"))
(out / "rubric.yaml").write_text(RUBRIC, encoding="utf-8")
