"""Changed pictures: staged copies, gray pictures, and pictures of other items."""

import PIL.Image
import pytest

from judge.records import Image, Item
from judge.rubric import load_rubric
from judge.scoring.images import check
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests
from judge.stress_testing.pictures import StagedPictures
from judge.stress_testing.probe import NotApplicable, ProbeContext
from judge.stress_testing.probes import PROBES

RUBRIC = load_rubric("inspection")


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    for n, name in enumerate(("a.png", "b.png", "c.PNG", "ra.png", "rb.png")):
        PIL.Image.new("RGB", (8 + n, 6), (40 * n, 0, 0)).save(folder / name)
    return folder


@pytest.fixture
def pictures(tmp_path, root):
    return StagedPictures(tmp_path / "stress" / "pictures", root)


def item(name, root, *paths, reference_picture=None, pair_id=None, **fields):
    images = [Image(path=path) for path in paths]
    images += [Image(path=reference_picture, role="reference")] if reference_picture else []
    metadata = {} if pair_id is None else {"pair_id": pair_id}
    fields = {"question": f"What of {name}?", "answer": "!", **fields}
    return check(Item(id=name, images=tuple(images), metadata=metadata, **fields), root)


def changed(probe, one, pictures, *others, seed=0):
    return PROBES[probe].change_item(one, ProbeContext(RUBRIC, [one, *others], pictures, seed))


def test_a_staged_picture_has_the_same_bytes_and_a_name_of_its_content(root, pictures):
    (image,) = item("1", root, "c.PNG").images
    staged = pictures.staged(image)
    assert staged.path == f"c-{image.sha256[:12]}.png"
    assert (pictures.folder / staged.path).read_bytes() == (root / "c.PNG").read_bytes()
    assert staged.sha256 == image.sha256


def test_a_picture_is_copied_once(root, pictures):
    (image,) = item("1", root, "a.png").images
    pictures.staged(image)
    (root / "a.png").unlink()
    assert pictures.staged(image).sha256 == image.sha256


def test_the_url_of_a_picture_stays(pictures):
    image = Image(url="https://example.org/x.png")
    assert pictures.staged(image) == image


def staged(one, pictures):
    return one.model_copy(update={"images": tuple(map(pictures.staged, one.images))})


def test_a_gray_picture_has_the_size_and_the_role_of_its_original(root, pictures):
    one = staged(item("1", root, "b.png"), pictures)
    (blank,) = changed("blank_picture", one, pictures).images
    with PIL.Image.open(pictures.folder / blank.path) as picture:
        assert picture.size == (9, 6)
        assert picture.getcolors() == [(54, (127, 127, 127))]
    assert blank.role == "query"


def test_the_gray_picture_of_a_url_has_512_by_512_pixels(pictures):
    one = Item(id="1", question="?", answer="!", images=(Image(url="https://example.org/x.png"),))
    for _ in range(2):  # the second time it is there already
        (blank,) = changed("blank_picture", one, pictures).images
    with PIL.Image.open(pictures.folder / blank.path) as picture:
        assert picture.size == (512, 512)


def test_the_reference_picture_stays_where_that_of_the_question_is_gray(root, pictures):
    one = staged(item("1", root, "a.png", reference_picture="ra.png"), pictures)
    found = changed("blank_picture", one, pictures)
    assert found.images[1] == one.images[1]
    assert found.images[0] != one.images[0]


def test_another_picture_is_that_of_another_item(root, pictures):
    one, two = item("1", root, "a.png"), item("2", root, "b.png")
    assert changed("other_picture", one, pictures, two).images == two.images


def test_another_reference_picture_leaves_that_of_the_question(root, pictures):
    one = item("1", root, "a.png", reference_picture="ra.png")
    two = item("2", root, "b.png", reference_picture="rb.png")
    found = changed("other_reference_picture", one, pictures, two)
    assert [image.path for image in found.images] == ["a.png", "rb.png"]


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_the_items(root, pictures):
    one, others = item("1", root, "a.png"), [item(n, root, n) for n in ("b.png", "c.PNG", "ra.png", "rb.png")]
    found = {changed("other_picture", one, pictures, *others, seed=s).images for s in range(20)}
    assert len(found) > 1
    assert changed("other_picture", one, pictures, *others) == changed(
        "other_picture", one, pictures, *others[::-1]
    )


def same_subject(root):
    yield item("2", root, "a.png")  # the same picture with another question
    yield item("3", root, "b.png", "c.PNG")  # two pictures
    yield item("4", root)


def test_the_same_picture_or_another_number_of_pictures_is_no_other_picture(root, pictures):
    with pytest.raises(NotApplicable, match="no item has as many other pictures"):
        changed("other_picture", item("1", root, "a.png"), pictures, *same_subject(root))


def test_the_same_picture_in_another_condition_is_no_other_picture(root, pictures):
    clean, dark = item("1", root, "a.png", pair_id="p"), item("2", root, "b.png", pair_id="p")
    with pytest.raises(NotApplicable, match="no item has as many other pictures"):
        changed("other_picture", clean, pictures, dark)


def test_a_picture_with_the_same_question_and_reference_is_no_other_picture(root, pictures):
    fields = {"question": "Is it broken?", "reference": "Yes."}
    one, two = item("1", root, "a.png", **fields), item("2", root, "b.png", **fields)
    with pytest.raises(NotApplicable, match="no item has as many other pictures"):
        changed("other_picture", one, pictures, two)
    whole = item("3", root, "c.PNG", question="Is it broken?", reference="No.")
    assert changed("other_picture", one, pictures, two, whole).images == whole.images


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        ("blank_picture", "no picture"),
        ("other_picture", "no picture"),
        ("other_reference_picture", "the item has no reference picture"),
    ],
)
def test_an_item_without_the_picture_is_left_out(root, pictures, probe, why):
    with pytest.raises(NotApplicable, match=f"^{why}$"):
        changed(probe, item("1", root), pictures)


@pytest.mark.parametrize("probe", ["blank_picture", "other_picture", "other_reference_picture"])
def test_the_request_holds_the_changed_picture(root, pictures, probe):
    one = staged(item("1", root, "a.png", reference_picture="ra.png"), pictures)
    two = staged(item("2", root, "b.png", reference_picture="rb.png"), pictures)
    twin = check(changed(probe, one, pictures, two), pictures.folder)
    judge = Judge("openai/x", RUBRIC)
    assert build_requests(twin, judge)[0].key != build_requests(one, judge)[0].key
    assert {image.sha256 for image in twin.images} != {image.sha256 for image in one.images}
