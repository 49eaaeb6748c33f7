"""Every reader of the product with the files it is tried on, and what has to hold of what it reads."""

import contextlib
import csv
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from click.testing import CliRunner

from judge.cli import load_command, main, settings_for
from judge.errors import InputError
from judge.formats import read_foreign
from judge.formats.ratings import read_ratings
from judge.items import read_items
from judge.records import Completion, Item
from judge.rubric import load_rubric
from judge.scoring.backends.replay import ReplayBackend
from judge.scoring.parsing.parse import score_rows

from .damage import DAMAGES
from .mutations import cell_changed, json_line_changed, mutated

ROOT = Path(__file__).parents[2]
_N_LONG = 60
"""Ratings in the long table."""
EXAMPLES, FORMATS = ROOT / "examples", ROOT / "tests" / "data" / "formats"


class WrongError(Exception):
    """What was read is not what stands in the file."""


@dataclass(frozen=True)
class Reader:
    """How one reader is tried: `prepare` makes the sound files, `spoil` a bad case, `read` reads it."""

    prepare: Callable[[Path], None]
    spoil: Callable[[Path, Random], None]
    read: Callable[[Path], None]
    longest: float = 10.0
    """Seconds that one case may take."""


def copied(*sources: Path) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        for source in sources:
            shutil.copyfile(source, folder / source.name)

    return prepare


def spoil_one(folder: Path, rng: Random) -> None:
    """Mutate one file of a folder."""
    file = rng.choice(sorted(path for path in folder.iterdir() if path.is_file()))
    file.write_bytes(mutated(file.read_bytes(), file.suffix, rng))


def spoil_only(folder: Path, rng: Random) -> None:
    """Keep one file of a folder, and mutate it."""
    spoil_one(_only(folder, "*", rng), rng)


def _only(folder: Path, pattern: str, rng: Random) -> Path:
    """Keep one file of a folder; the others are read in other cases."""
    chosen = rng.choice(sorted(folder.glob(pattern)))
    for other in folder.iterdir():
        if other != chosen:
            other.unlink()
    return folder


# -- answers: the rows that were not mutated are read as before


def _spoil_answers(folder: Path, rng: Random) -> None:
    """Either one line, so that the others can be compared, or anything."""
    (file,) = _only(folder, "answers.*", rng).iterdir()
    if rng.random() < 0.5:
        change = json_line_changed if file.suffix == ".jsonl" else cell_changed
        file.write_bytes(change(file.read_bytes(), rng))
        (folder / "one row").write_text(file.name)
    else:
        file.write_bytes(mutated(file.read_bytes(), file.suffix, rng))


def _prepare_answers(folder: Path) -> None:
    shutil.copyfile(EXAMPLES / "answers.jsonl", folder / "answers.jsonl")
    rows = [json.loads(line) for line in (EXAMPLES / "answers.jsonl").read_text().splitlines()]
    (folder / "answers.json").write_text(json.dumps(rows))
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "answers.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)


def _read_answers(folder: Path) -> None:
    known = _sound_answers()
    chosen = folder / "one row"
    for file in sorted(folder.glob("answers.*")):
        bad: list[InputError] = []
        items = list(read_items(file, on_bad=bad.append))
        if chosen.exists() and chosen.read_text() == file.name and file.suffix != ".json":
            if len(items) + len(bad) != len(known):
                raise WrongError(f"{len(known)} rows: {len(items)} read, {len(bad)} refused")
            same = sum(_is_same(item, known.get(item.id)) for item in items)
            if same < len(known) - 1:
                raise WrongError(f"one row was changed, {len(known) - same} are read otherwise")


@cache
def _sound_answers() -> dict[str, Item]:
    return {item.id: item for item in read_items(EXAMPLES / "answers.jsonl")}


def _is_same(item: Item, other: Item | None) -> bool:
    return other is not None and (item.question, item.answer) == (other.question, other.answer)


# -- ratings: every rating that was not mutated is read, or the file is refused


def _spoil_ratings(folder: Path, rng: Random) -> None:
    (file,) = _only(folder, "ratings*", rng).iterdir()
    if file.suffix == ".csv" and rng.random() < 0.5:
        file.write_bytes(cell_changed(file.read_bytes(), rng))
        (folder / "one row").write_text(file.name)
    else:
        file.write_bytes(mutated(file.read_bytes(), file.suffix, rng))


def _prepare_ratings(folder: Path) -> None:
    shutil.copyfile(EXAMPLES / "ratings.csv", folder / "ratings.csv")
    scores = list(read_ratings(EXAMPLES / "ratings.csv"))[:_N_LONG]
    rows = [
        {"item_id": s.item_id, "rater": s.rater, "dimension": s.dimension, "value": s.value} for s in scores
    ]
    (folder / "ratings_long.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with (folder / "ratings_long.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    nested: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        mine = nested.setdefault(str(row["rater"]), {}).setdefault(str(row["item_id"]), {})
        mine[str(row["dimension"])] = row["value"]
    (folder / "ratings_nested.json").write_text(json.dumps(nested))


def _rated(file: Path) -> set[tuple[str, str, str, Any]]:
    return {(s.item_id, s.rater, s.dimension, s.value) for s in read_ratings(file) if s.value is not None}


def _read_ratings(folder: Path) -> None:
    chosen = folder / "one row"
    for file in sorted(folder.glob("ratings*")):
        found = _rated(file)
        if chosen.exists() and chosen.read_text() == file.name:
            sound, a_row = _sound_ratings(file.name)
            if len(lost := sound - found) > a_row:
                raise WrongError(f"one row was changed, {len(lost)} ratings are lost: {sorted(lost)[:3]}")


@cache
def _sound_ratings(name: str) -> tuple[set[tuple[str, str, str, Any]], int]:
    """What the sound file of a name holds, and how many ratings stand in one of its rows."""
    scores = list(read_ratings(EXAMPLES / "ratings.csv"))
    if name == "ratings_long.csv":
        scores = scores[:_N_LONG]
    sound = {(s.item_id, s.rater, s.dimension, s.value) for s in scores if s.value is not None}
    return sound, 1 if name == "ratings_long.csv" else len({s.dimension for s in scores})


# -- rubrics, replies, files of other tools, settings


def _read_rubrics(folder: Path) -> None:
    for file in sorted(folder.glob("*.yaml")):
        load_rubric(file)


def _prepare_replies(folder: Path) -> None:
    shutil.copyfile(EXAMPLES / "replies.jsonl", folder / "replies.jsonl")
    first = (EXAMPLES / "replies.jsonl").read_text().splitlines()
    for number, line in enumerate(first[:8]):
        (folder / f"reply{number}.json").write_text(json.loads(line)["reply"] or "")


def _read_replies(folder: Path) -> None:
    """Replies as a recording, and each alone as what a judge said."""
    rubric = load_rubric("open_qa")
    item = next(iter(read_items(EXAMPLES / "answers.jsonl")))
    for file in sorted(folder.glob("reply*.json")):
        said = Completion(key="k", item_id=item.id, reply=file.read_bytes().decode("utf-8", "replace"))
        for score in score_rows(item, [said], rubric, "judge", 1):
            if isinstance(score.value, float) and not rubric.scale.holds(score.value):
                raise WrongError(f"{score.dimension} is {score.value} on a scale from 1 to 5")
    if (folder / "replies.jsonl").exists():
        ReplayBackend(folder / "replies.jsonl")


def _prepare_foreign(folder: Path) -> None:
    for number, name in enumerate(sorted(path.name for path in FORMATS.iterdir() if path.suffix != ".md")):
        alone = folder / f"alone{number}"
        alone.mkdir()
        shutil.copyfile(FORMATS / name, alone / name)
    for name, files in (("robustmad", _robustmad()), ("mmad", _mmad())):
        together = folder / name
        together.mkdir()
        for file, content in files.items():
            (together / file).write_text(json.dumps(content))


def _robustmad() -> dict[str, Any]:
    about = {"image_path": "gear/1.png", "reference_image_path": "gear/good.png", "category": "gear"}
    asked = {"question_id": 1, "question": "Is it whole?", "robustness_category": "standalone"}
    option = {"A": "Yes", "B": "No"}
    scores = {"technical_accuracy": 3, "comprehensiveness": 3, "relevance": 5, "style_and_clarity": 5}
    judged = {"dimension_scores": scores, "overall_score": 4, "is_accurate": True, "explanation": "Made up."}
    said = {**asked, **about, "difficulty": "general", "mslm_answer": "No.", "raw_response": "No."}
    image = {**about, "specie_name": "made_up", "anomaly": 1, "difficulty": "general", "dataset": "made up"}
    return {
        "questions.json": {
            "images": [{**image, "questions": [{**asked, "answer": "No.", "options": option}]}]
        },
        "responses.json": [said],
        "judged.json": {"questions": [{**said, "judge": judged}]},
    }


def _mmad() -> dict[str, Any]:
    image = "DS-MVTec/bottle/image/good/001.png"
    asked = {"Question": "Is there a defect?", "Answer": "B", "Options": {"A": "Yes", "B": "No"}}
    row = {"image": image, "question_type": "Anomaly Detection", "correct_answer": "B", "gpt_answer": "B"}
    talk = {"image": image, "similar_templates": [], "conversation": [{**asked, "type": "Anomaly Detection"}]}
    return {"mmad.json": {image: talk}, "answers.json": [row]}


def _spoil_foreign(folder: Path, rng: Random) -> None:
    chosen = rng.choice(sorted(path for path in folder.iterdir() if path.is_dir()))
    spoil_one(chosen, rng)
    for other in folder.iterdir():  # the others are read in other cases
        if other != chosen:
            shutil.rmtree(other)


def _read_foreign(folder: Path) -> None:
    for case in sorted(folder.iterdir()):
        read_foreign(*sorted(case.iterdir()))


_SETTINGS = """# what a team shares
rubric = "open_qa"
max_cost = 5.0
temperature = 0
retry_errors = false
fail_under = ["pass_rate=0.7", "score.clarity=4"]

[score]
judge = ["openai/gpt-5", "anthropic/claude"]
concurrency = 8
out = "runs/mine"

[report]
by = "topic"
html = "report.html"
"""


def _prepare_settings(folder: Path) -> None:
    (folder / "judge.toml").write_text(_SETTINGS)
    lines = _SETTINGS.replace("[score]", "[tool.judge.score]").replace("[report]", "[tool.judge.report]")
    (folder / "pyproject.toml").write_text(f"[tool.judge]\n{lines}")


def _read_settings(folder: Path) -> None:
    with contextlib.chdir(folder):
        _raise_from(CliRunner().invoke(main, ["score", "--help"]))
        settings_for(load_command("report"))


# -- runs and studies, as the commands see them

_JUDGE = f"replay:{EXAMPLES / 'replies.jsonl'}"


def _run_commands(folder: Path) -> list[list[str]]:
    run, people = str(folder / "run"), str(EXAMPLES / "ratings.csv")
    return [
        ["show", run, "--limit", "30"],
        ["report", run, "--by", "topic"],
        ["export", run, "--output-format", "csv", "--wide"],
        ["audit", run],
        ["leaderboard", run, "--system", "system"],
        ["agree", run, "--humans", people, "--dimension", "clarity"],
        ["calibrate", run, "--humans", people, "--dimension", "clarity"],
        ["plan", run, "--select", "4"],
        ["parse", run],  # this one and the next write to the run
        ["score", str(EXAMPLES / "answers.jsonl"), "--judge", _JUDGE, "--out", run],
    ]


def _study_commands(folder: Path) -> list[list[str]]:
    study = str(folder / "study.db")
    return [["study", "status", study], *(["study", "export", study, "--layout", f] for f in _LAYOUTS)]


_LAYOUTS = ("long", "wide", "label-studio", "label-studio-config", "everything")


def _prepare_run(folder: Path) -> None:
    out = str(folder / "run")
    CliRunner().invoke(main, ["score", str(EXAMPLES / "answers.jsonl"), "--judge", _JUDGE, "--out", out])


def _prepare_study(folder: Path) -> None:
    out = str(folder / "study.db")
    CliRunner().invoke(main, ["study", "new", str(EXAMPLES / "answers.jsonl"), "--select", "8", "--out", out])
    lines = (EXAMPLES / "ratings.csv").read_text()
    (folder / "ratings.csv").write_text(lines.replace("rater_", "R0"))
    CliRunner().invoke(main, ["study", "import", out, str(folder / "ratings.csv")])
    (folder / "ratings.csv").unlink()


def _damaging(name: str) -> Callable[[Path, Random], None]:
    def spoil(folder: Path, rng: Random) -> None:
        DAMAGES[rng.choice(list(DAMAGES))](folder / name, rng)

    return spoil


def _commanding(commands: Callable[[Path], list[list[str]]]) -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        for command in commands(folder):
            found = CliRunner().invoke(main, command)
            _raise_from(found)
            if found.exit_code == 1 and found.stderr.count("Error: ") != 1:
                raise WrongError(f"{command[0]}: {found.stderr[:300]}")

    return read


def _raise_from(found: Any) -> None:
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception


READERS: Mapping[str, Reader] = {
    "answers": Reader(_prepare_answers, _spoil_answers, _read_answers),
    "ratings": Reader(_prepare_ratings, _spoil_ratings, _read_ratings),
    "rubrics": Reader(copied(*sorted((ROOT / "rubrics").glob("*.yaml"))), spoil_only, _read_rubrics),
    "replies": Reader(_prepare_replies, spoil_only, _read_replies),
    "foreign formats": Reader(_prepare_foreign, _spoil_foreign, _read_foreign),
    "settings": Reader(_prepare_settings, spoil_only, _read_settings),
    "runs": Reader(_prepare_run, _damaging("run/run.db"), _commanding(_run_commands), longest=60),
    "studies": Reader(_prepare_study, _damaging("study.db"), _commanding(_study_commands), longest=60),
}
