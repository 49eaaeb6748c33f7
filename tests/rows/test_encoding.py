import gzip
import io
import logging
import sys

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from judge.errors import InputError
from judge.rows import delimiter_of, encoding, read_document, read_rows
from judge.rows.encoding import checked_encoding


@pytest.fixture
def written(tmp_path):
    """Path of a file with the given bytes."""

    def write(data, name="t.csv"):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


def values(path, **options):
    return [cell for _, row in read_rows(path, **options) for cell in row.values()]


def error_of(path, **options):
    with pytest.raises(InputError) as caught:
        list(read_rows(path, **options))
    return str(caught.value).removeprefix(str(path))


TEXT = 'id,answer\nq1,"schön, “naïve” – 5 €"\nq2,plain\n'
ROWS = ["q1", "schön, “naïve” – 5 €", "q2", "plain"]
MARK = "\ufeff"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TEXT.encode(), id="utf-8"),
        pytest.param(TEXT.encode("utf-8-sig"), id="utf-8 with mark"),
        pytest.param(TEXT.encode("utf-16"), id="utf-16"),
        pytest.param((MARK + TEXT).encode("utf-16-be"), id="utf-16 big-endian"),
        pytest.param(TEXT.encode("utf-16-le"), id="utf-16 little-endian without mark"),
        pytest.param(TEXT.encode("utf-16-be"), id="utf-16 big-endian without mark"),
        pytest.param(TEXT.encode("utf-32"), id="utf-32"),
        pytest.param(TEXT.encode("cp1252"), id="cp1252"),
        pytest.param(gzip.compress(TEXT.encode("utf-16")), id="gzipped utf-16"),
        pytest.param(gzip.compress(TEXT.encode("cp1252")), id="gzipped cp1252"),
    ],
)
def test_encoding_is_recognised(written, data):
    assert values(written(data)) == ROWS


@pytest.mark.parametrize("name", ["utf-16", "cp1252"])
def test_encoding_is_recognised_in_a_pipe(monkeypatch, name):
    data = '{"id": "q1", "answer": "schön"}\n'.encode(name)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    assert values("-") == ["q1", "schön"]


@pytest.mark.parametrize("name", ["utf-16", "cp1252"])
def test_documents_and_delimiters_are_read_in_any_encoding(written, name):
    assert read_document(written('{"a": "é"}'.encode(name), "t.json")) == {"a": "é"}
    assert delimiter_of(written("é;b\n".encode(name))) == ";"


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (TEXT.encode("cp1252"), ("Windows-1252 (cp1252)", "'schön'", "line 2")),
        (TEXT.encode("utf-16"), ("UTF-16",)),
        (b"a\n" * 100_000 + b"caf\xe9\n", ("'café'", "line 100001")),
    ],
    ids=["cp1252", "utf-16", "far down"],
)
def test_recognised_encoding_is_reported_once(written, caplog, data, facts):
    path = written(data)
    list(read_rows(path))
    list(read_rows(path))
    assert len(caplog.messages) == 1
    assert all(fact in caplog.messages[0] for fact in (str(path), *facts))


@pytest.mark.parametrize("data", [TEXT.encode(), TEXT.encode("utf-8-sig"), b"a,b\n1,2\n"])
def test_nothing_is_reported_of_utf8(written, caplog, data):
    with caplog.at_level(logging.DEBUG):
        list(read_rows(written(data)))
    assert not caplog.messages


@pytest.mark.parametrize("name", ["cp1252", "utf-16", "cp1250", "shift_jis", "utf-8"])
def test_encoding_that_the_user_names_is_used_and_not_reported(written, caplog, name):
    text = {"cp1250": "příliš", "shift_jis": "質問"}.get(name, "schön")
    assert values(written(f"id\n{text}\n".encode(name)), encoding=name) == [text]
    assert not caplog.messages


DOUBTFUL = [
    pytest.param("aé".encode() + b" caf\xe9", id="valid UTF-8 before"),
    pytest.param(b"caf\xe9 " + "aé".encode(), id="valid UTF-8 after"),
    pytest.param(b"caf\xc3", id="cut off after the first of two bytes"),
    pytest.param(b"it\xe2\x80", id="cut off after two of three bytes"),
    pytest.param(b"it\xe2", id="cut off after the first of three bytes"),
    pytest.param(b"it\xe2 is", id="one of three bytes left"),
    pytest.param(b"a \xf0\x9f\x98 b", id="three of four bytes left"),
    pytest.param(b"a \x81 b", id="undefined in cp1252"),
    pytest.param("Привет".encode("cp1251"), id="cp1251"),
    pytest.param("привет".encode("koi8-r"), id="koi8-r"),
    pytest.param("Ελλάδα".encode("cp1253"), id="cp1253"),
    pytest.param("質問".encode("shift_jis"), id="shift_jis"),
    pytest.param("问题".encode("gb18030"), id="gb18030"),
    pytest.param("příliš".encode("cp1250"), id="cp1250 Czech"),
    pytest.param("łódź".encode("cp1250"), id="cp1250 Polish"),
    pytest.param("ışık".encode("cp1254"), id="cp1254"),
    pytest.param("schön".encode("cp850"), id="cp850"),
    pytest.param("café".encode("mac-roman"), id="mac-roman letter"),
    pytest.param("don’t".encode("mac-roman"), id="mac-roman apostrophe"),
]


@pytest.mark.parametrize("cell", DOUBTFUL)
@pytest.mark.parametrize("before", [b"", b"plain text\n" * 10_000], ids=["near", "far"])
def test_bytes_that_may_be_another_encoding_are_refused_with_their_place(written, before, cell):
    error = error_of(written(b"a\n" + before + cell + b"\n"))
    assert error.startswith(f":{before.count(10) + 2}: found ")
    assert "--encoding" in error


@pytest.mark.parametrize("cell", [p for p in DOUBTFUL if p.id != "valid UTF-8 before"])
def test_encoding_does_not_change_silently_far_down_in_a_file(written, monkeypatch, cell):
    monkeypatch.setattr(encoding, "_LOOK_AHEAD", 10)
    lines = 20_000
    error = error_of(written(b"a\ncaf\xe9\n" + b"plain text\n" * lines + cell + b"\n"))
    assert error.startswith(f":{lines + 3}: found ")
    assert "cp1252" in error


def test_a_file_cut_off_within_a_character_is_not_taken_for_cp1252(written):
    assert ":2: found e2" in error_of(written(b"a\nit\xe2"))


def test_cp1252_may_end_with_an_accent(written):
    assert values(written(b"a\ncaf\xe9")) == ["café"]


class SlowPipe(io.RawIOBase):
    """Gives one byte at a time."""

    def __init__(self, data):
        self.data = data
        self.n_read = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        byte = self.data[self.n_read : self.n_read + 1]
        buffer[: len(byte)] = byte
        self.n_read += len(byte)
        return len(byte)


@pytest.mark.parametrize("name", ["utf-8", "cp1252"])
def test_a_pipe_that_gives_one_byte_at_a_time_is_read(monkeypatch, name):
    data = '{"a": "schön “so”"}\n{"a": "é"}\n'.encode(name)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(SlowPipe(data), 1)))
    assert values("-") == ["schön “so”", "é"]


def test_rows_in_utf8_are_not_read_ahead(monkeypatch):
    slow = SlowPipe('{"a": "é"}\n'.encode() * 100_000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(slow, 1)))
    assert next(read_rows("-")) == ("standard input:1", {"a": "é"})
    assert slow.n_read < 100_000


@pytest.mark.parametrize("size", [65_534, 65_535, 65_536])
def test_a_character_across_two_reads_of_the_file_is_still_utf8(written, size):
    text = "a\n" + "x" * (size - 2) + "é“\n"
    assert values(written(text.encode())) == [text[2:-1]]


@pytest.mark.parametrize(
    ("data", "name", "line"),
    [
        pytest.param(TEXT.encode("utf-16")[:-1], None, 3, id="cut off within a character"),
        pytest.param(b"a\nb\n\x81\n", "cp1252", 3, id="undefined byte"),
        pytest.param(b"a\n\xe9\n", "utf-8", 2, id="not UTF-8, as the user says"),
        pytest.param("a\n\ud83d\nb".encode("utf-16", "surrogatepass"), None, 2, id="half of a pair"),
    ],
)
def test_damage_is_refused_with_its_line(written, data, name, line):
    assert error_of(written(data), encoding=name).startswith(f":{line}: found ")


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13", "a\0b", "undefined"])
def test_an_unknown_encoding_is_refused(name):
    with pytest.raises(InputError, match="allowed: an encoding of text"):
        checked_encoding(name)


@pytest.mark.parametrize("name", ["t.parquet", "t.xlsx"])
def test_an_encoding_of_a_binary_format_is_refused(written, name):
    assert "an encoding is for text files" in error_of(written(b"", name), encoding="cp1252")


@pytest.mark.parametrize(
    ("magic", "kind"),
    [
        (b"PK\x03\x04", ".xlsx"),
        (b"PAR1", "Parquet"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0", "old Excel"),
    ],
)
def test_a_binary_file_with_the_name_of_a_text_file_is_refused(written, magic, kind):
    assert kind in error_of(written(magic + b"\0\1\2"))


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200)


@settings(deadline=None)
@given(texts, st.integers(0, 255), st.integers(0, 1000))
@example("é", 0xE9, 0)
def test_damaged_utf8_never_becomes_other_text(tmp_path_factory, text, byte, at):
    data = bytearray(text.encode())
    assume(data and any(b > 127 for b in data))
    at %= len(data)
    kept = bytes(data[:at] + data[at + 1 :])
    data[at] = byte
    path = tmp_path_factory.mktemp("t") / "t.csv"
    for damaged in (bytes(data), kept):
        assume(any(ord(c) > 127 for c in damaged.decode("utf-8", "ignore")))  # something is left of the text
        path.write_bytes(b"a\n" + damaged)
        try:
            damaged.decode()
        except UnicodeDecodeError:
            with pytest.raises(InputError):
                list(read_rows(path))
