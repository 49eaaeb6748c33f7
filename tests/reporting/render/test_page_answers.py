"""The table of answers on a page: its limits, and where ids lead."""

import copy
import pickle
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import judge
from judge.reporting.builders import answers
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.several_runs import build_runs
from judge.reporting.builders.single_run import build_audit, build_report
from judge.reporting.document import Case, Column, Judgment, ListedAnswers, ReportContent, Table
from judge.reporting.render import page_answers
from judge.reporting.render.html import page
from judge.reporting.render.page_answers import LONGEST_FIELD, LONGEST_LISTED, EmbeddedPicture, Links

from ..page_reader import Page

ROOT = Path(__file__).parents[3]
PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


def rows(n_fail, n_pass=0, **more):
    made = [{**FAIL, "question": f"why {i}?", **more} for i in range(n_fail)]
    return made + [{**PASS, "question": f"who {i}?", **more} for i in range(n_pass)]


def listed(report, links=None):
    return page_answers.page_answers(report, links or Links(), lambda image: EmbeddedPicture("x", image.role))


def case_of(name, answer="a", **fields):
    return Case(
        name, f"{name}?", None, (), fields, "", (Judgment("", answer, "fail", {"a": 1.0}, {"a": "r" * 5000}),)
    )


def report_of(cases, named=(), n_all=None):
    table = Table("list", "List", (Column("item", "answer"),), tuple((one.id,) for one in cases))
    held = {one.id: one for one in (*cases, *named)}
    given = ListedAnswers(
        "worst", "Failing answers", table, held, n_all or len(cases), "failing answers", "judge show RUN"
    )
    return ReportContent("report", "T", ("V",), (), (), {}, {}, (), answers=lambda: (given,))


def test_every_failing_answer_is_in_the_table_and_in_full(make_table):
    report = build_report(RunData(make_table(rows(30, 10))))
    text = Page(page(report)).text
    assert "All 30 failing answers, worst first." in text
    assert all(f"why {i}?" in text for i in range(30))


def test_more_failing_answers_than_the_limit_are_counted_with_a_command(make_table, monkeypatch):
    monkeypatch.setattr(answers, "MOST_ANSWERS", 30)
    text = Page(page(build_report(RunData(make_table(rows(34)))))).text
    assert "The 30 worst of 34 failing answers." in text
    assert "All of them: judge show RUN --fail --worst 34" in text


def test_answers_for_which_there_is_no_room_are_listed_with_their_scores(make_table, monkeypatch):
    monkeypatch.setattr(answers, "MOST_IN_FULL", 3)
    html = page(build_report(RunData(make_table(rows(5)))))
    text = Page(html).text
    assert (
        "All 5 failing answers, worst first. The first 3 are here in full, the others without texts." in text
    )
    assert "All of them in full: judge show RUN --fail --worst 5" in text
    assert "one of them: judge show RUN --item ID; in the browser: judge view RUN" in text
    assert "<tbody><tr><th scope=row>i4<td>1<td>4<td class=text>accuracy\n" in html
    assert "why 2?" in text
    assert "why 3?" not in text


def test_the_lists_of_a_page_keep_within_their_size():
    def cases(prefix):
        return [case_of(f"{prefix}{i}", "<'ä'>" * 190, note="y & z" * 30) for i in range(300)]

    report = report_of(cases("q"), named=cases("other"))
    one = page(report)
    two = page(
        replace(report, answers=lambda: tuple(replace(a, section=s) for a in report.answers() for s in "ab"))
    )
    (found,) = listed(report).values()
    assert len(found.cases) == 300
    assert 20 < found.n_full < 60
    assert 5 < len(found.others) < 20
    for html in (one, two):
        assert 0.6 < len(html.encode()) / page_answers.SIZE < 1.2


def test_rows_that_do_not_fit_are_left_out_and_counted(monkeypatch):
    monkeypatch.setattr(page_answers, "SIZE", 3_000)
    (found,) = listed(report_of([case_of(f"q{i}") for i in range(500)])).values()
    assert found.extent.startswith(f"The {len(found.cases)} worst of 500 failing answers.")
    assert 50 < len(found.cases) < 200


def test_long_answers_are_cut_and_as_many_as_fit_are_on_the_page(monkeypatch):
    monkeypatch.setattr(page_answers, "SIZE", 20_000)
    (found,) = listed(report_of([case_of(f"q{i}", "x" * 9_000, note="y" * 500) for i in range(20)])).values()
    assert found.n_full == 6
    assert found.is_short
    (judgment,) = found.cases[0].case.judgments
    assert judgment.answer.startswith("x" * LONGEST_LISTED + " …")
    assert len(judgment.reasons["a"]) < LONGEST_LISTED + 40
    assert len(found.cases[0].case.fields["note"]) <= LONGEST_FIELD


def test_a_table_of_ids_alone_has_no_links_to_answers():
    report = replace(report_of([case_of("q1")]), answers=None)
    assert listed(report) == {}
    found = report_of([case_of("q1")])
    (given,) = found.answers()
    bare = replace(found, answers=lambda: (replace(given, cases={}),))
    html = page(bare)
    assert "q1" in Page(html).text
    assert "#answer-" not in html.partition("<script>")[0].partition("</style>")[2]


def test_an_id_in_another_table_leads_to_its_answer(make_table):
    report = build_report(RunData(make_table([*rows(3), {**PASS, "answer": ""}, *rows(0, 3)])))
    html = page(report)
    (empty,) = report.tables["anomaly:empty"].column("item")
    (anchor,) = set(re.findall(rf'<a href="#(answer-\d+)">{empty}<', html))
    full = html.partition(f'id="{anchor}"')[2].partition("</article>")[0]
    assert f">{empty}<" in full
    assert "(empty)" in full
    assert "Further answers that this page names (1)" in html


def test_answers_that_only_other_tables_name_need_no_failing_answer(make_table):
    html = page(build_report(RunData(make_table([{**PASS, "answer": ""}, *rows(0, 3)]))))
    assert "Answers that this page names (1)" in html
    assert "Failing answers" not in html


def test_every_anchor_of_a_page_is_there_once(make_table):
    one, two = (make_table(rows(6, 4), name=name) for name in ("first", "second"))
    for report in (build_runs([RunData(one), RunData(two)]), build_audit(RunData(one))):
        read = Page(page(report))
        ids = read.values("id")
        assert len(set(ids)) == len(ids)
        assert {target.removeprefix("#") for target in read.values("href")} <= set(ids)


def test_several_runs_have_a_list_each_with_their_names(make_table):
    one, two = (make_table(rows(n, 4), name=name) for name, n in (("first", 3), ("second", 5)))
    found = listed(build_runs([RunData(one), RunData(two)]))
    assert {key: made.title for key, made in found.items()} == {
        "first/worst": "first: Failing answers",
        "second/worst": "second: Failing answers",
    }


def test_a_report_with_its_answers_can_be_pickled(example_run):
    report = judge.report(example_run)
    html = page(report)
    assert pickle.dumps(report)
    assert page(copy.deepcopy(report)) == html


def test_the_command_for_all_failing_answers_names_the_folder_of_the_run(example_run):
    (given,) = judge.report(example_run).answers()
    assert given.see_all == shlex.join(
        ["judge", "show", str(example_run), "--fail", "--worst", str(given.n_all)]
    )


def test_an_id_of_one_run_does_not_lead_to_another_run():
    links = Links()
    anchor = links.add("first/worst", "q1")
    column = Column("item", "item")
    assert links.to("first/anomaly:x", column, "q1") == anchor
    assert links.to("second/anomaly:x", column, "q1") == ""
    assert links.to("first/slices", Column("slice", "slice"), "q1") == ""


@pytest.mark.parametrize(("n", "is_detail"), [(5, False), (6, True)])
def test_with_many_dimensions_their_scores_are_shown_with_the_answer_only(
    make_table, make_rubric, n, is_detail
):
    names = [f"d{i}" for i in range(n)]
    table = make_table([dict.fromkeys(names, 1), dict.fromkeys(names, 5)], make_rubric(dimensions=names))
    (given,) = build_report(RunData(table)).answers()
    assert [column.key for column in given.table.columns] == ["item", *names, "binding"]
    assert all(column.detail is is_detail for column in given.table.columns[1:-1])
    assert given.table.rows == (("i0", *[1.0] * n, "all dimensions"),)


def test_the_dimensions_that_bind_are_named(make_table):
    (given,) = build_report(RunData(make_table([{"accuracy": 1, "clarity": 1}, FAIL]))).answers()
    assert given.table.column("binding") == ["accuracy, clarity", "accuracy"]


def test_a_run_whose_answers_all_pass_has_no_list(make_table):
    assert listed(build_report(RunData(make_table(rows(0, 4))))) == {}


def test_the_largest_disagreements_are_a_table_of_all_items_that_differ():
    ratings = [
        {"item_id": f"q{i}", "rater": rater, "rater_kind": kind, "dimension": "clarity", "value": value}
        for i in range(8)
        for rater, kind, value in (
            ("ann", "human", 1 + i % 5),
            ("ben", "human", 1 + i % 5),
            ("robot", "judge", 1),
        )
    ]
    (found,) = listed(judge.agree([], ratings, scale="1-5")).values()
    assert found.extent == "All 6 disagreements, worst first."
    assert [column.key for column in found.table.table.columns] == [
        "item",
        "dimension",
        "judge",
        "people",
        "difference",
    ]
    assert found.table.table.rows[0] == ("q4", "clarity", 1.0, "5, 5", -4.0)
    assert found.cases[0] is None  # only ids are known


def test_an_answer_on_which_judge_and_people_differ_is_there_in_full(example_run):
    (found,) = listed(judge.agree(example_run, ROOT / "examples" / "ratings.csv", worst=1)).values()
    assert len(found.cases) == found.answers.n_all > 10
    assert all(placed.case.question for placed in found.cases)
    assert found.n_printed == 1


def test_the_style_prints_as_many_rows_of_a_list_as_the_page_says():
    html = page(report_of([case_of(f"q{i}") for i in range(page_answers.MOST_PRINTED + 1)]))
    assert f":nth-child(n + {page_answers.MOST_PRINTED + 1} of tbody:not([hidden]))" in html
    assert f"The first {page_answers.MOST_PRINTED} are printed; the page itself holds 31." in Page(html).text
    few = page(report_of([case_of(f"q{i}") for i in range(page_answers.MOST_PRINTED)]))
    assert "are printed" not in Page(few).text
