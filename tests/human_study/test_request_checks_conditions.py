"""What an incomplete or wrong request is told."""

import pytest

from human_study.app import create_app
from human_study.store import Study

from .builders import rate
from .client import Client


def _header(study: Study, scheme: str = "Bearer") -> dict[str, str]:
    rater = study.rater("R01")
    assert rater is not None
    return {"Authorization": f"{scheme} {rater.token}"}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp5"}])
def test_a_request_without_a_token_is_told_to_open_the_full_link(
    study: Study, header: dict[str, str]
) -> None:
    reply = Client(create_app(study)).get("/api/rater/session", header)
    assert (reply.status_code, "link is incomplete" in reply.text) == (401, True)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_a_token_may_be_written_in_any_case(study: Study, scheme: str) -> None:
    assert Client(create_app(study)).get("/api/rater/session", _header(study, scheme)).status_code == 200


def test_a_request_with_two_faults_is_told_the_first(study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    body = {"save_id": 7, "base": "x", "reply": {"values": {"accuracy": 3}}, "seconds": 1}
    reply = Client(create_app(study)).put("/api/rater/tasks/2", _header(study), body)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("save_id: ")
