"""Tables of an agreement report."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.reporting.tables.agreement_tables import Labels, alt_verdict

ROOT = Path(__file__).parents[3]
RATINGS = ROOT / "examples" / "ratings.csv"


def row(table, **keys):
    return next(r for r in table["rows"] if all(r[key] == value for key, value in keys.items()))


def test_agreement_of_humans_holds_counts_and_coefficients(agreement):
    found = row(agreement["tables"]["people"], dimension="clarity")
    assert (found["items"], found["people"], found["ratings"]) == (24, 3, 70)
    assert found["alpha"]["value"] == pytest.approx(0.64, abs=0.005)
    assert found["mean"]["value"] == pytest.approx(4.03, abs=0.005)
    notes = agreement["tables"]["people"]["notes"]
    assert notes == ["Alpha: Krippendorff's, ordinal or interval."]


def test_notes_say_what_the_judge_is_compared_with(agreement):
    tables = agreement["tables"]
    assert any("each rater of a pair" in note for note in tables["agreement"]["notes"])
    assert any("adjusted for which items each person rated" in note for note in tables["levels"]["notes"])


@pytest.mark.parametrize(("raters_are", "adjusted"), [("slots", False), ("persons", True)])
def test_the_bias_of_slots_is_not_called_adjusted_for_raters(report_json, tmp_path, raters_are, adjusted):
    path = tmp_path / "r.csv"
    raters = ("a,human", "b,human", "m,judge")
    rows = [f"q{i},{rater},{1 + i % 5}" for i in range(20) for rater in raters]
    path.write_text("\n".join(["item_id,rater,rater_kind,x", *rows]) + "\n")
    found = report_json("agree", "--humans", path, "--scale", "1-5", "--raters-are", raters_are)
    found = found["tables"]["levels"]
    assert any("which items each person rated" in note for note in found["notes"]) == adjusted


def test_slots_say_which_statistics_are_left_out(report_json):
    words = ("--humans", RATINGS, "--scale", "1-5", "--raters-are", "slots")
    found = report_json("agree", *words)["tables"]["people"]
    assert any("Raters are slots, not persons" in note for note in found["notes"])
    assert "kappa" not in found["rows"][0]


def test_nominal_dimensions_show_ac1_in_the_terminal(tmp_path):
    path = tmp_path / "r.csv"
    rows = [f"q{i},r{k},{'yes' if (i + k * (i % 7 == 0)) % 2 else 'no'}" for i in range(30) for k in range(2)]
    path.write_text("\n".join(["item_id,rater,kind", *rows]) + "\n")
    shown = CliRunner().invoke(main, ["agree", "--humans", str(path), "--scale", "no,yes"])
    assert shown.exit_code == 0, shown.output
    assert "AC1" in shown.stdout
    ordinal = CliRunner().invoke(main, ["agree", "--humans", str(RATINGS), "--scale", "1-5"])
    assert "AC1" not in ordinal.stdout.partition("\nMethods\n")[0]


def test_labels_have_no_level_and_no_spread_but_missing_scores(report_json, tmp_path):
    path = tmp_path / "r.csv"
    rows = [
        f"q{i},{rater},{kind},kind,{'' if kind == 'judge' and i < 3 else 'ab'[(i + k) % 2]}"
        for i in range(12)
        for k, (rater, kind) in enumerate([("ann", "human"), ("ben", "human"), ("m", "judge")])
    ]
    path.write_text("\n".join(["item_id,rater,rater_kind,dimension,value", *rows]) + "\n")
    found = report_json("agree", "--humans", path, "--scale", "a,b,c")["tables"]["levels"]
    (only,) = found["rows"]
    assert only["missing"] == 3
    assert "bias" not in only
    assert found["notes"] == []


def test_verdicts_hold_margin_difference_and_p(agreement):
    found = row(agreement["tables"]["verdicts"], dimension="relevance")
    assert (found["margin"], found["verdict"], found["statistic"]) == (0.1, "better", "quadratic kappa")
    assert found["difference"]["confidence_level"] == 0.9
    assert found["p"] < 0.001


def test_levels_hold_bias_spread_and_statuses(agreement):
    found = row(agreement["tables"]["levels"], dimension="relevance")
    assert found["missing"] == 2
    assert found["bias"]["value"] == pytest.approx(
        found["judge_mean"]["value"] - found["people"]["value"], abs=0.01
    )
    assert found["statuses"] == "22 ok, 1 truncated, 1 refused"
    assert found["sd_ratio"]["value"] == pytest.approx(1.04, abs=0.01)


def test_pass_fail_counts_add_up(agreement):
    found = row(agreement["tables"]["passing"], dimension="clarity")
    assert (found["bar"], found["n"]) == (3, 22)
    counts = list(map(int, found["counts"].split(" / ")))
    assert sum(counts) == 22
    assert found["people_rate"]["value"] == pytest.approx((counts[0] + counts[2]) / 22)
    assert found["judge_rate"]["value"] == pytest.approx((counts[0] + counts[1]) / 22)


def test_corrected_rates_stand_beside_the_others(agreement):
    found = row(agreement["tables"]["corrected"], dimension="clarity")
    assert (found["pool"], found["labelled"]) == (22, 22)
    for key in ("judge_rate", "corrected", "people_rate"):
        assert found[key]["value"] == pytest.approx(19 / 22, abs=0.01)


def test_the_annotator_test_has_a_row_for_each_rater_and_dimension(agreement):
    found = agreement["tables"]["alt_test"]
    assert {r["person"] for r in found["rows"]} == {"rater_1", "rater_2", "rater_3"}
    assert len(found["rows"]) == 15
    assert found["title"].endswith("at epsilon 0.2")
    assert {r["preferred"] for r in found["rows"]} <= {"yes", "no", "too few items"}


def test_only_what_differs_is_named_in_a_row():
    one = Labels(["clarity"], ["robot"])
    assert one.name("clarity", "robot") == "clarity"
    judges = Labels(["clarity"], ["a", "b"])
    assert judges.name("clarity", "a") == "a"
    both = Labels(["clarity", "relevance"], ["a", "b"])
    assert both.name("clarity", "b") == "clarity: b"
    assert both.cells("clarity", "b") == ("clarity: b", "clarity", "b")


@pytest.mark.parametrize(
    ("passes", "rate", "text"), [(True, 0.75, "passes (omega 0.75)"), (False, 0.25, "fails (omega 0.25)"), (None, 0, "not testable")]
)  # fmt: skip
def test_outcomes_of_the_annotator_test_have_names(passes, rate, text):
    test = type("Test", (), {"passes": passes, "winning_rate": rate})()
    assert alt_verdict(test) == text


@pytest.mark.parametrize(("raters_are", "title"), [("slots", "slots"), ("persons", "raters")])
def test_the_count_of_raters_is_called_what_it_is(raters_are, title):
    words = ["agree", "--humans", str(RATINGS), "--scale", "1-5", "--raters-are", raters_are]
    lines = CliRunner().invoke(main, words).stdout.splitlines()
    head = next(line for line in lines if line.split()[:1] == ["items"])
    assert head.split()[1] == title
