"""Which way the bytes take."""

import asyncio
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import aiohttp
import pytest

from judge.errors import BackendError
from judge.scoring.backends.api.errors import Failed
from judge.scoring.backends.api.http_faults import http_faults
from judge.scoring.backends.api.openai_http import proxy_for
from judge.scoring.backends.api.providers import Endpoint


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, "https://api.openai.com/v1", None),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://api.openai.com/v1", "http://p:3128"),
        ({"https_proxy": "http://p:3128"}, "https://api.openai.com/v1", "http://p:3128"),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://127.0.0.1:8000/v1", None),
        ({"ALL_PROXY": "http://p:3128"}, "https://api.openai.com/v1", "http://p:3128"),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": ".openai.com"}, "https://api.openai.com/v1", None),
        ({"HTTP_PROXY": "http://p:3128", "NO_PROXY": "127.0.0.1"}, "http://127.0.0.1:8000/v1", None),
    ],
)
def test_the_proxy_of_the_environment_is_used(environ, url, proxy, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_a_proxy_that_we_cannot_speak_to_is_an_error_and_not_passed_by(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://me:secret@p:1080")
    with pytest.raises(BackendError, match=r"add api\.openai\.com to NO_PROXY") as raised:
        proxy_for("https://api.openai.com/v1")
    assert "secret" not in str(raised.value)


def test_requests_go_through_the_proxy(mock, backend_for, ask_for, complete, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", mock.address)  # a request to a proxy names the whole address
    backend = backend_for("hosted_vllm/mock-judge", api_base="http://nowhere.invalid/v1")
    (completion,) = complete(backend, [ask_for()])
    assert completion.reply
    assert mock.seen()[0]["headers"]["host"] == "nowhere.invalid"


@pytest.fixture
def untrusted(tmp_path):
    """A server whose certificate nobody has signed."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_a_certificate_that_nobody_vouches_for_ends_the_run(untrusted, backend_for, ask_for, complete):
    with pytest.raises(BackendError, match=r"certificate is not trusted .*SSL_CERT_FILE"):
        complete(backend_for("hosted_vllm/m", api_base=untrusted), [ask_for()])


def test_an_address_that_is_none_ends_the_run(backend_for, ask_for, complete):
    with pytest.raises(BackendError, match=r"check api_base \(--api-base\)"):
        complete(backend_for("hosted_vllm/m", api_base="http://exa mple:port/v1"), [ask_for()])


def test_no_key_follows_a_redirect(mock, backend_for, ask_for, complete, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-1234")
    mock.script({"status": 307, "headers": {"Location": mock.address + "/v1/chat/completions"}, "body": ""})
    with pytest.raises(BackendError, match="the server redirects"):
        complete(backend_for(), [ask_for()])
    assert mock.stats()["requests"] == 1


def test_nothing_is_left_open(backend_for, ask_for, complete):
    """Warnings are errors: an unclosed session, transport or loop would fail this."""
    complete(backend_for(), [ask_for(i) for i in range(20)])
    asyncio.run(asyncio.sleep(0))


ENDPOINT = Endpoint(name="openai/m", provider="openai", model="m", transport="http", base="http://h:8000/v1")


class OfConnecting(aiohttp.ClientConnectorError):
    """As aiohttp raises it: its own text names host and port, its cause says what happened."""

    def __init__(self, cause):
        self._os_error = cause


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OfConnecting(OSError(111, "Connection refused")), "Connection refused"),
        (OSError(104, "Connection reset by peer"), "Connection reset by peer"),
        (aiohttp.ServerDisconnectedError("gone"), "gone"),
        (aiohttp.ClientError(), "ClientError"),
    ],
    ids=["cause", "reason-of-the-system", "text", "name-of-the-error"],
)
def test_a_broken_connection_names_the_address_and_the_most_telling_cause(error, said):
    with pytest.raises(Failed) as raised, http_faults(ENDPOINT, aiohttp.ClientTimeout(60)):
        raise error
    assert raised.value.message == f"http://h:8000/v1: {said}"


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (aiohttp.ConnectionTimeoutError(), "connection", "http://h:8000/v1: no connection within 15 s"),
        (aiohttp.SocketTimeoutError(), "timeout", "no reply within 60 s"),
        (
            aiohttp.ClientResponseError(SimpleNamespace(real_url="http://h"), (), message="odd"),
            "connection",
            "odd",
        ),
    ],
)
def test_a_fault_of_the_connection_may_be_tried_again(error, kind, said):
    limits = aiohttp.ClientTimeout(total=None, sock_read=60, sock_connect=15)
    with pytest.raises(Failed, match=said) as raised, http_faults(ENDPOINT, limits):
        raise error
    assert (raised.value.kind, raised.value.again) == (kind, True)
