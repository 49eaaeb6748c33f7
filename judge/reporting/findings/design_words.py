"""How weighted estimates were made: weights, target, standard errors and effective sample size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from judge.analysis.agreement.label_mix import LabelMix
from judge.reporting.render.numbers import number_text
from judge.reporting.wording import WEIGHTED, dimension_name
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.sampling_design import COLLAPSED_STRATA, SamplingDesign
from judge.stats.pass_fail.rogan_gladen import OUTSIDE

_MOST_NAMED = 5
_TARGETS = {
    "these answers": " (exactly those of the run, with finite-population correction)",
    "answers like these": " (the process that gave them; two-phase variance)",
    "given mix": " (--target)",
}


def misfit_words(judge: str, mix: LabelMix) -> str:
    """Say that the inclusion probabilities cannot be those of this run."""
    return (
        f"The inclusion probabilities do not fit the run: with them {judge} would pass "
        f"{number_text(mix.rated, 'share')} of all answers, and it passes "
        f"{number_text(mix.everything, 'share')}. Weighted figures do not hold for all answers. Check that "
        "the probabilities are those of this run, and that all answers that were drawn have been rated."
    )


def shift_warning(judge: str, corrected: Estimate) -> Iterator[str]:
    """Warn where the error rates on rated answers are impossible on the unrated ones."""
    if OUTSIDE in corrected.notes:
        end = "more than 100 %" if corrected.value > 0 else "less than 0 %"
        yield (
            f"The error rates of {judge} on the rated answers do not hold for the unrated ones: by them, "
            f"{end} of the unrated answers would pass. Do not use this corrected pass rate. If the rated "
            "answers were drawn by the judge's verdicts, drop --sampling label-shift and give the columns "
            "probability and stratum."
        )


def _collapsed(design: SamplingDesign) -> str:
    """Name the strata that were put together, each group as in ``a + b``."""
    names = [note.partition(": ")[2] for note in design.notes if note.startswith(COLLAPSED_STRATA)]
    groups = names[0].split(", ") if names else []
    if not groups:
        return ""
    more = f" and {len(groups) - _MOST_NAMED} more" if len(groups) > _MOST_NAMED else ""
    return f", of which some with a single rated item were combined ({', '.join(groups[:_MOST_NAMED])}{more})"


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
        errors = "a jackknife within the strata of the sample" + _collapsed(first)
    return (
        f"{WEIGHTED} {weight}. Target: {first.target}"
        f"{_TARGETS[first.target]}. Standard errors: {errors}. Kish's effective sample size: {sizes}."
    )
