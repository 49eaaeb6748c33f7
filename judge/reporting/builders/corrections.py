"""Figures corrected by people's ratings, added to a report about a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.corrected import Corrections
from judge.analysis.agreement.label_mix import label_mix
from judge.reporting.render.numbers import number_text
from judge.reporting.report import Report
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.tables.corrected_tables import corrected_section, named_corrections
from judge.reporting.wording import p_phrase, with_interval

METHODS = (
    "Corrected figures: pass rates by predictive values of the judge's verdicts, means by prediction-powered "
    "inference (PPI++), each group by its own human ratings; p-values of differences are Holm-adjusted over "
    "all pairs of a dimension."
)


def add_corrections(
    report: Report, aligned: AlignedRatings, found: Corrections, ranked_by: str | None = None
) -> Report:
    """Add the section, the estimates for gates, and what to know about them; the section comes second.

    Parameters
    ----------
    report : Report
        Report about one run.
    aligned : AlignedRatings
        Scores of the run and ratings of people.
    found : Corrections
        What follows from them.
    ranked_by : str, optional
        Field whose groups are ranked by their corrected figure.
    """
    labels = Labels(list(aligned.ratings), aligned.judges)
    first, *others = report.sections
    return replace(
        report,
        verdict=(*report.verdict, *_words(found, ranked_by)),
        warnings=(*report.warnings, *aligned.notes, *_warnings(aligned, found.ruling)),
        sections=(first, corrected_section(found, labels, ranked_by), *others),
        estimates=report.estimates | named_corrections(found, several_judges=False),
        methods=(*report.methods, METHODS),
    )


def _words(found: Corrections, ranked_by: str | None) -> Iterator[str]:
    rates = [
        one
        for one in found.of("pass_rate", ranked_by or "")
        if one.dimension == found.ruling and one.mean.estimate.defined
    ]
    if not rates:
        return
    first = max(rates, key=lambda one: one.mean.estimate.value)
    corrected = with_interval(first.mean.estimate, "share")
    alone = number_text(first.mean.uncorrected.value, "share")
    if ranked_by is None:
        yield (
            f"People would pass {corrected} of these {first.n_answers:,} answers, by their ratings of "
            f"{first.n_labels:,} and the judge's verdicts; the judge alone passes {alone}."
        )
    else:
        yield (
            f"Corrected by human ratings, {first.group} has the highest pass rate, {corrected}; by the judge "
            f"alone it is {alone}."
        )


def _warnings(aligned: AlignedRatings, dimension: str) -> Iterator[str]:
    ratings = aligned.ratings.get(dimension)
    if ratings is None or ratings.design is not None:
        return
    for judge in ratings.judges:
        mix = label_mix(ratings, judge)
        if mix is not None and mix.differs:
            rated, everything = number_text(mix.rated, "share"), number_text(mix.everything, "share")
            yield (
                f"The human-rated answers are no random sample: the judge passes {rated} of them and "
                f"{everything} of all (p {p_phrase(mix.p)}). Corrected means do not hold, and corrected pass "
                "rates only if the rated answers are random within the judge's passes and fails. If the "
                "sample was drawn by judge plan or judge study, keep its columns probability and stratum "
                "with the ratings."
            )
