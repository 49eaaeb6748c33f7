"""`judge doctor`: what works on this machine."""

import json

import click

from judge.cli.options import as_json
from judge.scoring.doctor import Finding, examine

_MARKS = {"ok": "ok      ", "absent": "absent  ", "problem": "PROBLEM "}


@click.command()
@as_json
@click.pass_context
def command(ctx: click.Context, /, as_json: bool) -> None:
    """Say what works on this machine: packages, keys (their names, never their values), graphics card, disk.

    Exit status 1 where something is broken; what is merely absent is fine.

    Example: judge doctor
    """
    findings = examine()
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        click.echo("\n".join(_line(finding) for finding in findings))
    ctx.exit(any(finding.state == "problem" for finding in findings))


def _line(finding: Finding) -> str:
    advice = f" – {finding.advice}" if finding.advice else ""
    return f"{_MARKS[finding.state]}{finding.what:22}{finding.found}{advice}"
