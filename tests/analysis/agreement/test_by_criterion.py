"""Agreement on single criteria and on tags, recomputed with scikit-learn and by hand."""

import math
from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

import judge
from judge.records import Item, Score
from judge.rubric import Rubric
from judge.scoring.run import Run

RUBRIC = Rubric.model_validate(
    {
        "name": "points",
        "task": "Judge.",
        "criteria": {"field": "criteria"},
        "abstain": True,
        "overall": {"how": "points"},
        "pass": {"overall": 0.5},
    }
)
PEOPLE = ("ann", "ben", "cat")
N = 30


def criteria_of(i):
    """Two criteria with an id, one with the text of all items, and one with a text of its own."""
    return [
        {"id": "doctor", "text": "It advises a doctor.", "tags": ["safety", "advice"]},
        {"text": "It is polite."},
        {"text": f"It states fact {i}.", "tags": ["fact"]},
        *([{"id": "rare", "text": "It is odd.", "points": -1, "tags": ["safety"]}] if i % 3 == 0 else []),
    ]


KEYS = {i: ["doctor", "c2", "c3", *(["rare"] if i % 3 == 0 else [])] for i in range(N)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Run, rows of people, and (rater, item, criterion) -> 1 or 0 where rated."""
    rng = np.random.default_rng(5)
    truth = {(i, key): rng.random() < 0.6 for i, keys in KEYS.items() for key in keys}
    given = {
        (who, i, key): int(met if rng.random() < sure else not met)
        for (i, key), met in truth.items()
        for who, sure in (("m", 0.85), *zip(PEOPLE, (0.9, 0.8, 0.75), strict=True))
        if rng.random() < 0.92
    }
    folder = tmp_path_factory.mktemp("runs") / "run"
    items = [
        Item(id=f"q{i}", question=f"q{i}", answer="a", metadata={"criteria": criteria_of(i), "doc": i // 3})
        for i in range(N)
    ]
    scores = [
        Score(
            item_id=f"q{i}",
            rater="m",
            rater_kind="judge",
            dimension="criteria",
            criterion=key,
            **({"value": float(given["m", i, key])} if ("m", i, key) in given else {"status": "abstained"}),
        )
        for i, key in truth
    ]
    Run.imported(folder, RUBRIC, items, scores, model="m").close()
    rows = [
        {"item_id": f"q{i}", "rater": who, "criterion": key, "value": value}
        for (who, i, key), value in given.items()
        if who != "m"
    ]
    return folder, rows, given


@pytest.fixture(scope="module")
def found(data):
    return judge.agree(data[0], data[1])


def of(found, name):
    every = (*found.agreement.tags, *found.agreement.single_criteria)
    (one,) = (one for one in every if one.name == name)
    return one


def keys_of(name):
    """(item, criterion) pairs that belong together."""
    chosen = {
        "doctor": lambda key: key == "doctor",
        "rare": lambda key: key == "rare",
        "It is polite.": lambda key: key == "c2",
        "safety": lambda key: key in ("doctor", "rare"),
        "advice": lambda key: key == "doctor",
        "fact": lambda key: key == "c3",
    }[name]
    return [(i, key) for i, keys in KEYS.items() for key in keys if chosen(key)]


def pairs(given, name, first, second, third):
    """Labels of two raters on the criteria that the third rated, too."""
    shared = [k for k in keys_of(name) if all((who, *k) in given for who in (first, second, third))]
    return [[given[who, *k] for k in shared] for who in (first, second)]


def people_and_judge(given, name, statistic):
    """Mean over pairs of people, and mean over the pairs of the judge and each of them."""
    of_people = [statistic(*pairs(given, name, a, b, "m")) for a, b in combinations(PEOPLE, 2)]
    of_judge = [
        statistic(*pairs(given, name, who, "m", other))
        for a, b in combinations(PEOPLE, 2)
        for who, other in ((a, b), (b, a))
    ]
    return np.mean(of_people), np.mean(of_judge)


NAMES = ("doctor", "rare", "It is polite.", "safety", "advice", "fact")


@pytest.mark.parametrize("name", NAMES)
def test_shares_of_equal_verdicts_are_those_of_the_pairs(data, found, name):
    expected = people_and_judge(data[2], name, lambda a, b: np.mean(np.equal(a, b)))
    same = of(found, name).same
    assert (same.human.value, same.judge.value) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_kappa_is_that_of_scikit_learn(data, found, name):
    expected = people_and_judge(data[2], name, lambda a, b: cohen_kappa_score(a, b, labels=[0, 1]))
    kappa = of(found, name).kappa
    assert (kappa.human.value, kappa.judge.value) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_items_and_criteria_are_those_that_judge_and_people_rated(data, found, name):
    both = [
        (i, key)
        for i, key in keys_of(name)
        if ("m", i, key) in data[2] and any((who, i, key) in data[2] for who in PEOPLE)
    ]
    one = of(found, name)
    assert (one.n_both, one.n_items) == (len(both), len({i for i, _ in both}))


def test_criteria_of_one_item_are_listed_under_their_tag_only(found):
    assert {one.name for one in found.agreement.single_criteria} == {"doctor", "rare", "It is polite."}
    assert [one.name for one in found.agreement.tags] == ["safety", "advice", "fact"]


def test_the_criterion_with_the_lowest_agreement_comes_first(found):
    shares = [one.same.judge.value for one in found.agreement.single_criteria]
    assert shares == sorted(shares)


def test_criteria_of_an_item_are_one_cluster_under_a_tag(found):
    one = of(found, "safety")
    assert one.n_both > one.n_items
    assert one.kappa.judge.n_clusters == one.n_items


def test_one_cluster_that_holds_all_items_of_a_criterion_is_fixed(data):
    one_document = [row for row in data[1] if int(row["item_id"][1:]) < 3 or row["criterion"] != "doctor"]
    one = of(judge.agree(data[0], one_document, cluster="doc"), "doctor")
    assert one.kappa.judge.n_clusters == one.n_items == 3


def test_tables_of_criteria_are_whole_in_data_and_short_in_the_terminal(tmp_path):
    texts = [f"Statement {k}." for k in range(60)]
    items = [
        Item(id=i, question="q", answer="a", metadata={"criteria": [{"text": one} for one in texts]})
        for i in "abcd"
    ]
    given = [(i, f"c{k + 1}", float((k + n) % 3 == 0)) for n, i in enumerate("abcd") for k in range(60)]
    scores = [
        Score(item_id=i, rater="m", rater_kind="judge", dimension="criteria", criterion=c, value=v)
        for i, c, v in given
    ]
    Run.imported(tmp_path / "run", RUBRIC, items, scores, model="m").close()
    rows = [
        {"item_id": i, "rater": "ann", "criterion": c, "value": 1.0 - v * (c < "c2")} for i, c, v in given
    ]
    found = judge.agree(tmp_path / "run", rows)
    assert [len(found.tables[name].rows) for name in ("criteria", "criteria_all")] == [20, 60]
    assert "criteria_tags" not in found.tables
    assert "(20 of 60)" in found.to_text("criteria")
    assert "that items share" not in str(found)
    page = found.to_html()
    assert all(text in page for text in texts)


def test_criteria_that_are_known_by_their_number_only_are_not_compared_across_items(data):
    rows = [{**row, "rater_kind": "human"} for row in data[1]]
    rows += [
        {"item_id": f"q{i}", "rater": "m", "rater_kind": "judge", "criterion": key, "value": value}
        for (who, i, key), value in data[2].items()
        if who == "m"
    ]
    found = judge.agree([], rows, rubric=RUBRIC)
    assert found["criteria"].kappa.defined
    assert found.agreement.single_criteria == ()
    assert "criteria" not in found.tables


def test_the_table_names_a_criterion_and_its_text(found):
    table = found.tables["criteria"]
    keys = [column.key for column in table.columns]
    texts = {row[keys.index("criterion")]: row[keys.index("text")] for row in table.rows}
    assert texts["doctor"] == "It advises a doctor."
    assert texts[None] == "It is polite."
    assert not math.isnan(table.column("judge_kappa")[0].value)
