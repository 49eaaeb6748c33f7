"""Every further judge compared with the first: on all items, in slices, and on published data."""

import json
import math
from collections import Counter

import numpy as np
import pytest

import judge
from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.judge_human import Criteria
from judge.analysis.agreement.judge_pairs import compare_two
from judge.stats import SamplingDesign, williams_t
from judge.stats.engine.scale import Scale
from tests import public_data

from .conftest import make_aligned, make_ratings

LABELS = Scale(("a", "b", "c"), "nominal")


def study(n=80, noises=(0.4, 1.2), seed=2, **more):
    rng = np.random.default_rng(seed)
    quality = rng.normal(3, 1, n)
    people = np.clip(np.round(quality[:, None] + rng.normal(0, 0.5, (n, 3))), 1, 5)
    judges = {f"j{k}": np.clip(np.round(quality + rng.normal(0, s, n)), 1, 5) for k, s in enumerate(noises)}
    return make_ratings(people, judges, **more)


def test_every_further_judge_is_compared_with_the_first():
    found = agree(make_aligned(study(noises=(0.4, 0.8, 1.2)))).judge_differences
    assert [(one.dimension, one.first, one.second) for one in found] == [
        ("clarity", "j0", "j1"),
        ("clarity", "j0", "j2"),
    ]
    assert agree(make_aligned(study(noises=(0.4,)))).judge_differences == ()


def test_levels_are_those_that_each_judge_has_beside_people():
    found = agree(make_aligned(study()))
    (one,) = found.judge_differences
    first, second = (each.main.judge.value for each in found.judge_agreements)
    assert one.corrected.first.value == pytest.approx(first)
    assert one.corrected.second.value == pytest.approx(second)
    assert one.raw.second.value == pytest.approx(found.judge_agreements[1].raw.judge.value)
    assert (one.coefficient, one.title, one.n_both) == ("kappa_quadratic", "quadratic kappa", 80)


@pytest.mark.parametrize(
    ("margins", "decided_by", "verdict"),
    [
        ({}, "kappa_quadratic", None),
        ({"": 0.05}, "kappa_quadratic", "worse"),
        ({"kappa_quadratic": 0.9}, "kappa_quadratic", "non-inferior"),
        ({"agreement": 0.9}, "agreement", "non-inferior"),
        ({"pearson": 0.05}, "kappa_quadratic", None),
    ],
)
def test_a_margin_decides_on_the_statistic_that_it_names(margins, decided_by, verdict):
    (one,) = agree(make_aligned(study()), criteria=Criteria(margins)).judge_differences
    assert one.decided_by == decided_by
    assert (one.verdict.verdict if one.verdict else None) == verdict


def test_clusters_and_weights_reach_the_interval():
    plain, clustered = (
        compare_two(study(clusters=clusters), "j0", "j1").corrected.difference
        for clusters in (None, np.repeat(np.arange(20), 4))
    )
    assert (plain.n_clusters, clustered.n_clusters) == (80, 20)
    weighted = compare_two(study(design=SamplingDesign(np.repeat([0.5, 0.1], 40))), "j0", "j1")
    assert weighted.corrected.difference.value != pytest.approx(plain.value)


def test_slots_labels_and_rescaled_ratings_have_their_own_coefficient():
    slots = compare_two(study(slots=True), "j0", "j1")
    assert slots.corrected.n_people == 1
    labels = study().values - 1
    nominal = make_ratings(
        np.minimum(labels[:, :3], 2), {"a": np.minimum(labels[:, 3], 2), "b": np.minimum(labels[:, 4], 2)},
        scale=LABELS,
    )  # fmt: skip
    assert compare_two(nominal, "a", "b").coefficient == "kappa"
    rescaled = compare_two(study(rescaled=("p0",)), "j0", "j1")
    assert (rescaled.coefficient, rescaled.raw.difference.reason) == ("alpha", "rescaled_ratings")
    assert rescaled.corrected.difference.value < 0


def test_williams_test_is_given_where_items_are_independent_and_numbers_unweighted():
    ratings = study()
    mean = ratings.human_values.mean(axis=1)
    expected = williams_t(mean, ratings.column("j1"), ratings.column("j0"))
    assert compare_two(ratings, "j0", "j1").williams == expected
    assert compare_two(study(clusters=np.arange(80) // 2), "j0", "j1").williams is None
    assert compare_two(study(design=SamplingDesign(np.full(80, 0.5))), "j0", "j1").williams is None


def test_slices_are_compared_each_alone_and_adjusted_together():
    ratings = study()
    fields = [{"kind": "ab"[i % 2]} for i in range(80)]
    found = agree(make_aligned(ratings, metadata=fields), by=["kind"]).judge_slices
    assert [(one.field, one.label, one.n_both) for one in found] == [("kind", "a", 40), ("kind", "b", 40)]
    half = ratings.take(np.arange(80) % 2 == 0)
    assert found[0].corrected == compare_two(half, "j0", "j1").corrected
    low, high = sorted(one.p for one in found)
    assert min(one.p_adjusted for one in found) == pytest.approx(min(1, 2 * low))
    assert max(one.p_adjusted for one in found) == pytest.approx(max(min(1, 2 * low), high))


def test_a_judge_without_scores_on_a_dimension_is_not_compared_there():
    ratings = study()
    empty = make_ratings(ratings.human_values, {"j0": ratings.column("j0"), "j1": np.full(80, np.nan)})
    assert agree(make_aligned(empty)).judge_differences == ()


def test_the_report_has_differences_by_dimension_and_judge(run, noisy, ratings):
    found = judge.agree([run, noisy], ratings, margin=0.05)
    one = found.judge_differences["clarity", "dice"]
    assert (one.first, one.second) == ("robot", "dice")
    assert found.estimates["judges.kappa_quadratic.clarity@dice"] == one.corrected.difference
    assert found.estimates["judges.agreement.clarity@dice"] == one.raw.difference
    table = found.tables["judges"]
    place = table.column("dimension").index("clarity")
    assert table.column("difference")[place] == one.corrected.difference
    assert table.column("decision")[place] == one.verdict.verdict


# --- published data: LLMBar, six judges against gold labels


@pytest.fixture(scope="module")
def llmbar():
    """First order of the answers: gold labels and two judges."""
    chosen = ("gold", "gpt-4/vanilla", "gpt-4/cot")
    rows = public_data.ratings("llmbar")
    return [
        r
        for r in rows
        if r["rater_id"] in chosen and r["dimension"] == "preference" and r.get("order") != "ba"
    ]


def kappa_by_counting(pairs):
    """Cohen's kappa from counts, without this project's code."""
    n = len(pairs)
    rows, columns = (Counter(pair[k] for pair in pairs) for k in (0, 1))
    chance = sum(rows[label] * columns[label] for label in rows) / n**2
    return (sum(a == b for a, b in pairs) / n - chance) / (1 - chance)


def test_two_judges_of_llmbar_differ_as_counted_independently(llmbar):
    found = judge.agree([], llmbar, scale="1,2", level="nominal", margin=0.05)
    one = found.judge_differences["preference", "gpt-4/cot"]
    scores = {name: {} for name in ("gold", "gpt-4/vanilla", "gpt-4/cot")}
    for row in llmbar:
        scores[row["rater_id"]][row["item_id"]] = row["score"]
    items = [i for i in scores["gold"] if all(scores[name].get(i) is not None for name in scores)]
    assert one.n_both == len(items)

    def difference(kept):
        levels = [
            kappa_by_counting([(scores["gold"][i], scores[name][i]) for i in kept])
            for name in ("gpt-4/vanilla", "gpt-4/cot")
        ]
        return levels[1] - levels[0]

    assert one.corrected.difference.value == pytest.approx(difference(items), abs=1e-12)
    without = [difference(items[:k] + items[k + 1 :]) for k in range(len(items))]
    mean, n = sum(without) / len(items), len(items)
    se = math.sqrt((n - 1) / n * sum((value - mean) ** 2 for value in without))
    # Up to 500 items have two items added, which changes the standard error a little.
    assert one.corrected.difference.se == pytest.approx(se, rel=0.02)
    correct = [sum(scores["gold"][i] == scores[name][i] for i in items) for name in list(scores)[1:]]
    assert one.raw.difference.value == pytest.approx((correct[1] - correct[0]) / n, abs=1e-12)


def test_llmbar_by_command_decides_in_each_slice(llmbar, tmp_path):
    file = tmp_path / "ratings.jsonl"
    file.write_text("\n".join(map(json.dumps, llmbar)) + "\n")
    from click.testing import CliRunner

    from judge.cli import main

    words = (
        "--scale",
        "1,2",
        "--level",
        "nominal",
        "--by",
        "subset",
        "--margin",
        "0.05",
        "--sections",
        "judges",
    )
    done = CliRunner().invoke(main, ["agree", "--humans", str(file), *words])
    assert done.exit_code == 0, done.output
    assert "Judges compared with gpt-4/vanilla" in done.stdout
    assert "inconclusive" in done.stdout
    assert "Judges compared with gpt-4/vanilla by subset" in done.stdout


def slot_kappa(judge_scores, ratings):
    """Quadratic kappa of a judge and a random rating of the item, from squared distances of all pairs."""
    of_items = np.mean([np.mean((x - j) ** 2) for j, x in zip(judge_scores, ratings, strict=True)])
    by_chance = np.mean([np.mean((judge_scores - x[:, None]) ** 2) for x in ratings])
    return 1 - of_items / by_chance


def test_two_judges_of_hanna_differ_as_computed_independently():
    judges = ("beluga-13b", "chatgpt")
    rows = [
        row
        for row in public_data.ratings("hanna")
        if row["dimension"] == "complexity" and (row["rater_type"] == "human" or row["rater_id"] in judges)
    ]
    found = judge.agree([], rows, scale="1-5", raters_are="slots", margin=0.05)
    one = found.judge_differences["complexity", "chatgpt"]
    people, scores = {}, {name: {} for name in judges}
    for row in rows:
        if row["rater_type"] == "human":
            people.setdefault(row["item_id"], []).append(row["score"])
        else:
            scores[row["rater_id"]][row["item_id"]] = row["score"]
    items = [i for i in people if all(scores[name].get(i) is not None for name in judges)]
    ratings = [np.array(people[i], dtype=float) for i in items]
    first, second = (slot_kappa(np.array([scores[name][i] for i in items]), ratings) for name in judges)
    assert one.corrected.first.value == pytest.approx(first, abs=1e-10)
    assert one.corrected.difference.value == pytest.approx(second - first, abs=1e-10)
    assert one.verdict.verdict == "worse"
