"""What a picture file says beside its pixels."""

import io
import struct
import zlib

import PIL.Image
import PIL.PngImagePlugin
import pytest

from judge.files.image_metadata import significant_bits, without_metadata

SECRET = b"secret"
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\0secret"


def picture(color="red"):
    image = PIL.Image.effect_noise((40, 30), 60).convert("RGB")
    image.paste(color, (0, 0, 20, 15))
    return image


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def described(kind, **options):
    """A picture that says 'secret' in every place that Pillow can write to."""
    exif = PIL.Image.Exif()
    exif[0x010F] = "secret camera"
    exif[0x9286] = "secret comment"
    if kind == "PNG":
        text = PIL.PngImagePlugin.PngInfo()
        text.add_text("Comment", "secret")
        text.add_itxt("XML:com.adobe.xmp", "secret", zip=False)
        options |= {"pnginfo": text, "exif": exif}
    elif kind == "JPEG":
        options |= {"comment": SECRET, "exif": exif, "xmp": SECRET, "dpi": (72, 72)}
    elif kind == "WEBP":
        options |= {"exif": exif, "xmp": SECRET}
    else:
        options |= {"comment": SECRET}
    return saved(picture(), kind, **options)


def pixels(data):
    image = PIL.Image.open(io.BytesIO(data))
    found = []
    for n in range(getattr(image, "n_frames", 1)):
        image.seek(n)
        found.append(image.convert("RGBA").tobytes())
    return found


FILES = {
    "png": ("PNG", described("PNG")),
    "jpeg": ("JPEG", described("JPEG")),
    "progressive jpeg": ("JPEG", described("JPEG", progressive=True)),
    "webp": ("WEBP", described("WEBP")),
    "lossless webp": ("WEBP", described("WEBP", lossless=True)),
    "gif": ("GIF", described("GIF")),
    "animated png": ("PNG", described("PNG", save_all=True, append_images=[picture("blue")])),
    "animated webp": ("WEBP", described("WEBP", save_all=True, append_images=[picture("blue")])),
    "animated gif": ("GIF", described("GIF", save_all=True, append_images=[picture("blue")], loop=0)),
}


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_left_of_what_describes_a_picture(name):
    kind, data = FILES[name]
    assert SECRET in data
    left = without_metadata(data, kind)
    assert SECRET not in left
    assert not PIL.Image.open(io.BytesIO(left)).getexif()


@pytest.mark.parametrize("name", FILES)
def test_no_pixel_of_any_frame_is_changed(name):
    kind, data = FILES[name]
    assert pixels(without_metadata(data, kind)) == pixels(data)


@pytest.mark.parametrize("name", FILES)
def test_a_second_time_leaves_nothing_out(name):
    kind, data = FILES[name]
    once = without_metadata(data, kind)
    assert without_metadata(once, kind) == once


@pytest.mark.parametrize("name", FILES)
def test_what_follows_the_end_of_the_picture_is_left_out(name):
    kind, data = FILES[name]
    assert without_metadata(data + b"secret", kind) == without_metadata(data, kind)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_colour_profile_stays(kind):
    data = saved(picture(), kind, icc_profile=b"profile" * 20)
    assert without_metadata(data, kind) == data


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_anywhere_is_an_error_or_a_picture_without_text(name):
    kind, data = FILES[name]
    for end in range(12, len(data), 7):
        try:
            assert SECRET not in without_metadata(data[:end], kind)
        except ValueError:
            continue


def test_a_thumbnail_inside_of_a_jpeg_is_left_out():
    data = saved(picture(), "JPEG")
    head = b"\xff\xe0" + struct.pack(">H", 16 + 12) + b"JFIF\0\x01\x01\0\0\x01\0\x01\x02\x02" + b"secret" * 2
    assert without_metadata(data[:2] + head + data[20:], "JPEG") == data


def test_the_significant_bits_of_a_png_are_read():
    data = saved(picture(), "PNG")
    chunk = b"sBIT\x0c\x0c\x0c"
    marked = data[:33] + struct.pack(">I", 3) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    assert (significant_bits(data), significant_bits(marked)) == (None, 12)
    assert without_metadata(marked, "PNG") == marked
