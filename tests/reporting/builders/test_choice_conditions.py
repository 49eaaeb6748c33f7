"""Which sections and sentences a report about multiple-choice answers has, and the figures in them."""

import pytest

from judge.analysis.multiple_choice.choice import RUBRIC, read_answers
from judge.analysis.score_table import ScoreTable
from judge.records import Item, Score
from judge.reporting.builders.choice import build_choice
from judge.rubric import load_rubric

YES_NO, FOUR = ("Yes", "No"), ("lid", "cap", "body", "neck")


def item(number, answer, gold="A", choices=FOUR, **metadata):
    return Item(id=f"q{number}", question="?", answer=answer, choices=choices, gold=gold, metadata=metadata)


def report(items, *, no_verdict="fail", **more):
    return build_choice(read_answers(items, no_verdict=no_verdict), **more)


def keys(found):
    return [section.key for section in found.sections]


def rows(table):
    names = [column.key for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def parts(n_found, n_missed, n_normal, n_overkill, *, first=0, **fields):
    """Anomaly questions with the four counts of a detection."""
    pairs = (
        [("A", "A")] * n_found + [("B", "A")] * n_missed + [("B", "B")] * n_normal + [("A", "B")] * n_overkill
    )
    return [item(first + n, a, g, YES_NO, **fields) for n, (a, g) in enumerate(pairs)]


# --- anomaly detection


@pytest.fixture(scope="module")
def mixed():
    """Anomaly questions of two data sets: 12 of 15 right in x, 5 of 10 in y; and questions of a third."""
    x = parts(6, 4, 6, 0, dataset="x")
    y = parts(3, 2, 2, 3, first=100, dataset="y")
    other = [item(200 + n, "A", dataset="z") for n in range(5)]
    return x + y + other


def test_detection_has_a_row_for_all_answers_and_one_for_each_value_with_anomaly_questions(mixed):
    found = rows(report(mixed, by=["dataset"]).tables["detection"])
    assert [(r["slice"], r["n_anomalous"], r["n_normal"]) for r in found] == [
        ("all answers", 15, 11),
        ("dataset: x", 10, 6),
        ("dataset: y", 5, 5),
    ]
    assert [round(r["recall"].value, 3) for r in found] == [0.6, 0.6, 0.6]
    assert [round(r["overkill"].value, 3) for r in found] == [0.273, 0, 0.6]
    assert [round(r["miss"].value, 3) for r in found] == [0.4, 0.4, 0.4]


def test_one_value_with_anomaly_questions_is_not_repeated_beside_all_answers(mixed):
    only_x = [one for one in mixed if one.metadata["dataset"] != "y"]
    found = rows(report(only_x, by=["dataset"]).tables["detection"])
    assert [r["slice"] for r in found] == ["all answers"]


@pytest.mark.parametrize(("no_verdict", "is_noted"), [("fail", True), ("drop", False)])
def test_the_detection_table_says_how_unreadable_replies_count(mixed, no_verdict, is_noted):
    unreadable = [item(300, "?", "B", YES_NO), item(301, "?", "A", YES_NO)]
    table = report([*mixed, *unreadable], no_verdict=no_verdict).tables["detection"]
    assert ("counts as overkill for a normal part" in table.notes[-1]) == is_noted
    assert (rows(table)[0]["n_anomalous"], rows(table)[0]["n_normal"]) == ((16, 12) if is_noted else (15, 11))


def test_without_unreadable_replies_the_detection_table_does_not_speak_of_them(mixed):
    assert len(report(mixed).tables["detection"].notes) == 1


def test_crossed_fields_are_detection_slices_one_by_one_and_once(mixed):
    items = [
        one.model_copy(update={"metadata": {**one.metadata, "side": "lr"[n % 2]}})
        for n, one in enumerate(mixed)
    ]
    found = rows(report(items, by=["dataset*side", "side"]).tables["detection"])
    assert [r["slice"] for r in found] == ["all answers", "dataset: x", "dataset: y", "side: l", "side: r"]


def test_detection_slices_have_intervals_of_their_own_clusters():
    # In x all questions of a picture have the same outcome; in y there is one question a picture.
    x = [
        item(n, "AB"[n // 8 % 2], "AB"[n // 16 % 2], YES_NO, dataset="x", image=f"x{n // 8}")
        for n in range(64)
    ]
    y = [
        item(100 + n, "AB"[n // 8 % 2], "AB"[n // 16 % 2], YES_NO, dataset="y", image=f"y{n}")
        for n in range(64)
    ]
    plain, clustered = (
        {r["slice"]: r["recall"] for r in rows(report(x + y, by=["dataset"], cluster=c).tables["detection"])}
        for c in ("id", "image")
    )

    def width(estimate):
        return estimate.high - estimate.low

    assert clustered["dataset: y"].value == plain["dataset: y"].value == 0.5
    assert width(clustered["dataset: y"]) == pytest.approx(width(plain["dataset: y"]), rel=0.1)
    assert width(clustered["dataset: x"]) > 1.8 * width(plain["dataset: x"])
    assert clustered["dataset: x"].n_clusters == 4
    assert clustered["all answers"].n_clusters == 4 + 32


def test_the_verdict_names_overkill_and_misses_only_where_there_are_anomaly_questions(mixed):
    told = [text for text in report(mixed, by=["dataset"]).verdict if "overkill" in text]
    assert len(told) == 1
    assert told[0].index("27.3 %") < told[0].index("overkill") < told[0].index("40.0 %")
    others = report([one for one in mixed if one.metadata["dataset"] == "z"], by=["dataset"])
    assert "detection" not in keys(others)
    assert not any("overkill" in text for text in others.verdict)


def test_figures_of_detection_are_named_estimates(mixed):
    found = report(mixed, by=["dataset"]).estimates
    assert found["recall"].value == 0.6
    assert found["miss"].value == pytest.approx(0.4)
    assert found["macro.dataset"].value == pytest.approx((0.8 + 0.5 + 1) / 3)
    assert found["accuracy"].value == pytest.approx(22 / 31)


def test_a_slice_of_anomaly_questions_shows_its_balanced_accuracy_and_the_plain_one(mixed):
    table = report(mixed, by=["dataset"]).tables["slices:dataset"]
    found = {r["slice"]: r for r in rows(table)}
    assert (found["x"]["figure"].value, found["x"]["accuracy"].value) == pytest.approx((0.8, 0.75))
    assert found["z"]["figure"].value == found["z"]["accuracy"].value == 1
    assert any("balanced accuracy" in note for note in table.notes)
    plain = report([one for one in mixed if one.metadata["dataset"] == "z"], by=["dataset"])
    assert not any("balanced" in note for note in plain.tables["slices:dataset"].notes)


# --- gap to open answers


def open_run(pairs, **fields):
    items = [
        Item(id=f"o{n}", question="?", answer="x", metadata={"kind": kind, **fields})
        for n, (kind, _) in enumerate(pairs)
    ]
    scores = [
        Score(item_id=f"o{n}", rater="m", rater_kind="judge", dimension="correct", value=float(passed))
        for n, (_, passed) in enumerate(pairs)
    ]
    return ScoreTable.build("open", load_rubric(RUBRIC), items, scores)


@pytest.fixture(scope="module")
def closed():
    return [item(n, "AB"[n % 4 == 0], kind="xy"[n >= 40]) for n in range(60)]


def test_a_gap_section_subtracts_the_open_pass_rate_in_each_shared_slice(closed):
    run = open_run([("x", n % 2) for n in range(40)] + [("z", 1)] * 10)
    found = report(closed, by=["kind"], run=run)
    assert keys(found)[-1] == "gap kind"
    (row,) = rows(found.tables["gap:kind"])
    assert (row["slice"], row["choice"].value, row["open"].value) == ("x", 0.75, 0.5)
    assert row["difference"].value == 0.25
    # statsmodels: confint_proportions_2indep(30, 40, 20, 40, method="newcomb").
    assert (row["difference"].low, row["difference"].high) == pytest.approx((0.03789, 0.43330), abs=5e-5)


def test_every_field_has_a_gap_section_of_its_own(closed):
    items = [one.model_copy(update={"metadata": {**one.metadata, "side": "l"}}) for one in closed]
    run = open_run([("x", 1), ("y", 0)], side="l")
    found = report(items, by=["kind", "side"], run=run)
    assert [key for key in keys(found) if key.startswith("gap")] == ["gap kind", "gap side"]


def test_without_a_run_there_is_no_gap(closed):
    assert not any(key.startswith("gap") for key in keys(report(closed, by=["kind"])))


# --- order and presence of the sections


def test_sections_come_in_the_order_replies_slices_detection_positions(mixed):
    assert keys(report(mixed, by=["dataset"])) == ["reading", "slices dataset", "detection", "positions"]


def test_fields_slice_by_default_if_they_have_two_to_twelve_values(mixed):
    assert "slices dataset" in keys(report(mixed))


# --- replies


def test_ways_of_reading_and_reasons_are_counted_from_the_most_frequent():
    items = [item(n, a) for n, a in enumerate(["A"] * 3 + ["Answer: B"] * 4 + ["", "A or B", "A or B"])]
    found = rows(report(items).tables["reading"])
    assert [(r["how"].split(": ")[0], r["n"]) for r in found] == [
        ("read", 4),
        ("read", 3),
        ("unreadable", 2),
        ("unreadable", 1),
    ]


def test_accuracy_without_unreadable_replies_is_none_if_all_are_unreadable():
    found = report([item(1, ""), item(2, "")])
    assert "2 of 2 replies (100.0 %)" in found.verdict[1]
    assert "none without them" in found.verdict[2]
    assert "0.0 % if they count as wrong" in found.verdict[2]


def test_the_accuracy_without_unreadable_replies_is_the_same_under_both_policies():
    items = [item(n, a) for n, a in enumerate(["A", "A", "B", "", "A or B"])]
    wrong, drop = (report(items, no_verdict=policy) for policy in ("fail", "drop"))
    for found in (wrong, drop):
        assert "66.7 % without them and 40.0 %" in found.verdict[2]
    assert (wrong.estimates["accuracy"].value, drop.estimates["accuracy"].value) == (
        0.4,
        pytest.approx(2 / 3),
    )
    assert "wrong" in wrong.about["unreadable replies"]
    assert "missing" in drop.about["unreadable replies"]


@pytest.mark.parametrize(("n", "dots"), [(3, False), (4, True)])
def test_three_ids_of_items_that_were_set_aside_are_shown(n, dots):
    items = [item(0, "A"), *(Item(id=f"x{k}", question="?", answer="A") for k in range(n))]
    (warning,) = report(items).warnings
    assert f"no choices: {n} (x0, x1, x2" in warning
    assert ("…" in warning) is dots


def test_problems_of_the_files_come_before_those_of_the_items():
    items = [item(0, "A"), Item(id="x", question="?", answer="A")]
    found = report(items, problems={"twice": ["q7", "q8"]}).warnings
    assert [text.split(":")[0] for text in found] == ["twice", "no choices"]
    assert "2 (q7, q8)" in found[0]


# --- positions


def test_position_bias_is_told_at_five_percent_and_not_above():
    def pairs(n_excess, n_back):
        extra = [("A", "B")] * n_excess + [("B", "A")] * n_back
        both = [("A", "A")] * 20 + [("B", "B")] * 20
        return [item(n, a, g, FOUR[:2]) for n, (a, g) in enumerate(extra + both)]

    biased = report(pairs(12, 3))  # McNemar: 81 / 15 = 5.4, p .020
    assert any("A is chosen +16.4" in text and ".020" in text for text in biased.verdict)
    fair = report(pairs(11, 4))  # 49 / 15 = 3.27, p .071
    assert not any("is chosen" in text for text in fair.verdict)
    assert any(".071" in note for note in fair.tables["positions"].notes)


def test_positions_have_one_row_for_each_offered_letter_in_order():
    found = rows(report([item(0, "B", "B"), item(1, "A", "D"), item(2, "", "C")]).tables["positions"])
    assert [(r["letter"], r["chosen"].value, r["gold"].value) for r in found] == [
        ("A", 0.5, 0),
        ("B", 0.5, 0.5),
        ("C", 0, 0),
        ("D", 0, 0.5),
    ]
    assert (
        "2 readable replies"
        in report([item(0, "B", "B"), item(1, "A", "D"), item(2, "")]).tables["positions"].notes[0]
    )


# --- slices


@pytest.mark.parametrize(("n", "small"), [(19, (0,)), (20, ())])
def test_slices_of_fewer_than_twenty_answers_are_marked(n, small):
    items = [item(k, "A", kind="a") for k in range(n)] + [item(100 + k, "B", kind="b") for k in range(20)]
    assert report(items, by=["kind"]).tables["slices:kind"].small == small


def test_a_cell_of_the_matrix_that_no_item_has_is_missing_and_in_no_mean():
    items = [item(n, "A", left="a", right="x") for n in range(4)]
    items += [item(10 + n, "AB"[n % 2], left="b", right="x") for n in range(4)]
    items += [item(20 + n, "B", left="b", right="y") for n in range(4)]
    found = rows(report(items, by=["left*right"]).tables["matrix:left*right"])
    assert [(r["slice"], r["a"], r["b"], r["mean"]) for r in found] == [
        ("x", 1.0, 0.5, 0.75),
        ("y", None, 0.0, 0.0),
        ("mean", 1.0, 0.25, 0.625),
    ]


@pytest.mark.parametrize(("n", "is_shown"), [(8, True), (9, False)])
def test_a_matrix_has_at_most_eight_columns(n, is_shown):
    items = [item(k, "A", left=f"a{k % n}", right="xy"[k // n % 2]) for k in range(4 * n)]
    assert ("matrix:left*right" in report(items, by=["left*right"]).tables) is is_shown


def test_one_field_and_three_crossed_fields_make_no_matrix():
    items = [item(n, "A", a="ab"[n % 2], b="ab"[n // 2 % 2], c="ab"[n // 4 % 2]) for n in range(16)]
    found = report(items, by=["a", "a*b*c"])
    assert not any(key.startswith("matrix") for key in found.tables)


# --- methods


def test_methods_say_how_many_clusters_there_are():
    items = [item(n, "A", image=f"m{n // 3}") for n in range(30)]
    assert any("10 clusters" in text for text in report(items, cluster="image").methods)
    assert any("independent" in text for text in report(items, cluster="id").methods)
    assert not any("independent" in text for text in report(items, cluster="image").methods)
