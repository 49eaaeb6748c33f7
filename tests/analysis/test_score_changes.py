"""What is counted as a change between two derivations of the scores."""

from judge.analysis.score_changes import score_changes

OK = {"truth": 3.0, "named": 1.0, "fault": "none", "overall": 3.0}


def test_equal_scores_and_equal_gaps_are_no_change(make_typed):
    table = make_typed([OK, {"truth": "refused"}])
    found = score_changes(table, make_typed([OK, {"truth": "refused"}]))
    assert (found.n_changed, found.scores, found.verdicts) == (0, {}, {})
    assert found.statuses[0] == found.statuses[1]


def test_changes_are_counted_by_dimension_with_labels_and_statuses(make_typed):
    before = make_typed([OK, OK, {**OK, "truth": "unparsed", "overall": "unparsed"}])
    after = make_typed([{**OK, "named": 0.0, "fault": "major"}, {**OK, "overall": 1.0}, OK])
    found = score_changes(before, after)
    assert found.scores == {
        "truth": {("unparsed", "3"): 1},
        "named": {("yes", "no"): 1},
        "fault": {("none", "major"): 1},
        "overall": {("3", "1"): 1, ("unparsed", "3"): 1},
    }
    assert found.verdicts == {("pass", "fail"): 1, ("no verdict", "pass"): 1}
    assert found.n_changed == 5
    assert (found.statuses[0]["unparsed"], found.statuses[1].get("unparsed", 0)) == (2, 0)


def test_criteria_of_items_count_too(make_typed, checklist):
    criterion = {"id": "c", "description": "It is short.", "points": 1}
    before, after = (
        make_typed([{"given": [(criterion, value)], "overall": value}], checklist) for value in (1.0, 0.0)
    )
    found = score_changes(before, after)
    assert found.scores["criteria"] == {("1", "0"): 1}
    assert found.to_dict()["verdicts"] == [{"before": "pass", "after": "fail", "n": 1}]
    assert found.to_dict()["n_changed"] == 2
