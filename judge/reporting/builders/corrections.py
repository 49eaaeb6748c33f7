"""Figures corrected by people's ratings, added to a report about a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.corrected import CorrectedDifference, CorrectedFigure, Corrections
from judge.analysis.agreement.label_mix import SIGNIFICANT, label_mix
from judge.analysis.slices import members
from judge.counting import counted
from judge.reporting.findings.design_words import misfit_words, shift_warning
from judge.reporting.render.numbers import number_text
from judge.reporting.report import Report
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.tables.corrected_tables import (
    LABEL_SHIFT,
    corrected_section,
    drawing,
    named_corrections,
    named_differences,
    other_estimators,
)
from judge.reporting.wording import p_phrase, with_interval
from judge.stats.engine.sampling_design import Target

LEVEL = 0.05
"""Largest p-value of a difference that is called significant."""

METHODS = (
    "Corrected figures: pass rates by predictive values of the judge's verdicts, means by prediction-powered "
    "inference (PPI++), each group by its own human ratings; p-values of differences are Holm-adjusted over "
    "all pairs of a dimension."
)

_NO_RANDOM_SAMPLE = (
    "Corrected means do not hold, and corrected pass rates only if the rated answers are random within the "
    "judge's passes and fails. If the sample was drawn by judge plan or judge study, keep its columns "
    "probability and stratum with the ratings. If the rated answers come from elsewhere, or were drawn by "
    "people's verdicts: --sampling label-shift."
)


def add_corrections(
    report: Report,
    aligned: AlignedRatings,
    found: Corrections,
    field: str | None = None,
    unlabelled: Sequence[str] = (),
) -> Report:
    """Add the section, the estimates for gates, and what to know about them; the section comes second.

    Parameters
    ----------
    report : Report
        Report about one run, leaderboard of runs or systems, or comparison of two runs or groups of items.
    aligned : AlignedRatings
        Scores of the judge and ratings of people.
    found : Corrections
        What follows from them.
    field : str, optional
        Field whose groups are ranked or compared.
    unlabelled : sequence of str
        Runs without ratings.
    """
    labels = Labels(list(aligned.ratings), aligned.judges)
    design = aligned.design
    target = "answers like these" if design is None else design.target
    is_ranked, first, *others = report.kind == "leaderboard", *report.sections
    n_before = len(report.verdict) if is_ranked else 1  # sentences about the ranking belong together
    return replace(
        report,
        verdict=(
            *report.verdict[:n_before],
            *_words(found, report.kind, field or "", target),
            *report.verdict[n_before:],
        ),
        warnings=(
            *report.warnings,
            *(_without_labels(name) for name in unlabelled),
            *aligned.notes,
            *_warnings(aligned, found, field),
        ),
        sections=(first, corrected_section(found, labels, design, field, is_ranked=is_ranked), *others),
        estimates=report.estimates
        | named_corrections(found, several_judges=False)
        | (named_differences(found) if report.kind == "compare" else {}),
        about=report.about | {name: text for name, text in aligned.about.items() if name == "ratings"},
        methods=(
            *report.methods,
            *((LABEL_SHIFT,) if found.label_shift else (METHODS, *drawing(design, found))),
        ),
        other_estimators=partial(other_estimators, found, several_judges=False),
    )


def _words(found: Corrections, kind: str, field: str, target: Target) -> Iterator[str]:
    rates = [
        one
        for one in found.of("pass_rate", field)
        if one.dimension == found.ruling and one.mean.estimate.defined
    ]
    pairs = [one for one in found.differences_of("pass_rate", field) if one.dimension == found.ruling]
    if kind == "compare":
        yield from (_difference_words(pair) for pair in pairs if pair.difference.defined)
    elif rates:
        first = max(rates, key=lambda one: one.mean.estimate.value)
        yield _rank_words(first, pairs) if kind == "leaderboard" else _rate_words(first, target)


def _rate_words(one: CorrectedFigure, target: Target) -> str:
    if one.pool.unrated is not None:
        return (
            f"People would pass {with_interval(one.mean.estimate, 'share')} of the "
            f"{counted(one.n_answers, 'unrated answer')}, by the judge's verdicts and its error rates on "
            f"{one.n_labels:,} rated ones; the judge alone passes "
            f"{number_text(one.mean.uncorrected.value, 'share')}."
        )
    answers = f"these {one.n_answers:,} answers" if target == "these answers" else target
    return (
        f"People would pass {with_interval(one.mean.estimate, 'share')} of {answers}, by their ratings of "
        f"{one.n_labels:,} of {one.n_answers:,} and the judge's verdicts; the judge alone passes "
        f"{number_text(one.mean.uncorrected.value, 'share')}."
    )


def _rank_words(one: CorrectedFigure, pairs: Sequence[CorrectedDifference]) -> str:
    mine = [pair for pair in pairs if one.group in (pair.first, pair.second)]
    apart = [pair for pair in mine if pair.p_adjusted <= LEVEL]
    others = ", ".join(pair.second if pair.first == one.group else pair.first for pair in apart)
    shown = f"differs significantly from {others}" if apart else "is not shown to differ from any other"
    return (
        f"Corrected by human ratings, {one.group} has the highest pass rate, "
        f"{with_interval(one.mean.estimate, 'share')}; by the judge alone it is "
        f"{number_text(one.mean.uncorrected.value, 'share')}."
    ) + (f" It {shown} (Holm-adjusted)." if mine else "")


def _difference_words(pair: CorrectedDifference) -> str:
    return (
        f"Corrected by human ratings, the pass rate of {pair.first} minus that of {pair.second} is "
        f"{with_interval(pair.difference, 'points')} percentage points (p {p_phrase(pair.p)}); by the judge "
        f"alone it is {number_text(pair.by_judge.value, 'points')}."
    )


def _without_labels(run: str) -> str:
    return f"People rated no answer of {run}, so that it has no corrected figure and no corrected difference."


def _warnings(aligned: AlignedRatings, found: Corrections, field: str | None) -> Iterator[str]:
    """Name the groups whose rated answers have the judge's verdicts in another proportion than all."""
    ratings = aligned.ratings.get(found.ruling)
    if ratings is None:
        return
    if ratings.label_shift:
        for figure in found.of("pass_rate"):
            yield from shift_warning(figure.judge, figure.mean.estimate)
        return
    if ratings.design is not None:
        mix = label_mix(ratings, ratings.judges[0])
        if mix is not None and mix.differs:
            yield misfit_words("the judge", mix)
        return
    groups = members(aligned, field) if field else [("", np.ones(len(aligned.items), dtype=bool))]
    for name, mask in groups:
        mix = label_mix(ratings.take(ratings.rows_of(mask)), ratings.judges[0])
        if mix is not None and mix.p * len(groups) < SIGNIFICANT:
            rated, everything = number_text(mix.rated, "share"), number_text(mix.everything, "share")
            yield (
                f"The human-rated answers{f' of {name}' if name else ''} are no random sample: the judge "
                f"passes {rated} of them and {everything} of all (p {p_phrase(mix.p)}). {_NO_RANDOM_SAMPLE}"
            )
