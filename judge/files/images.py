"""Picture files, read in the same way for judges and for raters.

What is no file is not opened, and what is seen of a picture does not depend on the program that shows it.
"""

import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from judge.errors import InputError
from judge.files.image_metadata import is_16_bit_png, significant_bits
from judge.files.unpacking import open_file

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held: 1 upright, 2 to 8 turned or mirrored."""
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_USUAL_BITS = (8, 10, 12)
"""How many bits the sensors have whose values are stored, unchanged, as 16-bit values."""


def read_file(path: Path, most_bytes: int) -> bytes:
    """Read a file that may be anything, without waiting for a device or a pipe.

    Raises
    ------
    InputError
        It is not a file (a folder, a device, a pipe), is empty or larger than `most_bytes`.
    OSError
        It is missing or may not be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise InputError("is not a file")
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise InputError(f"has {size:,} bytes; at most {most_bytes:,} are allowed")
        data = file.read(size)  # files of /proc say 0, and may have no end
    if not data:
        raise InputError("is empty")
    return data


def is_turned(picture: "Picture") -> bool:
    """Whether the camera was held so that the picture has to be turned or mirrored."""
    return _orientation(picture) in _TURNS


def upright(picture: "Picture") -> "Picture":
    """Turn a picture the way the camera was held."""
    import PIL.Image

    turn = _TURNS.get(_orientation(picture))
    return picture.transpose(PIL.Image.Transpose[turn]) if turn else picture


def _orientation(picture: "Picture") -> int:
    with (
        warnings.catch_warnings()
    ):  # nothing else of the EXIF is used, so what is broken there does not matter
        warnings.filterwarnings("ignore", category=UserWarning)
        found = picture.getexif().get(_ORIENTATION)
    return found if isinstance(found, int) else 1


def is_16_bit(picture: "Picture", data: bytes) -> bool:
    """Whether the values of a picture have 16 bits, which programs bring to 8 bits in different ways."""
    return picture.mode.startswith("I") or is_16_bit_png(data)


def as_8_bit(picture: "Picture", data: bytes) -> "Picture":
    """Bring 16-bit values to 8 bits, so that white stays white.

    Sensors give 8, 10 or 12 bits, and some programs store their values unchanged in 16 bits, which would be
    shown all but black. Where no value needs more bits than the file says are significant (sBIT), or than
    12 where it says nothing, the largest number of so many bits is white.
    """
    if not is_16_bit(picture, data):
        return picture
    if not picture.mode.startswith("I"):  # Pillow has kept the upper 8 bits of each colour alone
        return _brightened(picture)
    largest = int(picture.getextrema()[1])  # type: ignore[arg-type]
    declared = significant_bits(data) if is_16_bit_png(data) else None
    candidates = (declared,) if declared else _USUAL_BITS
    bits = next((bits for bits in candidates if largest < 1 << bits), 16)
    return picture.point(lambda value: value * (255 / ((1 << bits) - 1))).convert("L")


def _brightened(picture: "Picture") -> "Picture":
    """Colours of 12 bits in 16, of which only the 4 upper bits are left."""
    import PIL.Image

    bands = picture.split()
    colours = [band for name, band in zip(picture.getbands(), bands, strict=True) if name != "A"]
    if max(int(band.getextrema()[1]) for band in colours) >= 16:  # type: ignore[arg-type]
        return picture
    scaled = [
        band if name == "A" else band.point(lambda value: min(255, value * 17))
        for name, band in zip(picture.getbands(), bands, strict=True)
    ]
    return PIL.Image.merge(picture.mode, scaled)
