"""`judge agree`: can this judge be trusted, measured against people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from judge.cli import reporting
from judge.cli.options import Number, decorate, pairs, words
from judge.cli.terms import Repeated, margins, numbers, set_by

if TYPE_CHECKING:
    from judge.analysis.agreement.inputs import AgreementInputs

runs = click.argument("runs", nargs=-1, type=click.Path(exists=True, file_okay=False))
ratings = decorate(
    click.option(
        "--humans",
        metavar="FILE",
        help="People's ratings: long or wide CSV or JSON Lines, Label Studio, nested JSON.",
    ),
    click.option("--items", metavar="FILE", help="A table of the items: fields and texts beside their ids."),
    click.option(
        "--map",
        "columns",
        multiple=True,
        callback=pairs,
        metavar="MEANING=COLUMN",
        help="Column of the ratings with another name, e.g. rater=coder.",
    ),
    click.option("--rubric", metavar="R", help="Declares scale and pass rule.  [default: the run's]"),
    click.option("--scale", metavar="S", help="Declare the scale: 1-5, or labels as in fail,pass."),
    click.option(
        "--level",
        type=click.Choice(["nominal", "ordinal", "interval", "ratio"]),
        help="What distances on --scale mean.  [default: ordinal]",
    ),
    click.option(
        "--missing-codes",
        default="",
        callback=words,
        metavar="C",
        help="Words and numbers in the ratings that stand for a missing one: 99,don't know.",
    ),
    click.option(
        "--dimension",
        "dimensions",
        default="",
        callback=reporting.split_fields,
        metavar="D",
        help="Only these dimensions: a,b.",
    ),
    click.option(
        "--raters-are",
        type=click.Choice(["persons", "slots"]),
        default="persons",
        show_default=True,
        help="Slots are places in a list (rating 1 of this item), not the same person throughout.",
    ),
    click.option(
        "--reduce",
        "reduction",
        type=click.Choice(["first", "mean", "median", "majority"]),
        default="first",
        show_default=True,
        help="What stands for a judge that judged an item repeatedly.",
    ),
    click.option(
        "--cluster", metavar="FIELD", help="Items that share this field are not independent (image, source)."
    ),
    click.option(
        "--pass",
        "pass_marks",
        cls=Repeated,
        multiple=True,
        callback=numbers,
        metavar="[D=]N",
        help="Least score that passes, of all dimensions or of one.  [default: the rubric's]",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of draws and folds."),
)


@click.command()
@runs
@ratings
@click.option(
    "--by",
    metavar="FIELDS",
    default="",
    callback=reporting.split_fields,
    help="Slice by fields of the items: a,b; a*b crosses two.",
)
@click.option(
    "--margin",
    "margins",
    cls=Repeated,
    multiple=True,
    callback=margins,
    metavar="[STATISTIC=]M",
    help="Loss of agreement that would do, fixed before looking, e.g. 0.05; without it there is no verdict.",
)
@click.option(
    "--epsilon",
    type=Number(0, 1, max_open=True),
    help="Handicap of the annotator test, fixed before looking: .2 experts, .15 skilled, .1 crowd.",
)
@click.option(
    "--retest", is_flag=True, help="Instead: does the judge repeat itself? Needs runs with --samples."
)
@click.option(
    "--worst", type=click.IntRange(min=0), default=3, show_default=True, help="Show N large disagreements."
)
@reporting.outputs
@click.pass_context
def command(context: click.Context, /, outputs: reporting.Outputs, **chosen: Any) -> None:
    """Hold the judges of RUNS against people, and people against each other.

    Without RUNS the judges are in the file of ratings (rater_kind judge).

    Example: judge agree runs/answers-openai-gpt-5-open_qa --humans ratings.csv --by category --margin 0.05
    """
    from judge.analysis.agreement.inputs import AgreementInputs

    own = {name: chosen.pop(name) for name in ("by", "margins", "epsilon", "worst", "retest")}
    if own["retest"]:
        return _retest(AgreementInputs(**chosen), outputs)
    criteria = (own["margins"], own["epsilon"], set_by(context, "margins", "epsilon"))
    _agree(AgreementInputs(**chosen | {"humans": needed(chosen["humans"])}), outputs, criteria, own)
    return None


def needed(humans: str | None) -> str:
    """Say that ratings of people are missing."""
    if humans is None:
        raise click.UsageError("people's ratings are missing; give their file: --humans ratings.csv")
    return humans


def _agree(
    asked: AgreementInputs, outputs: reporting.Outputs, fixed: tuple[Any, Any, str], own: dict[str, Any]
) -> None:
    from judge.analysis.agreement.agree import agree
    from judge.analysis.agreement.inputs import align_inputs
    from judge.analysis.agreement.judge_human import Criteria
    from judge.reporting.builders.agreement import build_agreement
    from judge.reporting.figures.agreement_figures import drawer

    criteria = Criteria(*fixed, asked.seed)
    found = agree(align_inputs(asked), criteria=criteria, by=own["by"], n_worst=own["worst"])
    report = build_agreement(found)
    reporting.deliver(report, outputs, asked.runs, drawer(found))


def _retest(asked: AgreementInputs, outputs: reporting.Outputs) -> None:
    from judge.analysis.agreement.inputs import align_inputs
    from judge.analysis.agreement.repeated import repeated_judgments
    from judge.reporting.builders.repeated import build_repeats

    if not asked.runs:
        raise click.UsageError("--retest compares the samples of runs; give one")
    aligned = align_inputs(asked) if asked.humans else None
    found = repeated_judgments(
        asked.runs,
        dimensions=asked.dimensions,
        cluster=asked.cluster,
        pass_marks=asked.pass_marks,
        aligned=aligned,
    )
    reporting.deliver(build_repeats(found), outputs, asked.runs)
