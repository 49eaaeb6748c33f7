"""Runs over the same answers whose judges were shown something else."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.analysis.agreement.judged_input import JudgedRun, matched_items
from judge.cli import main
from judge.errors import InputError
from judge.records import Image, Item
from judge.rubric import load_rubric

EXAMPLES = Path(__file__).parents[3] / "examples" / "inspection"
PICTURE = Image(path="a.png", sha256="0" * 64)


def run_of(name="first", *, rubric="open_qa", changed_rubric=None, **parts):
    item = Item(**{"id": "q", "question": "What?", "answer": "This.", "images": (PICTURE,), **parts})
    chosen = load_rubric(rubric)
    return JudgedRun(f"runs/{name}", name, [item], chosen.model_copy(update=changed_rubric or {}))


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"images": ()}, "pictures (1)"),
        ({"images": (PICTURE.model_copy(update={"role": "reference"}),)}, "pictures (1)"),
        ({"reference": "That."}, "reference answer (1)"),
        ({"metadata": {"robustness_category": "pairwise"}}, "robustness_category (1)"),
        ({"images": (), "metadata": {"topic": "a"}}, "pictures (1), topic (1)"),
    ],
)
def test_what_differs_between_items_of_one_answer_is_named(parts, named):
    known, notes = matched_items([run_of(), run_of("second", **parts)])
    assert known["q"].images == (PICTURE,)
    (note,) = notes
    assert f"Items of second differ from those of first in: {named}." in note


def test_a_picture_of_the_same_content_elsewhere_is_no_difference():
    moved = PICTURE.model_copy(update={"path": "elsewhere/a.png"})
    assert matched_items([run_of(), run_of("second", images=(moved,))])[1] == ()


@pytest.mark.parametrize("parts", [{"answer": "Other."}, {"question": "Who?"}, {"choices": ("x", "y")}])
def test_another_question_or_answer_is_refused(parts):
    with pytest.raises(InputError, match=r"runs/second: item 'q' has another question or answer"):
        matched_items([run_of(), run_of("second", **parts)])


def test_other_fields_are_refused_where_they_may_hold_criteria():
    criteria = load_rubric("open_qa").model_copy(update={"criteria": object()})
    first, second = run_of(), run_of("second", metadata={"criteria": ["b"]})
    second = JudgedRun(second.path, second.name, second.items, criteria)
    with pytest.raises(InputError, match="fields, which may hold its criteria"):
        matched_items([first, second])


def test_rubrics_that_differ_in_wording_are_named_by_their_parts():
    known, (note,) = matched_items([run_of(), run_of("second", changed_rubric={"task": "Other words."})])
    assert list(known) == ["q"]
    assert "The rubrics of first and second differ in: task." in note


def test_rubrics_that_differ_in_name_and_version_only_are_the_same():
    assert matched_items([run_of(), run_of("second", changed_rubric={"version": "99"})])[1] == ()


def test_one_run_and_equal_runs_have_no_note():
    assert matched_items([]) == ({}, ())
    assert matched_items([run_of(), run_of("second")])[1] == ()


def judge(*words):
    return CliRunner().invoke(main, list(map(str, words)))


def test_the_inspection_examples_with_and_without_pictures_are_compared(tmp_path):
    """The baseline sees no pictures, so that both runs agree with people exactly as well."""
    rows = [json.loads(line) for line in (EXAMPLES / "answers.jsonl").read_text().splitlines()]
    bare = tmp_path / "bare.jsonl"
    bare.write_text("\n".join(json.dumps({k: v for k, v in row.items() if k != "images"}) for row in rows))
    ratings = tmp_path / "ratings.csv"
    lines = [
        f"{row['id']},{rater},{1 + (k + n) % 5}" for k, row in enumerate(rows) for n, rater in enumerate("ab")
    ]
    ratings.write_text("\n".join(["item_id,rater,clarity", *lines]))
    for name, answers in (("shown", EXAMPLES / "answers.jsonl"), ("hidden", bare)):
        done = judge(
            *("score", answers, "--rubric", "inspection", "--judge", "baseline"),
            *("--limit", 6, "--out", tmp_path / name),
        )
        assert done.exit_code == 0, done.output
    done = judge("agree", tmp_path / "shown", tmp_path / "hidden", "--humans", ratings, "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert any(
        "Items of hidden differ from those of shown in: pictures (6)" in text for text in report["warnings"]
    )
    assert any(
        "hidden compared with shown" in text and "exactly as well" in text for text in report["verdict"]
    )
