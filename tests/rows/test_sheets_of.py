"""Names of the tables in one file, as `read_rows` takes them."""

import pytest

from judge.errors import InputError
from judge.rows import read_rows, sheets_of

openpyxl = pytest.importorskip("openpyxl")


@pytest.fixture
def book(tmp_path):
    """Save a workbook with sheets of one column; a title that begins with a minus is that of a hidden one."""

    def save(*titles, empty=()):
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for title in (*titles, *empty):
            sheet = workbook.create_sheet(title.lstrip("-"))
            sheet.sheet_state = "hidden" if title.startswith("-") else "visible"
            if title not in empty:
                sheet.append(["id"])
                sheet.append(["q1"])
        workbook.save(tmp_path / "t.xlsx")
        return str(tmp_path / "t.xlsx")

    return save


def test_each_visible_sheet_with_text_is_a_table_that_can_be_read(book):
    path = book("Answers", "-Lists", "Round 2", empty=["Notes"])
    assert sheets_of(path) == [f"{path}#Answers", f"{path}#Round 2"]
    assert [row for name in sheets_of(path) for _, row in read_rows(name)] == [{"id": "q1"}] * 2


@pytest.mark.parametrize("titles", [("Answers",), ("Answers", "-Lists")])
def test_a_workbook_with_one_visible_sheet_is_named_as_it_is(book, titles):
    path = book(*titles)
    assert sheets_of(path) == [path]


def test_a_sheet_that_is_named_already_is_the_only_table(book):
    assert sheets_of(f"{book('One', 'Two')}#Two") == [f"{book('One', 'Two')}#Two"]


def test_a_workbook_that_cannot_be_opened_is_an_error(tmp_path):
    path = tmp_path / "broken.xlsx"
    path.write_bytes(b"PK no workbook")
    with pytest.raises(InputError, match="not a readable"):
        sheets_of(str(path))
