"""Access to the pages: token, cookie, names of the server, methods; and what is wrong is said on a page."""

import asyncio
import html
import re
import socket

import pytest
import uvicorn

from judge.local_server import SecurityHeaders
from judge.view.access import Access
from judge.view.app import new_token, serve
from judge.view.library import Library

from .builders import TOKEN, Viewer, library_of, make_run


@pytest.fixture
def viewer(tmp_path):
    return Viewer(library_of(make_run(tmp_path / "run")))


def test_the_token_of_the_link_becomes_a_cookie_and_leaves_the_address(viewer):
    found = viewer.client.get(f"/runs/run/?q=a+b&token={TOKEN}", {"host": "127.0.0.1:8000"})
    assert (found.status_code, found.headers["location"]) == (303, "/runs/run/?q=a+b")
    cookie = found.headers["set-cookie"]
    assert cookie.startswith(f"judge_view_8000={TOKEN};")
    assert {"HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
    home = viewer.client.get(f"/?token={TOKEN}", {"host": "127.0.0.1:8000"})
    assert home.headers["location"] == "/"


@pytest.mark.parametrize("path", ["/runs/run/?q=a+b&f.verdict=fail", "/runs/run/item?id=q4&f.verdict=fail"])
def test_the_shared_link_opens_the_same_page_for_a_colleague(tmp_path, path):
    viewer = Viewer(library_of(make_run(tmp_path / "run")), "0.0.0.0")
    page = viewer.client.get(path, {**viewer.headers, "host": "192.168.1.7:8000"})
    link = html.unescape(re.search('readonly value="([^"]+)"', page.text)[1])
    assert link == f"http://192.168.1.7:8000{path}&token={TOKEN}"
    opened = viewer.client.get(link.removeprefix("http://192.168.1.7:8000"), {"host": "192.168.1.7:8000"})
    assert (opened.status_code, opened.headers["location"]) == (303, path)
    assert opened.headers["set-cookie"].startswith(f"judge_view_8000={TOKEN};")


def test_a_server_that_only_this_machine_reaches_has_no_link_to_share(viewer):
    assert TOKEN not in viewer.get("/runs/run/").text


def test_the_redirection_never_leads_to_another_server(viewer):
    found = viewer.client.get(f"//example.org/?token={TOKEN}", {"host": "localhost"})
    assert found.headers["location"] == "/example.org/"


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/run/", "/runs/run/item?id=q1", "/runs/run/state", "/static/view.css", "/?token=wrong", "/?token="])  # fmt: skip
def test_nothing_is_answered_without_the_token(viewer, path):
    found = viewer.client.get(path, {"host": "127.0.0.1:8000", "cookie": "judge_view_8000=other"})
    assert found.status_code == 401
    assert "open the full link" in found.text
    assert viewer.client.get(path, {"host": "127.0.0.1:8000"}).status_code == 401


def test_the_cookie_of_another_port_is_not_that_of_this_one(viewer):
    assert (
        viewer.client.get("/runs", {"host": "localhost:9", "cookie": viewer.headers["cookie"]}).status_code
        == 401
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:8000"]
)
def test_other_names_of_the_server_are_refused(viewer, host):
    assert viewer.client.get("/runs", {**viewer.headers, "host": host}).status_code == 400


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000", "192.168.1.7:8000"]
)
def test_names_and_addresses_of_this_machine_are_answered(viewer, host):
    assert viewer.client.get("/runs", {**viewer.headers, "host": host}).status_code == 200


def test_a_host_without_a_port_is_on_port_80(viewer):
    for host in ("localhost", "[::1]", "localhost:x"):
        headers = {"host": host, "cookie": f"judge_view_80={TOKEN}"}
        assert viewer.client.get("/runs", headers).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_is_answered(viewer, method):
    found = viewer.get("/runs/run/", method=method)
    assert (found.status_code, found.headers["allow"]) == (405, "GET, HEAD")


def test_head_has_no_body(viewer):
    found = viewer.get("/runs/run/", method="HEAD")
    assert found.status_code == 200


@pytest.mark.parametrize("path", ["/runs/run/", "/nothing", "/static/view.js", "/runs/run/state"])
def test_every_response_has_the_security_headers(viewer, path):
    headers = viewer.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_pages_hold_no_style_or_script_of_their_own(viewer):
    for path in ("/runs", "/runs/run/", "/runs/run/item?id=q1"):
        text = viewer.get(path).text
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?! type=\"module\" src=)", text)


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/runs/%2e%2e/"]
)
def test_no_path_leads_out_of_the_folders(viewer, path):
    found = viewer.get(path)
    assert found.status_code == 404
    assert b"uvicorn" not in found.content


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/runs/nothing/", "/runs/run/item", "/runs/run/item?id=nothing", "/runs/run/?with=nothing"],
)
def test_what_is_not_there_is_said_on_a_page(viewer, path):
    found = viewer.get(path)
    assert found.status_code == 404
    assert "not available" in found.text


def test_a_run_that_was_removed_is_said_on_a_page(tmp_path):
    path = make_run(tmp_path / "run")
    viewer = Viewer(library_of(path))
    (path / "run.db").write_bytes(b"nonsense" * 2000)
    found = viewer.get("/runs/run/item", ("id", "q1"))
    assert found.status_code == 500
    assert "run.db" in found.text


def test_an_unexpected_error_gives_a_page_without_details(viewer, monkeypatch):
    monkeypatch.setattr("judge.view.app.whole_text", lambda *_: 1 / 0)
    found = viewer.get("/runs/run/text", ("id", "q1"), ("part", "answer"))
    assert found.status_code == 500
    assert "division" not in found.text


def test_the_start_leads_to_the_only_run_to_the_comparison_of_two_or_to_the_list(tmp_path):
    paths = [make_run(tmp_path / name) for name in ("a", "b", "c")]
    places = [Viewer(library_of(*paths[:n])).get("/").headers["location"] for n in (1, 2, 3)]
    assert places == ["/runs/a/", "/runs/a/?with=b", "/runs"]
    assert Viewer(library_of(tmp_path)).get("/").headers["location"] == "/runs"


def test_two_runs_of_the_list_are_compared(tmp_path):
    viewer = Viewer(library_of(make_run(tmp_path / "a b"), make_run(tmp_path / "b")))
    found = viewer.get("/runs", ("a", "a b"), ("with", "b"))
    assert (found.status_code, found.headers["location"]) == (303, "/runs/a%20b/?with=b")
    assert viewer.get("/runs", ("a", "b"), ("with", "b")).status_code == 200
    assert viewer.get("/runs/a%20b/", ("with", "a b")).status_code == 200


def test_the_state_tells_how_far_the_index_is(viewer):
    found = viewer.get("/runs/run/state").json()
    assert (found["items"], found["read"], found["searchable"], found["complete"], found["scoring"]) == (
        12,
        12,
        12,
        True,
        False,
    )
    assert (found["pass"], found["fail"], found["no verdict"]) == (10, 1, 1)


def test_the_state_of_two_runs_changes_with_both(tmp_path):
    library = library_of(make_run(tmp_path / "a"), make_run(tmp_path / "b"))
    viewer = Viewer(library)
    before = viewer.get("/runs/a/state", ("with", "b")).json()
    assert before["complete"]
    library.open("b").index._changed()
    library.open("b").index.has_reasons = False
    after = viewer.get("/runs/a/state", ("with", "b")).json()
    assert (after["complete"], after["generation"] != before["generation"]) == (False, True)


def test_a_second_run_that_is_not_read_yet_is_said(tmp_path):
    library = library_of(make_run(tmp_path / "a"), make_run(tmp_path / "b"))
    library.open("b").index.columns.verdicts[5:] = 0
    text = Viewer(library).get("/runs/a/", ("with", "b")).text
    assert "Reading the second run: 5 of 12 items." in text


def test_tokens_differ():
    assert new_token() != new_token()


def test_what_is_no_request_passes_to_the_application():
    """Servers also send messages about their own life."""
    seen = []

    async def app(scope, *_):
        seen.append(scope["type"])

    guarded = SecurityHeaders(Access(app, TOKEN, "127.0.0.1"), {})
    asyncio.run(guarded({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]


def test_serving_ends_with_ctrl_c(monkeypatch):
    seen = []

    def interrupted(_, sockets):
        seen.append(sockets)
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", interrupted)
    with socket.socket() as listening:
        serve(Library({}), listening, TOKEN, "127.0.0.1")
        assert seen == [[listening]]
