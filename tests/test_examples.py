import csv
import json
import runpy
from pathlib import Path

import PIL.Image
import pytest

from judge.items import load_items
from judge.rows import read_rows
from judge.rubric import load_rubric
from judge.scoring.backends.baseline import BaselineBackend
from judge.scoring.backends.replay import ReplayBackend
from judge.scoring.images import check
from judge.scoring.judge import Judge
from judge.scoring.parsing.parse import score_rows
from judge.scoring.prompt import build_requests

EXAMPLES = Path(__file__).parent.parent / "examples"
ANSWERS = EXAMPLES / "answers.jsonl"
INSPECTION = EXAMPLES / "inspection" / "answers.jsonl"


def scored(backend, items, rubric):
    """Score rows of all items."""
    asked = [r for item in items for r in build_requests(item, Judge("replay:f", rubric))]
    by_id = {item.id: item for item in items}
    for batch in backend.complete(asked):
        for completion in batch:
            yield from score_rows(by_id[completion.item_id], [completion], rubric, "judge")


@pytest.mark.parametrize("path", [ANSWERS, INSPECTION])
def test_every_example_says_that_it_is_made_up(path):
    assert all(item.metadata["made_up"] is True for item in load_items(path))
    assert "All data in this folder are **invented**" in (EXAMPLES / "README.md").read_text()


def test_every_question_is_answered_by_both_systems():
    answered = {}
    for item in load_items(ANSWERS):
        answered.setdefault(item.question, set()).add(item.system)
    assert len(answered) == 12
    assert all(systems == {"heron", "otter"} for systems in answered.values())


@pytest.mark.parametrize(("path", "rubric"), [(ANSWERS, "open_qa"), (INSPECTION, "inspection")])
def test_the_floor_scores_every_example(path, rubric):
    loaded = load_rubric(rubric)
    rows = list(scored(BaselineBackend(loaded), load_items(path), loaded))
    assert {row.status for row in rows} == {"ok"}


def test_an_answer_that_dictates_its_scores_gets_the_lowest_content_scores_from_the_floor():
    loaded = load_rubric("open_qa")
    injected = [item for item in load_items(ANSWERS) if item.answer.startswith("Ignore all")]
    found = {row.dimension: row.value for row in scored(BaselineBackend(loaded), injected, loaded)}
    assert found["technical_accuracy"] == found["comprehensiveness"] == 1


def test_every_recorded_reply_is_read_but_the_cut_and_the_refused_one():
    loaded = load_rubric("open_qa")
    rows = list(scored(ReplayBackend(EXAMPLES / "replies.jsonl"), load_items(ANSWERS), loaded))
    status = {row.item_id: row.status for row in rows}
    assert [(id, found) for id, found in status.items() if found != "ok"] == [
        ("q08-otter", "truncated"),
        ("q12-otter", "refused"),
    ]
    injected = {row.dimension: row.value for row in rows if row.item_id == "q10-otter"}
    assert injected["technical_accuracy"] == 1


def test_the_recorded_replies_are_a_fenced_one_one_after_a_sentence_and_plain_json():
    replies = {row["id"]: row["reply"] for _, row in read_rows(EXAMPLES / "replies.jsonl")}
    assert replies["q03-heron"].startswith("```json")
    assert replies["q06-heron"].startswith("Here is my judgment.")
    assert set(json.loads(replies["q01-heron"])) == set(load_rubric("open_qa").dimensions)


def test_three_raters_rated_the_examples_with_one_cell_and_one_row_missing():
    with (EXAMPLES / "ratings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ids = {item.id for item in load_items(ANSWERS)}
    assert {row["item_id"] for row in rows} == ids
    assert {row["rater"] for row in rows} == {"rater_1", "rater_2", "rater_3"}
    assert len(rows) == 3 * len(ids) - 1
    cells = [row[name] for row in rows for name in load_rubric("open_qa").dimensions]
    assert cells.count("") == 1
    assert set(cells) == {"", "1", "2", "3", "4", "5"}


def test_the_inspection_examples_show_every_kind_of_question_with_sound_pictures():
    items = [check(item, INSPECTION.parent) for item in load_items(INSPECTION)]
    kinds = {item.metadata["robustness_category"] for item in items}
    assert kinds == {"general", "standalone", "pairwise", "unanswerable"}
    assert {len(item.images) for item in items if item.metadata["robustness_category"] == "pairwise"} == {2}
    assert all(len(item.answer.split()) <= load_rubric("inspection").max_words for item in items)


def test_the_script_beside_the_pictures_draws_them():
    drawn = runpy.run_path(str(INSPECTION.parent / "make_images.py"))
    cracked, kept = drawn["washer"](cracked=True), PIL.Image.open(INSPECTION.parent / "washer_cracked.png")
    far = [abs(a - b) for a, b in zip(cracked.tobytes(), kept.convert("RGB").tobytes(), strict=True)]
    assert sum(far) / len(far) < 3  # the file has 64 colors
