"""Parsing of malformed but genuine replies: share read, refused, or read wrongly, by kind of malformation.

    JUDGE_PUBLIC_DATA=FOLDER python benchmarks/untidy_replies.py [REPLIES_A_KIND]

The folder contains published judgments (`hanna/explanations`, `llmbar`, `pandalm`, each with a
`replies.jsonl`). Their texts serve as the reasons of verdicts with known scores. Each verdict is then
written with a malformation that occurs in replies of models.
"""

import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from judge.records import Completion, Item
from judge.rubric import load_rubric
from judge.scoring.parsing.parse import read

RUBRIC = load_rubric("open_qa")
ITEM = Item(id="i", question="A question?", answer="An answer.")
Verdict = dict[str, dict[str, str | int]]


def reasons(folder: Path) -> Iterator[str]:
    """Yield texts of judges without the score at their beginning; at most 600 characters."""
    for name in ("hanna/explanations", "llmbar", "pandalm"):
        for line in (folder / name / "replies.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = re.sub(r"^\W*\d\W*", "", row.get("reason") or row.get("reply") or "").strip()
            if len(text) > 30:
                yield text[:600]


def tidy(verdict: Verdict) -> str:
    return json.dumps(verdict, ensure_ascii=False)


def indented(verdict: Verdict) -> str:
    return json.dumps(verdict, ensure_ascii=False, indent=2)


def by_text(verdict: Verdict, change: Callable[[str], str]) -> str:
    """Write the verdict as JSON, with each reason changed after it was escaped."""
    parts = []
    for name, part in verdict.items():
        reason = change(json.dumps(part["reason"], ensure_ascii=False)[1:-1])
        parts.append(f'"{name}": {{"reason": "{reason}", "score": {part["score"]}}}')
    return "{" + ", ".join(parts) + "}"


def quoted_word(text: str) -> str:
    """Put the middle word into quotes, without escaping them."""
    words = text.split(" ")
    middle = len(words) // 2
    return " ".join([*words[:middle], f'"{words[middle].strip(chr(92))}"', *words[middle + 1 :]])


KINDS: dict[str, Callable[[Verdict], str]] = {
    "valid JSON": tidy,
    "indented, in a fence, after prose": lambda v: f"Here it is:\n```json\n{indented(v)}\n```\nDone.",
    "names spelt otherwise": lambda v: tidy({k.replace("_", " ").title(): x for k, x in v.items()}),
    "list of name and score": lambda v: json.dumps([{"name": k, **x} for k, x in v.items()]),
    "trailing commas": lambda v: re.sub(r"(\d)\n", r"\1,\n", indented(v)),
    "comments after scores": lambda v: re.sub(r"(\d)\n", r"\1  // see the reason\n", indented(v)),
    "commas missing at line ends": lambda v: indented(v).replace("},\n", "}\n"),
    "keys without quotes": lambda v: re.sub(r'"(\w+)":', r"\1:", indented(v)),
    "single quotes (Python's repr)": repr,
    "single quotes, apostrophes not escaped": lambda v: repr(
        {k: {**x, "reason": "REASON"} for k, x in v.items()}
    ).replace("REASON", str(v["clarity"]["reason"]).replace("\n", " ")),
    "smart quotes as delimiters": lambda v: re.sub(r'"(\w+)":', r"“\1”:", indented(v)),
    "line ends in a text": lambda v: by_text(v, lambda text: text.replace("\\n", "\n").replace(". ", ".\n")),
    "backslashes of LaTeX": lambda v: by_text(v, lambda text: rf"{text} Here \(x\) is \alpha."),
    "a word in quotes, not escaped": lambda v: by_text(v, quoted_word),
    "no quote is escaped": lambda v: by_text(v, lambda text: text.replace('\\"', '"')),
    "a dimension in quotes, not escaped": lambda v: by_text(v, lambda text: f'{text} Its "clarity" is fine.'),
    "single quotes, a dimension in quotes": lambda v: repr(
        {k: {**x, "reason": f'{x["reason"]} Its "clarity" is fine.'} for k, x in v.items()}
    ),
    "last brace missing": lambda v: tidy(v)[:-1],
}


def main() -> None:
    texts = list(reasons(Path(os.environ["JUDGE_PUBLIC_DATA"])))
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{len(texts):,} reasons, {wanted:,} replies per kind\n")
    print("| kind | read | refused | wrong |\n|---|---|---|---|")
    total: Counter[str] = Counter()
    for kind, write in KINDS.items():
        rng = random.Random(kind)
        counts: Counter[str] = Counter()
        for _ in range(wanted):
            verdict: Verdict = {
                name: {"reason": rng.choice(texts), "score": rng.randint(1, 5)} for name in RUBRIC.dimensions
            }
            reply = Completion(key="k", item_id="i", reply=write(verdict), finish_reason="stop")
            found = read(reply, RUBRIC, ITEM)
            right = all(found[name].value == v["score"] for name, v in verdict.items())
            refused = all(outcome.value is None for outcome in found.values())
            counts["read" if right else "refused" if refused else "wrong"] += 1
        total += counts
        print(
            f"| {kind} | "
            + " | ".join(f"{counts[c] / wanted:.1%}" for c in ("read", "refused", "wrong"))
            + " |"
        )
    print(
        "| all | "
        + " | ".join(f"{total[c] / total.total():.1%}" for c in ("read", "refused", "wrong"))
        + " |"
    )


if __name__ == "__main__":
    main()
