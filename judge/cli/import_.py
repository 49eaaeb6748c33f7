"""`judge import`: judgments of another tool become a run; answers without judgments, a file to score."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from judge.cli.protect_inputs import refuse_inputs
from judge.errors import InputError, JudgeError
from judge.formats import FORMATS, read_foreign
from judge.formats.document import ImportedFile
from judge.formats.judged import one_judge, rubric_for
from judge.rubric import load_rubric
from judge.scoring.run import Run
from judge.scoring.schema import write_atomically


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    help="Whose files they are.  [default: recognised]",
)
@click.option(
    "--out",
    type=click.Path(),
    help="Run folder to make.  [default: runs/NAME-FORMAT]  For answers without judgments: FILE.jsonl.",
)
@click.option("--judge", help="Take the scores of this rater only.  [default: all that are in the files]")
@click.option("--rubric", help="Rubric whose dimensions the scores are.  [default: as the format says]")
def command(
    files: tuple[str, ...], format_: str | None, out: str | None, judge: str | None, rubric: str | None
) -> None:
    """Make a run of judgments that another tool has made, without a call; then report, compare or agree.

    FILES of RobustMAD, MMAD, Inspect, promptfoo, deepeval or lm-evaluation-harness are recognised. Questions
    and the responses to them are given together. Where no judgment is in them, the answers are written to a
    file that `judge score` and `judge choice` take.

    Example: judge import judged_gpt-5.json judged_gpt-5_low.json --out runs/robustmad
    """
    found = read_foreign(*files, format=format_)
    tell(found)
    if not found.items:
        raise InputError(f"{', '.join(files)}: hold no answer; give the file with the answers, too")
    stem = Path(files[0]).name.split(".")[0]
    name = stem if found.format in stem else f"{stem}-{found.format}"
    if found.scores:
        make_run(found, Path(out or Path("runs") / name), judge, rubric)
    else:
        answers = Path(out or f"{name}.jsonl")
        refuse_inputs(answers)
        write_answers(found, answers)


def tell(found: ImportedFile) -> None:
    """Say what did not fit together, with counts."""
    for problem, ids in found.problems.items():
        shown = ", ".join(repr(item_id) for item_id in ids[:3]) + (", …" if len(ids) > 3 else "")
        click.echo(f"note: {problem}: {len(ids):,} ({shown})", err=True)


def make_run(found: ImportedFile, out: Path, judge: str | None, rubric: str | None) -> None:
    """Write items and scores as a run folder, all of it or nothing."""
    if (out / "run.db").exists():
        raise InputError(f"{out}: there is a run already; choose another folder with --out")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is there already and is no empty folder; choose another one with --out")
    name, scores = one_judge(found, judge)
    by = load_rubric(rubric) if rubric else rubric_for(found)
    with _finished_folder(out) as draft, Run.imported(draft, by, found.items, scores, model=name) as run:
        run.export()
    click.echo(str(out))
    click.echo(
        f"{len(found.items):,} answers with {len(scores):,} scores by {name} (rubric {by.name}). "
        f"Next: judge report {out}",
        err=True,
    )


@contextlib.contextmanager
def _finished_folder(out: Path) -> Iterator[Path]:
    """Folder to write into, which gets the name `out` at the end; after an error nothing of it is left."""
    made = [folder for folder in out.parents if not folder.exists()]
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(out)
    except BaseException as error:
        # Whatever stops it, Ctrl-C too: nothing of it may stay.
        shutil.rmtree(draft, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError | JudgeError):
            raise _about(out, error, draft) from None
        raise


def _about(out: Path, error: OSError | JudgeError, draft: Path) -> JudgeError:
    """Name in the message of an error the file that was asked for."""
    if isinstance(error, JudgeError):
        return type(error)(str(error).replace(str(draft), str(out)))
    return InputError(f"{out}: cannot be written: {error.strerror or error}")


def write_answers(found: ImportedFile, out: Path) -> None:
    """Write items as JSON Lines."""
    if not out.name.endswith(".jsonl"):
        raise InputError(f"{out}: no judgments are in these files, only answers; --out must end in .jsonl")
    try:
        write_atomically(out, (item.model_dump_json(exclude_defaults=True) + "\n" for item in found.items))
    except OSError as error:
        raise _about(out, error, out) from None
    click.echo(str(out))
    command_next = "choice" if any(item.choices for item in found.items) else "score"
    click.echo(f"{len(found.items):,} answers, no judgments. Next: judge {command_next} {out}", err=True)
