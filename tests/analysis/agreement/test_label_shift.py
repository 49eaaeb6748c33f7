"""Ratings from elsewhere: another share of good answers, the same errors of the judge."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import judge
from judge.analysis.agreement.label_pool import corrected_pass_rate, score_pool, verdict_pool
from judge.analysis.agreement.label_shift import label_shift_rate
from judge.cli import main
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Scale
from judge.stats.pass_fail.rogan_gladen import rogan_gladen

from .conftest import make_ratings

N, N_PILOT = 800, 120


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A run of 120 answers of a pilot, half of them good, and 680 others, 90 % of them good: run, good, passed."""
    folder = tmp_path_factory.mktemp("shift")
    rng = np.random.default_rng(1)
    good = np.r_[np.arange(N_PILOT) % 2 == 0, rng.random(N - N_PILOT) < 0.9]
    passed = np.where(good, rng.random(N) < 0.85, rng.random(N) < 0.2)
    rubric = load_rubric("open_qa")
    items = [
        Item(id=f"q{i}", question=f"Question {i}?", answer=f"Answer {i}", system="ab"[i % 2])
        for i in range(N)
    ]
    scores = [
        Score(item_id=f"q{i}", rater="m", rater_kind="judge", dimension=name, value=4.0 if one else 2.0)
        for i, one in enumerate(passed)
        for name in (*rubric.dimensions, "overall")
    ]
    Run.imported(folder / "run", rubric, items, scores, model="m").close()
    return folder / "run", good, passed


def people(good, **more):
    return [
        {"item_id": f"q{i}", "rater": "ann", "overall": 4 if good[i] else 2, **more} for i in range(N_PILOT)
    ]


def expected(good, passed):
    pilot = slice(N_PILOT)
    return rogan_gladen(good[pilot], passed[pilot], passed[N_PILOT:])


def test_the_rate_of_unrated_answers_follows_from_error_rates_on_rated_ones(study):
    run, good, passed = study
    report = judge.report(run, humans=people(good), sampling="label-shift")
    found, by_hand = report.estimates["corrected.pass_rate.overall"], expected(good, passed).estimate
    assert (found.value, found.low, found.high) == pytest.approx((by_hand.value, by_hand.low, by_hand.high))
    assert found.low < good[N_PILOT:].mean() < found.high
    pilot_mix = judge.report(run, humans=people(good)).estimates["corrected.pass_rate.overall"]
    assert pilot_mix.high < good[N_PILOT:].mean()


def test_the_report_says_what_it_assumes_and_of_which_answers_the_figure_is(study):
    run, good, _ = study
    report = judge.report(run, humans=people(good), sampling="label-shift")
    assert any("of the 680 unrated answers" in text and "120 rated" in text for text in report.verdict)
    text = report.to_dict()["methods_paragraph"]
    assert "It assumes label shift" in text
    assert "predictive values" not in text
    assert not any("no random sample" in text for text in report.warnings)
    table = report.tables["corrected"]
    assert (table.column("pool"), table.column("labelled")) == ([680], [120])
    assert "Corrected by the Rogan-Gladen estimator." in table.notes
    assert "corrected_means" not in report.tables


def test_the_warning_about_the_mix_names_label_shift(study):
    run, good, _ = study
    for report in (judge.report(run, humans=people(good)), judge.agree(run, people(good))):
        assert any("--sampling label-shift" in text for text in report.warnings)


def test_agree_corrects_by_error_rates_too(study):
    run, good, passed = study
    report = judge.agree(run, people(good), sampling="label-shift")
    found = report["overall"].corrected_pass_rate
    assert found.value == pytest.approx(expected(good, passed).estimate.value)
    assert report["overall"].found.n_pool == N - N_PILOT
    assert any("unrated answers (label shift" in note for note in report.tables["pass_rates"].notes)
    assert not any("no random sample" in text for text in report.warnings)
    assert any("It assumes label shift" in text for text in report.methods)
    assert not any("random sample" in text for text in report.methods)
    assert report.tables["corrected"].title.startswith("Pass rate of the unrated answers")
    assert not any("predictive values by" in text for text in report.methods)


def test_groups_are_corrected_by_their_own_ratings_and_not_compared(study):
    run, good, _ = study
    report = judge.report(run, humans=people(good), sampling="label-shift", by=["system"])
    assert "corrected_differences:system" not in report.tables
    table = report.tables["corrected:system"]
    assert table.column("pool") == [340, 340]
    assert not any("Differences are listed" in note for note in table.notes)


def test_estimators_that_label_shift_rules_out_are_in_json_alone(study):
    run, good, _ = study
    path = run.parent / "ratings.json"
    path.write_text(json.dumps(people(good)))
    words = ["report", str(run), "--humans", str(path), "--sampling", "label-shift"]
    found = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    others = found["other_estimators"]["corrected.pass_rate.overall"]
    assert {"predictive_values", "ppi", "judge_alone"} <= others.keys()
    assert "rogan_gladen" not in others
    assert "predictive" not in CliRunner().invoke(main, words).stdout


def test_error_rates_that_cannot_hold_for_the_unrated_answers_get_a_warning(study):
    run, good, passed = study
    rows = people(good)
    passes, fails = ([row for row, p in zip(rows, passed, strict=False) if p == v] for v in (True, False))
    # The judge passes 30 of the 50 good ones and none of the bad ones, but 78 % of the others.
    humans = [row | {"overall": 4} for row in passes[:30] + fails[:20]]
    humans += [row | {"overall": 2} for row in fails[20:]]
    for report in (
        judge.agree(run, humans, sampling="label-shift"),
        judge.report(run, humans=humans, sampling="label-shift"),
    ):
        found = report.estimates["corrected.pass_rate.overall"]
        assert found.value == 1
        assert "calibration_and_test_disagree" in found.notes
        assert any("more than 100 % of the unrated answers would pass" in text for text in report.warnings)
    fitting = judge.agree(run, people(good), sampling="label-shift")
    assert not any("do not hold for the unrated" in text for text in fitting.warnings)


def test_nothing_is_ranked_or_compared_under_label_shift(study):
    run, good, _ = study
    with pytest.raises(InputError, match="differences have no form under label shift"):
        judge.leaderboard(run, system="system", humans=people(good), sampling="label-shift")


def test_inclusion_probabilities_and_label_shift_exclude_each_other(study):
    run, good, _ = study
    with pytest.raises(InputError, match="--sampling label-shift: the ratings have inclusion probabilities"):
        judge.agree(run, people(good, probability=0.5), sampling="label-shift")


# --- pools

_ = np.nan
HUMAN, JUDGE = [[4], [5], [2], [1], [_], [_], [_]], [4, 4, 2, 4, 4, 4, 2]


def ratings(**more):
    return make_ratings(HUMAN, {"j": JUDGE}, pass_mark=3.0, label_shift=True, **more)


def test_the_pool_of_the_judge_has_unrated_answers_only():
    pool = verdict_pool(ratings(), "j", "bounds")
    assert pool.scored.tolist() == [False] * 4 + [True] * 3
    assert pool.labelled.sum() == 4
    assert corrected_pass_rate(ratings(), "j", "bounds", 0).uncorrected.value == pytest.approx(2 / 3)
    assert pool.take(np.arange(7) > 0).labelled.sum() == 3


def test_an_answer_on_which_people_are_divided_is_rated():
    human = [[4, 4], [2, 2], [4, 2], [_, _]]
    tied = make_ratings(human, {"j": [4, 2, 4, 4]}, pass_mark=3.0, label_shift=True)
    pool = verdict_pool(tied, "j", "bounds")
    assert (pool.scored.sum(), pool.labelled.sum()) == (1, 2)


def test_means_have_no_form_under_label_shift():
    assert score_pool(ratings(), "j") is None
    marks = make_ratings([[1], [0], [_]], {"j": [1, 0, 1]}, scale=Scale([0, 1]), label_shift=True)
    assert score_pool(marks, "j").is_binary


def test_clusters_of_both_parts_widen_the_interval():
    human = np.r_[np.repeat([1.0, 0.0], 40), np.full(300, np.nan)]
    judge = np.r_[np.ones(35), np.zeros(5), np.ones(8), np.zeros(32), np.ones(200), np.zeros(100)]
    groups = np.array([f"g{i // 10}" for i in range(len(human))])
    plain = label_shift_rate(human, judge, np.isnan(human)).estimate
    clustered = label_shift_rate(human, judge, np.isnan(human), groups).estimate
    assert clustered.value == plain.value
    assert clustered.se > plain.se
    assert clustered.method == "jackknife"


def test_without_unrated_answers_there_is_nothing_to_correct():
    human, judge = np.array([1.0, 1, 0, 0]), np.array([1.0, 1, 0, 1])
    found = label_shift_rate(human, judge, np.zeros(4, bool)).estimate
    assert found.reason == "no_observations"
