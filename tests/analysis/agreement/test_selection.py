"""Items on which something is chosen, apart from those on which it is reported."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

import judge
from judge.analysis.agreement.inputs import AgreementInputs
from judge.analysis.agreement.selection import align_parts
from judge.cli import main
from judge.errors import InputError

N = 60


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """60 items in halves `dev` and `test`; judge a is right on dev, judge b on test; three items a topic."""
    path = tmp_path_factory.mktemp("selection") / "ratings.csv"
    rng = np.random.default_rng(3)
    quality = rng.integers(1, 6, N)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "rater", "rater_kind", "clarity", "split", "topic"])
        for i, value in enumerate(quality):
            fields = ["dev" if i < N // 2 else "test", f"t{i // 3}"]
            off = int(np.clip(value + rng.choice([-2, 2]), 1, 5))
            raters = {"ann": value, "ben": int(np.clip(value + rng.integers(0, 2), 1, 5))}
            judges = {"a": value, "b": off} if i < N // 2 else {"a": off, "b": value}
            for name, given in (raters | judges).items():
                writer.writerow([f"q{i}", name, "judge" if name in judges else "human", given, *fields])
    return path


def parts(table, select_on, **more):
    return align_parts(AgreementInputs(table, scale="1-5", **more), select_on)


def ids(aligned):
    return {item.id for item in aligned.items}


def test_a_field_and_value_divide_the_items(table):
    found = parts(table, "split=dev")
    assert ids(found.chosen_on) == {f"q{i}" for i in range(30)}
    assert ids(found.reported_on) == {f"q{i}" for i in range(30, 60)}
    assert found.name == "split = dev"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ids.txt", "q1\n\n q2 \nq2\n"),
        ("ids", "q1\nq2\n"),
        ("ids.csv", "item_id,x\nq1,4\nq2,5\n"),
        ("split=dev.txt", "q1\nq2\n"),
    ],
)
def test_a_file_of_ids_divides_the_items(table, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    for select_on in (str(tmp_path / name), tmp_path / name):
        found = parts(table, select_on)
        assert ids(found.chosen_on) == {"q1", "q2"}
        assert len(ids(found.reported_on)) == N - 2
        assert found.name == name


def test_a_list_of_ids_divides_the_items(table):
    assert ids(parts(table, ["q1", "q2"]).chosen_on) == {"q1", "q2"}


def test_clusters_stay_together_and_the_report_says_so(table):
    found = parts(table, ["q1"], cluster="topic")
    assert ids(found.chosen_on) == {"q0", "q1", "q2"}
    assert found.reported_on.notes[0].startswith("2 items belong to the part to choose on (the listed ids)")
    assert "topic" in found.reported_on.notes[0]
    assert not parts(table, ["q0", "q1", "q2"], cluster="topic").reported_on.notes


def test_answers_to_one_question_stay_together_only_where_that_is_asked_for():
    items = [{"id": f"q{i}", "question": f"{i // 2}?"} for i in range(20)]
    rows = [
        {"item_id": item["id"], "rater": who, "rater_kind": kind, "overall": 1 + i % 5}
        for i, item in enumerate(items)
        for who, kind in (("ann", "human"), ("m", "judge"))
    ]

    def chosen(cluster):
        inputs = AgreementInputs(rows, items=items, scale="1-5", cluster=cluster)
        return ids(align_parts(inputs, ["q1"]).chosen_on)

    assert chosen(None) == chosen("id") == {"q1"}
    assert chosen("question") == {"q0", "q1"}


@pytest.mark.parametrize(
    ("select_on", "message"),
    [
        ("split=train", "--select-on split=train: no item has this value; found: dev, test$"),
        ("topic=none", "no item has this value; found: t0, t1, t10, t11, t12, …"),
        ("colour=red", "no item has the field 'colour'"),
        (["q1", "q99"], r"--select-on the listed ids: 1 of 2 ids are those of no item \(q99\)"),
        ([f"x{i}" for i in range(9)], r"9 of 9 ids .* \(x0, x1, x2, x3, x4, …\)"),
        (
            "missing.txt",
            "missing.txt: cannot be read: No such file .* allowed is FIELD=VALUE, or a file of ids",
        ),
        ([], "of 60 rated items none is to choose on"),
        ([f"q{i}" for i in range(N)], "of 60 rated items none is left to report on"),
    ],
)
def test_a_part_without_rated_items_is_refused(table, select_on, message):
    with pytest.raises(InputError, match=message):
        parts(table, select_on)


def test_a_part_that_clusters_fill_is_refused_with_the_reason(table):
    with pytest.raises(
        InputError, match=r"none is left to report on.* Clusters stay together \(--cluster split\)"
    ):
        parts(table, ["q0", "q59"], cluster="split")


def test_a_table_without_ids_is_refused(table, tmp_path):
    (tmp_path / "ids.csv").write_text("name\nq1\n")
    with pytest.raises(InputError, match=r"ids\.csv:2: no id of the item; found: name"):
        parts(table, str(tmp_path / "ids.csv"))


# --- inclusion probabilities


@pytest.fixture
def drawn(tmp_path):
    """10 of 100 passes and 10 of 20 fails were rated."""

    def write(header, rows):
        path = tmp_path / "drawn.csv"
        lines = [f"q{i},ann,4,{','.join(row)}" for i, row in enumerate(rows)]
        lines += [f"q{i},bot,4,{','.join(row)}" for i, row in enumerate(rows)]
        kinds = [line.replace(",ann,", ",ann,human,").replace(",bot,", ",bot,judge,") for line in lines]
        path.write_text("\n".join([f"item_id,rater,rater_kind,x,{header}", *kinds]))
        return path

    return write


def probabilities(aligned):
    design = aligned.ratings["x"].design
    return dict(zip((item.id for item in aligned.items), np.asarray(design.probabilities), strict=True))


def test_a_list_of_ids_leaves_the_strata_with_the_other_answers(drawn):
    table = drawn("probability,stratum", [("0.1", "pass")] * 10 + [("0.5", "fail")] * 10)
    found = parts(table, ["q0", "q1", "q2", "q3", "q10"])
    of = probabilities(found.reported_on)
    assert of["q4"] == pytest.approx(6 / (100 - 4))
    assert of["q11"] == pytest.approx(9 / (20 - 1))
    assert found.reported_on.ratings["x"].design.population == pytest.approx(96 + 19)
    assert probabilities(found.chosen_on)["q0"] == pytest.approx(4 / (100 - 6))


def test_the_items_of_a_field_keep_their_probabilities(drawn):
    rows = [("0.1", "pass", f"h{i % 2}") for i in range(10)] + [
        ("0.5", "fail", f"h{i % 2}") for i in range(10)
    ]
    found = parts(drawn("probability,stratum,half", rows), "half=h0")
    assert set(probabilities(found.reported_on).values()) == {0.1, 0.5}


@pytest.mark.parametrize(
    ("header", "more"), [("probability", {}), ("probability,stratum", {"sampling": "poisson"})]
)
def test_without_strata_all_probabilities_fall_alike(drawn, header, more):
    rows = [(p, "s")[: header.count(",") + 1] for p in ("0.1", "0.2", "0.4", "0.8")]
    of = probabilities(parts(drawn(header, rows), ["q0"], **more).reported_on)
    assert [of[name] for name in ("q1", "q2", "q3")] == pytest.approx([0.15, 0.3, 0.6])


# --- in judge.agree


def test_the_best_judge_of_one_part_is_reported_on_the_other(table):
    report = judge.agree([], table, scale="1-5", select_on="split=dev")
    (row,) = report.tables["selection"].to_pandas().to_dict("records")
    assert (row["chosen"], row["evidence"], row["n"]) == ("a", "other items", 30)
    assert row["chosen_on"] > 0.9
    assert row["reported"] == pytest.approx(report["clarity", "a"].kappa_quadratic.value)
    assert row["reported"] < 0.5
    assert report["clarity", "a"].found.n_both == 30
    assert any(text.startswith("Chosen on items with split = dev: a on clarity (") for text in report.verdict)
    assert "chosen" in report.short
    assert "selected on this data" not in str(report)


def test_a_judge_that_is_chosen_on_the_same_labels_is_marked(table):
    report = judge.agree([], table, scale="1-5")
    (row,) = report.tables["selection"].to_pandas().to_dict("records")
    assert row["evidence"] == "selected on this data"
    assert row["reported"] is None
    assert "selected on this data" in str(report)
    assert "selected on this data" in report.to_html()
    assert "chosen" not in report.short


def test_a_chosen_judge_without_scores_on_the_other_part_has_no_figure(table, tmp_path):
    lines = table.read_text().splitlines()
    kept = [line for line in lines if not (",a,judge," in line and ",test," in line)]
    (tmp_path / "ratings.csv").write_text("\n".join(kept))
    report = judge.agree([], tmp_path / "ratings.csv", scale="1-5", select_on="split=dev")
    (row,) = report.tables["selection"].to_pandas().to_dict("records")
    assert (row["chosen"], row["reported"]) == ("a", None)
    assert any("a on clarity (no rating)" in text for text in report.verdict)


def test_thresholds_of_one_part_are_reported_on_the_other(table):
    report = judge.agree([], table, scale="1-5", pass_mark=3, select_on="split=dev")
    rows = report.tables["selected_limits"].to_pandas().set_index("judge")
    assert rows.loc["a", "chosen_on"] == 1
    assert rows.loc["a", "reported"] < 0.7
    assert set(rows["evidence"]) == {"other items"}
    same = judge.agree([], table, scale="1-5", pass_mark=3).tables["selected_limits"].to_pandas()
    assert set(same["evidence"]) == {"cross-validated"}


def test_weighted_thresholds_are_the_same_in_each_run_of_one_seed(table, tmp_path):
    lines = table.read_text().splitlines()
    weighted = [f"{line},{0.5 if line.split(',')[0][-1] in '02468' else 0.25}" for line in lines[1:]]
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join([f"{lines[0]},probability", *weighted]))
    first, second = (judge.agree([], path, scale="1-5", pass_mark=3, select_on="split=dev") for _ in range(2))
    limits = [found.to_dict()["tables"]["selected_limits"]["rows"] for found in (first, second)]
    assert limits[0] == limits[1]
    assert {row["reported"]["seed"] for row in limits[0]} == {0}
    assert "cross-validated thresholds" in first.to_dict()["methods_paragraph"]


def test_thresholds_of_one_judge_are_chosen_without_a_choice_among_judges(table, tmp_path):
    lines = [line for line in table.read_text().splitlines() if ",b,judge," not in line]
    (tmp_path / "ratings.csv").write_text("\n".join(lines))
    report = judge.agree([], tmp_path / "ratings.csv", scale="1-5", pass_mark=3, select_on="split=dev")
    assert report.tables["selected_limits"].column("what") == ["threshold"]
    assert not any(text.startswith("Chosen on") for text in report.verdict)


def test_a_dimension_without_ratings_on_the_other_part_has_no_threshold(tmp_path):
    rows = [
        f"q{i},{rater},{kind},{1 + i % 4},{1 + i % 4 if i < 12 or kind == 'judge' else ''},{'dev' if i < 12 else 'x'}"
        for i in range(24)
        for rater, kind in (("ann", "human"), ("a", "judge"))
    ]
    (tmp_path / "r.csv").write_text("\n".join(["item_id,rater,rater_kind,one,two,split", *rows]))
    marks = {"one": 3, "two": 3}
    report = judge.agree([], tmp_path / "r.csv", scale="1-5", pass_mark=marks, select_on="split=dev")
    assert report.tables["selected_limits"].column("dimension") == ["one"]


def test_a_panel_has_its_cross_validated_figure_beside_it(table):
    report = judge.agree([], table, scale="1-5", panel="mean")
    rows = report.tables["selection"].to_pandas().set_index("what")
    assert rows.loc["panel", "evidence"] == "cross-validated"
    assert rows.loc["panel", "reported"] <= rows.loc["panel", "chosen_on"]


def test_the_command_line_chooses_on_a_part(table):
    words = ["agree", "--humans", str(table), "--scale", "1-5", "--select-on", "split=dev", "--json"]
    result = CliRunner().invoke(main, words)
    (row,) = json.loads(result.stdout)["tables"]["selection"]["rows"]
    assert (row["chosen"], row["evidence"]) == ("a", "other items")


def test_a_threshold_of_one_verdict_only_is_none(tmp_path):
    rows = [
        f"q{i},{rater},{kind},{4 if i < 6 else 2 + i % 3},{'dev' if i < 6 else 'test'}"
        for i in range(20)
        for rater, kind in (("ann", "human"), ("a", "judge"), ("b", "judge"))
    ]
    (tmp_path / "r.csv").write_text("\n".join(["item_id,rater,rater_kind,x,split", *rows]))
    report = judge.agree([], tmp_path / "r.csv", scale="1-5", pass_mark=3, select_on="split=dev")
    assert "selected_limits" not in report.tables


def test_a_part_is_refused_where_nothing_is_chosen(table, tmp_path):
    lines = [line for line in table.read_text().splitlines() if ",b,judge," not in line]
    (tmp_path / "ratings.csv").write_text("\n".join(lines))
    with pytest.raises(
        InputError, match=r"--select-on split = dev: nothing is chosen here; it needs two judges"
    ):
        judge.agree([], tmp_path / "ratings.csv", scale="1-5", select_on="split=dev")
