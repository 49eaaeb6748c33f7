"""Stress test of a judge -> Report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from judge.records import Item
from judge.reporting.builders.run_data import read_run
from judge.reporting.document import IMAGE_ROOT, Case, Judgment, Section
from judge.reporting.report import Report
from judge.reporting.tables import stress_tables
from judge.reporting.tables.stress_tables import MUST, deciding
from judge.reporting.wording import counted, display_name, listed, with_interval
from judge.stats.engine.estimate import Estimate
from judge.stats.pass_fail.proportion import proportion
from judge.stress.outcomes import (
    FAILED,
    HELD,
    NOT_APPLICABLE,
    SIZABLE,
    TOP_SHARE,
    UNDECIDED,
    ProbeOutcome,
    StressScores,
)
from judge.stress.scoring import PICTURES
from judge.stress.stress_test import StressResult
from judge.stress.twins import ITEM_FIELD

SHORT = ("probes",)
_MOST_NAMED = 3
_MOST_CASES = 6


def build_stress(found: StressResult) -> Report:
    """Build the report of `judge stress`.

    Parameters
    ----------
    found : StressResult
        What was scored and compared.
    """
    source = read_run(found.runs[0])
    about = {name: text for name, text in source.about.items() if name != "run"}
    about |= {"seed": str(found.drawn.seed), IMAGE_ROOT: str(found.out / PICTURES)}
    tables = [stress_tables.drawn(found)] if found.drawn.strata else []
    sections = [
        Section("probes", "Probes", tables=(stress_tables.probes(found),)),
        Section("responses", "By dimension", tables=(stress_tables.responses(found.outcomes),)),
        Section("items", "Items", tables=(*tables, stress_tables.left_out(found.outcomes))),
        *_pictures(found),
    ]
    return Report(
        "stress",
        f"Stress test of {found.judge.name}: {counted(len(found.drawn.items), 'item')}, "
        f"{counted(sum(o.verdict != NOT_APPLICABLE for o in found.outcomes) - 1, 'probe')}",
        tuple(_findings(found)),
        tuple(_warnings(found)),
        tuple(sections),
        _estimates(found),
        about,
        tuple(_methods(found)),
        short=SHORT,
    )


def _findings(found: StressResult) -> Iterator[str]:
    by_verdict: dict[str, list[ProbeOutcome]] = defaultdict(list)
    for outcome in found.outcomes:
        by_verdict[outcome.verdict].append(outcome)
    failed, held, undecided = (by_verdict[name] for name in (FAILED, HELD, UNDECIDED))
    n = len(failed) + len(held) + len(undecided)
    if failed:
        yield f"The judge failed {len(failed)} of {counted(n, 'probe')}: {_named(failed)}."
    elif held:
        yield f"No probe found a weakness; {len(held)} of {counted(n, 'probe')} held."
    for outcome in failed[:_MOST_NAMED]:
        yield _failure(outcome)
    if undecided:
        yield f"Undecided, with too few pairs: {_named(undecided)}. Draw more items with --items."


def _named(outcomes: list[ProbeOutcome]) -> str:
    return listed([outcome.probe.name for outcome in outcomes])


def _failure(outcome: ProbeOutcome) -> str:
    worst = deciding(outcome)
    assert worst is not None
    head = f"{outcome.probe.name} ({outcome.probe.change}): {display_name(worst.dimension)}"
    if worst.expected == "top":
        share = with_interval(worst.held, "share")
        return f"{head} gets the highest score for only {share} of the items."
    return (
        f"{head} must {MUST[worst.expected]}, and shifts by {with_interval(worst.shift, 'change')} on average "
        f"({counted(worst.n_pairs, 'pair')})."
    )


def _warnings(found: StressResult) -> Iterator[str]:
    missing = sum(response.n_missing for outcome in found.outcomes for response in outcome.responses)
    if missing:
        pairs = sum(r.n_pairs + r.n_at_end + r.n_missing for o in found.outcomes for r in o.responses)
        yield (
            f"{missing:,} of {pairs:,} comparisons lack a score and are left out; see them: judge show "
            f"{found.runs[0]}"
        )
    skipped = [o for o in found.outcomes if o.verdict == NOT_APPLICABLE]
    if skipped:
        yield f"Not tested: {_named(skipped)} (--sections items says why)."


def _estimates(found: StressResult) -> dict[str, Estimate]:
    """Estimates by probe, and the share of held pairs by family."""
    named: dict[str, Estimate] = {}
    for outcome in found.outcomes:
        if outcome.responses:
            named[f"{outcome.probe.name}.held"] = outcome.held
        named |= {f"{outcome.probe.name}.shift.{r.dimension}": r.shift for r in outcome.responses}
    for family in dict.fromkeys(o.probe.family for o in found.outcomes):
        marks = [o.marks for o in found.outcomes if o.probe.family == family and o.responses]
        if marks:
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
    names = listed([o.probe.name for o in found.outcomes if o.verdict != NOT_APPLICABLE])
    yield (
        f"{counted(len(drawn.items), 'item')} of {drawn.n_input:,} were drawn {how} (seed {drawn.seed}), and "
        f"scored unchanged, once more unchanged, and with the changes of these probes: {names}."
    )
    yield (
        "Each changed item is compared with the repeated request for its original; pairs are admitted by the "
        "first score, where it is not at the end of the scale already."
    )
    yield (
        "Tests: sign-flip permutation of the differences within clusters (10,000 draws), one-sided where "
        "the direction is given, and for scores that must stay the same also whether they move farther than in "
        "the repeated request; Holm-adjusted over the dimensions of a probe."
    )
    yield (
        f"A probe fails where the adjusted p is below .05 against its requirement; where scores must fall, "
        f"it fails without such evidence if a shift of {SIZABLE:.1%} of the scale would have been seen with a "
        f"power of 80 %. Reference answers must get the highest score in {TOP_SHARE:.0%} of the items."
    )
    if found.with_model:
        yield f"Paraphrases were written by {found.with_model}."
