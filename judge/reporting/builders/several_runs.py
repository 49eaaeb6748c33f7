"""Several runs -> Report: a ranking of systems, or a panel of judges of the same answers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from judge.analysis.comparable import one_rubric, refuse_other_scales, refuse_same_names, same_answers
from judge.analysis.panel import JudgePanel, panel
from judge.reporting.builders.answers import answers_of_runs
from judge.reporting.builders.comparison import build_leaderboard
from judge.reporting.builders.comparison_sections import two_runs
from judge.reporting.builders.rubric_sections import rubric_sections
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.single_run import about, build_report, default_fields
from judge.reporting.document import Column, Row, Section, Table
from judge.reporting.render.numbers import number_text
from judge.reporting.report import Report
from judge.reporting.tables.run_tables import averages
from judge.reporting.wording import with_interval


def build_runs(sources: Sequence[RunData], *, by: Sequence[str] = (), cluster: str | None = None) -> Report:
    """Report several runs: their comparison first, then each run as in `build_report`.

    Raises
    ------
    InputError
        The scales of the runs differ, two have one name, or a field is missing.
    """
    tables = [source.table for source in sources]
    refuse_same_names(tables)
    refuse_other_scales(tables)
    together = _together(sources, cluster)
    single = [build_report(source, by=by, cluster=cluster, n_worst=0) for source in sources]
    parts = list(zip([table.name for table in tables], single, strict=True))
    own = [(name, section) for name, r in parts for section in r.sections if section.key != "rubric"]
    figures = {f"{figure}@{name}": estimate for name, r in parts for figure, estimate in r.estimates.items()}
    pair = two_runs(tables, by or default_fields(tables[0]), cluster)
    return Report(
        "report",
        together.title,
        (*together.verdict, *(f"{name}: {r.verdict[0]}" for name, r in parts)),
        (*together.warnings, *(f"{name}: {sentence}" for name, r in parts for sentence in r.warnings)),
        (
            *together.sections,
            *pair,
            *(_of_run(name, section) for name, section in own),
            *rubric_sections([table.rubric for table in tables]),
        ),
        together.estimates | figures,
        about(sources),
        tuple(dict.fromkeys((*together.methods, *(line for r in single for line in r.methods)))),
        short=tuple(section.name for section in (*together.sections, *(s for _, s in own[:1]))),
        answers=partial(answers_of_runs, dict(parts)),
    )


def _together(sources: Sequence[RunData], cluster: str | None) -> Report:
    """The comparison: a panel, a ranking, or neither where the rubrics differ."""
    tables = [source.table for source in sources]
    title = f"{len(sources)} runs"
    if same_answers(tables):
        return _panel_report(panel(tables, cluster))
    if not one_rubric(tables):
        unranked = (
            "The runs were scored with different rubrics, so they are not ranked; each run is evaluated with "
            "its own pass rule."
        )
        return Report("report", title, (), (unranked,), (), {}, {}, ())
    ranking = build_leaderboard(sources, cluster=cluster, bounds=False)  # each run has its own below
    return replace(ranking, title=title, estimates={})


def _panel_report(found: JudgePanel) -> Report:
    return Report(
        "report",
        f"A panel of {len(found.members)} judges on {found.n_answers:,} answers",
        tuple(_panel_words(found)),
        (),
        (Section("panel", "Panel of judges", tables=(_members(found), _pairs(found))),),
        {"same_verdict": found.unanimous},
        {},
        (
            "Same verdict: 95 % Wilson score interval, among answers with a verdict of both judges (for the "
            "panel: of all judges). Differences: McNemar's mid-p test with Newcombe's interval, or the "
            "paired jackknife over clusters.",
        ),
    )


def _panel_words(found: JudgePanel) -> Iterator[str]:
    yield (
        f"{len(found.members)} runs judged the same {found.n_answers:,} answers: they form a panel of "
        "judges and are not ranked. A judge with a higher pass rate is more lenient, not better."
    )
    if found.unanimous.defined:
        yield (
            f"All judges give the same verdict on {with_interval(found.unanimous, 'share')} of the "
            f"{found.unanimous.n_items:,} answers that all of them have a verdict on."
        )
    rated = [m for m in found.members if m.passing.estimate.defined]
    if len(rated) > 1:
        low, high = (choose(rated, key=lambda m: m.passing.estimate.value) for choose in (min, max))
        low_rate, high_rate = (number_text(m.passing.estimate.value, "share") for m in (low, high))
        if low_rate == high_rate:
            yield f"Every judge has a pass rate of {low_rate}."
        else:
            yield f"Pass rates range from {low_rate} ({low.name}) to {high_rate} ({high.name})."
    yield "Only human ratings can show which judge is right: judge agree RUN RUN --humans ratings.csv"


def _members(found: JudgePanel) -> Table:
    kinds = {name: kind for member in found.members for name, kind in member.kinds.items()}
    columns = (
        Column("run", "run"),
        Column("judge", "judge", detail=True),
        Column("n", "n", "count"),
        Column("missing", "no verdict", "count"),
        Column("pass_rate", "pass rate", "share"),
        *averages(kinds),
    )
    rows: tuple[Row, ...] = tuple(
        (
            m.name,
            m.judge,
            m.passing.n_pass + m.passing.n_fail,
            m.passing.n_no_verdict,
            m.passing.estimate,
            *map(m.means.get, kinds),
        )
        for m in found.members
    )
    return Table("panel", "Judges", columns, rows)


def _pairs(found: JudgePanel) -> Table:
    columns = (
        Column("first", "first"),
        Column("second", "second"),
        Column("pairs", "answers", "count"),
        Column("same_verdict", "same verdict", "share"),
        Column("difference", "second minus first (points)", "points"),
        Column("p", "p", "p"),
    )
    rows: tuple[Row, ...] = tuple(
        (p.first, p.second, p.change.difference.n_items, p.same_verdict, p.change.difference, p.change.p)
        for p in found.pairs
    )
    return Table("panel_pairs", "Pairs of judges", columns, rows)


def _of_run(name: str, section: Section) -> Section:
    """Prefix every key and title with the name of the run."""
    return replace(
        section,
        key=f"{name}/{section.key}",
        title=f"{name}: {section.title}",
        tables=tuple(replace(t, key=f"{name}/{t.key}", title=f"{name}: {t.title}") for t in section.tables),
    )
