"""Picture files: what is read, which way is up, and how 16-bit values become 8-bit ones."""

import io
import struct
import zlib

import numpy as np
import PIL.Image
import pytest

from judge.errors import InputError
from judge.files.image_metadata import is_16_bit_png
from judge.files.images import as_8_bit, is_16_bit, is_turned, read_file, upright


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opened(data):
    return PIL.Image.open(io.BytesIO(data))


# --- reading


@pytest.mark.parametrize(("most", "is_read"), [(5, False), (6, True), (7, True)])
def test_a_file_up_to_the_bound_is_read(tmp_path, most, is_read):
    path = tmp_path / "a.png"
    path.write_bytes(b"6bytes")
    if is_read:
        assert read_file(path, most) == b"6bytes"
    else:
        with pytest.raises(InputError, match="has 6 bytes; at most 5 are allowed"):
            read_file(path, most)


def test_an_empty_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(InputError, match="is empty"):
        read_file(tmp_path / "empty", 10)
    with pytest.raises(InputError, match="is not a file"):
        read_file(tmp_path, 10)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none", 10)


# --- orientation


CORNERS = {1: "ABCD", 2: "BADC", 3: "DCBA", 4: "CDAB", 5: "ACBD", 6: "CADB", 7: "DBCA", 8: "BDAC"}
"""Orientation -> corners (upper left, upper right, lower left, lower right) of the picture when upright."""


@pytest.mark.parametrize("orientation", CORNERS)
def test_a_picture_is_turned_the_way_the_camera_was_held(orientation):
    shades = {name: 60 * n + 20 for n, name in enumerate("ABCD")}
    stored = PIL.Image.new("L", (2, 2))
    stored.putdata([shades[name] for name in "ABCD"])
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    picture = opened(saved(stored, exif=exif))
    found = list(upright(picture).tobytes())
    assert found == [shades[name] for name in CORNERS[orientation]]
    assert is_turned(picture) is (orientation != 1)


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_unknown_orientation_leaves_the_picture_as_it_is(orientation):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    picture = opened(saved(PIL.Image.new("L", (2, 3)), exif=exif))
    assert not is_turned(picture)
    assert upright(picture) is picture


# --- 16 bits


def gray(values, bits=None):
    """A PNG of 16-bit gray values; `bits` is what its sBIT chunk says."""
    array = np.array([values], dtype=np.uint16)
    data = saved(PIL.Image.fromarray(array))
    if bits is None:
        return data
    chunk = b"sBIT" + bytes([bits])
    return data[:33] + struct.pack(">I", 1) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


def brought_to_8_bits(data):
    return list(as_8_bit(opened(data), data).tobytes())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 255], [0, 255]),  # 8 bits, unchanged
        ([0, 256, 1023], [0, 63, 255]),  # 10 bits
        ([0, 1024, 4095], [0, 63, 255]),  # 12 bits
        ([0, 4096, 65535], [0, 15, 255]),  # 16 bits
        ([0, 4096], [0, 15]),
    ],
)
def test_the_fewest_usual_bits_that_hold_the_values_are_white(values, expected):
    assert brought_to_8_bits(gray(values)) == expected


@pytest.mark.parametrize(
    ("bits", "values", "expected"),
    [
        (14, [0, 16383], [0, 255]),
        (14, [0, 255], [0, 3]),
        (10, [0, 1024], [0, 3]),  # beyond what the file says: its values have 16 bits
    ],
)
def test_the_significant_bits_of_a_file_go_before_the_usual_ones(bits, values, expected):
    assert brought_to_8_bits(gray(values, bits)) == expected


def test_a_picture_of_8_bits_is_unchanged():
    data = saved(PIL.Image.new("RGB", (2, 2), "red"))
    picture = opened(data)
    assert not is_16_bit(picture, data)
    assert as_8_bit(picture, data) is picture
    assert is_16_bit(opened(gray([1])), gray([1]))


def rgb_of_16_bits(*pixels, alpha=False):
    """A PNG of one row of 16-bit colours, which Pillow reads with 8 bits."""
    n = 4 if alpha else 3
    raw = b"\0" + b"".join(struct.pack(f">{n}H", *pixel) for pixel in pixels)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", len(pixels), 1, 16, 6 if alpha else 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    )


def test_colours_of_12_bits_in_16_are_brightened_and_transparency_is_not():
    data = rgb_of_16_bits((0x0FFF, 0x0800, 0), (0x0100, 0, 0x0F00))
    assert is_16_bit_png(data)
    assert brought_to_8_bits(data) == [255, 136, 0, 17, 0, 255]
    with_alpha = rgb_of_16_bits((0x0FFF, 0x0800, 0, 0xFFFF), alpha=True)
    assert brought_to_8_bits(with_alpha) == [255, 136, 0, 255]


def test_colours_that_fill_16_bits_stay():
    data = rgb_of_16_bits((0x1000, 0x0800, 0), (0xFFFF, 0, 0))
    assert brought_to_8_bits(data) == [16, 8, 0, 255, 0, 0]


@pytest.mark.parametrize("depth", [8, 16])
def test_only_a_png_whose_header_says_16_bits_has_16_bits(depth):
    data = rgb_of_16_bits((1, 2, 3))
    changed = data[:24] + bytes([depth]) + data[25:]
    assert is_16_bit_png(changed) is (depth == 16)
    assert not is_16_bit_png(b"\xff\xd8" + changed[2:])
