#!/usr/bin/env python3
"""An OpenAI-compatible chat-completions server on 127.0.0.1, with latency and every fault of real providers.

    python tests/support/mock_openai.py --port 8399 --latency-ms 200 --every-429 50 --retry-after 0.5

POST /v1/chat/completions answers with a judge's verdict as JSON text. The scores are a hash of the user
messages: the same item always gets the same verdict, whatever the client. A request with a JSON schema gets
a verdict that fills the schema, one with logprobs a token and its rivals.

POST /tokenize   as `vllm serve` has it: every character is a token, and its code is the token's id
GET  /stats      counters: requests, replies, peak in flight, connections, faults, requests per item
GET  /seen       bodies and headers of the requests since the last reset (with --keep)
POST /reset      counters to zero, options as at the start but for those in a JSON body: {"every_429": 50}
POST /script     a list of {"status", "headers", "body"}: the next requests get these, in order
POST /serve      a list of the same with "when": every request gets the first whose time it is ("always",
                 "while response_format is sent", "while a system message is sent", "while no stream is asked
                 for"); a body of bytes is {"base64": …}

Faults: every Nth request of one kind (0 is never), counted over all requests, or with --by hash drawn from
the hash of the item, so that a retry fails again. Models that never answer: mock-401 (bad key), mock-404 (no
such model), mock-quota (429 for good), mock-context (400), mock-filter (finish_reason content_filter).
"""

import argparse
import asyncio
import base64
import collections
import hashlib
import math
import os
import re
import signal
import time

import httptools
import orjson
import uvloop

FAULTS = (
    *("429", "429_bare", "500", "502", "503", "529", "hang", "drop", "broken", "empty"),
    *("malformed", "refusal", "truncated", "fenced", "range"),
)
REASON = (
    "The answer names the mechanism that the reference names and gives one correct example. "
    "It leaves out the limiting case, and one sentence repeats the question."
)
REFUSED = {
    "401": (401, "Incorrect API key provided: sk-abcd1234", "invalid_request_error", "invalid_api_key"),
    "404": (404, "The model does not exist", "invalid_request_error", "model_not_found"),
    "quota": (429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"),
    "context": (
        *(400, "This model's maximum context length is 8192 tokens"),
        *("invalid_request_error", "context_length_exceeded"),
    ),
}
REASONS = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    429: b"Too Many Requests",
}


def error(message, kind="server_error", code=None):
    """An error in OpenAI's form."""
    return {"error": {"message": message, "type": kind, "code": code}}


def verdict(digest):
    """A verdict in the default shape; scores 1-5 from the digest."""
    names = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")
    shape = {name: {"reason": REASON, "score": digest[i] % 5 + 1} for i, name in enumerate(names)}
    return orjson.dumps(shape).decode()


def fill(schema, digest, depth=0):
    """An instance of a JSON schema, drawn from the digest."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][digest[depth % 16] % len(schema["enum"])]
    kind = schema.get("type")
    if kind == "object":
        parts = enumerate(schema.get("properties", {}).items())
        return {name: fill(part, digest[i % 16 :] + digest[: i % 16], depth + 1) for i, (name, part) in parts}
    if kind == "array":
        return [fill(schema.get("items", {}), digest, depth + 1)]
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 1), schema.get("maximum", 5)
        return low + digest[depth % 16] % (int(high - low) + 1)
    return bool(digest[depth % 16] % 2) if kind == "boolean" else REASON


def likelihoods(digest):
    """Natural logarithms of how likely each first token is: the labels 1-5 get nine tenths between them."""
    weights = {label: digest[i] + 1 for i, label in enumerate("12345")}
    likely = {label: 0.9 * weight / sum(weights.values()) for label, weight in weights.items()}
    likely |= {"The": 0.06, " 4": 0.03}
    return {token: math.log(p) for token, p in sorted(likely.items(), key=lambda pair: -pair[1])}


def logprobs_of(request, digest):
    """The first token and its rivals: the most likely ones, or those that were asked for by id."""
    by_text = likelihoods(digest)
    said = next(iter(by_text))
    by_name, wanted = by_text, list(by_text)[: request.get("top_logprobs") or 0]
    if ids := request.get("logprob_token_ids"):
        by_name = {f"token_id:{ord(token)}": p for token, p in by_text.items() if len(token) == 1}
        wanted = [f"token_id:{number}" for number in ids]
    top = [{"token": name, "logprob": by_name.get(name, -9999.0), "bytes": None} for name in wanted]
    first = {"token": said, "logprob": by_text[said], "bytes": list(said.encode()), "top_logprobs": top}
    return said, {"content": [first]}


def is_due(when, request):
    """Whether a served answer is meant for this request."""
    return {
        "always": True,
        "while response_format is sent": "response_format" in request,
        "while a system message is sent": any(m["role"] == "system" for m in request["messages"]),
        "while no stream is asked for": not request.get("stream"),
    }[when]


def text_of(messages):
    """The text of all user messages (string or content-part form)."""
    out = []
    for message in messages:
        if message.get("role") == "user":
            content = message.get("content") or ""
            parts = [content] if isinstance(content, str) else [p.get("text", "") for p in content]
            out.append("".join(parts))
    return "\n".join(out)


class Server:
    """Counters and options, shared by all connections."""

    def __init__(self, options):
        self.options = self.defaults = options
        self.resets = 0
        self.loop = asyncio.get_running_loop()
        self.open = 0
        self.reset()

    def reset(self):
        """Set all counters to zero; who asked before gets no answer any more, and is not counted."""
        self.resets += 1
        self.requests = self.replies = self.in_flight = self.peak_in_flight = self.connections = 0
        self.faults = collections.Counter()
        self.asked = collections.Counter()  # digest of an item -> requests
        self.answered = collections.Counter()  # digest of an item -> whole replies
        self.seen, self.script, self.served = [], [], []
        self.first = self.last = 0.0

    def stats(self):
        """All counters."""
        return {
            "requests": self.requests,
            "replies": self.replies,
            "peak_in_flight": self.peak_in_flight,
            "connections": self.connections,
            "open": self.open,
            "faults": dict(self.faults),
            "asked": dict(self.asked),
            "answered": dict(self.answered),
            "span_s": self.last - self.first,
            "server_cpu_s": time.process_time(),
        }

    def fault(self, digest):
        """The fault that this request gets, if any."""
        by_hash = self.options["by"] == "hash"
        turn = int.from_bytes(digest[8:12], "big") if by_hash else self.requests
        for i, name in enumerate(FAULTS):
            every = self.options["every_" + name]
            # by hash each fault takes items of its own, or the rarer one would never get its turn
            if every and (turn + i * by_hash) % every == 0:
                self.faults[name] += 1
                return name
        return None


class Connection(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, server):
        self.server = server

    def connection_made(self, transport):
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.body, self.url, self.headers = [], b"", {}
        self.server.connections += 1
        self.server.open += 1

    def connection_lost(self, _error):
        self.server.open -= 1

    def data_received(self, data):
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def on_message_begin(self):
        self.body, self.url, self.headers = [], b"", {}

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        self.headers[name.decode().lower()] = value.decode("latin-1")
        if name.lower() == b"expect":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part):
        self.body.append(part)

    def on_message_complete(self):
        path, body, server = self.url.split(b"?", 1)[0], b"".join(self.body), self.server
        # Anthropic's replies must be scripted.
        if path.endswith((b"/chat/completions", b"/messages", b"/decisions")):
            self.chat(body)
        elif path.endswith((b"/tokenize", b"/models")):
            self.tell(path.decode(), orjson.loads(body) if body else {})
        elif path == b"/stats":
            self.send(200, server.stats())
        elif path == b"/seen":
            self.send(200, server.seen)
        elif path == b"/reset":
            server.options = {**server.defaults, **(orjson.loads(body) if body else {})}
            server.reset()
            self.send(200, {"ok": True})
        elif path == b"/script":
            server.script = orjson.loads(body)
            self.send(200, {"ok": True})
        elif path == b"/serve":
            server.served = orjson.loads(body)
            self.send(200, {"ok": True})
        else:
            self.send(404, error("no such path"))

    def send(self, status, payload, headers=None):
        if self.transport.is_closing():
            return
        if isinstance(payload, dict) and list(payload) == ["base64"]:
            data = base64.b64decode(payload["base64"])
        else:
            data = payload.encode() if isinstance(payload, str) else orjson.dumps(payload)
        headers = {"Content-Type": "application/json", **(headers or {})}
        extra = b"".join(b"%b: %b\r\n" % (k.encode(), v.encode()) for k, v in headers.items())
        length = b"" if "Content-Length" in headers else b"Content-Length: %d\r\n" % len(data)
        self.transport.write(
            b"HTTP/1.1 %d %b\r\n%b%b\r\n%b" % (status, REASONS.get(status, b"Other"), extra, length, data)
        )
        if not length:  # a length of the script's own: the rest never comes
            self.transport.close()

    def tell(self, path, request):
        """What is no request to a model: its tokens, one a character, or its name; or what the script says."""
        s = self.server
        if s.options["keep"]:
            s.seen.append({"path": path, "headers": self.headers, "body": request})
        if s.script:
            scripted = s.script.pop(0)
            self.send(scripted.get("status", 200), scripted.get("body", ""), scripted.get("headers"))
        elif path.endswith("/models"):
            self.send(200, {"object": "list", "data": [{"id": "mock-judge", "object": "model"}]})
        else:
            self.send(200, {"tokens": [ord(character) for character in request["prompt"]]})

    def chat(self, body):
        """Take in a request, and answer it after the latency."""
        s = self.server
        s.requests += 1
        s.in_flight += 1
        s.peak_in_flight = max(s.peak_in_flight, s.in_flight)
        s.last = s.loop.time()
        s.first = s.first or s.last
        request = orjson.loads(body)
        text = text_of(request["messages"] if "messages" in request else request["input"])
        if s.options["keep"]:
            path = self.url.split(b"?", 1)[0].decode()
            s.seen.append({"path": path, "headers": self.headers, "body": request})
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        s.asked[digest.hex()] += 1
        served = (answer for answer in s.served if is_due(answer["when"], request))
        scripted = s.script.pop(0) if s.script else next(served, None)
        fault = None if scripted else s.fault(digest)
        if fault == "hang":
            s.in_flight -= 1
            return  # never answered; the client's time limit ends it
        arguments = (s.resets, request, text, digest, fault, scripted)
        if latency := s.options["latency_ms"] / 1000:
            s.loop.call_later(latency, self.answer, *arguments)
        else:
            self.answer(*arguments)

    def answer(self, resets, request, text, digest, fault, scripted):
        """Answer as scripted, with a fault, or with a verdict."""
        s = self.server
        if resets != s.resets:
            self.transport.close()
            return
        s.in_flight -= 1
        s.last = s.loop.time()
        if scripted:
            self.send(scripted.get("status", 200), scripted.get("body", ""), scripted.get("headers"))
        elif refused := REFUSED.get(request["model"].rpartition("-")[2]):
            self.send(refused[0], error(*refused[1:]))
        elif fault in ("429", "429_bare"):
            headers = {"Retry-After": f"{s.options['retry_after']:g}"} if fault == "429" else {}
            self.send(429, error("Rate limit reached", "requests", "rate_limit_exceeded"), headers)
        elif fault in ("500", "502", "503", "529"):
            self.send(int(fault), error("The server had an error"))
        elif fault == "drop":
            self.transport.abort()
        elif fault == "broken":
            self.send(200, '{"choices": [{"message": {"content": "{')
        else:
            self.reply(request, text, digest, fault)

    def reply(self, request, text, digest, fault):
        """Answer with a verdict, or with something in its place; questions with probabilities."""
        if "questions" in request:
            from decision_server import decided

            self.send(200, decided(request))
            return
        schema = ((request.get("response_format") or {}).get("json_schema") or {}).get("schema")
        content = orjson.dumps(fill(schema, digest)).decode() if schema else verdict(digest)
        finish, refusal, logprobs = "stop", None, None
        if request.get("logprobs"):
            content, logprobs = logprobs_of(request, digest)
            finish = "length"
        if request["model"].endswith("-filter"):
            content, finish = "", "content_filter"
        elif fault == "malformed":
            content = "Here is my assessment: {'technical_accuracy': four,"
        elif fault == "truncated":
            content, finish = content[: len(content) // 2], "length"
        elif fault == "refusal":
            content, refusal = None, "I'm sorry, I can't help with grading that."
        elif fault == "fenced":
            content = f"Sure! Here is the verdict:\n```json\n{content}\n```\n"
        elif fault == "range":
            content = re.sub(r'("score":\s*)\d', r"\g<1>9", content, count=1)
        message = {"role": "assistant", "content": content, "refusal": refusal}
        choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": finish}
        tokens_in, tokens_out = len(text) // 4, len(content or "") // 4
        self.server.replies += 1
        self.server.answered[digest.hex()] += 1
        self.send(
            200,
            {
                "id": "chatcmpl-" + digest.hex(),
                "object": "chat.completion",
                "created": 1_700_000_000,
                "model": request["model"],
                "choices": [] if fault == "empty" else [choice],
                "usage": {
                    "prompt_tokens": tokens_in,
                    "completion_tokens": tokens_out,
                    "total_tokens": tokens_in + tokens_out,
                },
            },
        )


async def main(options):
    """Serve until a signal comes."""
    server = Server(options)
    listener = await server.loop.create_server(
        lambda: Connection(server), "127.0.0.1", options["port"], backlog=4096
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        server.loop.add_signal_handler(number, stop.set)
    port = listener.sockets[0].getsockname()[1]
    print(f"mock on http://127.0.0.1:{port}/v1 pid {os.getpid()}", flush=True)  # noqa: T201 - tells the address
    await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8399)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--retry-after", type=float, default=1.0)
    parser.add_argument("--keep", action="store_true", help="keep every request for GET /seen")
    parser.add_argument("--by", choices=("count", "hash"), default="count")
    for name in FAULTS:
        parser.add_argument("--every-" + name.replace("_", "-"), type=int, default=0, metavar="N")
    uvloop.run(main(vars(parser.parse_args())))
