"""The findings of reports about runs, as sentences above the tables."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from judge.analysis import headlines
from judge.analysis.comparable import same_rubric
from judge.analysis.compare import RunComparison
from judge.analysis.failures import DimensionFailures, FailureProfile
from judge.analysis.group_difference import Groups
from judge.analysis.leaderboard import Leaderboard
from judge.analysis.pass_rate import PassRate
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import SMALL, Slice, SliceTable
from judge.analysis.status_column import NOT_APPLICABLE
from judge.reporting.builders.run_data import RunData
from judge.reporting.findings import type_findings
from judge.reporting.render.numbers import number_text
from judge.reporting.wording import counted, display_name, field_name, p_phrase, shared_field, with_interval
from judge.scoring.run_summary import RunSummary

ALPHA = 0.05
MANY_MISSING = 0.05
FEW_FAILS = 10
"""With fewer failing answers, no dimension is said to fail most."""
SELDOM = 0.05
"""A dimension that decides a smaller share of fails is not named."""
FEW_VERDICTS, FEW_CLUSTERS = 30, 10
BASELINE = "baseline"


def pass_words(table: ScoreTable, passing: PassRate, profile: FailureProfile) -> Iterator[str]:
    """How many answers pass and where most fail, with bounds for the missing verdicts."""
    n, missing = passing.n_pass + passing.n_fail, n_without_verdict(table)
    most = _fails_most(profile)
    where = f", most often on {display_name(most.dimension)}" if most else ""
    rate = f"{with_interval(passing.estimate, 'share')} of answers pass: {passing.n_pass:,} of {n:,}"
    if n == 0:
        yield f"None of the {len(table):,} answers has a verdict, so there is no pass rate."
    elif missing and table.no_verdict == "fail":
        yield f"{rate}; {passing.n_fail:,} fail or have no verdict{where}."
    else:
        yield f"{rate} with a verdict; {passing.n_fail:,} fail{where}."
    if missing:
        open_ = {name: n for name, n in table.outcomes.counts().items() if name not in ("ok", NOT_APPLICABLE)}
        why = ", ".join(f"{count:,} {status}" for status, count in open_.items() if count)
        yield f"{missing:,} of {passing.n:,} have no verdict ({why}). {_counted_as(table, passing)}"
    if passing.n_not_applicable:
        yield (
            f"The pass rule does not apply to {counted(passing.n_not_applicable, 'answer')}; they are in no "
            "pass rate."
        )


def n_without_verdict(table: ScoreTable) -> int:
    """Number of answers without a verdict, of those that the pass rule concerns."""
    return int((np.isnan(table.verdicts) & table.applies).sum())


def _counted_as(table: ScoreTable, passing: PassRate) -> str:
    """How the answers without a verdict are counted."""
    if table.no_verdict == "fail":
        return "They count as fails (--no-verdict fail)."
    if table.no_verdict == "drop":
        return "They are left out (--no-verdict drop)."
    return (
        f"The pass rate would be {number_text(passing.worst, 'share')} if all of them were fails and "
        f"{number_text(passing.best, 'share')} if all were passes."
    )


def failure_words(profile: FailureProfile) -> Iterator[str]:
    """Which dimensions decide how often that an answer fails; a first one only where intervals separate."""
    bound = sorted((d for d in profile.dimensions if d.binding.value > 0), key=lambda d: -d.binding.value)
    if not bound:
        return
    first, *others = bound
    rest = ", ".join(
        f"{display_name(d.dimension)} in {number_text(d.binding.value, 'share')}"
        for d in others
        if d.binding.value >= SELDOM
    )
    share = f"{display_name(first.dimension)} in {with_interval(first.binding, 'share')} of failing answers"
    is_shown = _fails_most(profile) is not None or not others
    begins = "Binding dimension" if is_shown else "No dimension is shown to fail most; binding dimension"
    yield f"{begins}: {share}{f', {rest}' if rest else ''}."


def _fails_most(profile: FailureProfile) -> DimensionFailures | None:
    """The dimension that decides most fails, if its interval lies above that of every other."""
    worst = profile.worst
    others = [d.binding for d in profile.dimensions if d is not worst]
    if worst is None or not others:
        return None
    # An interval is missing where the share does not vary, such as for a dimension that decides no fail.
    highest = max(other.value if math.isnan(other.high) else other.high for other in others)
    lowest = worst.binding.value if math.isnan(worst.binding.low) else worst.binding.low
    return worst if profile.n_fail >= FEW_FAILS and lowest > highest else None


def where_words(sliced: Sequence[SliceTable], n_tests: int) -> Iterator[str]:
    """Slices with a lower pass rate than all other items, largest difference first; one for each field."""
    low = [(one, s) for one in sliced if (s := _lowest(one)) is not None]
    low.sort(key=lambda pair: pair[1].against_rest.difference.value)
    for one, s in low[:3]:
        d = s.against_rest.difference
        yield (
            f"The pass rate is lower where {field_name(one.field)} is {s.label}: "
            f"{with_interval(s.passing.estimate, 'share')}, "
            f"{number_text(abs(d.value), 'points').lstrip('+')} percentage points below all other items (p "
            f"{p_phrase(s.against_rest.p_adjusted)}, Holm-adjusted for {counted(n_tests, 'test')})."
        )
    names = ", ".join(field_name(one.field) for one in sliced)
    if sliced and all(s.small for one in sliced for s in one.slices):
        yield f"Every slice by {names} has fewer than {SMALL} verdicts, too few to compare slices."
    elif sliced and not low:
        yield f"No slice by {names} with at least {SMALL} verdicts has a significantly lower pass rate."


def _lowest(one: SliceTable) -> Slice | None:
    """The slice with the lowest pass rate, among the large ones that differ significantly."""
    below = [
        s
        for s in one.slices
        if not s.small and s.against_rest.p_adjusted <= ALPHA and s.against_rest.difference.value < 0
    ]
    return min(below, key=lambda s: s.against_rest.difference.value, default=None)


def warnings(source: RunData, passing: PassRate, cluster: str | None) -> Iterator[str]:
    """Limitations that a reader must know before relying on the findings."""
    table = source.table
    yield from headlines.of_table(table)
    if source.about.get("judge") == BASELINE:
        yield (
            "These scores come from the baseline (word overlap, no language model). They are a lower bound "
            "for real judges and do not measure quality."
        )
    if selection := source.about.get("selection"):
        yield f"This is a pilot: a {selection}. All figures are estimates for the items of the whole input."
    if source.summary:
        yield from _copied_warnings(source.summary)
    missing = n_without_verdict(table)
    if missing > MANY_MISSING * passing.n:
        advice = " Read the pass rate together with its bounds." if table.no_verdict == "bounds" else ""
        share = number_text(missing / passing.n, "share")
        yield f"{share} of verdicts are missing, probably not at random.{advice}"
    n, clusters = passing.n_pass + passing.n_fail, _clusters(table, cluster)
    if 0 < n < FEW_VERDICTS:
        yield f"Only {counted(n, 'verdict')}: all results are preliminary."
    if clusters is not None and len(np.unique(clusters)) < FEW_CLUSTERS:
        yield (
            f"Only {counted(len(np.unique(clusters)), 'group')} of answers that share one "
            f"{_shared(table, cluster)}: intervals depend on the number of groups and are approximate."
        )
    if clusters is None and n > 1 and table.n_questions == 1:
        yield (
            "All answers are to one question (text, pictures and reference): the intervals generalize to "
            "other answers to this question, not to other questions."
        )
    if table.n_samples > 1:
        yield (
            f"Every answer was judged {table.n_samples} times; these results use the first judgment "
            "(sample 0)."
        )


def _copied_warnings(summary: RunSummary) -> Iterator[str]:
    if n := summary.with_verdict_in_text:
        yield (
            f"{counted(n, 'item holds', 'items hold')} text that looks like a verdict of the judge, which "
            "may be written to obtain a score (prompt injection): section anomalies."
        )
    if n := summary.lost_to_copied_verdict:
        yield (
            f"No score for {counted(n, 'item')}, because the reply only copies a verdict from the item or a "
            "worked example. The pass rate leaves these items out."
        )


def comparison_words(of: RunComparison) -> Iterator[str]:
    """Whether the runs differ, by how much, and in which slices."""
    change, d = of.passing, of.passing.difference
    if not d.n_items:
        yield "No pair has a verdict on both sides, so the pass rates cannot be compared."
        return
    with_both = "" if of.a.no_verdict == "fail" else " with both verdicts"
    yield (
        f"{of.a.name} passes {with_interval(change.a, 'share')}, {of.b.name} "
        f"{with_interval(change.b, 'share')}, of the {counted(d.n_items, 'pair')}{with_both}."
    )
    if not change.n_up and not change.n_down:
        yield "All verdicts are equal."
    elif change.p <= ALPHA:
        more = "more" if d.value > 0 else "fewer"
        yield (
            f"{of.b.name} passes {more}: {with_interval(d, 'points')} percentage points, p "
            f"{p_phrase(change.p)}. {_flipped(of)}"
        )
    else:
        yield (
            f"No significant difference was found: {with_interval(d, 'points')} percentage points, p "
            f"{p_phrase(change.p)}. {_flipped(of)} The interval shows how large a difference is still "
            "possible."
        )
    yield from _changed_dimensions(of)
    yield from _changed_slices(of)


def _flipped(of: RunComparison) -> str:
    up = counted(of.passing.n_up, "answer passes", "answers pass")
    return f"{up} only in {of.b.name}, {of.passing.n_down:,} only in {of.a.name}."


def _changed_dimensions(of: RunComparison) -> Iterator[str]:
    changed = [c for c in of.dimensions if c.p_adjusted <= ALPHA]
    if changed:
        changed.sort(key=lambda c: -abs(c.difference.value))
        listed = ", ".join(f"{display_name(c.name)} {with_interval(c.difference, 'change')}" for c in changed)
        yield f"Mean scores that differ significantly, largest difference first: {listed}."


def _changed_slices(of: RunComparison) -> Iterator[str]:
    for field, changes in of.slices.items():
        changed = [c for c in changes if c.p_adjusted <= ALPHA and not c.small]
        if changed:
            most = max(changed, key=lambda c: abs(c.difference.value))
            yield (
                f"By {field_name(field)}, the pass rates differ most for {most.name}: "
                f"{with_interval(most.difference, 'points')} percentage points."
            )


def comparison_warnings(of: RunComparison, judges: tuple[str, str]) -> Iterator[str]:
    """Limitations of a comparison of two runs."""
    n = len(of.a)
    left_out = len(of.only_a) + len(of.only_b)
    if left_out:
        yield (
            f"{counted(left_out, 'item is', 'items are')} in one run only, and excluded "
            f"({len(of.only_a):,} of {of.a.name}, {len(of.only_b):,} of {of.b.name})."
        )
    if of.same_questions < n:
        yield (
            f"{n - of.same_questions:,} of {n:,} pairs have different questions. Check that the runs hold "
            "the same items."
        )
    if not same_rubric(of.a.rubric, of.b.rubric):
        yield "The runs were scored with different rubrics; each run is evaluated with its own pass rule."
    if of.n_missing:
        yield f"In {counted(of.n_missing, 'pair')} a verdict is missing. {_missing_in_pairs(of)}"
    if judges[0] != judges[1] and of.same_answers < n:
        yield (
            f"The judges differ ({judges[0]} and {judges[1]}) and the answers differ: a difference may "
            "come from either."
        )
    elif judges[0] != judges[1]:
        yield f"All answers are identical: this is a comparison of two judges, {judges[0]} and {judges[1]}."


def _missing_in_pairs(of: RunComparison) -> str:
    """How the pairs in which a verdict is missing are counted."""
    if of.a.no_verdict == "fail":
        return "It counts as a fail."
    if of.a.no_verdict == "drop":
        return "These pairs are left out."
    least, most = (number_text(end, "points") for end in (of.least, of.most))
    return (
        "These pairs are left out; with any verdicts in the place of the missing ones, the difference of the "
        f"pass rates lies between {least} and {most} percentage points."
    )


def leaderboard_words(board: Leaderboard) -> Iterator[str]:
    """Which system has the highest pass rate, and how certain that is."""
    leaders = [s for s in board.standings if s.rank == 1]
    names = [s.name for s in leaders]
    best = leaders[0]
    if len(leaders) == 1:
        verb = f"{best.name} has the highest pass rate,"
    else:
        verb = f"{', '.join(names[:-1])} and {names[-1]} share the highest pass rate,"
    rate = with_interval(best.passing.estimate, "share")
    if board.n_groups < 2:
        yield f"{verb} {rate}, but all answers are to one question, too little data to compare systems."
        return
    first = f"; it ranks first in {number_text(best.first, 'share')} of resamples"
    yield f"{verb} {rate}{first if len(leaders) == 1 else ''}."
    others = [s.name for s in board.standings if s.rank > 1]
    rivals = [name for name in others if any(_not_shown_to_differ(board, leader, name) for leader in names)]
    if rivals:
        yield f"No significant difference was found from {', '.join(rivals)}."
    elif others:
        who = "every other system" if len(others) > 1 else others[0]
        yield f"{'It differs' if len(leaders) == 1 else 'They differ'} significantly from {who}."


def _not_shown_to_differ(board: Leaderboard, better: str, worse: str) -> bool:
    """Whether the difference is not significant."""
    return not board.contrasts[better, worse].p_adjusted <= ALPHA


def leaderboard_warnings(board: Leaderboard, *, same_answers: bool = False) -> Iterator[str]:
    """Limitations of a ranking."""
    if same_answers:
        yield (
            "All runs judged the same answers: this order shows which judge is most lenient, not which "
            "system is best. For a panel see: judge report RUN RUN"
        )
    fewest, most = board.n_answered
    if board.matched_by == "nothing":
        yield (
            "The systems have no question in common (no shared id, pair_id or question), so they are "
            "compared as independent samples: differences between systems are confounded with differences "
            "between questions."
        )
    elif fewest < most or board.n_common < most:
        yield (
            f"Not every system answered every question: {board.n_common:,} are shared, of "
            f"{fewest:,} to {most:,} per system. The questions without an answer may be the difficult ones."
        )


def methods(table: ScoreTable, cluster: str | None) -> Iterator[str]:
    """How the statistics of one run were computed."""
    rule = " and ".join(
        f"{display_name(name)} >= {least:g}" for name, least in table.rubric.pass_rule.items()
    )
    yield f"An answer passes when {rule}. {_of_missing(table)}"
    yield from type_findings.methods(table)
    yield from _interval_methods(table, cluster)
    yield (
        "Slices: difference from the pass rate of all other items, with Newcombe's interval for independent "
        "samples from the intervals of both rates, and with their correlation where they share clusters (the "
        "paired jackknife where each cluster has as many items of both); p-values belong to these intervals "
        "and are Holm-adjusted over all slices of the report."
    )
    if not any(table.pass_mark(name) is not None for name in table.rubric.dimensions):
        return
    yield (
        "Binding dimension of a failing answer: the dimension farthest below its threshold, among those "
        "in the pass rule (among all where the overall score fails); ties are split equally."
    )


def _of_missing(table: ScoreTable) -> str:
    if table.no_verdict == "fail":
        return "Answers without a verdict count as fails."
    return "Missing scores count neither as pass nor as fail."


def _interval_methods(table: ScoreTable, cluster: str | None) -> Iterator[str]:
    clusters = _clusters(table, cluster)
    if clusters is None:
        yield (
            "Intervals are 95 %: Wilson for proportions, Student's t for means. Items are treated "
            "as independent."
        )
    else:
        yield (
            f"Intervals are 95 % and cluster-robust: answers that share one {_shared(table, cluster)} form a "
            f"cluster ({len(clusters):,} answers in {counted(len(np.unique(clusters)), 'cluster')}). Wilson "
            "with the effective sample size for proportions, jackknife with Student's t for means."
        )


def _clusters(table: ScoreTable, cluster: str | None) -> Groups:
    """Cluster of each answer that is judged on anything; None if answers are independent."""
    found = table.clusters(cluster)
    return None if found is None else found[table.is_judged]


def _shared(table: ScoreTable, cluster: str | None) -> str:
    """What the answers of one cluster share."""
    return shared_field(table.cluster_field(cluster) or "")


def comparison_methods(of: RunComparison, cluster: str | None) -> Iterator[str]:
    """How the statistics of a comparison were computed."""
    yield f"Every difference is {of.b.name} minus {of.a.name}, on items matched by {of.matched_by}."
    yield from _interval_methods(of.a, cluster)
    yield (
        "Pass rates: McNemar's mid-p test and Newcombe's interval where pairs are independent, otherwise "
        "the paired jackknife over clusters; the same tests as in judge leaderboard, on pairs with both "
        "verdicts. Means: paired jackknife with Student's t. p-values are Holm-adjusted within each table."
    )
