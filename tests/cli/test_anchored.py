"""Anchored ratings at the commands: reported by `judge agree` apart, and in no other figure of any command."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import judge as toolkit
from human_study.form import Reply
from human_study.store import Study
from human_study.study_records import Save
from judge.analysis.agreement.inputs import AgreementInputs
from judge.analysis.agreement.pilot import pilot_ratings
from judge.cli import main
from judge.errors import InputError
from judge.scoring.run import Run

ROOT = Path(__file__).parents[2]
RATINGS = ROOT / "examples" / "ratings.csv"
SENTENCE = (
    "People saw the judge's verdict first; this rate is anchored and says nothing about agreement of "
    "independent ratings."
)
DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")


def judge(*words, code=0):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of the examples, and an anchored study of it in which people contest every third accuracy."""
    folder = tmp_path_factory.mktemp("anchored")
    replies = f"replay:{ROOT / 'examples' / 'replies.jsonl'}"
    judge("score", ROOT / "examples" / "answers.jsonl", "--judge", replies, "--out", folder / "run", code=3)
    judge(
        "study",
        "new",
        folder / "run",
        "--show-verdict",
        "--raters",
        2,
        "--per-item",
        2,
        "--out",
        folder / "s.db",
    )
    with Study.open(folder / "s.db") as study:
        for rater in study.raters():
            for n, task in enumerate([t for t in study.tasks() if t.rater == rater.name]):
                values = dict.fromkeys(study.form_of(task.item).scored, "approve")
                if n % 3 == 0:
                    values["technical_accuracy"] = "contest"
                save = Save(save_id=f"save-{n:04d}", base=0, reply=Reply(values=values), seconds=5)
                study.save(rater.name, task.n, save)
    for layout in ("long", "wide"):
        judge("study", "export", folder / "s.db", "--layout", layout, "--out", folder / f"{layout}.csv")
    judge("study", "export", folder / "s.db", "--out", folder / "long.jsonl")
    return folder


def mixed(folder, form):
    """People's independent ratings with anchored ones among them, and the independent ones alone."""
    anchored = pd.read_csv(folder / ("wide.csv" if form == "wide" else "long.csv"))
    blind = pd.read_csv(RATINGS)
    if form != "wide":
        blind = toolkit.read_ratings(RATINGS).to_pandas()
    both = pd.concat([anchored[:9], blind[:30], anchored[9:], blind[30:]])
    paths = folder / f"mixed-{form}.csv", folder / f"blind-{form}.csv"
    for path, table in zip(paths, (both, blind), strict=True):
        table.to_csv(path, index=False)
    return paths


def independent(report):
    """All figures and tables of a report but those of the approval."""
    found = report.to_dict()
    found["figures"] = {n: e for n, e in found["figures"].items() if not n.startswith("approval")}
    tables = found["tables"]
    found["tables"] = [t for t in tables if t["key"] != "approval"] if isinstance(tables, list) else tables
    if isinstance(found["tables"], dict):
        found["tables"].pop("approval", None)
    return {name: found[name] for name in ("title", "verdict", "warnings", "figures", "tables", "cases")}


@pytest.mark.parametrize("form", ["csv", "wide"])
def test_anchored_ratings_change_no_figure_of_the_independent_ones(folder, form):
    both, blind = mixed(folder, form)
    report = toolkit.agree(folder / "run", both)
    assert independent(report) == independent(toolkit.agree(folder / "run", blind))
    assert report.agreement.aligned.humans == ("rater_1", "rater_2", "rater_3")
    assert "approval" in report.tables


def test_the_approval_is_printed_with_the_sentence_that_it_is_anchored(folder):
    both, _ = mixed(folder, "csv")
    words = ("agree", folder / "run", "--humans", both)
    assert f"--humans {both} --sections approval\n" in judge(*words).stderr
    text = " ".join(judge(*words, "--sections", "approval").stdout.split())
    assert SENTENCE in text
    assert "Approval of the judge's scores (anchored)" in text
    assert "verdict (pass or fail)" in text


@pytest.mark.parametrize("name", ["long.csv", "wide.csv", "long.jsonl"])
def test_a_file_of_anchored_ratings_alone_gives_the_approval_and_says_what_is_missing(folder, name):
    report = toolkit.agree(folder / "run", folder / name)
    assert list(report.tables) == ["approval"]
    assert "human ceiling, kappa, bias and corrected rates are not computed" in report.warnings[0]
    assert report.title == "Approval of replay:replies (anchored ratings)"
    assert set(report.estimates) == {
        *(f"approval.{name}" for name in (*DIMENSIONS, "passes", "every_score")),
    }
    assert report.verdicts == {}
    text = " ".join(judge("agree", folder / "run", "--humans", folder / name).stdout.split())
    assert SENTENCE in text
    assert "kappa, bias" in text
    assert "Human-human" not in text


def test_the_rate_is_the_share_of_approvals(folder):
    report = toolkit.agree(folder / "run", folder / "long.csv")
    rows = [r for r in csv.DictReader((folder / "long.csv").read_text().splitlines()) if r["sample"] == "0"]
    said = [r["value"] == "approve" for r in rows if r["dimension"] == "technical_accuracy"]
    assert report.estimates["approval.technical_accuracy"].value == pytest.approx(sum(said) / len(said))
    assert report.estimates["approval.clarity"].value == 1


def test_every_form_of_the_report_has_the_approval(folder, tmp_path):
    report = toolkit.agree(folder / "run", folder / "long.csv")
    for text in (report.to_html(), report.to_markdown(), report.to_latex(), json.dumps(report.to_dict())):
        assert "is anchored and says nothing about agreement of" in text.replace("\n", " ")
    assert [path.name for path in report.to_csv(tmp_path)] == ["approval.csv"]


def test_ratings_without_a_run_may_be_anchored(folder):
    report = toolkit.agree([], folder / "long.csv")
    assert list(report.tables) == ["approval"]
    assert report.title == "Approval of the judge (anchored ratings)"


def test_people_alone_and_the_approval_of_a_judge_are_in_one_report(folder):
    both, _ = mixed(folder, "csv")
    report = toolkit.agree([], both, scale="1-5")
    assert {"people", "approval"} <= set(report.tables)


def test_another_judge_than_that_of_the_run_is_named(folder):
    table = pd.read_csv(folder / "long.csv").assign(judge_name="other")
    report = toolkit.agree(folder / "run", table)
    assert (
        "People saw the scores of other, and the run is of replay:replies." in report.tables["approval"].notes
    )
    two = pd.concat([table, pd.read_csv(folder / "long.csv")])
    report = toolkit.agree(folder / "run", two)
    assert "approval.clarity@other" in report.estimates
    assert report.tables["approval"].column("judge")[0] == "other"


COMMANDS = {
    "calibrate": lambda run, humans: toolkit.calibrate(run, humans),
    "plan": lambda run, humans: toolkit.plan("difference", run=run, humans=humans, dimensions=["clarity"]),
    "report": lambda run, humans: toolkit.report(run, humans=humans),
    "leaderboard": lambda run, humans: toolkit.leaderboard(run, system="system", humans=humans),
    "read_ratings": lambda _, humans: toolkit.read_ratings(humans),
    "retest": lambda run, humans: toolkit.retest(run, humans),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_other_command_takes_anchored_ratings_for_independent_ones(folder, command):
    with pytest.raises(InputError, match="every rating is anchored"):
        COMMANDS[command](folder / "run", folder / "long.csv")


def figures(report):
    return {name: str(found) for name, found in report.estimates.items()}


@pytest.mark.parametrize("command", ["calibrate", "report", "leaderboard"])
def test_other_commands_use_the_independent_ratings_of_a_mixed_file(folder, command):
    both, blind = mixed(folder, "csv")
    assert figures(COMMANDS[command](folder / "run", both)) == figures(
        COMMANDS[command](folder / "run", blind)
    )


def test_a_pilot_is_made_of_the_independent_ratings_of_a_mixed_file(folder):
    pilots = [
        pilot_ratings(
            AgreementInputs(humans=humans, runs=[str(folder / "run")], dimensions=["clarity"]),
            with_judge=True,
        )
        for humans in mixed(folder, "csv")
    ]
    np.testing.assert_array_equal(pilots[0].ratings, pilots[1].ratings)


def test_compare_uses_the_independent_ratings_of_a_mixed_file(folder, tmp_path):
    with Run.open(folder / "run") as run:
        items = [
            item.model_copy(update={"metadata": item.metadata | {"pair_id": item.id[:3]}})
            for item in run.items()
        ]
        Run.imported(tmp_path / "pairs", run.rubric, items, run.scores(), model="replay:replies").close()
    found = [
        figures(toolkit.compare(tmp_path / "pairs", between="system=heron,otter", humans=humans))
        for humans in mixed(folder, "csv")
    ]
    assert found[0] == found[1]
    with pytest.raises(InputError, match="every rating is anchored"):
        toolkit.compare(tmp_path / "pairs", between="system=heron,otter", humans=folder / "long.csv")


def test_new_says_how_many_items_have_no_verdict_to_show(folder, tmp_path):
    result = judge("study", "new", folder / "run", "--show-verdict", "--out", tmp_path / "n.db")
    assert "Note: 2 items left out: the judge gave no score to show." in result.stderr


def test_status_shows_approvals_and_no_agreement(folder):
    text = judge("study", "status", folder / "s.db").stdout
    assert "approved" in text
    assert "ratings are anchored" in text
    assert "alpha" not in text
    plain = json.loads(judge("study", "status", folder / "s.db", "--json").stdout)
    assert {row["alpha"] for row in plain["questions"]} == {None}
    assert next(row["approved"] for row in plain["questions"] if row["question"] == "clarity") == 1


def test_the_whole_study_and_its_file_are_no_ratings(folder, tmp_path):
    judge("study", "export", folder / "s.db", "--layout", "everything", "--out", tmp_path / "all.json")
    for path in (tmp_path / "all.json", folder / "s.db"):
        judge("agree", folder / "run", "--humans", path, code=1)


def test_ratings_that_were_read_in_python_keep_the_anchored_ones_apart(folder):
    both, _ = mixed(folder, "csv")
    table = toolkit.read_ratings(both, rubric="open_qa")
    assert table.raters == ("rater_1", "rater_2", "rater_3")
    assert {one.rater for one in table.anchored} == {"R01", "R02"}
    again = toolkit.read_ratings([*table.rows(), *(one.row() for one in table.anchored)])
    assert [one.row() for one in again.anchored] == [one.row() for one in table.anchored]
    report = toolkit.agree([], table, scale="1-5")
    assert report.estimates["approval.clarity"].value == 1


def test_a_target_mix_is_not_that_of_the_approval(folder):
    shares = {"topic": {"science": 0.5, "history": 0.5}}
    report = toolkit.agree(folder / "run", folder / "long.csv", target=shares)
    assert "These rates are not weighted to the mix of --target." in report.tables["approval"].notes
