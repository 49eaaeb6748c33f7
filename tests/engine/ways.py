"""The two ways to a model, each so that what is asked can be seen: a server, and an engine in this process."""

import json
import math
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from judge import Judge, score
from judge.records import Item
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.vllm.backend import VllmBackend
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.images import ImageEncoder

TEXT = {"temperature": 0, "max_tokens": 300, "reasoning_effort": "none"}


def item(number, words=1):
    answer = f"Because of {number}. " + "It follows from what was said before. " * words
    return Item(id=f"i{number}", question=f"Case {number}: why?", answer=answer, reference=f"See {number}.")


def ask(api_base, items, out, judge, connections=None):
    """Completions by key, and scores by item and dimension."""
    connection = Connection(api_base=api_base, max_connections=connections)
    with score(items, judge=judge, out=out, connection=connection) as run:
        return (
            {c.key: c for c in run.completions() if c.attempt == 0},
            {(s.item_id, s.dimension): s for s in run.scores()},
        )


class Between:
    """Stands between a judge and the server: keeps what passes, and goes away after so many replies."""

    def __init__(self, server):
        self.target = server.address
        self.passed = []
        self.goes_after = self.stays_away = math.inf
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if between.is_away():
                    self.close_connection = True
                    return
                status, reply = between.forward(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Whoever asked is gone: a judge that was killed."""

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._listener.serve_forever)
        self._thread.start()
        self._lock = threading.Lock()
        self.api_base = f"http://127.0.0.1:{self._listener.server_port}/v1"

    def forward(self, path, body):
        """Status and reply; the server also tells the tokens that it made of the prompt."""
        more = {"return_token_ids": True} if path.endswith("/completions") else {}
        data, headers = json.dumps({**body, **more}).encode(), {"Content-Type": "application/json"}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.target + path, data, headers), timeout=120
            ) as response:
                status, reply = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, reply = error.code, error.read()
        with self._lock:
            self.passed.append((path, body, json.loads(reply)))
        return status, reply

    def is_away(self):
        """Whether a request is left without a reply."""
        with self._lock:
            away = len(self.chats()) >= self.goes_after and self.stays_away > 0
            self.stays_away -= away
        return away

    def chats(self):
        return [(body, reply) for path, body, reply in self.passed if path.endswith("/completions")]

    def close(self):
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()


UNDECISIVE = {"skip_clone", "output_kind", "extra_args"}
"""What the two ways set for themselves and what decides no token."""


def plain(params):
    """Sampling parameters as data."""
    found = {
        name: getattr(params, name)
        for name in params.__struct_fields__
        if not name.startswith("_") and name not in UNDECISIVE
    }
    if found["structured_outputs"]:
        found["structured_outputs"] = schema_of(found["structured_outputs"])
    return found


def schema_of(grammar):
    """The JSON schema that a grammar enforces, whatever it says about white space."""
    if grammar.structural_tag is not None:
        return json.loads(grammar.structural_tag)["format"]["json_schema"]
    return json.loads(grammar.json) if isinstance(grammar.json, str) else grammar.json


class InProcess:
    """What a judge in process gave to its engine for some requests, by their messages, and its completions."""

    def __init__(self, folder, requests, arguments, root, decisive):
        encoder = ImageEncoder(root, Judge.max_pixels)
        backend = VllmBackend(
            folder,
            decisive=decisive,
            options=EngineOptions(args=arguments),
            most_images=max(len(request.item.images) for request in requests),
            encode=lambda item, index: encoder.encode(item.images[index]),
            on_start=lambda _: None,
        )
        for _ in backend.complete(requests[:1]):  # starts the engine
            pass
        backend._thread._is_usable = False  # the engine gets messages, by which its prompts are found below
        self.defaults = backend._engine.llm.model_config.get_diff_sampling_param()
        self.params, self.prompts, self._names = {}, {}, {}
        self._listen(backend._engine.llm)
        self.completions = {c.key: c for batch in backend.complete(requests) for c in batch}
        backend.close()

    def _listen(self, llm):
        add, step = llm.enqueue_chat, llm.llm_engine.step

        def enqueue_chat(messages, sampling_params, **more):
            name = json.dumps(messages[0])
            self.params[name] = plain(sampling_params)
            numbers = add(messages, sampling_params=sampling_params, **more)
            self._names[numbers[0].partition("-")[0]] = name
            return numbers

        def stepped():
            outputs = step()
            for output in outputs:
                self.prompts[self._names[output.request_id]] = output.prompt_token_ids
            return outputs

        llm.enqueue_chat, llm.llm_engine.step = enqueue_chat, stepped
