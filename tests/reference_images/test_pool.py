"""The pool of normal pictures."""

import csv

import pytest

from judge.errors import InputError
from judge.reference_images.pool import read_pool

from .made_up import paint


def names(pool, key="screw"):
    return [picture.name for picture in pool.by_object[key]]


def table(path, *rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_a_folder_has_one_folder_for_each_object(tmp_path):
    paint(tmp_path / "Screw" / "b.png", 1, 1, 1)
    paint(tmp_path / "Screw" / "more" / "a.JPG", 2, 2, 2)
    paint(tmp_path / "nut" / "c.webp", 3, 3, 3)
    pool = read_pool(tmp_path, ["object"])
    assert names(pool) == ["Screw/b.png", "Screw/more/a.JPG"]
    assert names(pool, "nut") == ["nut/c.webp"]


def test_with_two_fields_an_object_is_a_folder_within_a_folder(tmp_path):
    paint(tmp_path / "MVTec" / "screw" / "a.png", 1, 1, 1)
    assert names(read_pool(tmp_path, ["dataset", "object"]), "mvtec/screw") == ["MVTec/screw/a.png"]


def test_pictures_of_defects_beside_a_folder_of_good_ones_are_left_out_with_a_note(tmp_path):
    for part in ("train/good/0", "test/good/1", "test/bent/2", "ground_truth/bent/2_mask"):
        paint(tmp_path / "screw" / f"{part}.png", len(part), 1, 1)
    pool = read_pool(tmp_path, ["object"])
    assert names(pool) == ["screw/test/good/1.png", "screw/train/good/0.png"]
    assert "2 images left out" in pool.notes[0]


def test_hidden_files_and_other_files_are_no_pictures(tmp_path):
    paint(tmp_path / "screw" / "a.png", 1, 1, 1)
    paint(tmp_path / "screw" / ".thumbs" / "b.png", 2, 2, 2)
    paint(tmp_path / "screw" / "._c.png", 3, 3, 3)
    (tmp_path / "screw" / "list.txt").write_text("x")
    assert names(read_pool(tmp_path, ["object"])) == ["screw/a.png"]


def test_a_second_file_with_the_same_content_is_left_out_with_a_note(tmp_path):
    for name in ("b", "a"):
        paint(tmp_path / "screw" / f"{name}.png", 1, 1, 1)
    pool = read_pool(tmp_path, ["object"])
    assert len(names(pool)) == 1
    assert pool.notes == ["1 normal image left out, because another file is the same"]


def test_a_picture_in_no_folder_of_an_object_is_an_error(tmp_path):
    paint(tmp_path / "a.png", 1, 1, 1)
    with pytest.raises(InputError, match=r"a\.png is in no folder of an object; allowed: a folder with one"):
        read_pool(tmp_path, ["object"])


def test_a_folder_without_pictures_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no picture; allowed"):
        read_pool(tmp_path, ["object"])


def test_a_table_names_pictures_by_object_and_by_item(tmp_path):
    for number, name in enumerate("ab"):
        paint(tmp_path / f"{name}.png", number, 1, 1)
    path = table(tmp_path / "n.csv", ("object", "id", "image"), (" SCREW", "", "a.png"), ("", "q1", "b.png"))
    pool = read_pool(path, ["object"])
    assert names(pool) == ["a.png"]
    assert [picture.name for picture in pool.by_item["q1"]] == ["b.png"]


def test_a_row_may_hold_several_pictures(tmp_path):
    for number, name in enumerate("ab"):
        paint(tmp_path / f"{name}.png", number, 1, 1)
    (tmp_path / "n.jsonl").write_text('{"id": "q1", "images": ["b.png", {"path": "a.png"}]}\n')
    pool = read_pool(tmp_path / "n.jsonl", ["object"])
    assert [picture.name for picture in pool.by_item["q1"]] == ["b.png", "a.png"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("screw", "none.png"), r"n\.csv:2: image none\.png: no such file below"),
        (("screw", "../a.png"), r"image \.\./a\.png: no such file below"),
        (("screw", ""), "found no image; columns: object, image"),
        (("", "a.png"), "found neither object nor id; columns: object, image"),
    ],
    ids=["missing", "outside", "no image", "no object"],
)
def test_a_row_that_names_no_picture_of_an_object_is_an_error_with_its_place(tmp_path, row, problem):
    folder = tmp_path / "inner"
    paint(folder / "a.png", 1, 1, 1)
    paint(tmp_path / "a.png", 1, 1, 1)
    with pytest.raises(InputError, match=problem):
        read_pool(table(folder / "n.csv", ("object", "image"), row), ["object"])
