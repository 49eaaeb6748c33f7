"""`judge plan`: how many items and people, and which items."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from typing import Any

import click
from click.core import ParameterSource

from judge.cli import reporting
from judge.cli.agree import ratings
from judge.cli.options import Number

STATISTICS = (
    *("pass_rate", "kappa", "correlation", "icc", "alpha", "agreement", "kappa_quadratic", "difference"),
)


def _shares(ctx: click.Context, param: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        return tuple(float(share) for share in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}: allowed are numbers, as in 0.1,0.2,0.7", ctx, param) from None


@click.command()
@click.argument("run", required=False, type=click.Path(exists=True, file_okay=False))
@click.option(
    "--statistic",
    type=click.Choice(STATISTICS),
    default="difference",
    show_default=True,
    help="What is to be known; difference is the judge's agreement minus people's.",
)
@click.option("--half-width", type=float, default=0.1, show_default=True, help="Of the 95 % interval.")
@click.option(
    "--expect",
    type=float,
    help="Expected value; for simulated statistics how two raters correlate.  [default: .8 pass rate, .6 "
    "kappa, else .7]",
)
@click.option(
    "--raters", "n_raters", type=click.IntRange(1, 1_000), help="People per item.  [default: 2, 3 and 5]"
)
@click.option(
    "--shares",
    default="0.2,0.2,0.2,0.2,0.2",
    show_default=True,
    callback=_shares,
    help="Expected share of each score.",
)
@click.option(
    "--cluster-size",
    type=click.IntRange(1, 1_000_000),
    default=1,
    show_default=True,
    help="Items that go together.",
)
@click.option(
    "--cluster-icc",
    type=Number(0, 1),
    default=0.5,
    show_default=True,
    help="How alike they are (for pass_rate, kappa, correlation and icc).",
)
@click.option("--margin", type=float, help="Power of the non-inferiority test at this margin.")
@click.option("--minutes", type=float, default=2.0, show_default=True, help="Of work per rating.")
@click.option("--budget", type=click.IntRange(min=1), help="Ratings: what do they buy?")
@click.option(
    "--select",
    type=click.IntRange(min=1),
    metavar="N",
    help="Instead: choose N items of RUN for people to rate.",
)
@ratings
@reporting.outputs
@click.pass_context
def command(
    context: click.Context, /, run: str | None, select: int | None, outputs: reporting.Outputs, **given: Any
) -> None:
    """Plan a study of people's ratings: its size, or with --select which items of RUN to have rated.

    With --humans the size comes from that pilot, resampled (with RUN for the judge's scores); with --select
    a pilot says where people are unsure.

    Example: judge plan --statistic alpha --half-width 0.1 --raters 3

    Example: judge plan runs/answers-openai-gpt-5-open_qa --select 200 > to_rate.csv
    """
    from judge.analysis.agreement.inputs import AgreementInputs
    from judge.analysis.plan import PlanningTarget, plan
    from judge.reporting.builders.plan import build_plan

    own = {
        name: given.pop(name)
        for name in tuple(given)
        if name in PlanningTarget.__dataclass_fields__ and name != "seed"
    }
    asked = AgreementInputs(runs=() if run is None else (run,), **given)
    if select is not None:
        _refuse_sizes(context, own)
        return _select(asked, select)
    target = PlanningTarget(**own, seed=asked.seed)
    found = plan(target, *_pilot(asked, target.statistic))
    reporting.deliver(build_plan(found), outputs, asked.runs)
    return None


def _refuse_sizes(context: click.Context, names: Iterable[str]) -> None:
    """Refuse options of a study's size beside --select, which would do nothing."""
    typed = {name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    for param in context.command.params:
        if param.name in typed:
            raise click.UsageError(
                f"{param.opts[0]} is about how large a study is, --select chooses its items: give one of them"
            )


def _pilot(asked: Any, statistic: str) -> tuple[Any, Any]:
    from judge.analysis.agreement.pilot import pilot_ratings

    return (
        (None, None) if asked.humans is None else pilot_ratings(asked, with_judge=statistic == "difference")
    )


def _select(asked: Any, n: int) -> None:
    from judge.analysis.agreement.pilot import human_verdicts
    from judge.analysis.select_items import select_items

    if not asked.runs:
        raise click.UsageError("--select chooses items of a run; give one")
    chosen = select_items(asked.runs[0], n, rated=human_verdicts(asked), seed=asked.seed)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["item_id", "judge_verdict", "probability"])
    for row in zip(chosen.items, chosen.strata, chosen.probabilities, strict=True):
        writer.writerow([*row[:2], f"{row[2]:.6g}"])
    said = ", ".join(f"{picked:,} of {size:,} {name}" for name, (picked, size) in chosen.counts.items())
    click.echo(f"{said}; seed {asked.seed}. Keep the column probability with the ratings.", err=True)
