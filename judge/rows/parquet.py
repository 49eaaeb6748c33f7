"""Rows of Parquet files."""

import io
from collections.abc import Iterator
from typing import IO

from judge.errors import InputError, MissingExtraError
from judge.files.unpacking import check_expansion
from judge.rows.memory import plain
from judge.rows.text_lines import Row

_BATCH = 1000


def parquet_rows(file: IO[bytes], name: str) -> Iterator[tuple[str, Row]]:
    """Rows of a Parquet file, read in batches; they are counted from 1."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", f"reading {name}") from None
    try:
        source = file if file.seekable() else pa.BufferReader(file.read())
        table, size = pq.ParquetFile(source), source.seek(0, io.SEEK_END)
        groups = (table.metadata.row_group(n) for n in range(table.metadata.num_row_groups))
        check_expansion(name, size, sum(group.total_byte_size for group in groups))
        number = 0
        for batch in table.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield f"{name}: row {number}", plain(row)
    except pa.ArrowException as error:
        raise InputError(f"{name}: not a readable Parquet file: {error}") from None
