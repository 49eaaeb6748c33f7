"""How an agreement report was computed, as sentences of its Methods paragraph."""

from __future__ import annotations

from collections.abc import Iterator

from judge.analysis.agreement.agree import Agreement
from judge.analysis.ratings import Ratings
from judge.reporting.findings.agreement_findings import of_members
from judge.reporting.findings.design_words import design_words
from judge.reporting.findings.study_methods import study_methods
from judge.reporting.tables.agreement_summary import GLOSSARY
from judge.reporting.tables.corrected_tables import LABEL_SHIFT
from judge.reporting.wording import NOT_GIVEN, counted, dimension_name, listed, shared_field
from judge.stats.engine.added_items import MOST_ITEMS


def methods(found: Agreement) -> Iterator[str]:
    """How the statistics were computed."""
    if found.approvals.rows:
        yield (
            "Approval: mean over answers of the share of people who approve a score that they were shown, "
            "with Wilson intervals for the effective number of answers or clusters."
        )
    if found.human_agreements:
        yield from _agreement_methods(found)


def _added_items(found: Agreement) -> str:
    of_people = (one for human in found.human_agreements.values() for one in human.estimates.values())
    of_judges = (c.judge for one in found.judge_agreements for c in one.comparisons.values())
    if all(one.method != "adjusted" for one in (*of_people, *of_judges)):
        return ""
    return f"; kappa and alpha of up to {MOST_ITEMS} items with two items added"


def _agreement_methods(found: Agreement) -> Iterator[str]:
    aligned, criteria = found.aligned, found.criteria
    yield from aligned.remarks
    yield from study_methods(found)
    unit, held = "items", "items"
    if aligned.cluster:
        unit, held = "clusters", f"clusters of items that share one {shared_field(aligned.cluster)}"
    calls = "one judgment per item"
    if aligned.is_weighted:
        yield from _design_words(found)
    if aligned.reduction != "first":
        calls = f"the {aligned.reduction} of repeated judgments of an item"
    yield (
        f"Results hold for these human raters (fixed) and a population of {held} (random), with {calls}. "
        f"Intervals are 95 %: jackknife over {unit} with Student's t (coefficients on the scale artanh(x) or "
        f"log(1 - x){_added_items(found)}), Wilson for proportions, quantiles of simulated Dirichlet "
        "distributions for F1, MCC and kappa of verdicts."
    )
    between = dict.fromkeys(
        dimension_name(one.ratings.dimension) for one in of_members(found) if _is_between_points(one.ratings)
    )
    if between:
        yield (
            f"Scores on {listed(tuple(between))} lie between the points of the scale (means), so they are "
            "analysed at interval level, and exact agreement is rare by construction."
        )
    if criteria.margins:
        margins = (
            f"{m:g} of {name or 'the chance-corrected statistic'}" for name, m in criteria.margins.items()
        )
        yield f"Non-inferiority margin {', '.join(margins)} ({criteria.set_by})."
    shares = [dimension_name(name) for name, ratings in aligned.ratings.items() if ratings.is_share]
    if shares:
        yield f"{', '.join(shares)}: a share of points between 0 and 1, analysed at interval level."
    if not aligned.slots and any(not ratings.nominal for ratings in aligned.ratings.values()):
        yield "Quadratic kappa equals Lin's concordance correlation coefficient; only kappa is shown."
    checks = [p.checked for p in found.human_agreements.values()]
    if any(checks):
        agreed = sum(c is True for c in checks)
        yield (
            f"Alpha was checked against the package krippendorff, an independent implementation: equal for "
            f"{agreed} of {counted(sum(c is not None for c in checks), 'dimension')}."
        )
    if found.aligned.label_shift:
        yield LABEL_SHIFT
    elif any(one.corrected is not None for one in found.judge_agreements):
        yield (
            "Corrected pass rates: predictive values by the judge's verdict, with quantiles of simulated "
            f"Beta distributions (jackknife with clusters), seed {criteria.seed}. Corrected means: "
            "prediction-powered inference (PPI++) with Student's t."
        )
    if found.judge_agreements:
        yield GLOSSARY
    yield (
        "Nothing is averaged over dimensions. Kappa is not labelled (fair, good, ...); compare it "
        "with human agreement."
    )


def _design_words(found: Agreement) -> Iterator[str]:
    """How weighted estimates were computed, and which statistics have no weighted form."""
    rated = (ratings.take(ratings.rated) for ratings in found.aligned.ratings.values())
    yield design_words({one.dimension: one.design for one in rated if one.design is not None})
    yield (
        f"{NOT_GIVEN} alternative annotator test, cross-validated thresholds, ranking of systems, "
        "reliability and severity of raters, AUC, panels, intervals with random raters."
    )


def _is_between_points(ratings: Ratings) -> bool:
    return not (ratings.on_scale or ratings.rescaled or ratings.is_share)
