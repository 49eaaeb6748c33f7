"""A pilot study for planning: ratings of some items by humans, with or without a judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.analysis.pilot_study import Pilot
from judge.analysis.ratings import PASSES, Ratings
from judge.errors import InputError
from judge.records import OVERALL
from judge.stats.engine.scale import Level


def pilot_ratings(inputs: AgreementInputs, *, with_judge: bool) -> Pilot:
    """Ratings of the only dimension of a pilot, with the judge in the first column if asked for.

    Raises
    ------
    InputError
        The pilot has several dimensions, or no judge where one is needed.
    """
    ratings = {name: one for name, one in align_inputs(inputs).ratings.items() if name != PASSES}
    if len(ratings) > 1:
        raise InputError(
            f"the pilot has several dimensions ({', '.join(ratings)}); name the one to plan for: "
            "--dimension NAME"
        )
    if not ratings:
        raise InputError(
            "the pilot has ratings of the overall verdict only; it needs a dimension: --dimension NAME"
        )
    (only,) = ratings.values()
    if only.rescaled:
        raise InputError(
            f"ratings of {', '.join(only.rescaled)} are rescaled (--rater-scale), and a study is planned "
            "for ordinal alpha, kappa or the same score, which are undefined for them; plan from the raters "
            "of one scale"
        )
    rated = only.take(only.rated)
    pilot = Pilot(rated.human_values, rated.clusters, _level(rated), rated.item_rows)
    if not with_judge:
        return pilot
    if not rated.judges:
        raise InputError(
            "the difference needs the judge's scores of the items of the pilot: name the RUN of the judge"
        )
    return replace(pilot, ratings=np.column_stack([rated.judge_values[:, 0], rated.human_values]))


def _level(ratings: Ratings) -> Level:
    """Level of measurement of labels without an order; otherwise studies are planned at ordinal level."""
    return "nominal" if ratings.nominal else "ordinal"


def human_verdicts(inputs: AgreementInputs) -> dict[str, bool]:
    """Item -> majority verdict of the humans of a pilot; empty without a pilot or a pass mark."""
    if inputs.humans is None:
        return {}
    ratings = align_inputs(inputs).ratings
    deciding = ratings.get(PASSES) or ratings.get(OVERALL) or next(iter(ratings.values()))
    marks = deciding.human_passed()
    if marks is None:
        return {}
    return {item: bool(mark) for item, mark in zip(deciding.items, marks, strict=True) if not np.isnan(mark)}
