import numpy as np
import pytest

from judge.stats import SamplingDesign, mean
from judge.stats.engine.sampling_design import collapse


def test_a_weight_is_proportional_to_one_over_the_probability():
    design = SamplingDesign([0.1, 0.5, 1.0], name="poisson")
    assert design.weights / design.weights[2] == pytest.approx([10, 2, 1])
    assert design.weights.sum() == pytest.approx(3)


def test_an_item_without_a_probability_is_not_in_the_sample_and_gets_no_weight():
    design = SamplingDesign([0.5, None, float("nan"), 0.5])
    assert design.sampled.tolist() == [True, False, False, True]
    assert design.weights.tolist() == [1, 0, 0, 1]


def test_the_population_is_the_sum_of_the_weights():
    assert SamplingDesign([0.1] * 3 + [0.5] * 4, ["a"] * 3 + ["b"] * 4).population == pytest.approx(38)


def test_effective_sample_size_is_that_of_kish():
    """Kish 1965: n / (1 + CV^2) of the weights."""
    p = np.array([0.1, 0.2, 0.5, 1.0])
    w = 1 / p
    expected = 4 / (1 + w.var() / w.mean() ** 2)
    assert SamplingDesign(p, name="poisson").n_effective == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.0],), r"probabilities\[1\] must lie in \(0, 1\], got 0"),
        (([0.5, 1.5],), r"probabilities\[1\] must lie in \(0, 1\], got 1.5"),
        (([[0.5], [0.5]],), r"probabilities must hold one value per item, got shape \(2, 1\)"),
        (([0.5, 0.5], ["a"]), r"strata must hold one label per item, \(2,\); got \(1,\)"),
        (([0.5, 0.5], ["a", None]), r"strata\[1\] is missing, but the item has a probability"),
        (([0.5, 0.1], ["a", "a"]), "probabilities differ within stratum 'a' .0.1 to 0.5.*poisson"),
        (([0.5, 0.5], ["a", "a"], {"b": 4}), "at least 2 for stratum 'a', the items in the sample; got nan"),
        (([0.5, 0.5], ["a", "a"], {"a": 1}), "at least 2 for stratum 'a', the items in the sample; got 1"),
        ((["half"],), "probabilities must hold numbers, or None where missing"),
        (([0.1] * 5, ["a"] * 5, {"a": 20}), "'a' has 5 items in the sample, but .* means that 2 were drawn"),
        (([0.5, 0.5], None, {"a": 4}), "population_sizes are those of strata"),
        (([0.5], None, None, "systematic"), "name must be 'stratified' or 'poisson'; got 'systematic'"),
        (([0.5], None, None, "poisson", "all"), "target must be 'these answers'"),
    ],
)
def test_an_impossible_design_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SamplingDesign(*arguments)


def test_probabilities_may_differ_within_a_stratum_of_a_poisson_design():
    design = SamplingDesign([0.5, 0.1], ["a", "a"], name="poisson")
    assert design.weights[1] / design.weights[0] == pytest.approx(5)


def test_rounding_of_written_probabilities_is_no_difference():
    assert len(SamplingDesign([0.33333333, 1 / 3], ["a", "a"])) == 2


def test_an_item_outside_the_sample_needs_no_stratum():
    assert SamplingDesign([0.5, None, 0.5], ["a", None, "a"]).n_sampled == 2


def test_population_sizes_keep_the_weight_of_a_stratum_of_which_fewer_were_rated():
    """Two of ten drawn in each stratum, of which only one was rated in b: it counts for both."""
    design = SamplingDesign([0.2, 0.2, 0.2], ["a", "a", "b"], {"a": 10, "b": 10})
    assert design.weights.tolist() == pytest.approx([0.75, 0.75, 1.5])
    assert "incomplete_strata: b" in design.notes


def test_numbers_and_labels_may_be_strata_side_by_side():
    assert SamplingDesign([0.5] * 4, [1, 1, "rest", "rest"]).population == 8


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        ([5, 7], [0, 1]),
        ([1, 7, 7], [0, 0, 1]),
        ([7, 7, 1], [0, 1, 1]),
        ([1, 1], [0, 0]),
        ([7], [0]),
        ([1], [0]),
    ],
)
def test_strata_with_fewer_than_two_items_are_collapsed_with_a_neighbour(counts, groups):
    assert collapse(np.array(counts)).tolist() == groups


def test_collapsed_strata_are_named():
    design = SamplingDesign([0.5] * 5, ["a", "b", "b", "c", "c"])
    assert "collapsed_strata: a + b" in design.notes


@pytest.mark.parametrize("arguments", [{}, {"strata": ["a", "a"], "name": "poisson"}])
def test_a_design_without_strata_says_so(arguments):
    assert "no_strata" in SamplingDesign([0.5, 0.5], **arguments).notes
    assert "no_strata" not in SamplingDesign([0.5, 0.5], ["a", "a"]).notes


def test_notes_name_the_target_and_the_effective_sample_size():
    design = SamplingDesign([0.5, 0.5], target="these answers")
    assert design.notes[:2] == ("target: these answers", "effective_sample_size: 2.0")


def test_the_sampled_fraction_is_the_probability():
    p = [0.1] * 3 + [0.5] * 4
    assert SamplingDesign(p, ["a"] * 3 + ["b"] * 4).sampled_fraction == pytest.approx(p)


def test_a_given_mix_weights_strata_to_their_shares():
    design = SamplingDesign.to_mix(["a"] * 30 + ["b"] * 10 + [None], {"a": 0.2, "b": 0.8})
    assert design.weights[:30].sum() / design.weights.sum() == pytest.approx(0.2)
    assert design.n_sampled == 40
    assert "target: given mix" in design.notes


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"a": 0.5, "b": 0.4}, "must be above 0 and add up to 1"),
        ({"a": 1.5, "b": -0.5}, "must be above 0 and add up to 1"),
        ({}, "must be above 0 and add up to 1"),
        ({"a": 1.0}, "only one of them has 'b'"),
        ({"a": 0.5, "b": 0.3, "c": 0.2}, "only one of them has 'c'"),
    ],
)
def test_shares_of_a_mix_must_fit_the_strata(shares, message):
    with pytest.raises(ValueError, match=message):
        SamplingDesign.to_mix(["a", "a", "b", "b"], shares)


def test_without_any_probability_there_is_no_sample():
    design = SamplingDesign([None, None], ["a", "b"])
    assert (design.n_sampled, design.n_effective, design.population) == (0, 0, 0)
    found = mean([1.0, 2.0], design=design)
    assert found.reason == "unknown_probability"
    assert "effective_sample_size: 0.0" in found.notes


def test_all_items_without_a_value_are_no_ratings_whatever_the_design():
    assert mean([None, None], design=SamplingDesign([0.5, 0.5])).reason == "no_ratings"
