"""A rater on another scale is rescaled, and only interval statistics are given."""

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.analysis.agreement.judge_human import Criteria
from judge.analysis.agreement.pilot import pilot_ratings
from judge.errors import InputError
from judge.stats.coefficients.alpha import krippendorff_alpha
from judge.stats.coefficients.icc import icc

INTERVAL = {"alpha", "icc1", "icc1k", "icc2", "icc2k", "icc3", "icc3k"}
RNG = np.random.default_rng(2)
QUALITY = RNG.normal(3, 1, 40)
ON_FIVE = {
    name: np.clip(np.round(QUALITY + RNG.normal(0, 0.5, 40)), 1, 5) for name in ("ann", "ben", "bot", "bit")
}
ON_TEN = np.clip(np.round(1 + (QUALITY + RNG.normal(0, 0.3, 40) - 1) * 9 / 4), 1, 10)


def rows(judges=("bot",), dimensions=("clarity",)):
    given = {name: ON_FIVE[name] for name in ("ann", "ben", *judges)} | {"dan": ON_TEN}
    return [
        {
            "item_id": f"q{n}",
            "rater": name,
            "rater_kind": "judge" if name in judges else "human",
            "dimension": dimension,
            "value": values[n],
        }
        for name, values in given.items()
        for n in range(40)
        for dimension in dimensions
    ]


def aligned(table=None, **options):
    options = {"scale": "1-5", "rater_scales": {"dan": "1-10"}} | options
    return align_inputs(AgreementInputs(rows() if table is None else table, **options))


@pytest.fixture(scope="module")
def found():
    return agree(aligned(), criteria=Criteria({"": 0.1}, 0.2), by=(), n_worst=1)


def test_values_are_on_the_declared_scale(found):
    ratings = found.aligned.ratings["clarity"]
    assert np.allclose(ratings.column("dan"), 1 + (ON_TEN - 1) * 4 / 9)
    assert np.array_equal(ratings.column("ann"), ON_FIVE["ann"])
    assert ratings.rescaled == ("dan",)


def test_only_interval_statistics_of_people_have_a_value(found):
    people = found.human_agreements["clarity"].estimates
    assert {name for name, one in people.items() if one.defined} == INTERVAL
    assert {one.reason for name, one in people.items() if not one.defined} == {"rescaled_ratings"}


def test_interval_statistics_are_those_of_the_rescaled_values(found):
    people = found.human_agreements["clarity"].estimates
    humans = np.column_stack([ON_FIVE["ann"], ON_FIVE["ben"], 1 + (ON_TEN - 1) * 4 / 9])
    assert people["alpha"].value == pytest.approx(krippendorff_alpha(humans, level="interval").value)
    assert people["icc2"].value == pytest.approx(icc(humans, form="ICC(2,1)").value)


def test_only_interval_statistics_of_the_judge_have_a_value(found):
    (one,) = found.judge_agreements
    defined = {name for name, compared in one.comparisons.items() if compared.judge.defined}
    assert defined == {"alpha", "pearson", "mae"}
    absent = {name: c for name, c in one.comparisons.items() if name not in defined}
    assert set(absent) == {"agreement", "within_one", "kappa_quadratic"}
    assert {c.judge.reason for c in absent.values()} == {"rescaled_ratings"}
    assert one.bias.defined


def test_the_verdict_rests_on_alpha(found):
    (one,) = found.judge_agreements
    assert one.measured_by == "alpha"
    assert one.verdict is not None


def test_there_are_no_pass_or_fail_verdicts_and_no_confusion_matrix():
    found = agree(aligned(pass_marks={"": 4.0}), criteria=Criteria(), by=(), n_worst=0)
    (one,) = found.judge_agreements
    assert one.pass_fail is None
    assert one.corrected is None
    assert np.isnan(one.confusion).all()


def test_a_pass_rule_over_several_dimensions_gives_no_verdict():
    table = rows(dimensions=("clarity", "tone"))
    rule = {"clarity": 3.0, "tone": 3.0}
    assert "passes" not in aligned(table, pass_marks=rule).ratings
    others = [row for row in table if row["rater"] != "dan"]
    assert "passes" in aligned(others, pass_marks=rule, rater_scales={}).ratings


def test_panels_are_not_selected():
    table = rows(judges=("bot", "bit"))
    assert agree(aligned(table), criteria=Criteria(), by=(), n_worst=0, panel="mean").panel == ()


def test_the_report_says_who_was_rescaled_and_what_is_missing(found):
    assert any(
        "Ratings of dan (1 to 10) were rescaled linearly to 1 to 5" in note for note in found.aligned.notes
    )


def test_an_overall_score_from_rescaled_ratings_is_rescaled():
    names = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")
    table = [
        {"item_id": f"q{n}", "rater": rater, **dict.fromkeys(names, value)}
        for n in range(3)
        for rater, value in (("ann", 4), ("dan", 8))
    ]
    judged = {"item_id": "q0", "rater": "bot", "rater_kind": "judge", "overall": 3, **dict.fromkeys(names, 3)}
    found = aligned([*table, judged], scale=None, rubric="open_qa").ratings["overall"]
    assert found.rescaled == ("dan",)
    assert found.column("dan")[0] == pytest.approx(1 + 7 * 4 / 9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rater_scales": {"dan": "10"}}, "--rater-scale dan=10: allowed is LOW-HIGH, as in dan=1-10"),
        ({"rater_scales": {"dan": "10-1"}}, "allowed is LOW-HIGH"),
        ({"rater_scales": {"dan": "a-b"}}, "allowed is LOW-HIGH"),
        ({"raters_are": "slots"}, "--rater-scale needs raters who are persons"),
        ({"scale": "no,yes"}, "labels cannot be rescaled"),
        ({"level": "nominal"}, "labels cannot be rescaled"),
        ({"scale": None}, "--rater-scale needs a declared scale of numbers"),
    ],
)
def test_what_cannot_be_rescaled_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        aligned(**options)


def test_a_pilot_of_rescaled_ratings_is_refused():
    with pytest.raises(
        InputError, match=r"ratings of dan are rescaled .*ordinal alpha, kappa or the same score"
    ):
        pilot_ratings(AgreementInputs(rows(), scale="1-5", rater_scales={"dan": "1-10"}), with_judge=False)


def test_rescaled_values_on_the_points_of_the_scale_are_rescaled_all_the_same():
    ends = [
        {"item_id": f"q{n}", "rater": who, "dimension": "clarity", "value": value * factor}
        for who, factor in (("ann", 5), ("ben", 5), ("dan", 10))
        for n, value in enumerate([1, 1, 0.2, 1, 0.2] if who == "ann" else [1, 0.2, 0.2, 1, 1])
    ]
    table = [row | {"value": {2.0: 1}.get(row["value"], row["value"])} for row in ends]
    found = agree(aligned(table), criteria=Criteria(), by=(), n_worst=0)
    ratings = found.aligned.ratings["clarity"]
    assert set(ratings.column("dan")) == {1.0, 5.0}
    assert (ratings.on_scale, ratings.declared, ratings.human_scale) == (False, None, None)
    assert not {"fleiss", "ac1", "ac2", "brennan_prediger"} & set(found.human_agreements["clarity"].estimates)


def test_dimensions_that_the_rater_did_not_rate_keep_all_statistics():
    tone = [row | {"dimension": "tone"} for row in rows() if row["rater"] != "dan"]
    ratings = aligned([*rows(), *tone]).ratings
    assert (ratings["clarity"].rescaled, ratings["tone"].rescaled) == (("dan",), ())


def test_what_was_rescaled_is_told_when_the_ratings_are_read():
    told = []
    aligned(on_read=lambda _, notes: told.extend(notes))
    assert sum("Ratings of dan (1 to 10) were rescaled linearly to 1 to 5" in note for note in told) == 1
