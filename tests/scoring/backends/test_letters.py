"""The judge `letters`: a run of multiple-choice answers, from the answers alone."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

import judge
from judge.cli import main
from judge.errors import RubricError, RunError
from judge.records import Item
from judge.rubric import load_rubric
from judge.scoring.backends.factory import load_backend
from judge.scoring.judge import Judge
from judge.scoring.parsing import chosen_letter
from judge.scoring.run import Run

OPTIONS = {"choices": ["lid", "cap", "body"], "gold": "B"}
ROWS = [
    {"id": "right", "question": "1?", "answer": "Answer: B", **OPTIONS},
    {"id": "wrong", "question": "2?", "answer": "A", **OPTIONS},
    {"id": "both", "question": "3?", "answer": "A or B", **OPTIONS},
    {"id": "refused", "question": "4?", "answer": "I am sorry, I cannot tell.", **OPTIONS},
    {"id": "empty", "question": "5?", "answer": "", **OPTIONS},
    {"id": "open", "question": "6?", "answer": "It is a cap."},
]


@pytest.fixture
def run(tmp_path):
    with judge.score(ROWS, judge="letters", rubric="multiple_choice", out=tmp_path / "run") as run:
        yield run


def call(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_each_answer_is_right_wrong_or_has_a_status(run):
    found = {item["id"]: run[item["id"]] for item in ROWS}
    assert {name: one.scores["correct"] for name, one in found.items()} == {
        "right": 1, "wrong": 0, "both": None, "refused": None, "empty": None, "open": None,
    }  # fmt: skip
    assert {name: one.statuses["correct"] for name, one in found.items()} == {
        "right": "ok", "wrong": "ok", "both": "unparsed", "refused": "refused", "empty": "unparsed",
        "open": "not_applicable",
    }  # fmt: skip


def test_the_reason_says_which_option_was_chosen_and_which_is_right(run):
    reasons = {item["id"]: run[item["id"]].reasons["correct"] for item in ROWS}
    assert reasons["right"] == "B (announced)"
    assert reasons["wrong"] == "A (letter); B is right"
    assert reasons["both"] == "several options"
    assert reasons["open"] == "no multiple-choice question: no choices"


def test_an_unreadable_answer_fails_and_an_open_one_neither_passes_nor_fails(run):
    assert {item["id"]: run[item["id"]].passes() for item in ROWS} == {
        "right": True, "wrong": False, "both": False, "refused": False, "empty": False, "open": None,
    }  # fmt: skip
    summary = run.summary()
    assert (summary.passed, summary.failed, summary.undecided, summary.not_applicable) == (1, 4, 0, 1)
    assert {one.item.id for one in run.failures()} == {"wrong", "both", "refused", "empty"}


@pytest.mark.parametrize(("policy", "rate"), [(None, 1 / 5), ("fail", 1 / 5), ("drop", 1 / 2)])
def test_report_and_audit_count_an_unreadable_answer_as_a_fail_by_default(run, policy, rate):
    found = judge.report(run, no_verdict=policy)
    assert found.pass_rate.value == rate
    counted = "They count as fails" in found.verdict[1]
    assert counted is (rate == 1 / 5)
    assert ("1 of 5" in judge.audit(run, no_verdict=policy).verdict[0]) is counted


def test_the_systems_of_a_leaderboard_and_both_sides_of_a_comparison_do_so_too(tmp_path):
    rows = [{**row, "id": f"{row['id']}/{name}", "system": name} for row in ROWS for name in ("x", "y")]
    run = judge.score(rows, judge="letters", rubric="multiple_choice", out=tmp_path / "run")
    board = judge.leaderboard(run, system="system").estimates
    assert [board[f"pass_rate.{name}"].value for name in "xy"] == [1 / 5, 1 / 5]
    pairs = [
        {**row, "id": f"{row['id']}{n}", "pair_id": row["id"], "side": n} for row in ROWS for n in (1, 2)
    ]
    halves = judge.score(pairs, judge="letters", rubric="multiple_choice", out=tmp_path / "halves")
    assert judge.compare(halves, between="side").estimates["difference"].n_items == 5
    assert judge.compare(halves, between="side", no_verdict="drop").estimates["difference"].n_items == 2


def test_agreement_with_people_does_so_too(run):
    ratings = [{"item_id": row["id"], "rater": who, "correct": 0} for row in ROWS[:5] for who in ("a", "b")]
    assert judge.agree(run, ratings).agreement.criteria.no_verdict == "fail"
    assert judge.agree(run, ratings, no_verdict="bounds").agreement.criteria.no_verdict == "bounds"


def test_show_lists_an_unreadable_answer_among_the_failing_ones(run):
    shown = call("show", run.path, "--fail").stdout
    assert [line.split()[1:] for line in shown.splitlines() if line.startswith("===")] == [
        ["wrong", "fail"], ["both", "fail"], ["refused", "fail"], ["empty", "fail"],
    ]  # fmt: skip


def test_an_export_says_the_same(run, tmp_path):
    call("export", run.path, "--wide", "--out", tmp_path / "wide.csv")
    rows = [row for _, row in judge.rows.read_rows(tmp_path / "wide.csv")]
    assert [row["passes"] for row in rows] == ["True", "False", "False", "False", "False", ""]


def test_pictures_are_not_looked_for(tmp_path):
    row = ROWS[0] | {"images": ["nowhere.png"]}
    found = judge.score([row], judge="letters", rubric="multiple_choice", out=tmp_path / "run")
    assert found["right"].passes()


def test_nothing_is_in_flight_and_nothing_is_sent_twice(run, tmp_path):
    backend = load_backend(
        run.judge, connection=judge.Connection(), engine=judge.EngineOptions(), image_root=tmp_path
    )
    assert backend.drain() == ()
    again = judge.score(
        ROWS, judge="letters", rubric="multiple_choice", out=run.path, reask=True, retry_errors=True
    )
    assert len(list(again.completions())) == len(ROWS)


def test_another_rubric_is_refused_by_name():
    with pytest.raises(RubricError, match=r"rubric 'open_qa'.*--rubric multiple_choice"):
        judge.score(ROWS, judge="letters", rubric="open_qa")


def test_expected_scores_are_refused(tmp_path):
    wrong = Judge("letters", load_rubric("multiple_choice"), scores="expected")
    with pytest.raises(judge.JudgeError):
        judge.score(ROWS, judge=wrong, out=tmp_path / "run")


# --- version of the reader


def test_the_fingerprint_holds_the_version_of_the_reader():
    now = Judge("letters", load_rubric("multiple_choice"))
    assert now.reader == chosen_letter.READER_VERSION
    assert now.description["reader"] == chosen_letter.READER_VERSION
    assert replace(now, reader=99).fingerprint != now.fingerprint


@pytest.fixture
def read_before(tmp_path):
    """A run whose letters were read by other rules than today's."""
    rubric = load_rubric("multiple_choice")
    path = tmp_path / "before"
    judge.score(ROWS, judge=Judge("letters", rubric, reader=99), out=path)
    return path


def test_a_run_of_another_reader_is_not_continued_and_not_analysed(read_before):
    with pytest.raises(RunError, match=r"version 99 of the rules.*judge parse"):
        judge.score(ROWS, judge="letters", rubric="multiple_choice", out=read_before)
    with pytest.raises(RunError, match="judge parse"):
        judge.choice(read_before)


def test_parse_reads_again_by_the_rules_of_today(read_before):
    call("parse", read_before)
    with Run.open(read_before) as run:
        assert run.judge.reader == chosen_letter.READER_VERSION
    again = judge.score(ROWS, judge="letters", rubric="multiple_choice", out=read_before)
    assert len(list(again.completions())) == len(ROWS)


def test_parse_takes_a_rubric_that_counts_a_missing_verdict_otherwise(run, tmp_path):
    text = judge.rubric.rubric_file("multiple_choice").read_text(encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("no_verdict: fail", "no_verdict: drop"), encoding="utf-8")
    call("parse", run.path, "--rubric", other)
    assert judge.report(run.path).pass_rate.value == 1 / 2


def test_an_item_is_the_answer_of_its_own(run):
    item = Item(id="x", question="1?", answer="C", choices=("lid", "cap", "body"), gold="C")
    judge.score([item], judge="letters", rubric="multiple_choice", out=run.path)
    with Run.open(run.path) as again:
        assert again["x"].passes()
