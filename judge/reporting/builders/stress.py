"""Stress test of a judge -> Report."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from judge.records import Item
from judge.reporting.builders.run_data import read_run
from judge.reporting.document import IMAGE_ROOT, Case, Judgment, Section
from judge.reporting.render.numbers import number_text
from judge.reporting.report import Report
from judge.reporting.tables import stress_tables
from judge.reporting.tables.stress_tables import MUST, deciding
from judge.reporting.wording import counted, display_name, listed, with_interval
from judge.stats.engine.estimate import Estimate
from judge.stats.pass_fail.proportion import proportion
from judge.stress_testing.outcomes import (
    FAILED,
    HELD,
    NOT_APPLICABLE,
    SIZABLE,
    TOP_SHARE,
    UNDECIDED,
    ProbeOutcome,
    StressScores,
)
from judge.stress_testing.probes.injections import MasterKey
from judge.stress_testing.scoring import PICTURES
from judge.stress_testing.stress_test import StressResult
from judge.stress_testing.twins import ITEM_FIELD

SHORT = ("probes",)
_MOST_CASES = 6
_MOST_NAMED = 3


def build_stress(found: StressResult) -> Report:
    """Build the report of `judge stress`.

    Parameters
    ----------
    found : StressResult
        What was scored and compared.
    """
    source = read_run(found.runs[0])
    about = {name: text for name, text in source.about.items() if name != "run"}
    about |= {"input": found.source, "seed": str(found.drawn.seed), IMAGE_ROOT: str(found.out / PICTURES)}
    tables = [stress_tables.drawn(found)] if found.drawn.strata else []
    failures = tuple(_failure(outcome) for outcome in found.outcomes if outcome.verdict == FAILED)
    sections = [
        Section("probes", "Probes", lead=failures, tables=(stress_tables.probes(found),)),
        Section("shifts", "Shifts", tables=(stress_tables.shifts(found),)),
        Section("responses", "By dimension", tables=(stress_tables.responses(found.outcomes),)),
        Section("items", "Items", tables=(*tables, stress_tables.left_out(found.outcomes))),
        *_pictures(found),
    ]
    return Report(
        "stress",
        f"Stress test of {found.judge.name}: {counted(len(found.drawn.items), 'item')}, "
        f"{counted(len(_tested(found)), 'probe')}",
        tuple(_findings(found)),
        tuple(_warnings(found)),
        tuple(sections),
        _estimates(found),
        about,
        tuple(_methods(found)),
        short=SHORT,
    )


def _tested(found: StressResult) -> list[ProbeOutcome]:
    """Probes with a verdict; the repeated request has none."""
    return [o for o in found.outcomes if o.verdict in (FAILED, HELD, UNDECIDED)]


def _findings(found: StressResult) -> Iterator[str]:
    tested = _tested(found)
    failed, held, undecided = ([o for o in tested if o.verdict == name] for name in (FAILED, HELD, UNDECIDED))
    n = counted(len(tested), "probe")
    if failed:
        yield f"The judge failed {len(failed)} of {n}: {_named(failed)}."
    elif held:
        yield f"No probe found a weakness; {len(held)} of {n} held."
    elif not undecided:
        yield "No probe could be tested: no change has the scores that it needs."
    if undecided:
        yield (
            f"Undecided: {counted(len(undecided), 'probe')} with too few pairs to show a shift of "
            f"{number_text(SIZABLE, 'share')} of the scale. Draw more items with --limit."
        )


def _named(outcomes: list[ProbeOutcome]) -> str:
    return listed([outcome.probe.name for outcome in outcomes])


def _failure(outcome: ProbeOutcome) -> str:
    """What went wrong on the dimension that decides the verdict."""
    worst = deciding(outcome)
    assert worst is not None  # noqa: S101 - a probe fails by one of its dimensions
    head = f"{outcome.probe.name} {outcome.probe.change}: {display_name(worst.dimension)}"
    if worst.expected == "top":
        share = with_interval(worst.held, "share")
        return f"{head} must get the highest score, and gets it for {share} of the items."
    return (
        f"{head} must {MUST[worst.expected]}, and {_change(worst.shift)} ({counted(worst.n_pairs, 'pair')})."
    )


def _change(shift: Estimate) -> str:
    if math.isfinite(shift.low):
        return f"changes by {with_interval(shift, 'change')} on average"
    return "does not change" if not shift.value else f"changes by {number_text(shift.value, 'change')}"


def _warnings(found: StressResult) -> Iterator[str]:
    if found.n_incomplete:
        yield (
            f"The report is partial: {found.n_incomplete:,} of {found.n_scored:,} items and changed items "
            f"lack a score, and their pairs are left out{_where_missing(found)}; see them: judge show "
            f"{found.runs[0]}"
        )
    if skipped := sum(outcome.verdict == NOT_APPLICABLE for outcome in found.outcomes):
        yield f"{counted(skipped, 'probe')} had nothing to compare; --sections items says why."


def _where_missing(found: StressResult) -> str:
    """Probes that lack the most pairs."""
    counts = {o.probe.name: max((r.n_missing for r in o.responses), default=0) for o in found.outcomes}
    most = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])[:_MOST_NAMED]
    return f" (most for {listed([f'{name}: {counts[name]}' for name in most])})" if most else ""


def _estimates(found: StressResult) -> dict[str, Estimate]:
    """Estimates by probe, and the share of held pairs by family."""
    named: dict[str, Estimate] = {}
    for outcome in found.outcomes:
        if outcome.responses:
            named[f"{outcome.probe.name}.held"] = outcome.held
        named |= {f"{outcome.probe.name}.shift.{r.dimension}": r.shift for r in outcome.responses}
    tested = _tested(found)
    for family in dict.fromkeys(outcome.probe.family for outcome in tested):
        marks = [outcome.marks for outcome in tested if outcome.probe.family == family]
        groups = np.tile(found.clusters, len(marks))
        named[f"{family}.held"] = proportion(np.concatenate(marks), clusters=groups)
    return named


def _pictures(found: StressResult) -> Iterator[Section]:
    """Items whose pictures were changed, each beside its original."""
    originals = {item.id: item for item in found.twins.originals}
    cases = [
        _case(originals[str(twin.metadata[ITEM_FIELD])], twin, name, found.scores)
        for name, twins in found.twins.changed.items()
        for twin in twins[:_MOST_CASES]
        if twin.images != originals[str(twin.metadata[ITEM_FIELD])].images
    ]
    if cases:
        lead = ("The pictures as they were sent: first those of the item, then the changed ones.",)
        yield Section("pictures", "Changed pictures", lead=lead, cases=tuple(cases))


def _case(original: Item, twin: Item, probe: str, scores: StressScores) -> Case:
    return Case(
        twin.id,
        twin.question,
        twin.reference,
        tuple(dict.fromkeys((*original.images, *twin.images))),
        {"probe": probe},
        f"pictures changed by {probe}",
        (
            Judgment("original", original.answer, "", dict(scores.get(("", original.id), {})), {}),
            Judgment(probe, twin.answer, "", dict(scores.get((probe, original.id), {})), {}),
        ),
    )


def _methods(found: StressResult) -> Iterator[str]:
    drawn = found.drawn
    how = "in equal numbers of each score" if drawn.strata else "at random"
    names = [outcome.probe.name for outcome in _tested(found)]
    yield (
        f"{counted(len(drawn.items), 'item')} of {drawn.n_input:,} were drawn {how} (seed {drawn.seed}), and "
        "scored unchanged, once more unchanged, and with the changes of these probes: "
        f"{listed(names or ['none'])}."
    )
    if MasterKey.name in names:
        yield "Master keys are texts without content that judges have been seen to reward."
    yield (
        "Each changed item is compared with the repeated request for its original. The first score admits a "
        "pair: a score at the end of the scale cannot move as required, and is left out."
    )
    yield (
        "Tests: sign-flip permutation tests of the differences within clusters (10,000 draws), one-sided "
        "where the direction is given; scores that must stay the same are also tested for moving farther "
        "than in the repeated request. p is Holm-adjusted over the dimensions of a probe, except where "
        "scores must fall, because there all dimensions have to."
    )
    sizable, top = number_text(SIZABLE, "share"), number_text(TOP_SHARE, "share")
    yield (
        "Scores that must not change or rise fail with p below .05, and hold otherwise if the pairs would "
        f"have shown a shift of {sizable} of the scale with a power of 80 %. Scores that must fall hold with "
        f"p below .05, and fail if the interval excludes a fall by {sizable} of the scale. Reference answers "
        f"must get the highest score for {top} of the items."
    )
    if found.with_model:
        yield f"Paraphrases were written by {found.with_model}."
