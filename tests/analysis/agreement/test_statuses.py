"""Counts of agreement add up over all statuses, and what does not apply changes no figure (Hypothesis)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.align import align_ratings
from judge.analysis.agreement.judge_human import Criteria
from judge.analysis.agreement.load import LoadedRatings
from judge.errors import InputError
from judge.records import STATUSES, Item, Score
from judge.rubric import Rubric

ANCHORS = {n: f"level {n}" for n in range(1, 6)}
RUBRIC = Rubric.model_validate(
    {
        "name": "mixed",
        "task": "Judge.",
        "dimensions": {
            "truth": {"description": "Is it true?", "anchors": ANCHORS},
            "count": {"description": "Is it right?", "anchors": ANCHORS, "when": {"kind": "counting"}},
            "named": {"description": "It names the part.", "type": "binary"},
        },
        "abstain": True,
        "overall": {"how": "weighted", "weights": {"truth": 1, "count": 3}},
        "pass": {"overall": 3, "truth": 2},
    }
)
PEOPLE = ("ann", "ben")
POINT = st.integers(1, 5).map(float)
MISSING = st.sampled_from([one for one in STATUSES if one not in ("ok", "not_applicable")])
ITEMS = st.lists(
    st.fixed_dictionaries(
        {
            "counting": st.booleans(),
            "judge": st.fixed_dictionaries(
                {
                    "truth": POINT | MISSING,
                    "count": POINT | MISSING,
                    "named": st.sampled_from([0.0, 1.0]) | MISSING,
                }
            ),
            "people": st.fixed_dictionaries(
                dict.fromkeys(PEOPLE, st.fixed_dictionaries({"truth": POINT, "count": POINT | st.none()}))
            ),
        }
    ),
    min_size=3,
    max_size=8,
)


def loaded(drawn):
    """Items and scores; the judge's overall score is weighted by hand, or has a status of its parts."""
    items, scores = {}, []
    for number, one in enumerate(drawn):
        name = f"q{number}"
        kind = "counting" if one["counting"] else "other"
        items[name] = Item(id=name, question=name, answer="a", metadata={"kind": kind})
        parts = dict(one["judge"])
        if not one["counting"]:
            parts["count"] = "not_applicable"
        scores += [judged(name, dimension, value) for dimension, value in parts.items()]
        scores.append(judged(name, "overall", overall(parts)))
        for person, rated in one["people"].items():
            scores += [
                Score(item_id=name, rater=person, rater_kind="human", dimension=dimension, value=value)
                for dimension, value in rated.items()
                if value is not None and (dimension != "count" or one["counting"])
            ]
    return LoadedRatings(items, tuple(scores), RUBRIC)


def judged(item, dimension, value):
    state = {"status": value} if isinstance(value, str) else {"value": value}
    return Score(item_id=item, rater="m", rater_kind="judge", dimension=dimension, **state)


def overall(parts):
    """Mean of truth (weight 1) and count (weight 3), of those that apply."""
    used = {name: parts[name] for name in ("truth", "count") if parts[name] != "not_applicable"}
    for value in used.values():
        if isinstance(value, str):
            return value
    weights = {"truth": 1, "count": 3}
    return sum(weights[name] * value for name, value in used.items()) / sum(weights[name] for name in used)


def aligned(drawn):
    try:
        return align_ratings(loaded(drawn))
    except InputError:  # no rating has a value
        assume(False)


@settings(max_examples=30, deadline=None)
@given(ITEMS)
def test_the_statuses_of_the_judge_add_up_to_the_rated_items_that_a_dimension_concerns(drawn):
    for name, ratings in aligned(drawn).ratings.items():
        concerned = ratings.rated if ratings.applies is None else ratings.rated & ratings.applies
        counts = ratings.statuses["m"]
        assert sum(counts.values()) == concerned.sum(), name
        assert counts.get("ok", 0) == (~np.isnan(ratings.column("m")[concerned])).sum()
        assert "not_applicable" not in counts


@settings(max_examples=settings.default.max_examples // 4)
@given(ITEMS, st.sampled_from(["fail", "drop", "bounds"]))
def test_verdicts_add_up_to_the_items_with_a_verdict_of_people(drawn, policy):
    found = agree(aligned(drawn), criteria=Criteria(no_verdict=policy))
    for one in found.judge_agreements:
        if one.pass_fail is None:
            continue
        tables = (one.pass_fail, *(one.bounds or ()))
        counts = [t.true_pass + t.false_pass + t.false_fail + t.true_fail for t in tables]
        with_people = int((~np.isnan(one.ratings.human_passed())).sum())
        assert counts[0] == with_people - (0 if policy == "fail" else one.n_no_verdict)
        assert counts[1:] in ([], [with_people] * 2)
        assert (one.bounds is not None) == (policy == "bounds" and one.n_no_verdict > 0)


@settings(max_examples=30, deadline=None)
@given(ITEMS)
def test_overall_scores_of_people_have_the_weights_of_what_applies(drawn):
    ratings = aligned(drawn).ratings
    for number, one in enumerate(drawn):
        for person, rated in one["people"].items():
            found = ratings["overall"].column(person)[number]
            if one["counting"] and rated["count"] is None:
                assert np.isnan(found)
            else:
                expected = (rated["truth"] + 3 * rated["count"]) / 4 if one["counting"] else rated["truth"]
                assert found == pytest.approx(expected)


def figures(found):
    """Everything that is printed about dimensions, without the counts of items."""
    human = {name: replace(of, n_items=0) for name, of in found.human_agreements.items()}
    judges = [
        (one.comparisons, one.bias, one.judge_mean, one.human_mean, one.pass_fail, one.bounds, one.corrected)
        for one in found.judge_agreements
    ]
    abstained = {key: of for key, of in found.aligned.abstentions.items() if key[1] in found.aligned.ratings}
    return repr((human, judges, abstained))


@settings(max_examples=settings.default.max_examples // 4)
@given(ITEMS, st.sampled_from(["fail", "bounds"]))
def test_an_item_to_which_a_dimension_does_not_apply_changes_no_figure_of_it(drawn, policy):
    beside = {
        "counting": False,
        "judge": {"truth": 4.0, "count": 5.0, "named": 1.0},
        "people": {name: {"truth": 3.0, "count": None} for name in PEOPLE},
    }
    before, after = (aligned(one) for one in (drawn, [*drawn, beside]))
    assume("count" in before.ratings)
    only = [replace(one, ratings={"count": one.ratings["count"]}) for one in (before, after)]
    found = [agree(one, criteria=Criteria(no_verdict=policy)) for one in only]
    assert figures(found[1]) == figures(found[0])
