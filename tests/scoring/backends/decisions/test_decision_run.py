"""Whole runs with decision models: resumed, parsed again, asked again, shown; and every demand on their scores."""

import json
import sqlite3

import PIL.Image
import pytest
from click.testing import CliRunner

import judge
from judge import Run
from judge.cli import main
from judge.errors import BackendError, RunError
from judge.rubric import load_rubric
from judge.scoring.backends.connection import Connection
from judge.scoring.judge import Judge
from judge.scoring.preview import preview
from tests.support.decision_server import Answer, decided

from .conftest import rubric

ANSWERS = [{"id": f"q{n}", "question": "Why?", "answer": f"Because of {n}."} for n in range(6)]
MODELS = {
    "decisions": "decisions:openai/gpt-6-luna",
    "systemone": "systemone:typesafe/jev-latest",
    "vllm": "systemone:hosted_vllm/m",
    "openrouter": "decisions:openrouter/typesafe/jev-latest",
}


@pytest.fixture
def score(server, tmp_path):
    def make(model="decisions:m", answers=ANSWERS, out="run", by=None, **options):
        connection = Connection(api_base=server.api_base, **options.pop("connection", {}))
        out = tmp_path / out
        return judge.score(
            answers, judge=model, rubric=by or rubric(), out=out, connection=connection, **options
        )

    return make


def values(run):
    return [(s.item_id, s.dimension, s.criterion, s.value, s.status, s.reason) for s in run.scores()]


def test_all_formats_give_the_same_scores(score):
    found = [values(score(model, out=name)) for name, model in MODELS.items()]
    assert all(scores == found[0] for scores in found)
    assert {(dimension, status) for _, dimension, _, _, status, _ in found[0]} == {
        ("truth", "ok"),
        ("fault", "ok"),
        ("harmful", "ok"),
    }


def test_one_request_holds_all_dimensions(score, server):
    score()
    assert len(server.seen) == len(ANSWERS)


def test_a_run_stores_dialect_and_questions(score):
    kept = score("systemone:hosted_vllm/m").fact("decisions")
    assert (kept["dialect"], kept["questions"]["fault"]["labels"]) == (
        "systemone:hosted_vllm",
        {"none": "1", "minor": "2"},
    )


def test_the_same_call_asks_nothing_again(score, server):
    first = values(score())
    asked = len(server.seen)
    assert values(score()) == first
    assert len(server.seen) == asked


def test_an_interrupted_run_asks_only_what_is_missing(score, server):
    doom = Answer({"error": {"message": "no key"}}, 401)
    server.script = [Answer(decided({"input": "x", "questions": []})), doom]
    with pytest.raises(BackendError):
        score(connection={"max_connections": 1})
    score(connection={"max_connections": 1})
    assert len(server.seen) == len(ANSWERS) + 1


def test_replies_are_parsed_again_without_a_call(score, server, tmp_path):
    before = values(score())
    asked = len(server.seen)
    again = judge.rederive(tmp_path / "run")
    assert values(again) == before
    assert len(server.seen) == asked


def test_replies_stay_readable_when_the_table_of_dialects_changes(score, tmp_path, monkeypatch):
    before = values(score("decisions:hosted_vllm/m"))
    monkeypatch.setattr("judge.scoring.backends.decisions.routes.ROUTES", {})
    assert values(judge.rederive(tmp_path / "run")) == before


def test_a_run_without_its_questions_is_refused(score, tmp_path):
    score()
    with sqlite3.connect(tmp_path / "run" / "run.db") as db:
        db.execute("DELETE FROM meta WHERE name = 'decisions'")
    with pytest.raises(RunError, match="lacks the fact 'decisions'"):
        judge.rederive(tmp_path / "run")


def test_damaged_questions_are_damage(score, tmp_path):
    score()
    with sqlite3.connect(tmp_path / "run" / "run.db") as db:
        db.execute("UPDATE meta SET value = '{}' WHERE name = 'decisions'")
    with pytest.raises(RunError, match=r"run\.db"):
        Run.open(tmp_path / "run")


def test_other_questions_are_another_judge(score):
    score()
    with pytest.raises(RunError, match="belongs to another rubric"):
        score(by=rubric(flags={}))


def test_samples_are_asked_for_separately(score, server):
    found = score(samples=2, answers=ANSWERS[:2])
    assert len(server.seen) == 4
    assert {s.sample for s in found.scores()} == {0, 1}


# What goes wrong with one answer


def without(name):
    def answer(seen):
        reply = decided(seen.body)
        reply["answers"] = [a for a in reply["answers"] if a["name"] != name]
        return Answer(reply)

    return answer


def test_a_missing_answer_leaves_the_others(score, server):
    server.answer = without("truth")
    found = score(answers=ANSWERS[:1])["q0"].statuses
    assert found == {"truth": "unparsed", "fault": "ok", "harmful": "ok"}


def test_a_missing_answer_is_asked_for_once_more_and_both_replies_count(score, server):
    first, second = without("truth"), without("fault")
    server.answer = lambda seen: first(seen) if len(server.seen) == 1 else second(seen)
    found = score(answers=ANSWERS[:1], reask=True)["q0"].statuses
    assert len(server.seen) == 2
    assert found == {"truth": "ok", "fault": "ok", "harmful": "ok"}
    assert server.bodies()[0] == server.bodies()[1]


def test_nothing_is_asked_once_more_without_reask(score, server):
    server.answer = without("truth")
    score(answers=ANSWERS[:1])
    assert len(server.seen) == 1


def test_good_replies_are_not_asked_for_once_more(score, server):
    score(answers=ANSWERS[:1], reask=True)
    assert len(server.seen) == 1


def test_failed_requests_are_asked_again_on_demand(score, server):
    server.script = [Answer({"error": {"message": "the input is odd"}}, 400)]
    assert set(score(answers=ANSWERS[:1])["q0"].statuses.values()) == {"failed"}
    found = score(answers=ANSWERS[:1], retry_errors=True)["q0"].statuses
    assert set(found.values()) == {"ok"}


# Rubrics with types, criteria and conditions


def test_a_dimension_that_does_not_apply_is_not_asked(score, server):
    truth = rubric().dimensions["truth"].model_dump()
    by = rubric(dimensions={"truth": truth, "seen": {**truth, "when": {"topic": "x"}}}, flags={})
    found = score(by=by, answers=[ANSWERS[0], {**ANSWERS[1], "topic": "x"}])
    assert [len(body["questions"]) for body in server.bodies()] in ([1, 2], [2, 1])
    assert (found["q0"].statuses["seen"], found["q1"].statuses["seen"]) == ("not_applicable", "ok")


def test_criteria_of_the_items_earn_expected_points(score):
    without = {"dimensions": {}, "flags": {}, "pass": {"overall": 0.5}}
    by = rubric(criteria={}, overall={"how": "points"}, **without)
    criteria = [{"id": "a", "text": "It names the year."}, {"id": "b", "text": "It is short.", "points": 3}]
    found = score(by=by, answers=[{**ANSWERS[0], "criteria": criteria}])["q0"]
    a, b = (found.criteria[key].value for key in "ab")
    assert found.scores["overall"] == pytest.approx((a + 3 * b) / 4)


def test_a_judge_that_may_abstain_has_cannot_tell_among_its_options(score, server):
    score(by=rubric(abstain=True), answers=ANSWERS[:1])
    choices = {q["name"]: [c["value"] for c in q.get("choices", [])] for q in server.bodies()[0]["questions"]}
    assert choices == {
        "truth": ["1", "2", "3", "cannot_tell"],
        "fault": ["none", "minor", "cannot_tell"],
        "harmful": [],
    }


def test_the_shipped_rubrics_are_asked_whole(score):
    found = score(by=load_rubric("inspection"), answers=[{**ANSWERS[0], "category": "cable"}])["q0"]
    assert set(found.statuses.values()) == {"ok"}
    assert "is_accurate" in found.scores
    assert "reference_issue" not in found.scores


# Images


def pictured(tmp_path):
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    return [{**ANSWERS[0], "images": ["a.png"]}]


def test_images_are_sent_where_they_are_taken(score, server, tmp_path):
    score("systemone:typesafe/m", answers=pictured(tmp_path), image_root=tmp_path)
    assert list(server.bodies()[0]["assets"]) == ["IMG-1"]


def test_images_are_refused_before_anything_is_sent(score, server, tmp_path):
    with pytest.raises(BackendError, match="takes no images"):
        score("decisions:fireworks_ai/m", answers=pictured(tmp_path), image_root=tmp_path)
    assert server.seen == []


def test_images_that_the_rubric_hides_do_not_count(score, server, tmp_path):
    by = rubric(images=[{"role": "query", "when": {"topic": "x"}}])
    score("systemone:llama_cpp/m", answers=pictured(tmp_path), image_root=tmp_path, by=by)
    assert len(server.seen) == 1


# Checks before a run


def test_a_key_for_an_address_of_a_settings_file_is_refused(score, monkeypatch):
    monkeypatch.setenv("JUDGE_API_KEY", "my-secret-key")
    with pytest.raises(BackendError, match="would be sent there"):
        score(connection={"unconfirmed": "judge.toml"})


def test_a_limit_of_the_cost_needs_a_price(score):
    with pytest.raises(BackendError, match="no price is known"):
        score(connection={"max_cost": 1.0})


def test_a_preview_shows_the_questions_and_sends_nothing(server, tmp_path):
    found = preview(ANSWERS, Judge(MODELS["decisions"], rubric()), out=tmp_path / "run")
    assert (found.requests, server.seen) == (6, [])
    assert found.cost == pytest.approx(found.prompt_tokens * 1e-7, rel=1e-6)
    assert [m["role"] for m in found.first] == ["system", "user", "questions"]


def test_a_preview_refuses_what_the_run_would_refuse(tmp_path):
    with pytest.raises(BackendError, match="takes no images"):
        preview(pictured(tmp_path), Judge("systemone:m", rubric()), out=tmp_path / "run", image_root=tmp_path)


# The command line


@pytest.fixture
def run_command(server, tmp_path):
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(a) + "\n" for a in ANSWERS))

    def run(*words, api_base=True):
        base = ["--api-base", server.api_base] if api_base else []
        return CliRunner().invoke(main, ["score", str(file), "--out", str(tmp_path / "run"), *base, *words])

    return run


def test_the_command_says_once_what_is_not_asked(run_command):
    found = run_command("--judge", "decisions:m", "--rubric", "inspection")
    assert found.exit_code == 0, found.output
    assert found.output.count("a decision model gives probabilities and no reasons") == 1
    assert "not requested: reference_issue" in found.output
    assert "--scores expected gives scores only" not in found.output


@pytest.mark.parametrize(
    "words", [("--temperature", "0"), ("--scores", "text"), ("--structured", "on"), ("--max-tokens", "9")]
)
def test_options_of_generated_text_are_refused(words, run_command):
    found = run_command("--judge", "systemone:m", *words)
    assert found.exit_code == 2
    assert f"{words[0]}: decision models give probabilities" in found.output


def test_options_of_generated_text_may_be_meant_for_the_rest_of_a_panel(run_command, server):
    found = run_command("--judge", "systemone:m", "--judge", "baseline", "--temperature", "0")
    assert "judge baseline" in found.output
    assert "temperature" not in server.bodies()[0]


def test_scores_expected_is_what_a_decision_model_gives(run_command):
    assert run_command("--judge", "systemone:m", "--scores", "expected").exit_code == 0


def test_a_parameter_is_a_field_of_the_request(run_command, server):
    assert run_command("--judge", "decisions:m", "--param", "prompt_cache_key=k").exit_code == 0
    assert server.bodies()[0]["prompt_cache_key"] == "k"


def test_a_route_without_a_model_is_refused(run_command):
    found = run_command("--judge", "decisions:")
    assert found.exit_code == 2
    assert "names no judge" in found.output


def test_a_dry_run_shows_the_questions(run_command, server):
    found = run_command("--judge", "decisions:openai/gpt-6-luna", "--dry-run")
    assert "--- questions ---\ntechnical_accuracy (score)" in found.output
    assert server.seen == []


def test_show_shows_probabilities_and_the_reply(run_command, tmp_path):
    run_command("--judge", "decisions:m")
    found = CliRunner().invoke(main, ["show", str(tmp_path / "run"), "--item", "q0"]).output
    assert "off the scale: 0.0000" in found
    assert '"answers": [{"type": "score"' in found
