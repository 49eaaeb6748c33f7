"""What the commands that show a report share: options, and the last step."""

import json

import click

from judge.report.document import Report


def split_fields(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """``a,b`` as a tuple; a click callback."""
    names = tuple(name.strip() for name in value.split(","))
    if value and not all(names):
        raise click.BadParameter(f"{value!r}: allowed are names of fields, as in a,b or a*b", ctx, param)
    return names if value else ()


by = click.option(
    "--by",
    metavar="FIELDS",
    default="",
    callback=split_fields,
    help="Slice by fields of the items: a,b; a*b crosses two. Default: every field with 2 to 12 values.",
)
cluster = click.option(
    "--cluster",
    metavar="FIELD",
    help="Items that share this field are not independent (image, source). Default: pair_id, where items "
    "have one. --cluster id keeps all apart.",
)


def show(report: Report, as_json: bool) -> None:
    """Write a report to standard output."""
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    from judge.report.text import print_report

    print_report(report)
