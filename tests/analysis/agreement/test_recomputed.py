"""Every figure of `judge agree` on a mixed rubric, recomputed by independent implementations.

The rubric has scores on two scales, criteria, two categories, a dimension with a condition, and criteria of the
items; five people rate with gaps and abstentions, and the judge has every kind of missing score.
"""

import json
import math
from itertools import combinations
from statistics import mean

import krippendorff
import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import pearsonr
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from judge.cli import main
from judge.records import Item, Score
from judge.rubric import Rubric
from judge.scoring.run import Run

ANCHORS = {n: f"level {n}" for n in range(1, 6)}
LABELS = {"fault": ["none", "minor", "major"], "effort": ["low", "mid", "high"]}
RUBRIC = Rubric.model_validate(
    {
        "name": "mixed",
        "task": "Judge.",
        "dimensions": {
            "clarity": {"description": "Is it clear?", "anchors": ANCHORS},
            "depth": {
                "description": "Is it deep?",
                "scale": {"min": 0, "max": 10},
                "anchors": {0: "no", 10: "yes"},
            },
            "named": {"description": "It names the part.", "type": "binary", "points": 2},
            "blames": {"description": "It blames the user.", "type": "binary", "points": -1},
            "fault": {"description": "Fault.", "type": "category", "labels": LABELS["fault"]},
            "effort": {
                "description": "Effort.",
                "type": "category",
                "labels": LABELS["effort"],
                "ordered": True,
            },
            "count": {"description": "Is it right?", "anchors": ANCHORS, "when": {"kind": "counting"}},
        },
        "criteria": {"field": "criteria"},
        "abstain": True,
        "overall": {"how": "points"},
        "pass": {"overall": 0.5},
    }
)
POINTS = {"named": 2, "blames": -1, "doctor": 2, "c2": 1, "wrong": -1}
LEVEL = {
    "clarity": "ordinal", "depth": "ordinal", "count": "ordinal", "effort": "ordinal", "overall": "interval",
    "named": "nominal", "blames": "nominal", "fault": "nominal", "criteria": "nominal",
}  # fmt: skip
SCALE = {
    **dict.fromkeys(("clarity", "count"), range(1, 6)), "depth": range(11),
    **dict.fromkeys(("named", "blames", "criteria"), range(2)), **dict.fromkeys(LABELS, range(3)),
}  # fmt: skip
PEOPLE = ("ann", "ben", "cat", "dan", "eve")
RATERS = ("m", *PEOPLE)
N = 40
MISSING = ("abstained", "unparsed", "refused", "failed")


def criteria_of(i):
    found = [{"id": "doctor", "text": "Advises.", "points": 2}, {"text": f"States {i}."}]
    return found + ([{"id": "wrong", "text": "Is wrong.", "points": -1}] if i % 3 == 0 else [])


def keys_of(i):
    return ["doctor", "c2", *(["wrong"] if i % 3 == 0 else [])]


def drawn(rng, quality, i):
    """One rating of everything: dimension or criterion -> code."""
    z = quality + 0.6 * rng.normal()
    found = {
        "clarity": int(np.clip(round(3 + z), 1, 5)),
        "depth": int(np.clip(round(5 + 2.5 * z), 0, 10)),
        "named": int(z + rng.normal() > -0.3),
        "blames": int(z + rng.normal() < -0.8),
        "fault": int(np.clip(round(1 - z), 0, 2)),
        "effort": int(np.clip(round(1 + z), 0, 2)),
    }
    if i % 2:
        found["count"] = int(np.clip(round(3 + z + 0.3 * rng.normal()), 1, 5))
    return found | {key: int((-z if key == "wrong" else z) + rng.normal() > 0) for key in keys_of(i)}


@pytest.fixture(scope="module")
def cells():
    """(rater, item, name) -> code, or the status of a missing one; absent where a person gave no cell."""
    rng = np.random.default_rng(11)
    found = {}
    for i, quality in enumerate(rng.normal(size=N)):
        for rater in RATERS:
            if rater != "m" and rng.random() < 0.1:
                continue
            for name, code in drawn(rng, quality, i).items():
                u = rng.random()
                if rater == "m":
                    found[rater, i, name] = MISSING[int(u * 40)] if u < 0.1 else code
                elif u > 0.04:
                    found[rater, i, name] = "abstained" if u < 0.07 else code
    return found


def points_earned(cells, rater, i):
    """Overall score, or the status of a part that is missing."""
    parts = {name: cells.get((rater, i, name)) for name in ("named", "blames", *keys_of(i))}
    for status in (*MISSING, None):
        if status in parts.values():
            return status
    most = sum(POINTS[name] for name in parts if POINTS[name] > 0)
    return min(1, max(0, sum(POINTS[name] * met for name, met in parts.items()) / most))


def written(name, code):
    return LABELS[name][code] if name in LABELS else float(code)


@pytest.fixture(scope="module")
def report(cells, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    items = [
        Item(
            id=f"q{i}",
            question=f"q{i}",
            answer="a",
            metadata={"kind": "counting" if i % 2 else "other", "criteria": criteria_of(i)},
        )
        for i in range(N)
    ]
    scores, rows = [], []
    for (rater, i, name), code in cells.items():
        where = {"criterion": name} if name in keys_of(i) else {"dimension": name}
        if rater != "m":
            value = "cannot tell" if code == "abstained" else written(name, code)
            rows.append({"item_id": f"q{i}", "rater": rater, "value": value, **where})
            continue
        state = {"status": code} if code in MISSING else {"value": written(name, code)}
        of = {"item_id": f"q{i}", "rater": "m", "rater_kind": "judge", "dimension": "criteria"}
        scores.append(Score(**{**of, **where}, **state))
    for i in range(N):
        earned = points_earned(cells, "m", i)
        state = {"status": earned} if earned in MISSING else {"value": earned}
        kind = {"rater": "m", "rater_kind": "judge", "dimension": "overall"}
        scores.append(Score(item_id=f"q{i}", **kind, **state))
        if i % 2 == 0:
            scores.append(Score(item_id=f"q{i}", **{**kind, "dimension": "count"}, status="not_applicable"))
    Run.imported(folder / "run", RUBRIC, items, scores, model="m").close()
    (folder / "people.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    words = ["agree", str(folder / "run"), "--humans", str(folder / "people.jsonl"), "--json"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


NAMES = [*LEVEL]


def table_of(cells, name):
    """Rater -> values by unit (an item, or a criterion of one), NaN where missing; and the item of each unit."""
    units = [(i, key) for i in range(N) for key in (keys_of(i) if name == "criteria" else [name])]

    def value(rater, i, key):
        found = points_earned(cells, rater, i) if name == "overall" else cells.get((rater, i, key))
        return math.nan if found is None or found in MISSING else float(found)

    columns = {rater: np.array([value(rater, *unit) for unit in units]) for rater in RATERS}
    return columns, np.array([i for i, _ in units])


def shown(report, table, name, column):
    (row,) = (row for row in report["tables"][table]["rows"] if row["dimension"] == name)
    return row[column]["value"] if isinstance(row[column], dict) else row[column]


def on_all(*columns):
    known = ~np.isnan(np.stack(columns)).any(axis=0)
    return [column[known] for column in columns]


def over_pairs(columns, statistic):
    """Mean over pairs of people, and over both pairs of the judge with them, on the units of all three."""
    human, judge = [], []
    for a, b in combinations(PEOPLE, 2):
        first, second, model = on_all(columns[a], columns[b], columns["m"])
        human.append(statistic(first, second))
        judge += [statistic(first, model), statistic(second, model)]
    return mean(human), mean(judge)


def concordance(a, b):
    """Lin's coefficient with moments over n, which is quadratic kappa."""
    return 2 * np.mean((a - a.mean()) * (b - b.mean())) / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)


@pytest.mark.parametrize("name", NAMES)
def test_alpha_of_people_has_the_level_of_its_type(cells, report, name):
    columns, _ = table_of(cells, name)
    expected = krippendorff.alpha(np.stack([columns[p] for p in PEOPLE]), level_of_measurement=LEVEL[name])
    assert shown(report, "people", name, "alpha") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_agreeing_pairs_of_people_are_counted_unit_by_unit(cells, report, name):
    columns, _ = table_of(cells, name)
    shares, unanimous = [], []
    for given in np.stack([columns[p] for p in PEOPLE]).T:
        known = given[~np.isnan(given)]
        if len(known) > 1:
            shares.append(np.mean([math.isclose(a, b) for a, b in combinations(known, 2)]))
        if len(known) == len(PEOPLE):
            unanimous.append(np.ptp(known) < 1e-12)
    assert shown(report, "people", name, "agreement") == pytest.approx(mean(shares))
    assert shown(report, "people", name, "unanimous") == pytest.approx(np.mean(unanimous))


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_those_of_the_units_that_people_rated(cells, report, name):
    columns, items = table_of(cells, name)
    known = ~np.isnan(np.stack([columns[p] for p in PEOPLE]))
    assert shown(report, "people", name, "ratings") == known.sum()
    assert shown(report, "people", name, "items") == len(set(items[known.any(axis=0)]))
    if name == "criteria":
        assert shown(report, "people", name, "criteria") == known.any(axis=0).sum()


@pytest.mark.parametrize("name", NAMES)
def test_kappa_has_the_weights_of_its_type(cells, report, name):
    columns, _ = table_of(cells, name)
    if name == "overall":
        expected = over_pairs(columns, concordance)
    else:
        weights = None if LEVEL[name] == "nominal" else "quadratic"
        scale = list(SCALE[name])
        expected = over_pairs(columns, lambda a, b: cohen_kappa_score(a, b, labels=scale, weights=weights))
    found = [shown(report, "agreement", name, column) for column in ("people", "judge_level", "difference")]
    assert found == pytest.approx([*expected, expected[1] - expected[0]], abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_raw_agreement_is_the_share_of_equal_ratings(cells, report, name):
    columns, _ = table_of(cells, name)
    expected = over_pairs(columns, lambda a, b: float(np.isclose(a, b).mean()))
    found = [shown(report, "raw", name, column) for column in ("people", "judge_level")]
    assert found == pytest.approx(expected)


def row_of(report, table, title):
    (row,) = (row for row in report["tables"][table]["rows"] if row["statistic"] == title)
    return [row[column]["value"] for column in ("people", "judge_level")]


@pytest.mark.parametrize("name", [name for name in NAMES if LEVEL[name] != "nominal"])
def test_correlation_and_distance_are_with_the_mean_of_the_others(cells, report, name):
    columns, _ = table_of(cells, name)
    of_people = np.stack([columns[p] for p in PEOPLE])
    expected = {"Pearson correlation": [], "mean absolute difference": []}
    for place in range(len(PEOPLE)):
        others = np.delete(of_people, place, axis=0)
        some = ~np.isnan(others).all(axis=0)
        rest = np.full(len(some), np.nan)
        rest[some] = np.nanmean(others[:, some], axis=0)
        one, model, rest = on_all(of_people[place], columns["m"], rest)
        expected["Pearson correlation"].append((pearsonr(rest, one)[0], pearsonr(rest, model)[0]))
        expected["mean absolute difference"].append((np.abs(rest - one).mean(), np.abs(rest - model).mean()))
    for title, pairs in expected.items():
        assert row_of(report, f"coefficients:{name}@m", title) == pytest.approx(
            np.mean(pairs, axis=0), abs=1e-9
        )


@pytest.mark.parametrize("name", [name for name in NAMES if name != "overall"])
def test_confusion_divides_each_unit_among_its_ratings(cells, report, name):
    columns, _ = table_of(cells, name)
    shares = 1 / np.maximum(sum(~np.isnan(columns[p]) for p in PEOPLE), 1)
    expected = sum(
        confusion_matrix(*on_all(columns[p], columns["m"]), labels=list(SCALE[name]), sample_weight=weights)
        for p in PEOPLE
        for weights in [on_all(shares, columns[p], columns["m"])[0]]
    )
    rows = report["tables"][f"confusion:{name}@m"]["rows"]
    found = [[value for key, value in row.items() if key != "people"] for row in rows]
    assert np.allclose(found, expected, atol=0.051)


HAS_MEAN = [name for name in NAMES if name not in LABELS]


@pytest.mark.parametrize("name", HAS_MEAN)
def test_means_are_on_the_units_with_judge_and_people(cells, report, name):
    columns, _ = table_of(cells, name)
    of_people = np.stack([columns[p] for p in PEOPLE])
    some = ~np.isnan(of_people).all(axis=0)
    consensus = np.full(len(some), np.nan)
    consensus[some] = np.nanmean(of_people[:, some], axis=0)
    human, model = on_all(consensus, columns["m"])
    assert shown(report, "levels", name, "people") == pytest.approx(human.mean())
    assert shown(report, "levels", name, "judge_mean") == pytest.approx(model.mean())


@pytest.mark.parametrize("name", HAS_MEAN)
def test_bias_is_the_effect_of_the_judge_by_least_squares(cells, report, name):
    """rating = unit + rater, with the judge against the mean of the people."""
    columns, _ = table_of(cells, name)
    table = np.stack([columns[r] for r in RATERS])
    table = table[:, ~np.isnan(table[1:]).all(axis=0)]
    raters, units = np.nonzero(~np.isnan(table))
    design = np.zeros((len(raters), len(RATERS) + table.shape[1]))
    design[np.arange(len(raters)), raters] = 1
    design[np.arange(len(raters)), len(RATERS) + units] = 1
    effects = np.linalg.lstsq(design, table[raters, units], rcond=None)[0]
    expected = effects[0] - effects[1 : len(RATERS)].mean()
    assert shown(report, "levels", name, "bias") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", LABELS)
def test_labels_have_no_mean(report, name):
    assert shown(report, "levels", name, "bias") is None
    assert shown(report, "levels", name, "people") is None


def test_the_median_of_ordered_labels_is_of_all_ratings_beside_the_judge(cells, report):
    columns, _ = table_of(cells, "effort")
    with_judge = ~np.isnan(columns["m"])
    people = np.concatenate([columns[p][with_judge] for p in PEOPLE])
    codes = [np.median(values[~np.isnan(values)]) for values in (people, columns["m"])]
    (row,) = report["tables"]["medians"]["rows"]
    assert [row["people"], row["judge_median"]] == [LABELS["effort"][int(code)] for code in codes]


def test_verdicts_of_people_are_the_majority_of_those_by_points(cells, report):
    columns, _ = table_of(cells, "overall")
    human, model = [], []
    for i in range(N):
        marks = [columns[p][i] >= 0.5 for p in PEOPLE if not np.isnan(columns[p][i])]
        if marks and 2 * sum(marks) != len(marks) and not np.isnan(columns["m"][i]):
            human.append(2 * sum(marks) > len(marks))
            model.append(columns["m"][i] >= 0.5)
    (false_false, false_true), (true_false, true_true) = confusion_matrix(human, model)
    counts = f"{true_true} / {false_true} / {true_false} / {false_false}"
    assert shown(report, "passing", "overall", "counts") == counts
    expected = {
        "people_rate": np.mean(human), "judge_rate": np.mean(model), "kappa": cohen_kappa_score(human, model),
        "tpr": true_true / (true_true + true_false), "tnr": false_false / (false_false + false_true),
    }  # fmt: skip
    found = {name: shown(report, "passing", "overall", name) for name in expected}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "overall"])
def test_abstentions_are_counted_pair_by_pair(cells, report, name):
    counts = dict.fromkeys(("both_rated", "only_judge", "only_person", "both", "no_score"), 0)
    units = [(i, key) for i in range(N) for key in (keys_of(i) if name == "criteria" else [name])]
    for person in PEOPLE:
        for unit in units:
            if (person, *unit) not in cells:
                continue
            model, human = cells["m", *unit], cells[person, *unit]
            abstained = (model == "abstained", human == "abstained")
            if model in MISSING and not abstained[0]:
                counts["no_score"] += 1
            else:
                kinds = {
                    (False, False): "both_rated",
                    (True, False): "only_judge",
                    (False, True): "only_person",
                }
                counts[kinds.get(abstained, "both")] += 1
    assert {key: shown(report, "abstentions", name, key) for key in counts} == counts


def test_people_abstain_on_the_overall_score_where_they_abstain_on_a_part_as_the_judge_does(cells, report):
    counts = dict.fromkeys(("both_rated", "only_judge", "only_person", "both", "no_score"), 0)
    for person in PEOPLE:
        for i in range(N):
            parts = {cells.get((person, i, name)) for name in ("named", "blames", *keys_of(i))}
            if None in parts and "abstained" not in parts:
                continue  # a part has an empty cell
            model = points_earned(cells, "m", i)
            abstained = (model == "abstained", "abstained" in parts)
            if model in MISSING and not abstained[0]:
                counts["no_score"] += 1
            else:
                kinds = {
                    (False, False): "both_rated",
                    (True, False): "only_judge",
                    (False, True): "only_person",
                }
                counts[kinds.get(abstained, "both")] += 1
    assert counts["only_person"] > 0
    assert {key: shown(report, "abstentions", "overall", key) for key in counts} == counts


def test_intervals_of_criteria_leave_out_items_with_all_their_criteria(cells, report):
    """Standard error of the share of agreeing pairs by the jackknife over items."""
    columns, items = table_of(cells, "criteria")
    of_people = np.stack([columns[p] for p in PEOPLE]).T
    known = [given[~np.isnan(given)] for given in of_people]
    used = [at for at, given in enumerate(known) if len(given) > 1]
    shares = np.array([np.mean([a == b for a, b in combinations(known[at], 2)]) for at in used])
    groups = np.array(items)[used]
    left = np.array([shares[groups != item].mean() for item in sorted(set(groups))])
    expected = math.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    (row,) = (row for row in report["tables"]["people"]["rows"] if row["dimension"] == "criteria")
    assert row["agreement"]["n_clusters"] == len(left)
    assert row["agreement"]["se"] == pytest.approx(expected, rel=0.05)


def test_no_figure_is_named_for_several_dimensions(report):
    names = {"bias", *NAMES}
    by_pass_rule = "corrected.pass_rate"
    for key in report["figures"].keys() - {by_pass_rule}:
        assert key.split(".")[-1] in names, key
