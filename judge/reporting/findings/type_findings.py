"""The findings about criteria of the items, and how dimensions of several types are summarised."""

from collections.abc import Iterator

from judge.analysis.group_difference import Groups
from judge.analysis.measures import CriteriaGroup, all_criteria, single_criteria
from judge.analysis.score_table import ScoreTable
from judge.reporting.wording import counted, with_interval


def criteria_words(table: ScoreTable, clusters: Groups) -> Iterator[str]:
    """How many of the items' criteria are met, and which one answers fail most often."""
    for group in all_criteria(table, clusters):
        yield from _met_words(group)
    shared = [group for group in single_criteria(table, clusters) if group.n_items > 1]
    if shared and shared[0].n_failed:
        worst = shared[0]
        share, text = with_interval(worst.met.estimate(), "share"), worst.text.rstrip(".")
        what = "penalty that applies" if worst.is_penalty else "criterion that answers fail"
        verb = "it applies to" if worst.is_penalty else "it is met by"
        yield f"The {what} most often is “{text}”: {verb} {share} of {counted(worst.met.n, 'answer')}."


def _met_words(group: CriteriaGroup) -> Iterator[str]:
    what = ("penalty", "penalties") if group.is_penalty else ("criterion", "criteria")
    if not group.met.n:
        yield f"None of the {counted(len(group.met.values), *what)} of the items has a score."
        return
    verb = "apply" if group.is_penalty else "are met"
    missing = f"; {counted(group.met.n_missing, 'has', 'have')} no score" if group.met.n_missing else ""
    abstained = f" ({group.met.n_abstained:,} that the judge cannot tell)" if group.met.n_abstained else ""
    share = with_interval(group.met.estimate(), "share")
    yield f"{share} of {counted(group.met.n, *what)} of the items {verb}{missing}{abstained}."


def methods(table: ScoreTable) -> Iterator[str]:
    """How dimensions of several types and scales are summarised; nothing where there is one type."""
    rubric = table.rubric
    if rubric.is_uniform:
        return
    yield (
        "Each dimension is summarised by its type and on its own scale: scores by their mean, criteria by "
        "the share of answers that meet them, categories by the share of each label. No figure is an average "
        "over types."
    )
    if any(d.when for d in rubric.dimensions.values()):
        yield "A dimension that does not apply to an answer is in no denominator and no count of missing."
    if rubric.abstain:
        yield "Where the judge cannot tell, the score is missing, and counted apart."
    if rubric.overall.how == "points":
        yield "Overall score: points earned over positive points, between 0 and 1."
    if len(table.criteria):
        yield (
            "Criteria of the items: 95 % intervals with the items as clusters. Items share a criterion where "
            "they share its id, or its text where it has no id."
        )
