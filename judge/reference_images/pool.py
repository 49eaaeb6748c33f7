"""The pool of normal pictures: a folder with one folder for each object, or a table of pictures."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from judge.counting import counted
from judge.errors import InputError
from judge.items import ALIASES
from judge.records import Image
from judge.rows import Row, path_and_sheet, read_rows
from judge.scoring.images import content_of

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
NORMAL_FOLDERS = ("good", "normal", "ok")
"""Names of folders that hold the normal pictures of an object, beside others with its defects."""
_IMAGE_COLUMNS = (*ALIASES["images"], "path", "file")


@dataclass(frozen=True)
class PictureFile:
    """A picture file.

    Attributes
    ----------
    name : str
        Path relative to the folder that the picture belongs to, as tables and embedding files name it.
    file : Path
        Where it is.
    sha256 : str
        Hash of its content.
    """

    name: str
    file: Path
    sha256: str

    @classmethod
    def of(cls, name: str, root: Path) -> "PictureFile":
        """Read the hash of a file below `root`.

        Raises
        ------
        InputError
            There is no such file below `root`.
        """
        file = root / name
        digest = content_of(Image(path=name), root)
        if digest == name:  # `content_of` gives the path of what cannot be read
            raise InputError(f"image {name}: no such file below {root}, or it cannot be read")
        return cls(name, file, digest)


@dataclass(frozen=True)
class NormalPool:
    """Normal pictures by object, and where a table says so by item.

    Attributes
    ----------
    root : Path
        Folder that the names of the pictures are relative to.
    by_object : dict
        Object -> its pictures, without second files of the same content.
    by_item : dict
        Id of an item -> its pictures, in the order of the table.
    notes : list of str
        What was left out.
    """

    root: Path
    by_object: dict[str, list[PictureFile]] = field(default_factory=dict)
    by_item: dict[str, list[PictureFile]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def object_key(values: Sequence[Any]) -> str:
    """Name of an object as it is compared: without outer spaces, in lower case; several fields are joined.

    >>> object_key(["MVTec", " Metal_Nut"])
    'mvtec/metal_nut'
    """
    return "/".join(str(value).strip().casefold() for value in values)


def read_pool(normals: str | Path, by: Sequence[str]) -> NormalPool:
    """Read the normal pictures of a folder or of a table.

    Parameters
    ----------
    normals : str or Path
        A folder with one folder for each object, of any depth (with several fields, ``FIRST/SECOND``); or a
        table of `judge.rows.read_rows` with a column for the picture (``image``, ``images``, ``image_path``,
        ``path`` or ``file``, relative to the folder of the table), and the columns `by`, or a column ``id``
        of items, or both.
    by : sequence of str
        Fields that name the object.

    Returns
    -------
    NormalPool
        Where the folder of an object holds a folder ``good``, ``normal`` or ``ok``, only the pictures below
        it are taken, because the others show defects or masks of them.

    Raises
    ------
    InputError
        There is no such file or folder, it holds no picture, or a row lacks a column.
    """
    path = Path(normals)
    pool = _of_folder(path, len(by)) if path.is_dir() else _of_table(path, by)
    if not pool.by_object and not pool.by_item:
        raise InputError(f"{normals}: holds no picture; {_FORM}")
    n_same = sum(len(found) - len({p.sha256 for p in found}) for found in pool.by_object.values())
    if n_same:
        pool.notes.append(f"{counted(n_same, 'normal image')} left out, because another file is the same")
    for key, found in pool.by_object.items():
        pool.by_object[key] = list({p.sha256: p for p in sorted(found, key=lambda p: p.name)}.values())
    return pool


_FORM = (
    "allowed: a folder with one folder of images for each object, or a table with columns for the object and "
    "the image"
)


def _of_folder(root: Path, depth: int) -> NormalPool:
    pool = NormalPool(root.resolve())
    groups: dict[tuple[str, ...], list[PurePosixPath]] = {}
    for path in sorted(_pictures_below(root)):
        if len(path.parts) <= depth:
            raise InputError(f"{root}: {path} is in no folder of an object; {_FORM}")
        groups.setdefault(path.parts[:depth], []).append(path)
    for folders, paths in groups.items():
        normal = [p for p in paths if {part.casefold() for part in p.parts[depth:-1]} & {*NORMAL_FOLDERS}]
        if normal and (n_left := len(paths) - len(normal)):
            pool.notes.append(
                f"{root / Path(*folders)}: {counted(n_left, 'image')} left out, because the normal images "
                f"are in "
                f"a folder {' or '.join(NORMAL_FOLDERS)}"
            )
        found = pool.by_object.setdefault(object_key(folders), [])
        found += [PictureFile.of(str(path), pool.root) for path in normal or paths]
    return pool


def _pictures_below(root: Path) -> Iterator[PurePosixPath]:
    for at, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if Path(name).suffix.casefold() in SUFFIXES and not name.startswith("."):
                yield PurePosixPath((Path(at) / name).relative_to(root).as_posix())


def _of_table(path: Path, by: Sequence[str]) -> NormalPool:
    pool = NormalPool(path_and_sheet(path)[0].parent.resolve())
    seen: dict[str, PictureFile] = {}
    for where, row in read_rows(path):
        try:
            names, item_id = _images_of(row), row.get("id")
            labels = [row[name] for name in by if row.get(name) not in (None, "")]
            has_object, has_item = len(labels) == len(by), item_id not in (None, "")
            if not has_object and not has_item:
                raise InputError(f"found neither {', '.join(by)} nor id; columns: {', '.join(row)}")
            pictures = [seen.setdefault(name, PictureFile.of(name, pool.root)) for name in names]
        except InputError as problem:
            raise InputError(f"{where}: {problem}") from None
        if has_object:
            pool.by_object.setdefault(object_key(labels), []).extend(pictures)
        if has_item:
            pool.by_item.setdefault(str(item_id), []).extend(pictures)
    return pool


def _images_of(row: Row) -> Sequence[str]:
    found = next((row[name] for name in _IMAGE_COLUMNS if row.get(name)), None)
    entries = found if isinstance(found, list) else [found]
    return image_names(entries, f"found no image; columns: {', '.join(row)}")


def image_names(entries: Sequence[Any], otherwise: str) -> list[str]:
    """Paths in a list of paths or of objects with a path.

    Raises
    ------
    InputError
        An entry is no path; the message is `otherwise`.
    """
    paths = [entry.get("path") if isinstance(entry, Mapping) else entry for entry in entries]
    if not paths or not all(isinstance(name, str) and name for name in paths):
        raise InputError(otherwise)
    return [str(name) for name in paths]
