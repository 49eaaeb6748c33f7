"""What is averaged by the type of each dimension, and the criteria that items bring along."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from judge.analysis.compare import compare
from judge.analysis.failures import Failures
from judge.analysis.leaderboard import by_system, leaderboard
from judge.analysis.measures import (
    all_criteria,
    criteria_by_tag,
    label_measures,
    measure,
    measures,
    single_criteria,
)
from judge.analysis.pass_rate import dimension_summaries, verdict_rate
from judge.analysis.slices import slice_tables
from judge.analysis.status_column import OUTCOMES
from judge.errors import InputError
from judge.records import STATUSES, Score
from judge.rubric import Rubric
from judge.stats import proportion

CAUSE = {"id": "cause", "text": "Names the cause.", "tags": ["content"]}
UNIT = {"id": "unit", "text": "Gives the unit.", "points": 2, "tags": ["form", "content"]}
SOURCE = {"id": "source", "text": "Invents a source.", "points": -1}


def own(text):
    return {"text": text}


# --- types


def test_a_category_has_no_average(make_typed):
    table = make_typed([{"fault": "minor", "truth": 2.0, "named": 1.0}] * 3)
    assert [of.name for of in measures(table)] == ["truth", "count", "style", "named", "overall"]
    (fault,) = (d for d in dimension_summaries(table) if d.name == "fault")
    assert fault.kind == "label"
    assert fault.mean is None
    assert np.isnan(fault.sd)


def test_labels_of_a_category_are_counted(make_typed):
    table = make_typed([{"fault": label} for label in ("none", "major", "major", "abstained")])
    shares = {label: of.estimate().value for label, of in label_measures(table, "fault")}
    assert shares == pytest.approx({"none": 1 / 3, "minor": 0, "major": 2 / 3})


def test_a_binary_dimension_has_the_share_met_with_wilsons_interval(make_typed):
    table = make_typed([{"named": 1.0}] * 41 + [{"named": 0.0}] * 9 + [{"named": "abstained"}] * 5)
    found = measure(table, "named")
    low, high = proportion_confint(41, 50, method="wilson")
    assert found.kind == "share"
    assert (found.n, found.n_missing, found.n_abstained) == (50, 5, 5)
    assert (found.estimate().low, found.estimate().high) == pytest.approx((low, high))


def test_probabilities_of_a_binary_dimension_are_averaged(make_typed):
    found = measure(make_typed([{"named": 0.25}, {"named": 0.75}, {"named": 0.8}]), "named").estimate()
    assert found.value == pytest.approx(0.6)
    assert found.high <= 1


def test_the_interval_of_a_mean_ends_with_the_scale_of_its_dimension(make_typed):
    table = make_typed([{"style": 10.0}, {"style": 10.0}, {"style": 9.0}])
    assert measure(table, "style").estimate().high == 10


def test_a_label_that_the_rubric_does_not_have_is_refused(make_typed):
    with pytest.raises(InputError, match="fault is 'huge'; allowed: none, minor, major"):
        make_typed([{"fault": "huge"}])


def test_a_pass_mark_of_the_overall_score_is_one_of_scores_on_the_same_scale(make_typed):
    table = make_typed([{"truth": 2.0}])
    marks = {name: table.pass_mark(name) for name in table.values}
    assert marks == {"truth": 2, "count": 2, "style": None, "named": None, "fault": None, "overall": 2}


ORDERED = Rubric.model_validate(
    {
        "name": "ordered",
        "task": "Judge.",
        "dimensions": {
            "effort": {
                "description": "Effort.",
                "type": "category",
                "labels": ["low", "mid", "high"],
                "ordered": True,
            },
            "named": {"description": "It names the part.", "type": "binary"},
        },
        "overall": {"how": "none"},
        "pass": {"named": 1},
    }
)


@pytest.mark.parametrize(
    ("given", "median"),
    [
        (["high", "low", "mid"], "mid"),
        (["high", "low", "low", "high"], "low or high"),
        (["high", "refused", "high"], "high"),
        (["refused"], None),
    ],
)
def test_the_median_of_an_ordered_category_is_a_label(make_typed, given, median):
    effort, _ = dimension_summaries(make_typed([{"effort": one} for one in given], ORDERED))
    assert (effort.median, effort.mean) == (median, None)


def test_a_category_without_an_order_has_no_median(make_typed):
    (fault,) = (d for d in dimension_summaries(make_typed([{"fault": "none"}])) if d.name == "fault")
    assert fault.median is None


# --- what does not apply


def test_what_does_not_apply_is_in_no_denominator(make_typed):
    rows = [{"truth": 2.0, "count": "not_applicable", "overall": 2.0}] * 3 + [{"count": 3.0, "overall": 3.0}]
    table = make_typed(rows)
    (count,) = (d for d in dimension_summaries(table) if d.name == "count")
    assert (count.n, count.n_missing, count.passing.n_missing) == (1, 0, 0)
    assert count.passing.n_not_applicable == 3
    assert count.passing.best == count.passing.worst == 1


def test_an_answer_that_the_pass_rule_does_not_concern_has_no_verdict_that_is_missing(make_typed):
    table = make_typed([{"overall": 3.0}, {"overall": "not_applicable"}, {"overall": "abstained"}])
    rate = verdict_rate(table)
    assert (rate.n_pass, rate.n_fail, rate.n_missing, rate.n_not_applicable) == (1, 0, 1, 1)
    assert table.outcomes.tolist() == ["ok", "not_applicable", "abstained"]


VALUES = st.sampled_from([1.0, 2.0, 3.0, *(status for status in STATUSES if status != "ok")])
ROWS = st.lists(st.fixed_dictionaries({"truth": VALUES, "overall": VALUES}), min_size=1, max_size=20)


@given(ROWS)
def test_counts_add_up_over_all_statuses(make_typed, rows):
    table = make_typed(rows)
    rate = verdict_rate(table)
    assert rate.n + rate.n_not_applicable == len(rows)
    for of in dimension_summaries(table):
        assert sum(of.statuses.values()) == len(rows)
        assert of.n + of.n_missing + of.statuses["not_applicable"] == len(rows)
        assert sum(of.distribution.values()) == of.n
    counts = table.outcomes.counts()
    assert sum(counts[status] for status in OUTCOMES[1:] if status != "not_applicable") == rate.n_missing


NOTHING = dict.fromkeys(("truth", "count", "style", "named", "fault", "overall"), "not_applicable")
MIXED = st.fixed_dictionaries(
    {
        "truth": VALUES,
        "overall": VALUES,
        "named": st.sampled_from([0.0, 1.0, "abstained", "not_applicable"]),
        "fault": st.sampled_from(["none", "minor", "refused"]),
        "kind": st.sampled_from("abc"),
        "system": st.sampled_from("xy"),
        "question": st.sampled_from(["q1", "q2", "q3"]),
    }
)


def figures(table):
    """Everything that is computed from a table, as text, without the counts of what does not apply."""
    clusters = table.clusters(None)
    profile = Failures(table, clusters).profile()
    found = [replace(verdict_rate(table, clusters), n_not_applicable=0), profile.n_fail, profile.dimensions]
    found += [of.estimate() for of in measures(table, clusters)]
    found += [of.estimate() for _, of in label_measures(table, "fault", clusters)]
    (sliced,) = slice_tables(table, ["kind"], clusters)
    found += [
        (s.label, s.passing.estimate, s.passing.n_missing, s.means, s.against_rest) for s in sliced.slices
    ]
    found += [sliced.macro, sliced.micro, sliced.macro_means, sliced.micro_means]
    systems = [one for one in by_system(table, "system") if not np.isnan(one.passed).all()]
    if len(systems) > 1:
        found += [replace(leaderboard(systems, n_resamples=20), kinds={})]
    return repr(found)


@given(
    st.lists(MIXED, min_size=2, max_size=12),
    st.sampled_from(["q1", "q9"]),
    st.sampled_from(["fail", "bounds"]),
)
def test_an_item_to_which_nothing_applies_changes_no_figure(make_typed, rows, question, policy):
    rows = [{**row, "id": f"n{i}"} for i, row in enumerate(rows)]
    beside = {**NOTHING, "id": "beside", "kind": "z", "question": question, "system": "x"}
    before, after = (make_typed(all_rows, no_verdict=policy) for all_rows in (rows, [*rows, beside]))
    assume(before.is_judged.any())
    assert figures(after) == figures(before)


@given(ROWS)
def test_missing_verdicts_are_fails_if_so_asked(make_typed, rows):
    drop, fail = (verdict_rate(make_typed(rows, no_verdict=policy)) for policy in ("drop", "fail"))
    assert (fail.n_pass, fail.n_fail) == (drop.n_pass, drop.n_fail + drop.n_missing)
    assert fail.n_missing == 0
    assert fail.n_not_applicable == drop.n_not_applicable


# --- criteria of the items


def test_a_criterion_that_items_share_is_one_row(make_typed, checklist):
    rows = [{"given": [(CAUSE, 1.0), (UNIT, 0.0)]}, {"given": [(UNIT, 0.0), (CAUSE, 0.0)]}]
    found = single_criteria(make_typed(rows, checklist))
    assert [(g.name, g.n_items, g.met.estimate().value) for g in found] == [("unit", 2, 0), ("cause", 2, 0.5)]


def test_the_row_of_an_id_with_several_texts_says_so(make_typed, checklist):
    other = {**CAUSE, "text": "Names the place."}
    (found,) = single_criteria(make_typed([{"given": [(CAUSE, 1.0)]}, {"given": [(other, 0.0)]}], checklist))
    assert (found.name, found.n_items) == ("cause", 2)
    assert found.text.endswith("(and 1 other text)")


def test_criteria_without_an_id_are_not_pooled_by_their_number(make_typed, checklist):
    rows = [
        {"given": [(own("States A."), 1.0), (own("Is brief."), 0.0)]},
        {"given": [(own("Is brief."), 0.0)]},
    ]
    found = single_criteria(make_typed(rows, checklist))
    assert {(g.name, g.n_items) for g in found} == {("States A.", 1), ("Is brief.", 2)}


def test_criteria_are_counted_by_tag_and_by_several_tags(make_typed, checklist):
    found = criteria_by_tag(make_typed([{"given": [(CAUSE, 1.0), (UNIT, 0.0)]}] * 2, checklist))
    assert [(g.name, g.met.n, g.met.estimate().value) for g in found] == [
        ("content", 4, 0.5),
        ("form", 2, 0.0),
    ]


def test_penalties_are_counted_apart_and_fail_where_they_are_met(make_typed, checklist):
    table = make_typed(
        [{"given": [(CAUSE, 1.0), (SOURCE, 1.0)]}, {"given": [(CAUSE, 1.0), (SOURCE, 0.0)]}], checklist
    )
    criteria, penalties = all_criteria(table)
    assert (criteria.is_penalty, criteria.met.estimate().value) == (False, 1)
    assert (penalties.is_penalty, penalties.met.estimate().value, penalties.n_failed) == (True, 0.5, 1)
    assert single_criteria(table)[0].name == "source"


def test_criteria_that_the_judge_cannot_tell_are_missing_with_their_own_count(make_typed, checklist):
    (found,) = all_criteria(make_typed([{"given": [(CAUSE, "abstained"), (UNIT, "unparsed")]}], checklist))
    assert (found.met.n, found.met.n_missing, found.met.n_abstained) == (0, 2, 1)


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=4), min_size=3, max_size=12))
def test_the_interval_of_criteria_has_the_items_as_clusters(make_typed, checklist, marks):
    rows = [{"given": [(own(f"fact {i} {j}"), v) for j, v in enumerate(row)]} for i, row in enumerate(marks)]
    (found,) = all_criteria(make_typed(rows, checklist))
    items = [str(i) for i, row in enumerate(marks) for _ in row]
    flat = [value for row in marks for value in row]
    expected = proportion(flat, clusters=items if len(set(items)) < len(items) else None)
    assert found.met.estimate().value == pytest.approx(expected.value)
    assert (found.met.estimate().low, found.met.estimate().high) == pytest.approx(
        (expected.low, expected.high), nan_ok=True
    )


def test_criteria_stay_with_their_items_when_rows_are_taken(make_typed, checklist):
    table = make_typed([{"given": [(CAUSE, float(i % 2)), (UNIT, 1.0)]} for i in range(5)], checklist)
    kept = table.take([3, 0])
    assert kept.criteria.rows.tolist() == [0, 0, 1, 1]
    assert kept.criteria.values.tolist() == [1, 1, 0, 1]


def test_a_score_of_a_criterion_that_the_item_does_not_have_is_refused(make_typed, checklist):
    table = make_typed([{"given": [(CAUSE, 1.0)]}], checklist)
    score = Score(
        item_id="i0", rater="r", rater_kind="judge", dimension="criteria", value=1.0, criterion="another"
    )
    with pytest.raises(InputError, match="'another': a score names this criterion"):
        type(table).build("run", checklist, table.items, [score])


def test_a_score_of_a_criterion_is_a_number(make_typed, checklist):
    with pytest.raises(InputError, match="found 'yes'; allowed are 1"):
        make_typed([{"given": [(CAUSE, "yes")]}], checklist)


# --- two runs


def test_two_runs_are_compared_by_the_type_of_each_dimension(make_typed):
    first = make_typed([{"truth": 1.0, "named": 0.0, "fault": "none", "overall": 1.0}] * 4, name="a")
    second = make_typed([{"truth": 2.0, "named": 1.0, "fault": "major", "overall": 2.0}] * 4, name="b")
    of = compare(first, second)
    assert [c.name for c in of.dimensions] == ["truth", "count", "style", "overall"]
    assert [(c.name, c.difference.value) for c in of.met] == [("named", 1.0)]
    assert {c.name: c.difference.value for c in of.labels} == {
        "fault: none": -1,
        "fault: minor": 0,
        "fault: major": 1,
    }


def test_criteria_of_two_runs_are_paired_by_item_and_criterion(make_typed, checklist):
    first = make_typed([{"given": [(CAUSE, 0.0), (UNIT, 1.0)], "overall": 0.5}] * 3, checklist, "a")
    second = make_typed([{"given": [(CAUSE, 1.0), (UNIT, "unparsed")], "overall": 1.0}] * 3, checklist, "b")
    points, criteria = compare(first, second).met
    assert (points.name, points.difference.value) == ("overall", pytest.approx(0.5))
    assert (criteria.name, criteria.difference.n_items, criteria.n_up) == ("criteria", 3, 3)


def test_missing_verdicts_leave_a_range_of_differences_open(make_typed):
    first = make_typed([{"overall": 3.0}, {"overall": "refused"}, {"overall": 1.0}], name="a")
    second = make_typed([{"overall": 3.0}, {"overall": 3.0}, {"overall": "abstained"}], name="b")
    of = compare(first, second)
    assert of.n_missing == 2
    assert (of.least, of.most) == pytest.approx((0.0, 2 / 3))


def test_a_dimension_of_another_type_cannot_be_compared(make_typed):
    other = {
        "name": "other",
        "task": "Judge.",
        "dimensions": {"named": {"description": "d", "type": "category", "labels": ["yes", "no"]}},
        "overall": {"how": "none"},
        "criteria": {},
        "pass": {"named": 1},
    }
    other["dimensions"]["ok"] = {"description": "d", "type": "binary"}
    other["pass"] = {"ok": 1}
    second = make_typed([{"named": "yes", "given": [(CAUSE, 1.0)]}], Rubric.model_validate(other), "b")
    with pytest.raises(InputError, match="named is a criterion in a and a category of yes, no in b"):
        compare(make_typed([{"named": 1.0}], name="a"), second)
    scale = Rubric.model_validate(
        {**other, "dimensions": {"style": {"description": "d", "anchors": dict.fromkeys(range(1, 6), "x")}},
         "pass": {"style": 1}}
    )  # fmt: skip
    third = make_typed([{"style": 2.0, "given": [(CAUSE, 1.0)]}], scale, "c")
    with pytest.raises(InputError, match="style is a score from 0 to 10 in a and a score from 1 to 5 in c"):
        compare(make_typed([{"style": 1.0}], name="a"), third)


def test_an_item_to_which_nothing_applies_makes_no_cluster(make_typed):
    rows = [
        {"overall": 3.0, "pair_id": "p1"},
        {"overall": 3.0, "pair_id": "p2"},
        {**NOTHING, "pair_id": "p1"},
    ]
    assert make_typed(rows).clusters(None) is None
    assert make_typed([*rows, {"overall": 1.0, "pair_id": "p1"}]).clusters(None) is not None


def test_a_measure_of_criteria_can_be_split_by_item(make_typed, checklist):
    rows = [
        {"given": [(CAUSE, 1.0), (SOURCE, 1.0)], "kind": "a"},
        {"given": [(CAUSE, 0.0), (UNIT, 0.0)], "kind": "b"},
    ]
    table = make_typed(rows * 2, checklist)
    (sliced,) = slice_tables(table, ["kind"])
    assert [(s.label, s.means["criteria"].value) for s in sliced.slices] == [("a", 1), ("b", 0)]
    assert sliced.kinds == {"overall": "share", "criteria": "share"}
    assert sliced.micro_means["criteria"].value == pytest.approx(1 / 3)
    assert sliced.macro_means["criteria"].value == 0.5


def test_a_difference_that_concerns_no_pair_has_no_range(make_typed):
    tables = [make_typed([{"truth": 1.0, "overall": "not_applicable"}], name=name) for name in "ab"]
    of = compare(*tables)
    assert of.n_missing == 0
    assert np.isnan([of.least, of.most]).all()


def test_an_unknown_way_to_count_missing_verdicts_is_refused(make_typed):
    with pytest.raises(InputError, match="no_verdict is 'wrong'; allowed: fail, drop, bounds"):
        make_typed([{"overall": 1.0}], no_verdict="wrong")
