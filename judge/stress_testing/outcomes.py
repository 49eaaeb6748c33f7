"""Compare the scores of twins with those of their originals: whether each probe got the response it must.

Every twin is compared with the *repeated* request for its original (or with the twin that the probe names),
and never with the score by which its pair was admitted: pairs are admitted by the first score, because a pair
at the end of the scale could not move, and comparing with that same score would mistake its noise for an
effect.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from judge.records import Score
from judge.rubric import Rubric, RubricScale
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.limits import t_quantile
from judge.stats.engine.scale import Bools, Floats
from judge.stats.pass_fail.proportion import proportion
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.paired import paired_difference
from judge.stats.systems.significance import paired_permutation
from judge.stress_testing.probe import REPEAT, Expectation, Probe, tested_dimensions
from judge.stress_testing.twins import Twins, twin_id

ORIGINAL = ""
"""Name under which the scores of the unchanged items are kept."""
Verdict = Literal["held", "failed", "undecided", "noise", "not applicable"]
HELD: Final = "held"
FAILED: Final = "failed"
UNDECIDED: Final = "undecided"
NOISE: Final = "noise"
NOT_APPLICABLE: Final = "not applicable"
LEVEL, POWER = 0.05, 0.8
SIZABLE = 1 / 8
"""Share of the scale's range that a shift must have to matter: half a point on a scale from 1 to 5."""
TOP_SHARE = 0.9
"""Share of the reference answers that must get the highest score."""
FEWEST = 10
"""Pairs that a dimension needs to decide about a probe, if another dimension has as many."""
_HALF = 0.5

StressScores = Mapping[tuple[str, str], Mapping[str, float]]
"""(probe, or `ORIGINAL`; id of the original) -> dimension -> score; missing scores are left out."""


@dataclass(frozen=True)
class DimensionResponse:
    """How one dimension responded to one probe.

    Attributes
    ----------
    dimension : str
        Name of the dimension.
    expected : str
        The response that the probe requires.
    n_pairs : int
        Pairs with both scores whose original could move as required.
    n_at_end : int
        Pairs left out because the original has the lowest (or the highest) score already; where another twin
        is the standard, because both twins have the highest.
    n_missing : int
        Pairs left out because one of the scores is missing.
    shift : Estimate
        Mean of twin minus what it is compared with, with a paired interval.
    held : Estimate
        Share of the pairs that responded as required.
    at_top : Estimate
        Share of the twins with the highest score.
    p, p_adjusted : float
        p-value of the test of the requirement, and adjusted for the dimensions of the probe (Holm). Where
        scores must fall there is no adjustment, because such a probe holds only if all dimensions do.
    smallest : float
        Smallest mean shift that this number of pairs shows with a power of 80 %.
    verdict : str
        ``held``, ``failed`` or ``undecided``; ``not applicable`` without pairs.
    """

    dimension: str
    expected: Expectation
    n_pairs: int
    n_at_end: int
    n_missing: int
    shift: Estimate
    held: Estimate
    at_top: Estimate
    p: float
    p_adjusted: float
    smallest: float
    verdict: Verdict


@dataclass(frozen=True)
class ProbeOutcome:
    """Outcome of one probe.

    Attributes
    ----------
    probe : Probe
        The probe.
    n_twins : int
        Items that it changed.
    responses : tuple of DimensionResponse
        One for each dimension that it tests.
    held : Estimate
        Share of the pairs that responded as required on every tested dimension.
    verdict : str
        The worst of the responses; ``noise`` for the repeated request.
    not_applicable : mapping of str to int
        Reason why items could not be changed -> number of items.
    marks : ndarray, shape (n_items,)
        Whether each pair responded as required on every tested dimension; NaN where it does not count.
    """

    probe: Probe
    n_twins: int
    responses: tuple[DimensionResponse, ...]
    held: Estimate
    verdict: Verdict
    not_applicable: Mapping[str, int]
    marks: Floats


def read_stress_scores(scores: Iterable[Score], rubric: Rubric, twins: Twins) -> StressScores:
    """Arrange the scores of all runs of a stress test by probe and original."""
    tested = tested_dimensions(rubric)
    places = {item.id: (ORIGINAL, item.id) for item in twins.originals}
    for name in (*twins.changed, *twins.rubrics):
        places |= {twin_id(item.id, name): (name, item.id) for item in twins.originals}
    found: dict[tuple[str, str], dict[str, float]] = {}
    for score in scores:
        if score.sample or score.status != "ok" or score.dimension not in tested:
            continue
        if place := places.get(score.item_id):
            found.setdefault(place, {})[score.dimension] = _number(score, rubric)
    return found


def _number(score: Score, rubric: Rubric) -> float:
    """Value of a score; the position of a label."""
    if isinstance(score.value, str):
        return float([*rubric.dimensions[score.dimension].labels].index(score.value))
    assert score.value is not None  # noqa: S101 - its status is ok
    return float(score.value)


def outcomes(
    probes: Mapping[str, Probe],
    twins: Twins,
    scores: StressScores,
    rubric: Rubric,
    clusters: Sequence[str],
    seed: int = 0,
) -> list[ProbeOutcome]:
    """Compare every probe with what it requires.

    Parameters
    ----------
    probes : mapping of str to Probe
        The probes.
    twins : Twins
        What was scored.
    scores : mapping
        See `read_stress_scores`.
    rubric : Rubric
        The rubric of the judge.
    clusters : sequence of str, shape (n_items,)
        Cluster of each original; pairs of a cluster are not independent.
    seed : int
        Seed of the permutation tests.

    Returns
    -------
    list of ProbeOutcome
        In the order of the probes.
    """
    compared = _Comparison(twins, scores, rubric, np.asarray(clusters), seed)
    return [compared.outcome(name, probe) for name, probe in probes.items()]


class _Comparison:
    """Scores as columns over the originals."""

    def __init__(
        self, twins: Twins, scores: StressScores, rubric: Rubric, clusters: "np.ndarray", seed: int
    ) -> None:
        self._twins, self._scores, self._rubric, self._clusters, self._seed = (
            twins, scores, rubric, clusters, seed
        )  # fmt: skip
        self._aspects = tested_dimensions(rubric)

    def outcome(self, name: str, probe: Probe) -> ProbeOutcome:
        """Compare one probe."""
        asked = self._asked(name)
        if probe.compared_with in self._twins.changed:  # an item without this twin has no pair
            asked &= self._asked(probe.compared_with)
        tested = [d for d, aspect in self._aspects.items() if aspect in probe.expected] if asked.any() else []
        found = [self._response(probe, dimension, asked) for dimension in tested]
        p_values = [response.p for response, _ in found]
        is_joint = probe.family == "must_lower"  # holds if all dimensions do: an intersection-union test
        n_tests = 1 if is_joint else max(1, sum(not math.isnan(p) for p in p_values))
        adjusted = p_values if is_joint else holm(p_values)
        responses = tuple(
            self._judged(replace(response, p_adjusted=float(p)), n_tests, probe)
            for (response, _), p in zip(found, adjusted, strict=True)
        )
        held = _all_held([marks for _, marks in found], len(asked))
        not_applicable = self._twins.not_applicable.get(name, {})
        return ProbeOutcome(
            probe,
            int(asked.sum()),
            responses,
            proportion(held, clusters=self._clusters),
            _worst(probe, responses),
            not_applicable,
            held,
        )

    def _asked(self, name: str) -> Bools:
        """Items that were scored with this change."""
        if name in self._twins.rubrics:
            return np.ones(len(self._twins.originals), bool)
        ids = {item.id for item in self._twins.changed.get(name, ())}
        return np.array([twin_id(item.id, name) in ids for item in self._twins.originals], bool)

    def _column(self, probe: str, dimension: str) -> Floats:
        nan = float("nan")
        return np.array(
            [self._scores.get((probe, item.id), {}).get(dimension, nan) for item in self._twins.originals]
        )

    def _response(self, probe: Probe, dimension: str, asked: Bools) -> tuple[DimensionResponse, Floats]:
        expected = probe.expected[self._aspects[dimension]]
        scale = self._rubric.scale_of(dimension)
        first, twin = self._column(ORIGINAL, dimension), self._column(probe.name, dimension)
        standard = first if probe.name == REPEAT else self._column(probe.compared_with, dimension)
        # Another standard was scored once: left out are pairs with both at the end, which favors neither.
        admitted_by = first if probe.compared_with == REPEAT else np.minimum(twin, standard)
        at_end = np.zeros(len(first), bool)
        if expected == "lower":
            at_end = admitted_by < scale.min + _HALF
        elif expected == "not_higher":
            at_end = admitted_by > scale.max - _HALF
        usable = asked & ~np.isnan(twin + standard + admitted_by)
        used = usable & ~at_end
        twin, standard = np.where(used, twin, np.nan), np.where(used, standard, np.nan)
        moved = _moved(twin, standard, np.where(used, first, np.nan)) if probe.name != REPEAT else None
        kept = used if used.any() else ~used  # clusters without a pair must not count
        found = paired_difference(twin[kept], standard[kept], clusters=self._clusters[kept])
        marks = np.where(used, _held(expected, twin, standard, scale), np.nan)
        response = DimensionResponse(
            dimension,
            expected,
            int(used.sum()),
            int((usable & at_end).sum()),
            int((asked & ~usable).sum()),
            found.difference,
            proportion(marks, clusters=self._clusters),
            proportion(np.where(used, twin > scale.max - _HALF, np.nan), clusters=self._clusters),
            self._p(expected, twin, standard, moved),
            math.nan,
            math.nan,
            UNDECIDED,
        )
        return response, marks

    def _p(
        self, expected: Expectation, twin: Floats, standard: Floats, moved: tuple[Floats, Floats] | None
    ) -> float:
        """p-value of the test: that scores fall where they must, else that they do what they must not."""
        if expected == "top":
            return math.nan
        if expected == "same":
            p = self._permuted(twin, standard)
            if moved is None or math.isnan(p):
                return p
            return min(1.0, 2 * min(p, _one_sided(self._permuted(*moved), *moved)))
        higher, lower = (twin, standard) if expected == "not_higher" else (standard, twin)
        return _one_sided(self._permuted(higher, lower), higher, lower)

    def _permuted(self, a: Floats, b: Floats) -> float:
        """Two-sided p-value; pairs without a difference change no swap, and are left out to save time."""
        differs = abs(a - b) > 0  # also False where one is missing
        if not differs.any():
            return math.nan if np.isnan(a - b).all() else 1.0
        found = paired_permutation(a[differs], b[differs], clusters=self._clusters[differs], rng=self._seed)
        return found.p_value

    def _judged(self, response: DimensionResponse, n_tests: int, probe: Probe) -> DimensionResponse:
        scale = self._rubric.scale_of(response.dimension)
        sizable = SIZABLE * (scale.max - scale.min)
        if response.expected == "same":  # two sides of each of two tests; there is one test of the repeat
            n_tests *= 2 if probe.name == REPEAT else 4
        if not response.n_pairs:
            return replace(response, verdict=NOT_APPLICABLE)
        response = replace(response, smallest=_smallest(response, LEVEL / n_tests))
        return replace(response, verdict=_verdict(response, sizable, matters_always=probe.matters_always))


def _moved(twin: Floats, standard: Floats, first: Floats) -> tuple[Floats, Floats]:
    """Distances of twin and repeated request from the first score; without an effect, neither is larger."""
    return abs(twin - first), abs(standard - first)


def _held(expected: Expectation, twin: Floats, standard: Floats, scale: RubricScale) -> Bools:
    if expected == "lower":
        return twin < standard
    if expected == "same":
        return abs(twin - standard) < _HALF
    if expected == "not_higher":
        return twin < standard + _HALF
    if expected == "top":
        return twin > scale.max - _HALF
    return twin > standard - 2 * SIZABLE * (scale.max - scale.min) - _HALF


def _one_sided(p: float, higher: Floats, lower: Floats) -> float:
    """p-value of the alternative that `higher` is higher, from that of both sides."""
    if math.isnan(p):
        return p
    difference = float(np.nanmean(higher - lower))
    return p / 2 if difference > 0 else 1 - p / 2 if difference < 0 else 1.0


def _smallest(response: DimensionResponse, level: float) -> float:
    """Smallest mean shift that a one-sided test at this level finds with the power of 80 %.

    Without spread, the sign-flip test needs a minimum number of clusters that all move by a point.
    """
    shift = response.shift
    if response.expected == "top":
        return math.nan
    fewest = math.ceil(-math.log2(level))
    if fewest > shift.n_clusters:
        return math.nan
    by_counts = fewest / shift.n_clusters
    if not shift.se > 0:
        return by_counts
    df = shift.degrees_of_freedom
    return max(by_counts, (t_quantile(1 - level, df) + t_quantile(POWER, df)) * shift.se)


def _verdict(response: DimensionResponse, sizable: float, *, matters_always: bool) -> Verdict:
    if response.expected == "top":
        if response.held.high < TOP_SHARE:
            return FAILED
        is_enough = response.n_pairs >= FEWEST and response.held.value >= TOP_SHARE
        return HELD if is_enough else UNDECIDED
    is_found = response.p_adjusted < LEVEL
    is_sensitive = response.smallest <= sizable
    if response.expected == "lower":
        if _falls_less(response, sizable, is_sensitive=is_sensitive):
            return HELD if is_found and not matters_always else FAILED
        return HELD if is_found else UNDECIDED
    if response.expected == "not_lower":
        if _falls_less(response, sizable, is_sensitive=is_sensitive):
            return HELD
        return FAILED if is_found and response.shift.value < -sizable else UNDECIDED
    return FAILED if is_found else HELD if is_sensitive else UNDECIDED


def _falls_less(response: DimensionResponse, sizable: float, *, is_sensitive: bool) -> bool:
    """Whether the interval of the mean shift excludes a fall that matters.

    Scores without spread have no interval; then the number of pairs decides.
    """
    shift = response.shift
    return shift.value > -sizable and (shift.low > -sizable if shift.se > 0 else is_sensitive)


def _all_held(marks: Sequence[Floats], n_items: int) -> Floats:
    """Whether a pair held on every tested dimension on which it counts; NaN where it counts on none."""
    if not marks:
        return np.full(n_items, np.nan)
    stacked = np.stack(marks)
    held = np.where(np.isnan(stacked), 1.0, stacked).all(axis=0).astype(float)
    return np.where(np.isnan(stacked).all(axis=0), np.nan, held)


def deciding_responses(responses: Sequence[DimensionResponse]) -> list[DimensionResponse]:
    """Responses that count for the verdict of a probe: those on enough pairs, if there are any."""
    enough = [response for response in responses if response.n_pairs >= FEWEST]
    return enough or [response for response in responses if response.n_pairs]


def _worst(probe: Probe, responses: Sequence[DimensionResponse]) -> Verdict:
    verdicts = {response.verdict for response in deciding_responses(responses)}
    if not verdicts:
        return NOT_APPLICABLE
    if probe.name == REPEAT:
        return NOISE
    return next(v for v in (FAILED, UNDECIDED, HELD) if v in verdicts)
