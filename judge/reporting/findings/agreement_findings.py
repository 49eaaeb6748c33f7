"""The findings of an agreement report, as sentences above the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from judge.analysis import headlines
from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.analysis.agreement.panel import STATISTICS
from judge.analysis.ratings import PASSES
from judge.records import OVERALL
from judge.reporting.document import CellKind
from judge.reporting.findings.design_words import misfit_words, shift_warning
from judge.reporting.findings.judge_findings import choice_words, judge_words, left_out_judges
from judge.reporting.findings.outcomes import (
    ADVICE,
    CHANCE,
    NO_VERDICT,
    Outcome,
    StatedOutcome,
    definite_first,
    outcome,
    stated_outcome,
    undefined_because,
    words_of_test,
)
from judge.reporting.render.numbers import number_text
from judge.reporting.tables.agreement_tables import CHANGES, UNITS, alt_verdict
from judge.reporting.wording import (
    counted,
    dimension_name,
    field_name,
    listed,
    p_phrase,
    with_interval,
)
from judge.stats.engine.estimate import FEW_CLUSTERS, Estimate
from judge.stats.judge_human.ceiling import NOT_ABOVE_CHANCE

ALPHA = 0.05
MANY_MISSING = 0.05
FEW_PEOPLE, FEW_ITEMS = 3, 50
MOST_SENTENCES = 8
_SEVERAL: dict[Outcome, str] = {
    "chance": "not shown to agree with people beyond chance (do not use there)",
}
"""Words about several judges that differ from those about one."""


def verdict_words(found: Agreement) -> Iterator[str]:
    """One sentence for each dimension of a single judge, or for each of several judges."""
    if not found.human_agreements:
        return
    if not found.judge_agreements:
        yield from _human_sentences(found)
    elif len(found.judge_agreements) == 1:
        yield from _judge_sentences(found.judge_agreements[0], found.criteria.set_by)
    elif len(found.judges) == 1:
        yield from _by_outcome(found)
    else:
        yield from _by_judge(found)
        yield from judge_words(found)
        yield from _panel_words(found)
    yield from choice_words(found)
    yield from _alt_words(found)
    yield from _slice_words(found)


def _human_sentences(found: Agreement) -> Iterator[str]:
    for name, of in list(found.human_agreements.items())[:MOST_SENTENCES]:
        alpha = of.estimates["alpha"]
        if alpha.defined:
            yield f"Human raters agree on {dimension_name(name)} with alpha {with_interval(alpha, 'score')}."
    if found.judges:
        yield (
            f"No answer has both a score of {listed(found.judges)} and a rating by people: rate answers that "
            "the judge scored."
        )
    else:
        yield "No judge was given: pass a run, or ratings whose rater_kind is judge."


def _judge_sentences(one: JudgeAgreement, set_by: str) -> Iterator[str]:
    name, main = dimension_name(one.ratings.dimension), one.main
    kind, change = UNITS[main.unit], CHANGES[main.unit]
    if outcome(one) == "chance" or not (main.judge.defined and main.human.defined):
        yield _level_sentence(one)
    if not (main.judge.defined and main.human.defined):
        pass
    elif one.verdict is not None and one.verdict.verdict is not None:
        v = one.verdict
        shown = v.wide if v.verdict == "better" else v.difference
        difference = f": difference in {main.title} {_with_level(shown, change)}"
        tested = words_of_test(one.verdict.verdict, v.margin, f" ({set_by})", difference)
        yield f"On {name} the judge {tested}."
    else:
        yield (
            f"On {name}, {main.title} between judge and human rater is "
            f"{number_text(main.judge.value, kind)}, between two human raters "
            f"{number_text(main.human.value, kind)}: difference {with_interval(main.difference, change)}."
        )
    if sentence := _bias_words(one):
        yield sentence


def _level_sentence(one: JudgeAgreement) -> str:
    """Agreement of the judge that may be due to chance, or has no human ceiling, or why it is undefined."""
    name, main = dimension_name(one.ratings.dimension), one.main
    if not main.judge.defined:
        return f"Agreement on {name} is undefined ({undefined_because(one)})."
    level = f"{main.title} {with_interval(main.judge, UNITS[main.unit])}"
    if outcome(one) == "chance":
        return f"On {name} the judge {CHANCE} ({level}). {ADVICE['chance']}"
    return f"On {name} the judge agrees with people with {level}; there is no human ceiling to compare with."


def _with_level(difference: Estimate, change: CellKind) -> str:
    return with_interval(difference, change).replace("[", f"[{100 * difference.confidence_level:.0f} %: ", 1)


def _bias_words(one: JudgeAgreement) -> str | None:
    if (more := _leaning(one)) is None:
        return None
    name = dimension_name(one.ratings.dimension)
    return f"On {name} the judge is more {more} than people by {_points(one.bias)}."


def _leaning(one: JudgeAgreement) -> str | None:
    """Whether the judge is more lenient or more severe than people; None where that is not shown."""
    if one.ratings.nominal or not (one.bias.low > 0 or one.bias.high < 0):
        return None
    return "lenient" if one.bias.value > 0 else "severe"


def _points(bias: Estimate) -> str:
    low, high = sorted((abs(bias.low), abs(bias.high)))
    return f"{abs(bias.value):.2f} points [{low:.2f}, {high:.2f}]"


def _by_outcome(found: Agreement) -> Iterator[str]:
    """Dimensions of a single judge by what is found on them, each with what to do; definite ones first."""
    groups: dict[StatedOutcome, list[str]] = {}
    for one in found.judge_agreements:
        groups.setdefault(stated_outcome(one), []).append(dimension_name(one.ratings.dimension))
    for stated, words in definite_first(groups, found.criteria.set_by):
        is_tested = stated.outcome != "better" or stated.margin is not None
        advice = ADVICE.get(stated.outcome, "") if is_tested else NO_VERDICT
        yield f"On {listed(groups[stated])} the judge {words}. {advice}".rstrip()
    leanings: dict[str, list[str]] = {}
    for one in found.judge_agreements:
        if (more := _leaning(one)) is not None:
            change = f"{dimension_name(one.ratings.dimension)} ({number_text(one.bias.value, 'change')})"
            leanings.setdefault(more, []).append(change)
    if leanings:
        parts = (f"more {more} on {listed(names)}" for more, names in leanings.items())
        yield f"The judge is {', '.join(parts)}. {_advice_on_pass_rates(found)}".rstrip()
    elif advice := _advice_on_pass_rates(found, if_needed=True):
        yield advice


def _advice_on_pass_rates(found: Agreement, *, if_needed: bool = False) -> str:
    """Whether to use the corrected pass rates: where the judge's own lie outside of their intervals."""
    corrected = {one.ratings.dimension: one.corrected for one in found.judge_agreements if one.corrected}
    needed = [
        dimension_name(name)
        for name, mean in corrected.items()
        if mean.uncorrected.value < mean.estimate.low or mean.uncorrected.value > mean.estimate.high
    ]
    if needed:
        return (
            f"Use the corrected pass rates on {listed(needed)}: the judge's own are outside their intervals."
        )
    is_said = corrected and not if_needed
    return "Its pass rates are not shown to need a correction." if is_said else ""


def _by_judge(found: Agreement) -> Iterator[str]:
    """Several judges by what is found about them, each with its dimensions; definite ones first."""
    n_dimensions = len({one.ratings.dimension for one in found.judge_agreements})
    groups: dict[StatedOutcome, dict[str, list[str]]] = {}
    for one in found.judge_agreements:
        groups.setdefault(stated_outcome(one), {}).setdefault(one.judge, []).append(one.ratings.dimension)
    for stated, words in definite_first(groups, found.criteria.set_by):
        judges: dict[str, list[str]] = {}
        for judge, names in groups[stated].items():
            is_all = len(names) == n_dimensions > 2
            judges.setdefault("all dimensions" if is_all else listed(_named(names)), []).append(judge)
        parts = "; ".join(f"{listed(names)} on {where}" for where, names in judges.items())
        yield f"{parts}: {_SEVERAL.get(stated.outcome, words)}."
    for judge in found.judges:
        if not any(one.judge == judge for one in found.judge_agreements):
            yield f"{judge} has no score on the rated items."


def _named(dimensions: Iterable[str]) -> list[str]:
    return [dimension_name(name) for name in dimensions]


def _panel_words(found: Agreement) -> Iterator[str]:
    better = [c for c in found.panel if c.cross_validated.value > c.all_judges.value]
    for choice in better[:2]:
        yield (
            f"On {dimension_name(choice.dimension)} the best panel is {' + '.join(choice.best)}. A panel "
            f"selected in this way reaches {number_text(choice.cross_validated.value, 'score')} "
            f"({STATISTICS[choice.statistic]}, cross-validated); all judges together reach "
            f"{number_text(choice.all_judges.value, 'score')}."
        )


def _alt_words(found: Agreement) -> Iterator[str]:
    if not found.alt_tests:
        return
    several = len(found.judges) > 1
    parts = [
        f"{dimension_name(name)}{f' ({judge})' if several else ''} {alt_verdict(test)}"
        for (judge, name), test in found.alt_tests.items()
    ]
    yield f"Alternative annotator test at epsilon {found.criteria.epsilon:g}: {'; '.join(parts)}."


def _slice_words(found: Agreement) -> Iterator[str]:
    judges = found.disagreements.keys()  # panels are left out
    significant = [s for s in found.slices if s.p_adjusted <= ALPHA and not s.small and s.judge in judges]
    for one in sorted(significant, key=lambda s: s.comparison.difference.value)[:3]:
        less = "less" if one.comparison.difference.value < 0 else "more"
        yield (
            f"Where {field_name(one.field)} is {one.label}, {one.judge} agrees with human raters {less} "
            f"than they agree with each other on {dimension_name(one.dimension)}: difference "
            f"{with_interval(one.comparison.difference, CHANGES[one.comparison.unit])} "
            f"(p {p_phrase(one.p_adjusted)}, Holm-adjusted)."
        )


def warnings(found: Agreement) -> Iterator[str]:
    """Limitations that a reader must know before relying on the findings."""
    aligned = found.aligned
    if not found.human_agreements:
        yield from aligned.notes
        return
    yield from _mix_warnings(found)
    yield from headlines.of_agreement(aligned)
    yield from left_out_judges(found)
    yield from aligned.notes
    people = max((p.n_people for p in found.human_agreements.values()), default=0)
    if people == 1:
        yield "Only one human rater: there is no human ceiling and no verdict."
    elif people < FEW_PEOPLE and found.judge_agreements:
        yield "Only two human raters: the human ceiling rests on one pair; use three or more."
    n = max((p.n_items for p in found.human_agreements.values()), default=0)
    if n < FEW_ITEMS:
        yield (f"Only {counted(n, 'rated item')}: all results are preliminary.")
    yield from _missing_words(found)
    yield from _ceiling_warnings(found)


def _mix_warnings(found: Agreement) -> Iterator[str]:
    """Warn where the rated answers are not the sample that they are taken for."""
    by_name = {one.ratings.dimension: one for one in reversed(found.judge_agreements)}
    one = next((by_name[name] for name in (PASSES, OVERALL) if name in by_name), None)
    if one is not None and found.aligned.label_shift and one.corrected is not None:
        yield from shift_warning(one.judge, one.corrected.estimate)
    if one is None or one.label_mix is None or not one.label_mix.differs or found.aligned.label_shift:
        return
    mix = one.label_mix
    if found.aligned.is_weighted:
        yield misfit_words(one.judge, mix)
        return
    rated, everything = number_text(mix.rated, "share"), number_text(mix.everything, "share")
    yield (
        f"The rated answers are no random sample: {one.judge} passes {rated} of them and {everything} of all "
        f"(p {p_phrase(mix.p)}). Rates of agreement, TPR, TNR, bias and kappa do not hold for all answers. "
        "If the sample was drawn by judge plan or judge study, keep its columns probability and stratum with "
        "the ratings. If the rated answers come from elsewhere, or were drawn by people's verdicts: "
        "--sampling label-shift."
    )


def of_members(found: Agreement) -> list[JudgeAgreement]:
    """Agreement of the judges themselves; a panel has ties and means that they do not have."""
    return [one for one in found.judge_agreements if one.judge in found.aligned.judges]


def _missing_words(found: Agreement) -> Iterator[str]:
    rated, missing = 0, 0
    for one in of_members(found):
        statuses = one.ratings.statuses[one.judge]
        rated += sum(statuses.values())
        missing += sum(statuses.values()) - statuses.get("ok", 0)
    if rated and missing / rated > MANY_MISSING:
        yield (f"{number_text(missing / rated, 'share')} of the judge's scores on rated items are missing.")


def _ceiling_warnings(found: Agreement) -> Iterator[str]:
    poor = [
        dimension_name(one.ratings.dimension)
        for one in found.judge_agreements
        if NOT_ABOVE_CHANCE in one.main.difference.notes and one.judge == found.aligned.judges[0]
        if one.main.human.reason is None
    ]
    if found.aligned.cluster and any(one.main.judge.n_clusters == 1 for one in found.judge_agreements):
        yield (
            f"The rated items are of one {field_name(found.aligned.cluster)}: there are no intervals. "
            "--cluster id takes the items as independent."
        )
    if poor:
        yield (
            f"On {', '.join(poor)} the interval of human-human agreement does not exclude agreement by "
            "chance, so reaching this human ceiling does not validate the judge."
        )
    if any(FEW_CLUSTERS in one.main.difference.notes for one in found.judge_agreements):
        unit = field_name(found.aligned.cluster) if found.aligned.cluster else "item"
        yield f"Fewer than 10 independent clusters ({unit}): intervals are approximate."
