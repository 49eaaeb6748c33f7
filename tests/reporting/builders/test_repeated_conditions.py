"""Named figures of repeated judgments, with and without a pass mark, of one run and of several."""

import pytest

from judge.analysis.agreement.repeated import repeated_judgments
from judge.records import Item, Score
from judge.reporting.builders.repeated import build_retest
from judge.scoring.run import Run


@pytest.fixture
def folder(tmp_path, make_rubric):
    def make(name, rule):
        rubric = make_rubric(rule)
        items = [Item(id=f"q{i}", question="?", answer="a") for i in range(20)]
        scores = [
            Score(item_id=item.id, rater=name, rater_kind="judge", dimension=d, value=float(1 + (i + s * (i < 4)) % 5), sample=s)
            for i, item in enumerate(items)
            for d in rubric.scored
            for s in range(2)
        ]  # fmt: skip
        Run.imported(tmp_path / name, rubric, items, scores, model=name).close()
        return str(tmp_path / name)

    return make


def test_flips_are_a_figure_of_dimensions_with_a_pass_mark(folder):
    found = build_retest(repeated_judgments([folder("one", {"accuracy": 3})])).estimates
    assert found["exact.accuracy"].value == pytest.approx(16 / 20)
    assert "flips.accuracy" in found
    assert found["flips.accuracy"].value == pytest.approx(
        1 / 20
    )  # of the scores 1-2, 2-3, 3-4 and 4-5 one passes 3
    assert "flips.clarity" not in found
    assert {name.split(".")[0] for name in found if name.endswith("clarity")} == {
        "exact",
        "alpha",
        "reliability",
    }


def test_figures_of_several_runs_end_in_the_name_of_the_run(folder):
    runs = [folder(name, {"accuracy": 3}) for name in ("one", "two")]
    assert {name.partition("@")[2] for name in build_retest(repeated_judgments(runs)).estimates} == {
        "one",
        "two",
    }
    assert not any("@" in name for name in build_retest(repeated_judgments(runs[:1])).estimates)
