"""The cases of `gpu_judge`: what is judged, and by which command."""

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

CASES = ("scores", "expected", "reasons", "item-first", "naive", "server", "server-expected")
DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")
BLOCK = 256
REASON_LETTERS = (90, 110)
"""About 25 tokens a reason."""
STRUCTURED = {"backend": "xgrammar"}


# ---- what is judged


def words_of(tokenizer: Any) -> list[str]:
    """Words that are one token each after a blank."""
    return sorted(t[1:] for t in tokenizer.get_vocab() if t[0] == "Ġ" and t[1:].isascii() and t[1:].isalpha())


def text_of(rng: random.Random, words: list[str], tokens: int) -> str:
    """About so many tokens of text."""
    return " ".join(rng.choices(words, k=max(1, tokens)))


def write_rubric(path: Path, reasons: str, tokens: int, words: list[str], tokenizer: Any) -> None:
    """A rubric on 1-5 with four dimensions, whose part of the prompt has about so many tokens."""
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
    """Items of about so many tokens: an eighth of it question, three eighths reference, half of it answer."""
    with path.open("w") as file:
        for n in range(count):
            rng = random.Random(n + 1)
            question, reference, answer = (text_of(rng, words, tokens * part // 8) for part in (1, 3, 4))
            row = {"id": f"i{n}", "question": f"{n} {question}?", "reference": reference, "answer": answer}
            file.write(json.dumps(row) + "\n")


def prepare(folder: Path, shape: str, options: argparse.Namespace) -> None:
    """Model folder, rubrics and items of one shape."""
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


# ---- one case: the command, with the benchmark's own changes to it


def changed(case: str) -> None:
    """Change the prompt or the schema of this process as a case wants it."""
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

        def bounded(rubric: Any) -> Any:
            made = schema(rubric)
            for name in DIMENSIONS:
                made["properties"][name]["properties"]["reason"] |= {"minLength": least, "maxLength": most}
            return made

        prompt.reply_schema = bounded


def engine_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Arguments of every engine, in process or behind a server."""
    own = dict(cpu.ENGINE) if options.tiny else {"max_model_len": 4096, "max_num_seqs": options.at_once}
    return {**own, "load_format": "dummy", "dtype": "bfloat16"}


def score_command(folder: Path, case: str, options: argparse.Namespace, port: int | None) -> list[str]:
    """`judge score` as a user types it; a case that changes it goes through this file."""
    way = [sys.executable, "-m", "judge"]
    if case in ("item-first", "reasons"):
        way = [sys.executable, "-m", "benchmarks.gpu_judge", "--changed", case]
    rubric = folder / ("reasons.yaml" if case == "reasons" else "scores.yaml")
    command = [*way, "score", folder / "items.jsonl", "--rubric", rubric, "--out", folder / f"run-{case}"]
    command += ["--reasoning-effort", "none", "--json"]
    command += ["--scores", "expected"] if "expected" in case else ["--max-tokens", "400"]
    command += ["--limit", items_of(case, options)]
    if port is not None:
        command += ["--judge", "hosted_vllm/tiny", "--api-base", f"http://127.0.0.1:{port}/v1"]
        return [str(word) for word in [*command, "--max-connections", options.at_once]]
    command += ["--judge", f"vllm:{folder / 'model'}"]
    for name, value in engine_arguments(options).items():
        command += [f"--{name}", value] if name == "dtype" else ["--engine-arg", f"{name}={value}"]
    return [str(word) for word in command]


def items_of(case: str, options: argparse.Namespace) -> int:
    """How many items a case is given."""
    return max(1, options.items // 4) if case == "item-first" else options.items


def naive(folder: Path, options: argparse.Namespace) -> None:
    """The messages of `scores` through LLM.chat, block after block; prints a line of figures."""
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
