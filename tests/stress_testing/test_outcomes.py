"""Comparison of twins with their originals: pairs, tests, smallest effects and verdicts."""

import math
import random

import pytest

from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.rubric.parts import Dimension
from judge.stress_testing.outcomes import ORIGINAL, outcomes, read_stress_scores
from judge.stress_testing.probes import PROBES, chosen_probes
from judge.stress_testing.twins import Twins, as_twin

RUBRIC = load_rubric("open_qa")
DIMENSIONS = [*RUBRIC.dimensions]
N = 40


def originals(n=N):
    return tuple(Item(id=f"q{i}", question=f"{i}?", answer="!") for i in range(n))


def twins_of(probes, items):
    changed = {
        name: tuple(as_twin(item, item, name) for item in items)
        for name, p in probes.items()
        if not p.changes_rubric
    }
    rubrics = {name: RUBRIC for name, p in probes.items() if p.changes_rubric}
    return Twins(items, changed, rubrics, {})


def outcome(name, twin, first=3, repeat=None, standard=None, n=N, clusters=None):
    """Outcome of one probe; scores are numbers, or functions of the number of the item."""
    probes, items = chosen_probes(name), originals(n)
    columns = {ORIGINAL: first, "repeat": repeat or first, name: twin}
    if standard:
        columns[PROBES[name].compared_with] = standard
    scores = {}
    for probe, score in columns.items():
        for i, item in enumerate(items):
            if (value := score(i) if callable(score) else score) is not None:
                scores[probe, item.id] = (
                    value if isinstance(value, dict) else dict.fromkeys(DIMENSIONS, value)
                )
    found = outcomes(probes, twins_of(probes, items), scores, RUBRIC, clusters or [item.id for item in items])
    return next(o for o in found if o.probe.name == name)


def response(name, twin, dimension="technical_accuracy", **options):
    return next(r for r in outcome(name, twin, **options).responses if r.dimension == dimension)


# -- which pairs are compared


def test_a_twin_is_compared_with_the_repeated_request_and_not_with_the_first_score():
    found = response("white_space", 4, first=2, repeat=4)
    assert found.shift.value == 0


def test_the_repeated_request_is_compared_with_the_first_score():
    found = outcome("repeat", 4, first=3)
    assert found.responses[0].shift.value == 1
    assert found.verdict == "noise"


def test_pairs_that_cannot_fall_are_left_out_by_the_first_score():
    found = response("blank_answer", 1, first=lambda i: 1 if i < 10 else 3, repeat=2)
    assert (found.n_pairs, found.n_at_end, found.n_missing) == (30, 10, 0)


def test_pairs_that_cannot_rise_are_left_out_by_the_first_score():
    found = response("praise", 3, first=lambda i: 5 if i < 10 else 3, repeat=3)
    assert (found.n_pairs, found.n_at_end) == (30, 10)


def test_selection_at_the_end_of_the_scale_makes_no_effect_of_noise():
    """First scores of 5 are left out, and the others are too low on average; the repeated ones are not."""
    rng = random.Random(1)
    noise = [[rng.choice((3, 4, 5)) for _ in range(400)] for _ in range(3)]
    found = response(
        "praise", noise[0].__getitem__, first=noise[1].__getitem__, repeat=noise[2].__getitem__, n=400
    )
    assert found.n_at_end > 100
    assert abs(found.shift.value) < 2 * found.shift.se


def test_a_standard_that_was_scored_once_leaves_out_only_pairs_with_both_at_the_end():
    found = response("master_key", lambda i: 5 if i < 20 else 1, standard=lambda i: 5 if i < 10 else 1)
    assert (found.n_pairs, found.n_at_end) == (30, 10)


def test_noise_of_such_a_standard_is_no_effect():
    rng = random.Random(2)
    noise = [[rng.choice((4, 5)) for _ in range(400)] for _ in range(2)]
    found = response("master_key", noise[0].__getitem__, standard=noise[1].__getitem__, n=400)
    assert abs(found.shift.value) < 2 * found.shift.se


def test_a_missing_score_takes_its_pair_out_and_is_counted():
    found = response("white_space", lambda i: None if i < 3 else 3)
    assert (found.n_pairs, found.n_missing) == (N - 3, 3)


def test_a_dimension_without_scores_has_no_pairs_and_decides_nothing():
    found = outcome("white_space", {"clarity": 3}, n=N)
    empty = next(r for r in found.responses if r.dimension == "relevance")
    assert (empty.n_pairs, empty.n_missing) == (0, N)
    assert math.isnan(empty.p)
    assert (empty.verdict, math.isnan(empty.smallest)) == ("not applicable", True)
    assert found.verdict == "held"


def test_a_probe_without_any_score_is_not_applicable():
    found = outcome("white_space", None)
    assert found.verdict == "not applicable"
    assert math.isnan(found.held.value)


def test_a_probe_that_changed_no_item_has_no_response():
    probes, items = chosen_probes("padding"), originals()
    twins = Twins(items, {"padding": ()}, {"repeat": RUBRIC}, {"padding": {"why": N}})
    found = outcomes(probes, twins, {}, RUBRIC, [i.id for i in items])[1]
    assert (found.responses, found.n_twins, found.verdict) == ((), 0, "not applicable")
    assert found.not_applicable == {"why": N}


def test_dimensions_on_few_pairs_do_not_decide_where_others_have_enough():
    def first(i):
        return {"technical_accuracy": 3, "comprehensiveness": 3, "relevance": 3, "clarity": 3 if i < 5 else 1}

    found = outcome("blank_answer", {**dict.fromkeys(DIMENSIONS, 1), "clarity": 3}, first=first)
    clarity = next(r for r in found.responses if r.dimension == "clarity")
    assert (clarity.n_pairs, clarity.verdict) == (5, "undecided")
    assert found.verdict == "held"


# -- marks of the pairs


@pytest.mark.parametrize(
    ("name", "twin", "standard", "held"),
    [
        ("blank_answer", 2, 3, 1), ("blank_answer", 3, 3, 0), ("blank_answer", 4, 3, 0),
        ("white_space", 3, 3, 1), ("white_space", 4, 3, 0), ("white_space", 2, 3, 0),
        ("praise", 2, 3, 1), ("praise", 3, 3, 1), ("praise", 4, 3, 0),
        ("reference_answer", 5, 3, 1), ("reference_answer", 4, 3, 0),
        ("reference_paraphrased", 4, 5, 1), ("reference_paraphrased", 3, 5, 0),
    ],
)  # fmt: skip
def test_a_pair_is_marked_by_whether_it_responded_as_required(name, twin, standard, held):
    options = {"standard": standard} if name == "reference_paraphrased" else {}
    found = outcome(name, twin, first=3, **options)
    assert found.held.value == held


def test_a_pair_holds_if_it_responds_as_required_on_every_dimension():
    found = outcome("white_space", lambda i: {**dict.fromkeys(DIMENSIONS, 3), "clarity": 4 if i < 10 else 3})
    assert found.held.value == 0.75
    assert found.marks.sum() == 30


def test_the_share_that_reached_the_maximum_is_that_of_the_twins():
    assert response("praise", lambda i: 5 if i < 10 else 3).at_top.value == 0.25


# -- verdicts


def test_scores_that_stay_hold_where_they_must_not_change():
    assert outcome("white_space", 3).verdict == "held"


def test_one_dimension_that_moves_fails_the_probe():
    found = outcome("white_space", lambda i: {**dict.fromkeys(DIMENSIONS, 3), "clarity": 4 if i < 20 else 3})
    assert found.verdict == "failed"
    assert {r.dimension for r in found.responses if r.verdict == "failed"} == {"clarity"}


def test_moves_in_both_directions_fail_though_the_mean_stays():
    found = response("white_space", lambda i: 2 + 2 * (i % 2))
    assert found.shift.value == 0
    assert found.verdict == "failed"


def test_a_fall_is_no_failure_where_scores_must_not_rise():
    assert response("praise", 2).verdict == "held"


def test_a_rise_fails_where_scores_must_not_rise():
    assert response("praise", lambda i: 4 if i < 12 else 3).verdict == "failed"


def test_few_pairs_decide_nothing():
    found = response("white_space", 3, n=6)
    assert (found.verdict, math.isnan(found.smallest)) == ("undecided", True)


def test_a_judge_that_does_not_see_the_change_fails_where_scores_must_fall():
    assert response("blank_answer", 3).verdict == "failed"


def test_a_fall_of_few_pairs_is_too_little_where_every_item_must_fall():
    found = response("wrong_number", lambda i: 2 if i < 8 else 3)
    assert found.p < 0.05
    assert found.verdict == "failed"


def test_a_fall_of_few_pairs_is_enough_where_not_every_answer_depends_on_the_picture():
    found = outcome("blank_picture", lambda i: 2 if i < 8 else 3)
    assert found.verdict == "held"
    assert outcome("blank_picture", 3).verdict == "failed"


def test_noise_that_hides_a_fall_leaves_it_undecided():
    rng = random.Random(3)
    noise = [rng.choice((-2, 0, 1)) for _ in range(12)]
    assert response("wrong_number", lambda i: 3 + noise[i], n=12).verdict == "undecided"


def test_a_fall_needs_no_adjustment_because_all_dimensions_must_fall():
    for found in outcome("blank_answer", lambda i: 2 if i < 30 else 3).responses:
        assert found.p_adjusted == found.p


def test_a_change_is_adjusted_for_the_dimensions_of_its_probe():
    found = outcome("white_space", lambda i: {**dict.fromkeys(DIMENSIONS, 3), "clarity": 4 if i < 9 else 3})
    clarity = next(r for r in found.responses if r.dimension == "clarity")
    assert clarity.p_adjusted == pytest.approx(len(DIMENSIONS) * clarity.p)


@pytest.mark.parametrize(
    ("n_top", "verdict"), [(40, "held"), (36, "held"), (34, "undecided"), (20, "failed")]
)
def test_the_reference_must_be_at_the_top_in_nine_of_ten_items(n_top, verdict):
    assert response("reference_answer", lambda i: 5 if i < n_top else 4).verdict == verdict


def test_few_references_at_the_top_decide_nothing():
    assert response("reference_answer", 5, n=9).verdict == "undecided"


@pytest.mark.parametrize(
    ("lost", "verdict"),
    [(5, "held"), (lambda i: 4 if i < 10 else 5, "held"), (4, "failed"),
     (lambda i: 4 if i % 2 else 5, "undecided")],
)  # fmt: skip
def test_the_reference_in_other_words_must_not_lose_half_a_point(lost, verdict):
    assert response("reference_paraphrased", lost, standard=5).verdict == verdict


def test_pairs_without_the_standard_of_comparison_are_no_missing_scores():
    probes, items = chosen_probes("master_key"), originals()
    twins = twins_of(probes, items)
    half = Twins(
        items, {**twins.changed, "blank_answer": twins.changed["blank_answer"][:20]}, twins.rubrics, {}
    )
    scores = {
        (name, item.id): dict.fromkeys(DIMENSIONS, 2)
        for name in (ORIGINAL, *probes)
        for item in (items[:20] if name == "blank_answer" else items)
    }
    found = outcomes(probes, half, scores, RUBRIC, [i.id for i in items])[-1]
    assert {(r.n_pairs, r.n_missing) for r in found.responses} == {(20, 0)}


# -- smallest effects


def test_without_spread_the_smallest_effect_is_that_of_the_fewest_pairs_that_a_sign_test_needs():
    """Four dimensions, two tests of two sides: 2^-9 < .05/16 = .0031 < 2^-8."""
    assert response("white_space", 3).smallest == 9 / N
    assert response("blank_answer", 3).smallest == 5 / N  # 2^-5 < .05
    assert response("praise", 3).smallest == 7 / N  # 2^-7 < .05/4


def test_the_repeated_request_is_tested_once():
    assert response("repeat", 3).smallest == 8 / N  # 2^-8 < .05/8


def test_noise_makes_the_smallest_effect_larger():
    rng = random.Random(4)
    noise = [rng.choice((-1, 0, 1)) for _ in range(N)]
    found = response("praise", lambda i: 3 + noise[i])
    assert found.smallest > 2.4 * found.shift.se


def test_the_top_has_no_smallest_effect():
    assert math.isnan(response("reference_answer", 5).smallest)


def test_pairs_of_a_cluster_count_as_one():
    clusters = [str(i // 8) for i in range(N)]
    assert response("white_space", lambda i: 4 if i < 20 else 3).verdict == "failed"
    assert response("white_space", lambda i: 4 if i < 20 else 3, clusters=clusters).verdict == "undecided"


# -- reading


def test_scores_are_read_by_probe_and_original():
    items = originals(1)
    twins = twins_of(chosen_probes(["white_space"]), items)

    def score(item_id, value=4, **fields):
        fields = {"dimension": "clarity", "rater": "x", "rater_kind": "judge", **fields}
        return Score(item_id=item_id, value=value, **fields)

    found = read_stress_scores(
        [
            score("q0", 3),
            score("q0~white_space"),
            score("q0~repeat", 2),
            score("q0", 1, sample=1),
            score("q0", None, status="failed", dimension="relevance"),
            score("q0", 5, dimension="overall"),
            score("unknown"),
        ],
        RUBRIC,
        twins,
    )
    assert found == {
        (ORIGINAL, "q0"): {"clarity": 3},
        ("white_space", "q0"): {"clarity": 4},
        ("repeat", "q0"): {"clarity": 2},
    }


def test_an_ordered_label_counts_by_its_position():
    grade = {"description": "d", "type": "category", "labels": ["bad", "fair", "good"], "ordered": True}
    rubric = RUBRIC.model_copy(update={"dimensions": {"grade": Dimension.model_validate(grade)}})
    label = Score(item_id="q0", rater="x", rater_kind="judge", dimension="grade", value="good")
    found = read_stress_scores([label], rubric, twins_of({}, originals(1)))
    assert found == {(ORIGINAL, "q0"): {"grade": 2.0}}


def test_dimensions_without_pairs_are_not_adjusted_for():
    found = outcome("white_space", lambda i: {"clarity": 4 if i < 9 else 3}, first={"clarity": 3})
    clarity = next(r for r in found.responses if r.dimension == "clarity")
    assert clarity.p_adjusted == clarity.p
    assert clarity.smallest >= 7 / N  # 2^-7 < .05/4
