"""`judge agree`, `judge plan` and `judge calibrate`, as a user meets them, on the examples."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.formats.ratings import read_ratings
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

from ..public_data import ratings_file

ROOT = Path(__file__).parents[2]
RATINGS = ROOT / "examples" / "ratings.csv"


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "example"
    replies = f"replay:{ROOT / 'examples' / 'replies.jsonl'}"
    assert (
        judge("score", ROOT / "examples" / "answers.jsonl", "--judge", replies, "--out", path).exit_code == 3
    )
    return path


@pytest.fixture(scope="module")
def lenient(tmp_path_factory):
    """A run of 150 answers, one point too lenient, and two people's ratings of 120 of them."""
    folder = tmp_path_factory.mktemp("lenient")
    rng = np.random.default_rng(3)
    rubric = load_rubric("open_qa")
    quality = rng.normal(2.8, 0.9, 150)
    names = list(rubric.dimensions)
    rows = ["item_id,rater,clarity"]
    items, scores = [], []
    for i, q in enumerate(quality):
        items.append(Item(id=f"q{i}", question="?", answer="a"))
        value = float(np.clip(np.round(q + 1 + rng.normal(0, 0.3)), 1, 5))
        scores += [
            Score(item_id=f"q{i}", rater="soft", rater_kind="judge", dimension=name, value=value)
            for name in [*names, "overall"]
        ]
        for person in ("ann", "ben") if i < 120 else ():
            rows.append(f"q{i},{person},{int(np.clip(np.round(q + rng.normal(0, 0.4)), 1, 5))}")
    Run.imported(folder / "run", rubric, items, scores, model="soft").close()
    (folder / "ratings.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_without_a_margin_it_says_that_there_is_no_verdict(run):
    result = judge("agree", run, "--humans", RATINGS)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].endswith("with 3 human raters on 24 items (12 questions)")
    assert f"next: judge agree {run} --humans {RATINGS} --margin 0.05\n" in result.stderr
    assert max(len(line) for line in lines) <= 80


def test_with_a_margin_the_verdict_comes_first_and_says_where_the_margin_is_from(run):
    result = judge("agree", run, "--humans", RATINGS, "--margin", 0.05)
    text = " ".join(result.stdout.split())
    first = text.split("•")[1]
    assert "better than they agree with each other" in first
    assert "the judge is non-inferior" in text
    assert "margin 0.05 (given on the command line)." in first
    assert "--margin" not in text
    assert (
        "Margins given on the command line."
        in judge("agree", run, "--humans", RATINGS, "--margin", 0.05, "--sections", "agreement").stdout
    )


@pytest.mark.parametrize("value", ["0.05", '["0.05"]', '["kappa_quadratic=0.05"]'])
def test_a_margin_in_the_settings_is_named_by_its_file(run, tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "judge.toml").write_text(f"[agree]\nmargin = {value}\n")
    text = " ".join(judge("agree", run, "--humans", RATINGS).stdout.split())
    assert "margin 0.05 (set in judge.toml, last changed 20" in text


def test_the_examples_fit_on_one_screen_and_name_what_else_there_is(run):
    result = judge("agree", run, "--humans", RATINGS)
    lines = [*result.stdout.splitlines(), *result.stderr.splitlines()]
    assert sum(1 + (len(line) - 1) // 80 for line in lines) <= 30
    assert "\nMore: --sections all, or some of " in result.stdout


@pytest.mark.parametrize("width", [60, 80])
def test_one_table_has_people_judge_difference_and_verdict_of_each_dimension(run, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = judge("agree", run, "--humans", RATINGS).stdout.splitlines()
    assert max(map(len, lines)) <= width
    (row,) = [line for line in lines if line.startswith("technical accuracy")]
    assert row.split()[2:4] == ["0.92", "0.94"]
    assert "unclear" in row


def test_all_sections_are_printed_on_request(run):
    text = judge("agree", run, "--humans", RATINGS, "--sections", "all").stdout
    for title in ("Human-human agreement", "Raw agreement", "Pass/fail verdicts", "Bias checks", "Methods"):
        assert f"\n{title}" in text
    assert "More:" not in text


def test_only_the_sections_asked_for_are_printed(run):
    text = judge("agree", run, "--humans", RATINGS, "--sections", "bias,methods").stdout
    assert "Bias checks" in text
    assert "Methods" in text
    assert "Chance-corrected" not in text


def test_slices_and_the_annotator_test_are_printed_where_they_are_asked_for(run):
    words = ("agree", run, "--humans", RATINGS, "--by", "topic", "--epsilon", 0.2)
    assert "--epsilon 0.2 --sections slices,annotators\n" in judge(*words).stderr
    text = judge(*words, "--sections", "slices,annotators").stdout
    assert "\nBy topic" in text
    assert "Alternative annotator test" in text


def test_an_unknown_section_is_refused_with_those_that_exist_before_anything_is_written(run, tmp_path):
    page = tmp_path / "page.html"
    result = judge("agree", run, "--humans", RATINGS, "--sections", "rate", "--html", page)
    assert result.exit_code == 1
    assert (
        "no section 'rate'; this report has: summary, agreement, rates, pass_rates, people" in result.stderr
    )
    assert not page.exists()


def test_json_has_all_sections(run):
    few = judge("agree", run, "--humans", RATINGS, "--sections", "rates", "--json").stdout
    assert few == judge("agree", run, "--humans", RATINGS, "--json").stdout


def test_json_holds_figures_with_intervals_and_sizes(run):
    data = json.loads(judge("agree", run, "--humans", RATINGS, "--json").stdout)
    figure = data["figures"]["kappa_quadratic.clarity"]
    assert figure["low"] < figure["value"] < figure["high"]
    assert (figure["n_items"], figure["method"]) == (22, "adjusted")
    assert {"people.alpha.clarity", "pass_rate.overall", "bias.relevance"} <= data["figures"].keys()


@pytest.mark.usefixtures("agree_every_time")
def test_the_same_call_gives_the_same_bytes(run):
    calls = [judge("agree", run, "--humans", RATINGS, "--json", "--seed", 4).stdout for _ in range(2)]
    assert calls[0] == calls[1]


def test_a_gate_means_every_dimension_and_its_value_or_its_lower_limit(run):
    missed = judge("agree", run, "--humans", RATINGS, "--fail-under", "kappa_quadratic.low=0.8")
    assert missed.exit_code == 4
    assert "the lower confidence limit of kappa_quadratic.clarity is 0.6" in missed.stderr
    assert judge("agree", run, "--humans", RATINGS, "--fail-under", "kappa_quadratic=0.8").exit_code == 0
    assert (
        judge(
            "agree", run, "--humans", RATINGS, "--fail-under", "kappa_quadratic.relevance.low=0.7"
        ).exit_code
        == 0
    )


def test_a_gate_on_nothing_is_an_error_that_lists_what_there_is(run):
    result = judge("agree", run, "--humans", RATINGS, "--fail-under", "charm=1")
    assert result.exit_code == 1
    assert "--fail-under charm: no such figure; allowed: " in result.stderr


def test_every_form_is_written(run, tmp_path):
    forms = {"--html": "a.html", "--latex": "a.tex", "--markdown": "a.md", "--csv": "tables"}
    words = [word for option, name in forms.items() for word in (option, tmp_path / name)]
    result = judge("agree", run, "--humans", RATINGS, "--by", "system", *words)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "a.html").read_text()
    assert page.count("<svg") >= 5 * 3 + 3  # confusion, differences, calibration of each dimension; forests
    with (tmp_path / "tables" / "agreement.csv").open() as file:
        assert next(row["dimension"] for row in csv.DictReader(file)) == "technical_accuracy"


def test_one_dimension_is_shown_in_detail(run):
    result = judge("agree", run, "--humans", RATINGS, "--dimension", "clarity", "--sections", "details")
    assert "Confusion matrix: clarity" in result.stdout
    assert "compared with each human rater: clarity" in result.stdout
    assert "relevance" not in result.stdout


def test_people_alone_need_no_judge():
    file = ratings_file("recipes")
    result = judge("agree", "--humans", file, "--scale", "1-6", "--raters-are", "slots", "--sections", "all")
    assert "Human raters agree on grammar with alpha 0.42" in result.stdout
    assert "Raters are slots, not persons: only statistics that do not depend on the order" in " ".join(
        result.stdout.split()
    )


def test_several_judges_are_compared_and_unreadable_verdicts_counted():
    file = ratings_file("pandalm")
    result = judge(
        "agree", "--humans", file, "--scale", "0-2", "--level", "nominal", "--margin", 0.05, "--json"
    )
    rows = json.loads(result.stdout)["tables"]["verdicts"]["rows"]
    assert {row["judge"]: row["verdict"] for row in rows} == {"gpt-3.5-turbo": "worse", "pandalm-7b": "worse"}
    levels = json.loads(result.stdout)["tables"]["levels"]["rows"]
    assert [row["missing"] for row in levels] == [25, 0]


def test_missing_ratings_are_a_matter_of_usage(run):
    result = judge("agree", run)
    assert result.exit_code == 2
    assert "--humans ratings.csv" in result.stderr


def test_control_characters_in_ratings_do_not_reach_the_terminal(tmp_path):
    rows = "item_id,rater,x\n" + "".join(
        f"i{i}\x1b[31m,a\x1b]0;t\x07nn,{i % 3 + 1}\ni{i}\x1b[31m,ben,{(i + 1) % 3 + 1}\n" for i in range(9)
    )
    (tmp_path / "r.csv").write_text(rows)
    result = judge("agree", "--humans", tmp_path / "r.csv", "--scale", "1-3")
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("command", ["agree", "plan", "calibrate"])
def test_help_has_an_example(command):
    assert f"Example: judge {command}" in judge(command, "--help").stdout


def test_plan_gives_the_published_number_of_items():
    result = judge("plan", "--statistic", "pass_rate", "--half-width", 0.05)
    assert "245 items with one rating each: 245 ratings, 8.17 hours" in result.stdout


def test_plan_says_what_a_budget_buys_and_it_is_the_inverse():
    data = json.loads(
        judge("plan", "--statistic", "correlation", "--half-width", 0.1, "--budget", 105, "--json").stdout
    )
    assert data["tables"]["needed"]["rows"][0]["items"] == 105
    assert data["tables"]["affordable"]["rows"][0]["half_width"] == pytest.approx(0.1, abs=0.002)


def test_plan_resamples_a_pilot(lenient):
    words = (
        "--humans",
        lenient / "ratings.csv",
        "--dimension",
        "clarity",
        "--statistic",
        "alpha",
        "--half-width",
        0.05,
    )
    result = judge("plan", lenient / "run", *words)
    assert result.exit_code == 0, result.output
    assert "resampled from a pilot of 120 items" in " ".join(result.stdout.split())


def test_plan_refuses_a_pilot_of_several_dimensions(run):
    result = judge("plan", run, "--humans", RATINGS)
    assert result.exit_code == 1
    assert "several dimensions (technical_accuracy, " in result.stderr
    assert "--dimension NAME" in result.stderr


def test_selected_items_keep_their_probabilities_and_can_be_drawn_again(lenient):
    first, second = (judge("plan", lenient / "run", "--select", 40, "--seed", 1) for _ in range(2))
    rows = list(csv.DictReader(io.StringIO(first.stdout)))
    assert first.stdout == second.stdout
    assert len({row["item_id"] for row in rows}) == 40
    with Run.open(lenient / "run") as opened:
        size = sum(1 for _ in opened.items())
    assert sum(1 / float(row["probability"]) for row in rows) == pytest.approx(size, rel=1e-4)


def test_more_items_than_there_are_cannot_be_selected(lenient):
    result = judge("plan", lenient / "run", "--select", 500)
    assert result.exit_code == 1
    assert "cannot select 500 items" in result.stderr


def test_calibration_takes_the_point_of_leniency_away(lenient, tmp_path):
    saved = tmp_path / "maps.json"
    words = ("--humans", lenient / "ratings.csv", "--dimension", "clarity")
    result = judge("calibrate", lenient / "run", *words, "--save", saved)
    assert result.exit_code == 0, result.output
    assert "On clarity calibration (shift" in result.stdout
    content = json.loads(saved.read_text())
    assert {"fingerprint", "rubric", "scale", "date", "judge"} <= content.keys()
    assert content["dimensions"]["clarity"]["n_items"] == 120
    mapped = [
        json.loads(line) for line in judge("calibrate", lenient / "run", "--apply", saved).stdout.splitlines()
    ]
    assert len(mapped) == 150
    human = [score.value for score in read_ratings(lenient / "ratings.csv")]
    assert np.mean([row["calibrated"] for row in mapped]) == pytest.approx(np.mean(human), abs=0.15)
    assert np.mean([row["value"] for row in mapped]) > np.mean(human) + 0.7


def test_mapped_scores_of_items_that_the_map_was_fitted_on_are_marked(lenient, tmp_path):
    ids, saved = tmp_path / "first.txt", tmp_path / "maps.json"
    ids.write_text("\n".join(sorted({row.item_id for row in read_ratings(lenient / "ratings.csv")})[:70]))
    words = ("--humans", lenient / "ratings.csv", "--dimension", "clarity", "--select-on", ids)
    result = judge("calibrate", lenient / "run", *words, "--save", saved)
    assert result.exit_code == 0, result.output
    assert "Gain on other items than first.txt" in result.stdout
    applied = judge("calibrate", lenient / "run", "--apply", saved)
    assert "Note: the maps were fitted on labels of 70 of these items (fitted_on: true)." in applied.stderr
    assert sum(json.loads(line)["fitted_on"] for line in applied.stdout.splitlines()) == 70
    content = json.loads(saved.read_text()) | {"fitted_on": []}
    saved.write_text(json.dumps(content))
    assert not judge("calibrate", lenient / "run", "--apply", saved).stderr


def test_a_map_that_gains_nothing_is_not_shipped(lenient, tmp_path):
    same = tmp_path / "same.csv"
    with Run.open(lenient / "run") as opened:
        rows = [f"{s.item_id},ann,{s.value:g}" for s in opened.scores() if s.dimension == "clarity"]
    same.write_text("\n".join(["item_id,rater,clarity", *rows]) + "\n")
    result = judge("calibrate", lenient / "run", "--humans", same, "--dimension", "clarity", "--json")
    assert json.loads(result.stdout)["tables"]["gain"]["rows"][0]["helps"] == "identity"


@pytest.fixture(scope="module")
def guessing(tmp_path_factory):
    """A judge whose scores have nothing to do with people's, who give nearly everything a 4."""
    folder = tmp_path_factory.mktemp("guessing")
    rng = np.random.default_rng(0)
    rubric = load_rubric("open_qa")
    items = [Item(id=f"q{n}", question="?", answer="!") for n in range(150)]
    scores = [
        Score(item_id=i.id, rater="robot", rater_kind="judge", dimension=d, value=float(rng.integers(1, 6)))
        for i in items
        for d in rubric.scored
    ]
    Run.imported(folder / "run", rubric, items, scores, model="robot").close()
    rows = [f"{item.id},ann,{4 if rng.random() < 0.9 else 5}" for item in items]
    (folder / "ratings.csv").write_text("\n".join(["item_id,rater,clarity", *rows]) + "\n")
    return folder


def test_a_judge_that_is_no_better_than_a_constant_adds_nothing_and_gets_no_map(guessing, tmp_path):
    saved = tmp_path / "maps.json"
    result = judge("calibrate", guessing / "run", "--humans", guessing / "ratings.csv", "--save", saved)
    assert result.exit_code == 1
    assert "On clarity the judge is not shown to add information" in result.stdout
    assert f"{saved}: not written, because no map brings this judge closer to people" in result.stderr
    assert not saved.exists()


@pytest.mark.parametrize("content", ["[" * 100_000, '{"format": 1, "dimensions": 3}', "\x00", "[]"])
def test_damaged_maps_end_in_one_line(run, tmp_path, content):
    saved = tmp_path / "maps.json"
    saved.write_text(content)
    result = judge("calibrate", run, "--apply", saved)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {saved}: ")
    assert result.stderr.count("\n") == 1


def test_a_map_that_lacks_its_numbers_is_refused_before_the_first_row(lenient, tmp_path):
    saved = tmp_path / "maps.json"
    judge("calibrate", lenient / "run", "--humans", lenient / "ratings.csv", "--save", saved)
    content = json.loads(saved.read_text())
    content["dimensions"]["clarity"]["map"]["parameters"] = {}
    saved.write_text(json.dumps(content))
    result = judge("calibrate", lenient / "run", "--apply", saved)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a saved map is damaged" in result.stderr


def test_failed_attention_checks_of_raters_are_a_headline(run, tmp_path):
    ratings = tmp_path / "ratings.csv"
    lines = RATINGS.read_text().splitlines()
    rater = lines[0].split(",").index("rater")
    name = lines[1].split(",")[rater]
    checked = [f"{line},{2 if line.split(',')[rater] == name else 0},3" for line in lines[1:]]
    ratings.write_text("\n".join([f"{lines[0]},checks_missed,checks_seen", *checked]) + "\n")
    with_checks = " ".join(judge("agree", run, "--humans", ratings).stdout.split())
    assert f"! 1 of 3 raters failed attention checks ({name} 2 of 3)." in with_checks
    assert "attention checks" not in judge("agree", run, "--humans", RATINGS).stdout


def test_a_single_dimension_is_shown_without_a_verdict_on_the_whole_answer(run):
    result = judge("agree", run, "--humans", RATINGS, "--dimension", "clarity", "--sections", "disagreements")
    assert "scores     clarity" in result.stdout
    assert "no verdict: clarity" not in result.stdout


def test_maps_of_another_judge_are_refused(lenient, run, tmp_path):
    saved = tmp_path / "maps.json"
    judge("calibrate", lenient / "run", "--humans", lenient / "ratings.csv", "--save", saved)
    result = judge("calibrate", run, "--apply", saved)
    assert result.exit_code == 1
    assert "its maps belong to another judge" in result.stderr


def test_a_file_that_holds_no_maps_is_refused(run):
    result = judge("calibrate", run, "--apply", RATINGS)
    assert result.exit_code == 1
    assert "cannot be read as saved maps" in result.stderr


@pytest.mark.usefixtures("agree_every_time")
def test_the_page_is_the_same_bytes_every_time_and_holds_no_script_from_data(tmp_path):
    rows = ["item_id,rater,rater_kind,<script>alert(1)</script>"]
    for i in range(12):
        rows += [f"<b>{i}</b>,{who},{kind},{(i + shift) % 3 + 1}" for who, kind, shift in
                 (("ann", "human", 0), ("ben", "human", i % 2), ("<i>bot", "judge", i % 4 == 0))]  # fmt: skip
    (tmp_path / "r.csv").write_text("\n".join(rows) + "\n")
    pages = []
    for name in ("a.html", "b.html"):
        result = judge("agree", "--humans", tmp_path / "r.csv", "--scale", "1-3", "--html", tmp_path / name)
        assert result.exit_code == 0, result.output
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]
    assert pages[0].count(b"<script") == 1  # the one that sorts and searches
    assert b"<i>bot" not in pages[0]


def test_retest_says_how_often_the_verdict_flips(tmp_path):
    rubric = load_rubric("open_qa")
    items = [Item(id=f"q{i}", question="?", answer="a") for i in range(20)]
    scores = [
        Score(
            item_id=f"q{i}",
            rater="r",
            rater_kind="judge",
            dimension=d,
            sample=s,
            value=float(2 + (i + s) % 2),
        )
        for i in range(20)
        for d in rubric.scored
        for s in range(2)
    ]
    Run.imported(tmp_path / "run", rubric, items, scores, model="r").close()
    result = judge("agree", tmp_path / "run", "--retest", "--dimension", "clarity")
    assert result.exit_code == 0, result.output
    assert "have the same score in 0.0 %" in " ".join(result.stdout.split())
    assert "the verdict differs in 100.0 %" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--margin", "-1"], 2, "-1: allowed is a loss of agreement above 0, such as 0.05"),
        (["--margin", "nan"], 2, "'nan': allowed is a number, or NAME=NUMBER"),
        (["--margin", "5"], 1, "--margin 5: for quadratic kappa on clarity a number above 0 and not above 1"),
        (
            ["--margin", "mae=6"],
            1,
            "--margin 6: for mean absolute difference on clarity a number above 0 and not above 4",
        ),
        (["--pass", "9"], 1, "--pass 9: off the scale; allowed is a score from 1 to 5"),
        (["--pass", "clarity=0"], 1, "--pass clarity=0: off the scale; allowed is a score from 1 to 5"),
        (["--pass", "nan"], 2, "'nan': allowed is a number, or NAME=NUMBER"),
    ],
)
def test_margins_and_bars_that_cannot_be_are_refused_with_the_range(run, words, code, message):
    result = judge("agree", run, "--humans", RATINGS, "--dimension", "clarity", *words)
    assert result.exit_code == code
    assert message in result.stderr


def test_without_the_other_dimensions_no_verdict_is_claimed_of_an_answer(run):
    report = json.loads(judge("agree", run, "--humans", RATINGS, "--dimension", "clarity", "--json").stdout)
    (cases,) = report["cases"].values()
    assert {judgment["outcome"] for case in cases for judgment in case["judgments"]} == {""}
    shown = judge("agree", run, "--humans", RATINGS, "--dimension", "clarity", "--sections", "all").stdout
    assert "scores     clarity 4" in shown
    assert "no verdict:" not in shown


# -- one column for each rater


@pytest.fixture
def sheet(tmp_path):
    """A spreadsheet: one row an item, one column a rater; the last rater uses 1 to 10."""
    rng = np.random.default_rng(4)
    quality = rng.normal(3, 1, 30)
    given = [np.clip(np.round(quality + rng.normal(0, 0.5, 30)), 1, 5).astype(int) for _ in range(3)]
    rows = [f"q{n},{a},{b},{2 * c}" for n, (a, b, c) in enumerate(zip(*given, strict=True))]
    path = tmp_path / "sheet.csv"
    path.write_text("\n".join(["id,ann,ben,dan", *rows]) + "\n")
    return path


def test_a_sheet_with_a_column_for_each_rater_is_read_and_what_was_read_is_said(sheet):
    found = judge("agree", "--humans", sheet, "--scale", "1-5", "--raters-in", "ann,ben")
    assert found.exit_code == 0, found.output
    assert found.stderr.splitlines()[:2] == [
        "2 raters (ann, ben), 30 items, 1 dimension (overall)",
        "60 ratings, scale 1-5 (declared), 0 missing",
    ]


def test_a_rater_on_another_scale_is_named_and_can_be_rescaled(sheet):
    options = ("agree", "--humans", sheet, "--scale", "1-5", "--raters-in", "ann,ben,dan")
    refused = judge(*options)
    assert refused.exit_code == 1
    assert "dan gives " in refused.stderr
    rescaled = judge(*options, "--rater-scale", "dan=1-10", "--json")
    assert rescaled.exit_code == 0, rescaled.output
    people = {
        name: e for name, e in json.loads(rescaled.stdout)["figures"].items() if name.startswith("people.")
    }
    assert people["people.alpha.overall"]["value"] is not None
    assert people["people.agreement.overall"]["reason"] == "rescaled_ratings"
    assert people["people.kappa_quadratic.overall"]["reason"] == "rescaled_ratings"


def test_calibrate_and_plan_say_what_was_read(lenient):
    run, ratings = lenient / "run", lenient / "ratings.csv"
    first = "2 raters (ann, ben), 120 items, 1 dimension (clarity)"
    calibrated = judge("calibrate", run, "--humans", ratings)
    assert calibrated.stderr.splitlines()[0] == first
    planned = judge("plan", run, "--humans", ratings, "--half-width", "0.2", "--dimension", "clarity")
    assert planned.stderr.splitlines()[0] == first, planned.output
    selected = judge("plan", run, "--humans", ratings, "--select", "5")
    assert first in selected.stderr


def test_calibrate_prints_what_was_left_out(lenient, tmp_path):
    rows = (lenient / "ratings.csv").read_text().splitlines()
    ratings = tmp_path / "r.csv"
    ratings.write_text(
        "\n".join([f"{rows[0]},status", f"{rows[1]},REJECTED", *(f"{row},APPROVED" for row in rows[2:])])
    )
    result = judge("calibrate", lenient / "run", "--humans", ratings)
    assert "! 1 row with status 'REJECTED' was left out." in result.stdout
    assert "REJECTED" not in result.stderr


def test_methods_name_the_items_added_to_few_items_and_their_reference(run):
    told = " ".join(judge("agree", run, "--humans", RATINGS, "--sections", "methods").stdout.split())
    assert "kappa and alpha of up to 500 items with two items added" in told
    assert "Agresti" in told
