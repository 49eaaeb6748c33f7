"""The report of a sample size plan."""

import pytest

from judge.analysis.plan import PlanningTarget, SampleSizePlan, StudySize
from judge.reporting.builders.plan import build_plan


def planned(*needed, sizes=(), affordable=(), **question):
    asked = PlanningTarget(**{"statistic": "kappa_quadratic", **question})
    return build_plan(SampleSizePlan(asked, tuple(needed), tuple(sizes), tuple(affordable), "simulated"))


def test_the_sentence_holds_items_raters_ratings_and_hours():
    report = planned(StudySize(3, 100, 0.1), minutes=2.0)
    assert report.verdict == ("100 items with 3 raters each: 300 ratings, 10 hours at 2 minutes per rating.",)
    assert (
        planned(StudySize(1, 245, 0.05)).verdict[0].startswith("245 items with one rating each: 245 ratings")
    )
    assert report.methods[0] == "Simulated."


@pytest.mark.parametrize(
    ("power", "text"), [(0.8, "from 60 items"), (0.79, "no study of up to 90 items has power .8")]
)
def test_power_of_eight_tenths_is_enough(power, text):  # fmt: skip
    sizes = [StudySize(3, 30, 0.3, 0.4), StudySize(3, 60, 0.2, power), StudySize(3, 90, 0.1, power)]
    report = planned(StudySize(3, 60, 0.1), sizes=sizes, margin=0.05)
    assert text in report.verdict[1]
    assert "With 3 raters" in report.verdict[1]


def test_every_number_of_raters_gets_its_own_sentence():
    sizes = [StudySize(2, 30, 0.3, 0.9), StudySize(3, 30, 0.3, 0.95), StudySize(3, 60, 0.2, 0.99)]
    report = planned(sizes=sizes, margin=0.05)
    assert [text.split(",")[0] for text in report.verdict] == ["With 2 raters", "With 3 raters"]
    assert report.verdict[1].startswith(
        "With 3 raters, the non-inferiority test at margin 0.05 has power .8 from 30 items on"
    )


def test_without_a_margin_there_is_no_power():
    report = planned(StudySize(3, 60, 0.1), sizes=[StudySize(3, 60, 0.1)])
    assert len(report.verdict) == 1
    columns = {column.key: column for column in report.tables["sizes"].columns}
    assert columns["power"].detail
    assert report.tables["sizes"].rows[0][-1] is None
    shown = planned(sizes=[StudySize(3, 60, 0.1, 0.9)], margin=0.1).tables["sizes"]
    assert not next(column for column in shown.columns if column.key == "power").detail


@pytest.mark.parametrize(("n", "warned"), [(49, True), (50, False)])
def test_fewer_than_fifty_items_are_a_warning(n, warned):
    assert bool(planned(StudySize(3, n, 0.1)).warnings) is warned


def test_a_difference_needs_three_raters():
    assert "at least 3 raters" in planned(StudySize(2, 90, 0.1), statistic="difference").warnings[0]
    assert planned(StudySize(3, 90, 0.1), statistic="difference").warnings == ()
    assert planned(StudySize(2, 90, 0.1)).warnings == ()


def test_a_budget_and_other_sizes_are_tables():
    report = planned(
        StudySize(3, 60, 0.1), affordable=[StudySize(2, 50, 0.12)], sizes=[StudySize(3, 30, 0.2)], budget=100
    )
    assert list(report.tables) == ["needed", "affordable", "sizes"]
    assert report.tables["affordable"].title == "Precision of 100 ratings"
    assert report.tables["affordable"].rows[0] == ("2", 50, 100, 3.33, 0.12, None)
    assert list(planned(StudySize(3, 60, 0.1)).tables) == ["needed"]
