"""Checks of a judge's biases: when they apply and what they find."""

from dataclasses import replace

import numpy as np
import pytest

from judge.analysis.agreement.bias import BiasCheck, check_bias, own_family
from judge.records import Item
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings

LENGTHS = [2 ** (1 + i % 5) for i in range(40)]
ANSWERS = ["word " * n for n in LENGTHS]
QUALITY = np.random.default_rng(1).normal(3, 0.8, 40)


def dimension(name="a", n=40, *, per_doubling=0.0, missing=(), **more):
    noise = np.random.default_rng(ord(name[0])).normal(0, 0.4, (n, 2))
    people = np.clip(np.round(QUALITY[:n, None] + noise), 1, 5)
    scores = QUALITY[:n] + per_doubling * (np.log2(LENGTHS[:n]) - 3)
    scores[list(missing)] = np.nan
    return make_ratings(people, {"j": np.clip(scores, 1, 5)}, dimension=name, **more)


def names(*dimensions, answers=ANSWERS):
    n = len(dimensions[0].items)
    found = check_bias(make_aligned(*dimensions, answers=answers[:n]), "j")
    return [(c.name, c.dimension) for c in found if c.name != "order"]


def only(name, aligned):
    (found,) = [check for check in check_bias(aligned, "j") if check.name == name]
    return found


def test_a_judge_that_prefers_long_answers_stands_out_by_points_per_doubling():
    found = only("length", make_aligned(dimension(per_doubling=0.5), answers=ANSWERS))
    assert found.difference.value == pytest.approx(0.5, abs=0.15)
    assert found.stands_out


def test_a_judge_without_length_bias_does_not_stand_out():
    found = only("length", make_aligned(dimension(), answers=ANSWERS))
    assert not found.stands_out


@pytest.mark.parametrize(
    ("low", "high", "stands_out"), [(0.1, 0.3, True), (-0.3, -0.1, True), (-0.1, 0.1, False), (0, 0.2, False)]
)
def test_a_difference_stands_out_on_either_side_of_zero(low, high, stands_out):
    check = BiasCheck("x", "x", "", "points", None, None, Estimate((low + high) / 2, low, high))
    assert check.stands_out is stands_out


def test_halo_takes_three_dimensions_of_their_own():
    three = [dimension(name) for name in ("a", "b", "c")]
    assert ("halo", "") in names(*three)
    assert ("halo", "") not in names(*three[:2], dimension("overall"), dimension("passes"))


def test_halo_compares_the_mean_correlation_of_judge_and_people():
    rng = np.random.default_rng(3)
    people = [np.clip(np.round(rng.normal(3, 1, (40, 1)) + rng.normal(0, 0.3, (40, 2))), 1, 5) for _ in "abc"]
    same = np.clip(np.round(QUALITY), 1, 5)
    dimensions = [make_ratings(p, {"j": same}, dimension=n) for n, p in zip("abc", people, strict=True)]
    halo = next(c for c in check_bias(make_aligned(*dimensions), "j") if c.name == "halo")
    assert halo.judge.value == pytest.approx(1)
    assert abs(halo.human.value) < 0.3
    assert halo.difference.value == pytest.approx(halo.judge.value - halo.human.value)


@pytest.mark.parametrize(("n", "checked"), [(19, False), (20, True)])
def test_a_dimension_needs_twenty_rated_items(n, checked):
    assert bool(names(dimension(n=n))) is checked


def test_labels_are_not_checked():
    ratings = make_ratings([[0, 1]] * 40, {"j": [1] * 40}, scale=Scale(("x", "y"), "nominal"))
    assert names(ratings) == []


def test_answers_of_two_lengths_say_nothing_about_length():
    assert names(dimension(), answers=["a", "a b"] * 20) == []
    assert names(dimension(), answers=["a", "a b", "a b c", "a b c d"] * 10) == [("length", "a")]


def test_slots_and_single_people_have_no_length_check():
    assert names(dimension(slots=True)) == []
    one = dimension()
    assert names(one.with_raters(["p0", "j"])) == []


def test_missing_scores_are_compared_with_the_others_unless_none_or_all_are_missing():
    worst = np.argsort(QUALITY)[:8]
    aligned = make_aligned(dimension(missing=worst), answers=["same"] * 40)
    assert only("missing", aligned).difference.value < -0.5
    assert names(dimension(missing=range(40)), answers=["same"] * 40) == []
    assert names(dimension(), answers=["same"] * 40) == []


# --- order in the file, and the judge's own family


def with_scores(change, systems=None):
    """Aligned ratings of people, and a judge whose scores differ from the quality by `change`."""
    ratings = dimension()
    values = ratings.values.copy()
    values[:, -1] = values[:, :-1].mean(axis=1) + change
    moved = replace(ratings, values=values, raters=(*ratings.raters[:-1], "openai/gpt-5"))
    aligned = make_aligned(moved)
    named = systems or [None] * 40
    items = [item.model_copy(update={"system": s}) for item, s in zip(aligned.items, named, strict=True)]
    return replace(aligned, items=tuple(items))


def check(name, aligned):
    return [one for one in check_bias(aligned, "openai/gpt-5") if one.name == name]


def test_a_judge_that_becomes_more_lenient_in_the_course_of_the_file_stands_out():
    (found,) = check("order", with_scores(np.linspace(0, 0.8, 40)))
    assert found.difference.value == pytest.approx(0.8)
    (steady,) = check("order", with_scores(0.3 * (-1) ** np.arange(40)))
    assert not steady.stands_out


def test_extra_points_for_the_own_family_are_found():
    own = np.arange(40) % 2 == 0
    systems = ["gpt-4o" if is_own else "claude-opus-4" for is_own in own]
    (found,) = check("self-preference", with_scores(0.5 * own, systems))
    assert found.difference.value == pytest.approx(0.5)


@pytest.mark.parametrize("systems", [["gpt-4o"] * 40, ["claude"] * 40, ["gpt-4o"] * 20 + [None] * 20, None])
def test_self_preference_needs_systems_of_the_own_family_and_of_others(systems):
    assert check("self-preference", with_scores(0.0, systems)) == []


@pytest.mark.parametrize(
    ("judge", "own"), [("vllm:Qwen/Qwen3-VL-4B", "qwen2.5-7b"), ("anthropic/claude-opus-4", "Claude-3")]
)
def test_the_family_is_part_of_the_names(judge, own):
    items = [Item(id=s, question="?", answer="", system=s) for s in (own, "other")]
    assert own_family(judge, items).tolist() == [True, False]


def test_a_family_inside_a_word_is_none():
    items = [Item(id=s, question="?", answer="", system=s) for s in ("phi-4", "other")]
    assert own_family("delphi-judge", items) is None
