"""`judge report`, `audit`, `compare` and `leaderboard`, as a user meets them."""

import json

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def make_run(path, shift=0, prefix="q"):
    """Forty answers to twenty questions, clean and degraded; every fifth is refused."""
    rubric = load_rubric("open_qa")
    items, scores = [], []
    for i in range(40):
        condition = ("clean", "degraded")[i % 2]
        item = Item(
            id=f"{prefix}{i}",
            question=f"question {i // 2}",
            answer=f"answer {shift}",
            metadata={"pair_id": f"p{i // 2}", "condition": condition},
        )
        items.append(item)
        values = dict.fromkeys(DIMENSIONS, float(min(5, 1 + (i * 7 + shift) % 5)))
        values["overall"] = values["clarity"]
        for name, value in values.items():
            known = {"value": value} if i % 5 else {"status": "refused", "reason": "no"}
            scores.append(Score(item_id=item.id, rater="robot", rater_kind="judge", dimension=name, **known))
    Run.imported(path, rubric, items, scores, model="robot").close()
    return path


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "first")


@pytest.fixture
def other(tmp_path):
    return make_run(tmp_path / "second", shift=1)


def test_report_opens_with_the_verdict(run):
    result = judge("report", run)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "first: 40 answers (20 clusters by pair id) judged by robot"
    assert "of answers pass: 24 of 32 with a verdict; 8 fail." in result.stdout
    assert "8 of 40 have no verdict (8 refused)." in result.stdout


@pytest.mark.parametrize("command", ["report", "audit", "compare", "leaderboard"])
def test_json_is_the_whole_report_and_nothing_else(command, run, other):
    runs = [run] if command in ("report", "audit") else [run, other]
    result = judge(command, *runs, "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert data["kind"] == command
    assert {"title", "verdict", "warnings", "figures", "tables", "about", "methods"} <= set(data)


def test_slices_can_be_chosen_and_crossed(run):
    data = json.loads(judge("report", run, "--by", "condition*pair_id,condition", "--json").stdout)
    assert len(data["tables"]["slices:condition*pair_id"]["rows"]) == 40 + 2
    assert [row["slice"] for row in data["tables"]["slices:condition"]["rows"]][:2] == ["clean", "degraded"]


def test_pairs_are_clusters_unless_told_otherwise(run):
    def n_clusters(*words):
        return json.loads(judge("report", run, "--json", *words).stdout)["figures"]["pass_rate"]["n_clusters"]

    assert n_clusters() < n_clusters("--cluster", "id") == 32


def test_several_runs_are_ranked_and_shown_one_after_the_other(run, other):
    data = json.loads(judge("report", run, other, "--json").stdout)
    assert len(data["tables"]["leaderboard"]["rows"]) == 2
    assert {"first/pass_rates", "second/pass_rates"} <= set(data["tables"])


def test_conditions_within_one_run_are_compared_pair_by_pair(run):
    data = json.loads(judge("compare", run, "--between", "condition", "--json").stdout)
    assert data["title"] == "degraded compared with clean: 20 pairs of answers"
    assert "matched by pair_id" in data["methods"][0]


def test_runs_of_one_name_are_told_apart(tmp_path, run):
    twin = make_run(tmp_path / "deeper" / "first", shift=1)
    assert judge("compare", run, twin).stdout.startswith("first (2) compared with first")


def test_audit_shows_as_many_worst_answers_as_asked_for(run):
    assert len(json.loads(judge("audit", run, "--worst", 4, "--json").stdout)["cases"]["worst"]) == 4
    assert "worst" not in json.loads(judge("audit", run, "--worst", 0, "--json").stdout)["cases"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["report", "RUN", "--by", "colour"], "no item has the field 'colour'; found: pair_id, condition"),
        (["report", "RUN", "--cluster", "colour"], "no item has the field 'colour'"),
        (["compare", "RUN"], "give two runs, or one run and --between FIELD"),
        (["compare", "RUN", "RUN", "RUN"], "give two runs"),
        (["compare", "RUN", "--between", "pair_id"], "must name two groups"),
        (["leaderboard", "RUN"], "needs two systems or more"),
        (["leaderboard", "RUN", "RUN"], "two runs are called 'first'"),
        (["leaderboard", "RUN", "RUN", "--system", "condition"], "ranks the systems within one run"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_advice(run, words, message):
    result = judge(*(run if word == "RUN" else word for word in words))
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_folder_that_is_no_run_is_an_error(tmp_path):
    result = judge("report", tmp_path)
    assert result.exit_code == 1
    assert "no run here" in result.stderr


def test_badly_written_fields_are_a_usage_error(run):
    assert judge("report", run, "--by", "a,,b").exit_code == 2


@pytest.mark.parametrize("command", ["report", "audit", "compare", "leaderboard"])
def test_help_has_an_example(command):
    assert f"Example: judge {command}" in judge(command, "--help").output


def test_a_field_that_is_empty_throughout_is_no_slice_and_no_error(tmp_path):
    rows = [{"id": n, "question": "?", "answer": "a", "reference": "a", "empty": None} for n in range(3)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    judge("score", tmp_path / "a.jsonl", "--judge", "baseline", "--out", tmp_path / "run")
    assert judge("report", tmp_path / "run").exit_code == 0
