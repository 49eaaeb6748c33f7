"""Scoring one shard of an input: which items it holds, and what a folder of a shard accepts."""

import io

import PIL.Image
import pytest

from judge import Judge, Run, preview, score
from judge.errors import InputError, RunError
from judge.records import Image
from judge.scoring import score as score_module
from judge.scoring.images import content_of
from judge.scoring.panel import Panel
from judge.scoring.score import default_out
from judge.scoring.shards import Shard
from judge.scoring.whole_input import content_key

from .builders import Scripted, answered_by, item, reply, rubric


@pytest.fixture
def backend(monkeypatch):
    """Every judge is this backend, which answers each request alike."""
    return answered_by(monkeypatch, Scripted(lambda _: reply()))


def items(count):
    return [item(str(n), f"Answer {n}.") for n in range(count)]


def shards(answers, of, folder, **options):
    """Ids of the items of each shard, scored into a folder of its own."""
    for n in range(1, of + 1):
        with score(answers, shard=f"{n}/{of}", out=folder / str(n), **options) as run:
            yield run.ids_with_status()


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "-1/4", "1/0", "1/2/3", "a/b", "1/100001", "1.0/2"])
def test_text_that_names_no_shard_is_refused(text):
    with pytest.raises(InputError, match=r"shard \(--shard\): found .* allowed is N/COUNT, counted from 1"):
        Shard.parse(text)


def test_names_of_shards_sort_by_number():
    names = [Shard(n, 12).suffix for n in (2, 10, 11)]
    assert names == sorted(names)
    assert names[0] == "shard-02-of-12"


def test_default_folder_of_a_shard_names_the_shard():
    judge = Judge("baseline", rubric())
    assert str(default_out("a.jsonl", judge, Shard(3, 16))) == "runs/a-baseline-small-shard-03-of-16"


def test_default_folders_of_a_panel_name_the_shard():
    panel = Panel("a.jsonl", [Judge("baseline", rubric())], shard="3/16")
    assert [folder.name for _, folder in panel.members] == ["a-baseline-small-shard-03-of-16"]


def test_every_item_is_in_exactly_one_shard_and_keeps_the_order_of_the_input(tmp_path):
    answers = items(60)
    found = list(shards(answers, 4, tmp_path))
    assert sorted((i for ids in found for i in ids), key=int) == [i.id for i in answers]
    assert all(ids == sorted(ids, key=int) and ids for ids in found)


def test_items_with_the_same_content_are_in_one_shard_and_share_a_request(tmp_path, backend):
    answers = [item(f"{n}-{system}", f"Answer {n}.", system=system) for n in range(9) for system in "xyz"]
    for ids in shards(answers, 5, tmp_path, judge="openai/x", rubric=rubric()):
        assert sorted(ids) == sorted(f"{n}-{system}" for n in {i[0] for i in ids} for system in "xyz")
    assert len(backend.asked) == 9


@pytest.mark.parametrize(
    "change",
    [
        {"question": "Another?"},
        {"answer": "Another."},
        {"reference": "A reference."},
        {"reference": "x", "other_references": ("y",)},
        {"choices": ("a", "b")},
        {"images": (Image(url="https://example.org/a.png"),)},
    ],
    ids=lambda change: ",".join(change),
)
def test_shard_depends_on_what_decides_the_request(change, tmp_path):
    one = item()
    assert content_key(one, tmp_path) != content_key(one.model_copy(update=change), tmp_path)


@pytest.mark.parametrize("change", [{"id": "other"}, {"system": "s"}, {"metadata": {"a": 1}}, {"gold": "A"}])
def test_shard_does_not_depend_on_id_system_or_metadata(change, tmp_path):
    one = item()
    assert content_key(one, tmp_path) == content_key(one.model_copy(update=change), tmp_path)


def picture(path, colour="red"):
    data = io.BytesIO()
    PIL.Image.new("RGB", (4, 4), colour).save(data, "PNG")
    path.write_bytes(data.getvalue())
    return path.name


def test_images_count_by_content_and_not_by_name(tmp_path):
    first, second, other = (
        item(images=(Image(path=picture(tmp_path / f"{n}.png", colour)),))
        for n, colour in enumerate(("red", "red", "blue"))
    )
    assert content_key(first, tmp_path) == content_key(second, tmp_path) != content_key(other, tmp_path)


@pytest.mark.parametrize("path", ["missing.png", "../outside.png"])
def test_image_that_cannot_be_read_counts_by_its_path(path, tmp_path):
    picture(tmp_path / "outside.png")
    (tmp_path / "root").mkdir()
    assert content_of(Image(path=path), tmp_path / "root") == path


def test_invalid_image_is_an_error_in_the_shard_that_holds_it_only(tmp_path):
    answers = [*items(4), item("bad", images=(Image(path="missing.png"),))]
    outcomes = []
    for n in (1, 2):
        try:
            score(answers, shard=f"{n}/2", out=tmp_path / str(n), image_root=tmp_path)
            outcomes.append("scored")
        except InputError as error:
            outcomes.append("missing.png" if "missing.png" in str(error) else str(error))
    assert sorted(outcomes) == ["missing.png", "scored"]


@pytest.mark.parametrize("times", [1, 2])
def test_digest_of_an_item_with_an_image_is_that_of_a_run_without_shards(tmp_path, times):
    answers = [item(images=(Image(path=picture(tmp_path / "a.png")),))] * times
    stored = []
    for shard in (None, "1/1"):
        with score(answers, shard=shard, out=tmp_path / str(shard), image_root=tmp_path) as run:
            stored += [digest for (digest,) in run._rows("SELECT digest FROM items")]
    assert stored[0] == stored[1]


def test_changed_image_is_noticed_when_a_shard_is_scored_again(tmp_path, backend):
    one = item(images=(Image(path=picture(tmp_path / "a.png")),))
    for colour in ("red", "blue"):
        picture(tmp_path / "a.png", colour)
        score([one], shard="1/1", out=tmp_path / "r", judge="openai/x", rubric=rubric(), image_root=tmp_path)
    assert len(backend.asked) == 2


def test_shard_without_items_is_a_run_without_items(tmp_path):
    found = list(shards(items(1), 3, tmp_path))
    assert sorted(found) == [[], [], ["0"]]


def test_input_without_items_is_refused_in_a_shard_as_well(tmp_path):
    with pytest.raises(InputError, match="has no item that can be scored"):
        score([], shard="1/2", out=tmp_path / "r")


def test_id_of_two_different_items_is_refused_in_every_shard(tmp_path):
    answers = [*items(8), item("0", "Something else.")]
    for n in range(1, 4):
        with pytest.raises(InputError, match="the id '0' was used before for an item with other content"):
            score(answers, shard=f"{n}/3", out=tmp_path / str(n))


def test_row_that_is_repeated_exactly_is_one_item(tmp_path):
    assert sorted(i for ids in shards(items(3) * 2, 2, tmp_path) for i in ids) == ["0", "1", "2"]


def test_shard_is_taken_after_the_limit(tmp_path):
    found = [i for ids in shards(items(30), 2, tmp_path, limit=7) for i in ids]
    assert sorted(found) == [str(n) for n in range(7)]


def test_shards_of_a_random_sample_hold_the_sample(tmp_path):
    options = {"limit": 6, "random": True, "seed": 3}
    found = [i for ids in shards(items(40), 2, tmp_path / "shards", **options) for i in ids]
    with score(items(40), out=tmp_path / "one", **options) as run:
        assert sorted(found, key=int) == run.ids_with_status()


def test_manifest_says_which_shard_of_which_input_a_run_is(tmp_path):
    facts = []
    for n in (1, 2):
        with score(items(10), shard=f"{n}/2", out=tmp_path / str(n)) as run:
            facts.append(run.fact("shard"))
    assert [(f["number"], f["of"], f["items"]) for f in facts] == [(1, 2, 10), (2, 2, 10)]
    assert facts[0]["input"] == facts[1]["input"]


@pytest.mark.parametrize(
    "answers",
    [items(11), items(10)[::-1], [*items(9), item("9", "Changed.")], [*items(9), item("ten", "Answer 9.")]],
    ids=["longer", "reversed", "changed", "renamed"],
)
def test_another_input_has_another_digest(answers, tmp_path):
    with (
        score(items(10), shard="1/1", out=tmp_path / "a") as first,
        score(answers, shard="1/1", out=tmp_path / "b") as second,
    ):
        assert first.fact("shard")["input"] != second.fact("shard")["input"]


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        ("1/2", "2/2", "holds shard 1/2, but shard (--shard) is 2/2"),
        ("1/2", "1/3", "holds shard 1/2, but shard (--shard) is 1/3"),
        ("1/2", None, "holds shard 1/2, but no shard (--shard) is given"),
        (None, "1/2", "holds the answers of an input without shards, but shard (--shard) is 1/2"),
    ],
)
def test_folder_with_replies_accepts_its_own_shard_only(first, then, words, tmp_path):
    score(items(8), shard=first, out=tmp_path / "r")
    with pytest.raises(RunError) as error:
        score(items(8), shard=then, out=tmp_path / "r")
    assert words in str(error.value)


def test_folder_without_replies_accepts_any_shard(tmp_path, backend):
    backend.answer = lambda _: pytest.fail("no request is expected")
    empty = next(n for n in range(1, 9) if not Shard(n, 8).holds(content_key(item(), tmp_path)))
    score([item()], shard=f"{empty}/8", out=tmp_path / "r", judge="openai/x", rubric=rubric())
    backend.answer = lambda _: reply()
    with score([item()], out=tmp_path / "r", judge="openai/x", rubric=rubric()) as run:
        assert run.fact("shard") is None
        assert run.summary().complete == 1


def test_second_call_requests_only_what_the_shard_lacks(tmp_path, backend):
    for _ in range(2):
        score(items(9), shard="1/2", out=tmp_path / "r", judge="openai/x", rubric=rubric())
    assert len(backend.asked) == len({request.key for request in backend.asked})


def test_preview_counts_the_items_of_the_shard(tmp_path):
    judge = Judge("baseline", rubric())
    found = [preview(items(12), judge, shard=f"{n}/3", out=tmp_path / str(n)).items for n in (1, 2, 3)]
    assert sum(found) == 12


@pytest.mark.parametrize("fact", ["shard", "merged"])
def test_damaged_fact_in_the_manifest_is_reported(tmp_path, fact):
    score(items(2), shard="1/1", out=tmp_path / "r")
    with Run.create(tmp_path / "r", Judge("baseline", score_module.load_rubric("open_qa"))) as run:
        run.set_fact(fact, {"number": "one"})
    with pytest.raises(RunError, match="damaged"):
        Run.open(tmp_path / "r")
