"""`judge report`, `leaderboard` and `agree` with people's ratings of a part of the answers."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import judge
from judge.cli import main
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import Rubric, load_rubric
from judge.scoring.run import Run

from ..public_data import ratings as public_ratings
from ..public_data import ratings_file

N_QUESTIONS = 200
SYSTEMS = {"large": (0.85, 0.3), "small": (0.55, 0.9)}
"""System -> share of good answers, and share of its bad answers that the judge passes: it favours `small`."""


def command(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def tables(*words):
    done = command(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["tables"]


def rows_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A run of two systems on 200 questions; one person rated the answers to every fourth."""
    folder = tmp_path_factory.mktemp("corrections")
    rng = np.random.default_rng(4)
    hard, rubric = rng.random(N_QUESTIONS), load_rubric("open_qa")
    items, scores, rows = [], [], []
    for system, (share, lenient) in SYSTEMS.items():
        for q in range(N_QUESTIONS):
            name, good = f"{system}{q}", hard[q] < share
            passed = rng.random() < (0.95 if good else lenient)
            fields = {"topic": "ab"[q % 2], "pair_id": f"p{q}"}
            items.append(Item(id=name, question=f"{q}?", answer=system, system=system, metadata=fields))
            scores.append(
                Score(
                    item_id=name,
                    rater="m",
                    rater_kind="judge",
                    dimension="overall",
                    value=4.0 if passed else 2.0,
                )
            )
            if q % 4 == 0:
                rows.append([name, "ann", 4 if good else 2])
    Run.imported(folder / "run", rubric, items, scores, model="m").close()
    with (folder / "ratings.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["item_id", "rater", "overall"], *rows])
    return folder / "run", folder / "ratings.csv"


def test_a_report_has_the_corrected_rate_beside_that_of_the_judge(study):
    run, people = study
    found = judge.report(run, humans=people)
    of_judge, corrected = found.pass_rate, found.estimates["corrected.pass_rate"]
    truth = np.mean([share for share, _ in SYSTEMS.values()])
    assert of_judge.low > truth
    assert corrected.low <= truth <= corrected.high
    assert corrected == found.estimates["corrected.pass_rate.overall"]
    assert any(sentence.startswith("People would pass") for sentence in found.verdict)
    (row,) = found.tables["corrected"].to_pandas().to_dict("records")
    assert (row["pool"], row["labelled"]) == (400, 100)


def test_a_gate_may_test_the_lower_limit_of_the_corrected_rate(study):
    run, people = study
    low = judge.report(run, humans=people).estimates["corrected.pass_rate"].low
    for least, status in ((low - 0.01, 0), (low + 0.01, 4)):
        gate = f"corrected.pass_rate.low={least:.3f}"
        done = command("report", run, "--humans", people, "--fail-under", gate)
        assert done.exit_code == status, done.output


def test_slices_of_a_report_are_corrected_where_they_are_asked_for(study):
    run, people = study
    found = tables("report", run, "--humans", people, "--by", "topic")
    assert [row["group"] for row in found["corrected:topic"]["rows"]] == ["a", "b"]
    assert "corrected:topic" not in tables("report", run, "--humans", people)


def test_answers_to_one_question_are_a_cluster_unless_the_cluster_is_named(study):
    run, people = study
    by_question = judge.report(run, humans=people).estimates["corrected.pass_rate"]
    apart = judge.report(run, humans=people, cluster="id").estimates["corrected.pass_rate"]
    assert by_question.n_clusters == N_QUESTIONS
    assert by_question.value == apart.value
    assert by_question.se > apart.se


def test_the_leaderboard_ranks_systems_by_corrected_rate(study):
    run, people = study
    found = tables("leaderboard", run, "--system", "system", "--humans", people)
    assert [row["system"] for row in found["leaderboard"]["rows"]] == ["small", "large"]
    assert [row["group"] for row in found["corrected:system"]["rows"]] == ["large", "small"]
    (pair,) = found["corrected_differences:system"]["rows"]
    assert pair["by_judge"]["value"] < 0 < pair["difference"]["low"]
    assert "corrected" not in found


def test_the_leaderboard_names_the_first_system(study):
    run, people = study
    text = " ".join(command("leaderboard", run, "--system", "system", "--humans", people).stdout.split())
    assert "Corrected by human ratings, large has the highest pass rate" in text
    assert "It differs significantly from small (Holm-adjusted)." in text


def test_a_first_place_by_chance_is_called_so(study):
    run, people = study
    few = [row for row in rows_of(people) if row["item_id"][-2] in "05"]
    sentences = judge.leaderboard(run, system="system", humans=few).verdict
    assert any("is not shown to differ from any other" in sentence for sentence in sentences)


def test_systems_without_labels_come_last(study):
    run, people = study
    rows = [row for row in rows_of(people) if row["item_id"].startswith("small")]
    found = judge.leaderboard(run, system="system", humans=rows)
    assert [row[0] for row in found.tables["corrected:system"].rows] == ["small", "large"]
    nothing = judge.leaderboard(
        run, system="system", humans=[{"item_id": "small1", "rater": "ann", "overall": 4}]
    )
    assert not any("Corrected" in sentence for sentence in nothing.verdict)


def test_two_groups_of_a_run_are_compared_by_corrected_rate(study):
    run, people = study
    words = ("compare", run, "--between", "system=small,large", "--humans", people)
    found = tables(*words)
    assert [row["group"] for row in found["corrected:system"]["rows"]] == ["large", "small"]
    (pair,) = found["corrected_differences:system"]["rows"]
    assert (pair["first"], pair["second"]) == ("large", "small")
    figures = judge.compare(run, between="system=small,large", humans=people).estimates
    assert figures["difference"].value < 0 < figures["corrected.difference"].low
    assert figures["corrected.difference"] == figures["corrected.difference.pass_rate.overall"]
    text = " ".join(command(*words).stdout.split())
    assert "the pass rate of large minus that of small is" in text


def test_values_of_a_compared_field_may_hold_commas(study, tmp_path):
    run, people = study
    with Run.open(run) as opened:
        items = [
            item.model_copy(update={"metadata": item.metadata | {"kind": f"{item.system}, new"}})
            for item in opened.items()
        ]
        Run.imported(tmp_path / "named", opened.rubric, items, opened.scores(), model="m").close()
    found = judge.compare(tmp_path / "named", between="kind", humans=people)
    assert found.estimates["corrected.difference"].value < 0


def test_agree_has_tables_of_systems_slices_and_differences(study):
    run, people = study
    found = tables("agree", run, "--humans", people, "--by", "topic", "--cluster", "id")
    for key in ("corrected", "corrected_means"):
        assert len(found[key]["rows"]) == 1
        for field in ("topic", "system"):
            assert len(found[f"{key}:{field}"]["rows"]) == 2
            assert len(found[f"{key}_differences:{field}"]["rows"]) == 1
    (row,) = found["corrected"]["rows"]
    assert row["effective"] > row["labelled"]
    text = command("agree", run, "--humans", people, "--sections", "corrected").stdout
    assert "effective" in text
    assert "Figures for all answers" not in command("agree", run, "--humans", people).stdout


def test_gates_of_agree_know_the_corrected_figures(study):
    run, people = study
    figures = judge.agree(run, people).estimates
    assert {"corrected.pass_rate", "corrected.mean.overall", "corrected.pass_rate:system=large"} <= set(
        figures
    )


@pytest.mark.parametrize("words", [("agree",), ("report",), ("leaderboard", "--system", "system")])
def test_other_estimators_are_in_json_and_nowhere_else(study, words):
    run, people = study
    given = (words[0], run, *words[1:], "--humans", people)
    others = json.loads(command(*given, "--json").stdout)["other_estimators"]
    name = "corrected.pass_rate:system=large" if words[0] == "leaderboard" else "corrected.pass_rate"
    assert {"humans_only", "judge_alone", "rogan_gladen", "ppi", "ppi_unclipped"} <= set(others[name])
    rate = others[name]["rogan_gladen"]
    assert rate["low"] < rate["value"] < rate["high"]
    for rendering in (command(*given).stdout, command(*given, "--html", "-").stdout):
        assert "unclipped" not in rendering
        assert "Rogan" not in rendering


def test_json_without_ratings_has_no_other_estimators(study):
    assert "other_estimators" not in judge.report(study[0]).to_dict()
    people = judge.agree([], study[1], scale="1-5")
    assert "other_estimators" not in people.to_dict()


def test_labels_that_are_no_random_sample_are_named(study):
    run, people = study
    with Run.open(run) as opened:
        passed = {score.item_id for score in opened.scores() if score.value == 4}
    rows = [row for row in rows_of(people) if row["item_id"] in passed]
    found = judge.report(run, humans=rows)
    assert any("no random sample" in sentence for sentence in found.warnings)


def test_inclusion_probabilities_are_used_and_end_the_warning(study):
    run, people = study
    with Run.open(run) as opened:
        passed = {score.item_id: score.value == 4 for score in opened.scores()}
    rated = [row for row in rows_of(people) if passed[row["item_id"]] or row["item_id"].endswith("0")]
    kept = {verdict: [r for r in rated if passed[r["item_id"]] == verdict] for verdict in (True, False)}
    n = {verdict: sum(one == verdict for one in passed.values()) for verdict in kept}
    rows = [
        {**row, "probability": len(of) / n[verdict], "stratum": verdict}
        for verdict, of in kept.items()
        for row in of
    ]
    found = judge.report(run, humans=rows)
    assert not any("no random sample" in sentence for sentence in found.warnings)
    weighted, plain = found.tables["corrected"], judge.report(run, humans=rated).tables["corrected"]
    by_key = [column.key for column in weighted.columns].index
    assert weighted.rows[0][by_key("corrected")].value == plain.rows[0][by_key("corrected")].value
    assert weighted.rows[0][by_key("people_rate")].value != plain.rows[0][by_key("people_rate")].value


def test_strata_that_are_known_for_rated_answers_alone_are_not_claimed_for_corrected_figures(study):
    run, people = study
    rows = [
        {**row, "probability": (0.25, 0.2)[n % 2], "stratum": "ab"[n % 2]}
        for n, row in enumerate(rows_of(people))
    ]
    text = judge.report(run, humans=rows).to_dict()["methods_paragraph"]
    assert "The strata of the other answers are not known" in text
    by_verdict = [{**row, "probability": 0.25, "stratum": "all"} for row in rows_of(people)]
    assert (
        "strata of the other answers"
        not in judge.report(run, humans=by_verdict).to_dict()["methods_paragraph"]
    )


def test_the_sentences_of_a_report_follow_the_design_of_the_ratings(study):
    run, people = study
    rows = [{**row, "probability": 0.25, "stratum": "all"} for row in rows_of(people)]
    plain, exact = judge.report(run, humans=rows), judge.report(run, humans=rows, population="these answers")
    for report, target, method in (
        (plain, "of answers like these", "Corrected figures are estimates for answers like these"),
        (exact, "of these 400 answers", "about exactly these answers, with finite-population correction"),
    ):
        assert any(s.startswith("People would pass") and target in s for s in report.verdict)
        text = report.to_dict()["methods_paragraph"]
        assert method in text
        assert "drawn at random within strata" in text
        assert "intervals of the judge's own figures are about answers like these" in text
    corrected = "corrected.pass_rate"
    assert exact.estimates[corrected].se < plain.estimates[corrected].se


def test_exactly_these_answers_need_inclusion_probabilities(study):
    run, people = study
    found = judge.report(run, humans=people, population="these answers")
    assert any(s.startswith("No inclusion probabilities are given") for s in found.warnings)
    assert any("of answers like these" in s for s in found.verdict)


def test_methods_name_the_file_of_ratings(study):
    text = judge.report(study[0], humans=study[1]).to_dict()["methods_paragraph"]
    assert "Human ratings: ratings.csv." in text


@pytest.mark.parametrize("call", [judge.report, judge.leaderboard])
def test_options_about_ratings_need_ratings(study, call):
    system = {"system": "system"} if call is judge.leaderboard else {}
    with pytest.raises(InputError, match="pass_mark, scale"):
        call(study[0], scale="1-5", pass_mark=3, **system)


def test_an_option_about_ratings_without_ratings_is_refused_on_the_command_line(study):
    done = command("report", study[0], "--scale", "1-5")
    assert done.exit_code == 1
    assert "--humans" in done.stderr


def test_a_report_corrects_one_run_only(study, tmp_path):
    run, people = study
    other = tmp_path / "other"
    with Run.open(run) as opened:
        Run.imported(other, opened.rubric, opened.items(), opened.scores(), model="n").close()
    with pytest.raises(InputError, match="one run here, found 2"):
        judge.report([run, other], humans=people)


def test_a_mix_to_weight_to_is_refused_where_the_figures_are_those_of_the_run(study):
    run, people = study
    with pytest.raises(InputError, match="judge agree --target"):
        judge.report(run, humans=people, target={"topic": {"a": 0.7, "b": 0.3}})


def test_ratings_of_other_answers_than_the_scored_ones_are_refused(study, tmp_path):
    run, _ = study
    with Run.open(run) as opened:
        items, scores, rubric = list(opened.items()), list(opened.scores()), opened.rubric
    partly = tmp_path / "partly"
    Run.imported(partly, rubric, items, [s for s in scores if s.item_id != "large0"], model="m").close()
    with pytest.raises(InputError, match="nothing can be corrected"):
        judge.report(partly, humans=[{"item_id": "large0", "rater": "ann", "overall": 4}])


# -- votes of the Chatbot Arena, drawn with unequal probabilities

MODELS = {"pro": "gemini-2.5-pro", "flash": "gemini-2.5-flash", "qwen": "qwen3-235b-a22b-no-thinking"}
HAJEK = {"pro": 0.2659090909, "flash": 0.4305555556, "qwen": 0.3885714286}
DIFFERENCE = {"gpt-4o-mini": 0.14022296544, "gpt-5.2": 0.17461538462}
"""Figures of the data set's own script; differences by another estimator, with standard errors of 0.087."""


@pytest.fixture(scope="module")
def votes(tmp_path_factory):
    """Votes on a Poisson sample, with the verdicts of two judges on all comparisons."""
    with (ratings_file("arena_votes").parent / "samples.jsonl").open(encoding="utf-8") as lines:
        samples = {s["item_id"]: s for s in map(json.loads, lines) if s["sample"] == "design"}
    path = tmp_path_factory.mktemp("arena") / "votes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "rater", "rater_kind", "claude_win", "other", "probability"])
        for row in public_ratings("arena_votes"):
            sample = samples.get(row["item_id"])
            if sample and (sample["labelled"] or row["rater_type"] == "judge"):
                p = sample["inclusion_probability"] if sample["labelled"] else ""
                other = row["pair"].partition("|")[2]
                writer.writerow(
                    [row["item_id"], row["rater_id"], row["rater_type"], row["claude_win"], other, p]
                )
    return path


def test_arena_votes_are_corrected_by_command(votes):
    found = tables(
        *("agree", "--humans", votes, "--dimension", "claude_win", "--scale", "0-1", "--pass", "1"),
        *("--by", "other", "--sampling", "poisson"),
    )
    everything = {row["judge"]: row for row in found["corrected"]["rows"]}
    for judge_name in DIFFERENCE:
        row = everything[judge_name]
        assert row["people_rate"]["value"] == pytest.approx(0.3592471358, abs=1e-9)
        assert row["corrected"]["value"] == pytest.approx(0.3516, abs=0.015)  # the rate of all votes
        assert row["corrected"]["se"] < row["people_rate"]["se"]
    assert everything["gpt-5.2"]["judge_rate"]["low"] > 0.45
    rows = {(row["judge"], row["group"]): row for row in found["corrected:other"]["rows"]}
    for name, hajek in HAJEK.items():
        assert rows["gpt-5.2", MODELS[name]]["people_rate"]["value"] == pytest.approx(hajek)
    for row in found["corrected_differences:other"]["rows"]:
        pair = (row["first"], row["second"])
        if row["judge"] in DIFFERENCE and pair == (MODELS["flash"], MODELS["pro"]):
            assert row["difference"]["value"] == pytest.approx(DIFFERENCE[row["judge"]], abs=0.03)
            assert row["difference"]["low"] <= 0.4092 - 0.2355 <= row["difference"]["high"]


def test_arena_votes_of_a_run_for_each_opponent_are_corrected_as_in_agree(votes, tmp_path):
    rubric = Rubric.model_validate(
        {
            "name": "wins",
            "task": "t",
            "dimensions": {"claude_win": {"description": "It wins.", "type": "binary"}},
            "pass": {"claude_win": 1},
        }
    )
    runs, people = [], []
    for name, other in MODELS.items():
        rows = [row for row in rows_of(votes) if row["other"] == other]
        of_judge = [row for row in rows if row["rater"] == "gpt-5.2"]
        items = [Item(id=row["item_id"], question=row["item_id"], answer=other) for row in of_judge]
        scores = [
            Score(
                item_id=row["item_id"],
                rater="gpt-5.2",
                rater_kind="judge",
                dimension="claude_win",
                value=float(row["claude_win"]),
            )
            for row in of_judge
            if row["claude_win"]
        ]
        Run.imported(tmp_path / name, rubric, items, scores, model="gpt-5.2").close()
        runs.append(tmp_path / name)
        people += [row for row in rows if row["rater_kind"] == "human"]
    report = judge.leaderboard(runs, humans=people, sampling="poisson")
    options = {"dimensions": "claude_win", "scale": "0-1", "pass_mark": 1, "by": "other"}
    within = judge.agree([], votes, sampling="poisson", **options).estimates
    for name, other in MODELS.items():
        figure = report.estimates[f"corrected.pass_rate:run={name}.claude_win"]
        expected = within[f"corrected.pass_rate:other={other}.claude_win@gpt-5.2"]
        assert (figure.value, figure.low, figure.high) == (expected.value, expected.low, expected.high)
    rows = report.tables["corrected_differences:run"].to_pandas().to_dict("records")
    (pair,) = [row for row in rows if (row["first"], row["second"]) == ("flash", "pro")]
    assert pair["difference"] == pytest.approx(DIFFERENCE["gpt-5.2"], abs=0.03)
    assert pair["difference_low"] <= 0.4092 - 0.2355 <= pair["difference_high"]


@pytest.mark.parametrize("cluster", [None, "question", "id", "topic"])
def test_agree_and_report_give_the_same_corrected_pass_rates(tmp_path, cluster):
    examples = Path(__file__).parents[2] / "examples"
    replies = f"replay:{examples / 'replies.jsonl'}"
    run = judge.score(examples / "answers.jsonl", judge=replies, out=tmp_path / "run")
    report = judge.report(run, humans=examples / "ratings.csv", cluster=cluster)
    found = judge.agree(run, examples / "ratings.csv", cluster=cluster)
    for name in ("technical_accuracy", "clarity", "overall"):
        of_report, of_agree = (
            report.estimates[f"corrected.pass_rate.{name}"],
            found.estimates[f"pass_rate.{name}"],
        )
        assert of_agree.value == pytest.approx(of_report.value)
        assert (of_agree.low, of_agree.high) == pytest.approx((of_report.low, of_report.high))


def test_ratings_of_items_without_texts_have_no_clusters_by_question():
    rows = [
        {"item_id": f"i{i}", "rater": rater, "rater_kind": kind, "dimension": "clarity", "value": i % 5 + 1}
        for i in range(10)
        for rater, kind in (("ann", "human"), ("ben", "human"), ("m", "judge"))
    ]
    with pytest.raises(InputError, match="no item has the field 'question'"):
        judge.agree((), rows, scale="1-5", cluster="question")
