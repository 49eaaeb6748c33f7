"""How errors of many items are shown."""

import pytest

from judge.errors import InputError
from judge.rubric import load_rubric
from judge.scoring.checked_items import BadItems, InputOptions, checked_items, image_root, source_name
from judge.scoring.judge import Judge


def _bad(count):
    bad = BadItems()
    for n in range(count):
        bad.add(InputError(f"row {n}"))
    return bad


@pytest.mark.parametrize(
    ("count", "last"), [(20, "row 19"), (21, "… and 1 more"), (1_521, "… and 1,501 more")]
)
def test_twenty_errors_are_shown_and_the_others_counted(count, last):
    lines = _bad(count).lines()
    assert lines[-1] == last
    assert [line for line in lines if line.startswith("row")] == [f"row {n}" for n in range(20)]


def test_one_error_needs_no_number():
    assert str(_bad(1).combined()).splitlines()[0] == "row 0"
    assert str(_bad(2).combined()).splitlines()[0] == "2 bad items; nothing was sent:"


GOOD, BROKEN = {"id": "a", "question": "?", "answer": "!"}, {"id": "b"}


def _ids(rows, tmp_path, **options):
    return [
        one.id
        for one in checked_items(
            rows, InputOptions(**options), tmp_path, BadItems(), Judge("baseline", load_rubric("open_qa"))
        )
    ]


def test_a_bad_item_is_an_error_at_the_end_and_is_skipped_on_request(tmp_path):
    with pytest.raises(InputError, match="--skip-bad"):
        _ids([GOOD, BROKEN], tmp_path)
    assert _ids([GOOD, BROKEN], tmp_path, skip_bad=True) == ["a"]


def test_no_valid_item_is_an_error_even_where_bad_ones_are_skipped(tmp_path):
    with pytest.raises(InputError, match="items: has no item that can be scored"):
        _ids([BROKEN], tmp_path, skip_bad=True)


def test_images_are_looked_for_beside_the_file_unless_a_folder_is_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert image_root("there/a.jsonl", InputOptions()) == tmp_path / "there"
    assert image_root("-", InputOptions()) == tmp_path
    assert image_root([GOOD], InputOptions()) == tmp_path
    assert image_root("there/a.jsonl", InputOptions(image_root="here")) == tmp_path / "here"


def test_answers_in_memory_are_called_items():
    assert (source_name("a.jsonl"), source_name([GOOD])) == ("a.jsonl", "items")
