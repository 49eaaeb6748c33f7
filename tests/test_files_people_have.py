"""Files of answers and ratings as people have them: each is read, or refused with advice.

The files stand in tests/data/people: what is in them, the command, and what it must read or say. A case of
`refused.yaml` lists words of the error: the place, what was found, and the option that helps.
"""

import csv
import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner
from openpyxl import Workbook

import judge
from human_study.plan import Design, DrawnItem, plan_study
from human_study.store import Study
from judge.cli import main
from judge.records import Item, Score
from judge.rubric import Rubric
from judge.scoring.run import Run

DATA = Path(__file__).parent / "data"


def cases(name):
    found = yaml.safe_load((DATA / "people" / f"{name}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["sentence"]) for case in found]


ANSWERS, RATINGS, REFUSED = map(cases, ("answers", "ratings", "refused"))
OF_FILES = [case for case in ANSWERS if "files" in case.values[0]]


def write(case, folder):
    """Write the files of a case into a folder: text, workbooks ({sheet: CSV}), and saved datasets ([row])."""
    if "data" in case:
        shutil.copy(DATA / case["data"], folder)
    for name, content in case.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            _write_workbook(path, content)
        elif isinstance(content, list):
            _write_dataset(path, content)
        else:
            added = case.get("append", "").encode("latin-1")
            path.write_bytes(content.encode(case.get("encoding", "utf-8")) + added)


def _write_workbook(path, sheets):
    book = Workbook()
    book.remove(book.active)
    for title, text in sheets.items():
        sheet = book.create_sheet(title)
        for row in csv.reader(text.splitlines()):
            sheet.append([int(cell) if cell.isdigit() else cell for cell in row])
    book.save(path)


def _write_dataset(path, rows):
    """Write what `datasets.Dataset.save_to_disk` does."""
    path.mkdir()
    table = pa.Table.from_pylist(rows)
    with (
        pa.OSFile(str(path / "data-00000-of-00001.arrow"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as out,
    ):
        out.write_table(table)
    (path / "state.json").write_text('{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}')
    (path / "dataset_info.json").write_text("{}")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder in which the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    """Run `judge` in this process; an error that is no error of the user fails the test."""
    result = CliRunner().invoke(main, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def option(case, name):
    """Value of an option in the command of a case."""
    words = shlex.split(case["command"])
    return words[words.index(name) + 1]


def without(words, name):
    """Words of a command without an option and its value."""
    place = words.index(name)
    return [*words[:place], *words[place + 2 :]]


def python_options(case, known):
    """Options of the command of a case, as Python takes them; `known` is option -> (parameter, conversion)."""
    words, found = shlex.split(case["command"]), {}
    for place, word in enumerate(words):
        if word in known:
            parameter, kind = known[word]
            value = kind(words[place + 1])
            found[parameter] = {**found.get(parameter, {}), **value} if kind is pair else value
    return found


def pair(text):
    name, _, value = text.partition("=")
    return {name: value}


def several(text):
    return text.split(",")


ITEM_OPTIONS = {
    "--map": ("mapping", pair),
    "--id-from": ("id_from", several),
    "--answers-in": ("answers_in", several),
    "--questions": ("questions", str),
    "--encoding": ("encoding", str),
    "--format": ("format", str),
}
RATING_OPTIONS = {
    "--column": ("columns", pair),
    "--id-from": ("id_from", several),
    "--raters-in": ("raters_in", several),
    "--missing-codes": ("missing_codes", several),
    "--dimension": ("dimensions", several),
    "--scale": ("scale", str),
    "--encoding": ("encoding", str),
}


# -- Answers


def check_items(items, expected):
    items = list(items)
    fields = {"ids": "id", "questions": "question", "answers": "answer", "systems": "system"}
    fields |= {"references": "reference"}
    for name, field in fields.items():
        if name in expected:
            assert [getattr(item, field) for item in items] == expected[name]
    if "other_references" in expected:
        assert [list(item.other_references) for item in items] == expected["other_references"]
    if "n_ids" in expected:
        assert len({item.id for item in items}) == expected["n_ids"]
    if expected.get("content_ids"):
        assert all(re.fullmatch("[0-9a-f]{12}", item.id) for item in items)


@pytest.mark.parametrize("case", ANSWERS)
def test_answers_are_read(case, folder):
    write(case, folder)
    words = shlex.split(case["command"])
    result = run(*words, *([] if "--out" in words else ["--out", "run"]))
    assert result.exit_code in (0, 3), result.stderr
    for words in case.get("says", ()):
        assert words in result.stderr
    with Run.open("run") as opened:
        check_items(opened.items(), case["read"])


@pytest.mark.parametrize("case", [case for case in OF_FILES if "--skip-bad" not in case.values[0]["command"]])
def test_python_and_the_dry_run_read_the_same_answers(case, folder):
    write(case, folder)
    words = shlex.split(case["command"])
    source = words[1]
    items = judge.load_items(source, **python_options(case, ITEM_OPTIONS))
    check_items(items, case["read"])
    shown = run(*words, "--dry-run")
    assert items.summary.lines() == shown.stderr.splitlines()[: len(items.summary.lines())]
    assert re.search(rf"^{len(items)} items?, ", shown.stderr, re.MULTILINE)


ROWS = [
    {"id": "q1", "prompt": "2 + 2?", "response": "4", "expected": "4"},
    {"id": "q2", "prompt": "Capital of France?", "response": "Lyon", "expected": None},
]


class Dataset:
    """Has what `datasets.Dataset` has: features, and rows that are dicts."""

    def __init__(self, rows):
        self.rows, self.features = rows, dict.fromkeys(rows[0])

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


@pytest.mark.parametrize("kind", [list, pd.DataFrame, Dataset], ids=lambda kind: kind.__name__)
def test_tables_in_memory_are_read_as_files_are(kind, folder):
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert judge.load_items(kind(ROWS)) == judge.load_items(file)


@pytest.mark.parametrize("kind", [list, pd.DataFrame, Dataset], ids=lambda kind: kind.__name__)
def test_ratings_in_memory_are_read_as_files_are(kind):
    rows = [
        {"item_id": "q1", "rater": "ann", "clarity": 4},
        {"item_id": "q1", "rater": "ben", "clarity": 5},
    ]
    found = judge.read_ratings(kind(rows))
    assert [(s.item_id, s.rater, s.value) for s in found] == [("q1", "ann", 4.0), ("q1", "ben", 5.0)]


# -- Ratings

SIZES = re.compile(r"^\d+ raters?\b.*\n[\d,]+ ratings?, scale .*$", re.MULTILINE)


def sizes(text):
    """The two lines on what was read, without the scale: one door knows it declared, another found."""
    (lines,) = SIZES.findall(text) or [""]
    return re.sub(r", scale .*, ", ", ", lines)


def check_sizes(text, expected):
    raters, dimensions = expected["raters"], expected.get("dimensions")
    n_items = len(expected["items"]) if "items" in expected else expected["n_items"]
    assert f"{len(raters)} raters ({', '.join(raters)}), {n_items} item{'s'[: n_items != 1]}, " in text
    if dimensions:
        assert f"{len(dimensions)} dimension{'s'[: len(dimensions) != 1]} ({', '.join(dimensions)})" in text
    assert f"\n{expected['ratings']} ratings, " in "\n" + text
    if "missing" in expected:
        assert f", {expected['missing']} missing" in text


def ratings_of(case):
    options = python_options(case, RATING_OPTIONS)
    if "--rater-scale" in case["command"]:
        del options["scale"]  # read_ratings returns ratings as they were given, without rescaling
    return judge.read_ratings(option(case, "--humans"), **options)


@pytest.mark.parametrize("case", RATINGS)
def test_ratings_are_read(case, folder):
    write(case, folder)
    result = run(*shlex.split(case["command"]))
    assert result.exit_code == 0, result.stderr
    check_sizes(result.stderr, case["read"])
    for words in case.get("says", ()):
        assert words in result.output
    table = ratings_of(case)
    assert list(table.raters) == case["read"]["raters"]
    if "items" in case["read"]:
        assert list(table.items) == case["read"]["items"]
    if "first" in case["read"]:
        assert table.scores[0].value == case["read"]["first"]


def doors(case):
    """Commands that can read a file: only those with a dimension fit a rubric."""
    all_of_them = ["plan", "calibrate", "study import"] if "dimensions" in case["read"] else ["plan"]
    return case.get("doors", all_of_them)


@pytest.mark.parametrize("case", [case for case in RATINGS if "plan" in doors(case.values[0])])
def test_plan_reads_what_agree_reads(case, folder, monkeypatch):
    monkeypatch.setattr("judge.analysis.plan.N_DRAWS", 3)
    write(case, folder)
    words = shlex.split(case["command"])[1:]
    read = sizes(run("plan", "--statistic", "alpha", *words).stderr)
    assert read == sizes(run("agree", *words).stderr) != ""


@pytest.mark.parametrize("case", [case for case in RATINGS if "calibrate" in doors(case.values[0])])
def test_calibrate_reads_what_agree_reads(case, folder):
    write(case, folder)
    words = shlex.split(case["command"])[1:]
    table = ratings_of(case)
    items = [Item(id=name, question="?", answer="a") for name in table.items]
    scores = [
        Score(item_id=name, rater="soft", rater_kind="judge", dimension=dimension, value=3.0)
        for name in table.items
        for dimension in table.dimensions
    ]
    Run.imported(folder / "run", rubric_of(table.dimensions), items, scores, model="soft").close()
    read = sizes(run("calibrate", "run", *without(words, "--scale")).stderr)
    assert read == sizes(run("agree", *words).stderr) != ""


@pytest.mark.parametrize("case", [case for case in RATINGS if "study import" in doors(case.values[0])])
def test_a_study_imports_what_agree_reads(case, folder):
    write(case, folder)
    words = shlex.split(case["command"])[1:]
    table = ratings_of(case)
    items = [Item(id=name, question="?", answer="a") for name in table.items]
    make_study(folder / "study.db", items, rubric_of(table.dimensions))
    given = without(without(words, "--humans"), "--scale")
    result = run("study", "import", "study.db", option(case, "--humans"), *given)
    assert result.exit_code == 0, result.stderr
    assert sizes(result.stderr) == sizes(run("agree", *words).stderr) != ""


def test_a_table_with_answers_gives_them_the_ids_that_its_ratings_get(folder):
    (case,) = [one.values[0] for one in RATINGS if "answers stand beside" in one.id]
    write(case, folder)
    items = judge.load_items("ratings.csv")
    assert [item.id for item in items] == list(ratings_of(case).items)
    run("score", "ratings.csv", "--out", "run")
    result = run("agree", "run", *shlex.split(case["command"])[1:3], "--raters-in", "ann,ben")
    assert "2 items" in result.stderr


def rubric_of(dimensions):
    """A rubric with these dimensions on a scale from 1 to 5."""
    return Rubric.model_validate(
        {
            "name": "people",
            "version": 1,
            "task": "Judge.",
            "scale": {"min": 1, "max": 5, "level": "ordinal"},
            "pass": {"overall": 3},
            "dimensions": {
                name: {"description": "How good.", "anchors": {n: f"Level {n}." for n in range(1, 6)}}
                for name in dimensions
            },
        }
    )


def make_study(path, items, rubric):
    """An empty study of items, in which all are rated by all."""
    design = Design(raters=2, per_item=2, items=None, repeats=0, checks=0, show_reference=True, seed=0)
    Study.create(path, plan_study("people", rubric, design, [DrawnItem(item) for item in items])).close()


# -- Refusals


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_advice(case, folder):
    write(case, folder)
    result = run(*shlex.split(case["command"]))
    assert result.exit_code in (1, 2), result.stderr
    for words in case["refused"]:
        assert words in result.stderr
    for words in case.get("silent", ()):
        assert words not in result.stderr
    assert not Path("runs").exists()


def test_forty_files_and_more_are_tried():
    assert len(ANSWERS) + len(RATINGS) + len(REFUSED) >= 40
