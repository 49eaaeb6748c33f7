"""Several judges on the same answers."""

import numpy as np
import pytest

from judge.analysis.panel import panel

PASS, FAIL, OPEN = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}, {"accuracy": "failed"}


def test_pass_rates_and_agreement_of_verdicts(make_table):
    a = make_table([PASS, PASS, FAIL, FAIL], name="a")
    b = make_table([PASS, FAIL, FAIL, OPEN], name="b")
    found = panel([a, b])
    assert found.n_answers == 4
    assert [(m.name, m.judge, m.passing.estimate.value) for m in found.members] == [
        ("a", "robot", 0.5),
        ("b", "robot", pytest.approx(1 / 3)),
    ]
    assert found.unanimous.value == pytest.approx(2 / 3)
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.same_verdict.value) == ("a", "b", pytest.approx(2 / 3))
    assert pair.change.difference.value == pytest.approx(-1 / 3)
    assert found.members[0].means["accuracy"].value == 2.5


def test_answers_are_matched_by_id_whatever_their_order(make_table):
    rows = [{**PASS, "id": "x"}, {**FAIL, "id": "y"}]
    found = panel([make_table(rows, name="a"), make_table(rows[::-1], name="b")])
    assert found.unanimous.value == 1


def test_every_two_runs_are_a_pair(make_table):
    found = panel([make_table([PASS, FAIL], name=name) for name in "abc"])
    assert [(pair.first, pair.second) for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_clusters_count_as_such(make_table):
    rows = [{**(PASS if i % 2 else FAIL), "image": i // 4} for i in range(24)]
    found = panel([make_table(rows, name="a"), make_table(rows, name="b")], "image")
    assert found.members[0].passing.estimate.n_clusters == 6
    assert not np.isnan(found.unanimous.value)
