"""A made-up study: 60 items, three people, one judge who is lenient on clarity."""

import csv

import numpy as np
import pytest

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.ratings import Ratings
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Scale

DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")
N_ITEMS, N_RATED = 60, 50


def rounded(values):
    return np.clip(np.round(values), 1, 5)


def make_run(folder, rng, quality, *, name="robot", shift=(0, 0, 0, 0), noise=0.4, n_samples=1, change=""):
    rubric = load_rubric("open_qa")
    items = [
        Item(
            id=f"q{i}",
            question=f"Question {i}?",
            answer="word " * (5 + i % 7) + change,
            system="ab"[i % 2],
            metadata={"image": f"m{i // 3}", "kind": "xyz"[i % 3]},
        )
        for i in range(N_ITEMS)
    ]
    scores = []
    for sample in range(n_samples):
        given = rounded(quality + np.array(shift) + rng.normal(0, noise, quality.shape))
        for item, row in zip(items, given, strict=True):
            values = dict(zip(DIMENSIONS, map(float, row), strict=True))
            refused = item.id == "q7"
            for dimension, value in (values | {"overall": float(row.mean())}).items():
                said = {"status": "refused"} if refused else {"value": value, "reason": f"said {item.id}"}
                scores.append(
                    Score(
                        item_id=item.id,
                        rater=name,
                        rater_kind="judge",
                        dimension=dimension,
                        sample=sample,
                        **said,
                    )
                )
    Run.imported(folder, rubric, items, scores, model=name).close()
    return folder


@pytest.fixture(scope="session")
def quality():
    rng = np.random.default_rng(5)
    return rng.normal(3.3, 1, (N_ITEMS, 1)) + rng.normal(0, 0.4, (N_ITEMS, 4))


@pytest.fixture(scope="session")
def ratings(tmp_path_factory, quality):
    """Ratings of the first 50 items by three people, one cell empty."""
    rng = np.random.default_rng(6)
    path = tmp_path_factory.mktemp("ratings") / "ratings.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "rater", *DIMENSIONS])
        for person in ("ann", "ben", "cy"):
            given = rounded(quality + rng.normal(0, 0.6, quality.shape)).astype(int)
            for i in range(N_RATED):
                row = [str(v) for v in given[i]]
                writer.writerow([f"q{i}", person, *(["", *row[1:]] if (person, i) == ("ann", 3) else row)])
    return path


@pytest.fixture(scope="session")
def run(tmp_path_factory, quality):
    rng = np.random.default_rng(7)
    return make_run(tmp_path_factory.mktemp("runs") / "first", rng, quality, shift=(0, 0, 0, 0.9))


@pytest.fixture(scope="session")
def noisy(tmp_path_factory, quality):
    """Three samples an item of a judge with little to say."""
    rng = np.random.default_rng(8)
    path = tmp_path_factory.mktemp("runs") / "noisy"
    return make_run(path, rng, quality, name="dice", noise=1.5, n_samples=3)


def make_ratings(humans, judges=None, *, scale=None, dimension="clarity", clusters=None, **more):
    """Ratings from a table of items x people and a dict of judge -> values."""
    human_values = np.array(humans, dtype=float)
    judges = {name: np.array(values, dtype=float) for name, values in (judges or {}).items()}
    values = np.column_stack([human_values, *judges.values()])
    n_humans = human_values.shape[1]
    return Ratings(
        dimension=dimension,
        scale=scale or Scale.integers(1, 5),
        items=tuple(f"i{n}" for n in range(len(values))),
        raters=(*(f"p{n}" for n in range(n_humans)), *judges),
        is_judge=np.arange(values.shape[1]) >= n_humans,
        values=values,
        samples=values[:, :, None],
        clusters=None if clusters is None else np.array(clusters, dtype=str),
        **more,
    )


def make_aligned(*ratings, answers=None, metadata=None):
    """Aligned ratings on items whose answers and fields are given by item."""
    first = ratings[0]
    answers = answers or ["an answer"] * len(first.items)
    metadata = metadata or [{}] * len(first.items)
    return AlignedRatings(
        items=tuple(
            Item(id=name, question=f"{name}?", answer=answer, metadata=fields)
            for name, answer, fields in zip(first.items, answers, metadata, strict=True)
        ),
        ratings={one.dimension: one for one in ratings},
        humans=first.humans,
        judges=first.judges,
        slots=first.slots,
        cluster=None,
        notes=(),
        remarks=(),
        reasons={},
    )
