import base64
import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Pillow

from human_study.pictures import MAX_SIDE, load
from judge.errors import InputError
from judge.records import Image, Item

from .builders import png

ITEM = Item(id="q1", question="?", answer="!")


def write(folder: Path, name: str, content: bytes) -> Image:
    (folder / name).write_bytes(content)
    return Image(path=name)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_browsers_read_is_kept_byte_by_byte(tmp_path: Path, kind: str) -> None:
    content = png(kind=kind)
    found = load(ITEM, write(tmp_path, "a", content), tmp_path)
    assert found.content == content
    assert found.media_type == f"image/{kind.lower()}"


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "ICO", "TGA"])
def test_only_the_four_formats_of_the_web_are_opened_whatever_the_name_says(
    tmp_path: Path, kind: str
) -> None:
    with pytest.raises(InputError, match="not an image in one of the formats PNG, JPEG, WEBP, GIF"):
        load(ITEM, write(tmp_path, "a.png", png(kind=kind)), tmp_path)


def test_large_pictures_are_scaled_down_in_proportion(tmp_path: Path) -> None:
    found = load(ITEM, write(tmp_path, "a", png(MAX_SIDE * 2, 100)), tmp_path)
    assert Pillow.open(BytesIO(found.content)).size == (MAX_SIDE, 50) == (found.width, found.height)


def test_a_data_url_is_read(tmp_path: Path) -> None:
    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    assert load(ITEM, Image(url=url), tmp_path).content == png()


@pytest.mark.parametrize("path", ["../outside.png", "/etc/passwd", "a/../../outside.png"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside.png").write_bytes(png())
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(InputError, match="lies outside of"):
        load(ITEM, Image(path=path), inside)


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(png())
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(InputError, match="lies outside of"):
        load(ITEM, Image(path="link.png"), tmp_path / "inside")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<svg onload=alert(1)>", "not an image in one of the formats PNG"),
        (png()[:30], "not an image in one of the formats PNG"),
        (png()[:50], "the image cannot be read"),
        (b"", "is empty"),
    ],
    ids=["svg", "head cut off", "cut off", "empty"],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=f"item 'q1', image 'a.png': {problem}"):
        load(ITEM, write(tmp_path, "a.png", content), tmp_path)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = BytesIO()
    Pillow.new("1", (11_000, 10_000)).save(bomb, "PNG")
    with pytest.raises(InputError, match=r"exceeds limit|pixels"):
        load(ITEM, write(tmp_path, "a.png", bomb.getvalue()), tmp_path)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"cannot be read: .*; looked in {tmp_path}"):
        load(ITEM, Image(path="gone.png"), tmp_path)


@pytest.mark.parametrize("url", ["https://example.org/a.png", "data:text/html;base64,AAAA"])
def test_an_address_on_the_web_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="web address"):
        load(ITEM, Image(url=url), tmp_path)


def test_a_data_url_that_is_not_base64_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not valid base64"):
        load(ITEM, Image(url="data:image/png;base64,%%%"), tmp_path)


@pytest.mark.parametrize("what", ["pipe", "folder", "device"])
def test_what_is_no_file_is_no_picture_and_is_not_waited_for(tmp_path: Path, what: str) -> None:
    root, path = tmp_path, "it"
    if what == "pipe":
        os.mkfifo(tmp_path / "it")
    elif what == "folder":
        (tmp_path / "it").mkdir()
    else:
        root, path = Path("/dev"), "zero"
    with pytest.raises(InputError, match=r"image '(it|zero)': is not a file"):
        load(ITEM, Image(path=path), root)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_raters_see_a_turned_picture_upright_and_nothing_else_of_its_exif(tmp_path: Path, kind: str) -> None:
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = 6, "secret camera"
    stream = BytesIO()
    Pillow.new("RGB", (40, 20), "green").save(stream, kind, exif=exif)
    found = load(ITEM, write(tmp_path, "a", stream.getvalue()), tmp_path)
    assert (found.width, found.height) == Pillow.open(BytesIO(found.content)).size == (20, 40)
    assert b"secret" not in found.content
    assert not Pillow.open(BytesIO(found.content)).getexif()


def test_values_of_12_bits_in_16_are_shown_from_black_to_white(tmp_path: Path) -> None:
    ramp = Pillow.new("I;16", (64, 64))
    ramp.putdata(range(4096))
    stream = BytesIO()
    ramp.save(stream, "PNG")
    found = load(ITEM, write(tmp_path, "a", stream.getvalue()), tmp_path)
    assert Pillow.open(BytesIO(found.content)).convert("L").getextrema() == (0, 255)


def test_links_that_go_round_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(InputError, match=r"lies outside of|cannot be read"):
        load(ITEM, Image(path="a"), tmp_path)
