import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from human_study.form import Reply
from human_study.store import Study
from human_study.study_records import Save
from judge.cli import main
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

ANSWERS = [
    {"id": f"q{n}", "question": f"What is {n}?", "answer": f"It is {n}.", "topic": "odd" if n % 2 else "even"}
    for n in range(20)
]
DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ANSWERS))


def study(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["study", *arguments], catch_exceptions=False)


def done(*arguments: str) -> Result:
    result = study(*arguments)
    assert result.exit_code == 0, result.output
    return result


def rate_all(path: str = "study.db") -> None:
    """All raters give 4 to everything."""
    with Study.open(path) as opened:
        values: dict[str, int | str] = dict.fromkeys(DIMENSIONS, 4)
        for task in list(opened.tasks()):
            save = Save(save_id="save-0001", base=0, reply=Reply(values=values), seconds=9)
            opened.save(task.rater, task.n, save)


def test_new_says_what_was_planned_and_what_comes_next() -> None:
    result = done("new", "answers.jsonl", "--select", "10", "--checks", "0", "--repeats", "0")
    assert "study.db: 10 items, each rated by 3 of 5; answers per rater: R01 6" in result.stdout
    assert "judge study serve study.db" in result.stderr


def test_new_stratifies_by_a_field() -> None:
    done("new", "answers.jsonl", "--select", "4", "--stratify", "topic")
    with Study.open("study.db") as opened:
        strata = {task.item.id: task.stratum for task in opened.tasks() if task.kind == "main"}
    assert sorted(strata.values()) == ["even", "even", "odd", "odd"]


def test_new_says_how_many_of_each_stratum_were_drawn_and_how_likely() -> None:
    text = done("new", "answers.jsonl", "--select", "4", "--stratify", "topic").stdout
    assert "even: 2 drawn, each with probability 0.2\n  odd: 2 drawn, each with probability 0.2" in text


def test_new_takes_fields_of_any_name() -> None:
    Path("odd.csv").write_text("nr,asked,said\n1,Why?,So.\n2,How?,Thus.\n")
    maps = ("--map", "id=nr", "--map", "question=asked", "--map", "answer=said")
    assert "2 items" in done("new", "odd.csv", *maps).stdout


@pytest.fixture
def run() -> str:
    """A run whose judge failed 2 of 20 answers and has no score for one."""
    items = [Item(id=row["id"], question="?", answer="!") for row in ANSWERS]
    scores = [
        Score(
            item_id=item.id, rater="m", rater_kind="judge", dimension="overall", value=2.0 if n < 2 else 4.0
        )
        for n, item in enumerate(items[:-1])
    ]
    with Run.imported("run", load_rubric("open_qa"), items, scores, model="m"):
        return "run"


@pytest.mark.parametrize(
    ("by", "strata"),
    [("score", {"overall 2", "overall 4", "no score"}), ("passed", {"passed", "failed", "no verdict"})],
)
def test_new_stratifies_by_what_the_judge_said(run: str, by: str, strata: set[str]) -> None:
    done("new", run, "--select", "6", "--stratify", by)
    with Study.open("study.db") as opened:
        tasks = [task for task in opened.tasks() if task.kind == "main"]
    assert {task.stratum for task in tasks} == strata
    assert {task.probability for task in tasks if task.stratum in ("failed", "overall 2")} == {1.0}


def test_new_takes_a_list_with_probabilities() -> None:
    Path("chosen.csv").write_text("item_id,probability\nq3,0.25\nq4,0.5\n")
    done("new", "answers.jsonl", "--ids", "chosen.csv")
    with Study.open("study.db") as opened:
        found = {task.item.id: task.probability for task in opened.tasks() if task.kind == "main"}
    assert found == {"q3": 0.25, "q4": 0.5}


def test_new_takes_ids_one_a_line() -> None:
    Path("chosen.txt").write_text("q3\n\nq4\n")
    assert "2 items" in done("new", "answers.jsonl", "--ids", "chosen.txt").stdout


def test_new_takes_tasks_of_label_studio() -> None:
    tasks = [{"id": n, "data": {"input": "?", "output": "!"}} for n in range(6)]
    Path("tasks.json").write_text(json.dumps(tasks))
    assert "6 items" in done("new", "tasks.json").stdout


def test_new_takes_own_practice_checks_and_introduction() -> None:
    known = {"id": "k", "question": "?", "answer": "!", "expected_scores": {"clarity": [4, 5]}}
    Path("known.jsonl").write_text(json.dumps(known))
    Path("hello.txt").write_text("Who asks, and why.\n")
    done("new", "answers.jsonl", "--training", "known.jsonl", "--check-items", "known.jsonl",
         "--introduction", "hello.txt")  # fmt: skip
    with Study.open("study.db") as opened:
        kinds = {task.kind for task in opened.tasks() if task.item.id == "k"}
        assert kinds == {"training", "check"}
        assert opened.introduction == "Who asks, and why."


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--stratify", "colour"], "no item has this field; found: topic; for a run also: score, passed"),
        (["--stratify", "score"], "needs the scores of a judge"),
        (["--rubric", "nope"], "neither shipped nor a file"),
        (["--check-items", "answers.jsonl"], "no mapping 'expected_scores'"),
    ],
    ids=["field", "no judge", "rubric", "checks"],
)
def test_new_names_what_is_wrong(arguments: list[str], problem: str) -> None:
    result = study("new", "answers.jsonl", *arguments)
    assert result.exit_code == 1
    assert problem in result.stderr
    assert not Path("study.db").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--raters", "2"], "3 raters per item, but there are only 2"),
        (["--ids", "answers.jsonl", "--select", "3"], "use one"),
    ],
)
def test_options_that_contradict_each_other_are_usage_errors(arguments: list[str], problem: str) -> None:
    result = study("new", "answers.jsonl", *arguments)
    assert result.exit_code == 2
    assert problem in result.stderr


@pytest.mark.parametrize("row", ["q1,1.5", "q1,zero", "q1,0", ",0.5"])
def test_a_listed_probability_lies_between_0_and_1(row: str) -> None:
    Path("chosen.csv").write_text(f"item_id,probability\n{row}\n")
    result = study("new", "answers.jsonl", "--ids", "chosen.csv")
    assert result.exit_code == 1
    assert "chosen.csv:2: a row needs an id, and optionally a probability" in result.stderr


def test_one_rater_an_item_is_allowed_and_its_price_is_said() -> None:
    assert (
        "agreement between raters cannot be measured"
        in done("new", "answers.jsonl", "--per-item", "1").stderr
    )


def test_status_shows_progress_and_agreement() -> None:
    done("new", "answers.jsonl", "--name", "Naming numbers")
    rate_all()
    text = done("status", "study.db").stdout
    assert "Naming numbers: 20 items" in text
    assert "no_variation" in text


def test_status_for_machines_has_the_same_figures() -> None:
    done("new", "answers.jsonl", "--checks", "0", "--repeats", "0")
    rate_all()
    found = json.loads(done("status", "study.db", "--json").stdout)
    assert [row["done"] for row in found["raters"]] == [12] * 5
    assert found["questions"][0]["exact"] == 1.0
    assert found["questions"][0]["reason"] == "no_variation"


def test_status_shows_the_name_of_a_rater() -> None:
    done("new", "answers.jsonl")
    with Study.open("study.db") as opened:
        opened.settings.set_real_name("R02", "Ann")
    assert "R02 Ann" in done("status", "study.db").stdout


def test_status_prints_no_control_sequence_of_a_reason() -> None:
    done("new", "answers.jsonl")
    with Study.open("study.db") as opened:
        opened.drop("R01", "bad \x1b[31mred [bold]x[/bold]")
    text = done("status", "study.db").stdout
    assert "\x1b" not in text


def test_export_writes_rows_that_are_scores() -> None:
    done("new", "answers.jsonl", "--checks", "0", "--repeats", "0")
    rate_all()
    done("export", "study.db", "--out", "ratings.csv")
    with open("ratings.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 20 * 3 * 5
    fields = [{name: row[name] or None for name in Score.model_fields if name in row} for row in rows]
    assert all(Score.model_validate({**row, "value": float(row["value"] or 0)}) for row in fields)


@pytest.mark.parametrize(
    ("layout", "name", "allowed"),
    [
        ("long", "r.parquet", ".csv or .jsonl"),
        ("long", "r.json", ".csv or .jsonl"),
        ("everything", "r.csv", ".json"),
        ("label-studio-config", "r.json", ".xml"),
    ],
)
def test_a_name_that_promises_another_format_is_refused(layout: str, name: str, allowed: str) -> None:
    done("new", "answers.jsonl")
    result = study("export", "study.db", "--layout", layout, "--out", name)
    assert result.exit_code == 2
    assert f"layout {layout} is written to a file in {allowed}" in result.stderr
    assert not Path(name).exists()


def test_import_takes_a_sheet_and_says_how_many() -> None:
    done("new", "answers.jsonl")
    Path("sheet.csv").write_text("id," + ",".join(DIMENSIONS) + "\nq1,1,2,3,4\n")
    assert done("import", "study.db", "sheet.csv", "--rater", "Ann").stdout == "Ann: 1 new ratings\n"
    assert study("import", "study.db", "sheet.csv").exit_code == 1


@pytest.mark.parametrize("command", ["status", "export", "serve"])
def test_what_is_no_study_is_a_clear_error(command: str) -> None:
    result = study(command, "answers.jsonl")
    assert result.exit_code == 1
    assert "answers.jsonl: " in result.stderr
    assert "study" in result.stderr


def test_an_output_that_cannot_be_written_is_a_clear_error() -> None:
    done("new", "answers.jsonl")
    result = study("export", "study.db", "--out", "nowhere/ratings.csv")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize("command", ["new", "serve", "status", "export", "import"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"Example: judge study {command}" in done(command, "--help").stdout


def test_new_reads_answers_without_ids_and_by_system() -> None:
    Path("wide.csv").write_text("nr,question,m1,m2\n1,q,a,b\n2,r,,b\n")
    done("new", "wide.csv", "--answers-in", "m1,m2", "--id-from", "nr", "--checks", "0", "--repeats", "0")
    with Study.open("study.db") as opened:
        assert {item.id for item in opened.items()} == {"1/m1", "1/m2", "2/m2"}


def test_import_takes_a_column_for_each_rater_and_says_what_was_read() -> None:
    done("new", "answers.jsonl")
    rows = "".join(f"q1,{name},4,5\n" for name in DIMENSIONS)
    Path("sheet.csv").write_text(f"key,dimension,Ann,Ben\n{rows}")
    found = done("import", "study.db", "sheet.csv", "--column", "item_id=key", "--raters-in", "Ann,Ben")
    assert found.stdout == "Ann: 1 new ratings\nBen: 1 new ratings\n"
    assert found.stderr.splitlines()[0].startswith("2 raters (Ann, Ben), 1 item, 4 dimensions (")
    assert found.stderr.splitlines()[1] == "8 ratings, scale 1-5 (declared), 0 missing"


def test_import_reads_ratings_on_another_scale_with_codes_for_missing_ones() -> None:
    done("new", "answers.jsonl", "--raters", "2", "--per-item", "2")
    Path("r.csv").write_text("item_id,ann,ben\nq1,0,4\nq2,99,2\n")
    found = done("import", "study.db", "r.csv", "--raters-in", "ann,ben", "--dimension", "clarity",
                 "--scale", "0-4", "--missing-codes", "99", "--rater-scale", "ben=2-4")  # fmt: skip
    assert found.stdout == "ann: 1 new ratings\nben: 2 new ratings\n"


def test_new_says_how_many_raters_get_no_answers() -> None:
    Path("one.jsonl").write_text('{"id": "a", "question": "?", "answer": "!"}\n')
    few = done("new", "one.jsonl", "--raters", "3", "--per-item", "1", "--checks", "0")
    assert "2 raters get no answers" in few.stderr
    assert "no answers" not in done("new", "answers.jsonl", "--out", "all.db").stderr
