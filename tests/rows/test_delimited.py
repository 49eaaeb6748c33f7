import pytest

from judge.errors import InputError
from judge.rows import delimiter_of, encoding_of, read_rows


@pytest.fixture
def written(tmp_path):
    """Path of a file with the given text."""

    def write(text, name="t.csv"):
        (tmp_path / name).write_text(text, "utf-8", newline="")
        return tmp_path / name

    return write


def rows_in(path, **options):
    return [row for _, row in read_rows(path, **options)]


def error_of(path, **options):
    with pytest.raises(InputError) as caught:
        list(read_rows(path, **options))
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.psv", "t.CSV"])
def test_what_separates_cells_is_recognised(written, name, delimiter):
    path = written(f"id{delimiter}a b\nq1{delimiter}x\n", name)
    assert rows_in(path) == [{"id": "q1", "a b": "x"}]
    assert delimiter_of(path) == delimiter


def test_tab_files_are_known_by_two_names(written):
    assert rows_in(written("a\tb,c\n1\t2\n", "t.tab")) == [{"a": "1", "b,c": "2"}]


def test_a_delimiter_within_quotes_of_the_header_does_not_count(written):
    assert rows_in(written('"a,b,c";d\n1;2\n')) == [{"a,b,c": "1", "d": "2"}]


def test_quotes_of_the_header_show_what_separates_cells(written):
    assert rows_in(written('"id"|";"\n"1"|"2"\n')) == [{"id": "1", ";": "2"}]


def test_a_name_of_a_column_may_have_several_lines(written):
    assert rows_in(written('a;"b\nc"\n1;2\n')) == [{"a": "1", "b\nc": "2"}]


def test_a_text_file_of_json_lines_is_recognised(written):
    path = written('\ufeff\n{"a": 1}\n{"a": 2}\n', "t.txt")
    assert rows_in(path) == [{"a": 1}, {"a": 2}]
    assert delimiter_of(path) is None


def test_a_text_file_with_a_json_list_is_recognised(written):
    assert rows_in(written('[{"a": 1}]', "t.txt")) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "delimiter", "n_columns"),
    [
        ("id;question, if any;answer, if any\n1;why;so\n2;how, then;so\n", ";", 3),
        ("question;answer, as given;notes (a, b, c)\nwhy;so;\nhow;x;y\n", ";", 3),
        ('id\tq; a; b; c\n1\t"x;\ny"\n', "\t", 2),
        ("a|b,c|d\n1,2\n3,4\n", ",", 2),
        ("a;b,c,d\n", ",", 3),
        ("id;mean, in points\n1;3,5\n2;4,0\n", ";", 2),
        ("id;mean, in points\n" + "1;" + "x" * 200_000 + "\n", ";", 2),
        ("a;b,c\n" + "1;2\n" * 30, ";", 2),
        ('a;b,c\n1;2\n3;"open\n' + "x\n" * 30 + '"\n', ";", 2),
    ],
)
def test_the_first_rows_decide_between_the_delimiters_of_a_header(written, text, delimiter, n_columns):
    path = written(text)
    assert delimiter_of(path) == delimiter
    rows = rows_in(path)
    assert all(len(row) == n_columns for row in rows)


def test_lines_are_numbered_as_in_the_file_also_where_rows_decided_the_delimiter(written):
    path = written("\na;b,c\n1;2\n1;2;3\n")
    assert error_of(path).startswith(":4: found 3 cells; the header has 2")


def test_two_columns_of_one_name_are_refused_with_the_line_of_the_header(written):
    assert error_of(written("\n\na,a\n1,2\n")).startswith(":3: two columns are named 'a'")


@pytest.mark.parametrize("title", ["Results of May", "# made by a script", "Results, May", "# a, b"])
def test_a_title_above_the_header_is_named_as_the_cause(written, title):
    error = error_of(written(f"\n{title}\nid,question,answer\n1,q,a\n"))
    assert error.startswith(":3: found 3 cells")
    assert "line 2; if that is a title or a comment, delete it" in error
    assert "delete a title above it" in error_of(written("Results of May\nid,question\n", "t.txt"))


def test_a_later_row_with_too_many_cells_says_nothing_of_a_title(written):
    assert "title" not in error_of(written("a,b\n1,2\n1,2,3\n"))


def test_a_text_file_without_cells_is_refused(written):
    error = error_of(written("\nThe first answer\nThe second\n", "t.txt"))
    assert error.startswith(":2: this is no table")
    assert "--format csv" in error


def test_a_text_file_of_one_column_is_read_where_its_format_is_named(written):
    assert rows_in(written("answer\nyes\n", "t.txt"), format="csv") == [{"answer": "yes"}]


def test_an_empty_text_file_has_no_rows(written):
    assert rows_in(written("", "t.txt")) == []


def test_a_markdown_table_is_read(written):
    path = written("\n| id | answer |\n|----|:------:|\n| q1 | a \\| b |\n\n| q2 |  |\n", "t.txt")
    assert rows_in(path) == [{"id": "q1", "answer": "a | b"}, {"id": "q2", "answer": ""}]
    assert [where.removeprefix(str(path)) for where, _ in read_rows(path)] == [":4", ":6"]


def test_a_markdown_table_needs_no_rule_and_no_last_pipe(written):
    assert rows_in(written("|id|answer\n|q1|x\n")) == [{"id": "q1", "answer": "x"}]


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n", 3, "found 3 cells; the header has 2"),
        ("| a | b |\n| 1 |\n", 2, "found 1 cells; the header has 2"),
        ("a|b\n1|2|3\n", 2, "A cell that holds a pipe"),
        ("a;b\n1;2;3\n", 2, "A cell that holds a semicolon"),
        ("sep=:\na:b\n1:2:3\n", 3, "A cell that holds :"),
        ("a,b\r1,2\r", 1, "carriage return without a line feed"),
    ],
)
def test_a_row_of_another_length_is_refused_with_its_line(written, text, line, found):
    error = error_of(written(text))
    assert error.startswith(f":{line}: ")
    assert found in error


def test_rows_of_empty_cells_are_left_out_with_every_delimiter(written):
    assert rows_in(written("a;b\n;\n1;\n;;\n")) == [{"a": "1", "b": ""}]


def test_blank_lines_without_end_are_refused(written, monkeypatch):
    monkeypatch.setattr("judge.rows.text_lines.MOST_BLANK", 5)
    assert rows_in(written("\n" * 4 + "a,b\n1,2\n")) == [{"a": "1", "b": "2"}]
    assert "more than 5 blank lines in a row" in error_of(written("\n" * 9 + "a,b\n1,2\n"))


def test_the_encoding_of_a_command_is_that_of_its_text_files_alone():
    assert encoding_of("a.csv", "cp1252") == "cp1252"
    assert encoding_of("a.xlsx", "cp1252") is None
    assert encoding_of([{"a": 1}], "cp1252") is None
    assert encoding_of("a.csv", None) is None


@pytest.mark.parametrize("mark", ["\u200b", "\u200f", "\ufeff", "\u00a0"])
def test_marks_of_no_width_around_the_name_of_a_column_do_not_count(written, mark):
    assert rows_in(written(f"id,{mark}tone{mark}\nq1,4\n")) == [{"id": "q1", "tone": "4"}]
