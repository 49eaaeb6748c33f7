"""Mean ratings and bias on yes and no are computed on the same items."""

import judge
from judge.rubric import Rubric

RUBRIC = Rubric.model_validate(
    {
        "name": "r",
        "task": "t",
        "dimensions": {"named": {"description": "d", "type": "binary"}},
        "overall": {"how": "none"},
        "pass": {"named": 1},
    }
)


def test_the_bias_is_the_difference_of_the_means_also_where_people_disagree():
    said = {"a": (1, 1, 0), "b": (0, 1, 1), "c": (1, 0, 0), "d": (0, 0, 0), "e": (1, 1, 1)}
    rows = [
        {"item_id": item, "rater": rater, "rater_kind": kind, "dimension": "named", "value": value}
        for item, values in said.items()
        for rater, kind, value in zip(("ann", "ben", "m"), ("human", "human", "judge"), values, strict=True)
    ]
    found = judge.agree((), rows, rubric=RUBRIC)["named"].found
    assert found.human_mean.value == 0.6
    assert found.judge_mean.value == 0.4
    assert round(found.bias.value, 12) == round(0.4 - 0.6, 12)
    assert found.human_mean.n_items == found.bias.n_items == 5
