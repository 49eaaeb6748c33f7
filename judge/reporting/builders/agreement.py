"""Agreement between judge and human raters -> Report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.by_slice import Disagreement, disagreements
from judge.analysis.agreement.coefficients import AGREEMENT
from judge.analysis.ratings import Ratings
from judge.reporting.builders.answers import MOST_ANSWERS, MOST_IN_FULL
from judge.reporting.document import Case, Judgment, ListedAnswers, OtherEstimators, Section, Table
from judge.reporting.figures.agreement_figures import drawer
from judge.reporting.findings import agreement_findings as findings
from judge.reporting.findings import agreement_methods
from judge.reporting.report import Report
from judge.reporting.tables import agreement_details as details
from judge.reporting.tables import agreement_sections as sections
from judge.reporting.tables import agreement_summary as summary
from judge.reporting.tables import agreement_tables as tables
from judge.reporting.tables import criterion_tables, judge_tables, verdict_tables
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.tables.approval_table import approval_table
from judge.reporting.tables.corrected_tables import (
    corrected_section,
    named_corrections,
    other_estimators,
)
from judge.reporting.tables.prediction_table import prediction
from judge.reporting.tables.probability_table import probabilities
from judge.reporting.tables.selection_table import selection
from judge.reporting.wording import clusters_phrase, counted, dimension_name, listed
from judge.stats.engine.estimate import Estimate

MOST_TABLES = 2
"""With more pairs of judge and dimension, the tables of each pair are details (not in the terminal)."""


def build_agreement(found: Agreement) -> Report:
    """Build the report of `judge agree`."""
    labels = Labels(list(found.aligned.ratings), found.judges)
    return Report(
        "agree",
        _title(found),
        tuple(findings.verdict_words(found)),
        tuple(findings.warnings(found)),
        tuple(section for section in _sections(found, labels) if section.tables or section.cases),
        named_estimates(found),
        found.aligned.about,
        tuple(agreement_methods.methods(found)),
        drawer(found),
        _short(found),
        other_estimators=_other_estimators(found),
        answers=partial(_answers, found),
    )


def named_estimates(found: Agreement) -> dict[str, Estimate]:
    """Estimates by name, for gates: ``kappa_quadratic.clarity``, ``people.alpha.clarity``.

    With several judges, a name ends in ``@judge``; ``judges.kappa_quadratic.clarity@b`` is the agreement of
    judge b minus that of the first.
    """
    named: dict[str, Estimate] = {}
    for one in found.judge_agreements:
        of = one.ratings.dimension + (f"@{one.judge}" if len(found.judges) > 1 else "")
        named |= {f"{name}.{of}": c.judge for name, c in one.comparisons.items()}
        named |= {f"difference.{name}.{of}": c.difference for name, c in one.comparisons.items()}
        named[f"bias.{of}"] = one.bias
        if one.pass_fail is not None:
            named |= {f"pass.{name}.{of}": e for name, e in one.pass_fail.estimates().items()}
        if one.corrected is not None:
            named[f"pass_rate.{of}"] = one.corrected.estimate
    for pair in found.judge_differences:
        of = f"{pair.dimension}@{pair.second}"
        named[f"judges.{pair.coefficient}.{of}"] = pair.corrected.difference
        named[f"judges.{AGREEMENT}.{of}"] = pair.raw.difference
    for name, people in found.human_agreements.items():
        named |= {f"people.{statistic}.{name}": e for statistic, e in people.estimates.items()}
    for approval in found.approvals.rows:
        several = len({one.judge for one in found.approvals.rows}) > 1
        of = approval.dimension.replace(" ", "_") + (f"@{approval.judge}" if several else "")
        named[f"approval.{of}"] = approval.rate
    return named | named_corrections(found.corrections, len(found.aligned.judges) > 1)


def _other_estimators(found: Agreement) -> OtherEstimators | None:
    several = len(found.aligned.judges) > 1
    return partial(other_estimators, found.corrections, several) if found.corrections.figures else None


def _title(found: Agreement) -> str:
    aligned = found.aligned
    if not found.human_agreements:
        return f"Approval of {listed(aligned.judges or ('the judge',))} (anchored ratings)"
    n = max((of.n_items for of in found.human_agreements.values()), default=0)
    items = f"{counted(n, 'item')}{_clusters(found)}"
    raters = counted(len(aligned.humans), "rating slot" if aligned.slots else "human rater")
    if not aligned.judges:
        return f"Agreement of {raters} on {items}"
    judges = aligned.judges[0] if len(aligned.judges) == 1 else counted(len(found.disagreements), "judge")
    return f"Agreement of {judges} with {raters} on {items}"


def _clusters(found: Agreement) -> str:
    """Number of clusters of the rated items, where items are not independent."""
    field = found.aligned.cluster
    rated = (one.take(one.rated) for one in found.aligned.ratings.values() if one.item_rows is None)
    held = max((len(set(one.clusters.tolist())) for one in rated if one.clusters is not None), default=0)
    return f" ({clusters_phrase(held, field)})" if field and held else ""


def _sections(found: Agreement, labels: Labels) -> Iterator[Section]:
    approval = _section("approval", approval_table(found.approvals))
    if not found.human_agreements:
        yield approval
        return
    people = Section("people", "Human-human agreement", tables=(tables.people_alone(found),))
    if not found.judge_agreements:
        yield approval
        yield people
        yield _raters(found)
        return
    verdicts = tables.verdicts(found, labels)
    corrected_agreement, raw = tables.beside(found, labels)
    first = (*((verdicts,) if verdicts else ()), corrected_agreement)
    yield _section("summary", summary.summary(found, labels))
    yield _judges(found)
    if found.selected_on:
        yield Section("chosen", "Chosen on other items", tables=tuple(selection(found)))
    yield Section("agreement", "Judge-human agreement", tables=first)
    yield _section("rates", summary.rates(found, labels))
    yield _section("pass_rates", summary.pass_rates(found, labels))
    yield approval
    yield people
    yield _section("raw", raw)
    levels, medians = tables.levels(found, labels), tables.medians(found, labels)
    yield Section("levels", levels.title, tables=(levels, *((medians,) if medians else ())))
    yield _section("abstentions", verdict_tables.abstentions(found, labels))
    passing = (
        verdict_tables.passing(found, labels),
        verdict_tables.no_verdict(found, labels),
    )
    yield Section("verdicts", "Pass/fail verdicts", tables=tuple(t for t in passing if t))
    yield corrected_section(found.corrections, labels, found.aligned.design)
    yield Section("criteria", "Agreement on criteria", tables=tuple(criterion_tables.by_criterion(found)))
    tests = (tables.omega(found, labels), tables.alt_tests(found, labels))
    ranked = judge_tables.advantages(found)
    yield Section("annotators", "Alternative annotator test", tables=(*(t for t in tests if t), *ranked))
    for field in dict.fromkeys(one.field for one in found.slices):
        yield _section(f"slices:{field}", details.slices(found, labels, field))
    yield Section("ranking", "Ranking of systems", tables=tuple(sections.ranking(found, labels)))
    yield _raters(found)
    yield _section("ranks", sections.ranks(found, labels))
    yield _section("prediction", prediction(found, labels))
    yield _section("probabilities", probabilities(found, labels))
    panel = (judge_tables.gains(found), details.panel(found.panel) if found.panel else None)
    yield Section("panel", "Panel of judges", tables=tuple(t for t in panel if t))
    yield _section("bias", details.bias_checks(found, labels))
    yield Section("details", "Details by judge and dimension", tables=tuple(_details(found)))
    yield from _disagreements(found)


def _judges(found: Agreement) -> Section:
    table = judge_tables.judges(found)
    tables = (*((table,) if table else ()), *judge_tables.by_slice(found))
    return Section("judges", "Judge against judge", tables=tables)


def _raters(found: Agreement) -> Section:
    return Section("raters", "Human raters", tables=tuple(sections.raters(found)))


def _section(key: str, table: Table | None) -> Section:
    """Section of one table with its title; without a table it is empty, and left out."""
    return Section(key, table.title if table else "", tables=(table,) if table else ())


def _short(found: Agreement) -> tuple[str, ...]:
    """Names of the sections shown first: the answer to the question, and what was asked for by an option."""
    if not found.judge_agreements:
        return ("people", "approval")
    asked = {
        "judges": bool(found.judge_differences),
        "approval": bool(found.approvals.rows),
        "chosen": bool(found.selected_on),
        "criteria": bool(found.tags or found.single_criteria),
        "slices": bool(found.slices),
        "annotators": found.criteria.epsilon is not None,
        "panel": bool(found.panel_gains),
    }
    return ("summary", *(name for name, is_asked in asked.items() if is_asked))


def _details(found: Agreement) -> Iterator[Table]:
    if not found.selected_on:
        yield from selection(found)
    hidden = len(found.judge_agreements) > MOST_TABLES
    for one in found.judge_agreements:
        yield from (replace(table, detail=hidden or table.detail) for table in details.details(one))


def _disagreements(found: Agreement) -> Iterator[Section]:
    for judge, worst in found.disagreements.items():
        table = details.disagreements(found, judge, worst)
        cases = tuple(_case(found, judge, one) for one in worst) if details.has_texts(found) else ()
        if worst:
            yield Section(table.key, table.title, tables=(table,), cases=cases)


def _answers(found: Agreement) -> list[ListedAnswers]:
    """Answers on which each judge differs from people, the largest differences first."""
    made = []
    for judge in found.disagreements:
        every = disagreements(found.aligned, judge, len(found.aligned.items))
        table = details.disagreements(found, judge, every[:MOST_ANSWERS])
        cases = {found.aligned.items[one.item].id: _case(found, judge, one) for one in every[:MOST_IN_FULL]}
        shown = cases if details.has_texts(found) else {}
        see_all = f"judge agree RUN --humans RATINGS --disagreements {len(every)} --csv FOLDER"
        made.append(ListedAnswers(table.key, table.title, table, shown, len(every), "disagreements", see_all))
    return made


def _case(found: Agreement, judge: str, one: Disagreement) -> Case:
    item = found.aligned.items[one.item]
    ratings = found.aligned.ratings[one.dimension]
    human = details.human_ratings_text(ratings, one.item)
    of_judge = ratings.name_of(ratings.column(judge)[one.item])
    note = f"{dimension_name(one.dimension)}: judge {of_judge}, humans {human}"
    of_items = {name: p for name, p in found.aligned.ratings.items() if p.criteria is None}
    scores = {name: _shown(p, p.column(judge)[one.item]) for name, p in of_items.items()}
    reasons = {
        name: reason
        for name in found.aligned.ratings
        if (reason := found.aligned.reasons.get((judge, name, item.id)))
    }
    reasons = {one.dimension: reasons[one.dimension]} if one.dimension in reasons else reasons
    fields = {name: str(value) for name, value in item.metadata.items()}
    return Case(
        item.id,
        item.question,
        item.reference,
        item.images,
        fields,
        note,
        (Judgment("", item.answer, _outcome(found, judge, one.item), scores, reasons),),
    )


def _shown(ratings: Ratings, value: float) -> float | str | None:
    if np.isnan(value):
        return None
    return ratings.name_of(value) if ratings.scale.has_labels else float(value)


def _outcome(found: Agreement, judge: str, row: int) -> str:
    ratings = found.aligned.ratings.get("passes") or found.aligned.ratings.get("overall")
    marks = ratings.passed(ratings.column(judge)) if ratings else None
    if marks is None:
        return ""
    if np.isnan(marks[row]):
        return "no verdict"
    return "pass" if marks[row] else "fail"
