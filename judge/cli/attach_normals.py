"""`judge attach-normals`: normal pictures of the same object as reference images."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

import judge
from judge.cli import settings_file
from judge.cli.item_options import item_options
from judge.cli.judge_options import api_base
from judge.cli.option_types import TablePath, names
from judge.cli.options import GroupedCommand, encoding, image_root, input_format, section, seed
from judge.cli.protect_inputs import refuse_inputs
from judge.errors import InputError
from judge.rows import FORMATS, path_and_sheet

if TYPE_CHECKING:
    from judge.reference_images.attach import How


@click.command(cls=GroupedCommand)
@click.argument("answers", type=TablePath(allow_dash=True))
@section("Items", *item_options, input_format(FORMATS), encoding, image_root("the folder of ANSWERS"))
@section(
    "Reference images",
    click.option(
        "--normals",
        required=True,
        type=click.Path(exists=True),
        metavar="PATH",
        help="Folder with one folder of normal images for each object; or a table with columns for the "
        "image and the object, or for the image and the id of the item.",
    ),
    click.option(
        "--by",
        metavar="FIELDS",
        default="object",
        show_default=True,
        callback=names,
        help="Slice the normal images by the field that names the object of an item; with two fields, as in "
        "a,b, the folder of an object is A/B. Where `object` is missing, `category` is read.",
    ),
    click.option(
        "--how",
        type=click.Choice(["nearest", "random", "given"]),
        default="nearest",
        show_default=True,
        help="Which images of the object are attached: those with the most similar embeddings, images at "
        "random, or those that --given or the table names.",
    ),
    click.option(
        "--k",
        type=click.IntRange(min=1),
        metavar="N",
        default=1,
        show_default=True,
        help="Number of reference images of an item, the nearest first.",
    ),
    click.option(
        "--given",
        metavar="FIELD",
        help="Field of ANSWERS that names the reference image, relative to --normals.  [default: the column "
        "id of the table]",
    ),
    seed("of --how random.", default=0, show_default=True),
)
@section(
    "Embeddings",
    click.option(
        "--embedder",
        metavar="SOURCE",
        help="Where embeddings come from: clip:MODEL@WEIGHTS (open_clip), file:PATH (computed before; .npz, "
        ".npy, .jsonl, .parquet), or a model behind an endpoint, as in hosted_vllm/MODEL.",
    ),
    api_base,
)
@section(
    "Output",
    click.option(
        "--out",
        "-o",
        type=click.Path(dir_okay=False),
        metavar="PATH",
        help="Output path: a file in .jsonl.  [default: ANSWERS-with-normals.jsonl, beside ANSWERS]",
    ),
)
def command(
    answers: str,
    normals: str,
    how: "How",
    embedder: str | None,
    api_base: str | None,
    out: str | None,
    format_: str | None,
    **options: Any,
) -> None:
    """Attach normal images of the same object to the items in ANSWERS, as reference images.

    An image is never its own reference. Items without a normal image of their object are kept and counted.
    The distance is written into the field reference_distance, and its quarter into
    reference_distance_quarter, for judge report --by.

    Example: judge attach-normals answers.jsonl --normals mvtec --embedder clip:ViT-B-32@laion2b_s34b_b79k
    """
    target = _target(answers, out)
    refuse_inputs(target)
    found = judge.attach_normals(
        answers,
        normals,
        how=how,
        embedder=embedder,
        connection=_connection(api_base),
        format=format_,
        on_note=lambda note: click.echo(f"note: {note}", err=True),
        **options,
    )
    if not found.has_references:
        fields = ", ".join(dict.fromkeys(name for item in found.items for name in item.metadata)) or "none"
        raise InputError(
            "\n".join(
                [
                    *found.notes,
                    "nothing was written, because no item has a reference image; fields of the items (--by): "
                    f"{fields}",
                ]
            )
        )
    found.write(target)
    click.echo(str(target))
    for note in found.notes:
        click.echo(note, err=True)
    root = os.path.relpath(found.root)
    is_beside = found.root == target.resolve().parent
    more = "" if is_beside else f" --image-root {shlex.quote(root)}"
    has_types = any(item.field("question_type") is not None for item in found.items)
    rubric = "guided_inspection" if has_types else "inspection"  # which shows every image
    click.echo(f"next: judge score {shlex.quote(str(target))}{more} --rubric {rubric}", err=True)


def _target(answers: str, out: str | None) -> Path:
    if out is None and answers == "-":
        raise click.UsageError("standard input has no name; name the output with --out")
    source = path_and_sheet(answers)[0]
    name = source.name.removesuffix(".gz")
    target = Path(out) if out else source.with_name(f"{Path(name).stem}-with-normals.jsonl")
    if target.suffix != ".jsonl":
        raise click.UsageError(f"--out {target}: the items are written as JSON Lines; name a file in .jsonl")
    return target


def _connection(api_base: str | None) -> "judge.Connection":
    """Connection to an endpoint; no key is sent to an address that only a settings file names."""
    source = click.get_current_context().get_parameter_source("api_base")
    unconfirmed = settings_file() if source is ParameterSource.DEFAULT_MAP else None
    return judge.Connection(api_base=api_base, unconfirmed=unconfirmed)
