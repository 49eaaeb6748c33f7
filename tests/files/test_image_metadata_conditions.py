"""Pictures that end too early, chunk by chunk."""

import io

import PIL.Image
import pytest

from judge.files.image_metadata import significant_bits, without_metadata


def saved(kind, **options):
    file = io.BytesIO()
    PIL.Image.effect_noise((40, 30), 60).convert("RGB").save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("missing", [1, 4, 11, 12, 13, 40])
def test_a_png_without_the_end_of_its_last_chunk_is_refused(missing):
    data = saved("PNG")[:-missing]
    with pytest.raises(ValueError, match="ends too early"):
        without_metadata(data, "PNG")


@pytest.mark.parametrize("missing", [1, 2, 30])
def test_a_jpeg_without_its_end_is_refused(missing):
    with pytest.raises(ValueError):
        without_metadata(saved("JPEG")[:-missing], "JPEG")


def test_a_gif_without_its_end_is_refused_and_an_unknown_block_too():
    data = saved("GIF")
    with pytest.raises(ValueError, match="ends too early"):
        without_metadata(data[:-1], "GIF")
    with pytest.raises(ValueError, match="unknown block"):
        without_metadata(data[:-1] + b"\x2a\x3b", "GIF")


def test_a_webp_without_a_picture_is_refused():
    data = saved("WEBP")
    with pytest.raises(ValueError, match="without a picture"):
        without_metadata(data[:12], "WEBP")


def test_fill_bytes_before_a_marker_of_a_jpeg_are_passed_over():
    data = saved("JPEG")
    assert without_metadata(data[:2] + b"\xff\xff" + data[2:], "JPEG") == without_metadata(data, "JPEG")
    with pytest.raises(ValueError, match="without a marker"):
        without_metadata(data[:2] + b"\x00" + data[2:], "JPEG")


def test_significant_bits_of_a_file_that_is_cut_are_an_error_and_not_none():
    data = saved("PNG")
    assert significant_bits(data) is None
    with pytest.raises(ValueError, match="ends too early"):
        significant_bits(data[:-1])
