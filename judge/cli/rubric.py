"""`judge rubric`: list, show, check and create rubrics."""

import json
import re
from collections.abc import Mapping

import click
from pydantic import ValidationError

from judge.cli.option_types import TablePath, names
from judge.cli.options import as_json, item_id, mapping
from judge.cli.rubric_output import (
    check_facts,
    check_text,
    item_facts,
    item_text,
    length,
    listing,
    rubric_facts,
)
from judge.cli.rubric_template import start_rubric
from judge.errors import InputError, RubricError
from judge.items import read_items
from judge.records import Item
from judge.rubric import RubricScale, check_rubric, load_rubric, read_rubric_file, shipped_rubrics, with_lines
from judge.rubric.advice import advice_on
from judge.rubric.item_advice import advice_for_items
from judge.scoring.prompt import visible

_ANSWERS = TablePath(allow_dash=True)


@click.group()
def command() -> None:
    """List, show, check and create rubrics.

    A rubric defines the dimensions, the scale, the meaning of each score, and the pass rule.

    Example: judge rubric show open_qa
    """


@command.command("list")
@as_json
def list_command(as_json: bool) -> None:
    """List the rubrics that are shipped with the package.

    Example: judge rubric list
    """
    rubrics = [load_rubric(name) for name in shipped_rubrics()]
    facts = [rubric_facts(rubric) for rubric in rubrics]
    click.echo(json.dumps(facts, indent=2) if as_json else listing(rubrics))


@command.command(short_help="Print a rubric, or what one item gets and its prompts.")
@click.argument("rubric")
@click.argument("answers", required=False, type=_ANSWERS)
@item_id("the first item of ANSWERS")
@mapping
@as_json
def show(
    rubric: str, answers: str | None, item_id: str | None, mapping: dict[str, str], as_json: bool
) -> None:
    """Print RUBRIC (a name or a YAML file) or, with ANSWERS, what one item gets.

    For an item: the dimensions that apply to it and why others do not, its criteria, reasons, images, rules
    and examples, and then the exact prompt of every request.

    Example: judge rubric show inspection answers.jsonl --item q7
    """
    if answers is None and item_id:
        raise click.UsageError("--item needs a file of answers: judge rubric show RUBRIC ANSWERS --item ID")
    loaded = load_rubric(rubric)
    if answers is None:
        text = read_rubric_file(rubric).rstrip()
        click.echo(json.dumps(loaded.model_dump(mode="json", by_alias=True), indent=2) if as_json else text)
        return
    item = _item(answers, item_id, mapping)
    try:
        facts = item_facts(item, loaded)
    except InputError as error:  # criteria of the item
        raise InputError(f"{answers}: {error}") from None
    click.echo(
        json.dumps(facts, indent=2, ensure_ascii=False) if as_json else visible(item_text(facts, loaded))
    )
    click.echo(length(facts["requests"]), err=True)


@command.command(short_help="Check a rubric, also against the answers that it is meant for.")
@click.argument("file")
@click.argument("answers", required=False, type=_ANSWERS)
@mapping
@as_json
@click.pass_context
def check(ctx: click.Context, file: str, answers: str | None, mapping: dict[str, str], as_json: bool) -> None:
    """Check the rubric in FILE: list its errors, or warn about what is ambiguous or has no effect.

    With ANSWERS, it also warns about conditions that match no item and criteria that cannot be read. With
    errors the exit code is 1; warnings do not change it.

    Example: judge rubric check my_rubric.yaml answers.jsonl
    """
    text = read_rubric_file(file)
    rubric, errors = check_rubric(text)
    warnings = advice_on(rubric) if rubric else []
    if rubric and answers is not None:
        source = "standard input" if answers == "-" else answers
        warnings += advice_for_items(rubric, read_items(answers, mapping=mapping), source)
    warnings = with_lines(warnings, text) if rubric else []
    if as_json:
        facts = check_facts(file, rubric, errors, warnings)
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        ctx.exit(1 if errors else 0)
    if rubric is None:
        raise RubricError("\n".join(error.at(file) for error in errors))
    click.echo(visible(check_text(file, rubric, warnings)))


def scale(ctx: click.Context, param: click.Parameter, value: str | None) -> RubricScale | None:
    """``0-10`` as a scale; a click callback."""
    if value is None:
        return None
    found = re.fullmatch(r"(-?\d{1,6})-(-?\d{1,6})", value.strip())
    try:
        if found:
            return RubricScale(min=int(found[1]), max=int(found[2]))
        problem = "allowed are two whole numbers MIN-MAX, as in 0-10"
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
    raise click.BadParameter(f"{value!r}: {problem}", ctx=ctx, param=param)


@command.command()
@click.argument("name")
@click.option(
    "--dimensions",
    metavar="NAMES",
    default="",
    callback=names,
    help="Names of the dimensions, as in truth,style.  [default: accuracy,completeness]",
)
@click.option(
    "--scale", metavar="SCALE", callback=scale, help="Scale of the scores: 0-10, for example.  [default: 1-5]"
)
@click.option(
    "--from-knowledge",
    "knowledge",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="JSON file with domain knowledge in the format of MMAD, {dataset: {object: {defect: text}}}; each "
    "defect becomes a conditional rule. Instead of a text, a defect may have location, appearance, cause and "
    "effect; each becomes a rule for the types of questions that it concerns.",
)
def new(name: str, dimensions: tuple[str, ...], scale: RubricScale | None, knowledge: str | None) -> None:
    """Write NAME.yaml, a commented template for a rubric. An existing file is not overwritten.

    With --from-knowledge, the rubric is a copy of `inspection` with one conditional rule per defect. The
    prompt for an item contains only the rules that match its fields `dataset` and `object`. With knowledge by
    location, appearance, cause and effect, it is a copy of `guided_inspection`, whose rules also depend on
    the field `question_type`.

    Example: judge rubric new helpfulness --dimensions truth,style --scale 0-10
    """
    if knowledge and (dimensions or scale):
        raise click.UsageError("--from-knowledge has the dimensions and the scale of the rubric inspection")
    if len(set(dimensions)) < len(dimensions):
        raise click.UsageError("--dimensions names a dimension twice; each needs a name of its own")
    path = start_rubric(name, knowledge, dimensions, scale)
    click.echo(f"{path}: written. Edit it, then check it: judge rubric check {path}")


def _item(answers: str, item_id: str | None, mapping: Mapping[str, str]) -> Item:
    for item in read_items(answers, mapping=mapping):
        if item_id in (None, item.id):
            return item
    wanted = "items" if item_id is None else f"item with the id {item_id!r}"
    raise InputError(f"{answers}: contains no {wanted}")
