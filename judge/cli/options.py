"""Options that several commands share, and the headings under which `--help` shows them."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from judge.cli.next_steps import remember_arguments
from judge.cli.option_types import Repeated, RunPath, names, pairs
from judge.counting import counted as counted

Decorator = Callable[[Any], Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
run_argument = click.argument("run", type=RunPath())
runs_argument = click.argument("runs", nargs=-1, required=True, type=RunPath())
mapping = click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=NAME",
    callback=pairs,
    help="Name of the input field that holds FIELD, as in --map answer=my_column; another name for FIELD "
    "makes it metadata, as in --map pair_id=nr. May be repeated.",
)


class GroupedCommand(click.Command):
    """A command whose `--help` shows its options under the headings given by `section`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments as they were given, for the commands that are printed as next steps."""
        remember_arguments(ctx, args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one definition list per heading, in the order in which the headings were declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in sorted(self.get_params(ctx), key=lambda param: section_of(param) == "Other"):
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx)) is not None:
                sections.setdefault(section_of(param), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def section_of(param: click.Parameter) -> str:
    """Heading under which `--help` shows an option."""
    return str(vars(param).get("section", "Other"))


def section(title: str, *options: Decorator) -> Decorator:
    """Several options as one decorator, shown under one heading."""

    def wrap(command: Any) -> Any:
        n_before = len(getattr(command, "__click_params__", ()))
        command = decorate(*options)(command)
        for param in command.__click_params__[n_before:]:
            vars(param)["section"] = title
        return command

    return wrap


def decorate(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which `--help` shows them."""

    def wrap(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return wrap


def rubric(detail: str, **more: Any) -> Decorator:
    """`--rubric`; `detail` says what the command uses it for."""
    text = f"Rubric: a name from `judge rubric list`, or a YAML file; {detail}"
    return click.option("--rubric", metavar="RUBRIC", help=text, **more)


def seed(detail: str, *, min: int | None = 0, **more: Any) -> Decorator:
    """`--seed`; `detail` says what is random."""
    kind = click.INT if min is None else click.IntRange(min=min)
    return click.option("--seed", type=kind, metavar="N", help=f"Random seed {detail}", **more)


def input_format(formats: Iterable[str], parameter: str = "format_") -> Decorator:
    """`--format`; one of `formats`."""
    return click.option(
        "--format",
        parameter,
        type=click.Choice(list(formats)),
        help="Format of the input files.  [default: recognised]",
    )


encoding = click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of the input files that are text, as in cp1252 or utf-16.  [default: recognised]",
)


def image_root(default: str) -> Decorator:
    """`--image-root`; `default` names the folder that is used without it."""
    return click.option(
        "--image-root",
        type=click.Path(exists=True, file_okay=False),
        metavar="FOLDER",
        help=f"Folder that image paths are relative to and must lie in.  [default: {default}]",
    )


def out(detail: str, *, is_folder: bool | None = False, **more: Any) -> Decorator:
    """`--out`; `is_folder` is None where it may be a file or a folder."""
    kind = click.Path(dir_okay=is_folder is not False, file_okay=is_folder is not True)
    return click.option("--out", type=kind, metavar="PATH", help=f"Output path: {detail}", **more)


def limit(detail: str, *names: str, **more: Any) -> Decorator:
    """`--limit`, with further names; `detail` says what is limited."""
    return click.option(
        "--limit",
        *names,
        type=click.IntRange(1, 1_000_000_000),
        metavar="N",
        help=f"Maximum number of items; {detail}",
        **more,
    )


def by(default: str = "") -> Decorator:
    """`--by`; `default` says which fields are used without it."""
    text = "Slice the results by item fields, as in a,b; a*b crosses two fields."
    return click.option(
        "--by",
        metavar="FIELDS",
        default="",
        callback=names,
        help=f"{text}  [default: {default}]" if default else text,
    )


cluster = click.option(
    "--cluster",
    metavar="FIELD",
    help="Field whose values mark dependent items, such as image or source; `--cluster id` treats all items "
    "as independent.  [default: pair_id, or the question, if shared]",
)


def select(detail: str) -> Decorator:
    """`--select`; `detail` says how the items are selected."""
    return click.option(
        "--select",
        type=click.IntRange(min=1),
        metavar="N",
        help=f"Number of items to select for rating; {detail}",
    )


def per_item(detail: str, parameter: str = "per_item", *, max: int = 500, **more: Any) -> Decorator:
    """`--per-item`; `detail` says what the number decides."""
    return click.option(
        "--per-item",
        parameter,
        type=click.IntRange(1, max),
        metavar="N",
        help=f"Number of raters per item; {detail}",
        **more,
    )


def item_id(detail: str) -> Decorator:
    """`--item`; `detail` says what is shown without it."""
    return click.option(
        "--item", "item_id", metavar="ID", help=f"Id of the item to show.  [default: {detail}]"
    )


def worst(default: int) -> Decorator:
    """`--worst`: how many answers with the lowest scores are listed."""
    return click.option(
        "--worst",
        type=click.IntRange(min=0),
        metavar="N",
        default=default,
        show_default=True,
        help="Number of worst answers to list; 0 lists none.",
    )


def no_verdict(missing: str) -> Decorator:
    """`--no-verdict`; `missing` says what has no verdict."""
    return click.option(
        "--no-verdict",
        type=click.Choice(["fail", "drop", "bounds"]),
        help=f"How to count {missing}: as fails; not at all (drop); or not at all, but with the figures that "
        "would result if all were fails or all were passes (bounds). Their number is always shown.  "
        "[default: what the rubric says, or bounds]",
    )


def margin(detail: str, **more: Any) -> Decorator:
    """`--margin`; `detail` says what the command does with it."""
    return click.option(
        "--margin",
        cls=Repeated,
        multiple=True,
        metavar="[STATISTIC=]M",
        help="Non-inferiority margin: largest acceptable loss of agreement, fixed in advance, such as 0.05; "
        f"{detail}",
        **more,
    )


slice_options = section(
    "Analysis",
    by("every field with 2 to 12 distinct values"),
    cluster,
)
