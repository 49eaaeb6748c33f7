import csv
import json
import re
import runpy
import shlex
import shutil
from pathlib import Path

import PIL.Image
import PIL.ImageChops
import PIL.ImageStat
import pytest
from click.testing import CliRunner

from judge.cli import main
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


@pytest.mark.parametrize("path", [ANSWERS, INSPECTION, INSPECTION.parent / "multiple_choice.jsonl"])
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
    names = list(load_rubric("open_qa").dimensions)
    cells = [row[name] for row in rows for name in names]
    assert cells.count("") == 1
    assert set(cells) == {"", "1", "2", "3", "4", "5"}


def test_the_inspection_examples_show_every_kind_of_question_with_sound_pictures():
    items = load_items(INSPECTION)
    for item in {item.images: item for item in items}.values():
        check(item, INSPECTION.parent)
    kinds = {item.metadata["robustness_category"] for item in items}
    assert kinds == {"general", "standalone", "pairwise", "unanswerable"}
    assert {len(item.images) for item in items if item.metadata["robustness_category"] == "pairwise"} == {2}
    most_words = load_rubric("inspection").max_words
    assert all(len(item.answer.split()) <= most_words for item in items)


def test_the_script_beside_the_pictures_draws_them():
    drawn = runpy.run_path(str(INSPECTION.parent / "make_images.py"))
    cracked, kept = drawn["washer"](cracked=True), PIL.Image.open(INSPECTION.parent / "washer_cracked.png")
    assert distance(cracked, kept) < 3  # the file has 64 colors


def test_every_picture_of_the_inspection_study_is_drawn_by_its_script():
    drawn = runpy.run_path(str(INSPECTION.parent / "make_images.py"))["pictures"]()
    assert {f"{name}.png" for name in drawn} == {path.name for path in INSPECTION.parent.glob("*.png")}


@pytest.mark.parametrize("name", ["gear_broken", "pin_plate_missing", "washer_reference"])
def test_degraded_pictures_are_those_of_the_script(name):
    degraded = runpy.run_path(str(INSPECTION.parent / "degrade_images.py"))["degraded"]
    clean = PIL.Image.open(INSPECTION.parent / f"{name}.png").convert("RGB")
    for kept_as, picture in degraded(name, clean).items():
        kept = PIL.Image.open(INSPECTION.parent / "degraded" / f"{kept_as}.png")
        assert 2 * distance(picture, kept) < distance(clean, kept)


def distance(one, other):
    difference = PIL.ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return sum(PIL.ImageStat.Stat(difference).mean) / 3


# -- the inspection study


@pytest.fixture(scope="module")
def study():
    """Files of the study, by name."""
    return {path.name: path for path in INSPECTION.parent.iterdir() if path.suffix in (".jsonl", ".csv")}


def test_the_study_is_what_its_script_writes(study, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(INSPECTION.parent))
    runpy.run_path(str(INSPECTION.parent / "make_study.py"))["main"](tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(study)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == study[path.name].read_bytes()


def test_both_systems_answer_every_question_about_a_clean_and_a_degraded_picture(study):
    answered = {}
    for item in load_items(study["answers.jsonl"]):
        question = (item.question, item.metadata["picture"])
        answered.setdefault(question, set()).add((item.system, item.metadata["condition"]))
    assert len(answered) == 32
    assert all(len(of_question) == 4 for of_question in answered.values())


def test_multiple_choice_answers_have_the_ids_of_the_open_answers(study):
    open_form = {item.id: item for item in load_items(study["answers.jsonl"])}
    closed = load_items(study["multiple_choice.jsonl"])
    assert len(closed) == 96
    for item in closed:
        assert item.question == open_form[item.id].question
        assert (item.metadata["form"], open_form[item.id].metadata["form"]) == ("multiple choice", "open")
        assert len(set(item.choices)) == 4
    assert {item.gold for item in closed} == set("ABCD")


def test_every_recorded_judgment_is_read_but_the_cut_one(study):
    loaded = load_rubric("inspection")
    rows = list(scored(ReplayBackend(study["replies.jsonl"]), load_items(study["answers.jsonl"]), loaded))
    assert {row.item_id for row in rows if row.status != "ok"} == {"q29-otter_low"}
    noted = {row.item_id for row in rows if row.dimension == "reference_issue" and row.value}
    assert noted == {"q07-otter"}
    said = [
        json.loads(row["reply"]) for _, row in read_rows(study["replies.jsonl"]) if row["reply"].endswith("}")
    ]
    assert sum("reference_issue" in reply for reply in said) == 1


def test_five_people_rated_some_of_the_answers_on_every_dimension(study):
    with study["ratings.csv"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["rater"] for row in rows}) == 5
    assert len({row["item_id"] for row in rows}) == 48
    assert {row["dimension"] for row in rows} == {*load_rubric("inspection").dimensions, "overall"}


def test_the_inspection_folder_stays_small():
    assert sum(path.stat().st_size for path in INSPECTION.parent.rglob("*.*")) < 600_000


def test_commands_of_the_readme_of_the_study_run(tmp_path, monkeypatch):
    shutil.copytree(INSPECTION.parent, tmp_path / "examples" / "inspection")
    monkeypatch.chdir(tmp_path)
    text = (INSPECTION.parent / "README.md").read_text(encoding="utf-8")
    for line in re.search(r"```sh\n(.*?)```", text, re.S)[1].splitlines():
        program, *words = shlex.split(line, comments=True)
        if program == "cd":
            monkeypatch.chdir(words[0])
        elif words[0] != "view":  # a server, which stays until it is stopped
            done = CliRunner().invoke(main, words)
            assert done.exit_code == (3 if words[0] == "score" else 0), done.output  # one reply was cut off
