from pathlib import Path

import pytest

from judge.errors import InputError
from judge.rows import path_and_sheet
from judge.rows.table_file import table_file


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("t.jsonl", "jsonl"),
        ("t.ndjson", "jsonl"),
        ("t.json", "json"),
        ("t.csv", "csv"),
        ("t.psv", "csv"),
        ("t.tsv", "tsv"),
        ("t.tab", "tsv"),
        ("t.txt", "text"),
        ("t.parquet", "parquet"),
        ("t.XLSX", "xlsx"),
        ("t.xlsm", "xlsx"),
        ("t.csv.gz", "csv"),
        ("a.b/t.1.csv", "csv"),
    ],
)
def test_the_name_tells_the_format(name, kind):
    assert table_file(name, None).kind == kind


def test_a_named_format_goes_before_the_name():
    assert table_file("t.txt", "jsonl").kind == "jsonl"
    assert table_file("-", "csv").kind == "csv"


def test_standard_input_tells_no_format():
    assert table_file("-", None).kind is None


@pytest.mark.parametrize(
    ("suffix", "advice"),
    [
        *((suffix, "save it as .xlsx or .csv") for suffix in (".xls", ".xlsb", ".ods", ".numbers")),
        *((suffix, "copy its table") for suffix in (".docx", ".pdf", ".html", ".md")),
        *((suffix, "unpack it") for suffix in (".zip", ".csv.zip", ".tar.gz", ".csv.bz2", ".xz", ".zst")),
        *((suffix, "in Python") for suffix in (".pkl", ".sav", ".dta", ".rds")),
        (".db", "export its table"),
        (".xml", "as .jsonl"),
        (".arrow", "name the folder"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_to_do(suffix, advice):
    with pytest.raises(InputError, match=advice) as caught:
        table_file(f"answers{suffix.upper()}", None)
    assert f"answers{suffix.upper()}: no table is read from" in str(caught.value)


@pytest.mark.parametrize("name", ["answers", "answers.log", "answers.csv#Sheet1"])
def test_a_name_that_tells_no_format_is_refused_with_what_is_allowed(name):
    with pytest.raises(InputError, match=r"allowed: \.jsonl.*\.xlsx.*--format"):
        table_file(name, None)


@pytest.mark.parametrize(
    ("source", "path", "sheet"),
    [
        ("a.xlsx", "a.xlsx", None),
        ("a.xlsx#Round 2", "a.xlsx", "Round 2"),
        ("d/A.XLSM#x", "d/A.XLSM", "x"),
        ("a.xlsx#", "a.xlsx", ""),
        ("a#1.csv", "a#1.csv", None),
        ("a#1.xlsx", "a#1.xlsx", None),
        ("a#1.xlsx#S", "a#1.xlsx", "S"),
        ("-", "-", None),
    ],
)
def test_a_sheet_is_named_after_a_number_sign(source, path, sheet):
    assert path_and_sheet(source) == (Path(path), sheet)


def test_a_file_with_a_number_sign_in_its_name_is_that_file(tmp_path):
    path = tmp_path / "a.xlsx#b.xlsx"
    path.write_bytes(b"")
    assert path_and_sheet(path) == (path, None)


def test_a_folder_is_a_saved_dataset(tmp_path):
    assert table_file(tmp_path, None).kind == "dataset"
