"""Picture files without what describes them: EXIF, XMP, comments and other text; no pixel is changed.

A file may tell where, when, by whom and with what a picture was taken, or say in words what a judge or a
rater is to think of it. Only those parts are kept that decide what is seen: the pixels, their colour space
(ICC profile included), transparency, and the timing of an animation. What follows the end of the picture is
left out, too.
"""

import struct
from collections.abc import Callable, Iterator

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS bKGD sBIT gAMA cHRM sRGB iCCP cICP mDCV cLLI acTL fcTL fdAT".split()
)
_WEBP_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_DESCRIBED = 0x08 | 0x04
"""Flags in VP8X that announce EXIF and XMP."""
_GIF_KEPT_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
"""Both say how often an animation is repeated."""


def without_metadata(data: bytes, kind: str) -> bytes:
    """Leave out of a picture file everything that is not seen; a file that has nothing of it stays as it is.

    Parameters
    ----------
    data : bytes
        The file.
    kind : {'PNG', 'JPEG', 'WEBP', 'GIF'}
        What it is, as Pillow names it.

    Returns
    -------
    bytes
        The file without EXIF (the orientation included), XMP, comments, thumbnails and text.

    Raises
    ------
    ValueError
        The file does not keep to its format; encode its pixels again instead.
    """
    try:
        return b"".join(_PARTS[kind](data))
    except (IndexError, struct.error) as error:
        raise ValueError(f"{kind} file that ends too early: {error}") from None


def is_16_bit_png(data: bytes) -> bool:
    """Whether a file is a PNG with 16 bits for each value of a pixel."""
    return data.startswith(_PNG_SIGNATURE) and data[24:25] == b"\x10"


def significant_bits(data: bytes) -> int | None:
    """How many bits of a PNG's values mean something (its sBIT chunk); None where the file does not say."""
    bits = next((data[start + 8 : end - 4] for kind, start, end in _chunks(data) if kind == b"sBIT"), b"")
    return max(bits, default=0) or None


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk of a PNG."""
    at = len(_PNG_SIGNATURE)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("PNG file that ends too early")
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end


def _png(data: bytes) -> Iterator[bytes]:
    yield _PNG_SIGNATURE
    yield from (data[start:end] for kind, start, end in _chunks(data) if kind in _PNG_KEPT)


def _jpeg(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("JPEG file without a marker where one must stand")
        marker = data[at + 1]
        if marker == 0xFF:  # a marker may be preceded by any number of these
            at += 1
        elif marker == 0xD9:  # the end of the picture
            yield data[at : at + 2]
            return
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            end = at + 2 + length
            yield _segment(marker, data[at:end])
            at = _end_of_scan(data, end) if marker == 0xDA else end
            yield data[end:at]


def _segment(marker: int, segment: bytes) -> bytes:
    """One segment of a JPEG, or nothing of it: APP0 to APP15 and COM hold what programs like to note."""
    is_noted = 0xE0 <= marker <= 0xEF or marker == 0xFE
    if marker == 0xE0 and segment[4:9] == b"JFIF\0":
        return segment[:2] + b"\0\x10" + segment[4:16] + b"\0\0"  # without its thumbnail
    is_colour = (marker == 0xE2 and segment[4:16] == b"ICC_PROFILE\0") or (
        marker == 0xEE and segment[4:9] == b"Adobe"
    )
    return b"" if is_noted and not is_colour else segment


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker stands after compressed pixels."""
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7:  # an escaped 0xFF, and restart markers
            at += 2
        else:
            return at


def _webp(data: bytes) -> Iterator[bytes]:
    (length,) = struct.unpack_from("<I", data, 4)
    end = min(8 + length, len(data))
    kept = []
    at = 12
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, at)
        chunk = data[at : at + 8 + size + size % 2]
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_DESCRIBED]) + chunk[9:]
        if kind in _WEBP_KEPT:
            kept.append(chunk)
        at += 8 + size + size % 2
    if not kept:
        raise ValueError("WebP file without a picture")
    yield data[:4] + struct.pack("<I", 4 + sum(map(len, kept))) + data[8:12]
    yield from kept


def _gif(data: bytes) -> Iterator[bytes]:
    at = 13 + _colour_table(data[10])
    yield data[:at]
    while data[at] != 0x3B:
        start = at
        is_kept = True
        if data[at] == 0x21:
            label, application = data[at + 1], data[at + 3 : at + 14]
            is_kept = label == 0xF9 or (label == 0xFF and application in _GIF_KEPT_APPLICATIONS)
            at += 2
        elif data[at] == 0x2C:
            at += 11 + _colour_table(data[at + 9])  # with one byte more: the size of a code
        else:
            raise ValueError("GIF file with an unknown block")
        while data[at]:
            at += 1 + data[at]
        at += 1
        if is_kept:
            yield data[start:at]
    yield b"\x3b"


def _colour_table(flags: int) -> int:
    """Bytes of the table of colours that a GIF's flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_PARTS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WEBP": _webp,
    "GIF": _gif,
}
