"""A provider of batch APIs on 127.0.0.1, in a thread of the test: OpenAI's, Azure's, Mistral's, Anthropic's, Google's.

Tests set its attributes, and look at what it was sent. A batch ends after `polls` looks at it.
"""

import contextlib
import email.parser
import email.policy
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_TOKENS = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@dataclass
class Batch:
    """One batch, whatever the provider calls it."""

    id: str
    requests: list  # (key, body)
    about: dict
    end: str  # completed, expired, cancelled, failed
    created: float
    polls: int = 0
    is_ended: bool = False
    is_cancelled: bool = False
    results: list = field(default_factory=list)  # (key, outcome)


class BatchServer:
    """State and behaviour of the server."""

    def __init__(self):
        self.files, self.batches, self.seen = {}, [], []
        self.polls = 1
        self.ends = []  # how the next batches end; afterwards all are completed
        self.outcome = lambda *_: "ok"  # ok, an HTTP status, unasked, or nothing
        self.text = lambda _: json.dumps({name: {"reason": "r", "score": 4} for name in "ab"})
        self.lost = 0  # replies to the next creations that are lost
        self.never = 0  # creations that are lost before they happen
        self.refusals = []  # (method, end of the path, status, body): each refuses one request
        self.problem = ("invalid_json_line", 3, "This line is not JSON.")
        self.order = reversed
        self.double = False  # whether every result is there twice
        self.hidden = set()  # ids that the list of batches leaves out
        self.before = self.after = lambda _method, _path: None  # called beside each request
        self.paid = {}  # key -> how often it was answered
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def asked(self, method, ending):
        """Return the bodies of the requests whose path ends so."""
        return [
            body for m, path, _, body in self.seen if m == method and path.partition("?")[0].endswith(ending)
        ]

    def sent(self):
        """Return the keys of each batch."""
        return [[key for key, _ in batch.requests] for batch in self.batches]

    # What happens to batches

    def create(self, requests, about):
        if self.never:
            self.never -= 1
            raise ConnectionAbortedError
        end = self.ends.pop(0) if self.ends else "completed"
        batch = Batch(f"batch-{len(self.batches) + 1}", requests, about, end, time.time())
        self.batches.append(batch)
        if self.lost:
            self.lost -= 1
            raise ConnectionAbortedError
        return batch

    def batch(self, name):
        found = next((batch for batch in self.batches if batch.id == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def advance(self, batch):
        batch.polls += 1
        if batch.is_ended or (batch.polls < self.polls and not batch.is_cancelled):
            return
        batch.is_ended = True
        batch.end = "cancelled" if batch.is_cancelled else batch.end
        if batch.end == "failed":
            return
        for place, (key, body) in enumerate(batch.requests):
            times = sum(key in keys for keys in self.sent())
            half = batch.end in ("expired", "cancelled") and 2 * place >= len(batch.requests)
            outcome = "unasked" if half else self.outcome(key, body, times)
            if outcome == "ok":
                self.paid[key] = self.paid.get(key, 0) + 1
            batch.results += [(key, outcome)] * (2 if self.double else 1) if outcome != "nothing" else []
        batch.results = list(self.order(batch.results))

    def counts(self, batch):
        ok = sum(outcome == "ok" for _, outcome in batch.results)
        failed = sum(isinstance(outcome, int) for _, outcome in batch.results)
        return len(batch.requests), ok, failed

    def body_of(self, batch, key):
        return next(body for name, body in batch.requests if name == key)

    # OpenAI, Azure and Mistral

    def completion(self, body):
        message = {"role": "assistant", "content": self.text(body)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"model": "m-1", "choices": [choice], "usage": _TOKENS}

    def line(self, batch, key, outcome):
        line = {"id": "x", "custom_id": key, "response": None, "error": None}
        if outcome == "unasked":
            return {
                **line,
                "error": {"code": f"batch_{batch.end}", "message": "It was not executed in time."},
            }
        answer = self.completion(self.body_of(batch, key))
        if outcome != "ok":
            answer = {"error": {"message": f"The line failed with {outcome}.", "type": "error", "code": None}}
        return {**line, "response": {"status_code": 200 if outcome == "ok" else outcome, "body": answer}}

    def result_files(self, batch):
        names = []
        for kind in ("output", "error"):
            lines = [
                json.dumps(self.line(batch, key, outcome))
                for key, outcome in batch.results
                if (outcome == "ok") == (kind == "output")
            ]
            names.append(f"{batch.id}-{kind}" if lines else None)
            self.files[f"{batch.id}-{kind}"] = "\n".join(lines).encode()
        return names

    def openai(self, method, path, query, body):
        steps = path.strip("/").split("/")
        if steps[0] == "files":
            if method == "POST":
                name = f"file-{len(self.files) + 1}"
                self.files[name] = _upload(body)
                return {"id": name, "object": "file"}
            return self.files[steps[1]]
        if len(steps) == 1 and method == "POST":
            about = json.loads(body)
            return self.openai_batch(
                self.create(_lines(self.files[about["input_file_id"]], "custom_id", "body"), about)
            )
        if len(steps) == 1:
            found = [b for b in reversed(self.batches) if b.id not in self.hidden]
            start = [b.id for b in found].index(query["after"][0]) + 1 if "after" in query else 0
            page = found[start : start + 2]
            more = len(found) > start + 2
            return {"data": [self.openai_batch(b) for b in page], "has_more": more}
        batch = self.batch(steps[1])
        if steps[2:] == ["cancel"]:
            batch.is_cancelled = True
        else:
            self.advance(batch)
        return self.openai_batch(batch)

    def openai_batch(self, batch):
        total, ok, failed = self.counts(batch)
        said = batch.end if batch.is_ended else "cancelling" if batch.is_cancelled else "in_progress"
        output, error = self.result_files(batch) if batch.is_ended else (None, None)
        code, line, message = self.problem
        return {
            "id": batch.id, "status": said, "created_at": int(batch.created), "metadata": batch.about.get("metadata"),
            "input_file_id": batch.about["input_file_id"], "output_file_id": output, "error_file_id": error or "",
            "errors": {"data": [{"code": code, "line": line, "message": message}]} if said == "failed" else None,
            "request_counts": {"total": total, "completed": ok, "failed": failed},
        }  # fmt: skip

    def mistral(self, method, path, query, body):
        steps = path.strip("/").split("/")
        if steps[0] == "files":
            return self.openai(method, path, query, body)
        if len(steps) == 2 and method == "POST":
            about = json.loads(body)
            return self.mistral_job(
                self.create(_lines(self.files[about["input_files"][0]], "custom_id", "body"), about)
            )
        if len(steps) == 2:
            page, size = int(query["page"][0]), int(query["page_size"][0])
            found = [*reversed(self.batches)][page * size : (page + 1) * size]
            return {"data": [self.mistral_job(b) for b in found]}
        batch = self.batch(steps[2])
        if steps[3:] == ["cancel"]:
            batch.is_cancelled = True
        else:
            self.advance(batch)
        return self.mistral_job(batch)

    def mistral_job(self, batch):
        total, ok, failed = self.counts(batch)
        words = {
            "completed": "SUCCESS",
            "expired": "TIMEOUT_EXCEEDED",
            "cancelled": "CANCELLED",
            "failed": "FAILED",
        }
        output, error = self.result_files(batch) if batch.is_ended else (None, None)
        return {
            "id": batch.id, "status": words[batch.end] if batch.is_ended else "RUNNING", "model": batch.about["model"],
            "metadata": batch.about.get("metadata"), "input_files": batch.about["input_files"], "output_file": output,
            "error_file": error, "errors": [{"message": self.problem[2], "count": 1}] if batch.end == "failed" else [],
            "total_requests": total, "succeeded_requests": ok, "failed_requests": failed,
        }  # fmt: skip

    # Anthropic

    def anthropic(self, method, path, query, body):
        steps = path.strip("/").split("/")[3:]
        if not steps and method == "POST":
            requests = json.loads(body)["requests"]
            return self.message_batch(self.create([(r["custom_id"], r["params"]) for r in requests], {}))
        if not steps:
            found = [*reversed(self.batches)]
            start = [b.id for b in found].index(query["after_id"][0]) + 1 if "after_id" in query else 0
            end = start + min(int(query["limit"][0]), 2)
            return {"data": [self.message_batch(b) for b in found[start:end]], "has_more": len(found) > end}
        batch = self.batch(steps[0])
        if steps[1:] == ["results"]:
            return "\n".join(
                json.dumps(self.message_line(batch, *result)) for result in batch.results
            ).encode()
        if steps[1:] == ["cancel"]:
            batch.is_cancelled = True
        else:
            self.advance(batch)
        return self.message_batch(batch)

    def message_batch(self, batch):
        total, ok, failed = self.counts(batch)
        counts = {"processing": total, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        if batch.is_ended:
            counts |= {"processing": 0, "succeeded": ok, "errored": failed, "expired": total - ok - failed}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(batch.created))
        return {
            "id": batch.id, "processing_status": "ended" if batch.is_ended else "in_progress", "request_counts": counts,
            "created_at": stamp, "cancel_initiated_at": stamp if batch.is_cancelled else None,
        }  # fmt: skip

    def message_line(self, batch, key, outcome):
        if outcome == "unasked":
            return {"custom_id": key, "result": {"type": "canceled" if batch.is_cancelled else "expired"}}
        if outcome != "ok":
            kind = {400: "invalid_request_error", 429: "rate_limit_error"}.get(outcome, "api_error")
            error = {"type": "error", "error": {"type": kind, "message": f"It failed with {outcome}."}}
            return {"custom_id": key, "result": {"type": "errored", "error": error}}
        text = self.text(self.body_of(batch, key))
        usage = {
            "input_tokens": 60,
            "cache_read_input_tokens": 30,
            "cache_creation_input_tokens": 10,
            "output_tokens": 20,
        }
        message = {
            "model": "m-1",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "usage": usage,
        }
        return {"custom_id": key, "result": {"type": "succeeded", "message": message}}

    # Google

    def gemini(self, path, query, body):
        if path == "/upload/v1beta/files":
            return {"X-Goog-Upload-URL": f"{self.address}/uploaded"}
        if path == "/uploaded":
            name = f"files/{len(self.files) + 1}"
            self.files[name] = body
            return {"file": {"name": name}}
        if path.endswith(":batchGenerateContent"):
            about = json.loads(body)["batch"]
            return self.operation(
                self.create(_lines(self.files[about["input_config"]["file_name"]], "key", "request"), about)
            )
        if path.startswith("/download/"):
            return self.files[path.removeprefix("/download/v1beta/").removesuffix(":download")]
        if path == "/v1beta/batches":
            found = [*reversed(self.batches)]
            start = int(query.get("pageToken", ["0"])[0])
            page = {"operations": [self.operation(b) for b in found[start : start + 2]]}
            return page | ({"nextPageToken": str(start + 2)} if len(found) > start + 2 else {})
        batch = self.batch(path.removeprefix("/v1beta/batches/").removesuffix(":cancel"))
        if path.endswith(":cancel"):
            batch.is_cancelled = True
            return {}
        self.advance(batch)
        return self.operation(batch)

    def operation(self, batch):
        total, ok, failed = self.counts(batch)
        words = {"completed": "SUCCEEDED", "expired": "EXPIRED", "cancelled": "CANCELLED", "failed": "FAILED"}
        about = {
            "state": f"BATCH_STATE_{words[batch.end] if batch.is_ended else 'RUNNING'}",
            "displayName": batch.about["display_name"],
            "batchStats": {
                "requestCount": str(total),
                "successfulRequestCount": str(ok),
                "failedRequestCount": str(failed),
            },
        }
        found = {"name": f"batches/{batch.id}", "metadata": about, "done": batch.is_ended}
        if not batch.is_ended:
            return found
        if batch.end == "failed":
            return found | {"error": {"code": 3, "message": self.problem[2]}}
        name = f"files/{batch.id}-out"
        self.files[name] = "\n".join(
            json.dumps(self.content_line(batch, *result)) for result in batch.results
        ).encode()
        return found | {"response": {"responsesFile": name}}

    def content_line(self, batch, key, outcome):
        if outcome == "unasked":
            return {
                "key": key,
                "error": {"code": 1 if batch.is_cancelled else 4, "message": "Not processed."},
            }
        if outcome != "ok":
            code = {400: 3, 429: 8}.get(outcome, 13)
            return {"key": key, "error": {"code": code, "message": f"It failed with {outcome}."}}
        part = {"content": {"parts": [{"text": self.text(self.body_of(batch, key))}]}, "finishReason": "STOP"}
        usage = {"promptTokenCount": 100, "candidatesTokenCount": 15, "thoughtsTokenCount": 5}
        return {"key": key, "response": {"candidates": [part], "usageMetadata": usage, "modelVersion": "m-1"}}

    # HTTP

    def reply(self, method, target, headers, body):
        """Return status, content and headers of the reply to one request."""
        url = urlsplit(target)
        path, query = url.path, parse_qs(url.query)
        with self._lock:
            self.seen.append((method, target, headers, body))
            for place, (verb, ending, status, answer) in enumerate(self.refusals):
                if verb == method and path.endswith(ending):
                    del self.refusals[place]
                    return status, answer, {}
            try:
                if path.startswith("/v1/messages/batches"):
                    return 200, self.anthropic(method, path, query, body), {}
                if path.startswith(("/v1beta", "/upload", "/download")):
                    found = self.gemini(path, query, body)
                    is_address = isinstance(found, dict) and "X-Goog-Upload-URL" in found
                    return (200, {}, found) if is_address else (200, found, {})
                if path.startswith("/v1/chat/completions"):
                    return 200, self.completion(json.loads(body)), {}
                if path.startswith("/mistral"):
                    return 200, self.mistral(method, path.removeprefix("/mistral/v1"), query, body), {}
                return 200, self.openai(method, re.sub("^/(v1|openai)", "", path), query, body), {}
            except KeyError as missing:
                return 404, {"error": {"message": f"No such object: {missing}"}}, {}


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else self._chunks()
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = self.path.partition("?")[0]
            try:
                server.before(self.command, path)
                status, content, more = server.reply(self.command, self.path, headers, body)
                server.after(self.command, path)
            except ConnectionAbortedError:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(2)
                return
            content = content if isinstance(content, bytes) else json.dumps(content).encode()
            with contextlib.suppress(OSError):  # the client was killed
                self.send_response(status)
                for name, value in {**more, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        do_POST = do_GET

        def _chunks(self):
            if self.headers.get("Transfer-Encoding") != "chunked":
                return b""
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def log_message(self, *_):
            pass

    return Handler


def _upload(body):
    """Return the file in a form; its type is not sent to this function, so that the boundary is the first line."""
    boundary = body.split(b"\r\n", 1)[0][2:]
    head = b"Content-Type: multipart/form-data; boundary=" + boundary + b"\r\n\r\n"
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
    assert parts["purpose"].get_payload(decode=True) == b"batch"
    assert parts["file"].get_filename().endswith(".jsonl")
    return parts["file"].get_payload(decode=True)


def _lines(data, key, body):
    return [(line[key], line[body]) for line in map(json.loads, data.decode().splitlines())]
