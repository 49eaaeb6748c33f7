"""Options that say where a report is written, and the writing itself."""

import functools
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from judge.cli import next_steps
from judge.cli.option_types import names
from judge.cli.options import as_json, section
from judge.cli.protect_inputs import refuse_inputs
from judge.counting import counted

if TYPE_CHECKING:
    from judge.reporting.gates import Gate
    from judge.reporting.report import Report

_STDOUT, _DEFAULT = "-", "*"


@dataclass(frozen=True)
class Outputs:
    """Where a report is written, and the thresholds that it must meet.

    Attributes
    ----------
    as_json : bool
        JSON on standard output.
    html, markdown, latex, csv, svg, junit : str or None
        File (a folder for `csv` and `svg`), ``-`` for standard output, ``*`` for the default file of the run.
    gates : tuple of Gate
        Thresholds (`--fail-under`).
    open_page : bool
        Whether the HTML page is opened in a browser.
    sections : tuple of str
        Names of the sections that the terminal shows; empty: those that the report shows first.
    """

    as_json: bool
    html: str | None
    markdown: str | None
    latex: str | None
    csv: str | None
    svg: str | None
    junit: str | None
    gates: tuple["Gate", ...]
    open_page: bool
    sections: tuple[str, ...]

    @property
    def has_page(self) -> bool:
        """Whether the HTML page is written."""
        return self.html is not None or self.open_page


def _file(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty name, and a folder: in ``--html RUN`` it is usually meant as the argument."""
    if value == "":
        raise click.BadParameter("the name of the file is empty", ctx, param)
    if value and Path(value).is_dir():
        raise click.BadParameter(
            f"{value!r} is a folder; allowed: a file. To use the default file, put {param.opts[0]} last",
            ctx,
            param,
        )
    return value


def _not_empty(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value == "":
        raise click.BadParameter("the name of the folder is empty", ctx, param)
    return value


def _gates(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple["Gate", ...]:
    from judge.reporting.gates import Gate

    try:
        return tuple(Gate.of(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _rendering(name: str, text: str) -> Callable[[Any], Any]:
    return click.option(
        f"--{name}",
        is_flag=False,
        flag_value=_DEFAULT,
        metavar="[FILE]",
        callback=_file,
        help=text,
    )


_OPTIONS = section(
    next_steps.OUTPUT,
    _rendering(
        "html",
        "Write a self-contained HTML page. Without FILE it is written to the folder of the run; - is "
        "standard output.",
    ),
    click.option(
        "--open", "open_page", is_flag=True, help="Open the page in a browser; it is written as with --html."
    ),
    _rendering("markdown", "Write Markdown, for example for a pull request; FILE as for --html."),
    _rendering(
        "latex",
        "Write the tables of --sections, and the methods, in LaTeX (booktabs); FILE as for --html.  "
        "[default: the tables of the most important sections; with --sections all every table]",
    ),
    click.option(
        "--csv",
        metavar="FOLDER",
        type=click.Path(file_okay=False),
        callback=_not_empty,
        help="Write each table as a CSV file.",
    ),
    click.option(
        "--svg",
        metavar="FOLDER",
        type=click.Path(file_okay=False),
        callback=_not_empty,
        help="Write each chart as an SVG file.",
    ),
    click.option(
        "--fail-under",
        "gates",
        metavar="FIGURE=NUMBER",
        multiple=True,
        callback=_gates,
        help="Exit with status 4 if a figure is below a number: pass_rate=0.7; pass_rate.low=0.7 for the "
        "lower end of its interval; kappa_quadratic=0.6 for all dimensions. --json lists the figures. "
        "May be repeated.",
    ),
    click.option(
        "--junit",
        metavar="FILE",
        callback=_file,
        help="Write the results of --fail-under as JUnit XML; - is standard output.",
    ),
    click.option(
        "--sections",
        default="",
        callback=names,
        metavar="NAMES",
        help="Sections to print and to write as LaTeX, as in slices,failures; all is everything. Pages, "
        "Markdown, CSV and JSON always have all sections.  [default: the most important ones]",
    ),
    as_json,
)


def outputs(command: Callable[..., None]) -> Callable[..., None]:
    """Add the output options to a command, which receives them as one `Outputs`."""

    @functools.wraps(command)
    def bundled(**given: Any) -> None:
        refuse_inputs(*(given[name] for name in ("html", "markdown", "latex", "junit")))
        fields = (
            "as_json",
            "html",
            "markdown",
            "latex",
            "csv",
            "svg",
            "junit",
            "gates",
            "open_page",
            "sections",
        )
        command(**given | {"outputs": Outputs(**{name: given.pop(name) for name in fields})})

    wrapped: Callable[..., None] = _OPTIONS(bundled)
    return wrapped


def deliver(
    report: "Report",
    outputs: Outputs,
    runs: Sequence[str | Path] = (),
    steps: Sequence[str] = (),
    printed: Sequence[str] = (),
) -> None:
    """Write a report to the requested places, then check the thresholds.

    Parameters
    ----------
    report : Report
        The report.
    outputs : Outputs
        Output options of the command line.
    runs : sequence of path
        Runs that the report describes. Default files are written to the folder of a single run, and to
        the working directory if there are several.
    steps : sequence of str
        Commands that a user may run next; shown below a report without chosen sections.
    printed : sequence of str
        What the command has printed before.

    Raises
    ------
    InputError
        A threshold names a figure that the report does not have.
    GateError
        A threshold was missed. All files have been written by then.
    """
    from judge.reporting import gates

    html = _DEFAULT if outputs.open_page and outputs.html is None else outputs.html
    _check(outputs)
    shown = report.sections_named(outputs.sections or None)
    if outputs.csv:
        from judge.reporting.render.csv import file_names

        refuse_inputs(*(Path(outputs.csv) / name for name in file_names(report)))
    outcomes = gates.check(report, outputs.gates)
    home = Path(runs[0]) if len(runs) == 1 else Path()
    rendered = [
        (render(), str(home / f"{report.kind}.{ending}") if wanted == _DEFAULT else wanted)
        for wanted, ending, render in (
            (html, "html", report.to_html),
            (outputs.markdown, "md", report.to_markdown),
            (outputs.latex, "tex", functools.partial(report.to_latex, sections=outputs.sections or None)),
        )
        if wanted is not None
    ]
    if outputs.junit:
        rendered.append((gates.junit(report, outcomes), outputs.junit))
    written = [note for text, path in rendered if (note := _write(text, path))]  # after all are rendered
    if outputs.csv:
        written.append(f"{counted(len(report.to_csv(outputs.csv)), 'table')} in {outputs.csv}")
    if outputs.svg:
        written.append(f"{counted(len(report.to_svg(outputs.svg)), 'chart')} in {outputs.svg}")
    show_text = _STDOUT not in (outputs.html, outputs.markdown, outputs.latex, outputs.junit)
    if outputs.as_json or shown or not show_text:
        steps = ()
    notes = [*written, *next_steps.as_notes(steps)]
    if show_text:
        show(report, outputs.as_json, shown, next_steps.n_lines([*printed, *notes]))
    for note in notes:
        click.echo(note, err=True)
    if outputs.open_page:
        webbrowser.open(Path(rendered[0][1]).resolve().as_uri())
    gates.require(outcomes)


def _check(outputs: Outputs) -> None:
    to_stdout = [outputs.html, outputs.markdown, outputs.latex, outputs.junit].count(
        _STDOUT
    ) + outputs.as_json
    if to_stdout > 1:
        raise click.UsageError(
            "only one of --json and the options with the file name - can use standard output"
        )
    if outputs.open_page and outputs.html == _STDOUT:
        raise click.UsageError("--open opens a page in a file; found --html -, which is standard output")
    if outputs.junit and not outputs.gates:
        raise click.UsageError(
            "--junit writes the results of --fail-under, which is missing: add --fail-under pass_rate=0.7"
        )


def _write(text: str, path: str) -> str:
    """Write a file, or to standard output; return the note that says where a file is."""
    if path == _STDOUT:
        click.echo(text, nl=False)
        return ""
    from judge.files.writing import write_file

    write_file(path, text)
    return f"{path} ({len(text.encode()):,} bytes)"


def show(report: "Report", as_json: bool, sections: Sequence[str] | None = None, n_reserved: int = 0) -> None:
    """Print a report to standard output, as text or as JSON.

    `n_reserved` lines of the terminal hold other texts.
    """
    if as_json:
        click.echo(report.to_json(), nl=False)
        return
    from judge.reporting.render.text import print_report

    print_report(report, sections=sections, n_reserved=n_reserved)
