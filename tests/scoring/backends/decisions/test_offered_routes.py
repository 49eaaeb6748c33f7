"""Which decision routes a server has."""

import json

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.errors import InputError
from judge.scoring.backends.decisions.offered_routes import offered_routes
from tests.support.decision_server import Answer

NO_QUESTIONS = Answer({"error": {"message": "questions: needs at least one question"}}, 400)
NOT_FOUND = Answer({"detail": "Not Found"}, 404)


@pytest.fixture
def says(server):
    """Sets what the server answers at each path."""

    def make(models=NOT_FOUND, decisions=NOT_FOUND, systemone=NOT_FOUND):
        answers = {"/v1/models": models, "/v1/decisions": decisions, "/v1/systemone": systemone}
        server.answer = lambda seen: answers[seen.path]
        return server.api_base

    return make


def listed(*entries):
    return Answer({"data": list(entries)})


@pytest.mark.parametrize(
    ("answer", "offered", "said"),
    [
        (NO_QUESTIONS, True, "offered: --judge decisions:MODEL"),
        (Answer({"detail": [{"loc": ["body", "questions"], "msg": "too short"}]}, 422), True, "offered"),
        (Answer({"error": {"message": "The model `MODEL` does not exist"}}, 404), True, "offered"),
        (NOT_FOUND, False, "not offered"),
        (Answer(b"", 405), False, "not offered"),
        (
            Answer({"error": {"message": "The model does not support it"}}, 501),
            False,
            "its model does not decide",
        ),
        (Answer({"error": {"message": "no key"}}, 401), None, "set JUDGE_API_KEY"),
        (Answer(b"<html>", 200), None, "unknown: status 200"),
        (Answer(b"", 302, {"Location": "http://127.0.0.1:1/"}), None, "unknown: status 302"),
    ],
    ids=str,
)
def test_a_server_with_a_route_refuses_a_request_without_questions(answer, offered, said, says):
    found = {route.name: route for route in offered_routes(says(decisions=answer), {})}
    assert found["decisions"].is_offered is offered
    assert said in found["decisions"].found
    assert found["systemone"].is_offered is False


def test_no_question_is_asked(says, server):
    offered_routes(says(decisions=NO_QUESTIONS, systemone=NO_QUESTIONS) + "/", {"JUDGE_API_KEY": "my-key"})
    assert [seen.body and seen.body["questions"] for seen in server.seen] == [None, [], {}]
    assert {seen.headers["Authorization"] for seen in server.seen} == {"Bearer my-key"}


@pytest.mark.parametrize(
    ("models", "judge"),
    [
        (listed({"id": "Qwen/Qwen3-8B", "owned_by": "vllm"}), "systemone:hosted_vllm/Qwen/Qwen3-8B"),
        (listed({"id": "m", "owned_by": "sglang"}), "systemone:sglang/m"),
        (listed({"id": "m"}), "systemone:m"),
        (listed({"id": "a"}, {"id": "b"}), "systemone:MODEL"),
        (listed(None, {"id": 3}), "systemone:MODEL"),
        (Answer({"data": None}), "systemone:MODEL"),
        (Answer([]), "systemone:MODEL"),
        (Answer(b"no JSON"), "systemone:MODEL"),
    ],
    ids=str,
)
def test_the_name_of_the_judge_is_proposed(models, judge, says):
    assert offered_routes(says(models, systemone=NO_QUESTIONS), {})[1].found == f"offered: --judge {judge}"


@pytest.mark.parametrize(
    "base", ["host:8000", "http://127.0.0.1:1/v1", "http://[::1/v1", "http://127.0.0.1:x/v1"]
)
def test_an_address_without_a_server_is_an_error(base):
    with pytest.raises(InputError, match="--api-base"):
        offered_routes(base, {})


def test_judge_doctor_lists_the_routes(says):
    base = says(listed({"id": "m", "owned_by": "vllm"}), NOT_FOUND, NO_QUESTIONS)
    found = CliRunner().invoke(main, ["doctor", "--api-base", base])
    assert found.exit_code == 0
    assert [line.split() for line in found.output.splitlines()] == [
        ["absent", "decisions", "route", "not", "offered"],
        ["ok", "systemone", "route", "offered:", "--judge", "systemone:hosted_vllm/m"],
    ]
    as_json = CliRunner().invoke(main, ["doctor", "--api-base", base, "--json"])
    assert [finding["state"] for finding in json.loads(as_json.output)] == ["absent", "ok"]
