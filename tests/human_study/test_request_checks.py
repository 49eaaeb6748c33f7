"""Every route against those who have no business there: nothing is done, and nothing is told."""

import json
import logging

import pytest

from human_study.app import create_app
from human_study.request_checks import HEADERS, MAX_BODY
from human_study.store import Study
from judge.records import Item

from .builders import MakeStudy, rate
from .client import Client

RATER_ROUTES = [
    ("GET", "/api/rater/session"),
    ("POST", "/api/rater/begin"),
    ("GET", "/api/rater/tasks/1"),
    ("PUT", "/api/rater/tasks/1"),
    ("GET", "/api/rater/tasks/1/feedback"),
    ("GET", "/api/rater/tasks/2/images/0"),
]
ADMIN_ROUTES = [
    ("GET", "/api/admin/overview"),
    ("POST", "/api/admin/raters/R01/drop"),
    ("POST", "/api/admin/raters/R01/readmit"),
    ("POST", "/api/admin/discussions"),
]
SECRETS = ("secret-id", "secret-system", "secret-score", "pictured", "Question", "A red square", "topic")
GOOD = {"save_id": "save-0001", "base": 0, "reply": {"values": {"accuracy": 3}}, "seconds": 1}


@pytest.fixture
def study(make_study: MakeStudy, with_picture: Item, items: list[Item]) -> Study:
    """Every rater has every item; R01 is through the practice round."""
    study = make_study([with_picture, *items], raters=2, per_item=2)
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    return study


@pytest.fixture
def client(study: Study) -> Client:
    client = Client(create_app(study))
    return client


def token_of(study: Study, name: str) -> dict[str, str]:
    rater = study.rater(name)
    assert rater is not None
    return {"Authorization": f"Bearer {rater.token}"}


def n_saved(study: Study) -> int:
    return len(list(study.history()))


@pytest.mark.parametrize(("method", "path"), RATER_ROUTES + ADMIN_ROUTES)
@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer ' OR 1=1 --"},
        {"Authorization": "Basic eDp5"},
    ],
    ids=["no token", "empty", "forged", "other scheme"],
)
def test_without_a_valid_token_nothing_is_told(
    client: Client, study: Study, method: str, path: str, header: dict[str, str]
) -> None:
    before = n_saved(study)
    reply = client.request(method, path, headers=header, json=GOOD)
    assert reply.status_code == 401
    assert not [secret for secret in SECRETS if secret in reply.text]
    assert n_saved(study) == before


@pytest.mark.parametrize("path", ["/api/rater/session", "/api/admin/overview"])
def test_a_token_in_the_address_is_no_token(client: Client, study: Study, path: str) -> None:
    token = token_of(study, "R01")["Authorization"].split()[1]
    assert client.get(f"{path}?token={token}").status_code == 401
    assert client.get(path, {"Cookie": f"token={token}"}).status_code == 401


@pytest.mark.parametrize(("method", "path"), ADMIN_ROUTES)
def test_a_raters_token_opens_nothing_of_the_organiser(
    client: Client, study: Study, method: str, path: str
) -> None:
    reply = client.request(method, path, headers=token_of(study, "R01"), json={"reason": "x"})
    assert reply.status_code == 401
    assert study.events() == []


@pytest.mark.parametrize(("method", "path"), RATER_ROUTES)
def test_the_organisers_token_is_no_raters(client: Client, study: Study, method: str, path: str) -> None:
    header = {"Authorization": f"Bearer {study.admin_token}"}
    assert client.request(method, path, headers=header, json=GOOD).status_code == 401


def test_a_rater_reaches_the_own_list_alone(client: Client, study: Study) -> None:
    """Numbers are looked up under the token's rater; there is no way to name another one."""
    client.put("/api/rater/tasks/2", headers=token_of(study, "R01"), json=GOOD)
    mine, other = study.task("R01", 2), study.task("R02", 2)
    assert mine is not None
    assert other is not None
    assert (mine.rating.revision, other.rating.revision) == (1, 0)


@pytest.mark.parametrize("n", ["0", "15", "999", "99999999999999999999999999", "9" * 5000])
@pytest.mark.parametrize("rest", ["", "/feedback", "/images/0", "/images/99999999999999999999999"])
def test_a_forged_number_is_not_found(client: Client, study: Study, n: str, rest: str) -> None:
    assert client.get(f"/api/rater/tasks/{n}{rest}", headers=token_of(study, "R01")).status_code == 404


@pytest.mark.parametrize("n", ["-1", "1.5", "abc", "1'--", "%00", "..", "1/../../admin/overview"])
def test_what_is_no_number_has_no_route(client: Client, study: Study, n: str) -> None:
    assert client.get(f"/api/rater/tasks/{n}", headers=token_of(study, "R01")).status_code in (401, 404)


@pytest.mark.parametrize("n", [0, 15, 99999999999999999999999999])
def test_saving_under_a_forged_number_saves_nothing(client: Client, study: Study, n: int) -> None:
    before = n_saved(study)
    assert client.put(f"/api/rater/tasks/{n}", headers=token_of(study, "R01"), json=GOOD).status_code == 404
    assert n_saved(study) == before


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"reply": {"values": {"accuracy": 6}}}, 400),
        ({"reply": {"values": {"accuracy": "3"}}}, 400),
        ({"reply": {"values": {"accuracy": True}}}, 400),
        ({"reply": {"values": {"accuracy": 10**30}}}, 400),
        ({"reply": {"values": {"speed": 3}}}, 400),
        ({"reply": {"values": {"accuracy": 3}, "note": "x" * 4001}}, 400),
        ({"reply": {"values": {"accuracy": 3}, "rater": "R02"}}, 400),
        ({"rater": "R02"}, 400),
        ({"item_id": "secret-id-1"}, 400),
        ({"save_id": ""}, 400),
        ({"save_id": "x" * 65}, 400),
        ({"save_id": "'; DROP TABLE x"}, 400),
        ({"base": -1}, 400),
        ({"base": 10**30}, 400),
        ({"seconds": -1}, 400),
        ({"seconds": 1e300}, 400),
        ({"reply": None}, 400),
        ({"base": 5}, 409),
    ],
    ids=lambda change: str(change)[:40],
)
def test_a_forged_change_is_refused(
    client: Client, study: Study, change: dict[str, object], status: int
) -> None:
    before = n_saved(study)
    reply = client.put("/api/rater/tasks/2", headers=token_of(study, "R01"), json=GOOD | change)
    assert reply.status_code == status
    assert n_saved(study) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"save_id": NaN}',
        b'{"seconds": 1e999}',
    ],
    ids=["empty", "cut off", "list", "text", "null", "bytes", "deep", "NaN", "infinite"],
)
@pytest.mark.parametrize("path", ["/api/rater/tasks/2", "/api/rater/begin"])
def test_a_malformed_body_is_refused(client: Client, study: Study, path: str, body: bytes) -> None:
    header = {**token_of(study, "R01"), "Content-Type": "application/json"}
    reply = client.request("PUT" if "tasks" in path else "POST", path, headers=header, content=[body])
    # What is JSON but says nothing may begin; it never becomes a rating.
    assert reply.status_code == 400 or (path.endswith("begin") and reply.status_code == 200)
    assert n_saved(study) == 1


def test_an_oversized_body_is_refused(client: Client, study: Study) -> None:
    header = {**token_of(study, "R01"), "Content-Type": "application/json"}
    reply = client.request("PUT", "/api/rater/tasks/2", header, content=[b" " * (MAX_BODY + 1)])
    assert reply.status_code == 413


def test_an_oversized_body_in_many_parts_is_refused(client: Client, study: Study) -> None:
    header = {**token_of(study, "R01"), "Content-Type": "application/json"}
    reply = client.request(
        "PUT", "/api/rater/tasks/2", header, content=[b" " * 1024] * (MAX_BODY // 1024 + 1)
    )
    assert reply.status_code == 413


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_what_a_form_on_another_site_could_send_is_refused(client: Client, study: Study, kind: str) -> None:
    header = {**token_of(study, "R01"), "Content-Type": kind}
    reply = client.request("PUT", "/api/rater/tasks/2", header, content=[json.dumps(GOOD).encode()])
    assert reply.status_code == 415


@pytest.mark.parametrize(
    "header",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
    ids=str,
)  # fmt: skip
def test_posts_from_another_site_are_refused(client: Client, study: Study, header: dict[str, str]) -> None:
    before = n_saved(study)
    reply = client.put("/api/rater/tasks/2", headers=token_of(study, "R01") | header, json=GOOD)
    assert reply.status_code == 403
    drop = client.post(
        "/api/admin/raters/R01/drop",
        headers={"Authorization": f"Bearer {study.admin_token}"} | header,
        json={"reason": "x"},
    )
    assert drop.status_code == 403
    assert n_saved(study) == before
    assert study.events() == []


@pytest.mark.parametrize(
    "header", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}], ids=str
)
def test_posts_from_our_own_pages_are_taken(client: Client, study: Study, header: dict[str, str]) -> None:
    reply = client.put("/api/rater/tasks/2", headers=token_of(study, "R01") | header, json=GOOD)
    assert reply.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../store.py",
        "/static/..%2fstore.py",
        "/static/%2e%2e/store.py",
        "/static/....//store.py",
        "/static//etc/passwd",
        "/static/..\\store.py",
        "/static/%00",
        "/static/",
        "/templates/task.html",
        "/study.db",
        "/.git/config",
    ],
)
def test_no_path_leaves_the_folder(client: Client, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code in (400, 404)
    assert "import" not in reply.text


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "POST", "TRACE", "OPTIONS"])
def test_other_methods_are_refused(client: Client, study: Study, method: str) -> None:
    reply = client.request(method, "/api/rater/tasks/2", headers=token_of(study, "R01"))
    assert reply.status_code == 405
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize(
    "path", ["/", "/rate", "/admin", "/static/rate.js", "/api/rater/session", "/nowhere"]
)
def test_every_reply_carries_the_security_headers(client: Client, path: str) -> None:
    found = client.get(path).headers
    assert {name: found.get(name) for name in HEADERS} == HEADERS
    assert found["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")


@pytest.mark.parametrize("path", ["/", "/rate", "/admin"])
def test_the_shells_hold_nothing_of_the_study(client: Client, path: str) -> None:
    text = client.get(path).text
    assert "A study" not in text
    assert not [secret for secret in SECRETS if secret in text and secret != "topic"]


def test_a_dropped_rater_is_shut_out(client: Client, study: Study) -> None:
    study.drop("R01", "left")
    for method, path in RATER_ROUTES:
        assert client.request(method, path, headers=token_of(study, "R01"), json=GOOD).status_code == 403


def test_what_goes_wrong_inside_is_not_told(client: Client, study: Study) -> None:
    header = token_of(study, "R01")
    study.close()
    reply = client.get("/api/rater/session", headers=header)
    assert reply.status_code == 500
    assert reply.json() == {"error": "internal error; saved ratings are not affected"}


def test_no_token_gets_into_a_log(
    client: Client, study: Study, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get("/api/rater/session", headers=token_of(study, "R01"))
        client.put("/api/rater/tasks/2", headers=token_of(study, "R01"), json=GOOD)
    token = token_of(study, "R01")["Authorization"].split()[1]
    assert token not in caplog.text + "".join(capfd.readouterr())
