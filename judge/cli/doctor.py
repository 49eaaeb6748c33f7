"""`judge doctor`: what works on this machine, and which judge fits its card."""

import json
from collections.abc import Sequence

import click

from judge.cli.options import as_json
from judge.doctor import Finding, examine, examine_judge, suggest

_ASSUMED = """\
Estimated, not measured. Judgments of 4,096 tokens; times for 1,000 once the engine runs: a rubric of 1,500
tokens that all share, 300 tokens an item, 150 a reply, no thinking. Any other model: --judge vllm:MODEL"""


def _local(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Name or folder of a model that runs in process."""
    if value is None:
        return None
    head, _, model = value.partition(":")
    if head != "vllm" or not model:
        raise click.BadParameter(f"{value!r}: allowed is vllm:MODEL", ctx=ctx, param=param)
    return model


@click.command()
@click.option(
    "--judge", "model", metavar="vllm:MODEL", callback=_local, help="Say whether this model fits the card."
)
@as_json
@click.pass_context
def command(ctx: click.Context, /, model: str | None, as_json: bool) -> None:
    """Say what works on this machine: packages, keys (their names, never their values), graphics card, disk.

    With a graphics card also which judge models fit it and about how long they take; with --judge the same
    for one model, with a card or without. Nothing is downloaded.

    Exit status 1 where something is broken or the model is too big; what is merely absent is fine.

    Examples: judge doctor; judge doctor --judge vllm:Qwen/Qwen3-8B
    """
    findings = examine_judge(model) if model else examine()
    models = [] if model else suggest()
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in [*findings, *models]]))
    else:
        click.echo(_lines(findings))
        if models:
            click.echo(f"\nJudges on this card (--judge vllm:MODEL):\n{_lines(models)}\n{_ASSUMED}")
    ctx.exit(any(finding.state == "problem" for finding in findings))


def _lines(findings: Sequence[Finding]) -> str:
    width = max(20, *(len(finding.what) for finding in findings)) + 2
    return "\n".join(_line(finding, width) for finding in findings)


def _line(finding: Finding, width: int) -> str:
    advice = f" – {finding.advice}" if finding.advice else ""
    state = finding.state.upper() if finding.state == "problem" else finding.state
    return f"{state:8}{finding.what:{width}}{finding.found}{advice}"
