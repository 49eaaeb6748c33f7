"""`judge view`: look at runs in a browser."""

import sys
import webbrowser
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

import judge
from judge.cli.agree import columns, humans, missing_codes, raters_in, show_read_and_notes
from judge.cli.item_options import id_from
from judge.cli.options import GroupedCommand, encoding, image_root, runs_argument, section
from judge.rubric import Rubric


@click.command(cls=GroupedCommand)
@runs_argument
@section("Human ratings", humans, columns, id_from, raters_in, missing_codes, encoding)
@section("Images", image_root("the folder that the run was scored with"))
@section(
    "Server",
    click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        metavar="ADDRESS",
        help="Address to listen on; 0.0.0.0 accepts connections from other machines, such as a phone.",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        default=0,
        help="Port to listen on.  [default: a free one]",
    ),
    click.option(
        "--open/--no-open",
        "opens",
        default=True,
        show_default=True,
        help="Open the page in a browser.",
    ),
)
def command(
    runs: tuple[str, ...],
    humans: str | None,
    columns: dict[str, str],
    id_from: tuple[str, ...],
    raters_in: tuple[str, ...],
    missing_codes: tuple[str, ...],
    encoding: str | None,
    image_root: str | None,
    host: str,
    port: int,
    opens: bool,
) -> None:
    """Look at RUNS in a browser: all items with filters and search, each with scores, reasons and replies.

    RUNS are runs, or folders of runs. With two runs the page shows which verdicts flipped. A run that is
    being scored is updated as replies arrive. Nothing is written into a run; an index for searching is kept
    in the user's cache folder.

    Example: judge view runs/answers-openai-gpt-5-open_qa --humans ratings.csv

    Example: judge view runs
    """
    from judge import local_server
    from judge.view import app
    from judge.view.library import Library
    from judge.view.text_index import remove_unused

    remove_unused()
    root = Path(image_root) if image_root else None
    library = Library.of([Path(run) for run in runs], image_root=root)
    if humans is not None:
        rubric = library.rubric()
        table = judge.read_ratings(
            humans,
            columns=columns,
            id_from=id_from,
            raters_in=raters_in,
            missing_codes=missing_codes,
            encoding=encoding,
            rubric=rubric,
        )
        show_read_and_notes(str(table), [*table.notes, *_left_out(table.dimensions, rubric)])
        people = library.add_ratings(table.scores, humans)
        if people and (unrated := people.unrated()):
            click.echo(
                f"Note: people's ratings give no verdict: they lack {', '.join(unrated)}, which the pass "
                "rule needs.",
                err=True,
            )
    with local_server.listen(host, port) as listening:
        token = app.new_token()
        link = f"{local_server.address(host, listening.getsockname()[1])}/?token={token}"
        click.echo(link)
        if exposed := local_server.exposure(
            host, listening.getsockname()[1], "the link gives access to all answers"
        ):
            click.echo(f"Note: {exposed}.", err=True)
        click.echo("Serving until Ctrl-C. The runs are only read.", err=True)
        if opens:
            webbrowser.open(link)
        try:
            app.serve(library, listening, token, host)
        finally:
            library.close()
        click.echo("\r" * sys.stderr.isatty() + "Stopped.", err=True)  # over the ^C of the terminal


def _left_out(dimensions: Iterable[str], rubric: Rubric | None) -> Iterator[str]:
    """Name the rated dimensions that the rubric does not have, and that no page shows."""
    from judge.analysis.agreement.matching import unknown_dimensions
    from judge.rubric.dimension_names import rubric_dimension

    flags = rubric.flags if rubric else ()
    names = [n for n in dimensions if n not in flags and rubric_dimension(n, rubric) is None]
    if names and rubric:
        yield unknown_dimensions(names, rubric.scored)
