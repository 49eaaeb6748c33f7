"""Draw the images of this folder: two invented products, each with and without a defect.

Usage: ``python make_images.py`` in this folder. The output is deterministic.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIZE = (320, 320)
TWICE = (640, 640)  # drawn at twice the size and scaled down for smooth edges
STEEL, SHADE, TABLE, DARK = (176, 180, 186), (140, 144, 150), (52, 58, 66), (24, 26, 30)


def washer(*, cracked: bool) -> Image.Image:
    """Draw a steel washer from above; the crack is at the upper right."""
    picture = Image.new("RGB", TWICE, TABLE)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((100, 100, 540, 540), fill=STEEL, outline=SHADE, width=8)
    draw.ellipse((240, 240, 400, 400), fill=TABLE, outline=SHADE, width=8)
    if cracked:
        draw.line([(382, 258), (410, 236), (414, 206), (448, 190), (462, 158)], fill=DARK, width=7)
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


def finished(picture: Image.Image) -> Image.Image:
    """Blur slightly and scale down."""
    return picture.filter(ImageFilter.GaussianBlur(1)).resize(SIZE, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    here = Path(__file__).parent
    pictures = {
        "washer_good": washer(cracked=False),
        "washer_cracked": washer(cracked=True),
        "pin_plate_good": pin_plate(pins=9),
        "pin_plate_missing": pin_plate(pins=8),
    }
    for name, picture in pictures.items():
        picture.quantize(64).save(here / f"{name}.png", optimize=True)
