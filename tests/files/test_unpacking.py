"""What is packed may not unpack to more than a table or log can be."""

import gzip
import json
import zipfile
from pathlib import Path
from random import Random

import pytest

from judge.errors import InputError
from judge.files import unpacking
from judge.formats.document import load
from judge.rows import read_rows

DATA = Path(__file__).parents[1] / "data" / "formats"
DEEP = "[" * 50_000 + "]" * 50_000


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch):
    monkeypatch.setattr(unpacking, "UNPACKED_FREELY", 2**20)


@pytest.mark.parametrize("name", ["bomb.jsonl.gz", "bomb.csv.gz", "bomb.json.gz"])
def test_a_gzip_bomb_is_refused_after_a_bounded_part_of_it(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"a" + b" " * 2**23))
    with pytest.raises(InputError, match=r"packed bytes unpack to .* or more; allowed is 200 times"):
        list(read_rows(path))


def test_a_long_file_that_is_packed_well_is_read(tmp_path):
    path = tmp_path / "long.csv.gz"
    text = "item_id,value\n" + "".join(f"q{n},{n % 5}\n" for n in range(200_000))
    path.write_bytes(gzip.compress(text.encode()))
    assert sum(1 for _ in read_rows(path)) == 200_000


def archive(path, header, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("header.json", header)
    return path


def test_a_bomb_in_an_eval_archive_is_refused(tmp_path):
    path = archive(tmp_path / "bomb.eval", json.dumps({"eval": {}, "version": 2}) + " " * 2**23)
    with pytest.raises(InputError, match=r"bomb\.eval: .* packed bytes unpack to"):
        load(path)


@pytest.mark.parametrize("header", [DEEP, "9" * 5000, "{", "[1]", '{"a": 1, "a": 2}'], ids=["deep", "huge", "cut", "list", "twice"])  # fmt: skip
def test_a_part_of_an_archive_that_is_no_log_is_one_error_with_its_name(tmp_path, header):
    with pytest.raises(InputError, match=r"log\.eval: header\.json"):
        load(archive(tmp_path / "log.eval", header))


def test_an_encrypted_archive_says_so(tmp_path):
    path = archive(tmp_path / "log.eval", "{}")
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"header\.json is encrypted"):
        load(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 93])  # fmt: skip
def test_an_archive_with_any_byte_changed_is_read_or_is_one_error(tmp_path, method):
    path = tmp_path / "log.eval"
    header = json.dumps({"eval": {"model": "m"}, "version": 2})
    if method == 93:
        pytest.importorskip("zstandard")
        path.write_bytes((DATA / "inspect_choice.eval").read_bytes())
    else:
        archive(path, header, method)
    sound, rng = path.read_bytes(), Random(f"archive {method}")
    for _ in range(600):
        data = bytearray(sound)
        for _ in range(rng.choice([1, 3])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        said = f"{path}: "
        try:
            load(path)
        except InputError as error:
            said = str(error)
        assert said.startswith(f"{path}: ")
        assert "\n" not in said


def test_an_archive_of_a_later_version_of_zip_is_one_error(tmp_path):
    path = archive(tmp_path / "log.eval", "{}")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 6] = 82
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"log\.eval: not a readable \.eval archive: zip file version 8\.2"):
        load(path)


@pytest.mark.parametrize("name", ["bad.json.gz", "bad.jsonl.gz", "bad.csv.gz"])
@pytest.mark.parametrize(
    "data", [b"\x1f\x8b" + b"\xff" * 30, gzip.compress(b"[1, 2]")[:-9]], ids=["damaged", "cut"]
)
def test_damaged_gzip_is_one_error_with_the_name_of_the_file(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"{name}: "):
        load(path) if "json" in name else list(read_rows(path))


@pytest.mark.parametrize(("text", "problem"), [(DEEP, "nested too deeply"), ("[1" + "0" * 400 + "]", "Exceeds the limit of 308 digits")], ids=["deep", "huge"])  # fmt: skip
def test_a_document_beyond_all_reason_is_one_error(tmp_path, text, problem):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"a\.json: .*{problem}"):
        load(path)


def test_a_parquet_file_is_bounded_too(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"id": ["x" * 2**22]}), path, compression="zstd", use_dictionary=False)
    with pytest.raises(InputError, match="packed bytes unpack to"):
        list(read_rows(path))


def test_a_table_of_means_is_no_file_of_judgments(tmp_path):
    path = tmp_path / "score.csv"
    path.write_text("difficulty,num_questions,average_relevance\ngeneral,5,4.2\n")
    with pytest.raises(InputError, match="holds means of groups"):
        load(path)
