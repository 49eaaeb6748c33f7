"""Shares of the points of a scale."""

import numpy as np
import pytest

from judge.stats.design.simulated_precision import latent_draws


def test_a_point_that_no_one_gives_is_allowed():
    ratings, _ = latent_draws([0, 0.5, 0.5], reliability=0.5, n_raters=2)(500, np.random.default_rng(0))
    assert set(np.unique(ratings)) == {2.0, 3.0}


@pytest.mark.parametrize("shares", [[1.0], [-0.1, 0.6, 0.5], [0.5, 0.4], [[0.5, 0.5]]])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match="at least two shares >= 0 that add up to 1"):
        latent_draws(shares, reliability=0.5, n_raters=2)
