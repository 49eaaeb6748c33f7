"""Embeddings: computed once, kept in the cache, or read from a file."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from judge.errors import BackendError, InputError
from judge.reference_images import embed
from judge.reference_images.embed import embeddings_of, load_embedder
from judge.reference_images.embedding_cache import EmbeddingCache, cache_folder
from judge.reference_images.pool import PictureFile
from judge.reference_images.stored_embeddings import StoredEmbeddings
from judge.scoring.backends.connection import Connection

from .made_up import ByColor, paint


@pytest.fixture
def pictures(tmp_path):
    for number, name in enumerate("abc"):
        paint(tmp_path / f"{name}.png", 10 + number, 20, 30)
    return [PictureFile.of(f"{name}.png", tmp_path) for name in "abc"]


@pytest.fixture
def notes():
    return []


@pytest.fixture
def cache(tmp_path, notes):
    return EmbeddingCache(tmp_path / "cache", notes.append)


# ---- computed


def test_each_content_is_embedded_once(pictures, cache):
    source = ByColor()
    found = embeddings_of([*pictures, *pictures], source, cache)
    assert source.seen == ["a.png", "b.png", "c.png"]
    assert found[pictures[1].sha256].tolist() == [11, 20, 30]


def test_what_is_in_the_cache_is_not_computed_again(pictures, cache):
    embeddings_of(pictures[:2], ByColor(), cache)
    source = ByColor()
    found = embeddings_of(pictures, source, cache)
    assert source.seen == ["c.png"]
    assert [found[p.sha256][0] for p in pictures] == [10, 11, 12]


def test_another_model_has_other_vectors(pictures, cache):
    embeddings_of(pictures, ByColor(), cache)
    source = ByColor()
    source.identity = "other"
    embeddings_of(pictures, source, cache)
    assert len(source.seen) == 3


def test_what_arrived_before_an_error_is_kept(pictures, cache, monkeypatch):
    monkeypatch.setattr(embed, "_BATCH", 1)

    class Failing(ByColor):
        def embed(self, pictures):
            yield from super().embed(pictures[:2])
            raise BackendError("gone")

    with pytest.raises(BackendError, match="gone"):
        embeddings_of(pictures, Failing(), cache)
    source = ByColor()
    embeddings_of(pictures, source, cache)
    assert source.seen == ["c.png"]


@pytest.mark.parametrize(
    "vector", [[0, 0], [np.nan, 1], [[1, 2]], []], ids=["zero", "nan", "matrix", "empty"]
)
def test_a_vector_without_a_direction_is_an_error_that_names_the_picture(pictures, cache, vector):
    class Odd(ByColor):
        def embed(self, pictures):
            yield pictures[0].sha256, np.array(vector)

    with pytest.raises(InputError, match=r"image a\.png: its embedding is no vector"):
        embeddings_of(pictures[:1], Odd(), cache)


def test_vectors_of_two_lengths_are_an_error(pictures, cache):
    class Odd(ByColor):
        def embed(self, pictures):
            yield from ((p.sha256, np.ones(n)) for n, p in enumerate(pictures, start=2))

    with pytest.raises(InputError, match="color: have 2 and 3 and 4 numbers"):
        embeddings_of(pictures, Odd(), cache)


def test_a_cache_that_cannot_be_written_is_noted_once(pictures, tmp_path, notes, monkeypatch):
    monkeypatch.setattr(embed, "_BATCH", 1)
    (tmp_path / "file").write_text("x")
    found = embeddings_of(pictures, ByColor(), EmbeddingCache(tmp_path / "file", notes.append))
    assert len(found) == 3
    assert len(notes) == 1
    assert notes[0].startswith("embeddings are not cached")


def test_a_damaged_cache_is_noted_once_and_computing_goes_on(pictures, tmp_path, notes):
    (tmp_path / "embeddings.db").write_text("x" * 5000)
    found = embeddings_of(pictures, ByColor(), EmbeddingCache(tmp_path, notes.append))
    assert (len(found), len(notes)) == (3, 1)


@pytest.mark.parametrize("name", ["XDG_CACHE_HOME", "LOCALAPPDATA"])
def test_the_cache_is_in_the_folder_of_the_user(monkeypatch, tmp_path, name):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache_folder().parts[-2:] == (".cache", "judge")
    monkeypatch.setenv(name, str(tmp_path))
    assert cache_folder() == tmp_path / "judge"


# ---- from a file


VECTORS = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)


def save(path, ids, kind):
    if kind == "npz":
        np.savez(path.with_suffix(".npz"), ids=np.array(ids), embeddings=VECTORS)
    elif kind == "npy":
        np.save(path.with_suffix(".npy"), VECTORS)
        path.with_suffix(".txt").write_text("\n".join(ids) + "\n")
    elif kind == "jsonl":
        rows = [{"image": name, "embedding": v.tolist()} for name, v in zip(ids, VECTORS, strict=True)]
        path.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pq.write_table(pa.table({"path": ids, "vector": VECTORS.tolist()}), path.with_suffix(".parquet"))
    return path.with_suffix(f".{kind}")


@pytest.mark.parametrize("kind", ["npz", "npy", "jsonl", "parquet"])
def test_vectors_are_found_by_the_name_of_the_picture(pictures, tmp_path, kind):
    file = save(tmp_path / "e", [p.name for p in pictures], kind)
    found = dict(load_embedder(f"file:{file}", Connection(), lambda _: None).embed(pictures))
    assert found[pictures[2].sha256].tolist() == [1, 1]


@pytest.mark.parametrize("name", ["sha256", "file"])
def test_vectors_are_found_by_hash_and_by_the_whole_path(pictures, tmp_path, name):
    file = save(tmp_path / "e", [str(getattr(p, name)) for p in pictures], "npz")
    assert len(dict(StoredEmbeddings(file).embed(pictures))) == 3


def test_stored_vectors_do_not_go_into_the_cache(pictures, tmp_path, cache):
    embeddings_of(pictures, StoredEmbeddings(save(tmp_path / "e", [p.name for p in pictures], "npz")), cache)
    assert not (tmp_path / "cache").exists()


def test_pictures_without_a_stored_vector_are_named_together(pictures, tmp_path):
    file = save(tmp_path / "e", ["x.png", "y.png", "a.png"], "npz")
    with pytest.raises(
        InputError, match=r"no embedding of 2 images \(b\.png, c\.png\); its ids are like 'x\.png'"
    ):
        dict(StoredEmbeddings(file).embed(pictures))


def test_an_empty_file_has_no_example_of_its_ids(pictures, tmp_path):
    np.savez(tmp_path / "e.npz", ids=np.array([], dtype=str), embeddings=np.empty((0, 2)))
    with pytest.raises(InputError, match=r"\(a\.png, b\.png, c\.png\)$"):
        dict(StoredEmbeddings(tmp_path / "e.npz").embed(pictures))


def test_many_pictures_without_a_vector_are_shown_in_part(pictures, tmp_path):
    paint(tmp_path / "d.png", 1, 1, 1)
    file = save(tmp_path / "e", ["x", "y", "z"], "npz")
    with pytest.raises(InputError, match=r"4 images \(a\.png, b\.png, c\.png, …\)"):
        dict(StoredEmbeddings(file).embed([*pictures, PictureFile.of("d.png", tmp_path)]))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("e.npz", None, "no such file of embeddings"),
        ("e.npz", b"x", r"cannot be read \(.*allowed: \.npz with the arrays ids and embeddings"),
        ("e.npy", b"x", r"needs e\.txt beside it"),
        ("e.jsonl", b'{"image": "a"}\n', r"e\.jsonl:1: found no image and embedding"),
        (
            "e.jsonl",
            b'{"image": "a", "embedding": [1]}\n{"image": "b", "embedding": [1, 2]}\n',
            "of one length",
        ),
        (
            "e.jsonl",
            b'{"image": "a", "embedding": []}\n{"image": "b", "embedding": ["x"]}\n',
            "no lists of numbers",
        ),
    ],
)
def test_a_file_of_another_form_says_what_is_allowed(tmp_path, name, content, problem):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=problem):
        StoredEmbeddings(tmp_path / name)


def test_ids_and_vectors_must_be_as_many(tmp_path):
    np.savez(tmp_path / "e.npz", ids=np.array(["a"]), embeddings=VECTORS)
    with pytest.raises(InputError, match=r"has 1 ids and embeddings of shape \(3, 2\)"):
        StoredEmbeddings(tmp_path / "e.npz")


def test_an_archive_without_the_arrays_names_them(tmp_path):
    np.savez(tmp_path / "e.npz", names=np.array(["a"]))
    with pytest.raises(InputError, match=r"cannot be read .*ids"):
        StoredEmbeddings(tmp_path / "e.npz")


def test_two_embeddings_of_one_id_are_an_error(tmp_path):
    file = save(tmp_path / "e", ["a.png", "b.png", "a.png"], "npz")
    with pytest.raises(InputError, match=r"two different embeddings have the id 'a\.png'"):
        StoredEmbeddings(file)


def test_an_id_may_stand_twice_with_the_same_embedding(tmp_path):
    np.savez(tmp_path / "e.npz", ids=np.array(["a", "a"]), embeddings=np.array([[1.0, np.nan]] * 2))
    assert StoredEmbeddings(tmp_path / "e.npz").identity == ""


@pytest.mark.parametrize(
    ("ids", "embeddings", "problem"),
    [
        (np.array("a"), np.ones((1, 2)), r"has 1 ids"),
        (np.array(1), np.array(2.0), r"embeddings of shape \(\)"),
        (np.array([["a"]]), np.ones((1, 2)), "a list of ids"),
        (np.array(["a"]), np.ones((1, 2)) * 1j, "of the type complex128; allowed: real numbers"),
        (np.array(["a"]), np.array([["1", "2"]]), "of the type <U1; allowed: real numbers"),
    ],
    ids=["one id", "numbers", "table of ids", "complex", "texts"],
)
def test_arrays_of_another_form_are_an_error(tmp_path, ids, embeddings, problem):
    np.savez(tmp_path / "e.npz", ids=ids, embeddings=embeddings)
    with pytest.raises(InputError, match=problem):
        StoredEmbeddings(tmp_path / "e.npz")


def test_an_archive_that_is_cut_off_is_an_error(tmp_path):
    file = save(tmp_path / "e", ["a.png", "b.png", "c.png"], "npz")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match="cannot be read"):
        StoredEmbeddings(file)


def test_an_infinite_embedding_names_its_image(pictures, tmp_path, cache):
    ids = [p.name for p in pictures]
    np.savez(tmp_path / "e.npz", ids=ids, embeddings=np.full((len(ids), 2), 1e300))
    with pytest.raises(InputError, match=f"image {ids[0]}: its embedding is no vector of finite numbers"):
        embeddings_of(pictures, StoredEmbeddings(tmp_path / "e.npz"), cache)
