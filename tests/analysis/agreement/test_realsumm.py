"""Criteria of items by command: REALSumm, and a made-up table of its kind against independent implementations."""

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path
from statistics import mean

import krippendorff
import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import kendalltau
from sklearn.metrics import cohen_kappa_score

from judge.cli import main

from ...public_data import assert_reproduced, figures, ratings_file

SCRIPT = Path(__file__).parents[3] / "examples" / "public_data" / "realsumm.py"
FIGURES = SCRIPT.with_name("realsumm_figures.py")


def command(*words):
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exit_code == 0, result.output
    return result.stdout


def tables(*words):
    """Tables of a command as rows of plain cells, an estimate being its value."""
    found = json.loads(command(*words, "--json"))["tables"]
    return {name: [dict(row) for row in table["rows"]] for name, table in found.items()}


def converted(source, out):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(source), str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


def analysed(folder):
    """Tables of the agreement of the majority with the workers, and of worker 1 with the others."""
    run, rubric = folder / "run", folder / "rubric.yaml"
    replies = f"replay:{folder / 'replies.jsonl'}"
    command("score", folder / "answers.jsonl", "--judge", replies, "--rubric", rubric, "--out", run)
    against = tables("agree", run, "--humans", folder / "ratings.jsonl", "--by", "system")
    first = tables("agree", "--humans", folder / "worker_1.jsonl", "--rubric", rubric)
    return against, first


def errors_of_worker_1(folder):
    """Error of the scores of worker 1 against the majority of the others, by calibration."""
    replies, run = f"replay:{folder / 'replies_worker_1.jsonl'}", folder / "worker_1"
    words = ("--judge", replies, "--rubric", folder / "rubric.yaml", "--out", run)
    command("score", folder / "answers.jsonl", *words)
    return tables("calibrate", run, "--humans", folder / "worker_1.jsonl")["errors"][0]


def script_figures(source, folder):
    """Figures that the script prints."""
    done = subprocess.run(
        [sys.executable, str(FIGURES), str(source), str(folder / "run")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def value(cell):
    return cell["value"] if isinstance(cell, dict) else cell


def people(tables, statistic):
    (row,) = (row for row in tables["people"] if row["dimension"] == "criteria")
    return value(row[statistic])


def share_met(tables, system):
    rows = [r for r in tables["slices:system"] if (r["slice"], r["dimension"]) == (system, "overall")]
    (row,) = rows
    return value(row["judge_mean"])


def kappa(tables):
    return value(tables["agreement"][0]["judge_level"])


# -- the published data


@pytest.fixture(scope="module")
def published_folder(tmp_path_factory):
    source = ratings_file("realsumm").parent
    folder = tmp_path_factory.mktemp("realsumm")
    if (source / "criterion_labels.jsonl").exists():
        return converted(source, folder)
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def published(published_folder):
    return analysed(published_folder)


def expected_figures():
    path = ratings_file("realsumm").parent / "expected.json"
    if not path.exists():
        pytest.skip("the folder has no expected.json")
    return {one["id"]: one for one in json.loads(path.read_text(encoding="utf-8"))["checks"]}


@pytest.mark.usefixtures("published")
def test_scores_of_automatic_metrics_have_the_published_figures(published_folder):
    expected = expected_figures()
    found = script_figures(ratings_file("realsumm").parent, published_folder)
    shared = found.keys() & expected.keys()
    assert len(shared) == 50
    for name in shared:
        assert found[name] == pytest.approx(expected[name]["computed"], abs=2e-6), name


@pytest.mark.usefixtures("published")
def test_pooled_criteria_and_the_mean_over_summaries_are_different_figures(published_folder):
    expected = expected_figures()
    rows = {row["what"]: row for row in tables("report", published_folder / "run")["met"]}
    assert value(rows["criteria of the items"]["share"]) == pytest.approx(expected["labels.rate"]["computed"])
    assert value(rows["points earned"]["share"]) == pytest.approx(expected["labels.macro"]["computed"])


def test_the_error_of_worker_1_is_reproduced(published_folder):
    expected = expected_figures()["worker1.rmse"]["computed"]
    assert value(errors_of_worker_1(published_folder)["rmse_before"]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.usefixtures("published")
def test_the_ranking_of_systems_shows_their_shares(published_folder):
    words = ("leaderboard", published_folder / "run", "--system", "system", "--cluster", "document")
    shares = {row["system"]: value(row["overall"]) for row in tables(*words)["system_means"]}
    for figure in figures("realsumm", "share_of_criteria_met"):
        (expected,) = figure.values
        assert_reproduced(shares[expected["group"]], expected)


@pytest.mark.parametrize("figure", figures("realsumm", "share_of_criteria_met"))
def test_the_share_of_criteria_met_of_a_system_is_reproduced(published, figure):
    assert_reproduced(share_met(published[0], figure["group"]), figure)


@pytest.mark.parametrize(("statistic", "name"), [("nominal_alpha", "alpha"), ("same_score", "agreement")])
def test_agreement_of_the_workers_on_criteria_is_reproduced(published, statistic, name):
    (found,) = figures("realsumm", statistic)
    assert_reproduced(people(published[0], name), found.values[0])


def test_kappa_of_worker_1_with_the_majority_of_the_others_is_reproduced(published):
    (found,) = figures("realsumm", "cohen_kappa_with_majority")
    assert_reproduced(kappa(published[1]), found.values[0])


# -- a made-up table


N_DOCUMENTS, SYSTEMS = 6, ("abs_heron", "ext_otter")


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """Six documents with three to five criteria, two systems, three or four workers."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("compact")
    sizes = [3 + n % 3 for n in range(N_DOCUMENTS)]
    criteria = [
        {"document": f"d{n:03d}", "criterion": k + 1, "text": f"Statement {k}."}
        for n, size in enumerate(sizes)
        for k in range(size)
    ]
    labels = []
    for n, size in enumerate(sizes):
        for system in SYSTEMS:
            truth = rng.random(size) < (0.4 if system == "abs_heron" else 0.7)
            for worker in range(3 + (n == 2)):
                met = np.where(rng.random(size) < 0.8, truth, ~truth)
                row = {"item_id": f"d{n:03d}_{system}", "rater_id": f"worker_{worker + 1}"}
                labels.append(row | {"met": "".join("01"[int(one)] for one in met)})
    for name, rows in (("criteria", criteria), ("criterion_labels", labels)):
        text = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    out = converted(folder, tmp_path_factory.mktemp("made_up"))
    return labels, analysed(out), out


def by_item(labels):
    found = {}
    for row in labels:
        found.setdefault(row["item_id"], {})[row["rater_id"]] = [int(one) for one in row["met"]]
    return found


def strict(columns):
    return [int(2 * sum(column) > len(column)) for column in zip(*columns, strict=True)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_share_of_a_system_is_the_mean_over_items_of_their_own_criteria(made_up, system):
    labels, (against, _), _ = made_up
    shares = [mean(strict(w.values())) for item, w in by_item(labels).items() if item.endswith(system)]
    assert share_met(against, system) == pytest.approx(mean(shares), abs=1e-12)


def units(labels):
    """Workers x (item, criterion), NaN where missing."""
    names = sorted({row["rater_id"] for row in labels})
    columns = [
        [given[name][k] if name in given else math.nan for name in names]
        for given in by_item(labels).values()
        for k in range(len(next(iter(given.values()))))
    ]
    return np.array(columns).T


def test_alpha_on_criteria_is_that_of_the_package_krippendorff(made_up):
    labels, (against, _), _ = made_up
    expected = krippendorff.alpha(units(labels), level_of_measurement="nominal")
    assert people(against, "alpha") == pytest.approx(expected, abs=1e-12)


def test_agreement_on_criteria_is_the_mean_over_criteria_of_agreeing_pairs(made_up):
    labels, (against, _), _ = made_up
    shares = []
    for column in units(labels).T:
        given = column[~np.isnan(column)]
        shares.append(np.mean([a == b for i, a in enumerate(given) for b in given[i + 1 :]]))
    assert people(against, "agreement") == pytest.approx(np.mean(shares), abs=1e-12)


def test_kappa_with_the_majority_of_the_others_is_that_of_scikit_learn(made_up):
    labels, (_, first), _ = made_up
    pairs = [
        pair
        for given in by_item(labels).values()
        for pair in zip(
            strict([met for name, met in given.items() if name != "worker_1"]), given["worker_1"], strict=True
        )
    ]
    assert kappa(first) == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)), abs=1e-12)


def test_criteria_and_items_are_counted_apart(made_up):
    labels, (against, _), _ = made_up
    (row,) = (row for row in against["people"] if row["dimension"] == "criteria")
    assert (row["items"], row["criteria"], row["ratings"]) == (
        12,
        units(labels).shape[1],
        sum(len(r["met"]) for r in labels),
    )


def shares_of_worker_1(labels):
    return [
        (mean(given["worker_1"]), mean(strict([met for name, met in given.items() if name != "worker_1"])))
        for given in by_item(labels).values()
    ]


def test_the_error_of_worker_1_is_that_of_the_shares_of_the_items(made_up):
    labels, _, folder = made_up
    of_one, of_others = map(np.array, zip(*shares_of_worker_1(labels), strict=True))
    found = errors_of_worker_1(folder)
    assert value(found["rmse_before"]) == pytest.approx(np.sqrt(np.mean((of_one - of_others) ** 2)))
    assert value(found["mae_before"]) == pytest.approx(np.mean(np.abs(of_one - of_others)))


@pytest.fixture(scope="module")
def script():
    """The script of the figures as a module."""
    spec = importlib.util.spec_from_file_location("realsumm_figures", FIGURES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tau_of_documents_is_the_mean_over_those_with_a_significant_order(script):
    rng = np.random.default_rng(2)
    people = rng.random((12, 8))
    scores = {"crowd": people, "majority": people, "rouge": people + rng.normal(0, 0.3, people.shape)}
    found = dict(script.figures(scores))
    taus = [kendalltau(*pair, method="asymptotic") for pair in zip(people, scores["rouge"], strict=True)]
    significant = [one.statistic for one in taus if one.pvalue <= 0.05]
    assert 0 < len(significant) < 12
    assert found["tau.document.rouge"] == pytest.approx(mean(significant))
    assert found["tau.document_all.rouge"] == pytest.approx(mean(one.statistic for one in taus))
    means = [table.mean(axis=0) for table in (people, scores["rouge"])]
    assert found["system.crowd.rouge.pearson"] == pytest.approx(np.corrcoef(*means)[0, 1])
    assert found["crowd.q25"] == pytest.approx(np.percentile(people, 25))


def test_pairs_of_systems_that_tie_in_the_reference_are_left_out(script):
    reference, scores = np.array([[1.0, 1.0, 2.0]]), np.array([[3.0, 5.0, 4.0]])
    assert script.ordered_alike(reference, scores) == pytest.approx(1 / 2)


def test_the_script_reads_the_overall_score_of_a_run(made_up, script, tmp_path):
    labels, _, folder = made_up
    given = by_item(labels)
    rows = [{"item_id": item, "rater_id": "crowd", "score": 0.5} for item in given]
    (tmp_path / "ratings.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = script.tables(tmp_path, folder / "run")["majority"]
    assert found.shape == (N_DOCUMENTS, len(SYSTEMS))
    assert found[0, 0] == pytest.approx(mean(strict(given[f"d000_{SYSTEMS[0]}"].values())))
