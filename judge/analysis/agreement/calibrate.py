"""Maps from a judge's scores to people's: fitted, saved with what they belong to, applied to nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.errors import InputError
from judge.files.unpacking import read_text
from judge.files.writing import write_file
from judge.scoring.run import Run
from judge.stats.judge_human.calibration import Calibration, calibrate
from judge.stats.judge_human.score_maps import MapKind, ScoreMap

FORMAT = 1
_MOST_BYTES = 16 * 2**20
"""Of a file of saved maps."""


@dataclass(frozen=True)
class Calibrated:
    """The calibration of one run.

    Attributes
    ----------
    run, judge : str
        Folder and name.
    belongs_to : dict
        What a map holds for: fingerprint of the judge, rubric and scale.
    dimensions : dict
        Dimension -> calibration.
    n_items : dict
        Dimension -> items with the judge's score and people's.
    n_people : int
        People who rated.
    """

    run: str
    judge: str
    belongs_to: dict[str, Any]
    dimensions: dict[str, Calibration]
    n_items: dict[str, int]
    n_people: int

    @property
    def ships(self) -> bool:
        """Whether there is a map worth keeping, on any dimension."""
        return any(c.map.kind != "identity" for c in self.dimensions.values())


def calibrate_run(
    run: str | Path,
    joined: AlignedRatings,
    *,
    kind: MapKind | Literal["auto"] = "auto",
    loss: Literal["mae", "rmse"] = "mae",
    seed: int = 0,
) -> Calibrated:
    """Fit a map for each dimension, cross-fitted; the identity where there is no gain.

    Parameters
    ----------
    run : path
        The run.
    joined : AlignedRatings
        The same run with people.
    kind : str
        Of map, or 'auto'.
    loss : {'mae', 'rmse'}
        What the gain is measured in.
    seed : int
        Of the folds.

    Raises
    ------
    InputError
        The run holds no score, or people rated nothing that is a number.
    """
    if not joined.judges:
        raise InputError(f"{run}: holds no score of a judge, so there is nothing to calibrate")
    numeric = {name: part for name, part in joined.parts.items() if not part.nominal}
    if not numeric:
        raise InputError("nothing to calibrate: people's ratings are labels, not scores")
    found, sizes = {}, {}
    for name, pool in numeric.items():
        part = pool.take(pool.rated)
        scores, people = part.scores[:, 0], part.consensus()
        ends = (float(part.scale.points[0]), float(part.scale.points[-1]))
        sizes[name] = int((~np.isnan(scores) & ~np.isnan(people)).sum())
        found[name] = calibrate(
            people, scores, kind, bounds=ends, pass_mark=part.bar, loss=loss, clusters=part.clusters,
            method="jackknife", rng=seed,
        )  # fmt: skip
    return Calibrated(str(run), joined.judges[0], belongs_to(run), found, sizes, len(joined.people))


def belongs_to(run: str | Path) -> dict[str, Any]:
    """What decides a judge's scores."""
    with Run.open(run) as opened:
        rubric = opened.rubric
        return {
            "fingerprint": opened.manifest["fingerprint"],
            "rubric": {"name": rubric.name, "version": rubric.version, "digest": rubric.digest},
            "scale": [rubric.scale.min, rubric.scale.max],
        }


def check_worth(found: Calibrated, path: str | Path) -> None:
    """Raise an `InputError` where there is no map worth keeping."""
    if not found.ships:
        raise InputError(
            f"{path}: not written, because no map brings this judge closer to people; its scores stay as "
            "they are"
        )


def save(found: Calibrated, path: str | Path, date: str) -> None:
    """Write the maps as JSON, with what they belong to; dimensions on which the judge adds nothing have none.

    Raises
    ------
    InputError
        There is no map worth keeping, so no file is written; or the file cannot be written.
    """
    check_worth(found, path)
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
    """Scores of a run, mapped: one row for each score of a mapped dimension.

    Raises
    ------
    InputError
        The file holds no maps, or they belong to another judge, rubric or scale.
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
            score_map(own["scale"])  # a map that lacks a number fails here and not in the middle of the rows
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
