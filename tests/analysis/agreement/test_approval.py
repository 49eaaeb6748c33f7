"""Approval of a judge's scores by people who saw them first."""

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from judge.analysis.agreement.approval import EVERY_SCORE, approvals
from judge.errors import InputError
from judge.formats.anchored import AnchoredRating
from judge.records import Item
from judge.stats import percent_agreement


def said(item_id, rater, approval, dimension="clarity", **more):
    fields = {"where": f"r:{item_id}:{rater}:{dimension}", "judge": "robot", "shown": 3.0}
    status = {} if approval else {"status": "skipped"}
    return AnchoredRating(
        **fields
        | {"item_id": item_id, "rater": rater, "approval": approval, "dimension": dimension}
        | status
        | more
    )


def items(n=20):
    return {f"q{i}": Item(id=f"q{i}", question="?", answer="!", metadata={"page": i // 4}) for i in range(n)}


def rows(*marks, rater="ann"):
    return [said(f"q{i}", rater, "approve" if mark else "contest") for i, mark in enumerate(marks)]


def test_with_one_person_an_item_the_interval_is_wilsons():
    (one,) = approvals(rows(*[1] * 14, *[0] * 6), items()).rows
    assert one.rate.value == pytest.approx(0.7)
    assert (one.rate.low, one.rate.high) == pytest.approx(proportion_confint(14, 20, method="wilson"))


def test_people_are_pooled_within_an_item():
    three = [said("q0", who, "approve") for who in ("ann", "ben", "cy")]
    (one,) = approvals([*three, said("q1", "ann", "contest"), said("q1", "ben", "approve")], items()).rows
    assert one.rate.value == pytest.approx((1 + 0.5) / 2)
    assert (one.n_people, one.n_ratings, one.rate.n_items) == (3, 5, 2)


def test_the_interval_equals_that_of_percent_agreement_with_a_judge_who_is_always_right():
    rng = np.random.default_rng(0)
    marks = rng.random(40) < 0.8
    (one,) = approvals(rows(*marks), items(40)).rows
    other = percent_agreement(np.column_stack([np.ones(40), marks]), clusters=np.arange(40))
    assert (one.rate.value, one.rate.low, one.rate.high) == pytest.approx(
        (other.value, other.low, other.high)
    )


def test_items_of_a_cluster_are_dependent():
    marks = [1, 1, 1, 1, 0, 0, 0, 0] * 2
    (single,) = approvals(rows(*marks), items()).rows
    (clustered,) = approvals(rows(*marks), items(), cluster="page").rows
    assert clustered.rate.n_clusters == 4
    assert clustered.rate.high - clustered.rate.low > single.rate.high - single.rate.low


def test_rates_are_weighted_by_inclusion_probabilities():
    """Of 4 drawn failures all, of 4 drawn passes a tenth: (4 x 1 x 0 + 4 x 10 x 1) / 44."""
    fails = [said(f"q{i}", "ann", "contest", probability=1, stratum="fail") for i in range(4)]
    passes = [said(f"q{i}", "ann", "approve", probability=0.1, stratum="pass") for i in range(4, 8)]
    found = approvals([*fails, *passes], items())
    assert found.rows[0].rate.value == pytest.approx(40 / 44)
    assert "weighted by 1 / inclusion probability; target: answers like these" in found.notes[0]


def test_items_of_unknown_probability_are_left_out_and_named():
    drawn = [said(f"q{i}", "ann", "approve", probability=p) for i, p in enumerate([0.5, 0.2, 0.5])]
    found = approvals(
        [*drawn, said("q5", "ann", "contest", probability=math.nan)], items(), sampling="poisson"
    )
    assert found.rows[0].rate.value == 1
    assert any("1 of 4 rated items have no inclusion probability" in note for note in found.notes)


@pytest.mark.parametrize("probability", [0, 2, "x"])
def test_a_probability_must_lie_between_0_and_1(probability):
    with pytest.raises(InputError, match="allowed is one number above 0 and at most 1"):
        approvals([said("q0", "ann", "approve", probability=probability)], items())


def test_an_item_has_one_probability():
    two = [said("q0", who, "approve", probability=p) for who, p in (("ann", 0.5), ("ben", 0.4))]
    with pytest.raises(InputError, match=r"probability of item 'q0' is 0.4"):
        approvals(two, items())


def test_contested_scores_have_a_direction_where_an_own_score_is_given():
    contested = [said(f"q{i}", "ann", "contest", own=own) for i, own in enumerate([5.0, 4.0, 1.0, None])]
    (one,) = approvals([*contested, said("q4", "ann", "approve")], items()).rows
    assert (one.upward.value, one.downward.value, one.n_undirected) == (0.4, 0.2, 1)


def test_labels_have_no_direction():
    (one,) = approvals([said("q0", "ann", "contest", shown="minor", own="major")], items()).rows
    assert (one.upward, one.downward, one.n_undirected) == (None, None, 1)


def test_skipped_and_cannot_tell_are_in_no_share():
    replies = [
        said("q0", "ann", "approve"),
        said("q1", "ann", None),
        said("q2", "ann", None, status="abstained"),
    ]
    (one,) = approvals(replies, items()).rows
    assert (one.rate.value, one.rate.n_items, one.n_skipped, one.n_abstained) == (1, 1, 1, 1)


def test_without_any_reply_the_rate_is_undefined():
    (one,) = approvals([said("q1", "ann", None)], items()).rows
    assert math.isnan(one.rate.value)
    assert one.rate.reason is not None


def test_the_verdict_comes_after_the_dimensions_and_then_every_score():
    replies = [
        said(item, who, "contest" if (item, who, name) == ("q0", "ann", "clarity") else "approve", name)
        for name in ("passes", "clarity", "accuracy")
        for item in ("q0", "q1")
        for who in ("ann", "ben")
    ]
    found = approvals(replies, items()).rows
    assert [one.dimension for one in found] == ["clarity", "accuracy", "passes", EVERY_SCORE]
    assert (found[-1].rate.value, found[-1].n_ratings) == (0.75, 4)


def test_judges_are_kept_apart():
    replies = [said("q0", "ann", "approve"), said("q0", "ann", "contest", judge="other", where="r:9")]
    assert [(one.judge, one.rate.value) for one in approvals(replies, items()).rows] == [
        ("other", 0),
        ("robot", 1),
    ]


def test_planned_repeats_and_other_dimensions_are_left_out():
    replies = [
        said("q0", "ann", "approve"),
        said("q0", "ann", "contest", sample=1),
        said("q0", "ann", "contest", "x"),
    ]
    (one,) = approvals(replies, items(), dimensions=["clarity"]).rows
    assert (one.rate.value, one.n_ratings) == (1, 1)
    assert approvals([], items()).rows == ()


def test_a_second_rating_of_a_score_is_refused():
    with pytest.raises(InputError, match=r"r:2: second anchored rating of clarity of item 'q0' by ann"):
        approvals([said("q0", "ann", "approve"), said("q0", "ann", "contest", where="r:2")], items())


def test_items_that_are_not_in_the_run_are_named():
    found = approvals([said("q0", "ann", "approve"), said("x", "ann", "contest")], items())
    assert found.rows[0].rate.value == 1
    assert found.notes == ("Items of anchored ratings that are not in the run: 1.",)
    with pytest.raises(InputError, match="no anchored rating is of an item of the run; found: x"):
        approvals([said("x", "ann", "approve")], items())
    assert approvals([said("x", "ann", "approve")], {}).rows[0].rate.value == 1
