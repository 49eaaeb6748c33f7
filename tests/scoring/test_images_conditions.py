"""Thumbnails: their size, and when there is none."""

import base64
import io

import PIL.Image
import pytest

from judge.errors import InputError
from judge.records import Image
from judge.scoring.images import check, thumbnail

from .test_images import folder, item, picture, saved  # noqa: F401


def checked(folder, size=(8, 6)):  # noqa: F811
    (folder / "p.png").write_bytes(saved(picture(size=size)))
    (image,) = check(item("p.png"), folder).images
    return image


@pytest.mark.parametrize(
    ("size", "shown"),
    [((160, 120), (160, 120)), ((161, 120), (160, 119)), ((1600, 1200), (160, 120)), ((9, 4), (9, 4))],
)
def test_a_thumbnail_has_at_most_160_times_120_pixels(folder, size, shown):  # noqa: F811
    small = thumbnail(checked(folder, size), folder)
    head, _, data = small.url.partition(",")
    assert head == "data:image/jpeg;base64"
    assert PIL.Image.open(io.BytesIO(base64.b64decode(data))).size == shown == (small.width, small.height)


def test_a_picture_that_changed_since_it_was_judged_is_not_shown(folder):  # noqa: F811
    image = checked(folder)
    (folder / "p.png").write_bytes(saved(picture(size=(9, 9))))
    with pytest.raises(InputError, match="has changed since it was judged"):
        thumbnail(image, folder)
    assert thumbnail(Image(path="p.png"), folder).width == 9  # was not checked


@pytest.mark.parametrize(("data", "error"), [(None, "does not exist"), (b"hello", "cannot be read")])
def test_a_picture_that_is_gone_or_broken_is_not_shown(folder, data, error):  # noqa: F811
    image = checked(folder).model_copy(update={"sha256": None})
    (folder / "p.png").unlink()
    if data is not None:
        (folder / "p.png").write_bytes(data)
    with pytest.raises(InputError, match=error):
        thumbnail(image, folder)


def test_an_address_is_not_looked_up(folder):  # noqa: F811
    with pytest.raises(InputError, match="given as a URL"):
        thumbnail(Image(url="https://example.org/p.png"), folder)
