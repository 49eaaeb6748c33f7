"""Inspect's .eval archive: a ZIP of JSON parts that together are one JSON log."""

import importlib
import io
import struct
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path
from typing import Any

from judge.errors import InputError, MissingExtraError
from judge.files.unpacking import check_expansion, errors_of_files, open_file
from judge.rows import JSON_LIMIT, parsed

Object = dict[str, Any]

_ZSTD = 93
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_DAMAGED = (*(zipfile.BadZipFile, zlib.error, LZMAError, struct.error, EOFError, RuntimeError, ValueError),)
"""What `zipfile` raises for archives that are cut off or changed."""


def unpack(path: Path) -> Object:
    """Read a .eval archive as the equivalent JSON log.

    Raises
    ------
    InputError
        It is no archive, a part of it is damaged or encrypted, or it unpacks to too much.
    MissingExtraError
        It is compressed with Zstandard and nothing here can unpack that.
    """
    try:
        with errors_of_files(str(path)), open_file(path) as file, zipfile.ZipFile(file) as archive:
            parts = {info.filename: info for info in archive.infolist()}
            header = parts.get("header.json") or parts.get("_journal/start.json")
            if header is None:
                raise InputError(f"{path}: holds no header.json; it is no log of Inspect")
            samples = [parts[name] for name in sorted(parts) if name.startswith("samples/")]
            _check_sizes(path, [header, *samples])
            log = _member(archive, header, path)
            if not isinstance(log, dict):
                raise InputError(f"{path}: {header.filename} holds no object; it is no log of Inspect")
            log["samples"] = [_member(archive, info, path) for info in samples]
            return log
    except _DAMAGED as error:
        raise InputError(f"{path}: not a readable .eval archive: {error}") from None


def _check_sizes(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Bound what is unpacked; `zipfile` itself unpacks no more of a member than its header says."""
    unpacked = sum(info.file_size for info in members)
    check_expansion(str(path), path.stat().st_size, unpacked)
    if unpacked > JSON_LIMIT:
        raise InputError(
            f"{path}: unpacks to {unpacked >> 20:,} MiB; allowed are {JSON_LIMIT >> 20}, since a log is read "
            "at once"
        )


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Any:
    if info.flag_bits & _ENCRYPTED:
        raise InputError(f"{path}: {info.filename} is encrypted; unpack the archive and give its JSON log")
    try:
        data = archive.read(info)
    except NotImplementedError:
        data = _unpack_zstd(archive, info, path)
    try:
        return parsed(data)
    except ValueError as error:
        raise InputError(f"{path}: {info.filename}: {error}") from None


def _unpack_zstd(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    """Bytes of a Zstandard member, which zipfile itself reads from Python 3.14 on."""
    if info.compress_type != _ZSTD or archive.fp is None:
        raise InputError(f"{path}: {info.filename}: compression method {info.compress_type} is not known")
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError:
        raise MissingExtraError("zstandard", "inspect", f"reading {path} before Python 3.14") from None
    archive.fp.seek(info.header_offset)
    name, extra = struct.unpack("<HH", archive.fp.read(_LOCAL_HEADER)[26:])
    archive.fp.seek(name + extra, 1)
    packed = io.BytesIO(archive.fp.read(info.compress_size))
    try:
        data: bytes = zstandard.ZstdDecompressor().stream_reader(packed).read(info.file_size)
    except zstandard.ZstdError as error:
        raise InputError(f"{path}: {info.filename}: damaged: {error}") from None
    return data
