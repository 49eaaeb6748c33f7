"""Convert LLMBar: which of two answers follows the instruction, from github.com/princeton-nlp/LLMBar."""

import json
from pathlib import Path
from typing import Any

from layout import Row, folders, rating, write

SUBSETS = {
    "natural": "Natural",
    "neighbor": "Adversarial/Neighbor",
    "gptinst": "Adversarial/GPTInst",
    "gptout": "Adversarial/GPTOut",
    "manual": "Adversarial/Manual",
}
# Judge -> its folder. Judges named rating are pointwise; the others are pairwise, once in each order.
JUDGES = {
    "gpt-4/vanilla": "GPT-4/Vanilla",
    "gpt-4/cot": "GPT-4/CoT",
    "chatgpt/vanilla": "ChatGPT/Vanilla",
    "chatgpt/cot": "ChatGPT/CoT",
    "llama2-70b/vanilla": "LLaMA2/Vanilla",
    "falcon-180b/vanilla": "Falcon/Vanilla",
    "gpt-4/rating": "GPT-4/Rating",
    "chatgpt/rating": "ChatGPT/Rating",
}


def load(path: Path) -> list[Row]:
    """Return the content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def as_integer(value: Any) -> int | None:
    """Return a verdict or score as an integer, or None if it is not one."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def comparisons(item: str, judge: str, result: Row, subset: str) -> list[tuple[Row, Row]]:
    """Return (reply, rating) for both orders. In both, 1 and 2 refer to the answers as in answers.jsonl."""
    pairs = []
    for order, key in (("ab", "swap = False"), ("ba", "swap = True")):
        reply = {"id": item, "judge": judge, "order": order, "reply": result[key]["completion"][0]}
        score = as_integer(result[key]["winner"])
        pairs.append((reply, rating(item, (judge, "judge"), "preference", score, subset=subset, order=order)))
    return pairs


def single_scores(item: str, judge: str, result: Row, subset: str) -> list[tuple[Row, Row]]:
    """Return (reply, rating) for both answers."""
    pairs = []
    for k in (1, 2):
        answer, text = f"{item}#{k}", result[f"score_{k}"][0]
        reply = {"id": answer, "judge": judge, "reply": text}
        pairs.append((reply, rating(answer, (judge, "judge"), "quality", as_integer(text), subset=subset)))
    return pairs


checkout, out = folders(__doc__)
answers, ratings, replies = [], [], []
for subset, folder in SUBSETS.items():
    base = checkout / "Dataset" / "LLMBar" / folder
    items = {f"{subset}-{n:03d}": row for n, row in enumerate(load(base / "dataset.json"))}
    for item, row in items.items():
        texts = {"question": row["input"], "answer_1": row["output_1"], "answer_2": row["output_2"]}
        answers.append({"id": item, **texts, "subset": subset})
        ratings.append(rating(item, ("gold", "human"), "preference", row["label"], subset=subset))
    for judge, place in JUDGES.items():
        read = single_scores if judge.endswith("/rating") else comparisons
        results = load(base / "evaluators" / place / "result.json")
        for (item, row), judged in zip(items.items(), results, strict=True):
            if judged["input"] != row["input"]:
                raise SystemExit(f"{base}: {place} and dataset.json list different items, first at {item}")
            for reply, scored in read(item, judge, judged["results"][-1], subset):
                replies.append(reply)
                ratings.append(scored)
write(out / "answers.jsonl", answers)
write(out / "ratings.jsonl", ratings)
write(out / "replies.jsonl", replies)
