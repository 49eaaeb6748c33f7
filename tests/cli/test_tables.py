"""Tables as commands take them: sheets of workbooks, folders of saved datasets, files in other encodings."""

import json

import pytest
from click.testing import CliRunner

from judge.cli import main

ROWS = [
    ["id", "question", "answer", "reference"],
    ["q1", "2 + 2?", "4", "4"],
    ["q2", "Größe?", "schön", "groß"],
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def workbook(folder):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for title, rows in (("One", ROWS), ("Two v1.0", ROWS[:2])):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / "answers.xlsx")
    return "answers.xlsx"


@pytest.fixture
def dataset(folder):
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_pylist([dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]])
    (folder / "set").mkdir()
    with pa.ipc.new_stream(folder / "set" / "data.arrow", table.schema) as stream:
        stream.write_table(table)
    (folder / "set" / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    return "set"


def n_scored(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["items"]


def test_a_sheet_of_a_workbook_is_scored_into_a_run_of_its_own(workbook, folder):
    assert n_scored(run("score", f"{workbook}#One", "--json")) == 2
    assert n_scored(run("score", f"{workbook}#Two v1.0", "--json")) == 1
    names = sorted(path.name for path in (folder / "runs").iterdir())
    assert names == ["answers-One-baseline-open_qa", "answers-Two-v1.0-baseline-open_qa"]


def test_a_workbook_with_several_sheets_is_refused_with_their_names(workbook):
    result = run("score", workbook)
    assert result.exit_code == 1
    assert "One, Two v1.0" in result.stderr


def test_a_saved_dataset_is_scored_and_made_into_a_study(dataset):
    assert n_scored(run("score", dataset, "--json")) == 2
    assert "2 items" in run("study", "new", dataset, "--raters", 2, "--per-item", 2).output


def test_a_folder_that_is_no_dataset_is_refused(folder):
    result = run("score", folder)
    assert result.exit_code == 1
    assert "not a dataset" in result.stderr


@pytest.mark.parametrize("command", ["score", "study new"])
def test_a_missing_workbook_is_a_usage_error(command):
    result = run(*command.split(), "gone.xlsx#One")
    assert result.exit_code == 2
    assert "gone.xlsx' does not exist" in result.stderr


def test_the_encoding_of_answers_can_be_named(folder):
    (folder / "answers.csv").write_bytes(
        "id,question,answer,reference\nq1,Jak?,příliš,málo\n".encode("cp1250")
    )
    refused = run("score", "answers.csv")
    assert refused.exit_code == 1
    assert "--encoding" in refused.stderr
    assert n_scored(run("score", "answers.csv", "--encoding", "cp1250", "--json")) == 1
    assert "příliš" in run("show", "runs/answers-baseline-open_qa", "--item", "q1").output


def test_an_encoding_that_is_recognised_is_reported(folder, caplog):
    (folder / "answers.csv").write_bytes("id,question,answer\nq1,Wie?,schön\n".encode("cp1252"))
    run("score", "answers.csv")
    assert caplog.messages == ["answers.csv: read as Windows-1252 (cp1252), as in 'schön' on line 2"]


def test_a_workbook_that_is_read_is_not_overwritten(workbook, folder):
    before = (folder / workbook).read_bytes()
    result = run("agree", "--humans", f"{workbook}#One", "--html", workbook)
    assert result.exit_code == 2
    assert f"{workbook} is read by this command and is not overwritten" in result.stderr
    assert (folder / workbook).read_bytes() == before
