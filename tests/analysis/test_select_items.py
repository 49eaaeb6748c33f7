"""Selection of items for humans to rate."""

import pytest

from judge.analysis.select_items import select_items
from judge.errors import InputError
from judge.records import Item, Score
from judge.scoring.run import Run

N_PASS, N_FAIL, N_OPEN = 60, 30, 10


@pytest.fixture(scope="module")
def run(tmp_path_factory, make_rubric):
    items = [Item(id=f"i{n}", question="?", answer="a") for n in range(N_PASS + N_FAIL + N_OPEN)]
    values = [5.0] * N_PASS + [1.0] * N_FAIL + [None] * N_OPEN
    scores = [
        Score(
            item_id=item.id, rater="j", rater_kind="judge", dimension=name, value=value,
            status="ok" if value else "failed",
        )
        for item, value in zip(items, values, strict=True)
        for name in ("accuracy", "clarity")
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("select") / "run"
    Run.imported(folder, make_rubric(), items, scores, model="j").close()
    return folder


def test_strata_are_the_verdicts_and_probabilities_the_shares_selected(run):
    found = select_items(run, 40)
    assert {name: total for name, (_, total) in found.counts.items()} == {
        "pass": N_PASS, "fail": N_FAIL, "no verdict": N_OPEN,
    }  # fmt: skip
    assert sum(n for n, _ in found.counts.values()) == len(found.items) == len(set(found.items)) == 40
    for stratum, probability in zip(found.strata, found.probabilities, strict=True):
        assert probability == pytest.approx(found.counts[stratum][0] / found.counts[stratum][1])


def test_each_item_is_in_the_stratum_of_its_verdict(run):
    ends = {"pass": (0, 60), "fail": (60, 90), "no verdict": (90, 100)}
    found = select_items(run, 40)
    for item, stratum in zip(found.items, found.strata, strict=True):
        low, high = ends[stratum]
        assert low <= int(item[1:]) < high


def test_a_stratum_on_which_people_disagree_gets_more_items(run):
    mixed = {f"i{n}": n % 2 == 0 for n in range(60, 90)}
    sure = {f"i{n}": True for n in range(60)}
    counts = select_items(run, 40, rated=mixed | sure, floor=2).counts
    alone = select_items(run, 40, floor=2).counts
    assert counts["fail"][0] > alone["fail"][0]


def test_every_stratum_has_at_least_the_floor(run):
    assert min(n for n, _ in select_items(run, 40, floor=9).counts.values()) >= 9


def test_the_seed_decides_the_selection(run):
    assert select_items(run, 40, seed=1) == select_items(run, 40, seed=1)
    assert select_items(run, 40, seed=1).items != select_items(run, 40, seed=2).items


@pytest.mark.parametrize("n", [101, 5])
def test_a_number_that_cannot_be_selected_is_refused(run, n):
    with pytest.raises(InputError, match=f"cannot select {n} items") as refused:
        select_items(run, n)
    assert "30 (up to 10 for each verdict: pass, fail, no verdict) to 100" in str(refused.value)
    assert "--select" in str(refused.value)
