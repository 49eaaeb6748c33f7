"""Selected items as rows, as a table and in a notebook."""

import pytest

from judge.analysis.select_items import select_items
from judge.records import Item, Score
from judge.scoring.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory, make_rubric):
    items = [Item(id=f"i{n}", question="?", answer="a") for n in range(60)]
    scores = [
        Score(item_id=item.id, rater="j", rater_kind="judge", dimension=name, value=5.0 if n < 40 else 1.0)
        for n, item in enumerate(items)
        for name in ("accuracy", "clarity")
    ]
    folder = tmp_path_factory.mktemp("select") / "run"
    Run.imported(folder, make_rubric(), items, scores, model="j").close()
    return folder


def test_rows_hold_id_verdict_and_probability(run):
    found = select_items(run, 60)
    assert found.rows()[0].keys() == {"item_id", "stratum", "probability"}
    assert [(row["item_id"], row["probability"]) for row in found.rows()] == [
        (f"i{n}", 1.0) for n in range(60)
    ]
    assert [row["stratum"] for row in found.rows()] == ["pass"] * 40 + ["fail"] * 20
    assert found.to_pandas().shape == (60, 3)


def test_a_notebook_shows_the_counts_and_the_first_rows(run):
    page = select_items(run, 60)._repr_html_()
    assert page.startswith("<p>60 items: 40 of 40 pass, 20 of 20 fail</p>")
    assert page.count("<tr") == 6


def test_without_a_pilot_strata_get_items_in_proportion_to_their_sizes(run):
    assert select_items(run, 30).counts == {"pass": (20, 40), "fail": (10, 20)}


def test_a_pilot_shifts_items_to_the_stratum_on_which_people_disagree(run):
    # Verdicts of people, one pass and one fail added: 11 of 12 in the passes, sd .2764; 6 of 12 in the fails, sd .5.
    rated = {f"i{n}": True for n in range(10)} | {f"i{40 + n}": n < 5 for n in range(10)}
    share = 40 * 0.2764 / (40 * 0.2764 + 20 * 0.5)
    counts = select_items(run, 30, rated=rated, floor=2).counts
    assert counts["pass"][0] == round(30 * share)
    assert counts["fail"][0] == 30 - counts["pass"][0]
