"""A table that is written in any shape, format and encoding is read back as it was, or refused."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from judge.errors import InputError
from judge.rows import read_rows

LATIN = "".join(
    bytes([n]).decode("cp1252") for n in range(32, 256) if n not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
MAY_BE_REFUSED = {"utf-16-le", "utf-16-be", "cp1252"}
"""Encodings that no mark at the beginning of the file tells: read back as they were, or refused."""


NAMES = st.text("abcdefé_ ,;|", min_size=1, max_size=6)


def tables(cell):
    """Lists of rows with the same columns; the first tells that a row is there."""
    columns = st.lists(NAMES.map(str.strip).filter(bool), unique=True, max_size=3).map(
        lambda found: ["id", *(name for name in found if name != "id")]
    )
    return columns.flatmap(
        lambda names: st.lists(
            st.tuples(*[cell] * len(names)).map(
                lambda cells: dict(zip(names, (f"q{cells[0]}", *cells[1:]), strict=True))
            ),
            min_size=1,
            max_size=5,
        )
    )


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
latin = st.text(LATIN + "\n", max_size=20) | st.sampled_from(["schön", "naïve “x”", "5 €", "don’t"])


def delimited(rows, delimiter, newline):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(
        out, list(rows[0]), delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL
    )
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def json_lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


SHAPES = {
    "t.jsonl": json_lines,
    "t.json": lambda rows: json.dumps(rows, ensure_ascii=False),
    "table.txt": json_lines,
    "t.csv": lambda rows: delimited(rows, ",", "\r\n"),
    "semicolon.csv": lambda rows: delimited(rows, ";", "\n"),
    "pipe.txt": lambda rows: delimited(rows, "|", "\n"),
    "t.psv": lambda rows: delimited(rows, "|", "\r\n"),
    "t.tsv": lambda rows: delimited(rows, "\t", "\n"),
    "excel.csv": lambda rows: "sep=;\r\n" + delimited(rows, ";", "\r\n"),
}


@settings(deadline=None, max_examples=150)
@given(st.data(), st.sampled_from(sorted(SHAPES)), st.sampled_from(ENCODINGS), st.booleans(), st.booleans())
def test_text_tables_come_back(tmp_path_factory, data, name, encoding, is_named, is_packed):
    rows = data.draw(tables(latin if encoding == "cp1252" else texts))
    assume(len(rows[0]) > 1 or name != "pipe.txt")  # a .txt file without a delimiter is refused
    content = SHAPES[name](rows).encode(encoding)
    path = tmp_path_factory.mktemp("t") / name
    path.write_bytes(gzip.compress(content) if is_packed else content)
    try:
        found = [row for _, row in read_rows(path, encoding=encoding if is_named else None)]
    except InputError:
        assert encoding in MAY_BE_REFUSED
        assert not is_named
        return
    assert found == rows


printable = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20
)
cells = (
    printable.filter(lambda text: not text.startswith(("=", "#")))
    | st.integers(-(2**53), 2**53)
    | st.booleans()
)


@settings(deadline=None)
@given(tables(cells), st.booleans())
def test_workbooks_come_back(tmp_path_factory, rows, has_other_sheet):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    if has_other_sheet:
        book.create_sheet("Notes").append(["a note"])
    for line in (list(rows[0]), *(list(row.values()) for row in rows)):
        book.active.append(line)
    path = tmp_path_factory.mktemp("t") / "t.xlsx"
    book.save(path)
    found = [row for _, row in read_rows(f"{path}#Sheet" if has_other_sheet else path)]
    assert [list(map(repr, row.items())) for row in found] == [list(map(repr, row.items())) for row in rows]


def as_table(rows):
    pa = pytest.importorskip("pyarrow")
    return pa.Table.from_pylist(rows)


@settings(deadline=None)
@given(tables(texts), st.sampled_from(["parquet", "dataset", "memory", "frame"]))
def test_binary_tables_and_tables_in_memory_come_back(tmp_path_factory, rows, shape):
    folder = tmp_path_factory.mktemp("t")
    source = folder / "t.parquet"
    if shape == "parquet":
        pq = pytest.importorskip("pyarrow.parquet")
        pq.write_table(as_table(rows), source)
    elif shape == "dataset":
        pa, table, source = pytest.importorskip("pyarrow"), as_table(rows), folder
        with pa.ipc.new_stream(folder / "data.arrow", table.schema) as stream:
            stream.write_table(table)
        (folder / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    else:
        source = rows if shape == "memory" else pytest.importorskip("pandas").DataFrame(rows)
    assert [row for _, row in read_rows(source)] == rows


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(['{"a": 1}', "", "  ", "[1]", "{", "7", '{"a": 1, "a": 2}', '{"a": "\udcff"}']))
)
def test_every_line_is_read_refused_or_blank(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    path.write_bytes(b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in lines))
    bad = []
    read = [where for where, _ in read_rows(path, encoding="utf-8", on_bad=bad.append)]
    assert len(read) == lines.count('{"a": 1}')
    assert len(read) + len(bad) == sum(bool(line.strip()) for line in lines)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(["", " ", "x"]), min_size=1, max_size=4), max_size=8))
def test_every_row_of_a_csv_is_read_refused_or_empty(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("".join(",".join(row) + "\n" for row in [["a", "b"], *rows]), "utf-8")
    bad = []
    read = [row for _, row in read_rows(path, on_bad=bad.append)]
    blank = sum(not any(cell.strip() for cell in row) for row in rows)
    assert len(read) + len(bad) == len(rows) - blank
