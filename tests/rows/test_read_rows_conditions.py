"""Tables at the bounds of what is read: lengths of lines, odd rows, columns without a name, blank lines."""

import io
import sys

import pytest

from judge.errors import InputError
from judge.rows import read_rows


@pytest.fixture
def read(tmp_path):
    def rows(data, name="t.csv", **options):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [row for _, row in read_rows(path, **options)]

    return rows


def set_bound(monkeypatch, name, value):
    """Set a bound wherever the reader of rows keeps it."""
    modules = [module for key, module in sys.modules.items() if key.split(".")[:2] == ["judge", "rows"]]
    holders = [module for module in modules if hasattr(module, name)]
    assert holders
    for module in holders:
        monkeypatch.setattr(module, name, value)


@pytest.mark.parametrize("name", ["t.jsonl", "t.csv"])
def test_a_line_may_be_as_long_as_the_bound_and_no_longer(read, monkeypatch, name):
    set_bound(monkeypatch, "LINE_LIMIT", 12)
    line = b'{"abcd": 1}\n' if name == "t.jsonl" else b"abcdef,ghij\n"
    assert len(line) == 12
    assert len(read(line + (b"1,2\n" if name == "t.csv" else b""), name)) == 1
    with pytest.raises(InputError, match="a line of more than"):
        read(line.replace(b"a", b"aa"), name)


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_blank_lines_in_any_number_up_to_the_bound_are_passed_over(read, monkeypatch, name):
    monkeypatch.setattr("judge.rows.text_lines.MOST_BLANK", 5)
    assert read(b"\n" * 5 + b'{"a": 1}\n{"a": 2}\n', name) == [{"a": 1}, {"a": 2}]
    if name == "t.json":
        with pytest.raises(InputError, match="more than 5 blank lines"):
            read(b"\n" * 6 + b'{"a": 1}\n{"a": 2}\n', name)


def test_a_document_as_long_as_the_bound_is_read(read, monkeypatch):
    data = b'[{"a": 1}]'
    set_bound(monkeypatch, "JSON_LIMIT", len(data))
    assert read(data, "t.json") == [{"a": 1}]
    with pytest.raises(InputError, match="since it is read at once"):
        read(data + b" ", "t.json")


def test_one_column_without_a_name_is_a_column_and_several_empty_ones_are_none(read):
    assert read("a,\n1,2\n") == [{"a": "1", "": "2"}]
    assert read(",a\n1,2\n") == [{"": "1", "a": "2"}]
    assert read("a,,\n1,,\n2, ,\n") == [{"a": "1"}, {"a": "2"}]
    with pytest.raises(InputError, match=r"column 3 of them holds 'x'"):
        read("a,,\n1,,x\n")


def test_cells_beyond_the_header_may_be_empty(read):
    assert read("a,b\n1,2,,\n") == [{"a": "1", "b": "2"}]
    with pytest.raises(InputError, match="found 4 cells; the header has 2"):
        read("a,b\n1,2,,3\n")


@pytest.mark.parametrize("line", ["", ",", " , ", " ,\t", " "])
def test_a_row_without_a_visible_character_is_blank(read, line):
    assert read(f"a,b\n{line}\n1,\n") == [{"a": "1", "b": ""}]


def test_an_object_in_a_pipe_and_an_object_in_a_file_are_read_by_their_kind(read, monkeypatch):
    one = b'{"rows": [{"a": 1}]}'
    assert read(one, "t.json") == [{"a": 1}]
    assert read(one + b"\n" + one, "t.json") == [{"rows": [{"a": 1}]}] * 2
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(one))))
    assert [row for _, row in read_rows("-")] == [{"rows": [{"a": 1}]}]


def test_a_nul_byte_is_named_with_its_place(read):
    with pytest.raises(InputError, match="NUL byte at byte 8 of the line; remove it"):
        read(b'{"a": "\x00bcdefgh"}\n', "t.jsonl")


@pytest.mark.parametrize(
    ("line", "encoding"), [(b"\xff\xfe{\x00}\x00", "UTF-16-LE"), (b"\x00{\x00}", "UTF-16-BE")]
)
def test_bytes_that_are_not_utf_16_in_a_file_of_utf_16_are_named(read, line, encoding):
    with pytest.raises(InputError, match=f"t.jsonl:1: found 0a, which is not {encoding}"):
        read(line + b"\n", "t.jsonl")


@pytest.mark.parametrize(("name", "mebibytes"), [("LINE_LIMIT", 128), ("JSON_LIMIT", 512)])
def test_bounds_are_powers_of_two(name, mebibytes):
    modules = [module for key, module in sys.modules.items() if key.split(".")[:2] == ["judge", "rows"]]
    assert {getattr(module, name) for module in modules if hasattr(module, name)} == {mebibytes * 2**20}
