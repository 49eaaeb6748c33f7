"""Draw the images of this folder: four invented products, each with and without a defect, and as a reference.

Usage: ``python make_images.py`` in this folder, then ``python degrade_images.py``. The output is always the
same.
"""

from math import cos, pi, sin
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIZE = (320, 320)
TWICE = (640, 640)  # drawn at twice the size and scaled down for smooth edges
STEEL, SHADE, TABLE, DARK = (176, 180, 186), (140, 144, 150), (52, 58, 66), (24, 26, 30)
BRASS, BOARD, COPPER = (196, 158, 74), (28, 104, 66), (206, 150, 90)
ANOTHER = 7
"""Degrees by which a reference is turned: it shows another piece of the same product."""


def washer(*, cracked: bool) -> Image.Image:
    """Draw a steel washer from above; the crack is at the upper right."""
    picture = Image.new("RGB", TWICE, TABLE)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((100, 100, 540, 540), fill=STEEL, outline=SHADE, width=8)
    draw.ellipse((240, 240, 400, 400), fill=TABLE, outline=SHADE, width=8)
    if cracked:
        draw.line([(382, 258), (410, 236), (414, 206), (448, 190), (462, 158)], fill=DARK, width=7)
    return finished(picture)


def gear(*, teeth: int) -> Image.Image:
    """Draw a brass gear with 12 teeth; of 11, the one at the top center is missing."""
    picture = Image.new("RGB", TWICE, TABLE)
    draw = ImageDraw.Draw(picture)
    for index in range(12 - teeth, 12):
        towards, across = 2 * pi * index / 12 - pi / 2, 0.11
        corners = [(170, -2 * across), (240, -across), (240, across), (170, 2 * across)]
        points = [(320 + r * cos(towards + by), 320 + r * sin(towards + by)) for r, by in corners]
        draw.polygon(points, fill=BRASS)
    draw.ellipse((128, 128, 512, 512), fill=BRASS, outline=(150, 118, 50), width=6)
    draw.ellipse((260, 260, 380, 380), fill=TABLE, outline=(150, 118, 50), width=8)
    return finished(picture)


def pin_plate(*, pins: int) -> Image.Image:
    """Draw a blue plate with a 3 x 3 grid of pins, filled row by row; of 8, the last is missing."""
    picture = Image.new("RGB", TWICE, TABLE)
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((90, 90, 550, 550), radius=30, fill=(46, 84, 140), outline=(32, 60, 104), width=8)
    for index in range(9):
        x, y = 180 + 140 * (index % 3), 180 + 140 * (index // 3)
        box = (x - 32, y - 32, x + 32, y + 32)
        draw.ellipse(box, fill=STEEL if index < pins else DARK, outline=SHADE, width=6)
    return finished(picture)


def timer_board(*, bridged: bool) -> Image.Image:
    """Draw a green circuit board with an 8-pin chip; the solder bridge joins two pins at the center left."""
    picture = Image.new("RGB", TWICE, TABLE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((70, 130, 570, 510), fill=BOARD, outline=(16, 70, 44), width=8)
    for x, y in ((105, 165), (535, 165), (105, 475), (535, 475)):
        draw.ellipse((x - 16, y - 16, x + 16, y + 16), fill=TABLE, outline=COPPER, width=6)
    for row in range(4):
        y = 236 + 56 * row
        draw.rectangle((200, y - 11, 440, y + 11), fill=STEEL)
        draw.line((120, y, 200, y), fill=COPPER, width=6)
        draw.line((440, y, 520, y), fill=COPPER, width=6)
    draw.rectangle((250, 200, 390, 440), fill=DARK)
    draw.ellipse((262, 212, 282, 232), fill=SHADE)
    if bridged:
        draw.ellipse((196, 282, 242, 358), fill=(214, 216, 220))
    return finished(picture)


def finished(picture: Image.Image) -> Image.Image:
    """Blur slightly and scale down."""
    return picture.filter(ImageFilter.GaussianBlur(1)).resize(SIZE, Image.Resampling.LANCZOS)


def another(picture: Image.Image) -> Image.Image:
    """Turn the picture of a product, so that it shows another piece."""
    return picture.rotate(ANOTHER, Image.Resampling.BICUBIC, fillcolor=TABLE)


def pictures() -> dict[str, Image.Image]:
    """Draw every picture, by the name of its file."""
    good = {
        "washer": washer(cracked=False),
        "gear": gear(teeth=12),
        "pin_plate": pin_plate(pins=9),
        "timer_board": timer_board(bridged=False),
    }
    return {
        **{f"{name}_good": picture for name, picture in good.items()},
        **{f"{name}_reference": another(picture) for name, picture in good.items()},
        "washer_cracked": washer(cracked=True),
        "gear_broken": gear(teeth=11),
        "pin_plate_missing": pin_plate(pins=8),
        "timer_board_bridged": timer_board(bridged=True),
    }


if __name__ == "__main__":
    here = Path(__file__).parent
    for name, picture in pictures().items():
        picture.quantize(64).save(here / f"{name}.png", optimize=True)
