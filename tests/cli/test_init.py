"""`judge init`: the settings that it writes, the commands that it prints, and what it asks."""

import csv
import json
import shlex
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import judge.cli.init as command
from judge.cli import COMMANDS, main

TOPICS = ("steam", "ice", "light", "bread", "glass", "salt")
ANSWERS = [
    {"id": f"q{n}", "question": f"What is {t} made of?", "answer": f"Of {t} parts.", "reference": f"Of {t}."}
    for n, t in enumerate(TOPICS, 1)
]
RATINGS = [
    {"item_id": f"q{n}", "rater": r, "clarity": 1 + (n + shift) % 5}
    for n in range(1, 7)
    for shift, r in enumerate(("ann", "ben"))
]
WIDE = [{"item_id": f"q{n}", "ann": 1 + n % 5, "ben": 1 + (n + 1) % 5} for n in range(1, 7)]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def table(name, rows, **options):
    with open(name, "w", newline="", encoding=options.pop("encoding", "utf-8")) as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return name


def renamed(rows, **names):
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]


def call(*words, typed=None):
    return CliRunner().invoke(main, list(words), input=typed)


def settings():
    return tomllib.loads(Path("judge.toml").read_text(encoding="utf-8"))


def run_printed(*words):
    """Call `judge init`, then each command that it prints, and return these."""
    done = call("init", *words)
    assert done.exit_code == 0, done.stderr
    commands = [shlex.split(line) for line in done.stdout.splitlines()]
    for name, *rest in commands:
        assert name == "judge"
        result = call(*rest)
        assert result.exit_code == 0, (rest, result.stderr)
    return commands


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(command, "is_terminal", lambda: True)


# ---- commands


def test_commands_for_answers_run_as_printed():
    assert run_printed(table("answers.csv", ANSWERS)) == [
        ["judge", "score", "answers.csv", "--dry-run"],
        ["judge", "score", "answers.csv"],
        ["judge", "report", "runs/answers-baseline-open_qa"],
    ]


def test_commands_for_answers_and_ratings_run_as_printed():
    commands = run_printed(table("answers.csv", ANSWERS), table("ratings.csv", RATINGS))
    assert commands[-1] == ["judge", "agree", "runs/answers-baseline-open_qa"]


def test_commands_for_ratings_run_as_printed():
    assert run_printed(table("ratings.csv", RATINGS))[0] == ["judge", "agree"]


def test_commands_for_dimensions_and_a_scale_of_their_own_run_as_printed():
    rows = [{**row, "warmth of tone": row.pop("clarity") + 2} for row in map(dict, RATINGS)]
    commands = run_printed(
        table("answers.csv", ANSWERS), table("ratings.csv", rows), "--scale", "1-7", "--column", "rater=rater"
    )
    assert commands[0][:4] == ["judge", "rubric", "new", "rubric.yaml"]
    assert settings()["score"]["rubric"] == "rubric.yaml"


def test_commands_for_overall_ratings_on_another_scale_run_as_printed():
    rows = [{**row, "ben": row["ben"] * 2, "ann": row["ann"] * 2} for row in WIDE]
    files = table("answers.csv", ANSWERS), table("ratings.csv", rows)
    commands = run_printed(*files, "--raters-in", "ann,ben", "--scale", "0-10")
    assert commands[0] == ["judge", "rubric", "new", "rubric.yaml", "--scale", "0-10"]


def test_commands_for_a_rater_on_another_scale_run_as_printed():
    rows = [{**row, "ben": row["ben"] * 2} for row in WIDE]
    files = table("answers.csv", ANSWERS), table("ratings.csv", rows)
    run_printed(*files, "--raters-in", "ann,ben", "--rater-scale", "ben=1-10")
    assert settings()["ratings"]["rater_scale"] == ["ben=1-10"]


def test_commands_for_files_in_windows_1252_with_odd_names_run_as_printed():
    Path("meine Daten").mkdir()
    names = {"question": "Frage", "answer": "Antwort", "reference": "Muster Lösung", "id": "Nr."}
    answers = table(
        "meine Daten/Antwörten $1.csv", renamed(ANSWERS, **names), delimiter=";", encoding="cp1252"
    )
    ratings = table(
        "rätings.csv", renamed(WIDE, item_id="Nr.", ann="O'Neill", ben='Özil "B"'), encoding="cp1252"
    )
    run_printed(
        *(answers, ratings, "--encoding", "cp1252", "--map", "question=Frage", "--map", "answer=Antwort"),
        *("--map", "reference=Muster Lösung", "--raters-in", 'O\'Neill,Özil "B"'),
    )
    assert settings()["ratings"]["raters_in"] == 'O\'Neill,Özil "B"'
    assert settings()["score"]["encoding"] == "cp1252"


def test_commands_for_a_workbook_with_two_sheets_run_as_printed():
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    ratings = [{"nr": row["item_id"], "system": s, **row} for row in RATINGS for s in ("gpt", "llama")]
    for row in ratings:
        del row["item_id"]
    answers = [{"nr": r["id"], **r, "gpt": r["answer"], "llama": f"{r['answer']} So."} for r in ANSWERS]
    for row in answers:
        del row["id"], row["answer"]
    for title, rows in (("The answers", answers), ("Ratings", ratings)):
        sheet = book.create_sheet(title)
        for row in (list(rows[0]), *(list(row.values()) for row in rows)):
            sheet.append(row)
    book.save("study.xlsx")
    commands = run_printed("study.xlsx", "--answers-in", "gpt,llama")
    assert commands[1] == ["judge", "score", "study.xlsx#The answers"]
    assert settings()["score"]["id_from"] == settings()["ratings"]["id_from"] == "nr,system"


@pytest.mark.parametrize("dimensions", [("clarity",), ("clarity", "tone")])
def test_column_of_raters_with_an_unknown_name_is_found_where_items_are_rated_twice(dimensions):
    rows = [
        {"item_id": r["item_id"], "person": r["rater"], **dict.fromkeys(dimensions, r["clarity"])}
        for r in RATINGS
    ]
    call("init", table("ratings.csv", rows))
    assert settings()["ratings"]["column"] == ["rater=person"]


def test_ids_of_an_export_with_nested_ratings_are_matched_with_a_column_of_the_answers():
    tasks = [
        {
            "id": 100 + n,
            "data": {"chat": row["id"]},
            "annotations": [
                {
                    "completed_by": who,
                    "result": [{"from_name": "clarity", "type": "rating", "value": {"rating": n % 5 + 1}}],
                }
                for who in (1, 2)
            ],
        }
        for n, row in enumerate(ANSWERS)
    ]
    Path("tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    answers = table("answers.csv", renamed(ANSWERS, id="chat"))
    assert call("init", answers, "tasks.json", "--column", "item_id=chat").exit_code == 0
    assert settings()["score"]["map"] == ["id=chat"]


def test_named_file_that_cannot_be_read_is_refused_and_not_left_out():
    Path("answers.csv").write_bytes("id;Frage;Antwort\n1;Was heißt „ja“?;yes\n".encode("cp1252"))
    done = call("init", "answers.csv", table("ratings.csv", RATINGS))
    assert (done.exit_code, Path("judge.toml").exists()) == (1, False)
    assert "answers.csv:2: found" in done.stderr


def test_named_workbook_of_which_no_sheet_is_of_use_is_refused_with_the_reason():
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["Pilot study", None])
    book.active.merge_cells("A1:B1")
    book.active.append(["Question", "Answer"])
    book.active.append(["2 + 2?", "4"])
    book.create_sheet("Notes").append(["Ask Tom"])
    book.save("answers.xlsx")
    done = call("init", "answers.xlsx", table("ratings.csv", RATINGS))
    assert (done.exit_code, Path("judge.toml").exists()) == (1, False)
    assert "A1:B1 are merged" in done.stderr


def test_commands_for_questions_in_a_file_of_their_own_run_as_printed():
    questions = [{k: row[k] for k in ("id", "question", "reference")} for row in ANSWERS]
    run_printed(
        table("answers.csv", [{k: row[k] for k in ("id", "answer")} for row in ANSWERS]),
        table("q.csv", questions),
    )
    assert settings()["score"]["questions"] == "q.csv"


def test_scores_of_the_printed_commands_are_those_of_all_answers():
    run_printed(table("answers.csv", ANSWERS), table("ratings.csv", RATINGS))
    done = call("agree", "runs/answers-baseline-open_qa")
    assert "Agreement of baseline with 2 human raters on 6 items" in done.stdout


# ---- settings


def test_settings_say_once_how_answers_and_once_how_ratings_are_read():
    names = {"question": "ask", "answer": "reply"}
    files = table("a.csv", renamed(ANSWERS, **names)), table("r.csv", renamed(WIDE, item_id="case"))
    done = call("init", *files, "--map", "question=ask", "--map", "answer=reply", "--raters-in", "ann,ben")
    assert done.exit_code == 0, done.stderr
    assert settings() == {
        "score": {"map": ["question=ask", "answer=reply"], "rubric": "open_qa"},
        "ratings": {"humans": "r.csv", "column": ["item_id=case"], "raters_in": "ann,ben"},
    }


def test_a_code_of_missing_ratings_is_written_for_all_commands_that_read_them():
    rows = [{**RATINGS[0], "clarity": 99}, *RATINGS[1:]]
    done = call("init", table("a.csv", ANSWERS), table("r.csv", rows), "--missing-codes", "99")
    assert done.exit_code == 0, done.stderr
    assert settings()["ratings"]["missing_codes"] == "99"


def test_settings_of_ratings_without_answers_declare_their_scale():
    assert call("init", table("r.csv", RATINGS)).exit_code == 0
    assert settings()["ratings"] == {"humans": "r.csv", "scale": "1-5"}


def test_settings_keep_names_with_control_characters():
    rows = renamed(ANSWERS, answer='the\x7f "reply"\\ is\u2028this')
    assert call("init", table("a.csv", rows)).exit_code == 0
    assert settings()["score"]["map"] == ['answer=the\x7f "reply"\\ is\u2028this']


def test_comments_say_what_was_found():
    call("init", table("a.csv", ANSWERS), table("r.csv", RATINGS))
    text = Path("judge.toml").read_text()
    assert "# columns: question from 'question', answer from 'answer'" in text
    assert "# 2 raters (ann, ben), 6 items, 1 dimension (clarity)" in text
    assert '# judge = "openai/gpt-5"' in text


def test_output_says_what_was_found():
    done = call("init", table("a.csv", ANSWERS), table("r.csv", RATINGS))
    assert "answers: a.csv, 6 items" in done.stderr
    assert "12 ratings, scale 1-5 (found), 0 missing" in done.stderr
    assert "judge.toml: written" in done.stderr


def test_answers_without_a_reference_need_a_model():
    done = call(
        "init", table("a.csv", [{k: v for k, v in row.items() if k != "reference"} for row in ANSWERS])
    )
    assert "no answer has a reference, and the baseline needs one" in done.stderr


def test_an_existing_file_of_settings_is_not_overwritten():
    Path("judge.toml").write_text("seed = 7\n")
    done = call("init", table("a.csv", ANSWERS))
    assert done.exit_code == 1
    assert "judge.toml already exists and is not overwritten. Edit it, or rename it" in done.stderr
    assert Path("judge.toml").read_text() == "seed = 7\n"


def test_a_link_to_nowhere_is_not_overwritten():
    Path("judge.toml").symlink_to("nowhere.toml")
    assert call("init", table("a.csv", ANSWERS)).exit_code == 1
    assert not Path("nowhere.toml").exists()


@pytest.mark.usefixtures("terminal")
def test_a_file_of_settings_that_appears_meanwhile_is_not_overwritten(monkeypatch):
    def choose(*_, **__):
        Path("judge.toml").write_text("seed = 7\n")
        return 1

    monkeypatch.setattr(click, "prompt", choose)
    done = call("init", table("a.csv", ANSWERS), table("r.csv", WIDE))
    assert done.exit_code == 1
    assert Path("judge.toml").read_text() == "seed = 7\n"


def test_a_folder_that_cannot_be_written_to_is_an_error(monkeypatch):
    def full(*_, **__):
        raise PermissionError(13, "Permission denied")

    table("a.csv", ANSWERS)
    monkeypatch.setattr(command.Path, "open", full)
    done = call("init", "a.csv")
    assert done.exit_code == 1
    assert "judge.toml: cannot be written: Permission denied" in done.stderr


def test_a_dimension_with_a_comma_is_an_error_and_nothing_is_written():
    rows = renamed(RATINGS, clarity="clear, not long")
    done = call("init", table("a.csv", ANSWERS), table("r.csv", rows))
    assert done.exit_code == 1
    assert "has a comma in its name" in done.stderr
    assert not Path("judge.toml").exists()


def test_a_scale_that_no_rubric_can_have_is_an_error_and_nothing_is_written():
    files = table("a.csv", ANSWERS), table("r.csv", renamed(RATINGS, clarity="warmth"))
    assert call("init", *files, "--scale", "good,bad").exit_code == 2
    assert not Path("judge.toml").exists()


# ---- questions


def test_without_a_terminal_both_readings_are_listed_and_nothing_is_written():
    done = call("init", table("a.csv", ANSWERS), table("r.csv", WIDE))
    assert done.exit_code == 2
    assert "the raters are 'ann', 'ben'                           --raters-in ann,ben" in done.stderr
    assert "--dimension ann,ben" in done.stderr
    assert not Path("judge.toml").exists()


def test_options_of_readings_are_quoted_for_the_shell():
    rows = renamed(WIDE, ann="Ann O'Neill", ben="ben")
    done = call("init", table("a.csv", ANSWERS), table("r.csv", rows))
    option = next(line for line in done.stderr.splitlines() if "--raters-in" in line).partition("--")
    assert shlex.split(f"--{option[2]}") == ["--raters-in", "Ann O'Neill,ben"]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("typed", "option"), [("1\n", "raters_in"), ("2\n", "dimension"), ("9\n1\n", "raters_in")]
)
def test_on_a_terminal_a_number_decides(typed, option):
    rows = renamed(WIDE, ann="clarity_a", ben="clarity_b")
    done = call("init", table("r.csv", rows), typed=typed)
    assert done.exit_code == 0, done.stderr
    assert settings()["ratings"][option] == "clarity_a,clarity_b"


@pytest.mark.usefixtures("terminal")
def test_ctrl_c_at_a_question_writes_nothing(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(click.termui, "visible_prompt_func", interrupted)
    done = call("init", table("a.csv", ANSWERS), table("r.csv", WIDE))
    assert done.exit_code != 0
    assert not Path("judge.toml").exists()


@pytest.mark.usefixtures("terminal")
def test_end_of_input_at_a_question_writes_nothing():
    assert call("init", table("a.csv", ANSWERS), table("r.csv", WIDE), typed="").exit_code != 0
    assert not Path("judge.toml").exists()


def test_a_test_runner_is_no_terminal():
    assert not command.is_terminal()


def test_no_ratings_makes_numbers_beside_the_answers_fields():
    rows = [{**row, "ann": n} for n, row in enumerate(ANSWERS)]
    assert call("init", table("a.csv", rows)).exit_code == 2
    assert call("init", "a.csv", "--no-ratings").exit_code == 0
    assert list(settings()) == ["score"]


def test_a_missing_file_is_a_usage_error():
    assert call("init", "missing.csv").exit_code == 2


def test_init_is_the_first_command_after_the_demo():
    assert list(COMMANDS)[:2] == ["demo", "init"]
