"""A server in this process that answers decisions in both formats; tests script every other answer."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Seen:
    """One request."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    """One response; a body of bytes is sent as it is, and None closes the connection."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def decided(body: dict[str, Any]) -> dict[str, Any]:
    """Answer all questions of a request, in its own format, with probabilities drawn from the text."""
    said = body.get("state", body.get("input"))
    content = said if isinstance(said, str) else "\n\n".join(str(m.get("content")) for m in said)
    usage = {"input_tokens": 100, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 40}}
    questions = body["questions"]
    if isinstance(questions, list):
        return {"model": "m-1", "answers": [_listed(q, content) for q in questions], "usage": usage}
    answers = {name: _mapped(q, content) for name, q in questions.items()}
    return {"model": "m-1", "answers": answers, "usage": usage}


def draw(content: str, instructions: str, size: int) -> list[float]:
    """Probabilities with four decimals that sum to 1."""
    digest = hashlib.sha256(json.dumps([content, instructions, size]).encode()).digest()
    weights = [10 + digest[i % 32] for i in range(size)]
    found = [round(weight / sum(weights), 4) for weight in weights]
    return [round(found[0] + 1 - sum(found), 4), *found[1:]]


def _listed(q: dict[str, Any], content: str) -> dict[str, Any]:
    if q["type"] == "predicate":
        return {"type": "predicate", "name": q["name"], "probability": draw(content, q["instructions"], 2)[0]}
    options = q["levels"] if q["type"] == "score" else q["choices"]
    p = draw(content, q["instructions"], len(options))
    shown = [
        {"value": i, "label": o["label"], "probability": x}
        if q["type"] == "score"
        else {"value": o["value"], "probability": x}
        for i, (o, x) in enumerate(zip(options, p, strict=True))
    ]
    answer = {"type": q["type"], "name": q["name"], "confidence": 0.5, "probabilities": shown}
    if q["type"] == "score":
        return {**answer, "score": round(sum(i * x for i, x in enumerate(p)), 4)}
    return {**answer, "choice": options[p.index(max(p))]["value"]}


def _mapped(q: dict[str, Any], content: str) -> dict[str, Any]:
    if q["type"] == "noul":
        return {"type": "noul", "noul": draw(content, q["instructions"], 2)[0]}
    options, p = list(q["criteria"]), draw(content, q["instructions"], len(q["criteria"]))
    names = map(str, range(len(options))) if q["type"] == "score" else options
    answer = {"type": q["type"], "confidence": 0.5, "probabilities": dict(zip(names, p, strict=True))}
    if q["type"] == "score":
        return {**answer, "score": round(sum(i * x for i, x in enumerate(p)), 4)}
    return {**answer, "choice": options[p.index(max(p))]}


class DecisionServer:
    """Answers with `answer`, after the responses in `script` are used up."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.script: list[Answer | None] = []
        self.answer: Callable[[Seen], Answer | None] = lambda seen: Answer(decided(seen.body))
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._reply(Seen(self.path, dict(self.headers), json.loads(body)))

            def do_GET(self) -> None:
                self._reply(Seen(self.path, dict(self.headers), None))

            def _reply(self, seen: Seen) -> None:
                answer = server._next(seen)
                if answer is None:
                    self.close_connection = True
                    return
                data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def api_base(self) -> str:
        """Address of the API."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def bodies(self) -> list[Any]:
        """Return the bodies of all requests so far."""
        return [seen.body for seen in self.seen]

    def close(self) -> None:
        """Stop answering."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _next(self, seen: Seen) -> Answer | None:
        with self._lock:
            self.seen.append(seen)
            return self.script.pop(0) if self.script else self.answer(seen)
