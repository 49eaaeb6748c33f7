"""Agreement -> Report: the verdict in plain words, then the tables, then the items to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.by_slice import Disagreement
from judge.reporting.document import Case, Judgment, Report, Section, Table
from judge.reporting.findings import agreement_findings as words
from judge.reporting.tables import agreement_details as single
from judge.reporting.tables import agreement_extras as findings
from judge.reporting.tables import agreement_tables as tables
from judge.reporting.tables.agreement_tables import Labels, part_name
from judge.reporting.tables.run_tables import counted
from judge.stats.engine.estimate import Estimate

MOST_TABLES = 2
"""With more than these, the tables of single judges on single dimensions stand in longer forms only."""


def build_agreement(found: Agreement) -> Report:
    """Everything that `judge agree` found, for any rendering."""
    labels = Labels(list(found.aligned.ratings), found.aligned.judges)
    return Report(
        "agree",
        _title(found),
        tuple(words.verdict_words(found)),
        tuple(words.warnings(found)),
        tuple(section for section in _sections(found, labels) if section.tables or section.cases),
        figures(found),
        found.aligned.about,
        tuple(words.methods(found)),
    )


def figures(found: Agreement) -> dict[str, Estimate]:
    """Estimates by name, for gates: ``kappa_quadratic.clarity``, ``people.alpha.clarity``.

    Judge levels carry the judge's name (``@name``) where there are several.
    """
    named: dict[str, Estimate] = {}
    for one in found.judge_agreements:
        of = one.ratings.dimension + (f"@{one.judge}" if len(found.aligned.judges) > 1 else "")
        named |= {f"{name}.{of}": c.judge for name, c in one.comparisons.items()}
        named |= {f"difference.{name}.{of}": c.difference for name, c in one.comparisons.items()}
        named[f"bias.{of}"] = one.bias
        if one.pass_fail is not None:
            named |= {f"pass.{name}.{of}": e for name, e in one.pass_fail.estimates().items()}
        if one.corrected is not None:
            named[f"pass_rate.{of}"] = one.corrected.corrected
    for name, people in found.human_agreements.items():
        named |= {f"people.{statistic}.{name}": e for statistic, e in people.estimates.items()}
    return named


def _title(found: Agreement) -> str:
    aligned = found.aligned
    n = max((of.n_items for of in found.human_agreements.values()), default=0)
    raters = counted(len(aligned.humans), "slot" if aligned.slots else "person").replace("persons", "people")
    if not aligned.judges:
        return f"{raters} on {counted(n, 'item')}"
    judges = aligned.judges[0] if len(aligned.judges) == 1 else counted(len(found.disagreements), "judge")
    return f"{judges} against {raters} on {counted(n, 'item')}"


def _sections(found: Agreement, labels: Labels) -> Iterator[Section]:
    yield Section("people", "People among themselves", tables=(tables.people_alone(found),))
    if not found.judge_agreements:
        return
    verdicts = tables.verdicts(found, labels)
    first = (*((verdicts,) if verdicts else ()), *tables.beside(found, labels))
    yield Section("agreement", "Judge and people", tables=first)
    yield Section("levels", "Where the scores lie", tables=(tables.levels(found, labels),))
    passing = (tables.passing(found, labels), tables.corrected(found, labels))
    yield Section("passing", "Pass or fail", tables=tuple(t for t in passing if t))
    tests = (tables.omega(found, labels), tables.alt_tests(found, labels))
    yield Section("annotators", "Could it stand in for a person", tables=tuple(t for t in tests if t))
    for field in dict.fromkeys(one.field for one in found.slices):
        table = findings.slices(found, labels, field)
        yield Section(f"by {field}", table.title, tables=(table,))
    if found.panel:
        yield Section("panel", "Several judges", tables=(findings.panel(found.panel),))
    odd = findings.oddities(found, labels)
    yield Section("oddities", "What is odd", tables=(odd,) if odd else ())
    yield Section("details", "In detail", tables=tuple(_details(found)))
    yield from _disagreements(found)


def _details(found: Agreement) -> Iterator[Table]:
    hidden = len(found.judge_agreements) > MOST_TABLES
    for one in found.judge_agreements:
        yield from (replace(table, detail=hidden) for table in single.details(one))


def _disagreements(found: Agreement) -> Iterator[Section]:
    for judge, worst in found.disagreements.items():
        table = single.disagreements(found, judge)
        cases = tuple(_case(found, judge, one) for one in worst) if single.has_texts(found) else ()
        if worst:
            yield Section(table.key, table.title, tables=(table,), cases=cases)


def _case(found: Agreement, judge: str, one: Disagreement) -> Case:
    item = found.aligned.items[one.item]
    part = found.aligned.ratings[one.dimension]
    said = single.people_said(part, one.item)
    note = f"{part_name(one.dimension)}: judge {part.column(judge)[one.item]:g}, people {said}"
    scores = {name: _known(p.column(judge)[one.item]) for name, p in found.aligned.ratings.items()}
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


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _outcome(found: Agreement, judge: str, row: int) -> str:
    part = found.aligned.ratings.get("passes") or found.aligned.ratings.get("overall")
    marks = part.passed(part.column(judge)) if part else None
    if marks is None:
        return ""
    if np.isnan(marks[row]):
        return "no verdict"
    return "pass" if marks[row] else "fail"
