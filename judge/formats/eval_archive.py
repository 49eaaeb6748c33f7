"""Inspect's .eval archive: a ZIP of JSON parts, which stands for one JSON log."""

import importlib
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

from judge.errors import InputError, MissingExtraError

Object = dict[str, Any]

_ZSTD = 93
_LOCAL_HEADER = 30


def unpack(path: Path) -> Object:
    """Read a .eval archive as the JSON log that it stands for.

    Raises
    ------
    InputError
        It is no archive, or a part of it is damaged.
    MissingExtraError
        It is compressed with Zstandard and nothing here can unpack that.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {info.filename: info for info in archive.infolist()}
            header = parts.get("header.json") or parts.get("_journal/start.json")
            if header is None:
                raise InputError(f"{path}: holds no header.json; it is no log of Inspect")
            samples = [parts[name] for name in sorted(parts) if name.startswith("samples/")]
            log: Object = _member(archive, header, path)
            log["samples"] = [_member(archive, info, path) for info in samples]
            return log
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path}: not a readable .eval archive: {error}") from None


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Any:
    try:
        return json.loads(archive.read(info))
    except NotImplementedError:
        return json.loads(_unpack_zstd(archive, info, path))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {info.filename}: not valid JSON: {error}") from None


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
    data: bytes = zstandard.ZstdDecompressor().decompressobj().decompress(archive.fp.read(info.compress_size))
    return data
