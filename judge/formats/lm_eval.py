"""lm-evaluation-harness: samples_*.jsonl (written with --log_samples). Answers, and its metrics as a rater.

For multiple choice by likelihood the answer is the letter of the likeliest option. Several filters of one
answer are several items. Source: files written with version 0.4.13.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from judge.formats.cells import number_or_none
from judge.formats.document import Document, ImportedFile, Object, gold_letter, objects
from judge.records import Item, Score

_QUESTION = ("question", "query", "input", "problem", "prompt")
_FILE = re.compile(r"samples_(?P<task>.+?)_\d{4}-\d\d-\d\dT[\d.-]+\Z")


def recognises(document: Document) -> bool:
    """Whether the document is a samples file."""
    return document.is_list_with("doc_id", "doc", "resps", "filtered_resps")


def read(documents: Sequence[Document]) -> ImportedFile:
    """Read answers and metrics."""
    items: list[Item] = []
    scores: list[Score] = []
    problems: dict[str, list[str]] = {}
    for document in documents:
        rows = list(objects(document.content, str(document.path)))
        filters = {str(row.get("filter")) for _, row in rows}
        task = _task(document)
        for _, row in rows:
            item_id = f"{task}/{row.get('doc_id')}" + (f"/{row.get('filter')}" if len(filters) > 1 else "")
            item = _item(item_id, task, row)
            if item is None:
                problems.setdefault("no answer (no text and no likelihoods)", []).append(item_id)
                continue
            items.append(item)
            scores.extend(_scores(item_id, row))
    return ImportedFile("lm_eval", items, scores, problems, pass_rule={s.dimension: 1.0 for s in scores})


def _task(document: Document) -> str:
    name = document.path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".json")
    found = _FILE.match(name)
    return found["task"] if found else name.removeprefix("samples_")


def _item(item_id: str, task: str, row: Object) -> Item | None:
    document = row.get("doc")
    document = document if isinstance(document, dict) else {}
    likelihoods = _likelihoods(row.get("filtered_resps"))
    if likelihoods:
        choices = tuple(str(a).strip() for a in _arguments(row, "arg_1"))
        answer: str | None = chr(ord("A") + likelihoods.index(max(likelihoods)))
    else:
        choices, answer = (), _first_text(row.get("filtered_resps"))
        answer = answer if answer is not None else _first_text(row.get("resps"))
    if answer is None or len(choices) not in (0, len(likelihoods)):
        return None
    prompt = next(iter(_arguments(row, "arg_0")), "")
    target = row.get("target")
    gold = _gold(target, choices)
    return Item(
        id=item_id,
        question=next((str(document[n]) for n in _QUESTION if isinstance(document.get(n), str)), str(prompt)),
        answer=answer,
        reference=None if target is None or choices else str(target),
        choices=choices,
        gold=gold,
        metadata={
            **document,
            "task": task,
            "filter": row.get("filter"),
            "pair_id": f"{task}/{row.get('doc_id')}",
        },
    )


def _arguments(row: Object, name: str) -> list[Any]:
    arguments = row.get("arguments")
    if isinstance(arguments, dict):
        return [entry[name] for entry in arguments.values() if isinstance(entry, dict) and name in entry]
    place = int(name.removeprefix("arg_"))  # older files: a list of lists
    entries = arguments if isinstance(arguments, list) else []
    return [entry[place] for entry in entries if isinstance(entry, list) and len(entry) > place]


def _likelihoods(replies: Any) -> list[float]:
    """Log-likelihood of each option; empty where the replies are texts."""
    if (
        not isinstance(replies, list)
        or len(replies) < 2
        or not all(isinstance(r, list) and r for r in replies)
    ):
        return []
    values = [number_or_none(reply[0]) for reply in replies]
    return [value for value in values if value is not None] if None not in values else []


def _first_text(replies: Any) -> str | None:
    while isinstance(replies, list) and replies:
        replies = replies[0]
    return replies if isinstance(replies, str) else None


def _gold(target: Any, choices: tuple[str, ...]) -> str | None:
    number = number_or_none(target)
    if choices and number is not None and number.is_integer() and 0 <= number < len(choices):
        return chr(ord("A") + int(number))
    return gold_letter(str(target).strip(), choices)


def _scores(item_id: str, row: Object) -> Iterator[Score]:
    names = row.get("metrics")
    for name in map(str, names) if isinstance(names, list) else ():
        value = number_or_none(row.get(name))
        yield Score(
            item_id=item_id,
            rater="lm_eval",
            rater_kind="judge",
            dimension=name,
            value=value,
            status="ok" if value is not None else "skipped",
            reason=None if value is not None else f"found {row.get(name)!r:.40}, no number",
        )
