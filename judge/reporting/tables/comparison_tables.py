"""Tables that compare runs or systems, and cases (single items in full)."""

from collections.abc import Sequence
from dataclasses import replace

from judge.analysis.compare import Change, Flip, RunComparison
from judge.analysis.failures import JudgedItem
from judge.analysis.item_fields import as_label
from judge.analysis.leaderboard import Leaderboard
from judge.analysis.slices import SMALL
from judge.records import OVERALL
from judge.reporting.document import Case, CellKind, Column, Judgment, Row, Table
from judge.reporting.render.numbers import number_text
from judge.reporting.tables.run_tables import averages, averages_title, marked, without
from judge.reporting.tables.type_tables import POINTS_EARNED
from judge.reporting.wording import display_name, field_name
from judge.rubric import CRITERIA


def changes(of: RunComparison) -> tuple[Table, ...]:
    """Pass rate, and means and shares of the dimensions by their type."""
    made = (mean_changes(of), met_changes(of), label_changes(of))
    kept = made[:1] if of.dimensions or not (of.met or of.labels) else ()
    return (pass_change(of), *kept, *(table for table in made[1:] if table.rows))


def pass_change(of: RunComparison) -> Table:
    """Pass rate in both runs."""
    return _changes("pass_rate", "Pass rate", (of.passing,), of, "share")


def mean_changes(of: RunComparison) -> Table:
    """Mean score of each dimension in both runs."""
    named = [replace(change, name=display_name(change.name)) for change in of.dimensions]
    return _changes("means", "Mean scores", named, of, "score")


def met_changes(of: RunComparison) -> Table:
    """Share of the answers that meet each criterion in both runs."""
    named = [replace(change, name=_criterion_name(change.name)) for change in of.met]
    return _changes("met", "Criteria met", named, of, "share")


def _criterion_name(name: str) -> str:
    return {CRITERIA: "criteria of the items", OVERALL: POINTS_EARNED}.get(name, display_name(name))


def label_changes(of: RunComparison) -> Table:
    """Share of the answers with each label of a category in both runs."""
    named = [replace(change, name=display_name(change.name)) for change in of.labels]
    return _changes("labels", "Labels", named, of, "share")


def slice_changes(of: RunComparison, field: str) -> Table:
    """Pass rate of each slice in both runs."""
    return _changes(f"slices:{field}", f"Pass rate by {field_name(field)}", of.slices[field], of, "share")


def _changes(key: str, title: str, rows: Sequence[Change], of: RunComparison, kind: CellKind) -> Table:
    """A measure in both runs, with its paired difference."""
    difference: CellKind = "points" if kind == "share" else "change"
    unit = " (points)" if kind == "share" else ""
    columns = (
        Column("what", ""),
        Column("pairs", "pairs", "count"),
        Column("a", of.a.name, kind),
        Column("b", of.b.name, kind),
        Column("difference", f"difference{unit}", difference),
        Column("p", "p", "p", detail=True),
        Column("p_holm", "p (Holm)", "p"),
        Column("up", "improved", "count", detail=True),
        Column("down", "worsened", "count", detail=True),
    )
    cells = tuple(
        (c.name, c.difference.n_items, c.a, c.b, c.difference, c.p, c.p_adjusted, c.n_up, c.n_down)
        for c in rows
    )
    small = tuple(i for i, c in enumerate(rows) if c.small)
    note = f"* fewer than {SMALL} pairs; interpret with caution."
    return marked(Table(key, title, columns, cells, small=small), note)


def unmatched(of: RunComparison) -> Table:
    """Items that occur in one run only."""
    columns = (Column("run", "run"), Column("item", "item"))
    sides = ((of.a.name, of.only_a), (of.b.name, of.only_b))
    rows: list[Row] = [(run, item) for run, items in sides for item in items]
    return Table("unmatched", "Items in one run only (excluded)", columns, tuple(rows), detail=True)


def flips(of: RunComparison) -> Table:
    """Every item whose verdict differs between the runs."""
    columns = (Column("item", "item"), Column("a", of.a.name), Column("b", of.b.name))
    rows = tuple((f.key, *map(_outcome, f.passed)) for f in of.flips)
    return Table("flips", "Items with different verdicts", columns, rows, detail=True)


def standings(board: Leaderboard, *, bounds: bool = False) -> Table:
    """Systems from best to worst; with `bounds`, the pass rates that missing verdicts leave open."""
    columns = (
        Column("rank", "rank", "count"),
        Column("system", "system"),
        Column("n", "n", "count"),
        Column("missing", "no verdict", "count"),
        Column("pass_rate", "pass rate", "share"),
        Column("rank_low", "best rank", "count"),
        Column("rank_high", "worst rank", "count"),
        Column("letters", "group"),
        Column("first", "ranked first", "share", detail=True),
        Column("worst", "if missing fail", "share", detail=True),
        Column("best", "if missing pass", "share", detail=True),
    )
    has_missing = any(s.passing.n_missing for s in board.standings)
    rows = tuple(
        (
            s.rank,
            s.name,
            s.passing.n_pass + s.passing.n_fail,
            s.passing.n_no_verdict,
            s.passing.estimate,
            s.rank_low,
            s.rank_high,
            s.letters,
            s.first,
            s.passing.worst,
            s.passing.best,
        )
        for s in board.standings
    )
    notes = [
        "Systems that share a letter were not shown to differ (paired tests, Holm-adjusted, alpha = .05). "
        "Best and worst rank: 95 % confidence sets that hold for all systems together."
    ]
    if bounds and has_missing:
        ranges = ", ".join(
            f"{s.name} {number_text(s.passing.worst, 'share')} to {number_text(s.passing.best, 'share')}"
            for s in board.standings
            if s.passing.n_missing
        )
        notes.append(f"Pass rates if all missing verdicts were fails, and if all were passes: {ranges}.")
    table = Table("leaderboard", "Leaderboard", columns, rows, tuple(notes))
    return table if bounds and has_missing else without(table, {"worst", "best"})


def system_means(board: Leaderboard) -> Table:
    """Mean scores of every system."""
    columns = (Column("system", "system"), *averages(board.kinds))
    rows: tuple[Row, ...] = tuple((s.name, *map(s.means.get, board.kinds)) for s in board.standings)
    return Table("system_means", averages_title(board.kinds), columns, rows)


def contrasts(board: Leaderboard) -> Table:
    """Pairwise differences between systems."""
    columns = (
        Column("better", "better"),
        Column("worse", "worse"),
        Column("difference", "difference (points)", "points"),
        Column("p", "p", "p", detail=True),
        Column("p_holm", "p (Holm)", "p"),
    )
    rows = tuple((a, b, c.difference, c.p, c.p_adjusted) for (a, b), c in board.contrasts.items())
    return Table("contrasts", "Pairwise differences between systems", columns, rows)


def case_of(judged: JudgedItem, note: str = "") -> Case:
    """One judged item in full."""
    return _case(judged, note, (_judgment(judged),))


def case_of_flip(flip: Flip, label_a: str, label_b: str) -> Case:
    """Two judgments of one item side by side."""
    note = f"passes in {label_b if flip.gained else label_a} only"
    return _case(flip.a, note, (_judgment(flip.a, label_a), _judgment(flip.b, label_b)))


def _case(judged: JudgedItem, note: str, judgments: tuple[Judgment, ...]) -> Case:
    item = judged.item
    fields = {name: as_label(value) for name, value in item.metadata.items() if value is not None}
    if item.system is not None:
        fields["system"] = item.system
    return Case(item.id, item.question, item.reference, item.images, fields, note, judgments)


def _judgment(judged: JudgedItem, label: str = "") -> Judgment:
    return Judgment(label, judged.item.answer, _outcome(judged.passed), judged.scores, judged.reasons)


def _outcome(passed: bool | None) -> str:
    return {True: "pass", False: "fail", None: "no verdict"}[passed]
