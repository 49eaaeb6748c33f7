import datetime
import gzip
import io
import re
import sys
import warnings
import zipfile

import pytest

from judge.errors import InputError, MissingExtraError
from judge.rows import delimiter_of, read_rows

openpyxl = pytest.importorskip("openpyxl")


@pytest.fixture
def book(tmp_path):
    """Save a workbook with the given sheets; `change` may alter it before."""

    def save(change=None, name="t.xlsx", **sheets):
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for title, rows in sheets.items():
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        if change:
            change(workbook)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return save


def rows_in(source, **options):
    return [row for _, row in read_rows(source, **options)]


def error_of(source):
    with pytest.raises(InputError) as caught:
        list(read_rows(source))
    return str(caught.value)


def rewritten(path, member, change):
    """Change one file in a workbook."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files[member] = change(files[member])
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


TABLE = [["id", "answer"], ["q1", "yes"], ["q2", "no"]]
SHEET = "xl/worksheets/sheet1.xml"


def test_rows_are_read_and_counted_as_in_the_sheet(book):
    path = book(S=[[], ["id", "answer"], ["q1", "yes"], [], ["", " "], ["q2", None]])
    assert list(read_rows(path)) == [
        (f"{path}#S: row 3", {"id": "q1", "answer": "yes"}),
        (f"{path}#S: row 6", {"id": "q2", "answer": ""}),
    ]


def test_a_table_may_begin_at_any_cell(book):
    path = book(S=[[], [], [None, None, "id", "n"], [None, None, "q1", 2]])
    assert list(read_rows(path)) == [(f"{path}#S: row 4", {"id": "q1", "n": 2})]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text", "text"),
        ("1", "1"),
        (" kept ", " kept "),
        ("two\nlines", "two\nlines"),
        ("_x000D_", "_x000D_"),
        ("é“😀", "é“😀"),
        (1, 1),
        (1.0, 1),
        (0.85, 0.85),
        (1e300, 1e300),
        (True, True),
        (datetime.datetime(2024, 2, 29), "2024-02-29"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.datetime(2024, 2, 29, 1, 2, 3), "2024-02-29 01:02:03"),
        (datetime.time(1, 2, 3), "01:02:03"),
        ("#N/A", ""),
    ],
)
def test_values_of_cells(book, value, found):
    [row] = rows_in(book(S=[["id", "v"], ["q1", value]]))
    assert row["v"] == found
    assert type(row["v"]) is type(found)


def test_a_whole_number_that_is_stored_with_a_point_is_an_integer(book):
    path = rewritten(book(S=[["v"], [17]]), SHEET, lambda xml: xml.replace(b"<v>17</v>", b"<v>17.0</v>"))
    [row] = rows_in(path)
    assert repr(row["v"]) == "17"


@pytest.mark.parametrize("error", ["#DIV/0!", "#REF!", "#VALUE!"])
def test_a_row_with_an_error_value_is_refused_by_its_cell(book, error):
    path = book(S=[["id", "v"], ["q1", error], ["q2", 1]])
    assert error_of(path).startswith(f"{path}#S: row 2: cell B2 holds the error {error}")
    bad = []
    assert rows_in(path, on_bad=bad.append) == [{"id": "q2", "v": 1}]
    assert len(bad) == 1


def test_a_formula_without_a_stored_result_is_refused_by_its_cell(book):
    path = book(S=[["id", "v"], ["q1", 1], ["q2", "=B2+1"]])
    assert error_of(path).startswith(f"{path}#S: row 3: cell B3 holds a formula whose result is not stored")
    bad = []
    assert rows_in(path, on_bad=bad.append) == [{"id": "q1", "v": 1}]
    assert len(bad) == 1


def test_the_stored_result_of_a_formula_is_read(book):
    path = book(S=[["id", "v"], ["q1", "=1+1"], ["q2", 3]])
    rewritten(path, SHEET, lambda xml: re.sub(rb"(</f>)<v ?/>|(</f>)<v></v>", rb"</f><v>2</v>", xml))
    assert rows_in(path) == [{"id": "q1", "v": 2}, {"id": "q2", "v": 3}]


def test_a_formula_in_the_header_without_a_result_is_refused(book):
    assert "cell B1 holds a formula" in error_of(book(S=[["id", '="v"'], ["q1", 1]]))


def merging(*ranges):
    return lambda workbook: [workbook["S"].merge_cells(cells) for cells in ranges]


def test_a_value_that_is_merged_downwards_holds_for_all_its_rows(book):
    path = book(
        merging("A2:A3", "A5:A6"),
        S=[["q", "a"], ["one", 1], [None, 2], ["two", 3], ["three", 4], [None, 5], [None, 6]],
    )
    assert [(row["q"], row["a"]) for row in rows_in(path)] == [
        *(("one", 1), ("one", 2), ("two", 3), ("three", 4), ("three", 5), ("", 6)),
    ]


def test_a_value_that_is_merged_downwards_in_the_last_column_holds_for_all_its_rows(book):
    assert [row["b"] for row in rows_in(book(merging("B2:B3"), S=[["a", "b"], [1, "x"], [2]]))] == ["x", "x"]


@pytest.mark.parametrize("cells", ["A2:B2", "A1:B1", "A1:A2", "A2:B3"])
def test_other_merged_cells_are_refused_by_their_address(book, cells):
    error = error_of(book(merging(cells), S=[["a", "b"], ["x", "y"], ["z", "w"]]))
    assert f"the cells {cells} are merged" in error


def test_merged_cells_without_a_value_do_no_harm(book):
    path = book(merging("E1:F1", "B2:C2", "A5:B6"), S=[["a", "b", None, "d"], [1, None, None, 2]])
    assert rows_in(path) == [{"a": 1, "b": "", "": "", "d": 2}]


def test_merged_cells_are_found_however_the_sheet_is_cut_while_it_is_read(book, monkeypatch):
    monkeypatch.setattr("judge.rows.xlsx._CHUNK", 7)
    path = book(merging("A2:A3"), S=[["a", "b"], ["x", 1], [None, 2]])
    assert [row["a"] for row in rows_in(path)] == ["x", "x"]


def test_an_empty_cell_beside_a_formula_is_no_formula(book):
    path = book(S=[["id", "v", "w"], ["q1", None, "=1+1"]])
    rewritten(path, SHEET, lambda xml: re.sub(rb"(</f>)<v ?/>|(</f>)<v></v>", rb"</f><v>2</v>", xml))
    assert rows_in(path) == [{"id": "q1", "v": "", "w": 2}]


def test_a_hidden_sheet_is_not_read_in_place_of_an_empty_one(book, caplog):
    def hide(workbook):
        workbook["Lists"].sheet_state = "hidden"

    assert rows_in(book(hide, S=[], Lists=TABLE)) == []
    assert "hidden sheets are not read: Lists" in caplog.text


def test_the_only_sheet_with_rows_is_read(book):
    assert len(rows_in(book(Empty=[], S=TABLE))) == 2


def test_several_sheets_are_refused_with_their_names_and_one_can_be_named(book):
    path = book(One=TABLE, Two=[["id"], ["q9"]])
    assert error_of(path) == f"{path}: several sheets hold rows: One, Two. Name the one to read: {path}#One"
    assert list(read_rows(f"{path}#Two")) == [(f"{path}#Two: row 2", {"id": "q9"})]


def test_an_unknown_sheet_is_refused_with_the_known_ones(book):
    assert "there is no sheet 'Three'; its sheets are: One, Two" in error_of(
        f"{book(One=TABLE, Two=[])}#Three"
    )


def test_a_hidden_sheet_is_not_read_and_that_is_reported(book, caplog):
    def hide(workbook):
        workbook["Lists"].sheet_state = "hidden"

    path = book(hide, Lists=[["a"], ["x"]], S=TABLE)
    assert len(rows_in(path)) == 2
    assert caplog.messages == [f"{path}: hidden sheets are not read: Lists"]
    assert rows_in(f"{path}#Lists") == [{"a": "x"}]


def test_a_workbook_without_rows_has_none(book):
    assert rows_in(book(S=[])) == []
    assert rows_in(book(S=TABLE[:1])) == []


def test_names_of_columns_are_text_without_space_around(book):
    assert rows_in(book(S=[[" id ", 2024.0, True], ["q1", 1, 2]])) == [{"id": "q1", "2024": 1, "True": 2}]


def test_two_columns_of_one_name_are_refused_by_their_cells(book):
    assert "two columns are named 'a' (A1, C1)" in error_of(book(S=[["a", "b", "a "], [1, 2, 3]]))


def test_a_single_column_without_a_name_is_read_as_in_a_csv(book):
    assert rows_in(book(S=[[None, "a"], [0, "x"]])) == [{"": 0, "a": "x"}]


@pytest.mark.parametrize(
    ("rows", "cell"),
    [
        pytest.param([["a"], ["x", "y"]], "B2", id="beyond the header"),
        pytest.param([["a", None, None, "b"], ["x", None, "y", "z"]], "C2", id="two columns without a name"),
        pytest.param([["Results of May"], ["id", "answer"], ["q1", "x"]], "B2", id="title above the header"),
    ],
)
def test_a_value_in_a_column_without_a_name_is_refused_by_its_cell(book, rows, cell):
    error = error_of(book(S=rows))
    assert f"cell {cell} holds" in error
    assert "first row with text must name all columns. If it is a title, delete it" in error


def test_empty_columns_without_a_name_are_no_columns(book):
    assert rows_in(book(S=[["a", "", " "], [1, None, ""]])) == [{"a": 1}]
    assert rows_in(book(S=[["a", None, " ", "b"], [1, None, "  ", 2]])) == [{"a": 1, "b": 2}]


def test_a_size_that_is_noted_too_small_loses_no_rows(book):
    path = rewritten(
        book(S=TABLE), SHEET, lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', xml)
    )
    assert len(rows_in(path)) == 2


def test_a_workbook_may_be_gzipped_or_come_through_a_pipe(book, monkeypatch):
    path = book(S=TABLE)
    packed = path.with_suffix(".xlsx.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert len(rows_in(packed)) == 2

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Pipe(path.read_bytes()))))
    assert len(rows_in("-", format="xlsx")) == 2


def test_a_drop_down_list_raises_no_warning(book):
    path = book(S=TABLE)
    extension = b'<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst></worksheet>'
    rewritten(path, SHEET, lambda xml: xml.replace(b"</worksheet>", extension))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # noqa: TID251 - within the test
        assert len(rows_in(path)) == 2


@pytest.mark.parametrize("data", [b"", b"not a workbook", b"PK\x03\x04 neither", b"\xd0\xcf\x11\xe0 locked"])
def test_what_is_no_workbook_is_refused(tmp_path, data):
    path = tmp_path / "t.xlsx"
    path.write_bytes(data)
    assert error_of(path).startswith(f"{path}: not a readable .xlsx workbook")


@pytest.mark.parametrize("member", ["xl/workbook.xml", SHEET, "[Content_Types].xml"])
@pytest.mark.parametrize("damage", [lambda xml: xml[: len(xml) // 2], lambda _: b""], ids=["half", "empty"])
def test_a_damaged_workbook_is_refused(book, member, damage):
    path = rewritten(book(S=TABLE), member, damage)
    assert "not a readable .xlsx workbook" in error_of(path)


def test_a_workbook_that_unpacks_to_far_more_than_its_size_is_refused(book, monkeypatch):
    monkeypatch.setattr("judge.files.unpacking.UNPACKED_FREELY", 1000)
    monkeypatch.setattr("judge.files.unpacking.MOST_EXPANSION", 1)
    assert "packed bytes unpack to" in error_of(book(S=TABLE))


def test_a_missing_package_names_the_extra(book, monkeypatch):
    path = book(S=TABLE)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'judge-toolkit\[xlsx\]'"):
        rows_in(path)


def test_a_workbook_has_no_delimiter(book):
    assert delimiter_of(book(S=TABLE)) is None


def test_marks_of_no_width_around_the_name_of_a_column_do_not_count(book):
    assert rows_in(book(a=[["id", "tone\u200b"], ["q1", 4]])) == [{"id": "q1", "tone": 4}]
