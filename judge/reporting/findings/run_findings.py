"""The findings in plain words: sentences that stand above the tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from judge.analysis import headlines
from judge.analysis.comparable import same_rubric
from judge.analysis.compare import RunComparison
from judge.analysis.failures import FailureProfile
from judge.analysis.leaderboard import Leaderboard
from judge.analysis.pass_rate import PassRate
from judge.analysis.score_table import OUTCOMES, QUESTION, ScoreTable
from judge.analysis.slices import SMALL, Slice, SliceTable
from judge.reporting.builders.run_data import RunData
from judge.reporting.document import CellKind
from judge.reporting.render.numbers import interval_text, number_text, p_text
from judge.reporting.tables.run_tables import counted, field_name, spoken
from judge.stats.engine.estimate import Estimate

ALPHA = 0.05
MANY_MISSING = 0.05
FEW_VERDICTS, FEW_CLUSTERS = 30, 10
BASELINE = "baseline"


def with_interval(estimate: Estimate, kind: CellKind) -> str:
    """A number and its interval in a sentence.

    >>> with_interval(Estimate(0.795, 0.784, 0.805), "share")
    '79.5 % [78.4, 80.5]'
    """
    return f"{number_text(estimate.value, kind)} {interval_text(estimate, kind)}".rstrip()


def pass_words(table: ScoreTable, passing: PassRate) -> Iterator[str]:
    """How many pass, and what the missing verdicts leave open."""
    n = passing.n_pass + passing.n_fail
    if n == 0:
        yield f"None of the {len(table):,} answers has a verdict, so nothing can be said about them."
    else:
        yield (
            f"{with_interval(passing.estimate, 'share')} of answers pass: {passing.n_pass:,} of {n:,} with a "
            f"verdict; {passing.n_fail:,} fail."
        )
    if passing.n_missing:
        counts = [(int((table.outcomes == status).sum()), status) for status in OUTCOMES if status != "ok"]
        why = ", ".join(f"{count:,} {status}" for count, status in counts if count)
        yield (
            f"{passing.n_missing:,} of {passing.n:,} have no verdict ({why}). Were they all fails, "
            f"{number_text(passing.worst, 'share')} would pass; all passes, "
            f"{number_text(passing.best, 'share')}."
        )


def failure_words(profile: FailureProfile) -> Iterator[str]:
    """Which dimension fails most."""
    worst = profile.worst
    if worst is None:
        return
    first = [d for d in profile.dimensions if d.binding.value >= worst.binding.value - 1e-9]
    others = [d for d in profile.dimensions if d not in first and d.binding.value >= 0.05]
    others.sort(key=lambda d: -d.binding.value)
    rest = ", ".join(f"{spoken(d.dimension)} in {number_text(d.binding.value, 'share')}" for d in others)
    names = " and ".join(spoken(d.dimension) for d in first)
    verb, they = ("fails", "it is") if len(first) == 1 else ("fail", "each is")
    yield (
        f"{names.capitalize()} {verb} most: {they} the binding dimension in "
        f"{with_interval(worst.binding, 'share')} of failing answers" + (f"; {rest}." if rest else ".")
    )


def where_words(sliced: Sequence[SliceTable], n_tests: int) -> Iterator[str]:
    """In which slices fewer pass than elsewhere, most different first; one a field."""
    low = [(one, s) for one in sliced if (s := _lowest(one)) is not None]
    low.sort(key=lambda pair: pair[1].against_rest.difference.value)
    for one, s in low[:3]:
        d = s.against_rest.difference
        yield (
            f"Fewer pass where {field_name(one.field)} is {s.label}: "
            f"{with_interval(s.passing.estimate, 'share')}, "
            f"{number_text(abs(d.value), 'points').lstrip('+')} points below the rest "
            f"(p {_p(s.against_rest.p_adjusted)} after Holm over {n_tests} tests)."
        )
    names = ", ".join(field_name(one.field) for one in sliced)
    if sliced and all(s.small for one in sliced for s in one.slices):
        yield f"Every slice by {names} has fewer than {SMALL} verdicts: too few to say where answers fail."
    elif sliced and not low:
        yield f"No slice of {SMALL} verdicts or more, by {names}, lies below the rest beyond chance."


def _lowest(one: SliceTable) -> Slice | None:
    """The slice farthest below the rest, of those that are beyond chance and not small."""
    below = [
        s
        for s in one.slices
        if not s.small and s.against_rest.p_adjusted <= ALPHA and s.against_rest.difference.value < 0
    ]
    return min(below, key=lambda s: s.against_rest.difference.value, default=None)


def warnings(source: RunData, passing: PassRate, cluster: str | None) -> Iterator[str]:
    """What has to be known before the verdict is believed."""
    table = source.table
    yield from headlines.of_table(table)
    if source.about.get("judge") == BASELINE:
        yield (
            "These scores are the baseline's: word overlap, no language model. They show that the tool works "
            "and are a floor for real judges, not a judgment."
        )
    yield from _copied_warnings(source.summary)
    if passing.n_missing > MANY_MISSING * passing.n:
        yield (
            f"{number_text(passing.n_missing / passing.n, 'share')} of verdicts are missing, and hardly at "
            "random: "
            "read the pass rate with its bounds."
        )
    n, clusters = passing.n_pass + passing.n_fail, table.clusters(cluster)
    if 0 < n < FEW_VERDICTS:
        yield f"Only {counted(n, 'verdict')}: every figure here is a hint."
    if clusters is not None and len(np.unique(clusters)) < FEW_CLUSTERS:
        yield (
            f"Only {counted(len(np.unique(clusters)), 'group')} of answers that share one "
            f"{_group(table, cluster)}: intervals rest on the number of groups and are rough."
        )
    if clusters is None and n > 1 and table.n_questions == 1:
        yield (
            "All answers are to one question (text, pictures and reference): the intervals say what other "
            "answers to it would show, and nothing about other questions."
        )
    if table.n_samples > 1:
        yield (
            f"Every answer was judged {table.n_samples} times; these figures use the first judgment "
            "(sample 0)."
        )


def _copied_warnings(summary: Mapping[str, Any]) -> Iterator[str]:
    if n := summary.get("with_verdict_in_text"):
        yield (
            f"Text that looks like a verdict of the judge stands in {counted(n, 'item')}. An answer may have "
            "been written to get a score that it does not deserve; the items are listed."
        )
    if n := summary.get("lost_to_copied_verdict"):
        yield (
            f"No score for {counted(n, 'item')}, because the reply only copies a verdict from the item or a "
            "worked example. The pass rate leaves these items out."
        )


def comparison_words(of: RunComparison) -> Iterator[str]:
    """Whether the runs differ, by how much, and where."""
    change, d = of.passing, of.passing.difference
    if not d.n_items:
        yield "No pair has a verdict on both sides, so the pass rates cannot be compared."
        return
    yield (
        f"{of.a.name} passes {with_interval(change.a, 'share')}, {of.b.name} "
        f"{with_interval(change.b, 'share')}, "
        f"of the {d.n_items:,} pairs with both verdicts."
    )
    if not change.n_up and not change.n_down:
        yield "No verdict differs."
    elif change.p <= ALPHA:
        more = "more" if d.value > 0 else "fewer"
        yield (
            f"{of.b.name} passes {more}: {with_interval(d, 'points')} points, p {_p(change.p)}. "
            f"{_flipped(of)}"
        )
    else:
        yield (
            f"No difference beyond chance was found: {with_interval(d, 'points')} points, p {_p(change.p)}. "
            f"{_flipped(of)} The interval says how large a difference may have been missed."
        )
    yield from _changed_dimensions(of)
    yield from _changed_slices(of)


def _flipped(of: RunComparison) -> str:
    return f"{of.passing.n_up:,} answers pass only in {of.b.name}, {of.passing.n_down:,} only in {of.a.name}."


def _changed_dimensions(of: RunComparison) -> Iterator[str]:
    changed = [c for c in of.dimensions if c.p_adjusted <= ALPHA]
    if changed:
        changed.sort(key=lambda c: -abs(c.difference.value))
        listed = ", ".join(f"{spoken(c.name)} {with_interval(c.difference, 'change')}" for c in changed)
        yield f"Mean scores that differ beyond chance (largest first): {listed}."


def _changed_slices(of: RunComparison) -> Iterator[str]:
    for field, changes in of.slices.items():
        changed = [c for c in changes if c.p_adjusted <= ALPHA and not c.small]
        if changed:
            most = max(changed, key=lambda c: abs(c.difference.value))
            yield (
                f"By {field_name(field)} the verdicts differ most for {most.name}: "
                f"{with_interval(most.difference, 'points')} points."
            )


def comparison_warnings(of: RunComparison, judges: tuple[str, str]) -> Iterator[str]:
    """What makes two runs hard to compare."""
    n = len(of.a)
    left_out = len(of.only_a) + len(of.only_b)
    if left_out:
        yield (
            f"{left_out:,} items have no partner and are left out ({len(of.only_a):,} of {of.a.name}, "
            f"{len(of.only_b):,} of {of.b.name})."
        )
    if of.same_questions < n:
        yield (
            f"{n - of.same_questions:,} of {n:,} pairs do not have the same question: are these the same "
            "items?"
        )
    if not same_rubric(of.a.rubric, of.b.rubric):
        yield "The runs were scored with different rubrics; each is held against its own pass rule."
    if judges[0] != judges[1] and of.same_answers < n:
        yield (
            f"Judges differ ({judges[0]} and {judges[1]}) and so do answers: a difference may come from "
            "either."
        )
    elif judges[0] != judges[1]:
        yield f"All answers are the same: this compares two judges, {judges[0]} and {judges[1]}."


def leaderboard_words(board: Leaderboard) -> Iterator[str]:
    """Who leads, and whether that is sure."""
    leaders = [s for s in board.standings if s.rank == 1]
    names = [s.name for s in leaders]
    best = leaders[0]
    if len(leaders) == 1:
        it, verb = "it", f"{best.name} leads with"
    else:
        it, verb = "they", f"{', '.join(names[:-1])} and {names[-1]} share the lead with"
    rate = with_interval(best.passing.estimate, "share")
    if board.n_groups < 2:
        yield f"{verb} {rate}, but the answers are to one question only: too few to compare."
        return
    sure = f"; it is first in {number_text(best.first, 'share')} of resamples" if len(leaders) == 1 else ""
    yield f"{verb} {rate}{sure}."
    others = [s.name for s in board.standings if s.rank > 1]
    rivals = [name for name in others if any(_alike(board, leader, name) for leader in names)]
    if rivals:
        yield f"{it.capitalize()} cannot be told from {', '.join(rivals)}."
    elif others:
        yield f"{it.capitalize()} {'differs' if it == 'it' else 'differ'} from every other beyond chance."


def _alike(board: Leaderboard, better: str, worse: str) -> bool:
    """Whether no difference beyond chance was found."""
    return not board.contrasts[better, worse].p_adjusted <= ALPHA


def leaderboard_warnings(board: Leaderboard, *, same_answers: bool = False) -> Iterator[str]:
    """What makes systems hard to rank."""
    if same_answers:
        yield (
            "All runs judged the same answers: this order says which judge is mildest, not which system is "
            "best. judge report shows them as a panel."
        )
    fewest, most = board.n_answered
    if board.matched_by == "nothing":
        yield (
            "The systems answered no common question (no id, pair_id or question is shared), so "
            "differences are "
            "between independent samples: they mix systems with questions."
        )
    elif fewest < most or board.n_common < most:
        yield (
            f"Not every system answered every question: {board.n_common:,} are common, of "
            f"{fewest:,} to {most:,}. Missing ones may be the hard ones."
        )


def methods(table: ScoreTable, cluster: str | None) -> Iterator[str]:
    """How the figures of one run were computed."""
    rule = " and ".join(f"{spoken(name)} >= {least:g}" for name, least in table.rubric.pass_rule.items())
    yield f"An answer passes when {rule}. Missing scores are neither passes nor fails."
    yield from _interval_methods(table, cluster)
    yield (
        "Slices: difference to all other items, jackknife, Student's t; p adjusted by Holm over all slices "
        "of "
        "the report."
    )
    yield (
        "Binding dimension of a failing answer: the one farthest below its bar among those that the pass "
        "rule "
        "names (all of them where the overall score fails); ties count in equal parts."
    )


def _interval_methods(table: ScoreTable, cluster: str | None) -> Iterator[str]:
    clusters = table.clusters(cluster)
    if clusters is None:
        yield "Intervals are 95 %: Wilson's for shares, Student's t for means; items count as independent."
    else:
        yield (
            f"Intervals are 95 % and treat answers that share one {_group(table, cluster)} as belonging "
            f"together ({len(clusters):,} answers in {counted(len(np.unique(clusters)), 'group')}): Wilson's "
            "with the effective sample size for shares, the jackknife with Student's t for means. "
            "--cluster id keeps all apart."
        )


def _group(table: ScoreTable, cluster: str | None) -> str:
    """What answers of one group share, in words."""
    field = table.cluster_field(cluster) or ""
    return "question (text, pictures and reference)" if field == QUESTION else field_name(field)


def comparison_methods(of: RunComparison, cluster: str | None) -> Iterator[str]:
    """How the figures of a comparison were computed."""
    yield f"Every difference is {of.b.name} minus {of.a.name}, on items matched by {of.matched_by}."
    yield from _interval_methods(of.a, cluster)
    yield (
        "Pass rates: McNemar's mid-p test with Newcombe's interval where pairs are independent, else the "
        "paired "
        "jackknife over groups. Means: paired jackknife, Student's t. p adjusted by Holm within each table."
    )


def _p(p: float) -> str:
    text = p_text(p)
    return text.replace("<", "< ").replace(">", "> ") if text[0] in "<>" else f"= {text}"
