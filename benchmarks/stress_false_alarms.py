"""False alarms and power of `judge stress`. Prints the tables of stress_false_alarms.md.

python benchmarks/stress_false_alarms.py [SETS]

A program scores 100 items with noise, before and after each change. It responds to no change (false alarms),
or by a mean shift of the given size (power). Only the comparison is simulated.
"""

import random
import sys
from collections import Counter
from pathlib import Path

from scipy.stats import binomtest

from judge.records import Item
from judge.rubric import load_rubric
from judge.stress_testing.outcomes import FAILED, HELD, ORIGINAL, outcomes
from judge.stress_testing.pictures import StagedPictures
from judge.stress_testing.probe import ProbeContext
from judge.stress_testing.probes import chosen_probes
from judge.stress_testing.twins import Twins, make_twins

RUBRIC = load_rubric("open_qa")
PROBES = chosen_probes(("repeat", "white_space", "padding", "injected_verdict", "truncated_answer"))
MARGINS = {"even": (1, 2, 3, 4, 5), "high": (3, 4, 5, 5, 5, 5)}
NOISE = (0.1, 0.3, 0.6)
SHIFTS = (0.25, 0.5, 1.0)
N_ITEMS = 100
QUIET, LOWER = ("white_space", "padding", "injected_verdict"), "truncated_answer"


def twins() -> Twins:
    """Made-up items, each its own cluster."""
    answer = (
        "It is made of steel and opens at {n} bar. It was checked in spring by the team of the works there."
    )
    items = [Item(id=f"q{n}", question=f"Pump {n}?", answer=answer.format(n=n)) for n in range(N_ITEMS)]
    return make_twins(items, PROBES, ProbeContext(RUBRIC, items, StagedPictures(Path("unused"), Path())))


def noisy(score: float, noise: float, rng: random.Random) -> float:
    """Move a score by a point, up or down, with the probability `noise`; the scale ends at 1 and 5."""
    return float(min(5, max(1, score + (rng.choice((-1, 1)) if rng.random() < noise else 0))))


def shifted(score: float, shift: float, rng: random.Random) -> float:
    """Move a score by a point with the probability of the mean shift."""
    return score + (shift > 0) - (shift < 0) if rng.random() < abs(shift) else score


def verdicts(found: Twins, margin: str, noise: float, shift: dict[str, float], seed: int) -> dict[str, str]:
    """Simulate one data set; return the verdict of each probe."""
    rng = random.Random(seed)
    scores: dict[tuple[str, str], dict[str, float]] = {}
    for item in found.originals:
        true = {name: rng.choice(MARGINS[margin]) for name in RUBRIC.dimensions}
        for probe in (ORIGINAL, *PROBES):
            by = shift.get(probe, 0.0)
            scores[probe, item.id] = {
                name: noisy(shifted(score, by, rng), noise, rng) for name, score in true.items()
            }
    ids = [item.id for item in found.originals]
    return {o.probe.name: o.verdict for o in outcomes(PROBES, found, scores, RUBRIC, ids, seed)}


def share(n: int, of: int) -> str:
    """A share in percent with its exact 95 % interval."""
    low, high = binomtest(n, of).proportion_ci()
    return f"{n / of:.1%} ({low:.1%} to {high:.1%})"


def false_alarms(found: Twins, n_sets: int) -> None:
    """Print how often a judge that responds to no change fails, or holds where it must respond."""
    print(f"| scores | noise | {' | '.join(QUIET)} | {LOWER} held |\n|---|---|{'---|' * (len(QUIET) + 1)}")
    for margin in MARGINS:
        for noise in NOISE:
            counts = counted(found, margin, noise, {}, n_sets)
            cells = [*(counts[name, FAILED] for name in QUIET), counts[LOWER, HELD]]
            print(f"| {margin} | {noise} | {' | '.join(share(n, n_sets) for n in cells)} |", flush=True)


def power(found: Twins, n_sets: int) -> None:
    """Print how often shifts are found: up where scores must not rise, down where they must fall."""
    print(
        f"| mean shift | noise | {' | '.join(QUIET)} | {LOWER} held | {LOWER} failed |\n"
        f"|---|---|{'---|' * (len(QUIET) + 2)}"
    )
    for size in SHIFTS:
        for noise in NOISE:
            counts = counted(found, "even", noise, {**dict.fromkeys(QUIET, size), LOWER: -size}, n_sets)
            cells = [*(counts[name, FAILED] for name in QUIET), counts[LOWER, HELD], counts[LOWER, FAILED]]
            print(f"| {size} | {noise} | {' | '.join(share(n, n_sets) for n in cells)} |", flush=True)


def counted(
    found: Twins, margin: str, noise: float, shift: dict[str, float], n_sets: int
) -> Counter[tuple[str, str]]:
    """Count the verdicts of each probe over simulated data sets."""
    sets = (verdicts(found, margin, noise, shift, seed) for seed in range(n_sets))
    return Counter(pair for seen in sets for pair in seen.items())


def main(n_sets: int) -> None:
    """Print both tables."""
    found = twins()
    false_alarms(found, n_sets)
    print()
    power(found, n_sets)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250)
