import gzip
import io
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.errors import InputError, MissingExtraError
from judge.rows import JSON_LIMIT, delimiter_of, read_rows

TWO = [{"a": 1}, {"a": 2}]
LINES = b'{"a": 1}\n{"a": 2}\n'


@pytest.fixture
def rows_of(tmp_path):
    """Rows of a file with the given bytes, places left out."""

    def read(data, name="t.jsonl", **options):
        path = tmp_path / name
        path.write_bytes(data)
        return [row for _, row in read_rows(path, **options)]

    return read


def places_of(path, **options):
    return [where.removeprefix(str(path)) for where, _ in read_rows(path, **options)]


def pipe(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))


def error_of(tmp_path, data, name="t.jsonl", **options):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        list(read_rows(path, **options))
    return str(caught.value).removeprefix(str(path))


GOOD = [
    pytest.param(LINES, "t.jsonl", id="json_lines"),
    pytest.param(LINES, "t.ndjson", id="ndjson"),
    pytest.param(LINES, "T.JSONL", id="upper_case_suffix"),
    pytest.param(b"\xef\xbb\xbf" + LINES, "t.jsonl", id="bom"),
    pytest.param(LINES.replace(b"\n", b"\r\n"), "t.jsonl", id="crlf"),
    pytest.param(b"\n  \n" + LINES.replace(b"\n", b"\n\n\t\n"), "t.jsonl", id="blank_lines"),
    pytest.param(LINES.rstrip(), "t.jsonl", id="no_newline_at_the_end"),
    pytest.param(gzip.compress(LINES), "t.jsonl.gz", id="gzip"),
    pytest.param(gzip.compress(LINES), "t.jsonl", id="gzip_without_the_name"),
    pytest.param(gzip.compress(LINES[:9]) + gzip.compress(LINES[9:]), "t.jsonl.gz", id="two_gzip_members"),
    pytest.param(b'[{"a": 1}, {"a": 2}]', "t.json", id="json_list"),
    pytest.param(b'[\n {"a": 1},\n {"a": 2}\n]\n', "t.json", id="json_list_over_lines"),
    pytest.param(b'{"rows": [{"a": 1}, {"a": 2}], "n": 2}', "t.json", id="object_with_one_list"),
    pytest.param(b'{\n"rows": [{"a": 1}, {"a": 2}]}', "t.json", id="object_with_one_list_over_lines"),
    pytest.param(b"\xef\xbb\xbf" + b'[{"a": 1}, {"a": 2}]', "t.json", id="json_list_with_bom"),
    pytest.param(b"\n\n" + LINES, "t.json", id="lines_in_a_json_file"),
    pytest.param(b"\xef\xbb\xbf" + LINES, "t.json", id="lines_in_a_json_file_with_bom"),
]


@pytest.mark.parametrize(("data", "name"), GOOD)
def test_two_rows_are_read_however_they_are_written_down(rows_of, data, name):
    assert rows_of(data, name) == TWO


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(LINES, id="lines"),
        pytest.param(b'[{"a": 1},\n{"a": 2}]', id="list"),
        pytest.param(b'{\n"rows": [{"a": 1},\n{"a": 2}]}', id="object"),
        pytest.param(gzip.compress(LINES), id="gzip"),
    ],
)
def test_a_pipe_may_hold_lines_or_a_document(monkeypatch, data):
    pipe(monkeypatch, data)
    assert [row for _, row in read_rows("-")] == TWO


def test_a_pipe_that_cannot_be_peeked_into_is_read_too(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES)))  # as test runners hand it over
    assert [row for _, row in read_rows("-")] == TWO


def test_one_object_in_a_pipe_is_one_row_even_if_it_holds_a_list(monkeypatch):
    pipe(monkeypatch, b'{"id": "x", "images": [{"path": "p.png"}]}\n')
    assert [row["id"] for _, row in read_rows("-")] == ["x"]


def test_a_pipe_that_holds_no_table_is_refused_with_its_line(monkeypatch):
    pipe(monkeypatch, b"hello\n")
    with pytest.raises(InputError, match=r"standard input:1: this is no table.*--format csv"):
        list(read_rows("-"))


def test_format_overrides_the_name(rows_of):
    assert rows_of(b"a,b\n1,2\n", "t.txt", format="csv") == [{"a": "1", "b": "2"}]
    assert rows_of(LINES, "t.txt", format="jsonl") == TWO
    assert rows_of(b'[{"a": 1}, {"a": 2}]', "t.txt", format="json") == TWO


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.csv"])
@pytest.mark.parametrize("data", [b"", b"\n\n"], ids=["empty", "blank"])
def test_a_file_without_content_has_no_rows(rows_of, name, data):
    assert rows_of(data, name) == []


def test_places_are_lines_of_the_file(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'\n{"a": 1}\r\n\n{"a": 2}')
    assert places_of(path) == [":2", ":4"]


def test_entries_of_a_document_are_counted(tmp_path):
    path = tmp_path / "t.json"
    path.write_bytes(b'[{"a": 1}, {"a": 2}]')
    assert places_of(path) == [": entry 1", ": entry 2"]


@pytest.mark.parametrize("before", [b"sep=;\r\n", b'"sep=;"\n', b"\nSEP=;\n\n"])
def test_a_line_that_names_the_separator_is_no_header(rows_of, tmp_path, before):
    assert rows_of(before + b"a;b,c\n1;2\n", "t.csv") == [{"a": "1", "b,c": "2"}]
    assert delimiter_of(tmp_path / "t.csv") == ";"


@pytest.mark.parametrize(("head", "delimiter"), [(b"a;b,c;d", ";"), (b"a\tb", "\t"), (b"a", ",")])
def test_the_separator_of_a_csv_is_the_one_that_stands_most_often_in_its_header(tmp_path, head, delimiter):
    (tmp_path / "t.csv").write_bytes(head + b"\n1\n")
    assert delimiter_of(tmp_path / "t.csv") == delimiter


def test_places_in_a_csv_are_where_the_row_begins(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'\n\na,b\n"x\ny",2\n\n3,4\n')
    assert places_of(path) == [":4", ":7"]


BROKEN = [
    pytest.param(b'{"a": 1}\n{"a": \n', ":2: not valid JSON: Expecting value at ", id="broken_line"),
    pytest.param(b'{"a": 1}\n{"a": "x', "the last line: is the file cut off?", id="truncated_last_line"),
    pytest.param(b'{"a": 1} {"a": 2}\n', ":1: not valid JSON: Extra data at character 10", id="two_objects"),
    pytest.param(b'[{"a": 1}]\n', ":1: found a list; each line must be one JSON object", id="list"),
    pytest.param(b'"x"\n', "found a text", id="text"),
    pytest.param(b"3\n", "found a number", id="number"),
    pytest.param(b"null\n", "found null", id="null"),
    pytest.param(b"true\n", "found true or false", id="boolean"),
    pytest.param(b'{"a": "\x00"}\n', ":1: found a NUL byte at byte 8 of the line; remove it", id="nul"),
    pytest.param(b'{"a": 1}\n{"a": "caf\xff"}\n', ":2: found ff at byte 11 of the line", id="not_utf8"),
    pytest.param(b"[" * 200_000 + b"\n", "nested too deeply", id="deep_nesting"),
    pytest.param(b'{"a":' * 200_000 + b"\n", "nested too deeply", id="deep_objects"),
    pytest.param(b'{"a": 1, "a": 2}\n', "the field 'a' stands twice in one object", id="key_twice"),
    pytest.param(b'{"a": ' + b"9" * 5000 + b"}\n", ":1: Exceeds the limit", id="huge_number"),
]


@pytest.mark.parametrize(("data", "said"), BROKEN)
def test_a_bad_line_says_where_and_what(tmp_path, data, said):
    assert said in error_of(tmp_path, data)


@pytest.mark.parametrize("data", [pytest.param(p.values[0], id=p.id) for p in BROKEN])
def test_a_bad_line_can_be_passed_over(rows_of, data):
    bad = []
    rows = rows_of(data.rstrip(b"\n") + b'\n{"a": 9}\n', on_bad=bad.append)
    assert rows[-1] == {"a": 9}
    assert len(bad) == 1


BROKEN_FILES = [
    pytest.param(b'[{"a": 1}', "t.json", ": not valid JSON: ", id="open_list"),
    pytest.param(b'[\n{"a": 1}\n{"a": 2}]', "t.json", "at line 3, character 1", id="line_of_a_document"),
    pytest.param(b'[1, {"a": 1}]', "t.json", ": entry 1: found a number; each entry must", id="entry"),
    pytest.param(b'{"a": [1], "b": [2]}', "t.json", "an object with 2 lists (a, b)", id="two_lists"),
    pytest.param(b'{"a": 1}', "t.json", "found an object with 0 lists; allowed: a list of", id="no_list"),
    pytest.param(b"7", "t.json", "found a number; allowed: a list of objects", id="number"),
    pytest.param(b"[" * 200_000, "t.json", "nested too deeply", id="deep_document"),
    pytest.param(b'a,b\n1,"2\n', "t.csv", ":2: not valid CSV: unexpected end of data", id="open_quote"),
    pytest.param(b'a,b\n1,"2"x\n', "t.csv", ":2: not valid CSV", id="text_after_a_quote"),
    pytest.param(b"a,b\n1,2,3\n", "t.csv", ":2: found 3 cells; the header has 2", id="long_row"),
    pytest.param(b"a,b\n1\n", "t.csv", ":2: found 1 cells; the header has 2", id="short_row"),
    pytest.param(b"a,a\n1,2\n", "t.csv", ":1: two columns are named 'a'", id="column_twice"),
    pytest.param(b"a,,\n1,2,3\n", "t.csv", ":1: two columns have no name", id="unnamed_columns"),
    pytest.param(b"a,b\nx,caf\xff\n", "t.csv", ":2: found ff at byte 6 of the line", id="csv_not_utf8"),
    pytest.param(b"a,b\nx,\x00\n", "t.csv", ":2: found a NUL byte at byte 3", id="csv_nul"),
    pytest.param(gzip.compress(LINES)[:-9], "t.jsonl.gz", "damaged or cut off", id="cut_gzip"),
    pytest.param(gzip.compress(LINES)[:12] + b"xxxxxxxx", "t.jsonl", "damaged or cut off", id="bad_gzip"),
    pytest.param(b"PAR1 is not enough", "t.parquet", "not a readable Parquet file", id="bad_parquet"),
    pytest.param(LINES, "t.log", ": the name ends in '.log'; allowed: .jsonl, .ndjson,", id="suffix"),
    pytest.param(LINES, "t", "nothing that tells the format", id="no_suffix"),
]


@pytest.mark.parametrize(("data", "name", "said"), BROKEN_FILES)
def test_a_bad_file_says_where_and_what(tmp_path, data, name, said):
    assert said in error_of(tmp_path, data, name)


@pytest.mark.parametrize("name", ["entry", "long_row", "short_row"])
def test_a_bad_row_of_a_table_can_be_passed_over(rows_of, name):
    data, file, _ = next(p for p in BROKEN_FILES if p.id == name).values
    bad = []
    rows_of(data, file, on_bad=bad.append)
    assert len(bad) == 1


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.jsonl: cannot be read: No such file"):
        list(read_rows(tmp_path / "gone.jsonl"))


def test_a_folder_that_is_no_saved_dataset_is_refused(tmp_path):
    (tmp_path / "d.jsonl").mkdir()
    with pytest.raises(InputError, match="this folder is not a dataset that `datasets` saved"):
        list(read_rows(tmp_path / "d.jsonl"))


def test_an_unknown_format_names_the_known_ones(tmp_path):
    assert error_of(tmp_path, LINES, format="xml") == (
        "format 'xml' is not known; allowed: jsonl, json, csv, tsv, parquet, xlsx"
    )


def test_a_document_over_the_limit_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr("judge.rows.json_rows.JSON_LIMIT", 100)
    assert "write one object a line (.jsonl)" in error_of(
        tmp_path, b'[{"a": 1}' + b" " * 100 + b"]", "t.json"
    )
    assert JSON_LIMIT == 512 * 2**20


CSV = [
    pytest.param(b"a,b\n1,2\n", {"a": "1", "b": "2"}, id="plain"),
    pytest.param(b"\xef\xbb\xbfa,b\r\n1,2\r\n", {"a": "1", "b": "2"}, id="bom_and_crlf"),
    pytest.param(b" a ,b\n1,2\n", {"a": "1", "b": "2"}, id="spaces_in_the_header"),
    pytest.param(b"a;b\n1,5;2\n", {"a": "1,5", "b": "2"}, id="semicolons"),
    pytest.param(b'a,b\n"x, ""y""\nz",2\n', {"a": 'x, "y"\nz', "b": "2"}, id="quotes_and_newlines"),
    pytest.param(b"a,b\n,2\n", {"a": "", "b": "2"}, id="empty_cell"),
    pytest.param(b"a,b\n,\n1,2\n,,,\n", {"a": "1", "b": "2"}, id="rows_of_empty_cells"),
    pytest.param("a,b\nä😀,你\n".encode(), {"a": "ä😀", "b": "你"}, id="unicode"),
]


@pytest.mark.parametrize(("data", "row"), CSV)
def test_cells_of_a_csv_are_read_as_text(rows_of, data, row):
    assert rows_of(data, "t.csv") == [row]


def test_a_tsv_is_split_at_tabs_alone(rows_of):
    assert rows_of(b"a\tb,c;d\n1\t2\n", "t.tsv") == [{"a": "1", "b,c;d": "2"}]


def test_a_cell_of_5_mb_is_read(rows_of):
    (row,) = rows_of(b"a,b\n" + b"x" * 5_000_000 + b",2\n", "t.csv")
    assert len(row["a"]) == 5_000_000


def test_half_a_surrogate_pair_becomes_a_replacement_character(rows_of):
    (row,) = rows_of(b'{"a": "x\\ud83d", "\\uDE00": ["\\ud83d\\ude00", 1, null, true, 0.5]}\n')
    assert row == {"a": "x\ufffd", "\ufffd": ["😀", 1, None, True, 0.5]}


def test_rows_are_read_one_at_a_time(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(LINES + b"broken\n")
    rows = read_rows(path)
    assert [next(rows)[1], next(rows)[1]] == TWO


@pytest.fixture
def parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import datetime
    import decimal

    import pyarrow.parquet as pq

    table = pa.table(
        {
            "a": ["x", None],
            "n": [1, 2],
            "day": [datetime.date(2024, 2, 29), None],
            "price": [decimal.Decimal("1.50"), None],
            "list": [["p", "q"], []],
        }
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    return path


def test_values_of_a_parquet_file_can_all_be_written_as_json(parquet):
    rows = list(read_rows(parquet))
    assert rows[0] == (
        f"{parquet}: row 1",
        {"a": "x", "n": 1, "day": "2024-02-29", "price": "1.50", "list": ["p", "q"]},
    )
    assert rows[1][1] == {"a": None, "n": 2, "day": None, "price": None, "list": []}


def test_a_parquet_file_may_come_through_a_pipe(parquet, monkeypatch):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Pipe(parquet.read_bytes()))))
    assert len(list(read_rows("-", format="parquet"))) == 2


def test_a_missing_parquet_package_names_the_extra(parquet, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'judge-toolkit\[parquet\]'"):
        list(read_rows(parquet))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=4))
def test_json_lines_come_back_as_they_were_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8", newline="")
    assert [row for _, row in read_rows(path)] == rows


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["t.jsonl", "t.json", "t.csv", "t.tsv", "t.txt", "t.psv"]))
def test_no_bytes_raise_anything_but_an_input_error(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("t") / name
    path.write_bytes(data)
    try:
        rows = [row for _, row in read_rows(path)]
    except InputError:
        return
    json.dumps(rows, ensure_ascii=False).encode()
