"""`judge import`: convert the results of another tool into a run, or into a file of answers."""

from pathlib import Path

import click

from judge.cli.options import input_format, out, rubric
from judge.cli.protect_inputs import refuse_inputs
from judge.counting import counted
from judge.errors import InputError
from judge.files.whole_folder import check_free, unfinished, whole_folder
from judge.formats import FORMATS, read_foreign
from judge.formats.document import ImportedFile
from judge.formats.judged import one_judge, rubric_for
from judge.rubric import load_rubric
from judge.scoring.run import Run
from judge.scoring.schema import write_atomically


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@input_format(FORMATS)
@out(
    "a folder for the run, or a file in .jsonl for answers without judgments.  [default: runs/NAME-FORMAT, "
    "NAME-FORMAT.jsonl]",
    is_folder=None,
)
@click.option(
    "--only-rater",
    "judge",
    metavar="RATER",
    help="Import the scores of this rater only; needed if several raters scored the same items.",
)
@click.option(
    "--templates",
    type=click.Choice(["similar", "random", "none"]),
    help="MMAD: which normal picture that mmad.json names is the reference picture.  [default: similar]",
)
@rubric("its dimensions are those of the scores.  [default: chosen by the format]")
def command(
    files: tuple[str, ...],
    format_: str | None,
    out: str | None,
    judge: str | None,
    templates: str | None,
    rubric: str | None,
) -> None:
    """Convert judgments of another tool into a run for report, compare and agree. No request is sent.

    FILES of RobustMAD, MMAD, Inspect, promptfoo, DeepEval and lm-evaluation-harness are recognised. If the
    questions and the responses are in separate files, name them together. Files without judgments are
    converted into a file of answers for `judge score` or `judge choice`.

    Example: judge import judged_gpt-5.json judged_gpt-5_low.json --out runs/robustmad
    """
    found = read_foreign(*files, format=format_, templates=templates)
    tell(found)
    if not found.items:
        raise InputError(f"{', '.join(files)}: contain no answers; also name the file with the answers")
    stem = Path(files[0]).name.split(".")[0]
    name = stem if found.format in stem else f"{stem}-{found.format}"
    if found.scores:
        make_run(found, Path(out or Path("runs") / name), judge, rubric)
    else:
        answers = Path(out or f"{name}.jsonl")
        refuse_inputs(answers)
        write_answers(found, answers)


def tell(found: ImportedFile) -> None:
    """Print the notes and problems of an import, with counts and examples."""
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    for problem, ids in found.problems.items():
        shown = ", ".join(repr(item_id) for item_id in ids[:3]) + (", …" if len(ids) > 3 else "")
        click.echo(f"note: {problem}: {len(ids):,} ({shown})", err=True)


def make_run(found: ImportedFile, out: Path, judge: str | None, rubric: str | None) -> None:
    """Write items and scores as a run folder, completely or not at all."""
    check_free(out)
    name_drafts(out)
    name, scores = one_judge(found, judge)
    by = load_rubric(rubric) if rubric else rubric_for(found)
    with whole_folder(out) as draft, Run.imported(draft, by, found.items, scores, model=name) as run:
        run.export()
    click.echo(str(out))
    click.echo(
        f"{counted(len(found.items), 'answer')} with {counted(len(scores), 'score')} by {name} "
        f"(rubric {by.name}). Next: judge report {out}",
        err=True,
    )


def name_drafts(out: Path) -> None:
    """Name the hidden folders that imports to `out` left behind because they were killed."""
    for draft in unfinished(out):
        click.echo(
            f"note: {draft}: left by an import that did not finish; delete it, unless another import is "
            "running",
            err=True,
        )


def write_answers(found: ImportedFile, out: Path) -> None:
    """Write items as JSON Lines."""
    if not out.name.endswith(".jsonl"):
        raise InputError(
            f"{out}: the files contain answers without judgments, so --out must be a file in .jsonl"
        )
    try:
        write_atomically(out, (item.model_dump_json(exclude_defaults=True) + "\n" for item in found.items))
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from None
    click.echo(str(out))
    command_next = "choice" if any(item.choices for item in found.items) else "score"
    click.echo(
        f"{counted(len(found.items), 'answer')}, no judgments. Next: judge {command_next} {out}", err=True
    )
