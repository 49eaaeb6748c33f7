"""`judge merge`: merge the shards of one input, or runs of one judge over different items."""

from pathlib import Path

import click

from judge.cli.options import as_json, counted, out, runs_argument
from judge.cli.score import point_on, show_result
from judge.files.whole_folder import unfinished
from judge.scoring.merge import merge


@click.command()
@runs_argument
@out("a folder for the merged run, which must not exist yet.", is_folder=True, required=True)
@as_json
@click.pass_context
def command(ctx: click.Context, /, runs: tuple[str, ...], out: str, as_json: bool) -> None:
    """Merge RUNS of one judge into one run. No request is sent.

    RUNS are all shards of one input (judge score … --shard 3/16), whose items are put back into the order of
    the input; or runs over different items, in the order in which they are named. All replies are kept; where
    two runs have a reply to the same request, the earliest one counts.

    Example: judge merge runs/answers-*-shard-*-of-16 --out runs/answers
    """
    for draft in unfinished(Path(out)):
        click.echo(
            f"note: {draft}: left by a merge that did not finish; delete it, unless another merge is running",
            err=True,
        )
    merged = merge(runs, out=out)
    facts = merged.fact("merged")
    click.echo(f"merged {counted(facts['runs'], 'run')}", err=True)
    if n := facts["replies_in_several"]:
        click.echo(
            f"note: {counted(n, 'request')} with a reply in more than one run; the earliest one counts, and "
            "all are kept",
            err=True,
        )
    if n := facts["left_out"]:
        click.echo(f"note: {counted(n, 'item')} no longer in the input, left out", err=True)
    status = show_result(merged, None, as_json=as_json, more={"merged": facts})
    if not as_json:
        point_on([Path(out)])
    ctx.exit(status)
