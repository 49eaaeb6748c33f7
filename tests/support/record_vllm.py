"""Record what a real `vllm serve` answers, for the contract tests of tests/scoring/backends/test_labels.py.

vllm serve MODEL --served-model-name tiny --max-model-len 4096 --enable-prompt-tokens-details --port 8400
python tests/support/record_vllm.py http://127.0.0.1:8400 > tests/data/vllm_http.json
"""

import datetime
import json
import sys
import urllib.error
import urllib.request

MESSAGES = [
    {"role": "system", "content": "Judge the answer."},
    {"role": "user", "content": "Because of 0."},
]
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "enum": [1, 2, 3]}},
    "required": ["score"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA}}
NO_THOUGHT = {"enable_thinking": False, "thinking": False}


def ask(base, path, body):
    """One exchange; what changes from call to call is left out of the reply."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            status, reply = response.status, json.load(response)
    except urllib.error.HTTPError as error:
        status, reply = error.code, json.loads(error.read())
    for name in ("id", "created"):
        reply.pop(name, None)
    return {"path": path, "request": body, "status": status, "reply": reply}


def main(base):
    """Print all exchanges as JSON."""

    def chat(**more):
        return ask(base, "/v1/chat/completions", {"model": "tiny", "messages": MESSAGES, **more})

    def tokenize(text, model="tiny"):
        body = {"model": model, "prompt": text, "add_special_tokens": False}
        return ask(base, "/tokenize", body)

    digits = {f"tokenize {label}": tokenize(label) for label in "12345"}
    ids = [exchange["reply"]["tokens"][0] for exchange in digits.values()]
    shown = {"max_tokens": 1, "logprobs": True}
    labels = {
        **shown,
        "temperature": 0,
        "logprob_token_ids": ids,
        "return_tokens_as_token_ids": True,
        "chat_template_kwargs": NO_THOUGHT,
    }
    exchanges = {
        **digits,
        "tokenize 10": tokenize("10"),
        "tokenize for another model": tokenize("1", model="other"),
        "labels": chat(**labels),
        "labels of which three are impossible": chat(**labels, structured_outputs={"choice": ["1", "2"]}),
        "labels without their ids": chat(**{k: v for k, v in labels.items() if k != "logprob_token_ids"}),
        "top_logprobs": chat(**shown, top_logprobs=20, structured_outputs={"choice": ["1", "2"]}),
        "too many top_logprobs": chat(**shown, top_logprobs=21),
        "schema": chat(temperature=0, max_tokens=20, response_format=FORM, chat_template_kwargs=NO_THOUGHT),
        "context": ask(
            base,
            "/v1/chat/completions",
            {"model": "tiny", "messages": [{"role": "user", "content": "Why? " * 5000}], "max_tokens": 1},
        ),
        "another model": ask(base, "/v1/chat/completions", {"model": "other", "messages": MESSAGES}),
        "models": ask(base, "/v1/models", None),
        "no such path": ask(base, "/chat/completions", {"model": "tiny", "messages": MESSAGES}),
    }
    exchanges["models"]["reply"]["data"] = [
        {"id": model["id"]} for model in exchanges["models"]["reply"]["data"]
    ]
    exchanges["context"]["request"] = "5000 times 'Why? '"
    with urllib.request.urlopen(base + "/version", timeout=10) as response:
        version = json.load(response)["version"]
    note = f"recorded on {datetime.date.today()} by {__file__.rpartition('/')[2]} from vLLM {version} on a CPU with a tiny random model"
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(exchange)}" for name, exchange in exchanges.items())
    print(f'{{"note": {json.dumps(note)},\n"exchanges": {{\n{lines}\n}}}}')  # noqa: T201 - its output


if __name__ == "__main__":
    main(sys.argv[1])
