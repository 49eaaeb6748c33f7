"""A pilot for planning: ratings of a few items by people, with or without a judge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.analysis.agreement.parts import VERDICT
from judge.errors import InputError
from judge.records import OVERALL
from judge.stats.engine.scale import Floats


def pilot_ratings(asked: AgreementInputs, *, with_judge: bool) -> tuple[Floats, NDArray[Any] | None]:
    """Ratings of the pilot's one dimension (the judge's first), and the group of each item.

    Raises
    ------
    InputError
        The pilot has several dimensions, or no judge where one is needed.
    """
    joined = align_inputs(asked)
    parts = {name: part for name, part in joined.parts.items() if name != VERDICT}
    if len(parts) > 1:
        raise InputError(f"the pilot has several dimensions; plan for one: --dimension {', '.join(parts)}")
    part = next(iter(parts.values()))
    part = part.take(part.rated)
    if not with_judge:
        return part.humans, part.clusters
    if not part.judges:
        raise InputError("a difference needs the judge's scores of the pilot's items: give its RUN")
    return np.column_stack([part.scores[:, 0], part.humans]), part.clusters


def people_verdicts(asked: AgreementInputs) -> dict[str, bool]:
    """Item -> whether most people pass it, as far as a pilot says; empty without one."""
    if asked.humans is None:
        return {}
    parts = align_inputs(asked).parts
    part = parts.get(VERDICT) or parts.get(OVERALL) or next(iter(parts.values()))
    marks = part.people_passed()
    if marks is None:
        return {}
    return {item: bool(mark) for item, mark in zip(part.items, marks, strict=True) if not np.isnan(mark)}
