import json
import sys

import pytest

from judge.errors import InputError, MissingExtraError
from judge.rows import read_rows

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def save(folder, *tables, **state):
    """Write a folder as `datasets.Dataset.save_to_disk` does."""
    folder.mkdir(parents=True)
    names = [f"data-{n:05}-of-{len(tables):05}.arrow" for n in range(len(tables))]
    for name, table in zip(names, tables, strict=True):
        with pa.ipc.new_stream(folder / name, table.schema) as stream:
            stream.write_table(table)
    state = {"_data_files": [{"filename": name} for name in names], "_split": None} | state
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def save_splits(folder, *splits):
    for split in splits:
        save(folder / split, pa.table({"id": [split]}))
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": splits}))
    return folder


def rows_in(source, **options):
    return [row for _, row in read_rows(source, **options)]


def error_of(source):
    with pytest.raises(InputError) as caught:
        list(read_rows(source))
    return str(caught.value)


def test_a_saved_dataset_is_read_file_by_file_in_its_order(tmp_path):
    folder = save(tmp_path / "d", pa.table({"id": ["a", "b"]}), pa.table({"id": ["c"]}))
    assert list(read_rows(folder)) == [
        (f"{folder}: row 1", {"id": "a"}),
        (f"{folder}: row 2", {"id": "b"}),
        (f"{folder}: row 3", {"id": "c"}),
    ]


def test_a_batch_of_any_length_is_read_whole(tmp_path):
    folder = save(tmp_path / "d", pa.table({"n": list(range(2500))}))
    assert rows_in(folder) == [{"n": n} for n in range(2500)]


def test_the_only_split_of_a_dataset_is_read(tmp_path):
    assert rows_in(save_splits(tmp_path / "d", "test")) == [{"id": "test"}]


def test_several_splits_are_refused_with_their_names_and_one_can_be_named(tmp_path):
    folder = save_splits(tmp_path / "d", "train", "test")
    error = error_of(folder)
    assert "the splits train, test" in error
    assert str(folder / "train") in error
    assert rows_in(folder / "test") == [{"id": "test"}]


def test_a_missing_file_of_a_dataset_is_named(tmp_path):
    folder = save(tmp_path / "d", _data_files=[{"filename": "gone.arrow"}])
    assert error_of(folder) == f"{folder}: cannot be read: No such file or directory"


def test_a_damaged_file_of_a_dataset_is_refused(tmp_path):
    folder = save(tmp_path / "d", pa.table({"id": ["a"]}))
    next(folder.glob("*.arrow")).write_bytes(b"no arrow at all")
    assert "not a readable dataset" in error_of(folder)


@pytest.mark.parametrize("filename", ["../x.arrow", "/etc/passwd", None, 7])
def test_a_dataset_is_read_from_its_folder_alone(tmp_path, filename):
    folder = save(tmp_path / "d", _data_files=[{"filename": filename}])
    assert "not in this folder" in error_of(folder)


def test_a_selection_that_an_old_version_saved_is_refused(tmp_path):
    folder = save(tmp_path / "d", _indices_files=[{"filename": "i.arrow"}])
    assert "an old version of `datasets`" in error_of(folder)


@pytest.mark.parametrize("text", ["{", "[]", "7"])
def test_a_damaged_description_of_a_dataset_is_refused_or_has_no_rows(tmp_path, text):
    folder = save(tmp_path / "d", pa.table({"id": ["a"]}))
    (folder / "state.json").write_text(text)
    if text == "{":
        assert "state.json is not valid JSON" in error_of(folder)
    else:
        assert "names no data files" in error_of(folder)


@pytest.mark.parametrize("write", ["parquet", "dataset"])
def test_two_columns_of_one_name_are_refused(tmp_path, write):
    table = pa.table([["a"], ["b"]], names=["x", "x"])
    if write == "parquet":
        pq.write_table(table, tmp_path / "t.parquet")
        assert "two columns are named 'x'" in error_of(tmp_path / "t.parquet")
    else:
        assert "two columns are named 'x'" in error_of(save(tmp_path / "d", table))


def test_a_row_with_binary_data_is_refused_by_its_field_and_may_be_passed_over(tmp_path):
    image = pa.array([{"bytes": b"text", "path": None}, {"bytes": b"\x89PNG", "path": "a.png"}])
    pq.write_table(pa.table({"id": ["a", "b"], "image": image}), tmp_path / "t.parquet")
    bad = []
    rows = rows_in(tmp_path / "t.parquet", on_bad=bad.append)
    assert rows == [{"id": "a", "image": {"bytes": "text", "path": None}}]
    assert len(bad) == 1
    assert str(bad[0]).startswith(
        f"{tmp_path}/t.parquet: row 2: field 'image': found 4 bytes that are no text"
    )


def test_a_missing_package_is_named_for_saved_datasets_too(tmp_path, monkeypatch):
    folder = save(tmp_path / "d", pa.table({"id": ["a"]}))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'judge-toolkit\[parquet\]'"):
        list(read_rows(folder))


def test_datasets_of_the_library_itself_are_read(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = [{"id": "a", "tags": ["x"], "n": 1}, {"id": "b", "tags": [], "n": 2}]
    data = datasets.Dataset.from_list(rows)
    assert rows_in(data) == rows
    data.save_to_disk(tmp_path / "one")
    assert rows_in(tmp_path / "one") == rows
    splits = datasets.DatasetDict(train=data, test=data.select([1]))
    splits.save_to_disk(tmp_path / "two")
    assert "the splits train, test" in error_of(tmp_path / "two")
    assert rows_in(tmp_path / "two" / "test") == rows[1:]
    with pytest.raises(InputError, match="splits train, test"):
        rows_in(splits)
