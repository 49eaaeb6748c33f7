"""Degrade the images of this folder as on a moving, poorly lit production line: motion blur and low light.

Usage: ``python degrade_images.py`` in this folder, after ``make_images.py``. It writes to ``degraded``.
Every image is degraded in one of the two ways, and a reference in both, since it is compared with either.
The output is deterministic.
"""

from pathlib import Path

from PIL import Image, ImageChops

BLURRED = ("washer_good", "gear_broken", "pin_plate_good", "timer_board_bridged")
BLUR_PIXELS = 13
"""Length of the horizontal motion during the exposure, of 320 pixels."""
CONTRAST, BRIGHTNESS = 0.35, -6
"""Factor and offset of every channel in low light."""


def motion_blur(picture: Image.Image) -> Image.Image:
    """Return the mean of copies that are shifted horizontally, one pixel each."""
    blurred = picture
    for step in range(1, BLUR_PIXELS):
        shifted = ImageChops.offset(picture, step - BLUR_PIXELS // 2, 0)
        blurred = Image.blend(blurred, shifted, 1 / (step + 1))
    return blurred


def low_light(picture: Image.Image) -> Image.Image:
    """Return the picture with less contrast and less brightness."""
    return picture.point(lambda value: max(0, round(CONTRAST * value + BRIGHTNESS)))


def degraded(name: str, picture: Image.Image) -> dict[str, Image.Image]:
    """Degrade the picture with this name; a reference in both ways."""
    if name.endswith("_reference"):
        return {f"{name}_blurred": motion_blur(picture), f"{name}_dark": low_light(picture)}
    return {name: motion_blur(picture) if name in BLURRED else low_light(picture)}


if __name__ == "__main__":
    here = Path(__file__).parent
    (here / "degraded").mkdir(exist_ok=True)
    for path in sorted(here.glob("*.png")):
        for name, picture in degraded(path.stem, Image.open(path).convert("RGB")).items():
            picture.quantize(64).save(here / "degraded" / f"{name}.png", optimize=True)
