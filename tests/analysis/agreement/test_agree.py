"""What `agree` finds on a judge whose faults are known."""

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.coefficients import concordance_of
from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.analysis.agreement.judge_human import Criteria
from judge.analysis.agreement.repeated import repeated_judgments
from judge.errors import InputError
from judge.stats import cohen_kappa, concordance, krippendorff_alpha, pairwise_ceiling


@pytest.fixture(scope="module")
def aligned(run, ratings):
    return align_inputs(AgreementInputs(str(ratings), [str(run)], cluster="image"))


@pytest.fixture(scope="module")
def found(aligned):
    return agree(
        aligned, criteria=Criteria({"": 0.1}, epsilon=0.2, set_by="set in a test"), by=["kind", "system*kind"]
    )


@pytest.fixture(scope="module")
def panel(run, noisy, ratings):
    return agree(align_inputs(AgreementInputs(str(ratings), [str(run), str(noisy)])), panel="mean")


def trust(found, dimension, judge="robot"):
    return next(t for t in found.judge_agreements if (t.ratings.dimension, t.judge) == (dimension, judge))


def test_quadratic_kappa_is_the_mean_over_pairs(aligned, found):
    part = aligned.ratings["clarity"].take(aligned.ratings["clarity"].rated)
    expected = pairwise_ceiling(
        part.human_values, part.column("robot"), concordance_of(part), clusters=part.clusters
    )
    assert trust(found, "clarity").main.difference == expected.difference


def test_concordance_stands_for_quadratic_kappa_because_they_are_equal(aligned):
    humans = aligned.ratings["relevance"].human_values
    kappa = cohen_kappa(humans[:, 0], humans[:, 1], weights="quadratic").value
    assert concordance(humans[:, 0], humans[:, 1]).value == pytest.approx(kappa, abs=1e-12)


def test_leniency_is_found_where_it_is_and_nowhere_else(found):
    biased = {t.ratings.dimension for t in found.judge_agreements if t.bias.low > 0 or t.bias.high < 0}
    assert "clarity" in biased
    assert trust(found, "clarity").bias.value == pytest.approx(0.8, abs=0.25)
    assert "comprehensiveness" not in biased


def test_a_verdict_takes_a_margin(aligned):
    without = agree(aligned)
    assert all(t.verdict is None for t in without.judge_agreements)
    assert not without.alt_tests


def test_the_verdict_is_that_of_the_margin_that_was_set(found):
    verdict = trust(found, "technical_accuracy").verdict
    assert verdict.margin == 0.1
    assert verdict.verdict in ("better", "non-inferior")


def test_a_margin_may_name_its_statistic(aligned):
    one = trust(agree(aligned, criteria=Criteria({"agreement": 0.2})), "relevance")
    assert (one.measured_by, one.verdict.margin) == ("agreement", 0.2)


def test_a_margin_of_no_statistic_is_refused(aligned):
    with pytest.raises(
        InputError, match="--margin charm: no such statistic here; found: agreement, within_one"
    ):
        agree(aligned, criteria=Criteria({"charm": 0.1}))


def test_items_count_as_their_clusters(aligned, found):
    assert trust(found, "clarity").main.human.n_clusters == len(set(aligned.ratings["clarity"].clusters[:50]))


def test_confusion_counts_each_item_once(found):
    one = trust(found, "clarity")
    assert one.confusion.sum() == pytest.approx(one.n_both)
    assert np.triu(one.confusion, 1).sum() > np.tril(one.confusion, -1).sum()  # lenient: above the diagonal


def test_the_corrected_pass_rate_speaks_about_all_scored_answers(found):
    one = trust(found, "clarity")
    assert (one.n_pool, one.n_labelled) == (59, 49)
    assert one.corrected.estimate.value < one.corrected.uncorrected.value


def test_alpha_of_people_is_krippendorffs_and_checked(aligned, found):
    part = aligned.ratings["clarity"]
    people = found.human_agreements["clarity"]
    expected = krippendorff_alpha(part.human_values[part.rated], level="ordinal", scale=part.scale)
    assert people.estimates["alpha"].value == pytest.approx(expected.value, abs=1e-12)
    assert people.checked is True


def test_slices_are_adjusted_together(found):
    raw = np.array([s.p for s in found.slices])
    adjusted = np.array([s.p_adjusted for s in found.slices])
    assert {s.field for s in found.slices} == {"kind", "system*kind"}
    assert adjusted.min() >= min(1, raw[~np.isnan(raw)].min() * (~np.isnan(raw)).sum()) - 1e-12


def test_the_largest_disagreements_come_first(aligned, found):
    distances = [abs(d.distance) for d in found.disagreements["robot"]]
    assert distances == sorted(distances, reverse=True)
    table = [np.nanmax(np.abs(p.column("robot") - p.consensus())) for p in aligned.ratings.values()]
    assert distances[0] == pytest.approx(max(table))


def test_a_panel_of_two_judges_is_one_more_judge(panel):
    assert panel.judges == ("robot", "dice", "panel (mean)")
    assert panel.aligned.judges == ("robot", "dice")
    scores = panel.aligned.ratings["clarity"].take(panel.aligned.ratings["clarity"].rated).judge_values
    mean = trust(panel, "clarity", "panel (mean)").ratings.column("panel (mean)")
    both = ~np.isnan(scores).any(axis=1)
    assert mean[both] == pytest.approx(scores[both].mean(axis=1))


def test_the_better_judge_is_selected_and_in_sample_agreement_is_no_lower(panel):
    selection = next(one for one in panel.panel if one.dimension == "technical_accuracy")
    assert selection.best == ("robot",)
    assert selection.cross_validated.value <= selection.in_sample.value + 1e-9


def test_slots_allow_order_free_statistics_only(run, ratings):
    found = agree(align_inputs(AgreementInputs(str(ratings), [str(run)], raters_are="slots")))
    assert set(trust(found, "clarity").comparisons) == {"agreement", "within_one", "kappa_quadratic", "mae"}
    assert not {"kappa", "kappa_quadratic", "icc2", "icc3"} & set(found.human_agreements["clarity"].estimates)
    assert trust(found, "clarity").omega == ()


def test_slots_give_the_same_whatever_the_order_of_an_items_ratings(run, ratings, tmp_path):
    lines = ratings.read_text().splitlines()
    swapped = tmp_path / "swapped.csv"
    swapped.write_text("\n".join(_swapped_on_odd_items(lines)) + "\n")
    a, b = (
        agree(align_inputs(AgreementInputs(str(file), [str(run)], raters_are="slots")))
        for file in (ratings, swapped)
    )
    for one, other in zip(a.judge_agreements, b.judge_agreements, strict=True):
        for name, comparison in one.comparisons.items():
            assert other.comparisons[name].difference.value == pytest.approx(
                comparison.difference.value, abs=1e-12
            )
    assert a.human_agreements["clarity"].estimates["alpha"].value == pytest.approx(
        b.human_agreements["clarity"].estimates["alpha"].value
    )


def _swapped_on_odd_items(lines):
    other = {"ann": "ben", "ben": "ann", "cy": "cy"}
    yield lines[0]
    for line in lines[1:]:
        item, rater, *values = line.split(",")
        yield ",".join([item, other[rater] if int(item[1:]) % 2 else rater, *values])


def test_one_person_is_no_ceiling_and_no_verdict(run, ratings, tmp_path):
    alone = tmp_path / "one.csv"
    alone.write_text(
        "\n".join(
            line for line in ratings.read_text().splitlines() if ",ben," not in line and ",cy," not in line
        )
    )
    found = agree(align_inputs(AgreementInputs(str(alone), [str(run)])), criteria=Criteria({"": 0.05}))
    one = trust(found, "clarity")
    assert one.main.judge.defined
    assert one.main.human.reason == "too_few_raters"
    assert 0 <= one.raw.judge.low < one.raw.judge.high <= 1
    assert one.verdict is None


def test_retest_needs_samples(run):
    with pytest.raises(InputError, match="one sample an item"):
        repeated_judgments([run])


def test_retest_finds_noise_and_what_averaging_does_against_it(noisy, ratings):
    aligned = align_inputs(AgreementInputs(str(ratings), [str(noisy)]))
    one = next(r for r in repeated_judgments([noisy], aligned=aligned) if r.dimension == "clarity")
    assert one.n_samples == 3
    assert not one.retest.deterministic
    assert 0.1 < one.retest.reliability.value < 0.7
    assert one.with_humans[2].agreement.value > one.with_humans[0].agreement.value
