"""Reference images of items: which ones, and what is said of the others."""

import json
from pathlib import Path

import numpy as np
import pytest

import judge
from judge.errors import InputError
from judge.items import load_items
from judge.records import Image, Item
from judge.reference_images import attach
from judge.reference_images.attach import QUARTER_FIELD
from judge.reference_images.embed import Embedder
from judge.workflows import attach_normals as workflow

from .made_up import ByColor, paint

SCREWS = {"red": (250, 5, 5), "orange": (250, 120, 5), "blue": (5, 5, 250)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Normal screws of three colors and one normal nut, and pictures of questions."""
    for name, color in SCREWS.items():
        paint(tmp_path / "normals" / "screw" / f"{name}.png", *color)
    paint(tmp_path / "normals" / "nut" / "gray.png", 100, 100, 100)
    paint(tmp_path / "q" / "reddish.png", 200, 20, 20)
    paint(tmp_path / "q" / "bluish.png", 20, 20, 200)
    source = ByColor()
    monkeypatch.setattr(workflow, "load_embedder", lambda *_: source)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def item(id="q1", picture="q/reddish.png", *, images=None, **metadata):
    pictures = (Image(path=picture),) if images is None else images
    return Item(
        id=id, question="Good?", answer="Yes.", images=pictures, metadata={"object": "screw", **metadata}
    )


def attached(folder, *items, **options):
    options = {"embedder": "color", **options}
    return judge.attach_normals(list(items), folder / "normals", image_root=folder, **options)


def references(found, number=0):
    return [Path(image.path).stem for image in found.items[number].images if image.role == "reference"]


# ---- nearest


def test_the_reference_is_the_normal_picture_with_the_nearest_embedding(folder):
    found = attached(folder, item(), item("q2", "q/bluish.png"))
    assert (references(found), references(found, 1)) == (["red"], ["blue"])


def test_several_references_stand_in_order_of_distance_before_the_picture(folder):
    (got,) = attached(folder, item(), k=2).items
    assert [(Path(image.path).stem, image.role) for image in got.images] == [
        ("red", "reference"),
        ("orange", "reference"),
        ("reddish", "query"),
    ]


def test_the_distance_is_one_minus_the_cosine(folder):
    (got,) = attached(folder, item()).items
    a, b = np.array([200, 20, 20]), np.array(SCREWS["red"])
    expected = 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert got.metadata["reference_distance"] == pytest.approx(expected, abs=1e-6)
    assert got.metadata["reference_how"] == "nearest"


def test_a_picture_is_never_its_own_reference_even_under_another_name(folder):
    (folder / "q" / "copy.png").write_bytes((folder / "normals" / "screw" / "red.png").read_bytes())
    assert references(attached(folder, item(picture="q/copy.png"))) == ["orange"]
    assert references(attached(folder, item(picture="q/copy.png"), k=5)) == ["orange", "blue"]


def test_items_with_one_picture_get_the_same_reference(folder):
    found = attached(folder, item("a"), item("b"))
    assert references(found) == references(found, 1) == ["red"]


def test_the_object_is_compared_without_case_and_spaces(folder):
    assert references(attached(folder, item(object=" Screw"))) == ["red"]


def test_quarters_of_the_distance_slice_the_items(folder):
    colors = [(250, 5 + 30 * n, 5) for n in range(8)]
    items = []
    for number, color in enumerate(colors):
        paint(folder / "q" / f"{number}.png", *color)
        items.append(item(str(number), f"q/{number}.png"))
    (folder / "normals" / "screw" / "orange.png").unlink()
    items.append(item("none", object="gear"))
    quarters = [got.metadata.get(QUARTER_FIELD) for got in attached(folder, *items).items]
    # The first picture is the normal one itself, whose nearest other one is blue and far.
    assert quarters == ["4", "1", "1", "2", "2", "3", "3", "4", None]


def test_few_distances_have_no_quarters(folder):
    assert QUARTER_FIELD not in attached(folder, item()).items[0].metadata


# ---- notes


def test_notes_count_what_was_attached(folder):
    assert attached(folder, item(), k=2).notes[0] == "1 of 1 item got 2 reference images (nearest)"


def test_an_object_without_normal_pictures_is_named_and_its_items_are_kept(folder):
    found = attached(folder, item(), *(item(f"g{n}", object="gear") for n in range(4)))
    assert (
        "4 items without a reference image, because there is no normal image of object 'gear': g0, g1, g2, …"
        in str(found)
    )
    assert len(found.items) == 5
    assert "reference_how" not in found.items[1].metadata


def test_an_item_without_an_object_is_named(folder):
    found = attached(folder, item(object=None))
    assert "1 item without a reference image, because they have no field 'object': q1" in found.notes


def test_a_reference_image_that_an_item_has_is_kept(folder):
    own = (Image(path="q/bluish.png", role="reference"), Image(path="q/reddish.png"))
    found = attached(folder, item(images=own))
    assert references(found) == ["bluish"]
    assert found.items[0].metadata["reference_how"] == "own"
    assert "1 item kept the reference images that they had: q1" in found.notes


def test_attaching_twice_changes_nothing(folder):
    first = attached(folder, item())
    assert attached(folder, *first.items).items == first.items


def test_near_duplicates_are_named(folder):
    paint(folder / "q" / "near.png", 250, 6, 5)
    found = attached(folder, item(), item("q2", "q/near.png"))
    assert found.notes[1].startswith("1 item with a picture that is nearly the same as its reference image")
    assert found.notes[1].endswith("q2")


def test_the_only_normal_picture_is_not_the_reference_of_itself(folder):
    found = attached(folder, item(picture="normals/nut/gray.png", object="nut"))
    assert "because the only normal image of the object is their own picture: q1" in found.notes[1]


def test_fewer_normal_pictures_than_asked_for_are_counted(folder):
    assert "1 item got fewer than 4: q1" in attached(folder, item(), k=4).notes


def test_a_picture_that_is_a_url_has_no_nearest_one(folder):
    found = attached(folder, item(images=(Image(url="https://example.org/a.png"),)))
    assert "its picture is a URL" in found.notes[1]
    assert found.items[0].images == (Image(url="https://example.org/a.png"),)


def test_notes_of_the_pool_are_shown(folder):
    paint(folder / "normals" / "screw" / "again.png", *SCREWS["red"])
    assert "1 normal image left out" in attached(folder, item()).notes[-1]


def test_missing_pictures_of_items_are_named_together(folder):
    items = [item(f"q{n}", f"q/none{n}.png") for n in range(22)]
    with pytest.raises(InputError) as error:
        attached(folder, *items)
    lines = str(error.value).splitlines()
    assert lines[0].startswith("item 'q0': image q/none0.png: no such file")
    assert (len(lines), lines[-1]) == (21, "… and 2 more")


# ---- random and given


def test_random_pictures_depend_on_the_seed_and_the_id_alone(folder):
    items = [item(f"q{n}") for n in range(30)]
    first = attached(folder, *items, how="random")
    again = attached(folder, *reversed(items), how="random")
    assert [references(first, n) for n in range(30)] == [references(again, 29 - n) for n in range(30)]
    other = attached(folder, *items, how="random", seed=1)
    assert [references(first, n) for n in range(30)] != [references(other, n) for n in range(30)]


def test_random_pictures_are_all_drawn_and_never_the_picture_itself(folder):
    items = [item(f"q{n}", "normals/screw/red.png") for n in range(40)]
    found = attached(folder, *items, how="random")
    assert {references(found, n)[0] for n in range(40)} == {"orange", "blue"}


def test_an_item_without_an_object_gets_no_random_picture(folder):
    assert references(attached(folder, item(object=None), how="random")) == []


def test_random_pictures_need_no_embedder_and_no_picture(folder):
    found = attached(folder, item(images=()), how="random", embedder=None)
    assert len(references(found)) == 1
    assert "reference_distance" not in found.items[0].metadata


def test_the_distance_of_random_pictures_is_measured_where_there_is_an_embedder(folder):
    found = attached(folder, item(), item("q2", images=()), how="random")
    assert 0 < found.items[0].metadata["reference_distance"] < 1
    assert "reference_distance" not in found.items[1].metadata


@pytest.mark.parametrize("value", ["screw/blue.png", ["screw/blue.png", "screw/red.png"]], ids=str)
def test_a_field_names_the_given_picture(folder, value):
    found = attached(folder, item(template=value), item("q2"), how="given", given="template", embedder=None)
    assert references(found) == ["blue"]
    assert "they have no field 'template': q2" in found.notes[1]


def test_a_table_names_the_given_picture_by_the_id_of_the_item(folder):
    (folder / "normals" / "t.csv").write_text("id,image\nq1,screw/blue.png\nq1,screw/red.png\n")
    found = judge.attach_normals(
        [item(), item("q2")], folder / "normals" / "t.csv", how="given", k=2, image_root=folder
    )
    assert references(found) == ["blue", "red"]
    assert "the table of normal images has no row for them: q2" in found.notes[1]


def test_ids_of_the_table_that_no_item_has_are_named(folder):
    lines = ["id,image", *(f"{key},screw/blue.png" for key in ("q1", "a", "b", "c", "d"))]
    (folder / "normals" / "t.csv").write_text("\n".join(lines))
    found = judge.attach_normals([item()], folder / "normals" / "t.csv", how="given", image_root=folder)
    assert found.notes[-1] == "4 ids of the table of normal images, which no item has: a, b, c, …"


def test_a_given_picture_that_an_item_has_is_kept(folder):
    own = (Image(path="q/bluish.png", role="reference"),)
    assert references(attached(folder, item(images=own), how="given", given="x")) == ["bluish"]


def test_a_given_picture_is_not_that_of_the_item_itself(folder):
    same = item(picture="normals/screw/red.png", t="screw/red.png")
    found = attached(folder, same, how="given", given="t", embedder=None)
    assert "because the given image is their own picture: q1" in found.notes[1]
    both = item(picture="normals/screw/red.png", t=["screw/red.png", "screw/blue.png"])
    assert references(attached(folder, both, how="given", given="t")) == ["blue"]


def test_only_the_pictures_that_were_drawn_are_embedded(folder, monkeypatch):
    source = ByColor()
    monkeypatch.setattr(workflow, "load_embedder", lambda *_: source)
    attached(folder, item(), how="random")
    assert len(source.seen) == 2


def test_a_field_that_names_no_picture_is_an_error(folder):
    with pytest.raises(InputError, match=r"item 'q1': field 't': found 7; allowed: the path of an image"):
        attached(folder, item(t=7), how="given", given="t")


# ---- paths


def test_paths_are_relative_to_the_folder_that_holds_both(folder):
    found = judge.attach_normals(
        [item(picture="reddish.png")], folder / "normals", image_root=folder / "q", embedder="color"
    )
    assert found.root == folder
    assert [image.path for image in found.items[0].images] == ["normals/screw/red.png", "q/reddish.png"]


def test_folders_on_two_drives_are_an_error(folder, monkeypatch):
    def fails(_):
        raise ValueError

    monkeypatch.setattr(attach.os.path, "commonpath", fails)
    with pytest.raises(InputError, match="on different drives"):
        attach._common_folder(folder, folder)


def test_the_written_file_is_read_as_the_same_items(folder):
    found = attached(folder, item(), item("q2", object="gear"))
    found.write(folder / "out.jsonl")
    assert load_items(folder / "out.jsonl") == found.items


def test_a_file_that_cannot_be_written_is_an_error(folder):
    with pytest.raises(InputError, match="cannot be written"):
        attached(folder, item()).write(folder / "none" / "out.jsonl")


def test_scoring_takes_the_items_with_their_root(folder):
    found = attached(folder, item())
    run = judge.score(found.items, judge="baseline", image_root=found.root, out=folder / "run")
    assert [image.role for image in run["q1"].item.images] == ["reference", "query"]


# ---- options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"how": "best"}, "found 'best'; allowed: nearest, random, given"),
        ({"k": 0}, "found 0; it must be at least 1"),
        ({"embedder": None}, r"needs an embedder .*Without one: how='random'"),
        ({"given": "x"}, "belongs to how='given'"),
        ({"how": "given"}, "needs a table with a column id"),
    ],
    ids=["how", "k", "embedder", "given", "no table"],
)
def test_options_that_do_not_fit_together_say_what_to_do(folder, options, problem):
    with pytest.raises(InputError, match=problem):
        attached(folder, item(), **options)


def test_answers_in_a_file_have_their_pictures_beside_them(folder):
    row = {"id": "q1", "question": "?", "answer": "a", "object": "screw", "images": ["q/reddish.png"]}
    (folder / "a.jsonl").write_text(json.dumps(row))
    found = judge.attach_normals(folder / "a.jsonl", folder / "normals", embedder="color")
    assert (references(found), found.root) == (["red"], folder)


def test_answers_in_memory_have_their_pictures_in_the_current_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    found = judge.attach_normals([item()], "normals", embedder="color", cache=folder / "own")
    assert references(found) == ["red"]
    assert (folder / "own" / "embeddings.db").is_file()


def test_the_made_up_embedder_is_one():
    source: Embedder = ByColor()
    assert source.identity
