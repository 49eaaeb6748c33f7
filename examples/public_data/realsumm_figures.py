"""Print figures of REALSumm: scores of people and of automatic metrics, and their rank correlations.

The first folder holds `ratings.jsonl` with the published scores (rater `crowd`, and a rater for each metric).
The second is the run of `realsumm.py`: its overall score is the share of criteria that a majority of the
workers found met.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau

import judge
from judge.stats import ranking_agreement

CROWD, MAJORITY = "crowd", "majority"
Table = np.ndarray  # documents x systems


def published(path: Path) -> dict[str, dict[str, float]]:
    """Return rater -> item -> score."""
    found: dict[str, dict[str, float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(row["rater_id"], {})[row["item_id"]] = row["score"]
    return found


def tables(folder: Path, run: Path) -> dict[str, Table]:
    """Return rater -> scores of all documents (rows) and systems (columns)."""
    scores = published(folder / "ratings.jsonl")
    with judge.Run.open(run) as opened:
        scores[MAJORITY] = {s.item_id: s.value for s in opened.scores() if s.dimension == "overall"}
    names = [item.split("_", 1) for item in sorted(scores[CROWD])]
    documents, systems = (sorted(set(part)) for part in zip(*names, strict=True))
    return {
        rater: np.array([[of[f"{document}_{system}"] for system in systems] for document in documents])
        for rater, of in scores.items()
    }


def figures(scores: dict[str, Table]) -> Iterator[tuple[str, float]]:
    """Yield every figure with its name."""
    people, metrics = scores[CROWD], [name for name in scores if name not in (CROWD, MAJORITY)]
    quartiles = np.quantile(people, [0, 0.25, 0.5, 0.75, 1])
    yield from zip(
        (f"{CROWD}.{name}" for name in ("min", "q25", "median", "q75", "max")), quartiles, strict=True
    )
    yield from ((f"mean.{name}", table.mean()) for name, table in scores.items())
    for name in metrics:
        # Scores of js-2 differ in their last digits only, which scipy counts as an order, as the paper does.
        found = [kendalltau(*pair, method="asymptotic") for pair in zip(people, scores[name], strict=True)]
        taus, p = (np.array([getattr(one, part) for one in found]) for part in ("statistic", "pvalue"))
        yield f"tau.document.{name}", taus[p <= 0.05].mean()  # the paper leaves the other documents out
        yield f"tau.document_all.{name}", taus.mean()
    for reference in (CROWD, MAJORITY):
        for name in metrics:
            found = ranking_agreement(scores[reference], scores[name], method="jackknife")
            yield f"system.{reference}.{name}.tau", found.kendall_tau.value
            yield f"system.{reference}.{name}.pearson", found.pearson.value
            yield f"system.{reference}.{name}.pairwise", ordered_alike(scores[reference], scores[name])


def ordered_alike(reference: Table, scores: Table) -> float:
    """Return the share of pairs of systems that both order alike; ties in the reference are left out."""
    first, second = np.triu_indices(reference.shape[1], 1)
    given, found = (np.sign(of[first] - of[second]) for of in (reference.mean(axis=0), scores.mean(axis=0)))
    return float((given == found)[given != 0].mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with ratings.jsonl")
    parser.add_argument("run", type=Path, help="run of realsumm.py")
    given = parser.parse_args()
    for name, value in figures(tables(given.folder, given.run)):
        print(f"{name:45} {value:.6f}")
