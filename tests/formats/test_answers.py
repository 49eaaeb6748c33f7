"""Items of any source: tables, several of them, and files of other tools."""

import json

import pytest

from judge.errors import InputError
from judge.formats.answers import OWN, read_any

ROW = {"question": "Which?", "answer": "A", "choices": ["x", "y"], "gold": "A"}


@pytest.fixture
def file(tmp_path):
    def write(name, *rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


def test_files_and_tables_are_read_in_their_order(file):
    found = read_any([str(file("a.jsonl", {"id": 1, **ROW})), [{"id": 2, **ROW}]])
    assert found.format == OWN
    assert [item.id for item in found.items] == ["1", "2"]


def test_options_hold_for_every_table(file):
    one, two = file("a.jsonl", {"nr": 1, **ROW}), file("b.jsonl", {"nr": 2, **ROW})
    assert [item.id for item in read_any([one, two], id_from="nr").items] == ["1", "2"]


def test_one_id_in_two_tables_is_a_problem_and_counts_once(file):
    path = file("a.jsonl", {"id": 1, **ROW})
    found = read_any([path, path])
    assert [item.id for item in found.items] == ["1"]
    assert found.problems == {"stands twice": ["1"]}


def test_a_file_of_another_tool_is_recognised(tmp_path):
    path = tmp_path / "run.json"
    case = {"name": "t1", "input": "2 + 2?", "actualOutput": "4", "metricsData": []}
    path.write_text(json.dumps({"testCases": [case]}))
    assert read_any([path]).format == "deepeval"
    assert read_any([str(path)], "deepeval").format == "deepeval"


def test_a_broken_file_is_an_error_of_the_reader_of_tables(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        read_any([path])


def test_a_table_of_another_name_is_no_file_of_another_tool(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("question,answer\nq,a\n")
    assert [item.answer for item in read_any([path]).items] == ["a"]
