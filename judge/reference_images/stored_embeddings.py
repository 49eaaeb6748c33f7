"""Embeddings from a file: .npz, .npy with a list of names beside it, or a table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from judge.counting import counted
from judge.errors import InputError
from judge.reference_images.pool import PictureFile
from judge.rows import read_rows

_NAMES = ("image", "path", "file", "sha256", "id")
_VECTORS = ("embedding", "vector")
_FORM = (
    "allowed: .npz with the arrays ids and embeddings; .npy with a .txt of the same name beside it, one id a "
    "line; or a table (.jsonl, .parquet) with the columns image and embedding. An id is the path of an "
    "image, "
    "as the answers or the table of normal images name it, or the SHA-256 of its file"
)


class StoredEmbeddings:
    """Looks up the vectors of pictures by their path or by the hash of their file.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputError
        It cannot be read, or has not one vector for each id.
    """

    identity = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        ids, self._vectors = _read(path)
        self._row: dict[str, int] = {}
        for row, name in enumerate(ids):
            first = self._row.setdefault(name, row)
            if not np.array_equal(self._vectors[first], self._vectors[row], equal_nan=True):
                raise InputError(f"{path}: two different embeddings have the id {name!r}; each needs its own")
        self._ids = ids

    def embed(self, pictures: Sequence[PictureFile]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yield the vector of each picture; all that have none are named in one error."""
        rows = {picture: self._found(picture) for picture in pictures}
        if missing := [picture.name for picture, row in rows.items() if row is None]:
            shown = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
            like = f"; its ids are like {self._ids[0]!r}" if self._ids else ""
            raise InputError(
                f"{self._path}: has no embedding of {counted(len(missing), 'image')} ({shown}){like}"
            )
        for picture, row in rows.items():
            yield picture.sha256, self._vectors[row]

    def _found(self, picture: PictureFile) -> int | None:
        names = (picture.sha256, picture.name, str(picture.file))
        return next((self._row[name] for name in names if name in self._row), None)


def _read(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    if not path.is_file():
        raise InputError(f"{path}: no such file of embeddings")
    try:
        if path.suffix == ".npz":
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return _paired(path, arrays["ids"], arrays["embeddings"])
        if path.suffix == ".npy":
            listed = path.with_suffix(".txt")
            if not listed.is_file():
                raise InputError(f"{path}: needs {listed.name} beside it, one id a line; {_FORM}")
            ids = listed.read_text(encoding="utf-8").splitlines()
            return _paired(path, ids, np.load(path, allow_pickle=False))
    except (KeyError, ValueError, OSError, EOFError, BadZipFile) as error:
        raise InputError(f"{path}: cannot be read ({error}); {_FORM}") from None
    rows = [(where, _value(row, _NAMES), _value(row, _VECTORS)) for where, row in read_rows(path)]
    for where, name, vector in rows:
        if name is None or not isinstance(vector, list):
            raise InputError(f"{where}: found no image and embedding; {_FORM}")
    try:
        vectors = np.array([vector for _, _, vector in rows], dtype=np.float32)
    except (ValueError, TypeError):
        raise InputError(f"{path}: its embeddings are no lists of numbers of one length; {_FORM}") from None
    return _paired(path, [name for _, name, _ in rows], vectors)


def _value(row: Any, names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _paired(path: Path, ids: Any, vectors: Any) -> tuple[list[str], NDArray[np.float32]]:
    names = np.asarray(ids)
    if vectors.ndim != 2 or names.ndim != 1 or len(names) != len(vectors):
        raise InputError(
            f"{path}: has {names.size:,} ids and embeddings of shape {vectors.shape}; allowed: a list of "
            "ids, and one row for each"
        )
    if vectors.dtype.kind not in "fiu":
        raise InputError(f"{path}: its embeddings are of the type {vectors.dtype}; allowed: real numbers")
    with np.errstate(over="ignore"):  # what is infinite is refused where it is needed, with its image
        return [str(name) for name in ids], vectors.astype(np.float32, copy=False)
