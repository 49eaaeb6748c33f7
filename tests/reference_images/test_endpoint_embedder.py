"""Embeddings by an OpenAI-compatible endpoint, here a server on this machine whose vector is a color."""

import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from judge.errors import BackendError, InputError
from judge.reference_images.embed import load_embedder
from judge.reference_images.pool import PictureFile
from judge.scoring.backends.connection import Connection

from .made_up import paint


class Server(ThreadingHTTPServer):
    """Keeps what it was sent; `answers` are given first, each a status and a body."""

    def __init__(self):
        self.seen, self.answers = [], []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, body, self.headers.get("Authorization")))
        status, reply = self.server.answers.pop(0) if self.server.answers else (200, self._reply(body))
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _reply(self, body):
        (part,) = body["messages"][0]["content"]
        data = base64.b64decode(part["image_url"]["url"].partition("base64,")[2])
        color = Image.open(io.BytesIO(data)).convert("RGB").getpixel((0, 0))
        return {"data": [{"index": 0, "embedding": list(color)}], "model": body["model"]}

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    found = Server()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def pictures(tmp_path):
    for number, name in enumerate("ab"):
        paint(tmp_path / f"{name}.png", 10 + number, 20, 30)
    return [PictureFile.of(f"{name}.png", tmp_path) for name in "ab"]


def embedder(server, **more):
    return load_embedder("hosted_vllm/clip", Connection(api_base=server.base, **more), lambda _: None)


def test_each_picture_is_sent_as_a_data_url_in_a_chat_message(server, pictures):
    found = dict(embedder(server).embed(pictures))
    assert [found[p.sha256].tolist() for p in pictures] == [[10, 20, 30], [11, 20, 30]]
    path, body, _ = server.seen[0]
    assert (path, body["model"], body["encoding_format"]) == ("/v1/embeddings", "clip", "float")


def test_the_key_is_that_of_the_provider(server, pictures, monkeypatch):
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", "secret")
    dict(embedder(server).embed(pictures[:1]))
    assert server.seen[0][2] == "Bearer secret"


def test_no_key_is_sent_to_an_address_that_only_a_settings_file_names(server, monkeypatch):
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", "secret")
    with pytest.raises(BackendError, match=r"judge\.toml: sets api_base"):
        embedder(server, unconfirmed="judge.toml")


def test_an_address_without_a_key_may_come_from_a_settings_file(server, pictures):
    assert len(dict(embedder(server, unconfirmed="judge.toml").embed(pictures))) == 2


def test_a_rate_limit_is_waited_for(server, pictures):
    server.answers = [(429, {"error": {"message": "slow down, try again in 0.01s"}})]
    assert len(dict(embedder(server).embed(pictures))) == 2


@pytest.mark.parametrize(
    "reply",
    [
        {},
        [],
        {"data": []},
        {"data": [{"embedding": "AAAA"}]},
        {"data": [{"embedding": ["x"]}]},
        {"data": ["x"]},
    ],
    ids=str,
)
def test_a_reply_without_one_vector_names_the_picture(server, pictures, reply):
    server.answers = [(200, reply)] * 4
    with pytest.raises(InputError, match=r"image a\.png: no embedding: the reply has not one embedding"):
        dict(embedder(server).embed(pictures[:1]))


def test_a_picture_that_was_removed_is_named(server, pictures):
    pictures[0].file.unlink()
    with pytest.raises(InputError, match=r"image a\.png: no embedding"):
        dict(embedder(server).embed(pictures[:1]))


def test_a_refused_parameter_is_an_error_of_the_endpoint(server, pictures):
    refused = {"error": {"message": "Unsupported parameter: 'encoding_format'", "param": "encoding_format"}}
    server.answers = [(400, refused)]
    with pytest.raises(BackendError, match="encoding_format was refused"):
        dict(embedder(server).embed(pictures[:1]))


def test_a_persistent_rate_limit_ends_with_an_error_that_says_how_to_go_on(server, pictures):
    server.answers = [(429, {"error": {"message": "slow down"}})] * 50
    with pytest.raises(BackendError, match="the same command continues"):
        dict(embedder(server, max_wait=0.01).embed(pictures[:1]))


def test_an_endpoint_needs_an_address():
    with pytest.raises(BackendError, match="its address is unknown"):
        load_embedder("hosted_vllm/clip", Connection(), lambda _: None)
