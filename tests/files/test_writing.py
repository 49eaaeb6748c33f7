"""Files that are there as a whole or not at all."""

import os
from pathlib import Path

import pytest

from judge.errors import InputError
from judge.files.writing import whole_file, write_file


def test_a_file_that_fails_half_way_leaves_the_older_one_and_nothing_else(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("old")

    def lines():
        yield "new\n"
        raise RuntimeError("the run is damaged")

    with pytest.raises(RuntimeError):
        write_file(path, lines())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["scores.csv"]


def test_a_draft_that_never_came_into_being_is_an_error_of_one_line(tmp_path):
    with pytest.raises(InputError, match=r"no.folder.*: cannot be written: No such file"):
        write_file(tmp_path / "no" / "folder", "text")


def test_a_link_goes_on_pointing_to_its_file(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_file(tmp_path / "link.txt", ["a\n", "b\n"])
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"a\nb\n"


def test_a_device_is_written_to_and_not_replaced():
    write_file(os.devnull, "text")
    assert not Path(os.devnull).is_file()
    with whole_file(os.devnull) as draft:
        assert draft == Path(os.devnull)
