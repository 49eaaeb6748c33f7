"""How weighted estimates were made: weights, target, standard errors and effective sample size."""

from __future__ import annotations

from collections.abc import Mapping

from judge.reporting.wording import WEIGHTED, dimension_name
from judge.stats.engine.sampling_design import SamplingDesign

_TARGETS = {
    "these answers": " (exactly those of the run, with finite-population correction)",
    "answers like these": " (the process that gave them; two-phase variance)",
    "given mix": " (--target)",
}


def design_words(designs: Mapping[str, SamplingDesign]) -> str:
    """Return the sentences about the designs of the rated items, by dimension."""
    sizes = "; ".join(
        f"{dimension_name(name)} {design.n_effective:.0f} of {design.n_sampled:,}"
        for name, design in designs.items()
    )
    first = next(iter(designs.values()))
    weight = "the share of its group" if first.target == "given mix" else "1 / inclusion probability (Hájek)"
    errors = "a jackknife over items, as no strata are known"
    if first.strata is not None:
        errors = "a jackknife within the strata of the sample"
    return (
        f"{WEIGHTED} {weight}. Target: {first.target}"
        f"{_TARGETS[first.target]}. Standard errors: {errors}. Kish's effective sample size: {sizes}."
    )
