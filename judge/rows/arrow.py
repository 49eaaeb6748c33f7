"""Rows of Parquet files and of datasets that the library `datasets` saved, both read with pyarrow."""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from judge.errors import InputError, MissingExtraError
from judge.files.unpacking import check_expansion, errors_of_files, open_file, read_text
from judge.rows.memory import plain_row
from judge.rows.text_lines import Refuse, Row

_BATCH = 1000
_MOST_BYTES = 2**24


def parquet_rows(file: IO[bytes], name: str, refuse: Refuse) -> Iterator[tuple[str, Row]]:
    """Rows of a Parquet file, read in batches; they are counted from 1."""
    pa = _pyarrow(name)
    import pyarrow.parquet as pq

    try:
        source = file if file.seekable() else pa.BufferReader(file.read())
        table, size = pq.ParquetFile(source), source.seek(0, io.SEEK_END)
        groups = (table.metadata.row_group(n) for n in range(table.metadata.num_row_groups))
        check_expansion(name, size, sum(group.total_byte_size for group in groups))
        _check_names(table.schema_arrow.names, name)
        yield from _rows(table.iter_batches(batch_size=_BATCH), name, refuse)
    except pa.ArrowException as error:
        raise InputError(f"{name}: not a readable Parquet file: {error}") from None


def is_saved_dataset(folder: Path) -> bool:
    """Whether ``save_to_disk`` of the library `datasets` wrote this folder."""
    return any((folder / name).is_file() for name in ("state.json", "dataset_dict.json"))


def dataset_rows(folder: Path, name: str, refuse: Refuse) -> Iterator[tuple[str, Row]]:
    """Rows of a folder that ``save_to_disk`` of the library `datasets` wrote; they are counted from 1."""
    pa = _pyarrow(name)
    with errors_of_files(name):
        folder, state = _one_split(folder, name)
        try:
            yield from _rows(_batches(pa, _data_files(folder, state, name), name), name, refuse)
        except pa.ArrowException as error:
            raise InputError(f"{name}: not a readable dataset: {error}") from None


def _pyarrow(name: str) -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", f"reading {name}") from None
    return pa


def _rows(batches: Iterable[Any], name: str, refuse: Refuse) -> Iterator[tuple[str, Row]]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            where = f"{name}: row {number}"
            try:
                row = plain_row(row)
            except ValueError as problem:
                refuse(where, str(problem))
            else:
                yield where, row


def _check_names(names: list[str], name: str) -> None:
    if twice := next((column for column in names if names.count(column) > 1), None):
        raise InputError(f"{name}: two columns are named {twice!r}; each column needs a name of its own")


def _one_split(folder: Path, name: str) -> tuple[Path, dict[str, Any]]:
    """Folder of the dataset, which may be the only split of several, and the description of its files."""
    if (folder / "dataset_dict.json").is_file():
        splits = _described(folder / "dataset_dict.json", name).get("splits")
        if not isinstance(splits, list) or len(splits) != 1:
            names = ", ".join(map(str, splits or ()))
            raise InputError(
                f"{name}: this dataset has the splits {names}; name the folder of one of them, such as "
                f"{folder / str((splits or ['test'])[0])}"
            )
        folder /= str(splits[0])
    if not (folder / "state.json").is_file():
        raise InputError(
            f"{name}: this folder is not a dataset that `datasets` saved with save_to_disk (it has no "
            "state.json); name a file, or such a folder"
        )
    return folder, _described(folder / "state.json", name)


def _described(file: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads(read_text(file, _MOST_BYTES))
    except ValueError as error:
        raise InputError(f"{name}: {file.name} is not valid JSON: {error}") from None
    return found if isinstance(found, dict) else {}


def _data_files(folder: Path, state: dict[str, Any], name: str) -> list[Path]:
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise InputError(
            f"{name}: an old version of `datasets` saved a selection of rows here, which is not read; load "
            "the dataset and save it with version 2.0 or newer"
        )
    listed = state.get("_data_files")
    if not isinstance(listed, list):
        raise InputError(f"{name}: state.json names no data files; save the dataset again")
    names = [file.get("filename") if isinstance(file, dict) else file for file in listed]
    if wrong := [file for file in names if not isinstance(file, str) or Path(file).name != file]:
        raise InputError(f"{name}: state.json names the file {wrong[0]!r}, which is not in this folder")
    return [folder / str(file) for file in names]


def _batches(pa: Any, files: Iterable[Path], name: str) -> Iterator[Any]:
    for path in files:
        with open_file(path) as file, pa.ipc.open_stream(file) as stream:
            _check_names(stream.schema.names, name)
            for batch in stream:
                yield from (batch.slice(start, _BATCH) for start in range(0, batch.num_rows, _BATCH))
