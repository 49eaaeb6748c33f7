"""The largest picture that is kept as it is."""

import io
from pathlib import Path

import pytest
from PIL import Image as Pillow

from human_study.pictures import MAX_SIDE, load
from judge.records import Image, Item


@pytest.mark.parametrize(("side", "kept"), [(MAX_SIDE, True), (MAX_SIDE + 1, False)])
def test_a_picture_is_scaled_down_from_one_pixel_beyond_the_largest_side(
    tmp_path: Path, side: int, kept: bool
) -> None:
    for size in ((side, 2), (2, side)):
        stream = io.BytesIO()
        Pillow.new("RGB", size, "green").save(
            stream, "PNG", compress_level=0
        )  # unlike one that is written anew
        (tmp_path / "a.png").write_bytes(stream.getvalue())
        found = load(Item(id="q1", question="?", answer="!"), Image(path="a.png"), tmp_path)
        assert (found.content == stream.getvalue()) is kept
        assert max(found.width, found.height) == MAX_SIDE
