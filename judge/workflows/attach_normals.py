"""`judge.attach_normals`: normal pictures of the same object as reference images."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Unpack

from judge.errors import InputError
from judge.items import load_items
from judge.items.read import ItemOptions
from judge.reference_images.attach import AttachedNormals, How, NormalAttacher
from judge.reference_images.embed import embeddings_of, load_embedder
from judge.reference_images.embedding_cache import EmbeddingCache
from judge.reference_images.pool import read_pool
from judge.rows import RowSource, is_file, path_and_sheet
from judge.scoring.backends.connection import Connection
from judge.workflows.inputs import names


def attach_normals(
    answers: RowSource,
    normals: str | Path,
    *,
    by: str | Sequence[str] = "object",
    how: How = "nearest",
    k: int = 1,
    embedder: str | None = None,
    connection: Connection | None = None,
    given: str | None = None,
    seed: int = 0,
    image_root: str | Path | None = None,
    format: str | None = None,
    cache: str | Path | None = None,
    on_note: Callable[[str], None] = lambda _: None,
    **options: Unpack[ItemOptions],
) -> AttachedNormals:
    """Attach normal pictures of the same object to items, as reference images.

    Items that have a reference image keep it. The picture of an item, and a file with the same content, is
    never its own reference.

    Parameters
    ----------
    answers : path, DataFrame, datasets.Dataset, list of dict, or list of Item
        The items; see `judge.load_items`.
    normals : str or Path
        A folder with one folder of normal pictures for each object, or a table with columns for the picture
        and `by` (or, with ``how="given"``, ``id``).
    by : str or sequence of str
        Field, or fields, that name the object, in the items and in the table of normal pictures. With two
        fields the folder of an object is ``FIRST/SECOND``.
    how : {'nearest', 'random', 'given'}
        The pictures with the most similar embeddings; pictures at random, by `seed` and the id of the item;
        or those that a field of the item or the table names.
    k : int
        Number of reference images of an item, the nearest first.
    embedder : str or None
        ``clip:MODEL@WEIGHTS`` (open_clip), ``file:PATH`` (embeddings computed before), or a model behind an
        OpenAI-compatible endpoint that takes images, such as ``hosted_vllm/MODEL``. Needed for the nearest
        pictures; with it, the distance is written for the others as well.
    connection : Connection or None
        How the endpoint is reached.
    given : str or None
        Field of the items that names the picture, relative to `normals`, with ``how="given"``; None takes the
        column ``id`` of the table.
    seed : int
        Random seed.
    image_root : str, Path or None
        Folder that the image paths of the items are relative to; None means the folder of the file.
    format : str or None
        Format of the file; None infers it from the file name.
    cache : str, Path or None
        Folder in which embeddings are kept by the hash of the file and the model; None means the cache folder
        of the user.
    on_note : callable
        Gets a line where weights may be downloaded, or the cache cannot be used.
    **options
        How the table is read: ``mapping``, ``id_from``, ``answers_in``, ``questions`` and ``encoding``, as in
        `judge.load_items`.

    Returns
    -------
    AttachedNormals
        The items, with the references before their own pictures and the fields ``reference_how``,
        ``reference_distance`` (1 minus the cosine, of the first reference) and ``reference_distance_quarter``
        (1 for the nearest quarter of all items), by which reports can be sliced.

    Raises
    ------
    InputError
        A table or a picture cannot be read, or an option lacks another one.
    BackendError
        The endpoint cannot answer.
    MissingExtraError
        open_clip is not installed.

    Examples
    --------
    >>> import tempfile, judge
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "normals" / "screw").mkdir(parents=True)
    >>> Image.new("RGB", (2, 2), "white").save(folder / "normals" / "screw" / "1.png")
    >>> answers = [{"id": "q1", "question": "Is it good?", "answer": "Yes.", "object": "screw"}]
    >>> found = judge.attach_normals(answers, folder / "normals", how="random", image_root=folder)
    >>> print(found)
    1 of 1 item got 1 reference image (random)
    >>> found.items[0].images[0].path
    'normals/screw/1.png'
    """
    _check_options(how, k, embedder, given)
    items = load_items(answers, format=format, **options)
    pool = read_pool(normals, names(by))
    if how == "given" and given is None and not pool.by_item:
        raise InputError(
            f"{normals}: how='given' (--how given) needs a table with a column id, or the field of the "
            f"items that "
            "names the image: given (--given)"
        )
    attacher = NormalAttacher(pool, _root(answers, image_root), names(by), k)
    attacher.read(items, how, given)
    if how == "random":
        attacher.choose_random(seed)
    if embedder:
        source = load_embedder(embedder, connection or Connection(), on_note)
        store = EmbeddingCache(Path(cache) if cache else None, on_note)
        vectors = embeddings_of(attacher.pictures, source, store)
        attacher.choose_nearest(vectors) if how == "nearest" else attacher.measure(vectors)
    return attacher.attached(how)


def _check_options(how: How, k: int, embedder: str | None, given: str | None) -> None:
    if how not in ("nearest", "random", "given"):
        raise InputError(f"how (--how): found {how!r}; allowed: nearest, random, given")
    if k < 1:
        raise InputError(f"k (--k): found {k}; it must be at least 1")
    if how == "nearest" and not embedder:
        raise InputError(
            "how='nearest' (--how nearest) needs an embedder (--embedder): clip:MODEL@WEIGHTS, file:PATH, "
            "or a "
            "model behind an endpoint, such as hosted_vllm/MODEL. Without one: how='random' (--how random)"
        )
    if given and how != "given":
        raise InputError(f"given (--given) belongs to how='given' (--how given); found how={how!r}")


def _root(answers: RowSource, image_root: str | Path | None) -> Path:
    """Folder that the image paths of the items are relative to."""
    if image_root:
        return Path(image_root)
    return path_and_sheet(answers)[0].parent if is_file(answers) and str(answers) != "-" else Path()
