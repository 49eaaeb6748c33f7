"""Backend of recorded replies: judgments made elsewhere are scored like new ones, and demos need no key.

The file has one row per reply, with `id` and `reply`, and optionally `sample`, `dimension`, `finish_reason`,
`refusal`, `usage` and `without`. It is indexed in a temporary database, so that it may be large.
"""

import json
import sqlite3
import time
import weakref
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from judge.errors import InputError
from judge.files.sqlite import close_in_any_thread
from judge.records import Completion, Failure, Request, Usage
from judge.rows import Row, read_rows
from judge.scoring.backends.thinking import split_thought

_BATCH = 256
_ID_NAMES = ("id", "item_id", "question_id")
_MOST = 2**63 - 1
"""Largest integer that SQLite stores."""
_TABLE = "create table replies (id text, sample integer, dimension text, place text, content text)"
_FIND_ID = "select id from replies where id = ? limit 1"


class ReplayBackend:
    """Backend that looks up replies in a file.

    Parameters
    ----------
    path : str or Path
        A table in any format of `judge.rows.read_rows`. `reply` is the text of the model (or the JSON object
        itself); it may be null only if `refusal` or `finish_reason` is given. Reasoning in the text
        (``<think>…</think>``, with or without the closing tag) is not part of the answer. The criteria of an
        item are a request of their own, or several: `dimension` is ``criteria/1``, ``criteria/2``, ….
    without : sequence of str
        Parts that the rubric leaves out. Only rows whose field `without` names the same parts are replies to
        it: ``reference``, or ``reference,knowledge``; empty, or no such field, for the whole rubric.

    Raises
    ------
    InputError
        The file cannot be read, a row is not a reply, or two rows are replies to the same request.
    """

    stopped: str | None = None
    spent = 0.0

    def __init__(self, path: str | Path, without: Sequence[str] = ()) -> None:
        self.path = path
        self._without = without
        self._replies = sqlite3.connect("")  # a temporary file that is deleted with the connection
        weakref.finalize(self, close_in_any_thread, self._replies.close)
        self._replies.execute(_TABLE)
        self._replies.executemany("insert into replies values (?, ?, ?, ?, ?)", _recorded(path, without))
        self._replies.execute("create index by_request on replies (id, sample, dimension)")
        self._check_no_reply_twice()
        self._has_matched = False

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Look up each request; a missing reply is a failure of its item only."""
        waiting = iter(requests)
        while batch := [self._completion(request) for request in islice(waiting, _BATCH)]:
            yield batch

    def drain(self) -> Sequence[Completion]:
        """Nothing is ever in flight."""
        return ()

    def close(self) -> None:
        """Nothing is held."""

    def _completion(self, request: Request) -> Completion:
        key = (request.item.id, request.sample, request.dimension or "")
        found = self._replies.execute(
            "select content from replies where id = ? and sample = ? and dimension = ?", key
        ).fetchone()
        if found is None:
            without = f", without {', '.join(self._without)}" if self._without else ""
            message = f"{self.path} has no reply for {_named(*key)}{without}{self._example(request.item.id)}"
            failure = Failure(kind="reply", message=message)
            return Completion.of(request, failure=failure, created=time.time())
        self._has_matched = True
        content = json.loads(found[0])
        if request.attempt:  # a second attempt gives the same reply, and its tokens must not count twice
            content.pop("usage")
        return Completion.of(request, created=time.time(), **content)

    def _example(self, item_id: str) -> str:
        """Name an id of the file, if no reply was found so far and the item has none."""
        if self._has_matched or self._replies.execute(_FIND_ID, [item_id]).fetchone():
            return ""
        first = self._replies.execute("select id from replies limit 1").fetchone()
        return f"; its ids are like {first[0]!r}" if first else ""

    def _check_no_reply_twice(self) -> None:
        twice = self._replies.execute(
            "select id, sample, dimension, min(rowid), max(rowid) from replies "
            "group by id, sample, dimension having count(*) > 1 order by 4 limit 1"
        ).fetchone()
        if twice is None:
            return
        places = self._replies.execute("select place from replies where rowid in (?, ?)", twice[3:])
        first, last = (place for (place,) in places)
        raise InputError(
            f"{last}: another reply for {_named(*twice[:3])}; the first is at {first}. "
            "Keep one, or number repeated judgments in a field 'sample' (0, 1, …), and name the request in a "
            "field 'dimension' where an item has several: criteria/1, criteria/2, …. Replies to answers of "
            "several systems need the ids of the answers, such as q1/system (judge show RUN lists them)"
        )


def _named(item_id: str, sample: int, dimension: str) -> str:
    of = f", dimension {dimension!r}" if dimension else ""
    return f"id {item_id!r}{of}" + (f", sample {sample}" if sample else "")


def _recorded(path: str | Path, without: Sequence[str]) -> Iterator[tuple[str, int, str, str, str]]:
    for where, row in read_rows(path):
        try:
            if {part.strip() for part in (_text(row, "without") or "").split(",")} != {*(without or ("",))}:
                continue
            dimension = _text(row, "dimension") or ""
            yield _id(row), _sample(row.get("sample")), dimension, where, _content(row)
        except ValueError as problem:
            raise InputError(f"{where}: {problem}") from None


def _id(row: Row) -> str:
    found = next((row[name] for name in _ID_NAMES if name in row), None)
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        raise ValueError(f"field 'id': found {found!r:.60}; allowed: the id of an item, as text or a number")
    return str(found)


def _sample(found: Any) -> int:
    if found is None or found == "":
        return 0
    if isinstance(found, bool) or not str(found).isdecimal():
        raise ValueError(f"field 'sample': found {found!r:.60}; allowed: 0, 1, 2, …")
    return min(int(found), _MOST)  # no request has such a number, so the row is never used


def _text(row: Row, name: str) -> str | None:
    found = row.get(name)
    if found is not None and not isinstance(found, str):
        raise ValueError(f"field {name!r}: found {found!r:.60}; allowed: text")
    return found or None


def _content(row: Row) -> str:
    """Return the values of the completion as JSON."""
    reply = row.get("reply")
    if isinstance(reply, dict):
        reply = json.dumps(reply, ensure_ascii=False)
    refusal, finish = _text(row, "refusal"), _text(row, "finish_reason")
    if not isinstance(reply, str) and (reply is not None or not (refusal or finish)):
        raise ValueError(
            f"field 'reply': found {reply!r:.60}; allowed: the text of the reply, or a JSON object "
            "(null only beside a 'refusal' or 'finish_reason')"
        )
    thought, reply = split_thought(reply) if reply else ("", reply)
    content = {
        "reply": reply,
        "reasoning": thought.strip() or None,
        "refusal": refusal,
        "finish_reason": finish,
    }
    return json.dumps({**content, "usage": _usage(row.get("usage"))}, ensure_ascii=False)


def _usage(found: Any) -> dict[str, int] | None:
    """Return the token counts; fields other than those of `Usage` are ignored."""
    if not found:
        return None
    try:
        counts = json.loads(found) if isinstance(found, str) else found
    except (ValueError, RecursionError):
        counts = None
    if not isinstance(counts, Mapping):
        raise ValueError(f"field 'usage': found {found!r:.60}; allowed: {{\"prompt_tokens\": …, …}}")
    try:
        usage = Usage(**{name: counts[name] for name in Usage.model_fields if name in counts}).model_dump()
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        raise ValueError(f"field 'usage': found {detail['input']!r:.60}; {detail['msg']}") from None
    return (
        usage if max(map(abs, usage.values())) <= _MOST else None
    )  # invalid counts are dropped, and the reply is kept
