"""The embedder of open_clip, with a stand-in for the package; tests/small_model has the real one."""

import contextlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from judge.errors import InputError, MissingExtraError
from judge.reference_images import clip_embedder
from judge.reference_images.embed import load_embedder
from judge.reference_images.pool import PictureFile
from judge.scoring.backends.connection import Connection

from .made_up import paint


class Tensor(np.ndarray):
    def to(self, _):
        return self

    def float(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return np.asarray(self)


class Model:
    """Its vector is the mean color."""

    def eval(self):
        return self

    def encode_image(self, pixels):
        return pixels.mean(axis=(1, 2)).view(Tensor)


@pytest.fixture
def open_clip(monkeypatch):
    """Stand-ins for open_clip and torch; `made` lists the models that were created."""
    made = []

    def create(name, pretrained=None, device="cpu"):
        made.append((name, pretrained, device))
        return Model(), None, lambda picture: np.asarray(picture, dtype=np.float32)

    tags = {"ViT-B-32": ["openai", "laion"]}
    torch = SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: False),
        stack=lambda arrays: np.stack(arrays).view(Tensor),
        inference_mode=contextlib.nullcontext,
    )
    package = SimpleNamespace(
        create_model_and_transforms=create,
        list_pretrained_tags_by_model=lambda model: tags.get(model, []),
        list_models=lambda: ["RN50", "ViT-B-32"],
        made=made,
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "open_clip", package)
    return package


def load(name, notes=None):
    return load_embedder(f"clip:{name}", Connection(), (notes if notes is not None else []).append)


@pytest.fixture
def pictures(tmp_path):
    for number in range(3):
        paint(tmp_path / f"{number}.png", number, 20, 30)
    return [PictureFile.of(f"{number}.png", tmp_path) for number in range(3)]


@pytest.mark.usefixtures("open_clip")
def test_pictures_are_embedded_in_batches(pictures, monkeypatch):
    monkeypatch.setattr(clip_embedder, "_BATCH", 2)
    found = dict(load("ViT-B-32@openai").embed(pictures))
    assert [found[p.sha256].tolist() for p in pictures] == [[n, 20, 30] for n in range(3)]


def test_published_weights_may_be_downloaded_and_that_is_said_before(open_clip):
    notes = []
    assert load("ViT-B-32@openai", notes).identity == "clip:ViT-B-32@openai"
    assert notes == ["weights openai of ViT-B-32: open_clip downloads them unless they are in its cache"]
    assert open_clip.made == [("ViT-B-32", "openai", "cpu")]


def test_weights_in_a_file_are_read_from_it_without_a_word(open_clip, tmp_path):
    notes, path = [], tmp_path / "w.pt"
    path.write_bytes(b"weights")
    first = load(f"ViT-B-32@{path}", notes).identity
    assert (notes, open_clip.made) == ([], [("ViT-B-32", str(path), "cpu")])
    path.write_bytes(b"other weights")
    assert load(f"ViT-B-32@{path}").identity != first


def test_a_folder_holds_the_model_with_its_settings(open_clip, tmp_path):
    for name in ("open_clip_config.json", "open_clip_model.safetensors"):
        (tmp_path / name).write_text("{}")
    load(f"mine@{tmp_path}")
    assert open_clip.made == [(f"local-dir:{tmp_path}", None, "cpu")]


@pytest.mark.usefixtures("open_clip")
def test_a_folder_without_a_model_says_what_it_needs(tmp_path):
    with pytest.raises(InputError, match=r"needs open_clip_config\.json and open_clip_model\.safetensors or"):
        load(f"mine@{tmp_path}")


@pytest.mark.usefixtures("open_clip")
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("ViT-B-32", r"names no weights; .*Published weights of ViT-B-32: openai, laion"),
        ("ViT-B-32@none", "no such weights; .*openai, laion"),
        ("ViT-9@openai", "open_clip knows no model 'ViT-9'; it has RN50"),
        ("@openai", "names no weights"),
    ],
)
def test_unknown_weights_name_the_known_ones(name, problem):
    with pytest.raises(InputError, match=problem):
        load(name)


def test_without_open_clip_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'judge-toolkit\[clip\]'"):
        load("ViT-B-32@openai")
    with pytest.raises(InputError, match="names no weights"):
        load("ViT-B-32")


def test_a_picture_is_decoded_upright_in_eight_bits(tmp_path):
    picture = Image.new("I;16", (2, 1), 65535)
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.png", exif=exif)
    found = clip_embedder.opened(PictureFile.of("a.png", tmp_path))
    assert (found.mode, found.size, found.getpixel((0, 0))) == ("RGB", (1, 2), (255, 255, 255))


def test_a_damaged_picture_is_named(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"image a\.png: cannot be embedded"):
        clip_embedder.opened(PictureFile.of("a.png", tmp_path))


def test_a_picture_with_too_many_pixels_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(clip_embedder, "MOST_PIXELS", 3)
    paint(tmp_path / "a.png", 1, 1, 1)
    with pytest.raises(InputError, match=r"a\.png: cannot be embedded: has 4 pixels; at most 3"):
        clip_embedder.opened(PictureFile.of("a.png", tmp_path))
