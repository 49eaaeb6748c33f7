"""Which columns of each table a terminal shows, and which only the page and the files have."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.judge_human import Criteria
from judge.reporting.builders.agreement import build_agreement
from judge.reporting.builders.comparison import build_comparison, build_leaderboard
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.several_runs import build_runs
from judge.reporting.builders.single_run import build_report

_SPEC = importlib.util.spec_from_file_location(
    "agreement_tables", Path(__file__).parents[2] / "analysis" / "agreement" / "conftest.py"
)
_TABLES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_TABLES)

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


def shown(report, key):
    return " ".join(column.key for column in report.tables[key].columns if not column.detail)


def agreement_report(margins=None):
    rng = np.random.default_rng(4)
    quality = rng.normal(3, 1, 60)
    people = _TABLES.rounded(quality[:, None] + rng.normal(0, 0.5, (60, 3)))
    judges = {name: _TABLES.rounded(quality + rng.normal(0, s, 60)) for name, s in (("a", 0.3), ("b", 1.5))}
    ratings = _TABLES.make_ratings(
        people, judges, pass_mark=3.0, statuses={name: {"ok": 60} for name in judges}
    )
    aligned = _TABLES.make_aligned(
        ratings,
        answers=["word " * (1 + i % 9) for i in range(60)],
        metadata=[{"kind": "ab"[i % 2]} for i in range(60)],
    )
    return build_agreement(
        agree(aligned, criteria=Criteria(margins or {"": 0.1}, 0.2), by=["kind"], panel="mean")
    )


AGREEMENT = {
    "people": "dimension items people ratings agreement alpha",
    "verdicts": "label margin difference p verdict",
    "agreement": "label n people judge_level difference",
    "raw": "label n people judge_level difference",
    "levels": "label missing people judge_mean bias sd_ratio",
    "passing": "label n people_rate judge_rate tpr tnr kappa ac1",
    "corrected": "label pool labelled judge_rate people_rate corrected effective",
    "alt_test": "label person n judge_wins human_wins p p_adjusted preferred",
    "slices:kind": "slice label n people judge_level difference bias p_holm",
    "judges": "label n difference same_score decision",
    "judges:kind": "slice label n difference same_score p_holm",
    "panel_gains": "judge dimension without panel gain",
    "panel": "dimension best cross_validated all_judges in_sample",
    "bias": "what difference finding",
    "coefficients:clarity@a": "statistic people judge_level difference",
    "thresholds:clarity@a": "cut judge_rate gap tpr tnr kappa",
}


def test_tables_of_agreement_show_what_fits_a_terminal():
    report = agreement_report()
    assert {key: shown(report, key) for key in AGREEMENT} == AGREEMENT


def test_each_table_of_agreement_says_how_its_own_statistic_was_computed():
    tables = agreement_report({"alpha": 0.1}).tables
    assert "alpha" in tables["agreement"].title.lower()
    assert tables["agreement"].notes != tables["raw"].notes
    assert any("pairs of raters" in note for note in tables["raw"].notes)
    assert not any("pairs of raters" in note for note in tables["agreement"].notes)


@pytest.fixture
def runs(make_table):
    def run(name, n_pass, answer):
        rows = [{**(PASS if i < n_pass else FAIL), "kind": "ab"[i % 2], "answer": answer} for i in range(60)]
        return RunData(make_table(rows, name=name))

    return [run("one", 50, "x"), run("two", 20, "x"), run("three", 30, "y")]


def test_tables_of_a_run_show_what_fits_a_terminal(runs):
    report = build_report(runs[0])
    expected = {
        "pass_rates": "what pass_rate bar n missing",
        "scores": "dimension mean 1 2 3 4 5",
        "slices:kind": "slice n missing pass_rate difference p_holm",
        "failures": "dimension binding below alone rescued",
    }
    assert {key: shown(report, key) for key in expected} == expected


def test_tables_of_several_runs_show_what_fits_a_terminal(runs):
    compared = build_comparison(runs[0], runs[2])
    assert shown(compared, "pass_rate") == shown(compared, "means") == "what pairs a b difference p_holm"
    board = build_leaderboard([runs[0], runs[2]])
    assert shown(board, "leaderboard") == "rank system n missing pass_rate rank_low rank_high letters"
    panel = build_runs(runs[:2])
    assert shown(panel, "panel") == "run n missing pass_rate accuracy clarity"
    assert shown(panel, "panel_pairs") == "first second pairs same_verdict difference p"
