"""`judge show`: which judgments, and what is said about each reply."""

import json

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.cli.show import _reply, _text
from judge.records import Completion, Failure, Image, Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def run(tmp_path):
    """Twenty-two answers, of which the last two have no score."""
    rubric = load_rubric("open_qa")
    items = [Item(id=f"q{i}", question=f"q{i}?", answer="!") for i in range(22)]
    scores = [
        Score(item_id=item.id, rater="m", rater_kind="judge", dimension=name, **said)
        for i, item in enumerate(items)
        for name in rubric.scored
        for said in [{"value": 4.0, "reason": "good"} if i < 20 else {"status": "refused"}]
    ]
    Run.imported(tmp_path / "run", rubric, items, scores, model="m").close()
    return tmp_path / "run"


def shown(result):
    return [line.split()[1] for line in result.stdout.splitlines() if line.startswith("=== ")]


@pytest.fixture
def failing(tmp_path):
    """Ten answers: the overall scores are 1 to 5, twice; clarity falls as they rise; the last has no score."""
    rubric = load_rubric("open_qa")
    items = [Item(id=f"q{i}", question=f"q{i}?", answer="!") for i in range(10)]
    values = {"clarity": lambda i: 5.0 - i % 5, "overall": lambda i: 1.0 + i % 5}
    scores = [
        Score(
            item_id=f"q{i}",
            rater="m",
            rater_kind="judge",
            dimension=name,
            **({"value": values.get(name, lambda i: 1.0 + i % 5)(i)} if i < 9 else {"status": "refused"}),
        )
        for i in range(10)
        for name in rubric.scored
    ]
    Run.imported(tmp_path / "failing", rubric, items, scores, model="m").close()
    return tmp_path / "failing"


def test_failing_answers_are_shown_alone_with_their_verdict_in_the_heading(failing):
    result = judge("show", failing, "--fail")
    assert shown(result) == ["q0", "q1", "q5", "q6"]
    assert {line.split("  ")[1] for line in result.stdout.splitlines() if line.startswith("=== ")} == {"fail"}
    assert "=== q2  pass" in judge("show", failing, "--item", "q2").stdout
    assert "=== q9  no verdict" in judge("show", failing, "--item", "q9").stdout


def test_the_worst_come_first_and_items_without_a_score_are_left_out(failing):
    assert shown(judge("show", failing, "--worst", 3)) == ["q0", "q5", "q1"]
    assert shown(judge("show", failing, "--fail", "--worst", 30)) == ["q0", "q5", "q1", "q6"]
    assert len(shown(judge("show", failing, "--worst", 30))) == 9


def test_a_run_without_scores_has_no_worst_item(tmp_path):
    items = [Item(id="q", question="?", answer="!")]
    Run.imported(tmp_path / "empty", load_rubric("open_qa"), items, [], model="m").close()
    result = judge("show", tmp_path / "empty", "--worst", 2)
    assert (result.exit_code, "no items with scores" in result.stderr) == (0, True)


def test_with_a_dimension_its_threshold_and_its_score_decide(failing):
    assert shown(judge("show", failing, "--fail", "--dimension", "clarity")) == ["q3", "q4", "q8"]
    assert shown(judge("show", failing, "--worst", 2, "--dimension", "clarity")) == ["q4", "q3"]
    assert shown(judge("show", failing, "--fail", "--worst", 1, "--dimension", "clarity")) == ["q4"]


def test_a_dimension_is_refused_if_it_is_unknown_or_about_nothing(failing):
    unknown = judge("show", failing, "--fail", "--dimension", "tone")
    assert (unknown.exit_code, "allowed: technical_accuracy" in unknown.stderr) == (2, True)
    assert judge("show", failing, "--dimension", "clarity").exit_code == 2


def test_where_nothing_fails_it_says_so(run):
    assert "no answer of this run fails" in judge("show", run, "--fail").stderr
    assert "below the threshold of clarity" in judge("show", run, "--fail", "--dimension", "clarity").stderr
    assert "status refused and fails" in judge("show", run, "--fail", "--status", "refused").stderr


@pytest.mark.parametrize(
    ("words", "n", "more"), [((), 20, 2), (("--limit", 21), 21, 1), (("--limit", 22), 22, 0)]
)
def test_items_up_to_the_limit_are_shown_and_the_rest_is_counted(run, words, n, more):
    result = judge("show", run, *words)
    assert len(shown(result)) == n
    assert (f"{more} more item" in result.stderr) is bool(more)
    assert ("--limit 22" in result.stderr) is bool(more)


def test_items_with_a_status_or_an_id_are_shown_alone(run):
    assert shown(judge("show", run, "--status", "refused")) == ["q20", "q21"]
    assert shown(judge("show", run, "--item", "q7")) == ["q7"]
    none = judge("show", run, "--status", "truncated")
    assert (shown(none), "status truncated" in none.stderr) == ([], True)


def test_json_holds_item_scores_and_completions(run):
    found = [json.loads(line) for line in judge("show", run, "--item", "q20", "--json").stdout.splitlines()]
    assert [sorted(record) for record in found] == [["completions", "item", "scores"]]
    assert found[0]["item"]["id"] == "q20"
    assert {score["status"] for score in found[0]["scores"]} == {"refused"}


def test_pictures_are_named_and_their_data_are_left_out():
    images = (
        Image(path="good.png", role="reference"),
        Image(path="washer.png"),
        Image(url="data:image/png;base64,iVBORw0KGgo"),
    )
    item = Item(id="q1", question="?", answer="!", images=images)
    lines = _text(item, [], iter(()), load_rubric("open_qa")).splitlines()
    pictures = [line.removeprefix("picture    ") for line in lines if line.startswith("picture")]
    assert pictures == ["good.png (reference)", "washer.png", "data:image/png;base64,…"]


def test_a_score_is_a_number_a_text_or_its_status():
    item = Item(id="a", question="?", answer="!", reference="truth")
    who = {"item_id": "a", "rater": "m", "rater_kind": "judge"}
    scores = [
        Score(**who, dimension="clarity", value=4.0, reason="good"),
        Score(**who, dimension="mean", value=3.25),
        Score(**who, dimension="label", value="odd"),
        Score(**who, dimension="gone", status="failed", reason="no reply"),
    ]
    lines = _text(item, scores, iter(()), load_rubric("open_qa")).splitlines()
    assert "reference  truth" in lines
    assert [line.split() for line in lines if line.startswith("  ")] == [
        ["clarity", "4", "good"],
        ["mean", "3.25"],
        ["label", "odd"],
        ["gone", "failed", "no", "reply"],
    ]
    assert not any(
        "reference" in line
        for line in _text(
            item.model_copy(update={"reference": None}), [], iter(()), load_rubric("open_qa")
        ).splitlines()
    )


def completion(**more):
    return Completion.model_construct(
        **{
            "sample": 0, "dimension": None, "attempt": 0, "reply": None, "refusal": None, "failure": None,
            "finish_reason": None, "label_probabilities": None, **more,
        }
    )  # fmt: skip


def test_a_reply_is_shown_with_its_sample_dimension_attempt_and_finish_reason():
    assert (
        _reply(completion(reply="yes", finish_reason="stop"))
        == "  reply (sample 0; finish reason stop):\nyes"
    )
    second = completion(reply="", sample=1, dimension="clarity", attempt=1)
    assert _reply(second) == "  reply (sample 1, clarity, requested again; finish reason unknown):\n"
    first_token = completion(reply="4", label_probabilities={"4": 1.0}, finish_reason="length")
    assert "finish reason" not in _reply(first_token)


def test_a_refusal_and_a_failure_take_the_place_of_a_reply():
    assert _reply(completion(refusal="I will not")).endswith("\nI will not")
    failure = Failure.model_construct(kind="timeout", message="too late")
    assert _reply(completion(failure=failure)).endswith("\ntimeout: too late")
    assert _reply(completion(refusal="no", failure=failure)).endswith("\nno")
    assert _reply(completion()).endswith("):\n")
