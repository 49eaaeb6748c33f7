"""The findings of `judge agree` in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from judge.analysis import headlines
from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.reporting.document import CellKind
from judge.reporting.findings.run_findings import with_interval
from judge.reporting.render.numbers import number_text, p_text
from judge.reporting.tables.agreement_tables import CHANGES, UNITS, alt_verdict, part_name
from judge.reporting.tables.run_tables import counted, field_name
from judge.stats.engine.estimate import FEW_CLUSTERS, Estimate
from judge.stats.judge_human.ceiling import NOT_ABOVE_CHANCE

ALPHA = 0.05
MANY_MISSING = 0.05
FEW_PEOPLE, FEW_ITEMS = 3, 50
MOST_SENTENCES = 8
_FINDINGS = {
    "better": "agrees with people better than they agree with each other",
    "non-inferior": "agrees with people as well as they agree with each other",
    "inconclusive": "may or may not agree with people as well as they do with each other (inconclusive)",
    "worse": "agrees with people less than they agree with each other",
}


def verdict_words(found: Agreement) -> Iterator[str]:
    """The verdict first: one sentence a dimension for one judge, one a judge for several."""
    if not found.judge_agreements:
        yield from _people_words(found)
    elif len(found.aligned.judges) == 1:
        yield from (
            sentence
            for one in found.judge_agreements
            for sentence in _trust_words(one, found.criteria.set_by)
        )
    else:
        yield from (_judge_words(found, judge) for judge in found.aligned.judges)
        yield from _panel_words(found)
    if (
        found.judge_agreements
        and not any(one.verdict for one in found.judge_agreements)
        and _has_ceiling(found)
    ):
        yield (
            "No verdict: no margin was fixed. To get one, fix before looking how much less agreement would "
            "do: --margin 0.05, or margin = 0.05 in judge.toml."
        )
    yield from _alt_words(found)
    yield from _slice_words(found)


def _has_ceiling(found: Agreement) -> bool:
    return any(one.main.human.defined for one in found.judge_agreements)


def _people_words(found: Agreement) -> Iterator[str]:
    for name, of in list(found.human_agreements.items())[:MOST_SENTENCES]:
        alpha = of.estimates["alpha"]
        if alpha.defined:
            yield f"On {part_name(name)} people agree with alpha {with_interval(alpha, 'score')}."
    yield "There is no judge: give a run, or ratings with rater_kind judge."


def _trust_words(one: JudgeAgreement, set_by: str) -> Iterator[str]:
    name, main = part_name(one.ratings.dimension), one.main
    kind, change = UNITS[main.unit], CHANGES[main.unit]
    if not main.judge.defined:
        yield f"On {name} nothing can be said ({(main.judge.reason or 'no ratings').replace('_', ' ')})."
        return
    if not main.human.defined:
        yield (
            f"On {name} judge and people agree with {main.title} {with_interval(main.judge, kind)}; there is "
            "no human ceiling to hold that against."
        )
    elif one.verdict is not None and one.verdict.verdict is not None:
        v = one.verdict
        shown = v.wide if v.verdict == "better" else v.difference
        yield (
            f"On {name} the judge {_FINDINGS[str(v.verdict)]}: difference in {main.title} "
            f"{_with_level(shown, change)}, margin {v.margin:g} ({set_by})."
        )
    else:
        yield (
            f"On {name} judge and person agree with {main.title} {number_text(main.judge.value, kind)}, two "
            f"people with {number_text(main.human.value, kind)}: difference "
            f"{with_interval(main.difference, change)}."
        )
    if sentence := _bias_words(one):
        yield sentence


def _with_level(difference: Estimate, change: CellKind) -> str:
    return with_interval(difference, change).replace("[", f"[{100 * difference.level:.0f} %: ", 1)


def _bias_words(one: JudgeAgreement) -> str | None:
    bias = one.bias
    if not (bias.low > 0 or bias.high < 0):
        return None
    more = "lenient" if bias.value > 0 else "severe"
    if one.ratings.nominal:
        return None
    return f"On {part_name(one.ratings.dimension)} it is more {more} than people by {_points(bias)}."


def _points(bias: Estimate) -> str:
    low, high = sorted((abs(bias.low), abs(bias.high)))
    return f"{abs(bias.value):.2f} points [{low:.2f}, {high:.2f}]"


def _judge_words(found: Agreement, judge: str) -> str:
    """One judge of several on all dimensions."""
    groups: dict[str, list[str]] = {}
    for one in found.judge_agreements:
        if one.judge == judge:
            ruled = one.verdict is not None and one.verdict.verdict is not None
            finding = _FINDINGS[str(one.verdict.verdict)] if ruled and one.verdict else _against_people(one)
            groups.setdefault(finding, []).append(part_name(one.ratings.dimension))
    said = "; ".join(f"{finding} on {', '.join(names)}" for finding, names in groups.items())
    return f"{judge}: {said}."


def _against_people(one: JudgeAgreement) -> str:
    difference = one.main.difference
    if not difference.defined:
        return "not comparable"
    if difference.high < 0:
        return "below people's own level"
    if difference.low > 0:
        return "above people's own level"
    return "not told apart from it (no finding)"


def _panel_words(found: Agreement) -> Iterator[str]:
    told = [c for c in found.panel if c.cross_validated.value > c.all_judges.value]
    for choice in told[:2]:
        yield (
            f"On {part_name(choice.dimension)} {' + '.join(choice.best)} agrees best with people; choosing "
            f"like this gives {number_text(choice.cross_validated.value, 'score')} on items it was not "
            f"chosen on, all judges together {number_text(choice.all_judges.value, 'score')}."
        )


def _alt_words(found: Agreement) -> Iterator[str]:
    if not found.alt_tests:
        return
    several = len(found.aligned.judges) > 1
    parts = [
        f"{part_name(name)}{f' ({judge})' if several else ''} {alt_verdict(test)}"
        for (judge, name), test in found.alt_tests.items()
    ]
    yield f"Annotator test at epsilon {found.criteria.epsilon:g}: {'; '.join(parts)}."


def _slice_words(found: Agreement) -> Iterator[str]:
    judges = found.disagreements.keys()  # not the panels made of them
    told = [s for s in found.slices if s.p_adjusted <= ALPHA and not s.small and s.judge in judges]
    for one in sorted(told, key=lambda s: s.comparison.difference.value)[:3]:
        less = "less" if one.comparison.difference.value < 0 else "more"
        yield (
            f"Where {field_name(one.field)} is {one.label}, {one.judge} agrees with people {less} than they "
            f"do with each other on {part_name(one.dimension)}: difference "
            f"{with_interval(one.comparison.difference, CHANGES[one.comparison.unit])}, p adjusted "
            f"{p_text(one.p_adjusted)}."
        )


def warnings(found: Agreement) -> Iterator[str]:
    """What has to be known before the verdict is believed."""
    aligned = found.aligned
    yield from headlines.of_agreement(aligned)
    yield from aligned.notes
    people = max((p.n_people for p in found.human_agreements.values()), default=0)
    if people == 1:
        yield "Only one person rated: there is no human ceiling, and no verdict."
    elif people < FEW_PEOPLE and found.judge_agreements:
        yield "Only two people rated: their agreement is one pair's; three or more make a ceiling."
    n = max((p.n_items for p in found.human_agreements.values()), default=0)
    if n < FEW_ITEMS:
        yield f"Only {counted(n, 'rated item')}: every figure here is a hint. See: judge plan"
    yield from _missing_words(found)
    yield from _ceiling_warnings(found)
    yield from _paradox_words(found.judge_agreements)
    if any(not one.ratings.on_scale for one in found.judge_agreements):
        names = dict.fromkeys(
            part_name(one.ratings.dimension) for one in found.judge_agreements if not one.ratings.on_scale
        )
        yield (
            f"Scores on {', '.join(names)} lie between the points of the scale (means): distances count as "
            "equal (interval), and the same score is rare by construction."
        )


def _missing_words(found: Agreement) -> Iterator[str]:
    rated, missing = 0, 0
    for one in found.judge_agreements:
        statuses = one.ratings.statuses[one.judge]
        rated += sum(statuses.values())
        missing += sum(statuses.values()) - statuses.get("ok", 0)
    if rated and missing / rated > MANY_MISSING:
        yield (
            f"{number_text(missing / rated, 'share')} of the judge's scores on rated items are missing, and "
            "hardly at random; they are in no figure but the counts."
        )


def _ceiling_warnings(found: Agreement) -> Iterator[str]:
    poor = [
        part_name(one.ratings.dimension)
        for one in found.judge_agreements
        if NOT_ABOVE_CHANCE in one.main.difference.notes and one.judge == found.aligned.judges[0]
    ]
    if poor:
        yield (
            f"On {', '.join(poor)} people may agree with each other no better than by chance: such a ceiling "
            "is no yardstick, and reaching it proves nothing."
        )
    if any(FEW_CLUSTERS in one.main.difference.notes for one in found.judge_agreements):
        unit = field_name(found.aligned.cluster) if found.aligned.cluster else "item"
        yield f"Fewer than 10 independent groups ({unit}): intervals are rough."


def _paradox_words(trusts: Sequence[JudgeAgreement]) -> Iterator[str]:
    for kind, text in (
        ("skewed", "more than 80 % of answers pass, or fail,"),
        ("apart", "judge and people pass rates more than 10 points apart"),
    ):
        names = dict.fromkeys(part_name(one.ratings.dimension) for one in trusts if one.paradox == kind)
        if names:
            yield (
                f"{text[0].upper()}{text[1:]} on {', '.join(names)}: kappa is low by construction there; "
                "read it beside AC1 and the agreement on passes and on fails."
            )


def methods(found: Agreement) -> Iterator[str]:
    """How it was computed."""
    aligned, criteria = found.aligned, found.criteria
    yield from aligned.remarks
    unit = f"groups of items with one {field_name(aligned.cluster)}" if aligned.cluster else "items"
    calls = "one call of the judge an item"
    if aligned.reduction != "first":
        calls = f"the {aligned.reduction} of the judge's samples of an item"
    yield (
        f"About these people and {unit} like these, {calls}. Intervals are 95 %: jackknife over {unit} with "
        "Student's t (on log(1 - x) for coefficients), Wilson's for shares."
    )
    if criteria.margins:
        margins = (
            f"{m:g} of {name or 'the chance-corrected statistic'}" for name, m in criteria.margins.items()
        )
        yield f"Margin {', '.join(margins)}, {criteria.set_by}."
    if not aligned.slots and any(not part.nominal for part in aligned.ratings.values()):
        yield "Quadratic kappa equals Lin's concordance coefficient exactly; only one of them is shown."
    checks = [p.checked for p in found.human_agreements.values()]
    if any(checks):
        agreed = sum(c is True for c in checks)
        yield (
            f"Alpha was checked against the package krippendorff, an independent implementation: equal in "
            f"{agreed} of {sum(c is not None for c in checks)}."
        )
    if any(one.corrected is not None for one in found.judge_agreements):
        yield (
            "Corrected pass rates: predictive values by the judge's verdict, quantiles of draws of Beta "
            f"distributions (jackknife with groups), seed {criteria.seed}."
        )
    yield "Nothing is averaged over dimensions. No adjective stands at a kappa: people are the yardstick."
