"""`judge rubric`: list, show, check and create rubrics."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from judge.cli.option_types import TablePath
from judge.cli.options import as_json, item_id, mapping
from judge.errors import InputError, RubricError
from judge.formats.mmad import rules_from_knowledge
from judge.items import read_items
from judge.records import Item, Message
from judge.rubric import Rubric, load_rubric, parse_rubric, rubric_file, shipped_rubrics
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests, message_text

_STARTER = Path(__file__).with_name("starter.yaml")


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
    click.echo(json.dumps([_facts(r) for r in rubrics], indent=2) if as_json else _listing(rubrics))


@command.command(short_help="Print a rubric, or the exact prompt for one item.")
@click.argument("rubric")
@click.argument("answers", required=False, type=TablePath(allow_dash=True))
@item_id("the first item of ANSWERS")
@mapping
@as_json
def show(
    rubric: str, answers: str | None, item_id: str | None, mapping: dict[str, str], as_json: bool
) -> None:
    """Print RUBRIC (a name or a YAML file) or, with ANSWERS, the exact prompt for one item.

    Example: judge rubric show inspection answers.jsonl --item q7
    """
    if answers is None and item_id:
        raise click.UsageError("--item needs a file of answers: judge rubric show RUBRIC ANSWERS --item ID")
    loaded = load_rubric(rubric)
    if answers is None:
        text = rubric_file(rubric).read_text(encoding="utf-8-sig").rstrip()
        click.echo(json.dumps(loaded.model_dump(mode="json", by_alias=True), indent=2) if as_json else text)
        return
    requests = build_requests(_item(answers, item_id, mapping), Judge("none", loaded))
    prompts = [list(request.messages) for request in requests]
    click.echo(json.dumps(prompts, indent=2, ensure_ascii=False) if as_json else _prompt(prompts[0]))
    click.echo(_length(prompts), err=True)


@command.command()
@click.argument("file")
def check(file: str) -> None:
    """Check the rubric in FILE and list its errors.

    Example: judge rubric check my_rubric.yaml
    """
    rubric = load_rubric(file)
    click.echo(f"{file}: no errors found. {_summary(rubric)}")


@command.command()
@click.argument("name")
@click.option(
    "--from-knowledge",
    "knowledge",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="JSON file with domain knowledge in the format of MMAD, {dataset: {object: {defect: text}}}; each "
    "defect becomes a conditional rule.",
)
def new(name: str, knowledge: str | None) -> None:
    """Write NAME.yaml, a commented template for a rubric. An existing file is not overwritten.

    With --from-knowledge, the rubric is a copy of `inspection` with one conditional rule per defect. The
    prompt for an item contains only the rules that match its fields `dataset` and `object`.

    Example: judge rubric new helpfulness
    """
    path = start_rubric(name, knowledge)
    click.echo(f"{path}: written. Edit it, then check it: judge rubric check {path}")


def start_rubric(name: str, knowledge: str | None = None) -> Path:
    """Write a template for a rubric and return its path.

    With a file of domain knowledge, the template has one conditional rule per defect.

    Raises
    ------
    RubricError
        The file exists, the folder does not exist, or the name is not allowed for a rubric.
    InputError
        The file of domain knowledge is not in the format of MMAD.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else Path(f"{name}.yaml")
    text = _with_knowledge(path.stem, knowledge) if knowledge else _starter(path.stem)
    parse_rubric(text, where=str(path))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RubricError(f"{path} already exists and is not overwritten; choose another name") from None
    except OSError as error:
        raise RubricError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def _starter(name: str) -> str:
    return _STARTER.read_text(encoding="utf-8").replace("NAME", name, 1)


def _with_knowledge(name: str, knowledge: str) -> str:
    data = yaml.safe_load(shipped_rubrics()["inspection"].read_text(encoding="utf-8"))
    data |= {"name": name, "source": f"{data['source']} With the domain knowledge of {Path(knowledge).name}."}
    data["rules"] = [*data.get("rules", []), *rules_from_knowledge(knowledge)]
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=110))


def _item(answers: str, item_id: str | None, mapping: Mapping[str, str]) -> Item:
    for item in read_items(answers, mapping=mapping):
        if item_id in (None, item.id):
            return item
    wanted = "items" if item_id is None else f"item with the id {item_id!r}"
    raise InputError(f"{answers}: contains no {wanted}")


def _facts(rubric: Rubric) -> dict[str, Any]:
    return {
        "name": rubric.name,
        "version": rubric.version,
        "description": rubric.description,
        "dimensions": list(rubric.dimensions),
        "overall": rubric.overall.how,
        "scale": [rubric.scale.min, rubric.scale.max],
        "pass": rubric.pass_rule,
        "source": rubric.source,
    }


def _listing(rubrics: list[Rubric]) -> str:
    return "\n\n".join(f"{r.name}\n  {r.description}\n  {_summary(r)}" for r in rubrics)


def _summary(rubric: Rubric) -> str:
    passes = " and ".join(f"{name} is {least:g} or more" for name, least in rubric.pass_rule.items())
    return (
        f"{', '.join(rubric.dimensions)} on {rubric.scale.min}-{rubric.scale.max}; "
        f"overall: {rubric.overall.how}; passes when {passes}."
    )


def _prompt(messages: list[Message]) -> str:
    return "\n\n".join(f"=== {message['role']} ===\n{message_text(message)}" for message in messages)


def _length(prompts: list[list[Message]]) -> str:
    counts = {message["role"]: len(message_text(message)) for message in prompts[0]}
    characters = sum(counts.values())
    parts = ", ".join(f"{role} {count:,}" for role, count in counts.items())
    text = f"{characters:,} characters ({parts}), about {characters // 4:,} tokens without images"
    return f"{text}; the first of {len(prompts)} requests for this item" if len(prompts) > 1 else text
