"""Tables that compare runs or systems, and cases (single items in full)."""

from collections.abc import Sequence
from dataclasses import replace

from judge.analysis.compare import Change, Flip, RunComparison
from judge.analysis.failures import JudgedItem
from judge.analysis.item_fields import as_label
from judge.analysis.leaderboard import Leaderboard
from judge.analysis.slices import SMALL
from judge.reporting.document import Case, CellKind, Column, Judgment, Row, Table
from judge.reporting.tables.run_tables import marked
from judge.reporting.wording import display_name, field_name


def pass_change(of: RunComparison) -> Table:
    """Pass rate in both runs."""
    return _changes("pass_rate", "Pass rate", (of.passing,), of, "share")


def mean_changes(of: RunComparison) -> Table:
    """Mean score of each dimension in both runs."""
    named = [replace(change, name=display_name(change.name)) for change in of.dimensions]
    return _changes("means", "Mean scores", named, of, "score")


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
    rows = tuple((f.key, _outcome(f.a), _outcome(f.b)) for f in of.flips)
    return Table("flips", "Items with different verdicts", columns, rows, detail=True)


def standings(board: Leaderboard) -> Table:
    """Systems from best to worst."""
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
    )
    rows = tuple(
        (
            s.rank,
            s.name,
            s.passing.n_pass + s.passing.n_fail,
            s.passing.n_missing,
            s.passing.estimate,
            s.rank_low,
            s.rank_high,
            s.letters,
            s.first,
        )
        for s in board.standings
    )
    notes = (
        "Systems that share a letter were not shown to differ (paired tests, Holm-adjusted, alpha = .05). "
        "Ranks: 95 % bootstrap interval.",
    )
    return Table("leaderboard", "Leaderboard", columns, rows, notes)


def system_means(board: Leaderboard) -> Table:
    """Mean scores of every system."""
    names = list(board.standings[0].means)
    columns = (Column("system", "system"), *(Column(name, display_name(name), "score") for name in names))
    rows: tuple[Row, ...] = tuple((s.name, *(s.means.get(name) for name in names)) for s in board.standings)
    return Table("system_means", "Mean scores", columns, rows)


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
    return Judgment(label, judged.item.answer, _outcome(judged), judged.scores, judged.reasons)


def _outcome(judged: JudgedItem) -> str:
    return {True: "pass", False: "fail", None: "no verdict"}[judged.passed]
