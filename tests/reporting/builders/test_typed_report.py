"""Reports about a rubric with several types, and about criteria of the items."""

import json

import pytest
from click.testing import CliRunner

import judge
from judge.analysis.measures import single_criteria
from judge.cli import main
from judge.records import Item, Score
from judge.reporting.builders.comparison import build_comparison, build_leaderboard
from judge.reporting.builders.rubric_sections import rubric_sections
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.several_runs import build_runs
from judge.reporting.builders.single_run import build_audit, build_report
from judge.reporting.tables import type_tables
from judge.rubric import Rubric
from judge.scoring.run import Run

CAUSE = {"id": "cause", "text": "Names the cause.", "tags": ["content"]}
SOURCE = {"id": "source", "text": "Invents a source.", "points": -1}


def full(i, **changes):
    row = {
        "truth": float(1 + i % 3),
        "count": "not_applicable",
        "style": float(i % 11),
        "named": float(i % 2),
    }
    row |= {"fault": ("none", "minor", "major")[i % 3], "overall": float(1 + i % 3), "kind": "ab"[i % 2]}
    return row | changes


@pytest.fixture(scope="module")
def typed(make_typed):
    return build_report(RunData(make_typed([full(i) for i in range(30)])))


@pytest.fixture(scope="module")
def listed(make_typed, checklist):
    rows = [
        {
            "given": [
                (CAUSE, float(i % 3 == 0)),
                (SOURCE, "abstained" if i == 0 else float(i % 2)),
                ({"text": f"States fact {i}."}, 1.0),
            ],
            "overall": 0.25 if i % 2 else 1.0,
            "question": f"q{i}",
        }
        for i in range(30)
    ]
    return build_report(RunData(make_typed(rows, checklist)))


def column(report, key, name):
    return report.tables[key].column(name)


def values(report, key, name):
    return [
        cell if cell is None or isinstance(cell, int | float) else cell.value
        for cell in column(report, key, name)
    ]


# --- types


def test_scores_on_each_scale_have_a_table_of_their_own(typed):
    assert column(typed, "scores", "dimension") == ["truth", "count", "overall"]
    assert column(typed, "scores:0-10", "dimension") == ["style"]
    assert values(typed, "scores", "mean")[0] == 2


def test_a_long_scale_is_shown_by_its_mean_alone(make_typed):
    dimension = {"description": "d", "scale": {"min": 0, "max": 100}, "anchors": {0: "bad", 100: "good"}}
    rubric = Rubric.model_validate(
        {"name": "long", "task": "t", "dimensions": {"x": dimension, "y": {"description": "d", "type": "binary"}},
         "overall": {"how": "none"}, "pass": {"x": 50}}
    )  # fmt: skip
    report = build_report(RunData(make_typed([{"x": 40.0, "y": 1.0}, {"x": 60.0, "y": 1.0}], rubric)))
    assert [c.key for c in report.tables["scores:0-100"].columns] == ["dimension", "n", "mean", "sd"]
    assert "scores" not in report.tables


def test_a_category_has_the_shares_of_its_labels(typed):
    assert column(typed, "labels:fault", "label") == ["none", "minor", "major"]
    assert values(typed, "labels:fault", "share") == pytest.approx([1 / 3] * 3)
    assert typed.estimates["label.fault.minor"].value == pytest.approx(1 / 3)
    assert "mean.fault" not in typed.estimates


def test_a_binary_dimension_has_a_share_and_no_mean(typed):
    assert values(typed, "met", "share") == [0.5]
    assert typed.estimates["met.named"].value == 0.5
    assert "mean.named" not in typed.estimates


def test_what_does_not_apply_is_no_missing_score(typed):
    statuses = {row[0]: row for row in typed.tables["missing"].rows}
    assert [c.key for c in typed.tables["missing"].columns] == ["what", "ok", "not_applicable"]
    assert statuses["count"] == ("count", 0, 30)
    assert (
        dict(zip(column(typed, "pass_rates", "what"), values(typed, "pass_rates", "missing"), strict=True))[
            "count"
        ]
        == 0
    )
    assert column(typed, "pass_rates", "not_applicable") == [0, 0, 30, 0]


def test_labels_say_what_is_left_out(make_typed):
    rows = [{"fault": "none"}] * 3 + [{"fault": s} for s in ("abstained", "not_applicable", "refused")]
    report = build_report(RunData(make_typed(rows)))
    assert report.tables["labels:fault"].notes == (
        "Of 3 answers; left out: 1 missing, 1 that the judge cannot tell, 1 to which it does not apply.",
    )


def test_slices_show_means_and_shares_but_no_category(typed):
    columns = {c.key: c.kind for c in typed.tables["means:kind"].columns}
    assert columns == {
        **{"slice": "text", "truth": "score", "count": "score", "style": "score"},
        **{"named": "share", "overall": "score"},
    }
    assert values(typed, "means:kind", "named") == [0, 1, 0.5, 0.5]


def test_a_case_shows_labels_and_leaves_out_what_does_not_apply(make_typed):
    table = make_typed(
        [{"truth": 1.0, "count": "not_applicable", "named": 0.0, "fault": "minor", "overall": 1.0}]
    )
    (case,) = build_report(RunData(table)).to_dict()["cases"]["worst"]
    assert case["judgments"][0]["scores"] == {
        **{"truth": 1, "style": None, "named": "no", "fault": "minor", "overall": 1}
    }


@pytest.mark.parametrize("render", ["to_html", "to_markdown", "to_latex", "to_text"])
def test_every_rendering_shows_labels(typed, render):
    text = typed.to_text("all") if render == "to_text" else getattr(typed, render)()
    assert "major" in text
    assert "0-10" in text


def test_charts_show_shares_and_labels(typed, listed):
    assert {"met", "labels:fault", "scores:0-10"} <= set(typed.charts)
    assert "content 33.3 %" in listed.charts["criteria_tags"].alt


NOTHING = dict.fromkeys(("truth", "count", "style", "named", "fault", "overall"), "not_applicable")


@pytest.mark.parametrize("question", ["q1?", "another"])
def test_an_item_to_which_nothing_applies_changes_no_figure_of_a_report(make_typed, question):
    rows = [full(i, id=f"n{i}", system="xy"[i % 2], question=f"q{i // 2}?") for i in range(30)]
    beside = {**NOTHING, "id": "beside", "kind": "z", "question": question, "system": "x"}
    before, after = (build_report(RunData(make_typed(r))).to_dict() for r in (rows, [*rows, beside]))
    assert after["figures"] == before["figures"]
    assert after["methods"] == before["methods"]
    assert after["warnings"] == before["warnings"]
    names = (
        "slices:kind",
        "means:kind",
        "failures:kind",
        "scores",
        "failures",
        "patterns",
        "systems/leaderboard",
    )
    for name in names:
        assert after["tables"][name]["rows"] == before["tables"][name]["rows"]


# --- criteria of the items


def test_the_criterion_that_answers_fail_most_often_comes_first(listed):
    assert column(listed, "criteria", "criterion") == ["cause", "source"]
    assert values(listed, "criteria", "met") == pytest.approx([1 / 3, 15 / 29])
    assert len(listed.tables["criteria_all"].rows) == 32
    assert any("“Names the cause”" in sentence for sentence in listed.verdict)


def test_criteria_of_single_items_are_not_ranked_by_how_often_answers_fail_them(listed):
    table = listed.tables["criteria"]
    assert min(table.column("items")) > 1


def test_criteria_of_single_items_only_are_a_detail_where_there_are_many(make_typed, checklist):
    criteria = [[({"text": f"States fact {i} {k}."}, float(k % 2)) for k in range(3)] for i in range(9)]
    table = make_typed([{"given": one, "overall": 0.3} for one in criteria], checklist)
    tables = list(type_tables.criteria(single_criteria(table)))
    assert [(one.key, len(one.rows), one.detail) for one in tables] == [("criteria_all", 27, True)]


def test_criteria_are_shown_overall_and_points_are_the_overall_score(listed):
    assert column(listed, "met", "what") == [
        "points earned",
        "criteria of the items",
        "penalties of the items",
    ]
    assert values(listed, "met", "share") == pytest.approx([0.625, 40 / 60, 15 / 29])
    assert listed.estimates["met.overall"].value == pytest.approx(0.625)
    assert listed.estimates["met.criteria"].value == pytest.approx(2 / 3)
    assert listed.estimates["met.criteria.content"].value == pytest.approx(1 / 3)


def test_criteria_that_the_judge_cannot_tell_are_counted(listed):
    assert column(listed, "met", "abstained") == [0, 0, 1]
    assert ("criteria of the items", 89, 1) in listed.tables["missing"].rows
    assert any("1 has no score (1 that the judge cannot tell)" in sentence for sentence in listed.verdict)


def test_criteria_without_any_score_are_said_plainly(make_typed, checklist):
    report = build_report(
        RunData(make_typed([{"given": [(CAUSE, "refused")], "overall": "refused"}], checklist))
    )
    assert "None of the 1 criterion of the items has a score." in report.verdict
    assert column(report, "criteria", "missing") == [1]


def test_a_case_lists_the_criteria_that_the_answer_fails(listed):
    case = listed.to_dict()["cases"]["worst"][0]
    (judgment,) = case["judgments"]
    assert judgment["scores"]["criteria"] == "1 of 2 met, 1 of 1 penalties apply"
    assert [*judgment["reasons"]] == ["not met: Names the cause", "penalty: Invents a source"]
    assert "criteria" not in case["fields"]
    assert case["note"] == "fails"


def test_a_report_about_criteria_alone_has_no_binding_dimensions(listed):
    assert "failures" not in listed.tables
    assert not any("Binding" in line for line in listed.methods)


# --- answers without a verdict


@pytest.fixture(scope="module")
def open_table(make_typed):
    def build(policy, name="run", last=1.0):
        rows = [{"overall": 3.0}] * 6 + [{"overall": "abstained"}] * 2 + [{"overall": last}, {"overall": 1.0}]
        return make_typed([{**row, "system": "xy"[i % 2], "question": f"q{i}"} for i, row in enumerate(rows)],
                          name=name, no_verdict=policy)  # fmt: skip

    return build


def test_answers_without_a_verdict_count_as_fails_if_so_asked(open_table):
    report = build_report(RunData(open_table("fail")))
    assert report.pass_rate.value == 0.6
    assert report.verdict[0].endswith("6 of 10; 4 fail or have no verdict.")
    assert "2 of 10 have no verdict (2 abstained). They count as fails" in report.verdict[1]
    assert report.estimates["scored"].value == 0.8
    assert column(report, "missing", "ok")[0] == 8
    assert "Answers without a verdict count as fails." in report.methods[0]


@pytest.mark.parametrize(("policy", "rate", "bounds"), [("drop", 0.75, False), ("bounds", 0.75, True)])
def test_answers_without_a_verdict_are_left_out_with_bounds_or_without(open_table, policy, rate, bounds):
    report = build_report(RunData(open_table(policy)))
    assert report.pass_rate.value == rate
    assert ("worst" in [c.key for c in report.tables["pass_rates"].columns]) == bounds
    assert ("80.0 % if all were passes" in report.verdict[1]) == bounds
    assert ("They are left out" in report.verdict[1]) != bounds
    assert any("bounds" in sentence for sentence in report.warnings) == bounds


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("fail", "It counts as a fail."),
        ("drop", "These pairs are left out."),
        ("bounds", "lies between -10.0 and +30.0"),
    ],
)
def test_a_comparison_counts_the_pairs_in_which_a_verdict_is_missing(open_table, policy, said):
    a, b = open_table(policy, "a"), open_table(policy, "b", last=3.0)
    report = build_comparison(RunData(a), RunData(b))
    (warning,) = (text for text in report.warnings if text.startswith("In 2 pairs a verdict is missing."))
    assert said in warning
    assert ("with both verdicts" in report.verdict[0]) == (policy != "fail")


def test_a_ranking_shows_the_rates_that_missing_verdicts_leave_open(open_table):
    def shown(policy):
        board = build_leaderboard([RunData(open_table(policy))], system="system")
        return {c.key for c in board.tables["leaderboard"].columns} & {"worst", "best"}, board.methods[0]

    assert shown("bounds")[0] == {"worst", "best"}
    board = build_leaderboard([RunData(open_table("bounds"))], system="system")
    assert (
        board.tables["leaderboard"]
        .notes[1]
        .endswith("and if all were passes: x 60.0 % to 80.0 %, y 60.0 % to 80.0 %.")
    )
    assert shown("drop")[0] == set()
    assert "counts as a fail" in shown("fail")[1]


# --- several runs


def test_a_panel_shows_shares_and_means(make_typed):
    tables = [make_typed([full(i) for i in range(6)], name=name) for name in "ab"]
    report = build_runs([RunData(table) for table in tables])
    kinds = {c.key: c.kind for c in report.tables["panel"].columns}
    assert (kinds["named"], kinds["truth"]) == ("share", "score")
    assert "fault" not in kinds


def test_a_comparison_has_a_table_for_each_type(make_typed):
    a, b = (
        make_typed([full(i + shift) for i in range(6)], name=name) for name, shift in (("a", 0), ("b", 1))
    )
    report = build_comparison(RunData(a), RunData(b))
    assert {"pass_rate", "means", "met", "labels"} <= set(report.tables)
    assert report.tables["met"].column("what") == ["named"]
    assert "difference.fault: minor" in report.estimates
    assert {"met", "labels"} <= set(report.charts)


def test_a_comparison_of_criteria_has_no_means(make_typed, checklist):
    a, b = (
        make_typed(
            [{"given": [(CAUSE, float(i % d == 0))], "overall": 1.0} for i in range(6)], checklist, name
        )
        for name, d in (("a", 2), ("b", 3))
    )
    report = build_comparison(RunData(a), RunData(b))
    assert "means" not in report.tables
    assert report.tables["met"].column("what") == ["points earned", "criteria of the items"]


# --- the command line


@pytest.fixture(scope="module")
def run(tmp_path_factory, checklist):
    path = tmp_path_factory.mktemp("runs") / "listed"
    items = [Item(id=f"i{i}", question=f"q{i}", answer="a", metadata={"criteria": [CAUSE]}) for i in range(4)]
    scores = []
    for i, item in enumerate(items):
        known = {"status": "abstained"} if i == 0 else {"value": float(i > 1)}
        for name, more in (("criteria", {"criterion": "cause"}), ("overall", {})):
            scores.append(
                Score(item_id=item.id, rater="r", rater_kind="judge", dimension=name, **known, **more)
            )
    Run.imported(path, checklist, items, scores, model="r").close()
    return path


@pytest.mark.parametrize("command", ["report", "audit"])
@pytest.mark.parametrize(("policy", "rate"), [("fail", 0.5), ("drop", 2 / 3), ("bounds", 2 / 3)])
def test_commands_count_answers_without_a_verdict_as_asked(run, command, policy, rate):
    result = CliRunner().invoke(main, [command, str(run), "--no-verdict", policy, "--json"])
    assert json.loads(result.stdout)["figures"]["pass_rate"]["value"] == pytest.approx(rate)


@pytest.mark.parametrize("command", ["report", "audit", "compare", "leaderboard", "choice"])
def test_every_command_that_needs_verdicts_has_the_option(command):
    assert (
        "--no-verdict [fail|drop|bounds]"
        in CliRunner().invoke(main, [command, "--help"], terminal_width=100).output
    )


def test_the_functions_take_the_option_by_the_same_name(run):
    assert judge.report(run, no_verdict="fail").pass_rate.value == 0.5
    assert judge.audit(run, no_verdict="fail").pass_rate.value == 0.5
    with judge.Run.open(run) as opened:
        assert judge.report(opened).pass_rate.value == pytest.approx(2 / 3)


def test_an_audit_of_criteria_lists_the_answers_that_fail(make_typed, checklist):
    table = make_typed([{"given": [(CAUSE, 0.0)], "overall": 0.0}], checklist)
    assert [case.id for case in build_audit(RunData(table)).sections[-1].cases] == ["i0"]


# --- the rubric


def test_a_rubric_with_several_types_is_shown_in_full(make_typed):
    rubric = make_typed([{}]).rubric.model_copy(update={"abstain": True})
    (section,) = rubric_sections([rubric])
    shown = dict(section.tables[0].rows)
    assert shown["count, applies"] == "where kind is counting"
    assert shown["style, scale"] == "0 to 10"
    assert shown["fault, type"] == "category"
    assert shown["fault: minor"] == ""
    assert shown["abstaining"] == "the judge may reply that it cannot tell"


def test_a_rubric_of_criteria_says_where_they_are_and_how_points_count(checklist):
    images = [{"role": "reference", "when": {"kind": ["a", "b"]}}]
    rubric = Rubric.model_validate({**checklist.model_dump(by_alias=True), "images": images})
    shown = dict(next(rubric_sections([rubric])).tables[0].rows)
    assert shown["criteria of the items"] == "field criteria; each is met or not"
    assert shown["images (reference)"] == "shown where kind is a, b"
    assert shown["overall"] == "points earned over positive points"


def test_a_rubric_with_one_type_has_no_tables_and_columns_of_others(make_table):
    report = build_report(RunData(make_table([{"accuracy": 4, "clarity": 2}, {"accuracy": "refused"}, {}])))
    assert [*report.tables][:3] == ["pass_rates", "scores", "missing"]
    assert not {"met", "criteria"} & set(report.tables)
    assert [c.key for c in report.tables["pass_rates"].columns] == [
        *("what", "pass_rate", "bar", "n", "missing", "worst", "best")
    ]
    assert not any(line.startswith(("Each dimension", "Criteria")) for line in report.methods)
