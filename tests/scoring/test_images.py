import base64
import io
import os
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import PIL.Image
import PIL.PngImagePlugin
import pytest

from judge.errors import InputError
from judge.records import Image, Item
from judge.scoring import images
from judge.scoring.images import ImageEncoder, check

BUDGET = 1_572_864


def picture(mode="RGB", size=(8, 6), color=None):
    return PIL.Image.new(mode, size, color if color is not None else 0)


def saved(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def item(*pictures):
    return Item(
        id="i",
        question="q",
        answer="a",
        images=tuple(p if isinstance(p, Image) else Image(path=str(p)) for p in pictures),
    )


@pytest.fixture
def folder(tmp_path):
    """A folder for pictures with something outside of it."""
    (tmp_path / "outside.png").write_bytes(saved(picture()))
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def error_of(folder):
    def message(data, name="p.png"):
        (folder / name).write_bytes(data)
        with pytest.raises(InputError) as caught:
            check(item(name), folder)
        return str(caught.value)

    return message


# -- checked before anything is paid


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.bin"])
def test_a_picture_is_known_by_its_bytes_and_gets_its_hash(folder, kind, name):
    data = saved(picture(), kind)
    (folder / name).write_bytes(data)
    (checked,) = check(item(name), folder).images
    assert checked == Image(path=name, sha256=sha256(data).hexdigest())


def test_an_item_without_pictures_stays_as_it_is(folder):
    assert check(item(), folder) == item()


@pytest.mark.parametrize("url", ["http://x/p.png", "https://x/p.png", "data:image/png;base64,AA=="])
def test_addresses_pass_unseen(folder, url):
    assert check(item(Image(url=url)), folder).images == (Image(url=url),)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "p.png", "data:text/html,x"])
def test_other_addresses_are_refused(folder, url):
    with pytest.raises(InputError, match="allowed beginnings: http://, https://, data:image/"):
        check(item(Image(url=url)), folder)


BROKEN = [
    pytest.param(b"", "is empty", id="empty"),
    pytest.param(b"hello", "is none of PNG, JPEG, WEBP (by its content, not its name)", id="text"),
    pytest.param(saved(picture(), "GIF"), "is none of", id="gif"),
    pytest.param(saved(picture(), "BMP"), "is none of", id="bmp"),
    pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is none of", id="svg"),
    pytest.param(saved(PIL.Image.effect_noise((64, 64), 50))[:-900], "cannot be decoded", id="cut_png"),
    pytest.param(
        saved(PIL.Image.effect_noise((64, 64), 50), "JPEG")[:-900], "cannot be decoded", id="cut_jpeg"
    ),
    pytest.param(
        saved(PIL.Image.effect_noise((64, 64), 50), "WEBP")[:-900], "cannot be decoded", id="cut_webp"
    ),
]


@pytest.mark.parametrize(("data", "said"), BROKEN)
def test_a_file_that_is_no_sound_picture_is_named(error_of, data, said):
    message = error_of(data)
    assert message.startswith("item 'i': image p.png: ")
    assert said in message


def png_of(width, height):
    """A PNG of a few bytes that claims to be large."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 999))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [9_000, 11_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(error_of, side):
    message = error_of(png_of(side, side))
    assert "pixels; at most 80,000,000 are allowed" in message or "exceeds limit" in message


def test_a_file_of_too_many_bytes_is_not_even_opened(error_of, monkeypatch):
    monkeypatch.setattr(images, "MOST_BYTES", 50)
    assert "bytes; at most 50 are allowed" in error_of(saved(picture()))


def test_a_missing_file_says_where_it_was_looked_for(folder):
    with pytest.raises(InputError) as caught:
        check(item("gone.png"), folder)
    assert str(caught.value) == f"item 'i': image gone.png: No such file or directory (looked in {folder})"


def test_a_folder_is_no_picture(folder):
    (folder / "d").mkdir()
    with pytest.raises(InputError, match="image d: is not a file"):
        check(item("d"), folder)


def test_a_pipe_is_no_picture(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(InputError, match="image pipe: is not a file"):
        check(item("pipe"), folder)


@pytest.mark.parametrize(
    "path", ["../outside.png", "a/../../outside.png", "{tmp}/outside.png", "/etc/passwd", "a\0b"]
)
def test_no_path_leads_out_of_the_folder(folder, tmp_path, path):
    with pytest.raises(InputError, match=r"outside of .*name a folder that holds all images with image_root"):
        check(item(path.format(tmp=tmp_path)), folder)


def test_no_symbolic_link_leads_out_of_the_folder(folder):
    (folder / "link.png").symlink_to(folder.parent / "outside.png")
    with pytest.raises(InputError, match="outside of"):
        check(item("link.png"), folder)


def test_an_absolute_path_inside_the_folder_is_fine(folder):
    (folder / "p.png").write_bytes(saved(picture()))
    assert check(item(folder / "p.png"), folder).images[0].sha256


def test_the_folder_itself_may_be_reached_by_a_link(folder, tmp_path):
    (folder / "p.png").write_bytes(saved(picture()))
    (tmp_path / "link").symlink_to(folder)
    assert check(item("p.png"), tmp_path / "link").images[0].sha256


def test_every_bad_picture_of_an_item_is_named(folder):
    with pytest.raises(InputError) as caught:
        check(item("one.png", "two.png"), folder)
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == [
        " image one.png",
        " image two.png",
    ]


def test_a_shared_picture_is_decoded_once(folder, monkeypatch):
    (folder / "p.png").write_bytes(saved(picture()))
    opened = []
    original = images._opened
    monkeypatch.setattr(images, "_opened", lambda data: opened.append(1) or original(data))
    for _ in range(100):
        check(item("p.png"), folder)
    assert len(opened) == 1


def test_a_changed_picture_is_looked_at_again(folder):
    (folder / "p.png").write_bytes(saved(picture()))
    before = check(item("p.png"), folder)
    (folder / "p.png").write_bytes(saved(picture(size=(9, 9))))
    assert check(item("p.png"), folder) != before


# -- encoded


@pytest.fixture
def encoded(folder):
    """Format, picture and bytes that go out for the given bytes."""

    def encode(data, max_pixels=BUDGET):
        (folder / "p").write_bytes(data)
        (image,) = check(item("p"), folder).images
        head, _, body = ImageEncoder(folder, max_pixels).encode(image).partition(";base64,")
        sent = base64.b64decode(body)
        return head.removeprefix("data:image/"), PIL.Image.open(io.BytesIO(sent)).convert("RGB"), sent

    return encode


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_within_the_budget_goes_out_byte_for_byte(encoded, kind, mode):
    data = saved(picture("RGB" if kind == "WEBP" else mode), kind)
    assert encoded(data)[::2] == (kind.lower(), data)


def test_an_address_goes_out_untouched(folder):
    assert ImageEncoder(folder, BUDGET).encode(Image(url="https://x/p.png")) == "https://x/p.png"


SCALED = [
    pytest.param("PNG", (3000, 2000), BUDGET, "jpeg", id="large_png"),
    pytest.param("PNG", (400, 300), 30_000, "png", id="small_png"),
    pytest.param("JPEG", (3000, 2000), BUDGET, "jpeg", id="large_jpeg"),
    pytest.param("JPEG", (400, 300), 30_000, "jpeg", id="small_jpeg"),
    pytest.param("WEBP", (400, 300), 30_000, "jpeg", id="webp"),
    pytest.param("PNG", (4000, 10), 30_000, "png", id="narrow"),
]


@pytest.mark.parametrize(("kind", "size", "budget", "sent_as"), SCALED)
def test_a_picture_over_the_budget_is_scaled_down_to_it_in_its_proportions(
    encoded, kind, size, budget, sent_as
):
    name, sent, _ = encoded(saved(picture(size=size), kind), budget)
    assert name == sent_as
    assert 0.9 * budget < sent.width * sent.height <= budget
    assert sent.width / sent.height == pytest.approx(size[0] / size[1], rel=0.15)


def test_a_line_of_pixels_stays_one_pixel_high(encoded):
    assert encoded(saved(picture(size=(1000, 1))), 100)[1].height == 1


def test_scaling_down_keeps_a_fine_pattern_gray_and_does_not_skip_lines(encoded):
    stripes = PIL.Image.new("L", (400, 400))
    for x in range(0, 400, 2):
        stripes.paste(255, (x, 0, x + 1, 400))
    _, sent, _ = encoded(saved(stripes), 100 * 100)
    low, high = sent.convert("L").getextrema()
    assert 100 < low <= high < 155


def turned(orientation):
    """A red-left, blue-right picture stored as a camera held that way stores it."""
    upright = picture(size=(20, 10), color="red")
    upright.paste("blue", (10, 0, 20, 10))
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
            7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = upright.transpose(PIL.Image.Transpose[undo[orientation]])
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    return saved(stored, "PNG", exif=exif)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_goes_out_upright(encoded, orientation):
    _, sent, _ = encoded(turned(orientation))
    assert sent.size == (20, 10)
    assert (sent.getpixel((2, 5)), sent.getpixel((17, 5))) == ((255, 0, 0), (0, 0, 255))


def test_an_orientation_that_does_not_exist_changes_nothing(encoded):
    exif = PIL.Image.Exif()
    exif[0x0112] = 9
    assert encoded(saved(picture(size=(20, 10)), exif=exif))[1].size == (20, 10)


def palette(transparent):
    image = picture(color="red").quantize(4)
    return saved(image, transparency=0) if transparent else saved(image)


MODES = [
    pytest.param(saved(picture("RGBA", color=(255, 0, 0, 0))), (255, 255, 255), id="transparent"),
    pytest.param(saved(picture("RGBA", color=(255, 0, 0, 255))), (255, 0, 0), id="opaque_alpha"),
    pytest.param(saved(picture("LA", color=(0, 0))), (255, 255, 255), id="gray_alpha"),
    pytest.param(palette(transparent=False), (255, 0, 0), id="palette"),
    pytest.param(palette(transparent=True), (255, 255, 255), id="palette_with_transparency"),
    pytest.param(saved(picture("1", color=1)), (255, 255, 255), id="one_bit"),
    pytest.param(saved(picture("I;16", color=65535)), (255, 255, 255), id="16_bit_white"),
    pytest.param(saved(picture("I;16", color=257 * 100)), (100, 100, 100), id="16_bit_gray"),
    pytest.param(saved(picture("CMYK", color=(0, 0, 0, 0)), "JPEG"), (255, 255, 255), id="cmyk"),
    pytest.param(
        saved(picture("RGBA", color=(0, 0, 0, 0)), "WEBP", lossless=True), (255, 255, 255), id="webp_alpha"
    ),
]


@pytest.mark.parametrize(("data", "color"), MODES)
def test_every_kind_of_pixel_goes_out_as_its_color_in_8_bit_rgb(encoded, data, color):
    _, sent, _ = encoded(data)
    assert all(abs(a - b) <= 1 for a, b in zip(sent.getpixel((3, 3)), color, strict=True))


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def ramp_of(most, *, colours=1, sbit=None):
    """A PNG with 16 bits a value, from black to `most` in 256 steps."""
    head = struct.pack(">IIBBBBB", 256, 1, 16, {1: 0, 2: 4, 3: 2, 4: 6}[colours], 0, 0, 0)
    steps = (round(most * step / 255) for step in range(256))
    alpha = [65535] if colours in (2, 4) else []
    values = [v for step in steps for v in [step] * (colours - len(alpha)) + alpha]
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + (png_chunk(b"sBIT", bytes([sbit] * colours)) if sbit else b"")
        + png_chunk(b"IDAT", zlib.compress(b"\0" + struct.pack(f">{len(values)}H", *values)))
        + png_chunk(b"IEND", b"")
    )


RAMPS = [
    pytest.param(ramp_of(65535), 255, id="16_bit"),
    pytest.param(ramp_of(4095), 255, id="12_bit"),
    pytest.param(ramp_of(1023), 255, id="10_bit"),
    pytest.param(ramp_of(255), 255, id="8_bit"),
    pytest.param(ramp_of(16383, sbit=14), 255, id="14_bit_as_declared"),
    pytest.param(ramp_of(65535, sbit=12), 255, id="12_bit_scaled_as_png_wants"),
    pytest.param(ramp_of(0), 0, id="black"),
    pytest.param(ramp_of(2, sbit=12), 0, id="a_trace_of_noise"),
    pytest.param(ramp_of(30_000), 116, id="a_dark_picture_of_16_bit"),
    pytest.param(ramp_of(65535, colours=3), 255, id="16_bit_colours"),
    pytest.param(ramp_of(4095, colours=3), 255, id="12_bit_colours"),
    pytest.param(ramp_of(4095, colours=4), 255, id="12_bit_colours_with_alpha"),
    pytest.param(ramp_of(4095, colours=2), 255, id="12_bit_with_alpha"),
    pytest.param(ramp_of(0, colours=3), 0, id="black_colours"),
]


@pytest.mark.parametrize(("data", "white"), RAMPS)
def test_white_of_a_16_bit_picture_stays_white_however_many_bits_its_sensor_had(encoded, data, white):
    _, sent, _ = encoded(data)
    shades = [sent.getpixel((x, 0)) for x in range(256)]
    assert shades == sorted(shades)
    assert (shades[0], shades[-1]) == ((0, 0, 0), (white,) * 3)


def commented(kind):
    exif = PIL.Image.Exif()
    exif[0x010F] = "secret"
    text = PIL.PngImagePlugin.PngInfo()
    text.add_text("Comment", "secret")
    options = {"PNG": {"pnginfo": text}, "JPEG": {"comment": b"secret"}, "WEBP": {"xmp": b"secret"}}[kind]
    return saved(picture(size=(40, 30)), kind, exif=exif, **options)


@pytest.mark.parametrize("budget", [BUDGET, 100], ids=["as_it_is", "scaled_down"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_no_provider_gets_what_a_file_says_beside_its_pixels(encoded, kind, budget):
    data = commented(kind)
    assert b"secret" in data
    assert b"secret" not in encoded(data, budget)[2]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_nor_out_of_a_data_url(folder, kind):
    url = f"data:image/{kind.lower()};base64,"
    sent = ImageEncoder(folder, BUDGET).encode(Image(url=url + base64.b64encode(commented(kind)).decode()))
    assert sent.startswith(url)
    assert b"secret" not in base64.b64decode(sent.removeprefix(url))


@pytest.mark.parametrize(
    "url", ["data:image/png;base64,AA==", "data:image/png;base64,%", "data:image/svg+xml,<svg/>"]
)
def test_a_data_url_that_holds_no_picture_goes_out_untouched(folder, url):
    assert ImageEncoder(folder, BUDGET).encode(Image(url=url)) == url


def test_a_decompression_bomb_in_a_data_url_is_refused(folder):
    bomb = "data:image/png;base64," + base64.b64encode(png_of(9_000, 9_000)).decode()
    with pytest.raises(InputError, match=r"image data:image/png;base64,…: has 81,000,000 pixels"):
        ImageEncoder(folder, BUDGET).encode(Image(url=bomb))


def test_a_file_that_became_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "p.png")
    with pytest.raises(InputError, match=r"image p\.png: is not a file"):
        ImageEncoder(folder, BUDGET).encode(Image(path="p.png"))


def test_a_device_is_no_picture():
    with pytest.raises(InputError, match="image zero: is not a file"):
        check(item("zero"), Path("/dev"))


def test_of_an_animation_the_first_picture_goes_out(encoded):
    first, second = picture(color="red"), picture(color="blue")
    name, sent, _ = encoded(saved(first, "PNG", save_all=True, append_images=[second]))
    assert (name, sent.getpixel((3, 3))) == ("png", (255, 0, 0))


def test_a_large_file_within_the_pixel_budget_is_packed_more_tightly(encoded, monkeypatch):
    monkeypatch.setattr(images, "_SENT_AS_IS_BYTES", 100)
    name, sent, data = encoded(saved(PIL.Image.effect_noise((600, 600), 50)))
    assert (name, sent.size) == ("jpeg", (600, 600))
    assert len(data) < 600 * 600


def test_a_file_that_changed_since_it_was_checked_is_not_sent(folder):
    (folder / "p.png").write_bytes(saved(picture()))
    (image,) = check(item("p.png"), folder).images
    (folder / "p.png").write_bytes(saved(picture(size=(9, 9))))
    with pytest.raises(InputError, match=r"image p\.png: has changed since it was checked"):
        ImageEncoder(folder, BUDGET).encode(image)


@pytest.mark.parametrize("data", [None, b"hello", saved(PIL.Image.effect_noise((64, 64), 50))[:-900]])
def test_an_unchecked_file_that_cannot_be_sent_is_an_error(folder, data):
    if data is not None:
        (folder / "p.png").write_bytes(data)
    with pytest.raises(InputError, match=r"image p\.png: cannot be decoded"):
        ImageEncoder(folder, 100).encode(Image(path="p.png"))


def test_a_shared_picture_is_encoded_once_by_many_threads(folder, monkeypatch):
    (folder / "p.png").write_bytes(saved(picture()))
    encoder = ImageEncoder(folder, BUDGET)
    all_here = threading.Barrier(8)
    encoded = []
    original = encoder._encoded
    monkeypatch.setattr(encoder, "_encoded", lambda image: encoded.append(1) or original(image))

    def ask(_):
        all_here.wait(timeout=10)
        return encoder.encode(Image(path="p.png"))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(encoded) == 1


def test_what_is_kept_is_bounded_and_the_least_used_goes_first(folder, monkeypatch):
    data = saved(picture())
    for name in "abc":
        (folder / name).write_bytes(data)
    monkeypatch.setattr(images, "_CACHE_BYTES", 2 * len(base64.b64encode(data)) + 60)
    encoder = ImageEncoder(folder, BUDGET)
    for name in "abac":
        encoder.encode(Image(path=name))
    assert list(encoder._urls) == ["a", "c"]
    assert encoder._cached_bytes == sum(map(len, encoder._urls.values()))
