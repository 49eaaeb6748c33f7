"""Agreement on a rubric with several types and scales, criteria of the items, and judges that abstain."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

import judge
from judge.cli import main
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import Rubric
from judge.scoring.run import Run

ANCHORS = {n: f"level {n}" for n in range(1, 6)}
CONTENT: dict[str, Any] = {
    "name": "mixed",
    "task": "Judge.",
    "dimensions": {
        "clarity": {"description": "Is it clear?", "anchors": ANCHORS},
        "depth": {
            "description": "Is it deep?",
            "scale": {"min": 0, "max": 10},
            "anchors": {0: "no", 10: "yes"},
        },
        "named": {"description": "It names the part.", "type": "binary"},
        "fault": {"description": "Kind of fault.", "type": "category", "labels": ["none", "minor", "major"]},
        "count": {"description": "Is it right?", "anchors": ANCHORS, "when": {"kind": "counting"}},
    },
    "abstain": True,
    "overall": {"how": "weighted", "weights": {"clarity": 1, "count": 1}},
    "pass": {"overall": 3},
}
RUBRIC = Rubric.model_validate(CONTENT)
FAULTS = ("none", "minor", "major")
PEOPLE = ("ann", "ben")
N = 24


def items(n=N):
    return [
        Item(
            id=f"q{i}",
            question="q",
            answer="a" * (i + 1),
            metadata={"kind": "counting" if i % 2 else "other"},
        )
        for i in range(n)
    ]


def values(rng):
    """One rating of everything."""
    return {
        "clarity": float(rng.integers(1, 6)),
        "depth": float(rng.integers(0, 11)),
        "named": float(rng.integers(0, 2)),
        "fault": FAULTS[int(rng.integers(0, 3))],
        "count": float(rng.integers(1, 6)),
    }


def scores_of_judge(rng, abstains=(), rubric=RUBRIC):
    for item in items():
        found = values(rng)
        is_counting = item.metadata["kind"] == "counting"
        for name in rubric.dimensions:
            state = {"value": found[name]}
            if name == "count" and not is_counting:
                state = {"status": "not_applicable", "reason": "kind is other"}
            elif (item.id, name) in abstains:
                state = {"status": "abstained"}
            yield Score(item_id=item.id, rater="m", rater_kind="judge", dimension=name, **state)
        if any(item_id == item.id for item_id, _ in abstains):
            state = {"status": "abstained"}
        else:
            parts = [found["clarity"], *([found["count"]] if is_counting else [])]
            state = {"value": float(np.mean(parts))}
        yield Score(item_id=item.id, rater="m", rater_kind="judge", dimension="overall", **state)


def run_of(folder, abstains=(), seed=1):
    scores = list(scores_of_judge(np.random.default_rng(seed), abstains))
    Run.imported(folder, RUBRIC, items(), scores, model="m").close()
    return str(folder)


def rows_of_people(seed=2):
    rng = np.random.default_rng(seed)
    rows = []
    for item in items():
        for person in PEOPLE:
            found = values(rng)
            if item.metadata["kind"] != "counting":
                del found["count"]
            rows += [
                {"item_id": item.id, "rater": person, "dimension": name, "value": value}
                for name, value in found.items()
            ]
    return rows


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_of(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def people():
    return rows_of_people()


@pytest.fixture(scope="module")
def found(run, people):
    return judge.agree(run, people)


def rows_of(found, name):
    """Rows of a table by the key of the column."""
    table = found.tables[name]
    return [dict(zip([c.key for c in table.columns], row, strict=True)) for row in table.rows]


def ratings(found, name):
    return found.agreement.aligned.ratings[name]


@pytest.mark.parametrize(
    ("name", "level", "points"),
    [
        ("clarity", "ordinal", 5),
        ("depth", "ordinal", 11),
        ("named", "nominal", 2),
        ("fault", "nominal", 3),
        ("overall", "ordinal", 5),
    ],
)
def test_each_dimension_has_its_own_scale_and_level_of_measurement(found, name, level, points):
    scale = ratings(found, name).scale
    assert (scale.level, len(scale.points)) == (level, points)


def test_agreement_on_labels_is_the_kappa_of_the_labels(people, found):
    of_judge = {
        s.item_id: s.value for s in scores_of_judge(np.random.default_rng(1)) if s.dimension == "fault"
    }
    kappas = [
        cohen_kappa_score(
            *zip(
                *(
                    (row["value"], of_judge[row["item_id"]])
                    for row in people
                    if (row["rater"], row["dimension"]) == (person, "fault")
                ),
                strict=True,
            ),
            labels=FAULTS,
        )
        for person in PEOPLE
    ]
    assert found["fault"].kappa.value == pytest.approx(np.mean(kappas), abs=1e-12)


@pytest.mark.parametrize(("name", "has_mean"), [("clarity", True), ("named", True), ("fault", False)])
def test_labels_without_an_order_have_no_mean(found, name, has_mean):
    assert found.people[name].mean.defined is has_mean
    assert found[name].bias.defined is has_mean


def test_labels_are_shown_by_name(found):
    assert {row["people"] for row in rows_of(found, "confusion:fault@m")} == set(FAULTS)


def test_a_case_shows_the_labels_of_the_judge(found):
    cases = [case for section in found.sections for case in section.cases]
    scores = cases[0].judgments[0].scores
    assert scores["fault"] in FAULTS
    assert scores["named"] in ("yes", "no")
    assert f"fault {scores['fault']}" in found.to_text("all")


def test_a_dimension_concerns_only_the_items_to_which_it_applies(found):
    assert found.people["count"].n_items == N // 2
    assert "not_applicable" not in {
        status for one in found.agreement.judge_agreements for status in one.ratings.statuses["m"]
    }
    assert ratings(found, "count").statuses["m"] == {"ok": N // 2}


def test_items_to_which_a_dimension_does_not_apply_change_no_figure_of_it(run, people, found):
    concerned = [row for row in people if int(row["item_id"][1:]) % 2]
    alone = judge.agree(run, concerned)
    assert alone["count"].statistics == found["count"].statistics
    assert alone.people["count"] == found.people["count"]


def test_ratings_of_people_where_a_dimension_does_not_apply_are_left_out_with_a_note(run, people, found):
    more = [{"item_id": "q0", "rater": "ann", "dimension": "count", "value": 2.0}]
    other = judge.agree(run, [*people, *more])
    assert other["count"].kappa_quadratic == found["count"].kappa_quadratic
    assert any("1 rating was left out" in warning for warning in other.warnings)


def test_the_overall_score_of_a_person_uses_the_dimensions_that_apply(found, people):
    of = {(r["item_id"], r["dimension"]): r["value"] for r in people if r["rater"] == "ann"}
    overall = ratings(found, "overall").column("ann")
    assert overall[0] == of["q0", "clarity"]
    assert overall[1] == (of["q1", "clarity"] + of["q1", "count"]) / 2


def test_one_scale_for_all_is_refused_where_dimensions_have_their_own(run, people):
    with pytest.raises(InputError, match="declares the scale of each dimension"):
        judge.agree(run, people, scale="1-5")


def test_the_scale_of_a_rater_is_refused_where_dimensions_have_several(run, people):
    with pytest.raises(InputError, match="--rater-scale"):
        judge.agree(run, people, rater_scales={"ann": "1-10"})


def test_the_pass_mark_of_the_overall_score_holds_on_its_own_scale_only(found):
    marks = {name: one.pass_mark for name, one in found.agreement.aligned.ratings.items()}
    assert {name for name, mark in marks.items() if mark is not None} == {"clarity", "count", "overall"}


def test_a_pass_mark_off_the_scale_of_a_dimension_is_refused(run, people):
    with pytest.raises(InputError, match="--pass depth=11"):
        judge.agree(run, people, pass_mark={"depth": 11})


def test_calibration_maps_scores_and_no_labels(run, people):
    assert set(judge.calibrate(run, people).dimensions) == {"clarity", "depth", "count", "overall"}


def test_large_disagreements_are_compared_as_shares_of_the_scale(tmp_path):
    rubric = Rubric.model_validate(
        {
            **CONTENT,
            "dimensions": {name: CONTENT["dimensions"][name] for name in ("clarity", "depth")},
            "overall": {"how": "none"},
            "pass": {"clarity": 3},
        }
    )
    given = [("a", "clarity", 5.0), ("a", "depth", 5.0), ("b", "clarity", 3.0), ("b", "depth", 9.0)]
    scores = [Score(item_id=i, rater="m", rater_kind="judge", dimension=d, value=v) for i, d, v in given]
    two = [Item(id=i, question="q", answer="a") for i in "ab"]
    Run.imported(tmp_path / "run", rubric, two, scores, model="m").close()
    people = [
        {"item_id": i, "rater": "ann", "dimension": d, "value": v}
        for i, d, v in [("a", "clarity", 1), ("a", "depth", 5), ("b", "clarity", 3), ("b", "depth", 3)]
    ]
    worst = judge.agree(tmp_path / "run", people).agreement.disagreements["m"]
    assert [(w.item, w.dimension, w.distance) for w in worst] == [(0, "clarity", 4.0), (1, "depth", 6.0)]


def test_labels_on_which_all_people_differ_come_before_those_on_which_some_do(tmp_path):
    rubric = Rubric.model_validate(
        {
            **CONTENT,
            "dimensions": {"named": CONTENT["dimensions"]["named"]},
            "overall": {"how": "none"},
            "pass": {"named": 1},
        }
    )
    people = {"q0": "yes yes yes", "q1": "yes yes no", "q2": "no yes no", "q3": "yes yes yes"}
    scores = [
        Score(item_id=i, rater="m", rater_kind="judge", dimension="named", value=float(i == "q0"))
        for i in people
    ]
    Run.imported(tmp_path / "run", rubric, items(4), scores, model="m").close()
    rows = [
        {"item_id": i, "rater": who, "dimension": "named", "value": value}
        for i, values in people.items()
        for who, value in zip(("ann", "ben", "cat"), values.split(), strict=True)
    ]
    worst = judge.agree(tmp_path / "run", rows, worst=4).agreement.disagreements["m"]
    assert [(w.item, w.distance) for w in worst] == [
        (3, 1.0),
        (1, pytest.approx(2 / 3)),
        (2, pytest.approx(1 / 3)),
    ]


ORDERED = Rubric.model_validate(
    {
        **CONTENT,
        "dimensions": {
            "effort": {
                "description": "Effort.",
                "type": "category",
                "labels": ["low", "mid", "high"],
                "ordered": True,
            },
            "clarity": CONTENT["dimensions"]["clarity"],
        },
        "overall": {"how": "none"},
        "pass": {"clarity": 3},
    }
)


@pytest.fixture
def ordered(tmp_path):
    labels = ["low", "low", "mid", "high", "high", "high"]
    of_people = ["low", "mid", "mid", "mid", "high", "high"]
    listed = items(len(labels))
    scores = [
        Score(item_id=item.id, rater="m", rater_kind="judge", dimension="effort", value=label)
        for item, label in zip(listed, labels, strict=True)
    ]
    Run.imported(tmp_path / "run", ORDERED, listed, scores, model="m").close()
    rows = [
        {"item_id": item.id, "rater": person, "dimension": "effort", "value": label}
        for item, label in zip(listed, of_people, strict=True)
        for person in PEOPLE
    ]
    return judge.agree(tmp_path / "run", rows)


def test_ordered_labels_have_a_median_and_no_mean(ordered):
    (row,) = rows_of(ordered, "medians")
    assert (row["n"], row["people"], row["judge_median"]) == (6, "mid", "mid or high")
    one = ordered["effort"]
    assert not one.bias.defined
    assert one.found.scale_use is None
    assert not ordered.people["effort"].mean.defined
    assert "calibration:effort@m" not in ordered.tables


def test_ordered_labels_keep_the_coefficients_of_their_order(ordered):
    codes = {"low": 0, "mid": 1, "high": 2}
    table = ratings(ordered, "effort")
    people, of_judge = table.human_values[:, 0], table.column("m")
    assert of_judge.tolist() == [codes[label] for label in ("low", "low", "mid", "high", "high", "high")]
    expected = cohen_kappa_score(people, of_judge, weights="quadratic")
    assert ordered["effort"].kappa_quadratic.value == pytest.approx(expected, abs=1e-12)


def test_there_is_no_table_of_medians_without_ordered_labels(found):
    assert "medians" not in found.tables


# -- abstaining


ABSTAINS = frozenset({("q0", "named"), ("q1", "named"), ("q2", "named")})


@pytest.fixture(scope="module")
def abstaining(tmp_path_factory, people):
    run = run_of(tmp_path_factory.mktemp("runs") / "run", ABSTAINS)
    rows = [dict(row) for row in people]
    for row in rows:
        key = row["item_id"], row["rater"], row["dimension"]
        if key in {("q2", "ann", "named"), ("q3", "ann", "named")}:
            row["value"] = "cannot tell"
        if key == ("q4", "ben", "named"):
            row["value"] = None  # an empty cell
    return run, rows, judge.agree(run, rows)


def test_abstentions_of_judge_and_people_are_counted_pair_by_pair(abstaining):
    found = abstaining[2].agreement.aligned.abstentions["m", "named"]
    assert (found.only_judge, found.only_person, found.both) == (5, 1, 1)
    assert found.both_rated == 2 * N - 1 - 7
    assert found.n == 2 * N - 1


def test_the_table_of_abstentions_adds_up(abstaining):
    rows = rows_of(abstaining[2], "abstentions")
    assert {row["dimension"] for row in rows} == {"named", "overall"}
    for row in rows:
        parts = ("both_rated", "only_judge", "only_person", "both", "no_score")
        assert row["pairs"] == sum(row[name] for name in parts)


def test_coefficients_are_those_of_the_pairs_that_rated(abstaining):
    run, rows, found = abstaining
    left = {("q0", p) for p in PEOPLE} | {("q1", p) for p in PEOPLE} | {("q2", p) for p in PEOPLE}
    kept = [r for r in rows if r["dimension"] == "named" and (r["item_id"], r["rater"]) not in left]
    kept = [r for r in kept if r["value"] not in (None, "cannot tell")]
    assert found["named"].kappa.value == judge.agree(run, kept)["named"].kappa.value


def test_there_is_no_table_of_abstentions_where_nobody_abstained(found):
    assert "abstentions" not in found.tables


# -- missing verdicts


@pytest.mark.parametrize(("no_verdict", "n"), [("drop", N - 3), ("bounds", N - 3), ("fail", N)])
def test_missing_verdicts_of_the_judge_count_as_asked(abstaining, no_verdict, n):
    run, rows, _ = abstaining
    counted = judge.agree(run, rows, no_verdict=no_verdict)
    one = counted["overall"].found
    without_tie = one.pass_fail.true_pass + one.pass_fail.false_pass + one.pass_fail.false_fail
    without_tie += one.pass_fail.true_fail
    ties = int(np.isnan(one.ratings.human_passed()).sum())
    missing = one.n_no_verdict
    assert without_tie == (N - ties if n == N else N - ties - missing)
    assert (one.bounds is not None) == (no_verdict == "bounds")


def test_bounds_are_the_figures_if_all_missing_verdicts_were_fails_or_passes(abstaining):
    run, rows, found = abstaining
    (row,) = (r for r in rows_of(found, "no_verdict") if r["dimension"] == "overall")
    as_fails = judge.agree(run, rows, no_verdict="fail")["overall"].found.pass_fail
    assert row["agreement_fail"] == as_fails.agreement.value
    assert row["missing"] == found["overall"].found.n_no_verdict > 0
    low, high = sorted((row["agreement_fail"], row["agreement_pass"]))
    n = N - int(np.isnan(found["overall"].found.ratings.human_passed()).sum())
    assert high + low == pytest.approx(
        2 * row["agreement_given"] * (n - row["missing"]) / n + row["missing"] / n
    )


def test_the_command_takes_no_verdict(abstaining, tmp_path):
    run, rows, _ = abstaining
    path = tmp_path / "people.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    words = ["agree", run, "--humans", str(path), "--no-verdict", "fail", "--json"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    tables = json.loads(result.stdout)["tables"]
    assert "no_verdict" not in tables
    assert any("count as fails" in note for note in tables["passing"]["notes"])


# -- criteria of the items


POINTS = Rubric.model_validate(
    {
        "name": "points",
        "task": "Judge.",
        "criteria": {"field": "criteria"},
        "overall": {"how": "points"},
        "pass": {"overall": 0.5},
    }
)


def criteria_run(folder, given, listed):
    """Run of a judge over items that bring criteria: id -> criteria, and (item, criterion) -> met."""
    rows = [
        Item(id=i, question="q", answer="a", metadata={"criteria": criteria})
        for i, criteria in listed.items()
    ]
    scores = [
        Score(item_id=i, rater="m", rater_kind="judge", dimension="criteria", criterion=c, value=v)
        for (i, c), v in given.items()
    ]
    scores += [
        Score(item_id=i, rater="m", rater_kind="judge", dimension="overall", value=0.5) for i in listed
    ]
    Run.imported(folder, POINTS, rows, scores, model="m").close()
    return str(folder)


LISTED = {
    "a": [{"id": "x", "text": "X.", "points": 3}, {"id": "y", "text": "Y."}],
    "b": [{"id": "x", "text": "X."}, {"id": "z", "text": "Z.", "points": -1}],
    "c": [{"id": "x", "text": "X."}],
}
GIVEN = {("a", "x"): 1.0, ("a", "y"): 0.0, ("b", "x"): 1.0, ("b", "z"): 0.9, ("c", "x"): 0.2}
BY_PEOPLE = [
    {"item_id": i, "rater": who, "criterion": c, "value": v}
    for who, *values in (("ann", "yes", "no", "yes", "yes", "no"), ("ben", "yes", "yes", "no", "yes", "no"))
    for (i, c), v in zip(GIVEN, values, strict=True)
]


@pytest.fixture
def points(tmp_path):
    return criteria_run(tmp_path / "run", GIVEN, LISTED)


def test_agreement_on_criteria_pools_the_criteria_of_all_items(points):
    found = judge.agree(points, BY_PEOPLE)
    people = found.people["criteria"]
    assert (people.n_items, people.n_criteria, people.n_ratings) == (3, 5, 10)
    assert people.estimates["agreement"].value == pytest.approx(3 / 5)
    assert found["criteria"].agreement.value == pytest.approx((5 / 5 + 3 / 5) / 2)


def test_the_clusters_of_criteria_are_the_items(points):
    found = judge.agree(points, BY_PEOPLE)
    assert Counter(ratings(found, "criteria").clusters.tolist()) == {"a": 2, "b": 2, "c": 1}
    assert found.people["criteria"].estimates["alpha"].n_clusters == 3


def test_probabilities_of_the_judge_count_as_met_from_one_half_on_and_the_report_says_so(points):
    found = judge.agree(points, BY_PEOPLE)
    assert ratings(found, "criteria").column("m").tolist() == [1, 0, 1, 1, 0]
    assert any("probabilities on criteria" in sentence for sentence in found.methods)


def test_the_overall_score_of_a_person_is_the_share_of_points_earned(points):
    overall = ratings(judge.agree(points, BY_PEOPLE), "overall")
    assert overall.column("ann").tolist() == [0.75, 0.0, 0.0]
    assert overall.column("ben").tolist() == [1.0, 0.0, 0.0]


def test_people_and_judges_in_one_file_earn_the_points_of_their_criteria():
    rows = [{**row, "rater_kind": "judge" if row["rater"] == "ben" else "human"} for row in BY_PEOPLE]
    table = [{"id": name, "criteria": json.dumps(listed)} for name, listed in LISTED.items()]
    overall = ratings(judge.agree([], rows, rubric=POINTS, items=table), "overall")
    assert overall.column("ann").tolist() == [0.75, 0.0, 0.0]
    assert overall.column("ben").tolist() == [1.0, 0.0, 0.0]
    assert overall.statuses["ben"] == {"ok": 3}


def test_without_the_criteria_of_the_items_no_points_are_earned():
    assert "overall" not in judge.agree([], BY_PEOPLE, rubric=POINTS).people


def test_missing_criteria_are_counted_and_give_no_overall_score(points):
    some = [row for row in BY_PEOPLE if (row["item_id"], row["criterion"], row["rater"]) != ("a", "y", "ann")]
    found = judge.agree(points, some)
    assert np.isnan(ratings(found, "overall").column("ann")[0])
    assert any("1 of 10 ratings of criteria are missing" in w and "ann 1" in w for w in found.warnings)


def test_ratings_of_criteria_that_an_item_does_not_have_are_left_out_with_a_note(points):
    more = [{"item_id": "c", "rater": "ann", "criterion": "z", "value": "no"}]
    found = judge.agree(points, [*BY_PEOPLE, *more])
    assert found.people["criteria"].n_ratings == 10
    assert any("z of c" in warning for warning in found.warnings)


def test_ratings_of_unknown_criteria_alone_are_refused(points):
    with pytest.raises(InputError, match="z of c"):
        judge.agree(points, [{"item_id": "c", "rater": "ann", "criterion": "z", "value": "no"}])


def test_a_criterion_that_a_person_rated_twice_is_refused(points):
    with pytest.raises(InputError, match="second score for item 'a, criterion x'"):
        judge.agree(points, [*BY_PEOPLE, BY_PEOPLE[0]])


def test_a_criterion_without_a_score_of_the_judge_is_missing(tmp_path):
    run = criteria_run(tmp_path / "run", {k: v for k, v in GIVEN.items() if k != ("a", "y")}, LISTED)
    found = judge.agree(run, BY_PEOPLE)
    assert ratings(found, "criteria").statuses["m"] == {"ok": 4, "unscored": 1}


def test_criteria_need_neither_a_rubric_nor_a_scale():
    rows = [{**row, "dimension": "criteria"} for row in BY_PEOPLE]
    assert judge.agree([], rows).people["criteria"].n_criteria == 5


def test_slices_and_clusters_are_those_of_the_items(points):
    table = [{"id": "a", "topic": "sun"}, {"id": "b", "topic": "sun"}, {"id": "c", "topic": "rain"}]
    found = judge.agree(points, BY_PEOPLE, items=table, by="topic", cluster="topic")
    sizes = {s.label: s.n_both for s in found.agreement.slices if s.dimension == "criteria"}
    assert sizes == {"sun": 4, "rain": 1}
    assert set(ratings(found, "criteria").clusters.tolist()) == {"sun", "rain"}


def test_a_table_of_ratings_keeps_the_criteria(points):
    read = judge.read_ratings(BY_PEOPLE, rubric=POINTS)
    assert judge.agree(points, read).people["criteria"].n_ratings == 10
    assert read.to_pandas()["criterion"].tolist() == [row["criterion"] for row in BY_PEOPLE]


# -- properties


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.sampled_from(["yes", "no", "cannot tell", "skip", None, "not applicable"]), min_size=8, max_size=8
    )
)
def test_pairs_add_up_over_all_statuses(tmp_path_factory, cells):
    abstains = frozenset({("q0", "named"), ("q1", "named")})
    run = run_of(tmp_path_factory.mktemp("runs") / "run", abstains)
    rows = [
        {"item_id": f"q{n // 2}", "rater": PEOPLE[n % 2], "dimension": "named", "value": cell}
        for n, cell in enumerate(cells)
    ]
    rows += [{"item_id": "q9", "rater": who, "dimension": "named", "value": "yes"} for who in PEOPLE]
    found = judge.agree(run, rows, dimensions="named").agreement.aligned.abstentions["m", "named"]
    assert found.n == sum(cell in ("yes", "no", "cannot tell", "skip") for cell in cells) + 2
    assert found.no_score == 0


def test_a_pilot_of_criteria_plans_items(points):
    found = judge.plan("agreement", run=points, humans=BY_PEOPLE, dimensions=["criteria"])
    (size,) = found.needed
    assert size.per_item == pytest.approx(5 / 3)
    assert "pilot of 3 items" in found.plan.how
    assert "an item has 1.7 criteria" in found.plan.how
    with_judge = judge.plan("alpha", humans=BY_PEOPLE, run=points, dimensions="criteria")
    assert "Krippendorff's nominal alpha" in with_judge.title
