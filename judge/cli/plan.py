"""`judge plan`: number of items and raters for a study, and selection of the items."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from typing import Any

import click
from click.core import ParameterSource

import judge
from judge.cli import output_options
from judge.cli.agree import ratings, show_read_and_notes
from judge.cli.option_types import Number, RunPath, single_margin
from judge.cli.options import GroupedCommand, margin, per_item, section, select

STATISTICS = (
    *("pass_rate", "kappa", "correlation", "icc", "alpha", "agreement", "kappa_quadratic", "difference"),
)
_OF_SIZE = (
    *("statistic", "half_width", "expect", "n_raters", "shares", "cluster_size", "cluster_icc", "margin"),
    *("minutes", "budget"),
)
"""Options about the size of a study; they have no effect beside --select."""


def _shares(ctx: click.Context, param: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        return tuple(float(share) for share in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}: allowed are numbers, as in 0.1,0.2,0.7", ctx, param) from None


@click.command(cls=GroupedCommand)
@click.argument("run", required=False, type=RunPath())
@section(
    "Size of the study",
    click.option(
        "--statistic",
        type=click.Choice(STATISTICS),
        default="difference",
        show_default=True,
        help="Statistic to estimate; difference is the agreement of the judge minus that of a human rater.",
    ),
    click.option(
        "--half-width",
        type=float,
        metavar="WIDTH",
        default=0.1,
        show_default=True,
        help="Half-width of the 95 % confidence interval.",
    ),
    click.option(
        "--expect",
        type=float,
        metavar="VALUE",
        help="Expected value of the statistic; for simulated statistics, the expected correlation of two "
        "raters.  [default: 0.8 for pass_rate, 0.6 for kappa, otherwise 0.7]",
    ),
    per_item("more raters need fewer items.  [default: results for 2, 3 and 5]", "n_raters", max=100),
    click.option(
        "--shares",
        metavar="SHARES",
        default="0.2,0.2,0.2,0.2,0.2",
        show_default=True,
        callback=_shares,
        help="Expected share of each score of the scale, lowest score first.",
    ),
    click.option(
        "--cluster-size",
        type=click.IntRange(1, 1_000_000),
        metavar="N",
        default=1,
        show_default=True,
        help="Number of items in a cluster of dependent items.",
    ),
    click.option(
        "--cluster-icc",
        metavar="ICC",
        type=Number(0, 1),
        default=0.5,
        show_default=True,
        help="Intraclass correlation within clusters (for pass_rate, kappa, correlation and icc).",
    ),
    margin("report the power of the non-inferiority test at this margin.", callback=single_margin),
    click.option(
        "--minutes",
        type=float,
        metavar="N",
        default=2.0,
        show_default=True,
        help="Working time per rating, in minutes.",
    ),
    click.option(
        "--budget",
        type=click.IntRange(min=1),
        metavar="N",
        help="Report the half-width that N ratings give.",
    ),
)
@section(
    "Selection of items",
    select("print their ids instead of the size of the study."),
)
@ratings
@output_options.outputs
@click.pass_context
def command(
    context: click.Context,
    /,
    run: str | None,
    humans: str | None,
    select: int | None,
    outputs: output_options.Outputs,
    **given: Any,
) -> None:
    """Plan a study of human ratings: its size or, with --select, the items of RUN that are to be rated.

    With --humans the ratings are a pilot study: the size is computed by resampling them (for the difference
    together with the scores of RUN), and --select prefers items on which human raters are uncertain.

    Example: judge plan --statistic alpha --half-width 0.1 --per-item 3

    Example: judge plan runs/answers-openai-gpt-5-open_qa --select 200 > to_rate.csv
    """
    given["on_read"] = show_read_and_notes
    if select is not None:
        of_size = {name: given.pop(name) for name in _OF_SIZE}
        _refuse_sizes(context, of_size)
        return _select(run, select, humans, given)
    report = judge.plan(given.pop("statistic"), run=run, humans=humans, **given)
    output_options.deliver(report, outputs, () if run is None else (run,))
    return None


def _refuse_sizes(context: click.Context, names: Iterable[str]) -> None:
    """Refuse options of the size of a study together with --select, where they have no effect."""
    typed = {name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    for param in context.command.params:
        if param.name in typed:
            raise click.UsageError(
                f"{param.opts[0]} concerns the size of a study and --select its items: use one of them"
            )


def _select(run: str | None, n: int, humans: str | None, given: dict[str, Any]) -> None:
    if run is None:
        raise click.UsageError(
            "--select selects items of a run: name the run, as in judge plan RUN --select 200"
        )
    chosen = judge.select_items(run, n, humans, **given)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["item_id", "stratum", "probability"])
    for row in chosen.rows():
        writer.writerow([row["item_id"], row["stratum"], repr(row["probability"])])
    drawn = ", ".join(f"{picked:,} of {size:,} {name}" for name, (picked, size) in chosen.counts.items())
    seed = given["seed"]
    click.echo(
        f"{drawn}; seed {seed}. Keep the columns stratum and probability with the ratings: judge agree "
        "weights by them.",
        err=True,
    )
