"""Expected scores and their spread, within the judge's distribution for one answer and between answers."""

from collections.abc import Mapping, Sequence

from judge.analysis.pass_rate import DimensionSummary
from judge.analysis.score_spread import ScoreSpread
from judge.reporting.document import Column, Table
from judge.reporting.wording import display_name


def expected_scores(dimensions: Sequence[DimensionSummary], spreads: Mapping[str, ScoreSpread]) -> Table:
    """Mean expected score of each dimension with its spread within an answer and between answers."""
    columns = (
        Column("dimension", ""),
        Column("n", "n", "count", detail=True),
        Column("mean", "mean", "score"),
        Column("within", "SD within", "score"),
        Column("between", "SD between", "score"),
    )
    rows = [
        (display_name(d.name), spreads[d.name].n, d.mean, spreads[d.name].within, d.sd)
        for d in dimensions
        if d.name in spreads
    ]
    notes = (
        "Within: standard deviation of the judge's probabilities for one answer, on average. Between: that "
        "of the expected scores. Where the first is larger, the score of a single answer says little.",
    )
    return Table("spread", "Expected scores and their spread", columns, tuple(rows), notes)
