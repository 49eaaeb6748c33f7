import dataclasses
import json
import math

import pytest

from judge.stats.engine.estimate import Estimate


def test_undefined_and_infinite_numbers_become_null_in_json():
    fields = Estimate(math.nan, -math.inf, math.inf, reason="no_variation", notes=("few_clusters",)).to_dict()
    assert fields["value"] is fields["low"] is fields["high"] is None
    assert json.loads(json.dumps(fields, allow_nan=False))["notes"] == ["few_clusters"]


def test_an_estimate_cannot_be_changed_by_accident():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Estimate(0.5).value = 1.0


def test_undefined_names_its_reason_and_keeps_its_sizes():
    estimate = Estimate.undefined("no_ratings", n_items=7)
    assert not estimate.defined
    assert str(estimate) == "undefined (no_ratings)"
    assert estimate.n_items == 7


def test_a_value_without_interval_says_why_in_print():
    assert str(Estimate(1.0, reason="no_variation")) == "1.000 [no interval: no_variation]"
    assert str(Estimate(1.0)) == "1.000"
    assert str(Estimate(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"


def test_a_note_is_kept_once_and_in_order():
    assert Estimate(0.5, notes=("a",)).with_notes("b", "a").notes == ("a", "b")


def test_nothing_is_printed_as_a_negative_zero():
    assert str(Estimate(-0.0001, -0.0004, -0.0)) == "0.000 [0.000, 0.000]"


def test_an_estimate_is_a_number_where_one_is_needed():
    kappa = Estimate(0.6149, 0.48, 0.72)
    assert float(kappa) == 0.6149
    assert (f"{kappa:.2f}", f"{kappa:.0%}", f"{kappa}") == ("0.61", "61%", "0.615 [0.480, 0.720]")
    undefined = Estimate.undefined("no_variation")
    assert math.isnan(float(undefined))
    assert (f"{undefined:.2f}", f"{undefined}") == ("nan", "undefined (no_variation)")


def test_jupyter_shows_value_interval_method_and_sizes_and_only_what_there_is():
    sizes = {"n_items": 1200, "n_clusters": 40, "notes": ("few <40>",)}
    shown = Estimate(0.61, 0.48, 0.72, 0.9, "jackknife", **sizes)._repr_html_()
    for text in ("0.610", "90 % [0.480, 0.720]", "jackknife", "1,200", "40", "few &lt;40&gt;"):
        assert f"<td>{text}</td>" in shown
    bare = Estimate.undefined("no_variation", n_items=3, n_clusters=3)._repr_html_()
    assert "<td>undefined</td>" in bare
    assert "no_variation" in bare
    assert "interval" not in bare
    assert "clusters" not in bare


def test_limits_stay_within_the_possible_range_without_a_value_too():
    found = Estimate(math.nan, -0.2, 1.3, possible=(0.0, 1.0))
    assert (found.low, found.high) == (0.0, 1.0)
