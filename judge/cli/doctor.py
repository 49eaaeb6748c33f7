"""`judge doctor`: check the installation, and which local models fit the graphics card."""

import json
from collections.abc import Sequence

import click

from judge.cli.options import as_json
from judge.doctor import Finding, examine, examine_judge, examine_server, suggest

_ASSUMED = """\
Estimates, not measurements. Context of 4,096 tokens per judgment. Times are for 1,000 judgments after the
engine has started: a shared rubric of 1,500 tokens, 300 tokens per item, 150 per reply, no reasoning. To
check another model: judge doctor --local-model vllm:MODEL"""


def _local(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Name or folder of a local model; a click callback."""
    if value is None:
        return None
    head, _, model = value.partition(":")
    if head != "vllm" or not model:
        raise click.BadParameter(f"{value!r}: allowed is vllm:MODEL", ctx=ctx, param=param)
    return model


@click.command()
@click.option(
    "--local-model",
    metavar="vllm:MODEL",
    callback=_local,
    help="Check whether this model fits the graphics card, or which card it needs.",
)
@click.option(
    "--api-base",
    metavar="URL",
    help="Base URL of a server, such as http://localhost:8000/v1: show which routes for decision models it "
    "has. Sends requests without questions, with the key in JUDGE_API_KEY if there is one.",
)
@as_json
@click.pass_context
def command(ctx: click.Context, /, local_model: str | None, api_base: str | None, as_json: bool) -> None:
    """Check this machine: packages, API keys (names only, never values), graphics card and disk.

    On a machine with a graphics card, the judge models that fit it are listed with their estimated speed.
    With --local-model one model is checked, with or without a card. With --api-base a server is asked
    for its decision routes. Nothing is downloaded.

    The exit status is 1 if something is broken or the model is too large. Missing optional parts are not an
    error.

    Examples: judge doctor; judge doctor --local-model vllm:Qwen/Qwen3-8B
    """
    if api_base:
        findings = examine_server(api_base)
    else:
        findings = examine_judge(local_model) if local_model else examine()
    models = [] if local_model or api_base else suggest()
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
