"""`judge compare RUN RUN` and `judge leaderboard RUN RUN` with people's ratings of some of the answers."""

import numpy as np
import pytest
from click.testing import CliRunner

import judge
from judge.cli import main
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

N_QUESTIONS = 160
SYSTEMS = {"large": (0.85, 0.3), "small": (0.55, 0.9), "tiny": (0.3, 0.5)}
"""System -> share of good answers, and share of its bad answers that the judge passes."""


def scored(folder, items, passed, rubric=None):
    scores = [
        Score(item_id=item.id, rater="m", rater_kind="judge", dimension="overall", value=4.0 if p else 2.0)
        for item, p in zip(items, passed, strict=True)
    ]
    Run.imported(folder, rubric or load_rubric("open_qa"), items, scores, model="m").close()
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A run for each system, with ids of its own; the same answers as one run; ratings of every fourth."""
    folder = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(7)
    hard = rng.random(N_QUESTIONS)
    everything, verdicts, runs, rows = [], [], {}, []
    for system, (share, lenient) in SYSTEMS.items():
        good = hard < share
        passed = np.where(good, rng.random(N_QUESTIONS) < 0.95, rng.random(N_QUESTIONS) < lenient)
        items = [
            Item(id=f"{system}{q}", question=f"{q}?", answer=f"{system} {q}", system=system)
            for q in range(N_QUESTIONS)
        ]
        runs[system] = scored(folder / system, items, passed)
        everything += items
        verdicts += passed.tolist()
        rows += [
            {"item_id": items[q].id, "rater": "ann", "overall": 4 if good[q] else 2, "pass": passed[q]}
            for q in range(0, N_QUESTIONS, 4)
        ]
    return {"all": scored(folder / "all", everything, verdicts), **runs}, rows


@pytest.fixture(scope="module")
def same_ids(study, tmp_path_factory):
    """The runs with one id for the answers to a question, and the ratings with these ids and the answer."""
    runs, rows = study
    folder = tmp_path_factory.mktemp("same_ids")
    found, answers = {}, {}
    for system in SYSTEMS:
        with Run.open(runs[system]) as run:
            items = list(run.items())
            passed = [score.value == 4 for score in run.scores()]
        answers |= {item.id: item.answer for item in items}
        renamed = [
            item.model_copy(update={"id": item.id.removeprefix(system), "system": None}) for item in items
        ]
        found[system] = scored(folder / system, renamed, passed)
    named = []
    for row in rows:
        system = row["item_id"].rstrip("0123456789")
        named.append(
            {
                **row,
                "item_id": row["item_id"].removeprefix(system),
                "run": system,
                "answer": answers[row["item_id"]],
            }
        )
    return found, named


def without(rows, *columns):
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


def figures(report, key):
    return {row["group"]: row for row in report.tables[key].to_pandas().to_dict("records")}


def pairs(report, key):
    return {(r["first"], r["second"]): r for r in report.tables[key].to_pandas().to_dict("records")}


def test_runs_have_the_corrected_figures_of_systems_within_one_run(study):
    runs, rows = study
    several = judge.leaderboard([runs[name] for name in SYSTEMS], humans=rows)
    one = judge.leaderboard(runs["all"], system="system", humans=rows)
    for key in ("corrected", "corrected_means"):
        assert figures(several, f"{key}:run") == figures(one, f"{key}:system")
        found, expected = (pairs(r, f"{key}_differences:{f}") for r, f in ((several, "run"), (one, "system")))
        assert found == expected
        assert len(found) == 3


def test_a_leaderboard_of_runs_ranks_by_corrected_rate(study):
    runs, rows = study
    report = judge.leaderboard([runs[name] for name in ("small", "large")], humans=rows)
    assert [row[1] for row in report.tables["leaderboard"].rows] == ["small", "large"]
    assert [row[0] for row in report.tables["corrected:run"].rows] == ["large", "small"]
    assert any(s.startswith("Corrected by human ratings, large") for s in report.verdict)
    assert "between runs" in report.tables["corrected_differences:run"].title


def test_a_comparison_of_runs_has_the_corrected_difference(study, same_ids):
    (runs, rows), (renamed, named) = study, same_ids
    found = judge.compare(renamed["small"], renamed["large"], humans=named)
    (pair,) = pairs(
        judge.leaderboard([runs["small"], runs["large"]], humans=rows), "corrected_differences:run"
    ).values()
    assert (pair["first"], pair["second"]) == ("large", "small")
    assert found.estimates["difference"].value < 0
    of_judge = pairs(found, "corrected_differences:run")["large", "small"]
    assert of_judge["by_judge_low"] == pytest.approx(found.estimates["difference"].low)
    assert found.estimates["corrected.difference"].value == pytest.approx(pair["difference"])
    assert found.estimates["corrected.difference"].low == pytest.approx(pair["difference_low"])
    assert found.estimates["corrected.pass_rate:run=large"].n_ratings == N_QUESTIONS / 4
    assert any("the pass rate of large minus that of small is" in s for s in found.verdict)


@pytest.mark.parametrize("by", ["run", "system", "answer"])
def test_ratings_of_answers_with_one_id_name_the_run_or_the_answer(same_ids, by):
    runs, rows = same_ids
    rows = [{**row, "system": row["run"]} for row in rows]
    kept = without(rows, *({"run", "system", "answer"} - {by}))
    found = judge.compare(runs["small"], runs["large"], humans=kept)
    expected = judge.compare(runs["small"], runs["large"], humans=rows)
    assert found.estimates["corrected.difference"] == expected.estimates["corrected.difference"]


def test_ratings_that_do_not_say_which_answer_was_rated_are_refused(same_ids):
    runs, rows = same_ids
    kept = [row for row in without(rows, "answer", "run") if row["item_id"] == "8"][:1]
    with pytest.raises(InputError, match=r"item '8' has another answer in small than in large \(1 such"):
        judge.compare(runs["small"], runs["large"], humans=kept)


def test_the_answer_decides_where_a_column_names_no_run(same_ids):
    runs, rows = same_ids
    other = [{**row, "system": "elsewhere"} for row in without(rows, "run")]
    found = judge.compare(runs["small"], runs["large"], humans=other)
    expected = judge.compare(runs["small"], runs["large"], humans=rows)
    assert found.estimates["corrected.difference"] == expected.estimates["corrected.difference"]


def test_a_system_that_answered_in_both_runs_names_none_of_them(same_ids, tmp_path):
    runs, rows = same_ids
    of_one = {}
    for name in ("small", "large"):
        with Run.open(runs[name]) as run:
            items = [item.model_copy(update={"system": "gpt"}) for item in run.items()]
            of_one[name] = scored(tmp_path / name, items, [score.value == 4 for score in run.scores()])
    named = [{**row, "system": "gpt"} for row in rows]
    with pytest.raises(InputError, match="column 'system' must say whose answer was rated; found: 'gpt'"):
        judge.compare(of_one["small"], of_one["large"], humans=without(named, "run", "answer"))
    expected = judge.compare(runs["small"], runs["large"], humans=rows)
    for column in ("run", "answer"):
        kept = without(named, *({"run", "answer"} - {column}))
        found = judge.compare(of_one["small"], of_one["large"], humans=kept)
        assert found.estimates["corrected.difference"] == expected.estimates["corrected.difference"]


def test_a_column_that_names_no_run_is_refused(same_ids):
    runs, rows = same_ids
    other = [{**row, "run": "elsewhere"} for row in without(rows, "answer")]
    with pytest.raises(InputError, match="found: 'elsewhere'; allowed: large, small"):
        judge.compare(runs["small"], runs["large"], humans=other)


def test_an_answer_that_no_run_gave_is_left_out(same_ids):
    runs, rows = same_ids
    kept = [row for row in rows if row["run"] != "tiny"]
    changed = [{**row, "answer": "another"} if row["item_id"] == "8" else row for row in without(kept, "run")]
    found = judge.compare(runs["small"], runs["large"], humans=changed)
    assert found.estimates["corrected.pass_rate:run=large"].n_ratings == N_QUESTIONS / 4 - 1
    assert any(s.startswith("2 of 80 rows of ratings were left out") for s in found.warnings)
    complete = judge.compare(runs["small"], runs["large"], humans=kept)
    assert not any("rows of ratings were left out" in s for s in complete.warnings)


@pytest.mark.parametrize("have_one_id", [False, True])
def test_a_run_without_ratings_has_no_corrected_figure_and_says_so(study, same_ids, have_one_id):
    runs, rows = same_ids if have_one_id else study
    name = "run" if have_one_id else "item_id"
    kept = [row for row in rows if not row[name].startswith("tiny")]
    report = judge.leaderboard([runs[name] for name in SYSTEMS], humans=kept)
    assert set(figures(report, "corrected:run")) == {"large", "small"}
    assert sum(s.startswith("People rated no answer of tiny") for s in report.warnings) == 1
    compared = judge.compare(
        same_ids[0]["large"], same_ids[0]["tiny"], humans=[r for r in same_ids[1] if r["run"] == "large"]
    )
    assert "corrected.difference" not in compared.estimates
    assert "corrected.pass_rate:run=large" in compared.estimates
    assert any(s.startswith("People rated no answer of tiny") for s in compared.warnings)


def test_ratings_of_no_run_are_refused(study):
    runs, _ = study
    with pytest.raises(InputError, match="none of the 1 rated items is known"):
        judge.leaderboard(
            [runs["large"], runs["small"]], humans=[{"item_id": "x", "rater": "a", "overall": 4}]
        )


def test_ratings_of_another_run_are_not_said_to_be_unknown(study):
    runs, rows = study
    found = judge.leaderboard([runs["large"], runs["small"]], humans=rows)
    (note,) = [s for s in found.warnings if "not among the items" in s]
    assert note.startswith("large, small: 40 rated items")  # those of tiny, and not those of the other run
    assert "tiny0" in note


def test_two_judges_of_the_same_answers_have_no_corrected_difference(study, tmp_path):
    runs, rows = study
    with Run.open(runs["large"]) as run:
        items = list(run.items())
    other = scored(tmp_path / "strict", items, [False] * len(items))
    part = scored(tmp_path / "part", items[:40], [True] * 40)
    for second in (other, part):
        with pytest.raises(InputError, match=r"hold the same answers.*judge agree"):
            judge.compare(runs["large"], second, humans=rows)
    with pytest.raises(InputError, match="hold the same answers"):
        judge.leaderboard([runs["small"], runs["large"], other], humans=rows)


def test_a_rating_of_an_answer_that_two_systems_share_counts_for_both(same_ids, tmp_path):
    runs, rows = same_ids
    with Run.open(runs["large"]) as run:
        items = list(run.items())
    mixed = [item.model_copy(update={"answer": "own"}) if i % 8 else item for i, item in enumerate(items)]
    other = scored(tmp_path / "other", mixed, [i % 3 > 0 for i in range(len(items))])
    shared = [r for r in rows if r["run"] == "large" and int(r["item_id"]) % 8 == 0]
    found = judge.compare(runs["large"], other, humans=without(shared, "run", "answer"))
    assert {found.estimates[f"corrected.pass_rate:run={n}"].n_ratings for n in ("large", "other")} == {20}


def test_answers_of_runs_are_paired_by_id_where_their_questions_differ(same_ids, tmp_path):
    runs, rows = same_ids
    apart = {}
    for name in ("small", "large"):
        with Run.open(runs[name]) as run:
            passed = [score.value == 4 for score in run.scores()]
            items = [item.model_copy(update={"question": f"{item.question} {name}"}) for item in run.items()]
        apart[name] = scored(tmp_path / name, items, passed)
    found = judge.compare(apart["small"], apart["large"], humans=rows)
    expected = judge.compare(runs["small"], runs["large"], humans=rows)
    for cluster in (None, "id"):
        more = {} if cluster is None else {"cluster": cluster}
        found = judge.compare(apart["small"], apart["large"], humans=rows, **more)
        assert found.estimates["corrected.difference"] == expected.estimates["corrected.difference"]


def test_runs_of_different_rubrics_need_a_common_one(same_ids, tmp_path):
    runs, rows = same_ids
    rubric = load_rubric("open_qa")
    stricter = rubric.model_copy(update={"pass_rule": {"overall": 5}})
    with Run.open(runs["large"]) as run:
        strict = scored(tmp_path / "large", list(run.items()), [s.value == 4 for s in run.scores()], stricter)
    with pytest.raises(InputError, match=r"different rubrics.*--rubric"):
        judge.compare(runs["small"], strict, humans=rows)
    found = judge.compare(runs["small"], strict, humans=rows, rubric=rubric)
    assert "corrected.difference" in found.estimates


def test_standard_input_is_refused_for_several_runs(study):
    runs, _ = study
    with pytest.raises(InputError, match="more than once"):
        judge.leaderboard([runs["large"], runs["small"]], humans="-")


def by_verdict(rows, n_pass, runs):
    """Ratings with the probabilities of a draw within the verdicts of each run."""
    found = []
    for name in SYSTEMS:
        with Run.open(runs[name]) as run:
            total = {passed: sum((s.value == 4) == passed for s in run.scores()) for passed in (True, False)}
        of_run = [row for row in rows if row["item_id"].startswith(name)]
        for passed in (True, False):
            drawn = [row for row in of_run if row["pass"] == passed][: n_pass[name] if passed else None]
            p = len(drawn) / total[passed]
            found += [{**row, "probability": p, "stratum": f"{passed}"} for row in drawn]
    return found


def test_each_run_may_have_probabilities_of_its_own(study):
    runs, rows = study
    drawn = by_verdict(rows, {"large": 10, "small": 14, "tiny": 5}, runs)
    report = judge.leaderboard([runs[name] for name in SYSTEMS], humans=drawn)
    assert not any("random sample" in s for s in report.warnings)
    for name in SYSTEMS:
        alone = judge.report(runs[name], humans=[r for r in drawn if r["item_id"].startswith(name)])
        expected, found = (
            alone.estimates["corrected.pass_rate"],
            report.estimates[f"corrected.pass_rate:run={name}"],
        )
        assert (found.value, found.low, found.high) == (expected.value, expected.low, expected.high)


def test_a_run_rated_at_random_is_compared_with_one_rated_by_verdict(study):
    runs, rows = study
    drawn = by_verdict(rows, {"large": 10, "small": 14, "tiny": 5}, runs)
    of_large = [r for r in drawn if r["item_id"].startswith("large")]
    of_small = [r for r in rows if r["item_id"].startswith("small")]
    mixed = [*of_large, *({**row, "probability": "", "stratum": ""} for row in of_small)]
    report = judge.leaderboard([runs["large"], runs["small"]], humans=mixed)
    alone = judge.report(runs["small"], humans=of_small).estimates["corrected.pass_rate"]
    assert report.estimates["corrected.pass_rate:run=small"].value == pytest.approx(alone.value)
    (pair,) = pairs(report, "corrected_differences:run").values()
    assert np.isfinite(pair["difference_low"])


def test_probabilities_without_strata_need_none(study):
    runs, rows = study
    drawn = without(by_verdict(rows, {"large": 10, "small": 14, "tiny": 5}, runs), "stratum")
    pair = judge.leaderboard([runs["large"], runs["small"]], humans=drawn, sampling="poisson")
    expected = judge.leaderboard(
        [runs["large"], runs["small"]], humans=by_verdict(rows, {"large": 10, "small": 14, "tiny": 5}, runs)
    )
    for name in ("large", "small"):
        figure = f"corrected.pass_rate:run={name}"
        assert pair.estimates[figure] == expected.estimates[figure]


def test_one_run_whose_labels_are_no_random_sample_is_named(study):
    runs, rows = study
    kept = [r for r in rows if r["pass"] or r["item_id"].startswith("small")]
    report = judge.leaderboard([runs["large"], runs["small"]], humans=kept)
    (warning,) = [s for s in report.warnings if "no random sample" in s]
    assert "answers of large" in warning


def test_runs_are_corrected_on_the_command_line(same_ids, tmp_path):
    runs, rows = same_ids
    path = tmp_path / "ratings.csv"
    lines = [",".join(map(str, row.values())) for row in without(rows, "pass")]
    path.write_text("\n".join([",".join(without(rows, "pass")[0]), *lines]) + "\n")
    words = ["compare", str(runs["small"]), str(runs["large"]), "--humans", str(path)]
    done = CliRunner().invoke(main, [*words, "--fail-under", "corrected.difference.low=0"])
    assert done.exit_code == 0, done.output
    assert "the pass rate of large minus that of small is" in " ".join(done.stdout.split())
    text = " ".join(CliRunner().invoke(main, [*words, "--sections", "all"]).stdout.split())
    assert "small, large: 40 of 160 items were rated" in text
    assert "Human ratings: ratings.csv." in text
