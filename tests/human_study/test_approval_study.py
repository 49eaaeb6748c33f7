"""A study that shows the verdict of the judge: questions, gold items, export, import and progress."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from human_study import schema
from human_study.approval_form import ApprovalForm, forms_of
from human_study.export_formats import WRITERS, Layout
from human_study.form import Form, Reply
from human_study.gold_approvals import contested_checks, with_verdict
from human_study.gold_items import GoldItem
from human_study.plan import StudyOptionError
from human_study.progress import as_plain, measure
from human_study.shown_verdict import FIELD, VERDICT, ShownScore, ShownVerdict, verdict_of
from human_study.store import Study
from human_study.study_records import Task
from human_study.workflows import alpha, create_study, export_study, import_into_study, study_progress
from judge.errors import InputError
from judge.records import Item
from judge.rubric import parse_rubric
from judge.scoring.run import Run

from .anchored_studies import (
    anchored_study,
    approve_all,
    plain_run,
    respond,
    respond_to,
    typed_run,
)
from .builders import RUBRIC, TYPED, rubric_of, typed_items
from .test_source import made_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return plain_run(tmp_path / "run")


@pytest.fixture
def study(tmp_path: Path, run: Path) -> Iterator[Study]:
    with anchored_study(run, tmp_path / "s.db") as made:
        yield made


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Study]:
    with anchored_study(typed_run(tmp_path / "typed"), tmp_path / "t.db") as made:
        yield made


def task_of(study: Study, item_id: str, rater: str = "R01") -> Task:
    return next(t for t in study.tasks() if t.item.id == item_id and t.rater == rater and t.kind == "main")


def long_rows(study: Study) -> list[dict[str, str]]:
    out = io.StringIO()
    export_study(study, out)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


# ---------- questions


def test_each_score_of_the_judge_and_its_verdict_are_asked(study: Study) -> None:
    form = study.form_of(task_of(study, "q1").item)
    assert form.names == ("accuracy", "clarity", VERDICT)
    assert [q.judged.value for q in form.questions if q.judged] == [2, 4, 1]
    assert form.questions[0].judged_as == "2 – mostly false"
    assert form.questions[0].judged is not None
    assert form.questions[0].judged.reason == "because of accuracy"
    assert form.questions[2].judged_as == "Pass"


def test_an_own_score_is_any_score_but_that_of_the_judge(study: Study) -> None:
    question = study.form_of(task_of(study, "q1").item).questions[0]
    assert [option.value for option in question.own] == [1, 3, 4, 5]


def test_what_the_judge_left_open_is_not_asked(typed: Study) -> None:
    assert "style" in typed.form_of(task_of(typed, "q3").item).names
    assert "style" not in typed.form_of(task_of(typed, "q1").item).names


def test_criteria_of_the_item_are_asked_with_the_scores_of_the_judge(typed: Study) -> None:
    form = typed.form_of(task_of(typed, "q0").item)
    names = ("truth", "count", "style", "named", "fault", "criteria/year", "criteria/error", VERDICT)
    assert form.names == names
    shown = {question.name: question.judged_as for question in form.questions}
    assert (shown["criteria/year"], shown["criteria/error"]) == ("Met", "Not met")
    assert (shown["fault"], shown["named"], shown["truth"]) == ("minor – A small one.", "Met", "3 – good")


def test_cannot_tell_is_offered_where_the_rubric_has_it(typed: Study, study: Study) -> None:
    keys = [[o.key for o in s.form_of(next(iter(s.items()))).questions[0].options] for s in (typed, study)]
    assert keys == [["a", "c", "x"], ["a", "c"]]


def test_the_form_of_the_study_has_a_question_for_any_criterion(typed: Study) -> None:
    found = typed.form.question("criteria/any")
    assert found is not None
    assert found.type == "approval"
    assert typed.form.pooled_criteria.type == "approval"
    assert typed.form.question("criteria/any:own") is None


def test_instructions_describe_the_scores_and_not_the_approval(study: Study) -> None:
    assert [q.type for q in study.form.described] == ["score", "score"]
    assert Form(study.rubric).described == Form(study.rubric).questions


def test_an_item_without_a_verdict_has_no_questions() -> None:
    item = Item(id="x", question="?", answer="!")
    assert forms_of(rubric_of(RUBRIC), show_verdict=True).of(item).names == ()


def test_a_score_between_the_points_is_shown_as_it_is() -> None:
    verdict = ShownVerdict(judge="robot", scores={"accuracy": ShownScore(value=3.5)})
    question = ApprovalForm(rubric_of(RUBRIC), None, verdict).questions[0]
    assert (question.judged_as, len(question.own)) == ("3.5", 5)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"accuracy": 3}, "accuracy: found 3; allowed: approve, contest"),
        ({"accuracy": "approve", "accuracy:own": 3}, "accuracy:own: the judge's score is not contested"),
        ({"accuracy:comment": "no"}, "accuracy:comment: the judge's score is not contested"),
        ({"accuracy": "contest", "accuracy:own": 2}, "accuracy:own: found 2; allowed: 1, 3, 4, 5"),
        ({"accuracy": "contest", "accuracy:comment": "x" * 4001}, "at most 4000 characters"),
        ({"other:own": 2}, "'other' is not a question of this study"),
    ],
)
def test_a_reply_that_does_not_fit_is_refused(
    study: Study, values: dict[str, int | str], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        study.form_of(task_of(study, "q1").item).check(Reply(values=values))


# ---------- the study


def test_items_without_a_score_of_the_judge_are_left_out_and_counted(tmp_path: Path) -> None:
    run = plain_run(tmp_path / "r", n=12, unscored=2)
    with anchored_study(run, tmp_path / "u.db", stratify="passed") as made:
        assert len(made.items()) == 10
        assert [(e["what"], e["about"]) for e in made.events()] == [("left out", "2 items")]


def test_a_verdict_can_only_be_shown_for_a_run(tmp_path: Path, run: Path) -> None:
    with pytest.raises(InputError, match="needs the scores of a judge"):
        anchored_study(typed_items(2), tmp_path / "a.db")  # type: ignore[arg-type]
    with pytest.raises(StudyOptionError, match="leave out rubric"):
        anchored_study(run, tmp_path / "a.db", rubric="open_qa")
    with pytest.raises(InputError, match="the judge of the run gave no score"):
        anchored_study(plain_run(tmp_path / "none", n=2, unscored=2), tmp_path / "a.db")


def test_a_field_of_the_name_that_is_used_is_refused(tmp_path: Path) -> None:
    item = Item(id="x", question="?", answer="!", metadata={FIELD: 1})
    Run.imported(tmp_path / "r", rubric_of(RUBRIC), [item], [], model="m").close()
    with pytest.raises(InputError, match="has a field 'shown_verdict'"):
        anchored_study(tmp_path / "r", tmp_path / "a.db")


def test_a_blind_study_has_the_format_of_earlier_versions(tmp_path: Path, run: Path, study: Study) -> None:
    create_study(run, tmp_path / "blind.db", raters=2, per_item=2).close()
    formats = []
    for path in (tmp_path / "blind.db", study.path):
        with sqlite3.connect(path) as db:
            formats.append(db.execute("PRAGMA user_version").fetchone()[0])
            design = json.loads(db.execute("SELECT value FROM study WHERE name = 'design'").fetchone()[0])
            assert ("show_verdict" in design) == (formats[-1] == schema.ANCHORED_FORMAT)
    assert formats == [schema.FORMAT, schema.ANCHORED_FORMAT] == [1, 2]


def test_a_study_of_the_first_format_stays_blind(tmp_path: Path, run: Path) -> None:
    create_study(run, tmp_path / "blind.db", raters=2, per_item=2).close()
    with Study.open(tmp_path / "blind.db") as opened:
        assert not opened.is_anchored
        assert opened.form.questions[0].type == "score"
        assert "kind" not in long_rows(opened)


def test_an_anchored_study_can_be_opened_again(study: Study) -> None:
    with Study.open(study.path, read_only=True) as opened:
        assert opened.is_anchored
        assert verdict_of(opened.items()[0]) == verdict_of(study.items()[0])


# ---------- gold items


def test_practice_shows_one_wrong_score_which_is_to_be_contested(study: Study) -> None:
    gold = next(task.gold for task in study.tasks() if task.kind == "training")
    assert gold is not None
    verdict = verdict_of(gold.item)
    assert verdict is not None
    assert {name: score.value for name, score in verdict.scores.items()} == {"accuracy": 1, "clarity": 5}
    assert gold.expected == {"accuracy": ("contest",), "clarity": ("approve",)}
    assert gold.reasons["accuracy"] == "The right score is 4. Blue light scatters most."
    assert verdict.scores["accuracy"].reason == ""


def test_the_wrong_score_moves_from_item_to_item() -> None:
    one = GoldItem(
        item=Item(id="g", question="?", answer="!"), expected={"accuracy": (4,), "clarity": (1, 2, 3, 4, 5)}
    )
    other = one.model_copy(update={"expected": {"accuracy": (4,), "clarity": (5,)}})
    every = one.model_copy(update={"expected": {"clarity": (1, 2, 3, 4, 5)}})
    found = with_verdict([one, other, every], rubric_of(RUBRIC))
    assert [[name for name, right in gold.expected.items() if right == ("contest",)] for gold in found] == [
        ["accuracy"],
        ["clarity"],
        [],
    ]


def test_attention_checks_ask_to_contest_every_score(tmp_path: Path, run: Path) -> None:
    with anchored_study(run, tmp_path / "c.db", checks=0.2) as made:
        respond(made, approve_all(made))
        checks = [task for task in made.tasks() if task.kind == "check"]
        assert "contest every score" in checks[0].item.answer
        assert all(row.checks[0] == row.checks[1] > 0 for row in measure(made).raters)
        first = checks[0]
        names = made.form_of(first.item).scored
        respond_to(made, first, dict.fromkeys(names, "contest"))
        failed = {row.rater.name: row.checks[0] for row in measure(made).raters}
        assert failed[first.rater] == len([c for c in checks if c.rater == first.rater]) - 1


def test_checks_of_all_types_have_an_expected_reply_to_every_question(typed: Study) -> None:
    (gold,) = contested_checks(parse_rubric(TYPED), typed.items()[:1], 1, Random(0))
    assert set(gold.expected.values()) == {("contest",)}
    assert len(gold.expected) == 8


# ---------- progress


def test_progress_counts_approvals_and_computes_no_agreement(study: Study) -> None:
    respond(
        study,
        lambda task: approve_all(study)(task) | ({"accuracy": "contest"} if task.rater == "R02" else {}),
    )
    progress = study_progress(study)
    shares = {row.question.name: row.approved for row in progress.questions}
    assert shares == {"accuracy": 0.5, "clarity": 1.0, VERDICT: 1.0}
    assert all(row.agreement is None and row.exact is None for row in progress.questions)
    assert as_plain(progress)["questions"][0]["approved"] == 0.5
    assert len(progress.disputes) == 12
    assert progress.disputes[0].ratings["accuracy"] == {"R01": "Approve", "R02": "Contest"}


def test_a_blind_question_has_no_share_of_approvals(tmp_path: Path, run: Path) -> None:
    with create_study(run, tmp_path / "b.db", raters=2, per_item=2) as blind:
        progress = measure(blind, alpha)
    assert {row.approved for row in progress.questions} == {None}
    assert "approved" not in as_plain(progress)["questions"][0]


def test_criteria_are_pooled_in_the_progress(typed: Study) -> None:
    respond(typed, approve_all(typed))
    pooled = next(row for row in measure(typed).questions if row.question.name == "criteria")
    assert (pooled.counts, pooled.approved) == ({"approve": 18, "contest": 0}, 1.0)


# ---------- export and import


def test_every_row_of_the_export_is_marked_as_anchored(study: Study) -> None:
    respond(study, approve_all(study, accuracy="contest", accuracy_comment="It errs."))
    rows = long_rows(study)
    assert len(rows) == 2 * 12 * 3
    assert {row["kind"] for row in rows} == {"anchored"}
    row = next(r for r in rows if r["item_id"] == "q2" and r["dimension"] == "accuracy")
    assert (row["value"], row["judge_value"], row["own_value"]) == ("contest", "3", "")
    assert (row["judge_name"], row["comment"], row["reason"]) == ("robot", "It errs.", "")


def test_of_two_scores_the_other_one_is_the_own_score(study: Study) -> None:
    respond(study, approve_all(study, passes="contest"))
    found = {row["judge_value"]: row["own_value"] for row in long_rows(study) if row["dimension"] == VERDICT}
    assert found == {"1": "0", "0": "1"}


def test_a_skipped_answer_has_one_row_for_each_score(study: Study) -> None:
    respond_to(study, next(t for t in study.tasks() if t.kind == "training"), {}, skip="no")
    respond_to(study, task_of(study, "q0"), {}, skip="unclear")
    assert [(r["status"], r["value"], r["reason"]) for r in long_rows(study)] == [
        ("skipped", "", "unclear")
    ] * 3


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
@pytest.mark.parametrize("layout", ["long", "wide"])
def test_the_export_of_a_study_can_be_imported(
    tmp_path: Path, run: Path, study: Study, layout: Layout, name: str
) -> None:
    respond(
        study, approve_all(study, accuracy="contest", accuracy_comment="It errs.", passes="contest"), note="n"
    )
    respond_to(
        study,
        task_of(study, "q3"),
        approve_all(study, accuracy="contest", accuracy_own=5)(task_of(study, "q3")),
    )
    respond_to(study, task_of(study, "q5"), {}, skip="unclear")
    export_study(study, tmp_path / name, layout=layout)
    with anchored_study(run, tmp_path / "copy.db") as copy:
        assert import_into_study(copy, tmp_path / name) == {"R01": 12, "R02": 12}
        assert sorted(map(str, long_rows(copy))) == sorted(map(str, long_rows(study)))
        assert import_into_study(copy, tmp_path / name) == {"R01": 0, "R02": 0}


def test_all_types_can_be_exported_and_imported(tmp_path: Path, typed: Study) -> None:
    respond(typed, lambda task: dict.fromkeys(typed.form_of(task.item).scored, "cannot_tell"))
    q0 = task_of(typed, "q0")
    said = {"fault": "contest", "fault:own": "major", "criteria/year": "contest"}
    respond_to(typed, q0, approve_all(typed)(q0) | said)
    export_study(typed, tmp_path / "t.csv")
    rows = long_rows(typed)
    assert {row["status"] for row in rows} == {"abstained", "ok"}
    assert next(r["own_value"] for r in rows if r["criterion"] == "year" and r["value"] == "contest") == "0"
    with anchored_study(tmp_path / "typed", tmp_path / "copy.db") as copy:
        read: list[str] = []
        import_into_study(copy, tmp_path / "t.csv", on_read=lambda lines, _: read.append(lines))
        assert sorted(map(str, long_rows(copy))) == sorted(map(str, rows))
        assert "cannot tell" in read[0]


def test_one_question_can_be_imported_alone(tmp_path: Path, run: Path, study: Study) -> None:
    respond(study, approve_all(study))
    export_study(study, tmp_path / "o.csv")
    with anchored_study(run, tmp_path / "copy.db") as copy:
        import_into_study(copy, tmp_path / "o.csv", dimensions=["style"])
        assert task_of(copy, "q0").rating.reply.values == {"clarity": "approve"}
        import_into_study(copy, tmp_path / "o.csv", dimensions=["accuracy"])
        assert task_of(copy, "q0").rating.reply.values == {"clarity": "approve", "accuracy": "approve"}


@pytest.mark.parametrize("layout", ["wide", "label-studio", "label-studio-config"])
def test_layouts_that_cannot_hold_such_ratings_are_refused(typed: Study, layout: Layout) -> None:
    with pytest.raises(InputError, match=r"export the layout long|Export the layout long"):
        WRITERS[layout](typed, io.StringIO(), False, False)


def test_a_blind_study_takes_no_anchored_ratings_and_an_anchored_one_no_blind_ones(
    tmp_path: Path, run: Path, study: Study
) -> None:
    respond(study, approve_all(study))
    export_study(study, tmp_path / "anchored.csv")
    (tmp_path / "blind.csv").write_text("item_id,rater,accuracy,clarity\nq0,ann,3,4\n")
    with (
        create_study(run, tmp_path / "b.db", raters=2, per_item=2) as blind,
        pytest.raises(InputError, match=r"anchored.csv:2: an anchored rating .* this study is blind"),
    ):
        import_into_study(blind, tmp_path / "anchored.csv")
    with pytest.raises(InputError, match=r"blind.csv:2: not marked as anchored"):
        import_into_study(study, tmp_path / "blind.csv")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("q0,ann,accuracy,approve,anchored,4,", "was 4, and this study shows 1"),
        ("q0,ann,accuracy,contest,anchored,1,1", "accuracy:own: found 1; allowed: 2, 3, 4, 5"),
        ("q0,ann,style2,approve,anchored,1,", "'style2' is not a question of this study"),
        ("qx,ann,accuracy,approve,anchored,1,", "no item 'qx'"),
    ],
)
def test_anchored_ratings_that_do_not_fit_are_refused(
    tmp_path: Path, study: Study, row: str, problem: str
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f"item_id,rater,dimension,value,kind,judge_value,own_value\n{row}\n")
    with pytest.raises(InputError, match=problem):
        import_into_study(study, path)


def test_a_score_that_the_judge_did_not_give_is_refused(tmp_path: Path, typed: Study) -> None:
    path = tmp_path / "r.csv"
    path.write_text("item_id,rater,dimension,value,kind,judge_value\nq1,ann,style,approve,anchored,3\n")
    with pytest.raises(InputError, match="this study shows none"):
        import_into_study(typed, path)


def test_options_of_independent_ratings_are_refused(tmp_path: Path, study: Study) -> None:
    path = tmp_path / "r.csv"
    path.write_text("item_id,rater,dimension,value,kind,judge_value\n")
    with pytest.raises(InputError, match="--scale has no meaning"):
        import_into_study(study, path, scale="0-4")
    with pytest.raises(InputError, match="--rater has no meaning"):
        import_into_study(study, path, rater="ann")
    with pytest.raises(InputError, match="holds no ratings"):
        import_into_study(study, path)


def test_the_first_judgment_of_a_repeated_one_is_shown(tmp_path: Path) -> None:
    with anchored_study(made_run(tmp_path / "r", {"a": 4.0, "b": 2.0}), tmp_path / "r.db") as made:
        verdict = verdict_of(made.items()[0])
    assert verdict is not None
    assert {score.value for name, score in verdict.scores.items() if name != VERDICT} == {4}


def test_a_file_need_not_say_which_score_was_shown(tmp_path: Path, study: Study) -> None:
    path = tmp_path / "r.csv"
    path.write_text("item_id,rater,dimension,value,kind\nq0,ann,accuracy,approve,anchored\n")
    assert import_into_study(study, path) == {"ann": 1}
