"""Calibration: maps from a judge's scores to human scores, fitted, saved, and applied to the same judge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.selection import SelectionParts
from judge.analysis.provenance import provenance
from judge.analysis.ratings import Ratings
from judge.errors import InputError
from judge.files.unpacking import read_text
from judge.files.writing import write_file
from judge.records import Item
from judge.rubric import Rubric
from judge.scoring.run import Run
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.judge_human.calibration import Calibration, FittedOn, calibrate, calibrate_held_out
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
    selected_on : str
        Name of the part on which maps were chosen and fitted; empty where it is the same items, and gains are
        cross-validated.
    n_fitted : dict
        Dimension -> number of items on which the map was fitted.
    notes : tuple of str
        What did not fit together, or was left out.
    fitted_on : tuple of str
        Digests of the items whose labels a map was fitted on; see `item_digest`.
    """

    run: str
    judge: str
    belongs_to: dict[str, Any]
    dimensions: dict[str, Calibration]
    n_items: dict[str, int]
    n_people: int
    designs: Mapping[str, SamplingDesign] = field(default_factory=dict)
    about: str = ""
    selected_on: str = ""
    n_fitted: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fitted_on: tuple[str, ...] = ()

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
    parts: SelectionParts | None = None,
) -> Calibrated:
    """Fit a map for each dimension, cross-fitted or on a part of its own; the identity if it does not help.

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
    parts : SelectionParts or None
        Parts of which `aligned` is the second: maps are chosen and fitted on the first. None: cross-fitted.

    Raises
    ------
    InputError
        The run holds no score, or the human ratings are labels.
    """
    if not aligned.judges:
        raise InputError(f"{run}: holds no score of a judge, so there is nothing to calibrate")
    numeric = {
        name: ratings.take(ratings.rated)
        for name, ratings in aligned.ratings.items()
        if not ratings.nominal and not _is_category(aligned.rubric, name)
    }
    if not numeric:
        raise InputError("nothing to calibrate: people's ratings are labels, not scores")
    found, fits = {}, {}
    for name, rated in numeric.items():
        ends = (float(rated.scale.points[0]), float(rated.scale.points[-1]))
        fits[name] = rated if parts is None else _rated(parts.chosen_on, name)
        scores = (rated.consensus(), rated.judge_values[:, 0])
        options: Any = {
            "kind": kind, "bounds": ends, "pass_mark": rated.pass_mark, "loss": loss, **rated.sampling,
            "human_passed": rated.human_passed(), "method": "jackknife", "rng": seed,
        }  # fmt: skip
        if parts is None:
            found[name] = calibrate(*scores, **options)
        else:
            found[name] = calibrate_held_out(_fitted_on(fits[name]), *scores, **options)
    with Run.open(run) as opened:
        about = provenance(opened)
    used = {item for one in fits.values() if one is not None for item in _complete(one)}
    first = aligned if parts is None else parts.chosen_on
    return Calibrated(
        run=str(run),
        judge=aligned.judges[0],
        belongs_to=belongs_to(run),
        dimensions=found,
        n_items={name: len(_complete(rated)) for name, rated in numeric.items()},
        n_people=len(aligned.humans),
        designs={name: rated.design for name, rated in numeric.items() if rated.design is not None},
        about=about,
        selected_on="" if parts is None else parts.name,
        n_fitted={name: 0 if one is None else len(_complete(one)) for name, one in fits.items()},
        notes=aligned.notes,
        fitted_on=tuple(sorted(item_digest(item) for item in first.items if item.id in used)),
    )


def _rated(aligned: AlignedRatings, name: str) -> Ratings | None:
    """Rated items of one dimension; None where nobody rated it, or no judge scored it."""
    ratings = aligned.ratings.get(name)
    return None if ratings is None or not ratings.judges else ratings.take(ratings.rated)


def _fitted_on(ratings: Ratings | None) -> FittedOn:
    if ratings is None:
        return FittedOn(human=[], judge=[])
    human, scores = ratings.consensus(), ratings.judge_values[:, 0]
    return FittedOn(human=human, judge=scores, **ratings.sampling)


def _complete(ratings: Ratings) -> list[str]:
    """Ids of the items with scores of both."""
    both = ~np.isnan(ratings.judge_values[:, 0]) & ~np.isnan(ratings.consensus())
    return [item for item, kept in zip(ratings.items, both, strict=True) if kept]


def item_digest(item: Item) -> str:
    """Digest of id, question and answer of an item, by which a file of maps names it.

    >>> item_digest(Item(id="q1", question="Why?", answer="Because."))
    '0458e6810bbc6a73'
    """
    content = json.dumps([item.id, item.question, item.answer])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


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
        "selected_on": found.selected_on,
        "fitted_on": found.fitted_on,
        "dimensions": {
            name: {
                "map": c.map.to_dict(),
                "n_items": found.n_items[name],
                "n_fitted": found.n_fitted[name],
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

    ``fitted_on`` says whether a label of the item was used to fit the maps, so that the agreement of its
    calibrated score with people is selected on this data; None in files that do not name the items.

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
    used = saved.get("fitted_on")
    with Run.open(run) as opened:
        fitted_on = {item.id for item in opened.items() if item_digest(item) in set(used or ())}
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
                    "fitted_on": None if used is None else score.item_id in fitted_on,
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
