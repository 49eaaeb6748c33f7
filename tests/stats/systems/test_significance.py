import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

from judge.stats import cohen_statistic, pairwise_ceiling, ppi_difference, predictive_values_difference
from judge.stats.engine.estimate import Estimate
from judge.stats.systems.significance import mcnemar, paired_permutation, t_test, williams_t

discordant = st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(any)


def from_discordant(only_a, only_b, both=3, neither=2):
    a = [1] * only_a + [0] * only_b + [1] * both + [0] * neither
    return a, [0] * only_a + [1] * only_b + [1] * both + [0] * neither


@given(discordant)
def test_exact_mcnemar_matches_statsmodels(counts):
    expected = reference_mcnemar([[3, counts[0]], [counts[1], 2]], exact=True).pvalue
    assert mcnemar(*from_discordant(*counts), method="exact").p_value == pytest.approx(expected)


def test_mcnemar_matches_the_published_example():
    """Airway hyper-responsiveness before and after transplantation, Fagerland et al. 2013: 1 and 7 changed."""
    marks = from_discordant(1, 7, 1, 12)
    assert mcnemar(*marks).p_value == pytest.approx(0.0390625)
    assert mcnemar(*marks, method="exact").p_value == pytest.approx(0.0703125)


def test_mid_p_of_equal_counts_takes_off_half_of_their_probability():
    # 1 and 1 of 2: P(1) = 1/2, mid-p = 1 - 1/4.
    assert mcnemar(*from_discordant(1, 1)).p_value == pytest.approx(0.75)


@given(discordant)
def test_mid_p_is_below_the_exact_p_and_symmetric(counts):
    p = mcnemar(*from_discordant(*counts)).p_value
    assert 0 < p < mcnemar(*from_discordant(*counts), method="exact").p_value
    assert p == pytest.approx(mcnemar(*from_discordant(*counts[::-1])).p_value)


def test_mid_p_rejects_equal_systems_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    p = [mcnemar(rng.random(60) < 0.7, rng.random(60) < 0.7).p_value for _ in range(400)]
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_systems_that_never_differ_have_no_test():
    found = mcnemar([1, 0, 1], [1, 0, 1])
    assert np.isnan(found.p_value)
    assert found.reason == "zero_denominator"


def test_systems_without_common_items_have_no_test():
    assert mcnemar([1, None], [None, 0]).reason == "no_complete_pairs"


def test_unknown_mcnemar_is_refused():
    with pytest.raises(ValueError, match="method must be mid-p or exact; got 'chi2'"):
        mcnemar([1], [0], method="chi2")


def test_permutation_p_approaches_full_enumeration():
    a, b = [4, 5, 3, 4, 5, 2], [3, 5, 2, 2, 4, 3]
    changes = np.subtract(a, b)
    totals = [abs(np.dot(signs, changes)) for signs in itertools.product([-1, 1], repeat=6)]
    expected = np.mean(np.array(totals) >= abs(changes.sum()))
    found = paired_permutation(a, b, n_permutations=20_000, rng=1)
    assert found.p_value == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 20_000))
    assert found.statistic == pytest.approx(changes.mean())


def test_permutation_p_is_never_zero():
    assert paired_permutation(np.arange(50) + 100, np.arange(50), n_permutations=99, rng=0).p_value >= 0.01


def test_copies_within_clusters_do_not_make_a_difference_significant():
    a, b, groups = np.repeat([3, 4, 5], 20), np.repeat([2, 3, 4], 20), np.repeat([0, 1, 2], 20)
    assert paired_permutation(a, b, clusters=groups, rng=0).p_value > 0.2
    assert paired_permutation(a, b, rng=0).p_value < 0.001


def test_permutation_without_pairs_is_undefined():
    assert paired_permutation([1, None], [None, 2]).reason == "no_complete_pairs"


def with_correlations(r_ha, r_hb, r_ab, n):
    """Three columns whose sample correlations are exactly those given."""
    rng = np.random.default_rng(0)
    centred = rng.normal(size=(n, 3))
    centred -= centred.mean(axis=0)
    white = np.linalg.qr(centred)[0]
    return (white @ np.linalg.cholesky([[1, r_ha, r_hb], [r_ha, 1, r_ab], [r_hb, r_ab, 1]]).T).T


def test_williams_t_matches_the_example_of_r_psych():
    """r.test(n=103, r12=.4, r13=.5, r23=.1) of R's psych: t = -.89, p < .37."""
    found = williams_t(*with_correlations(0.4, 0.5, 0.1, 103))
    assert round(found.statistic, 2) == -0.89
    assert round(found.p_value, 2) == 0.37


def test_williams_t_changes_sign_with_the_judges():
    human, a, b = with_correlations(0.7, 0.5, 0.4, 40)
    assert williams_t(human, a, b).statistic == pytest.approx(-williams_t(human, b, a).statistic)


def test_williams_t_rejects_equal_judges_about_as_often_as_it_says():
    rng, p = np.random.default_rng(2), []
    for _ in range(400):
        truth = rng.normal(size=50)
        p.append(williams_t(*(truth + rng.normal(size=(3, 50)))).p_value)
    assert abs(np.mean(np.array(p) <= 0.05) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ([[1, 2, 3], [1, 2, 2], [3, 2, 1]], "too_few_items"),
        ([[1, 2, 3, 4], [1, 1, 1, 1], [3, 2, 1, 1]], "no_variation"),
        ([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]], "no_variation"),
    ],
)
def test_williams_t_of_degenerate_scores_names_its_reason(columns, reason):
    found = williams_t(*columns)
    assert np.isnan(found.p_value)
    assert found.reason == reason


def labelled_systems(rng, n):
    """Return people's labels of a part and the judge's verdicts, of two systems."""
    truth = [(rng.random(n) < share).astype(float) for share in (0.8, 0.4)]
    judged = [np.where(rng.random(n) < 0.2, 1 - one, one) for one in truth]
    labels = [np.where(rng.random(n) < 0.6, one, np.nan) for one in truth]
    return labels[0], judged[0], labels[1], judged[1]


def kappas(rng, n, clusters):
    first = rng.integers(0, 2, n).astype(float)
    second, judge = (np.where(rng.random(n) < share, 1 - first, first) for share in (0.3, 0.05))

    def kappa(*ratings):
        return cohen_statistic(*ratings, scale=[0, 1])

    humans = np.stack([first, second], axis=1)
    return pairwise_ceiling(humans, judge, agreement=kappa, clusters=clusters).difference


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("name", ["rates", "means", "kappas"])
def test_a_difference_is_significant_where_its_interval_excludes_zero(name, clustered):
    rng, significant = np.random.default_rng(0), 0
    of = {"rates": predictive_values_difference, "means": ppi_difference}
    for _ in range(80):
        n = int(rng.integers(6, 40))
        clusters = np.arange(n) // 2 if clustered else None
        found = (
            kappas(rng, n, clusters)
            if name == "kappas"
            else of[name](*labelled_systems(rng, n), clusters=clusters)
        )
        if not np.isnan(found.low):
            assert found.low <= found.value <= found.high
            excludes_zero = found.low > 0 or found.high < 0
            assert (t_test(found).p_value < 0.05) == excludes_zero
            significant += excludes_zero
    assert significant > 5


def test_a_limit_at_the_end_of_what_is_possible_does_not_change_the_p_value():
    wide = Estimate(0.5, -1.7, 2.7, se=0.5, n_items=5, n_clusters=5)
    assert t_test(Estimate(**{**wide.to_dict(), "possible": (-1.0, 1.0)})).p_value == pytest.approx(
        t_test(Estimate(0.5, se=0.5, n_items=5, n_clusters=5)).p_value
    )


def test_a_limit_at_the_value_itself_has_a_p_value():
    found = Estimate(0.5, 0.5, 0.9, se=0.1, n_items=9, n_clusters=9)
    assert 0 < t_test(found).p_value < 0.05
