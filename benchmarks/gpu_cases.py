"""The cases of `gpu_judge`: the items, the rubrics, and the commands."""

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from judge import Judge, load_items, load_rubric
from judge.scoring import prompt
from tests.engine import cpu, tiny_model

CASES = (
    *("scores", "expected", "reasons", "item-first", "naive"),
    *("server", "server-expected", "server-decisions"),
)
DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")
BLOCK = 256
REASON_LETTERS = (90, 110)
"""Minimum and maximum length; about 25 tokens per reason."""
STRUCTURED = {"backend": "xgrammar"}


# ---- items and rubrics


def words_of(tokenizer: Any) -> list[str]:
    """Return words that are one token each after a space."""
    return sorted(t[1:] for t in tokenizer.get_vocab() if t[0] == "Ġ" and t[1:].isascii() and t[1:].isalpha())


def text_of(rng: random.Random, words: list[str], tokens: int) -> str:
    """Return a text of about the given number of tokens."""
    return " ".join(rng.choices(words, k=max(1, tokens)))


def write_rubric(path: Path, reasons: str, tokens: int, words: list[str], tokenizer: Any) -> None:
    """Write a rubric with four dimensions on 1-5, of about the given number of tokens in the prompt."""
    anchors = {n: f"what deserves {n}" for n in range(1, 6)}
    rubric = {
        "name": path.stem,
        "task": "You are a careful judge of answers.",
        "dimensions": {name: {"description": name, "anchors": anchors} for name in DIMENSIONS},
        "reasons": reasons,
        "pass": {"overall": 3},
    }
    path.write_text(json.dumps(rubric))  # JSON is YAML
    missing = tokens - len(tokenizer.encode(prompt.system_text(load_rubric(path))))
    if missing > 0:
        rubric["guidelines"] = [text_of(random.Random(0), words, missing)]
        path.write_text(json.dumps(rubric))


def write_items(path: Path, count: int, tokens: int, words: list[str]) -> None:
    """Write items of about the given number of tokens: 1/8 question, 3/8 reference, 1/2 answer."""
    with path.open("w") as file:
        for n in range(count):
            rng = random.Random(n + 1)
            question, reference, answer = (text_of(rng, words, tokens * part // 8) for part in (1, 3, 4))
            row = {"id": f"i{n}", "question": f"{n} {question}?", "reference": reference, "answer": answer}
            file.write(json.dumps(row) + "\n")


def prepare(folder: Path, shape: str, options: argparse.Namespace) -> None:
    """Create the model folder, the rubrics and the items of one model shape."""
    if (folder / "done").exists():
        return
    tiny_model.make(shape, folder / "model")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    words = words_of(tokenizer)
    for name, reasons in (("scores", "none"), ("reasons", "before")):
        write_rubric(folder / f"{name}.yaml", reasons, options.rubric, words, tokenizer)
    write_items(folder / "items.jsonl", options.items, options.item, words)
    (folder / "done").touch()


# ---- the command of a case, with the changes of the benchmark


def changed(case: str) -> None:
    """Change the prompt or the schema in this process as a case requires."""
    if case == "item-first":
        messages = prompt.Prompter._request

        def item_first(self: Any, item: Any, given: list[Any], *rest: Any) -> Any:
            system, user = given
            text = f"{user['content']}\n\n{system['content']}"
            return messages(self, item, [{"role": "user", "content": text}], *rest)

        prompt.Prompter._request = item_first  # type: ignore[method-assign]
    if case == "reasons":
        schema = prompt.reply_schema
        least, most = REASON_LETTERS

        def bounded(rubric: Any, name: str | None = None) -> Any:
            made = schema(rubric, name)
            for name in DIMENSIONS:
                made["properties"][name]["properties"]["reason"] |= {"minLength": least, "maxLength": most}
            return made

        prompt.reply_schema = bounded


def engine_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of the engine, in this process or behind a server."""
    own = dict(cpu.ENGINE) if options.tiny else {"max_model_len": 4096, "max_num_seqs": options.at_once}
    return {**own, "load_format": "dummy", "dtype": "bfloat16"}


def score_command(folder: Path, case: str, options: argparse.Namespace, port: int | None) -> list[str]:
    """Return the command `judge score`; cases that change it start `gpu_judge` instead."""
    way = [sys.executable, "-m", "judge"]
    if case in ("item-first", "reasons"):
        way = [sys.executable, "-m", "benchmarks.gpu_judge", "--changed", case]
    rubric = folder / ("reasons.yaml" if case == "reasons" else "scores.yaml")
    command = [*way, "score", folder / "items.jsonl", "--rubric", rubric, "--out", folder / f"run-{case}"]
    command += ["--json", "--limit", items_of(case, options)]
    decides = case == "server-decisions"  # one request for an item, with a question for each dimension
    if not decides:
        command += ["--reasoning-effort", "none"]
        command += ["--scores", "expected"] if "expected" in case else ["--max-tokens", "400"]
    if port is not None:
        judge = "systemone:hosted_vllm/tiny" if decides else "hosted_vllm/tiny"
        command += ["--judge", judge, "--api-base", f"http://127.0.0.1:{port}/v1"]
        return [str(word) for word in [*command, "--max-connections", options.at_once]]
    command += ["--judge", f"vllm:{folder / 'model'}"]
    for name, value in engine_arguments(options).items():
        command += [f"--{name}", value] if name == "dtype" else ["--engine-arg", f"{name}={value}"]
    return [str(word) for word in command]


def items_of(case: str, options: argparse.Namespace) -> int:
    """Return the number of items of a case."""
    return max(1, options.items // 4) if case == "item-first" else options.items


def naive(folder: Path, options: argparse.Namespace) -> None:
    """Send the messages of `scores` to LLM.chat in blocks, and print one line of results."""
    from vllm import LLM, SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    judge = Judge(model="vllm:naive", rubric=load_rubric(folder / "scores.yaml"))
    prompter = prompt.Prompter(judge)
    requests = [r for item in load_items(folder / "items.jsonl") for r in prompter.requests(item)]
    requests = requests[: options.items]
    llm = LLM(str(folder / "model"), structured_outputs_config=STRUCTURED, **engine_arguments(options))
    form = StructuredOutputsParams(json=requests[0].schema)
    params = SamplingParams(max_tokens=400, structured_outputs=form)
    started, outputs = time.time(), []
    for at in range(0, len(requests), BLOCK):
        block = [list(request.messages) for request in requests[at : at + BLOCK]]
        outputs += llm.chat(
            block, sampling_params=params, use_tqdm=False, chat_template_kwargs={"enable_thinking": False}
        )
    figures = {
        "started": started,
        "seconds": time.time() - started,
        "requests": len(outputs),
        "prompt": sum(len(o.prompt_token_ids) for o in outputs),
        "cached": sum(o.num_cached_tokens or 0 for o in outputs),
        "reply": sum(len(o.outputs[0].token_ids) for o in outputs),
    }
    print(json.dumps(figures), flush=True)
