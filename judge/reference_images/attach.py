"""Give items reference images: which ones, how far they are, and what is left without."""

import hashlib
import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from judge.counting import counted
from judge.errors import InputError
from judge.records import Image, Item
from judge.reference_images.embed import Vector
from judge.reference_images.nearest import nearest
from judge.reference_images.pool import NormalPool, PictureFile, image_names, object_key
from judge.rubric.parts import values_of
from judge.scoring.schema import write_atomically

How = Literal["nearest", "random", "given"]
NEARLY_SAME = 0.999
"""Cosine above which a reference image may be a copy of the picture that it is compared with."""
HOW_FIELD = "reference_how"
DISTANCE_FIELD = "reference_distance"
QUARTER_FIELD = "reference_distance_quarter"
_MOST_SHOWN = 3
_MOST_PROBLEMS = 20
_OWN = "own"


@dataclass(frozen=True)
class AttachedNormals:
    """Items with reference images; `print` shows what was attached and what was not.

    Attributes
    ----------
    items : list of Item
        All items, in their order; `judge.score` takes them, with `root` as `image_root`.
    root : Path
        Folder that all image paths of the items are relative to.
    notes : tuple of str
        How many items got reference images and how many did not, and why.
    """

    items: list[Item]
    root: Path
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.notes)

    @property
    def has_references(self) -> bool:
        """Whether any item has a reference image."""
        return any(image.role == "reference" for item in self.items for image in item.images)

    def write(self, path: str | Path) -> None:
        """Write the items as JSON Lines, completely or not at all.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        try:
            write_atomically(
                Path(path), (item.model_dump_json(exclude_defaults=True) + "\n" for item in self.items)
            )
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


@dataclass
class _Chosen:
    """What was found for one item: its references, or why it has none."""

    item: Item
    query: PictureFile | None = None
    candidates: list[PictureFile] = field(default_factory=list)
    references: list[PictureFile] = field(default_factory=list)
    distance: float | None = None
    why_none: str = ""

    @property
    def is_open(self) -> bool:
        """Whether references are still to be chosen from the candidates."""
        return bool(self.candidates) and not self.why_none


class NormalAttacher:
    """Attaches normal pictures of a pool to items.

    Parameters
    ----------
    pool : NormalPool
        The normal pictures.
    root : Path
        Folder that the image paths of the items are relative to.
    by : sequence of str
        Fields that name the object.
    k : int
        Number of reference images of an item.
    """

    def __init__(self, pool: NormalPool, root: Path, by: Sequence[str], k: int) -> None:
        self._pool, self._root, self._by, self._k = pool, root.resolve(), by, k
        self._chosen: list[_Chosen] = []

    def read(self, items: Sequence[Item], how: How, given: str | None = None) -> None:
        """Find the picture and the candidates of each item.

        Raises
        ------
        InputError
            Pictures of items are missing; one line for each.
        """
        problems: list[str] = []
        for item in items:
            try:
                self._chosen.append(self._given(item, given) if how == "given" else self._by_object(item))
            except InputError as error:
                problems.append(f"item {item.id!r}: {error}")
        if problems:
            n_more = len(problems) - _MOST_PROBLEMS
            more = [f"… and {n_more:,} more"] if n_more > 0 else []
            raise InputError("\n".join([*problems[:_MOST_PROBLEMS], *more]))

    @property
    def pictures(self) -> list[PictureFile]:
        """Pictures whose embeddings are needed: of the items, and all candidates of theirs."""
        open_ones = [one for one in self._chosen if one.query and (one.is_open or one.references)]
        found = {
            picture.file: picture
            for one in open_ones
            for picture in (one.query, *(one.references or one.candidates))
            if picture is not None
        }
        return list(found.values())

    def choose_nearest(self, vectors: Mapping[str, Vector]) -> None:
        """Choose the candidates whose embeddings have the largest cosine with that of the item's picture."""
        groups: dict[int, list[_Chosen]] = {}
        for one in self._chosen:
            if one.is_open and one.query is None:
                one.why_none = "its picture is a URL, which is not fetched, or it has none"
            if one.is_open:
                groups.setdefault(id(one.candidates), []).append(one)
        for group in groups.values():
            self._choose_within(group, vectors)

    def _choose_within(self, group: Sequence[_Chosen], vectors: Mapping[str, Vector]) -> None:
        """Choose for items with the same candidates; items with the same picture are looked up once."""
        candidates = group[0].candidates
        place = {picture.sha256: at for at, picture in enumerate(candidates)}
        digests = list(dict.fromkeys(one.query.sha256 for one in group if one.query))
        positions, cosines = nearest(
            np.stack([vectors[digest] for digest in digests]),
            np.stack([vectors[picture.sha256] for picture in candidates]),
            self._k,
            np.array([place.get(digest, -1) for digest in digests]),
        )
        found = dict(zip(digests, zip(positions, cosines, strict=True), strict=True))
        for one in group:
            at, values = found[one.query.sha256 if one.query else ""]
            one.references = [candidates[index] for index in at if index >= 0]
            one.distance = _distance(values[0])

    def choose_random(self, seed: int) -> None:
        """Choose candidates at random, by the seed and the id of the item alone."""
        for one in self._chosen:
            if one.is_open:
                others = [p for p in one.candidates if not one.query or p.sha256 != one.query.sha256]
                text = f"{seed}:{one.item.id}".encode("utf-8", "surrogatepass")
                rng = random.Random(hashlib.sha256(text).digest())
                one.references = rng.sample(others, min(self._k, len(others)))

    def measure(self, vectors: Mapping[str, Vector]) -> None:
        """Compute the distance of references that were not chosen by it."""
        for one in self._chosen:
            if one.query and one.references:
                query, reference = (vectors[p.sha256][None] for p in (one.query, one.references[0]))
                one.distance = _distance(nearest(query, reference, 1)[1][0, 0])

    def attached(self, how: How) -> AttachedNormals:
        """Return the items with their references before their own pictures, and the notes."""
        root = _common_folder(self._root, self._pool.root)
        quarters = _quarters([one.distance for one in self._chosen])
        items = [
            _with_references(one, how, quarter, self._root, self._pool.root, root)
            for one, quarter in zip(self._chosen, quarters, strict=True)
        ]
        return AttachedNormals(items, root, tuple(self._notes(how)))

    def _by_object(self, item: Item) -> _Chosen:
        if any(image.role == "reference" for image in item.images):
            return _Chosen(item, why_none=_OWN)
        values = {name: _value(item, name) for name in self._by}
        if missing := [name for name, value in values.items() if value in (None, "")]:
            return _Chosen(item, why_none=f"they have no field {missing[0]!r}")
        candidates = self._pool.by_object.get(object_key([*values.values()]), [])
        if not candidates:
            named = ", ".join(f"{name} {value!r}" for name, value in values.items())
            return _Chosen(item, why_none=f"there is no normal image of {named}")
        query = self._query(item)
        if query and {picture.sha256 for picture in candidates} == {query.sha256}:
            return _Chosen(item, why_none="the only normal image of the object is their own picture")
        return _Chosen(item, query, candidates)

    def _given(self, item: Item, given: str | None) -> _Chosen:
        if any(image.role == "reference" for image in item.images):
            return _Chosen(item, why_none=_OWN)
        if given is None:
            pictures = self._pool.by_item.get(item.id, [])
            if not pictures:
                return _Chosen(item, why_none="the table of normal images has no row for them")
        else:
            value = item.field(given)
            if value in (None, "", []):
                return _Chosen(item, why_none=f"they have no field {given!r}")
            names = image_names(
                value if isinstance(value, list) else [value],
                f"field {given!r}: found {value!r:.60}; allowed: the path of an image below "
                f"{self._pool.root}",
            )
            pictures = [PictureFile.of(name, self._pool.root) for name in names]
        query = self._query(item)
        others = [picture for picture in pictures if not query or picture.sha256 != query.sha256]
        if not others:
            return _Chosen(item, why_none="the given image is their own picture")
        return _Chosen(item, query, references=others[: self._k])

    def _query(self, item: Item) -> PictureFile | None:
        """Picture of the question: the first one that is a file."""
        name = next((image.path for image in item.images if image.path and image.role == "query"), None)
        return PictureFile.of(name, self._root) if name else None

    def _notes(self, how: How) -> Iterator[str]:
        chosen = self._chosen
        got = [one for one in chosen if one.references]
        n_images = sum(len(one.references) for one in got)
        yield (
            f"{len(got):,} of {counted(len(chosen), 'item')} got {counted(n_images, 'reference image')} "
            f"({how})"
        )
        if few := [one for one in got if len(one.references) < self._k]:
            yield f"{counted(len(few), 'item')} got fewer than {self._k}: {_ids(few)}"
        reasons = Counter(one.why_none for one in chosen if one.why_none)
        for why, count in reasons.most_common():
            ids = _ids([one for one in chosen if one.why_none == why])
            if why == _OWN:
                yield f"{counted(count, 'item')} kept the reference images that they had: {ids}"
            else:
                yield f"{counted(count, 'item')} without a reference image, because {why}: {ids}"
        if same := [one for one in got if one.distance is not None and one.distance < 1 - NEARLY_SAME]:
            yield (
                f"{counted(len(same), 'item')} with a picture that is nearly the same as its reference image "
                f"(cosine above {NEARLY_SAME}), so that it may be a copy: {_ids(same)}"
            )
        items = {one.item.id for one in chosen}
        if unknown := [key for key in self._pool.by_item if key not in items]:
            shown = ", ".join(unknown[:_MOST_SHOWN]) + (", …" if len(unknown) > _MOST_SHOWN else "")
            yield f"{counted(len(unknown), 'id')} of the table of normal images, which no item has: {shown}"
        yield from self._pool.notes


def _value(item: Item, name: str) -> Any:
    """Value of a field; `object` has the other names that conditions of a rubric know, such as `category`."""
    return next((value for value in values_of(item, name) if value not in (None, "")), None)


def _distance(cosine: float) -> float:
    return round(1.0 - float(cosine), 6) + 0.0


def _ids(chosen: Sequence[_Chosen]) -> str:
    shown = ", ".join(one.item.id for one in chosen[:_MOST_SHOWN])
    return shown + (", …" if len(chosen) > _MOST_SHOWN else "")


def _quarters(distances: Sequence[float | None]) -> list[str | None]:
    """Quarter of each distance, ``1`` for the nearest; equal distances are in the same one."""
    known = np.sort([distance for distance in distances if distance is not None])
    if len(np.unique(known)) < 4:
        return [None] * len(distances)
    return [
        None if distance is None else str(int(np.searchsorted(known, distance)) * 4 // len(known) + 1)
        for distance in distances
    ]


def _common_folder(*folders: Path) -> Path:
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # two drives
        raise InputError(
            f"{' and '.join(map(str, folders))} are on different drives; put the normal images beside the "
            f"answers"
        ) from None


def _with_references(
    one: _Chosen, how: How, quarter: str | None, root: Path, pool_root: Path, common: Path
) -> Item:
    """Put references before the pictures of an item, as questions about a pair have them."""
    facts: dict[str, Any] = dict(one.item.metadata)
    if one.why_none == _OWN:
        facts.setdefault(HOW_FIELD, _OWN)
    elif one.references:
        measured = {DISTANCE_FIELD: one.distance, QUARTER_FIELD: quarter}
        facts |= {HOW_FIELD: how, **{name: value for name, value in measured.items() if value is not None}}
    references = [
        Image(path=_moved(picture.name, pool_root, common), role="reference") for picture in one.references
    ]
    own = [
        image.model_copy(update={"path": _moved(image.path, root, common)}) if image.path else image
        for image in one.item.images
    ]
    return one.item.model_copy(update={"images": (*references, *own), "metadata": facts})


def _moved(name: str, root: Path, common: Path) -> str:
    """Path relative to the common folder of a picture whose path is relative to `root`."""
    return name if root == common else Path(os.path.relpath(root / name, common)).as_posix()
