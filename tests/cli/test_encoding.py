"""`--encoding` names the encoding of text files in every command that reads a table."""

import pytest
from click.testing import CliRunner

import judge
from human_study import create_study
from judge.cli import main
from judge.errors import InputError

RATINGS = "item_id,rater,poznámka,clarity\nq1,Čeněk,žluť,4\nq1,Běla,šeď,5\nq2,Čeněk,žluť,1\nq2,Běla,šeď,2\n"
ANSWERS = "id,question,answer,reference\nq1,žluť?,šeď,šeď\nq2,čeď?,žluť,žluť\n"
CHOICES = 'id,question,answer,choices,gold\nq1,žluť?,A,"[""šeď"", ""žluť""]",A\n'


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("ratings.csv", RATINGS), ("answers.csv", ANSWERS), ("choices.csv", CHOICES)):
        (tmp_path / name).write_bytes(text.encode("cp1250"))
    judge.score("answers.csv", encoding="cp1250", out="run")
    create_study("answers.csv", "study.db", encoding="cp1250", raters=2, per_item=2, checks=0).close()


COMMANDS = [
    "agree run --humans ratings.csv --dimension clarity",
    "agree --humans ratings.csv --items answers.csv --scale 1-5",
    "calibrate run --humans ratings.csv --dimension clarity",
    "plan run --humans ratings.csv --dimension clarity --statistic alpha",
    "study new answers.csv --out other.db",
    "study import study.db ratings.csv",
    "choice choices.csv",
    "score answers.csv --dry-run",
]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_in_another_encoding_is_refused_and_read_with_its_encoding(command):
    refused = CliRunner().invoke(main, command.split())
    assert (refused.exit_code, "--encoding" in refused.output) == (1, True)
    done = CliRunner().invoke(main, [*command.split(), "--encoding", "cp1250"])
    notes = [line for line in done.output.splitlines() if not line.startswith("next: ")]
    assert (done.exit_code, "--encoding" in "".join(notes)) == (0, False), done.output


@pytest.mark.usefixtures("files")
def test_an_encoding_reaches_the_ratings_and_the_items_in_python():
    ratings = judge.read_ratings("ratings.csv", encoding="cp1250")
    assert ratings.raters == ("Čeněk", "Běla")
    with pytest.raises(InputError, match="encoding"):
        judge.read_ratings("ratings.csv")
    assert judge.load_items("answers.csv", encoding="cp1250")[0].question == "žluť?"


@pytest.mark.usefixtures("files")
def test_a_second_file_that_is_no_text_needs_no_encoding(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["q1", "q2"], "topic": ["a", "b"]}), tmp_path / "items.parquet")
    found = judge.agree((), "ratings.csv", items="items.parquet", scale="1-5", encoding="cp1250")
    assert "2 human raters on 2 items" in str(found)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("option", ["--humans", "--items"])
def test_a_table_that_does_not_exist_is_a_usage_error(option):
    files = {"--humans": "ratings.csv", "--items": "answers.csv", option: "missing.csv"}
    done = CliRunner().invoke(main, ["agree", *(part for pair in files.items() for part in pair)])
    assert (done.exit_code, "missing.csv' does not exist" in done.output) == (2, True)


def test_a_csv_in_a_pipe_is_recognised():
    answers = "question;answer\n2 + 2?;4\n"
    done = CliRunner().invoke(main, ["score", "-", "--dry-run", "--out", "run"], input=answers)
    assert (done.exit_code, "1 item" in done.output) == (0, True)
