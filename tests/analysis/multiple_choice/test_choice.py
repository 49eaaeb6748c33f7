"""Multiple choice: shares, slices, anomaly questions, position bias, and the gap to open answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.analysis.multiple_choice.choice import RUBRIC, accuracy, gaps, read_answers, slices
from judge.analysis.multiple_choice.detection import detection
from judge.analysis.multiple_choice.positions import positions
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import macro_average
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import load_rubric

FOUR = ("lid", "cap", "body", "neck")
YES_NO = ("Yes", "No")


def item(number, answer, gold="A", choices=FOUR, **metadata):
    return Item(id=str(number), question="?", answer=answer, choices=choices, gold=gold, metadata=metadata)


def many(pairs, choices=FOUR, **metadata):
    return [
        item(f"{metadata}{n}", answer, gold, choices, **metadata) for n, (answer, gold) in enumerate(pairs)
    ]


def figures(found):
    return {name: round(estimate.value, 6) for name, estimate in found.figures.items()}


# --- reading


def test_unreadable_replies_are_wrong_unless_they_are_dropped():
    items = [item(1, "A"), item(2, "B"), item(3, "no idea"), item(4, "")]
    wrong, drop = (accuracy(read_answers(items, no_verdict=policy)) for policy in ("fail", "drop"))
    assert (wrong.n_pass, wrong.n_fail, wrong.n_missing) == (1, 3, 0)
    assert (drop.n_pass, drop.n_fail, drop.n_missing) == (1, 1, 2)


def test_unreadable_replies_are_counted_by_reason_under_both_policies():
    items = [item(1, "A or B"), item(2, ""), item(3, "F"), item(4, "I'm sorry"), item(5, "")]
    expected = {"empty": 2, "several": 1, "not_offered": 1, "refused": 1}
    assert all(read_answers(items, no_verdict=p).reasons == expected for p in ("fail", "drop"))


def test_items_that_are_no_multiple_choice_question_are_set_aside_with_their_reason():
    items = [
        item(1, "A"),
        Item(id="2", question="?", answer="A"),
        Item(id="3", question="?", answer="A", choices=FOUR),
        item(4, "A", gold="E"),
    ]
    assert read_answers(items).unusable == {
        "no choices": ["2"],
        "no right answer": ["3"],
        "the right answer is no offered letter": ["4"],
    }


def test_no_usable_item_is_an_error_that_says_what_is_needed():
    with pytest.raises(InputError, match=r"no choices: 1.*an item needs choices .* and gold"):
        read_answers([Item(id="1", question="?", answer="A")])


def test_accuracy_has_wilsons_interval():
    rate = accuracy(read_answers(many([("A", "A")] * 8 + [("B", "A")] * 2))).estimate
    assert (rate.value, round(rate.low, 3), round(rate.high, 3)) == (0.8, 0.490, 0.943)


def test_questions_of_one_picture_widen_the_interval():
    pairs = [("A", "A"), ("B", "A")] * 30
    items = [item(n, a, g, image=n % 2 * 10 + n // 2 % 10) for n, (a, g) in enumerate(pairs)]
    answers = read_answers(items)
    alone, together = accuracy(answers).estimate, accuracy(answers, answers.table.clusters("image")).estimate
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


# --- slices


def test_macro_average_counts_every_slice_the_same():
    items = many([("A", "A")] * 9 + [("B", "A")], kind="easy") + many([("B", "A")] * 2, kind="hard")
    of = slices(read_answers(items), "kind")
    assert [(s.label, s.n, s.figure.value) for s in of.slices] == [("easy", 10, 0.9), ("hard", 2, 0.0)]
    assert of.macro.value == pytest.approx(0.45)
    assert of.macro.low <= 0.45 <= of.macro.high


def test_slice_counts_its_unreadable_replies():
    items = many([("A", "A"), ("", "A")], kind="x") + many([("A", "A")], kind="y")
    assert [s.n_unreadable for s in slices(read_answers(items), "kind").slices] == [1, 0]


def test_slice_of_anomaly_questions_counts_with_its_balanced_accuracy():
    items = many([("A", "A")] * 9 + [("B", "A")] + [("A", "B")] * 2, YES_NO, kind="find")
    of = slices(read_answers(items), "kind")
    assert of.slices[0].accuracy.value == 0.75
    assert of.slices[0].balanced.value == pytest.approx(0.45)
    assert of.macro.value == pytest.approx(0.45)


def test_slice_with_one_kind_of_part_has_no_balanced_accuracy():
    of = slices(read_answers(many([("A", "A"), ("B", "A")], YES_NO, kind="find")), "kind")
    assert of.slices[0].balanced is None


def test_macro_of_nothing_is_undefined_with_a_reason():
    found = macro_average(np.array([np.nan]), [[np.array([True])]], share=True)
    assert (math.isnan(found.value), found.reason) == (True, "no_ratings")


def test_published_mmad_row_follows_from_its_counts():
    # GPT-4o on DS-MVTec in the benchmark's own table: overkill 24.946, miss 12.398, precision 90.252, recall
    # 87.602, F1 88.907, anomaly detection 81.328, seven types on average 84.800. The counts are the smallest
    # that give these figures: 116 of 465 normal parts called anomalous, 152 of 1,226 anomalous ones missed.
    kinds = {
        "Defect Classification": (929, 1205),
        "Defect Localization": (826, 1193),
        "Defect Description": (1002, 1213),
        "Defect Analysis": (1117, 1205),
        "Object Classification": (463, 464),
        "Object Analysis": (1242, 1367),
    }
    found = [("A", "B")] * 116 + [("B", "B")] * 349 + [("B", "A")] * 152 + [("A", "A")] * 1074
    items = many(found, YES_NO, question_type="Anomaly Detection")
    for kind, (right, n) in kinds.items():
        items += many([("A", "A")] * right + [("B", "A")] * (n - right), question_type=kind)
    answers = read_answers(items)
    assert figures(detection(answers.table)) == {
        "balanced_accuracy": 0.813279,
        "recall": 0.876020,
        "precision": 0.902521,
        "f1": 0.889073,
        "overkill": 0.249462,
        "miss": 0.123980,
    }
    assert round(slices(answers, "question_type").macro.value, 6) == 0.848004


# --- anomaly questions


@pytest.mark.parametrize(
    "options", [("Yes", "No"), ("Abnormal", "Normal"), ("defective.", "good"), ("Anomaly", "No anomaly")]
)
def test_options_that_say_yes_and_no_make_an_anomaly_question(options):
    found = detection(read_answers(many([("A", "A"), ("A", "B")], options)).table)
    assert (found.n_anomalous, found.n_normal, found.figures["overkill"].value) == (1, 1, 1.0)


def test_order_of_yes_and_no_does_not_matter():
    pairs = [("A", "A")] * 5 + [("B", "A")] * 2 + [("B", "B")] * 4 + [("A", "B")]
    swap = {"A": "B", "B": "A"}
    turned = [(swap[a], swap[g]) for a, g in pairs]
    one, other = (
        detection(read_answers(many(p, o)).table) for p, o in ((pairs, YES_NO), (turned, YES_NO[::-1]))
    )
    assert figures(one) == figures(other)


def test_yes_no_question_of_another_type_is_no_anomaly_question():
    assert detection(read_answers(many([("A", "A")], YES_NO, question_type="Object Analysis")).table) is None


def test_other_options_make_no_anomaly_question():
    assert detection(read_answers(many([("A", "A")])).table) is None


def test_unreadable_reply_that_is_wrong_is_a_miss_or_a_false_alarm():
    items = many([("", "A"), ("A", "A"), ("", "B"), ("B", "B")], YES_NO)
    assert figures(detection(read_answers(items).table))["miss"] == 0.5
    assert figures(detection(read_answers(items).table))["overkill"] == 0.5
    assert figures(detection(read_answers(items, no_verdict="drop").table))["overkill"] == 0.0


def test_miss_is_the_mirror_of_recall_limits_included():
    found = detection(
        read_answers(many([("A", "A")] * 7 + [("B", "A")] * 3 + [("B", "B")], YES_NO)).table
    ).figures
    miss, recall = found["miss"], found["recall"]
    assert (miss.value, miss.low, miss.high) == pytest.approx(
        (1 - recall.value, 1 - recall.high, 1 - recall.low)
    )
    assert miss.low < miss.value < miss.high


def test_one_kind_of_part_leaves_the_other_rate_undefined():
    found = detection(read_answers(many([("A", "A"), ("B", "A")], YES_NO)).table)
    assert math.isnan(found.figures["overkill"].value)
    assert found.figures["overkill"].reason == "zero_denominator"


# --- position


def test_always_choosing_one_letter_is_a_position_bias():
    found = positions(read_answers(many([("A", gold) for gold in "ABCD" * 25])))
    assert found.p < 1e-6
    assert found.excess["A"].value == pytest.approx(0.75)


def test_errors_without_a_preferred_letter_are_no_position_bias():
    found = positions(read_answers(many([(a, g) for a in "ABCD" for g in "ABCD"] * 10)))
    assert found.p > 0.9


def test_position_p_is_that_of_stuart_and_maxwell():
    # Gold by chosen: 20 5 1 / 10 20 4 / 6 8 26. d = (-10, 1, 9), S = [[22 -15 -7] [-15 27 -12] [-7 -12 19]];
    # dropping the third row: chi2 = d' S^-1 d = (100 * 27 - 2 * 10 * 15 + 1 * 22) / (22 * 27 - 15**2) = 6.5637.
    counts = {"A": (20, 5, 1), "B": (10, 20, 4), "C": (6, 8, 26)}
    pairs = [(a, g) for g, row in counts.items() for a, n in zip("ABC", row, strict=True) for _ in range(n)]
    found = positions(read_answers(many(pairs, FOUR[:3])))
    assert found.p == pytest.approx(math.exp(-6.5637 / 2), abs=1e-4)  # chi2 with 2 degrees of freedom


def test_unreadable_replies_have_no_position():
    assert positions(read_answers(many([("A", "A"), ("", "A")]))).n == 1


def test_all_right_leaves_nothing_to_test():
    assert math.isnan(positions(read_answers(many([("A", "A"), ("B", "B")]))).p)


# --- gap


def open_run(pairs):
    items = [
        Item(id=str(n), question="?", answer="x", metadata={"kind": kind})
        for n, (kind, _) in enumerate(pairs)
    ]
    scores = [
        Score(item_id=str(n), rater="m", rater_kind="judge", dimension="correct", value=float(passed))
        for n, (_, passed) in enumerate(pairs)
    ]
    return ScoreTable.build("open", load_rubric(RUBRIC), items, scores)


def test_gap_is_choice_minus_open_with_newcombes_interval():
    # Newcombe 1998, example (a): 56/70 against 48/80, difference .2000, method 10: .0524 to .3339.
    answers = read_answers(many([("A", "A")] * 56 + [("B", "A")] * 14, kind="x"))
    run = open_run([("x", 1)] * 48 + [("x", 0)] * 32 + [("y", 0)])
    (gap,) = gaps(answers, run, "kind")
    found = (gap.difference.value, gap.difference.low, gap.difference.high)
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_gap_without_a_common_slice_lists_what_the_run_has():
    with pytest.raises(InputError, match="shares no value of 'kind' with the choices; found there: y"):
        gaps(read_answers(many([("A", "A")], kind="x")), open_run([("y", 1)]), "kind")


# --- laws

replies = st.sampled_from(["A", "B", "Answer: C", "", "A or B", "no idea", "D)", "Z"])
rows = st.lists(
    st.tuples(replies, st.sampled_from("ABCD"), st.sampled_from(["x", "y", "z"])), min_size=1, max_size=25
)


def built(rows, policy="fail"):
    return read_answers([item(n, a, g, kind=k) for n, (a, g, k) in enumerate(rows)], no_verdict=policy)


@given(rows, st.sampled_from(["fail", "drop"]))
def test_right_wrong_and_missing_are_all_answers(rows, policy):
    answers = built(rows, policy)
    rate = accuracy(answers)
    assert rate.n_pass + rate.n_fail + rate.n_missing == len(rows)
    assert rate.n_missing == (sum(answers.reasons.values()) if policy == "drop" else 0)


@given(rows, st.randoms(use_true_random=False))
def test_order_of_answers_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (slices(built(r), "kind") for r in (rows, shuffled))
    assert [(s.label, s.n, s.figure.value) for s in one.slices] == [
        (s.label, s.n, s.figure.value) for s in other.slices
    ]
    assert one.macro.value == pytest.approx(other.macro.value)


@given(rows)
def test_slices_add_up_to_the_whole(rows):
    answers = built(rows)
    of = slices(answers, "kind").slices
    assert sum(s.n for s in of) == len(rows)
    assert sum(s.accuracy.value * s.n for s in of) == pytest.approx(accuracy(answers).n_pass)


@given(rows)
def test_excesses_of_positions_sum_to_zero(rows):
    excess = positions(built(rows)).excess.values()
    assert sum(e.value for e in excess) == pytest.approx(0, abs=1e-9)
