"""Items and scores as columns."""

import numpy as np
import pytest

from judge.analysis.score_table import ScoreTable
from judge.errors import InputError
from judge.records import Item, Score


def test_an_item_without_a_score_row_is_unscored_not_failed(make_table):
    table = make_table([{"accuracy": 4, "clarity": 4}, {}])
    assert table.outcomes.tolist() == ["ok", "unscored"]
    assert np.isnan(table.passed[1])


def test_a_missing_score_leaves_the_verdict_open_unless_another_fails(make_table):
    table = make_table([{"accuracy": 5, "clarity": "refused"}, {"accuracy": 1, "clarity": "refused"}])
    assert table.outcomes.tolist() == ["refused", "ok"]


def test_verdict_takes_the_status_of_the_first_missing_score_of_the_rule(make_table):
    assert make_table([{"accuracy": "failed", "clarity": "unparsed"}]).outcomes.tolist() == ["failed"]


def test_dimension_without_a_bar_of_its_own_has_that_of_the_overall_score(make_table, make_rubric):
    table = make_table([{}], make_rubric({"overall": 3, "clarity": 4}, how="mean"))
    assert (table.pass_mark("accuracy"), table.pass_mark("clarity")) == (3, 4)


def test_dimension_has_no_bar_where_the_rule_names_neither_it_nor_the_overall_score(make_table, make_rubric):
    table = make_table([{"accuracy": 4, "clarity": 2}], make_rubric({"accuracy": 3}))
    assert table.pass_mark("clarity") is None
    assert table.passed_on("clarity") is None


def test_flags_are_kept_beside_the_scores(make_table, make_rubric):
    rubric = make_rubric(flags={"sure": {"type": "boolean", "description": "x"}})
    assert make_table([{"sure": 1.0}, {}], rubric).flags["sure"].tolist() == [1.0, None]


def test_repeats_beyond_the_first_are_counted_and_left_out(make_rubric):
    scores = [
        Score(item_id="a", rater="r", rater_kind="judge", dimension="accuracy", sample=s, value=v)
        for s, v in enumerate([4, 1])
    ]
    table = ScoreTable.build("run", make_rubric(), [Item(id="a", question="q", answer="a")], scores)
    assert (table.values["accuracy"].tolist(), table.n_samples) == ([4], 2)


def test_a_run_without_items_is_an_error(make_rubric):
    with pytest.raises(InputError, match="run: no items"):
        ScoreTable.build("run", make_rubric(), [], [])


def test_a_score_of_an_unknown_item_is_an_error(make_rubric):
    stray = Score(item_id="b", rater="r", rater_kind="judge", dimension="accuracy", value=1)
    with pytest.raises(InputError, match="item 'b', which is not in the run"):
        ScoreTable.build("run", make_rubric(), [Item(id="a", question="q", answer="a")], [stray])


def test_scores_of_two_raters_are_an_error(make_rubric):
    scores = [
        Score(item_id="a", rater=r, rater_kind="judge", dimension="accuracy", value=1) for r in ("x", "y")
    ]
    with pytest.raises(InputError, match=r"scores of 2 raters \(x, y\); a run is one judge"):
        ScoreTable.build("run", make_rubric(), [Item(id="a", question="q", answer="a")], scores)


def test_field_is_text_and_missing_values_are_named(make_table):
    table = make_table([{"level": 3.0}, {"level": True}, {}])
    assert table.field("level").tolist() == ["3", "true", "(none)"]


def test_unknown_field_is_an_error_that_lists_the_known_ones(make_table):
    with pytest.raises(InputError, match="no item has the field 'colour'; found: system, size"):
        make_table([{"size": 1, "system": "s"}]).field("colour")


def test_items_of_one_pair_id_are_resampled_together_without_being_asked(make_table):
    table = make_table([{"pair_id": "x"}, {"pair_id": "x"}, {"pair_id": "y"}])
    clusters = table.clusters(None)
    assert clusters is not None
    assert clusters[0] == clusters[1] != clusters[2]
    assert table.clusters("id") is None


def test_items_without_the_cluster_field_stand_alone(make_table):
    clusters = make_table([{"image": "x"}, {"image": "x"}, {}, {}]).clusters("image")
    assert len(set(clusters.tolist())) == 3


def test_clusters_of_a_field_are_found_once(make_table):
    table = make_table([{"image": "x"}, {"image": "x"}, {"image": "y"}])
    assert table.clusters("image") is table.clusters("image")


def test_clusters_of_one_item_each_are_no_clusters(make_table):
    assert make_table([{"image": "x"}, {"image": "y"}]).clusters("image") is None


def test_take_keeps_rows_in_the_order_asked_for(make_table):
    table = make_table([{"accuracy": v, "clarity": 3} for v in (1, 2, 3)]).take([2, 0], "part")
    assert ([item.id for item in table.items], table.values["accuracy"].tolist()) == (["i2", "i0"], [3, 1])
    assert table.name == "part"
