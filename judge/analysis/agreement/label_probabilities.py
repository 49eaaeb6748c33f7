"""The judge's probabilities of the points of a scale, where a run has expected scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from judge.scoring.parsing.decision_answers import distributions, form_of
from judge.scoring.run import Run
from judge.stats.engine.scale import Floats, Scale

LabelProbabilities: TypeAlias = Mapping[tuple[str, str], Mapping[str, float]]
"""(dimension, item) -> label -> its probability."""


def label_probabilities(run: Run) -> LabelProbabilities:
    """Read the probabilities of the first judgment of each item; empty without expected scores."""
    return {(dimension, item): found for dimension, item, found in iter_probabilities(run)}


def iter_probabilities(run: Run) -> Iterator[tuple[str, str, Mapping[str, float]]]:
    """Yield dimension, item and probabilities of the first judgments; nothing without expected scores."""
    if run.fact("judge").get("scores") != "expected":
        return
    form, rubric = form_of(run), run.rubric
    for item, completions in run.judgments():
        for completion in completions:
            if completion.sample:
                continue
            if form and completion.dimension is None:
                for dimension, found in distributions(completion, form, rubric).items():
                    yield dimension, item.id, found
            elif completion.label_probabilities and completion.dimension:
                yield completion.dimension, item.id, completion.label_probabilities


def on_points(found: LabelProbabilities, dimension: str, items: Sequence[str], scale: Scale) -> Floats | None:
    """Arrange probabilities as items x points of a scale of numbers; None where there are none."""
    if scale.has_labels or not any(name == dimension for name, _ in found):
        return None
    labels = [f"{point:g}" for point in scale.points]
    rows = (found.get((dimension, item), {}) for item in items)
    return np.array([[row.get(label, np.nan) for label in labels] for row in rows])
