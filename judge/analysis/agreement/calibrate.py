"""Calibration: maps from a judge's scores to human scores, fitted, saved, and applied to the same judge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.provenance import provenance
from judge.errors import InputError
from judge.files.unpacking import read_text
from judge.files.writing import write_file
from judge.rubric import Rubric
from judge.scoring.run import Run
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.judge_human.calibration import Calibration, calibrate
from judge.stats.judge_human.score_maps import MapKind, ScoreMap

FORMAT = 1
_MOST_BYTES = 16 * 2**20
"""Size limit of a file of saved maps."""


@dataclass(frozen=True)
class Calibrated:
    """The calibration of one run.

    Attributes
    ----------
    run, judge : str
        Run folder, and name of the judge.
    belongs_to : dict
        Fingerprint of the judge, rubric and scale, for which alone the maps are valid.
    dimensions : dict
        Dimension -> calibration.
    n_items : dict
        Dimension -> number of items with scores of both the judge and humans.
    n_people : int
        Number of human raters.
    designs : mapping
        Dimension -> how the rated items were drawn, by which all figures are weighted; empty where they count
        as a random sample.
    about : str
        Judge, rubric and dates of the run.
    """

    run: str
    judge: str
    belongs_to: dict[str, Any]
    dimensions: dict[str, Calibration]
    n_items: dict[str, int]
    n_people: int
    designs: Mapping[str, SamplingDesign] = field(default_factory=dict)
    about: str = ""

    @property
    def has_maps(self) -> bool:
        """Whether a map other than the identity was found on any dimension."""
        return any(c.map.kind != "identity" for c in self.dimensions.values())


def calibrate_run(
    run: str | Path,
    aligned: AlignedRatings,
    *,
    kind: MapKind | Literal["auto"] = "auto",
    loss: Literal["mae", "rmse"] = "mae",
    seed: int = 0,
) -> Calibrated:
    """Fit a cross-fitted map for each dimension; the identity if no map reduces the loss.

    Parameters
    ----------
    run : path
        Run folder.
    aligned : AlignedRatings
        The same run with humans.
    kind : str
        Kind of map, or 'auto' to select it by cross-validation.
    loss : {'mae', 'rmse'}
        Loss that the map is to reduce.
    seed : int
        Random seed of the folds.

    Raises
    ------
    InputError
        The run holds no score, or the human ratings are labels.
    """
    if not aligned.judges:
        raise InputError(f"{run}: holds no score of a judge, so there is nothing to calibrate")
    numeric = {
        name: ratings
        for name, ratings in aligned.ratings.items()
        if not ratings.nominal and not _is_category(aligned.rubric, name)
    }
    if not numeric:
        raise InputError("nothing to calibrate: people's ratings are labels, not scores")
    found, sizes, designs = {}, {}, {}
    for name, ratings in numeric.items():
        rated = ratings.take(ratings.rated)
        scores, human = rated.judge_values[:, 0], rated.consensus()
        ends = (float(rated.scale.points[0]), float(rated.scale.points[-1]))
        if rated.design is not None:
            designs[name] = rated.design
        sizes[name] = int((~np.isnan(scores) & ~np.isnan(human)).sum())
        found[name] = calibrate(
            human, scores, kind, bounds=ends, pass_mark=rated.pass_mark, loss=loss, clusters=rated.clusters,
            design=rated.design, method="jackknife", rng=seed,
        )  # fmt: skip
    with Run.open(run) as opened:
        about = provenance(opened)
    people = len(aligned.humans)
    return Calibrated(str(run), aligned.judges[0], belongs_to(run), found, sizes, people, designs, about)


def _is_category(rubric: Rubric | None, name: str) -> bool:
    dimension = None if rubric is None else rubric.dimensions.get(name)
    return dimension is not None and dimension.type == "category"


def belongs_to(run: str | Path) -> dict[str, Any]:
    """Everything that determines a judge's scores: maps are valid for the same values only."""
    with Run.open(run) as opened:
        rubric = opened.rubric
        return {
            "fingerprint": opened.manifest["fingerprint"],
            "rubric": {"name": rubric.name, "version": rubric.version, "digest": rubric.digest},
            "scale": [rubric.scale.min, rubric.scale.max],
        }


def check_has_maps(found: Calibrated, path: str | Path) -> None:
    """Raise an `InputError` if no map brings the judge closer to humans."""
    if not found.has_maps:
        raise InputError(
            f"{path}: not written, because no map brings this judge closer to people; its scores stay as "
            "they are"
        )


def save(found: Calibrated, path: str | Path, date: str) -> None:
    """Write the maps as JSON; a dimension on which the judge is no better than a constant gets no map.

    Raises
    ------
    InputError
        No map brings the judge closer to humans, so no file is written; or the file cannot be written.
    """
    check_has_maps(found, path)
    content = {
        "format": FORMAT,
        "judge": found.judge,
        **found.belongs_to,
        "date": date,
        "n_people": found.n_people,
        "dimensions": {
            name: {
                "map": c.map.to_dict(),
                "n_items": found.n_items[name],
                "gain": c.gain.to_dict(),
                "over_constant": c.over_constant.to_dict(),
                "helps": c.helps,
            }
            for name, c in found.dimensions.items()
            if not c.adds_nothing
        },
    }
    write_file(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def apply(run: str | Path, path: str | Path) -> Iterator[dict[str, Any]]:
    """Calibrated scores of a run: one row per score of a dimension with a map.

    Raises
    ------
    InputError
        The file holds no maps, or they are valid for another judge, rubric or scale.
    """
    saved = _load(path)
    own = belongs_to(run)
    for what, value in own.items():
        if saved.get(what) != value:
            raise InputError(
                f"{path}: its maps belong to another {_WHAT[what]} ({_shown(saved.get(what))}) than {run} "
                f"({_shown(value)}); fit new ones: judge calibrate {run} --humans FILE"
            )
    try:
        maps = {name: ScoreMap.from_dict(entry["map"]) for name, entry in saved["dimensions"].items()}
        for score_map in maps.values():
            score_map(own["scale"])  # an incomplete map fails here and not after some rows
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: a saved map is damaged ({error!r:.80}); fit it anew: --save {path}"
        ) from None
    with Run.open(run) as opened:
        for score in opened.scores():
            if score.dimension in maps and score.status == "ok" and isinstance(score.value, float):
                mapped = float(maps[score.dimension]([score.value])[0])
                yield {
                    "item_id": score.item_id,
                    "rater": score.rater,
                    "dimension": score.dimension,
                    "sample": score.sample,
                    "value": score.value,
                    "calibrated": round(mapped, 6),
                }


_WHAT: Mapping[str, str] = {"fingerprint": "judge", "rubric": "rubric", "scale": "scale"}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value.get('name')} version {value.get('version')}, {str(value.get('digest'))[:12]}"
    return str(value)[:12]


def _load(path: str | Path) -> dict[str, Any]:
    try:
        content = json.loads(read_text(Path(path), _MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        problem = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read as saved maps: {problem}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT or "dimensions" not in content:
        raise InputError(f"{path}: holds no maps of judge calibrate")
    return content
