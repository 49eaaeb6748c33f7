"""Convert HANNA: ratings of stories by people and by judges, from github.com/dig-team/hanna-benchmark-asg."""

import csv
import json
import sys
from pathlib import Path

from layout import Row, folders, rating, write

DIMENSIONS = {
    "RE": "relevance",
    "CH": "coherence",
    "EM": "empathy",
    "SU": "surprise",
    "EG": "engagement",
    "CX": "complexity",
}
# Column of each rater. A judge's score is the mean of three replies to the first of four prompts.
RATERS = {
    **{(f"human_{slot}", "human"): f"Human {slot} {{}}" for slot in (1, 2, 3)},
    **{(name.lower(), "judge"): f"{name} {{}} 1" for name in ("Beluga-13B", "Mistral-7B", "ChatGPT")},
}
LABELS = ("guidelines", "syntax", "superfluous", "incorrectness", "unsubstantiated", "incoherence")


def table(path: Path) -> list[Row]:
    """Return the rows of a CSV file, which may have very long cells."""
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def stories(checkout: Path, out: Path) -> None:
    """Write ids and ratings of the stories: one row of the source per system, 96 stories per cell."""
    items, ratings = [], []
    for row in table(checkout / "hanna_metric_scores_llm.csv"):
        system = row["Model"]
        scores = {
            (rater, code): json.loads(row[column.format(code)])
            for rater, column in RATERS.items()
            for code in DIMENSIONS
        }
        for prompt in range(len(scores[("human_1", "human"), "RE"])):
            item = f"h{len(items):04d}"
            items.append({"item_id": item, "system": system, "doc_id": prompt})
            for code, dimension in DIMENSIONS.items():
                for rater in RATERS:
                    score = scores[rater, code][prompt]
                    score = score if rater[1] == "human" else round(score, 4)
                    ratings.append(rating(item, rater, dimension, score, system=system))
    write(out / "items.jsonl", items)
    write(out / "ratings.jsonl", ratings)


def explanations(checkout: Path, out: Path) -> None:
    """Write the explanations of a judge, and their labels by three people: three rows of the source each."""
    rows = table(checkout / "user_study.csv")
    replies, ratings = [], []
    for start in range(0, len(rows), 3):
        item, labelled = f"e{start // 3:03d}", rows[start : start + 3]
        text, story = labelled[0]["Input.explanation"], int(labelled[0]["Input.story_id"])
        if any(row["Input.explanation"] != text for row in labelled):
            raise SystemExit(f"user_study.csv: rows {start + 2} to {start + 4} differ in the explanation")
        replies.append({"id": item, "reply": text, "story_id": story})
        for slot, row in enumerate(labelled, start=1):
            for number, label in enumerate(LABELS, start=1):
                score = int(row[f"Answer.a-{number}-{label}.1"])
                ratings.append(rating(item, (f"human_{slot}", "human"), label, score))
    write(out / "replies.jsonl", replies)
    write(out / "ratings.jsonl", ratings)


checkout, out = folders(__doc__)
stories(checkout, out)
explanations(checkout, out / "explanations")
