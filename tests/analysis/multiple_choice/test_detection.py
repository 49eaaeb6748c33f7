"""Which questions are about anomalies, and the figures of their answers."""

import math

import numpy as np
import pytest

from judge.analysis.multiple_choice.choice import read_answers
from judge.analysis.multiple_choice.detection import detection, gold_anomalous
from judge.records import Item

YES_NO = ("Yes", "No")


def question(number=0, answer="A", gold="A", choices=YES_NO, **metadata):
    return Item(
        id=f"q{number}", question="Any defect?", answer=answer, choices=choices, gold=gold, metadata=metadata
    )


def table(pairs, **more):
    items = [question(n, answer, gold, **more) for n, (answer, gold) in enumerate(pairs)]
    return read_answers(items).table


def gold(**more):
    return gold_anomalous([question(**more)])[0]


@pytest.mark.parametrize(("letter", "expected"), [("A", 1), ("B", 0)])
def test_the_correct_option_says_whether_the_part_is_anomalous(letter, expected):
    assert gold(gold=letter) == expected
    assert gold(gold=letter, choices=YES_NO[::-1]) == 1 - expected


@pytest.mark.parametrize(
    "yes", ["yes", "Abnormal", "ANOMALOUS", "defective", "Defect", "anomaly", "bad", "NG"]
)
@pytest.mark.parametrize("no", ["No.", "normal", "good", "defect-free", "non-defective", "No  defect", "no anomaly", "OK"])  # fmt: skip
def test_every_pair_of_a_word_for_anomalous_and_a_word_for_normal_is_an_anomaly_question(yes, no):
    assert gold(choices=(yes, no), gold="A") == 1
    assert gold(choices=(yes, no), gold="B") == 0


@pytest.mark.parametrize(
    "choices", [("Yes", "bad"), ("No", "good"), ("Yes", "No", "Unknown"), ("Yes", "perhaps"), ("Yes",)]
)
def test_other_options_say_nothing_about_an_anomaly(choices):
    assert math.isnan(gold(choices=choices))


def test_a_question_without_a_correct_option_says_nothing_about_an_anomaly():
    assert math.isnan(gold(gold=None))


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("Anomaly Detection", True), ("anomalous?", True), ("DETECTION", True), ("Object Analysis", False)],
)
def test_a_question_type_must_mention_anomaly_or_detection(kind, counts):
    assert math.isnan(gold(question_type=kind)) is not counts


@pytest.mark.parametrize(("anomaly", "expected"), [(True, 1), (False, 0)])
def test_without_option_texts_the_anomaly_field_of_a_typed_question_counts(anomaly, expected):
    empty = ("", "")
    assert gold(choices=empty, anomaly=anomaly, question_type="Anomaly Detection") == expected
    assert math.isnan(gold(choices=empty, anomaly=anomaly, question_type="Object Analysis"))
    assert math.isnan(gold(choices=empty, anomaly=anomaly))


@pytest.mark.parametrize("anomaly", ["yes", 1, None])
def test_without_option_texts_only_true_and_false_count(anomaly):
    assert math.isnan(gold(choices=("", ""), anomaly=anomaly, question_type="Anomaly Detection"))


def test_option_texts_go_before_the_anomaly_field():
    assert gold(gold="B", anomaly=True, question_type="Anomaly Detection") == 0


def test_the_figures_follow_from_the_four_counts():
    # 8 of 10 anomalous parts found, 3 of 5 normal parts called normal: precision 8 / (8 + 2).
    pairs = [("A", "A")] * 8 + [("B", "A")] * 2 + [("B", "B")] * 3 + [("A", "B")] * 2
    found = detection(table(pairs))
    assert (found.n_anomalous, found.n_normal) == (10, 5)
    expected = {
        "balanced_accuracy": 0.7,
        "recall": 0.8,
        "precision": 0.8,
        "f1": 0.8,
        "overkill": 0.4,
        "miss": 0.2,
    }
    assert {name: e.value for name, e in found.figures.items()} == pytest.approx(expected)


def test_overkill_has_wilsons_interval():
    # Wilson 1927 for 2 of 5 at 95 %: .1176 to .7693.
    pairs = [("A", "A")] * 3 + [("B", "B")] * 3 + [("A", "B")] * 2
    overkill = detection(table(pairs)).figures["overkill"]
    assert (overkill.low, overkill.high) == pytest.approx((0.1176, 0.7693), abs=5e-5)


def test_only_anomaly_questions_count_among_others():
    items = [question(n, "A", "A") for n in range(3)]
    items += [question(n, "B", "A", choices=("lid", "cap")) for n in range(3, 9)]
    found = detection(read_answers(items).table)
    assert (found.n_anomalous, found.n_normal) == (3, 0)
    assert found.figures["recall"].value == 1


def test_a_reply_that_is_left_out_is_neither_a_miss_nor_a_false_alarm():
    items = [question(n, a, g) for n, (a, g) in enumerate([("A", "A"), ("", "A"), ("B", "B"), ("", "B")])]
    found = detection(read_answers(items, unreadable="drop").table)
    assert (found.n_anomalous, found.n_normal) == (1, 1)
    assert (found.figures["miss"].value, found.figures["overkill"].value) == (0, 0)


def test_clusters_of_the_anomaly_questions_widen_the_intervals():
    pairs = ([("A", "A")] * 4 + [("B", "A")] * 4 + [("B", "B")] * 4 + [("A", "B")] * 4) * 6
    of = table(pairs)
    alone = detection(of).figures["miss"]
    pictures = np.arange(len(pairs)) // 4
    together = detection(of, pictures).figures["miss"]
    assert together.value == alone.value == 0.5
    assert together.high - together.low > 1.3 * (alone.high - alone.low)


def test_clusters_belong_to_the_items_even_where_other_questions_stand_between():
    pairs = [("A", "A"), ("B", "A"), ("B", "B"), ("A", "B")] * 6
    items = [question(n, a, g) for n, (a, g) in enumerate(pairs)]
    alone = detection(read_answers(items).table, np.arange(len(items)) % 6)
    mixed = [one for n, item in enumerate(items) for one in (item, question(100 + n, choices=("lid", "cap")))]
    clusters = np.repeat(np.arange(len(items)) % 6, 2)
    among = detection(read_answers(mixed).table, clusters)
    assert {k: (e.low, e.high) for k, e in among.figures.items()} == {
        k: (e.low, e.high) for k, e in alone.figures.items()
    }
