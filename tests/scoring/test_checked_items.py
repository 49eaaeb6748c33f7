"""Which answers are scored: all, the first ones, or a random sample."""

import pytest

from judge import score
from judge.errors import InputError
from judge.scoring.checked_items import BadItems, InputOptions, checked_items

from .builders import item

ITEMS = [item(f"q{n}", f"Answer {n}.") for n in range(1000)]


def chosen(answers=ITEMS, **options):
    found = checked_items(answers, InputOptions(**options), root=None, bad=BadItems())
    return [item.id for item in found]


def test_a_limit_takes_the_first_items():
    assert chosen(limit=3) == ["q0", "q1", "q2"]


def test_a_random_sample_keeps_the_order_of_the_input():
    ids = chosen(limit=50, random=True)
    assert len(set(ids)) == 50
    assert ids == sorted(ids, key=lambda id: int(id[1:]))
    assert ids != [f"q{n}" for n in range(50)]


def test_a_random_sample_is_the_same_under_the_same_seed_only():
    assert chosen(limit=50, random=True, seed=3) == chosen(limit=50, random=True, seed=3)
    assert chosen(limit=50, random=True, seed=3) != chosen(limit=50, random=True, seed=4)


def test_a_random_sample_depends_on_the_ids_and_not_on_their_order():
    assert set(chosen(ITEMS[::-1], limit=50, random=True)) == set(chosen(limit=50, random=True))


def test_a_larger_random_sample_contains_a_smaller_one():
    assert set(chosen(limit=50, random=True)) < set(chosen(limit=80, random=True))


def test_a_random_sample_of_more_than_there_are_is_everything():
    assert chosen(limit=2000, random=True) == chosen()


def drawn(tmp_path, answers=ITEMS[:20], **options):
    """What the manifest of the run says after one more call."""
    with score(answers, judge="baseline", out=tmp_path / "r", **options) as run:
        return run.manifest.get("random_sample")


def test_the_manifest_says_from_how_many_items_a_random_sample_was_drawn(tmp_path):
    assert drawn(tmp_path, limit=5, random=True, seed=2) == {"items": 5, "of": 20, "seed": 2}
    assert drawn(tmp_path, limit=8, random=True, seed=2) == {"items": 8, "of": 20, "seed": 2}


@pytest.mark.parametrize("options", [{}, {"limit": 5}, {"limit": 20, "random": True}, {"random": True}])
def test_a_run_of_all_items_or_of_the_first_ones_is_not_called_a_random_sample(tmp_path, options):
    assert drawn(tmp_path, **options) is None


def test_a_pilot_that_is_completed_is_no_longer_called_a_sample(tmp_path):
    assert drawn(tmp_path, limit=5, random=True) is not None
    assert drawn(tmp_path) is None


def test_two_random_samples_of_one_input_are_one_larger_sample(tmp_path):
    assert drawn(tmp_path, limit=8, random=True) == {"items": 8, "of": 20, "seed": 0}
    assert drawn(tmp_path, limit=5, random=True) == {"items": 8, "of": 20, "seed": 0}
    found = drawn(tmp_path, limit=5, random=True, seed=3)
    assert found["items"] > 8
    assert found["seed"] is None


@pytest.mark.parametrize("first", [{"limit": 19}, {"answers": ITEMS[100:120], "limit": 3, "random": True}])
def test_a_random_sample_added_to_other_items_is_none(tmp_path, first):
    drawn(tmp_path, **first)
    assert drawn(tmp_path, ITEMS[:15], limit=3, random=True) is None


def test_random_without_a_limit_changes_nothing():
    assert chosen(random=True) == chosen()


def test_a_random_sample_takes_every_item_equally_often():
    counts = dict.fromkeys((f"q{n}" for n in range(20)), 0)
    for seed in range(2000):
        for id in chosen(ITEMS[:20], limit=5, random=True, seed=seed):
            counts[id] += 1
    # Each is drawn with probability 1/4: 500 times, with a standard deviation of 19.4.
    assert all(abs(count - 500) < 5 * 19.4 for count in counts.values())


def test_a_broken_row_outside_the_first_items_is_not_read():
    assert chosen([*ITEMS[:2], {"id": "x"}], limit=2) == ["q0", "q1"]


def test_every_row_is_read_for_a_random_sample():
    with pytest.raises(InputError, match="row 3: no field 'question'"):
        chosen([*ITEMS[:2], {"id": "x"}], limit=2, random=True)


def test_a_pilot_that_is_started_again_asks_nothing_again(tmp_path):
    given = {"judge": "baseline", "limit": 20, "random": True, "out": tmp_path / "r"}
    answers = [
        {"id": i.id, "question": i.question, "answer": i.answer, "reference": "x"} for i in ITEMS[:100]
    ]
    with score(answers, **given) as run:
        first = run.summary()
    with score(answers, **given) as run:
        again = run.summary()
    assert first.items == again.items == 20
    assert first.completions == again.completions == 20
    with score(answers, **{**given, "limit": 30}) as run:
        assert (run.summary().items, run.summary().completions) == (30, 30)
