"""Merge runs of one judge: the shards of one input, or runs over different items."""

import heapq
import itertools
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

from judge.errors import InputError, RunError
from judge.files.whole_folder import check_free, whole_folder
from judge.records import Item
from judge.scoring import schema
from judge.scoring.backends.batch.journal import open_keys
from judge.scoring.judge import differences
from judge.scoring.loop import derive_scores
from judge.scoring.run import Run
from judge.scoring.schema import storage_errors, transaction
from judge.scoring.shards import MergeFact, ShardFact

_MOST_NAMED = 10
_FILES_PER_RUN, _OTHER_FILES = 3, 20  # SQLite opens the database, its log and its index of the log
_EQUAL = {
    "rubric": "its scores were derived by another rubric; derive those of all runs by one rubric first: "
    "judge parse RUN --rubric RUBRIC (rederive)",
    "recording": "its replies were read from another file of recorded replies",
}
"""Facts that all runs must share beside the judge, and what differs where they do not."""


def merge(runs: Sequence[str | Path], *, out: str | Path) -> Run:
    """Merge runs of one judge into a run as if one process had scored all items; no request is sent.

    The runs are either all shards of one input (`score` with `shard`), whose items are put back into the
    order of the input, or runs over different items, which follow each other in the given order. All replies
    are kept. Where two runs have a reply to the same request, the earliest one counts.

    Parameters
    ----------
    runs : sequence of str or Path
        Folders of the runs; they stay as they are.
    out : str or Path
        Folder of the merged run, which must not exist yet. It appears when it is complete.

    Returns
    -------
    Run
        The merged run, open for reading. Its fact ``merged`` holds the number of `runs`, of
        `replies_in_several` (requests to which more than one run has a reply) and of items that were
        `left_out` because they are no longer in the input of their shard.

    Raises
    ------
    RunError
        A run cannot be read, is another judge's, or has batches that are not collected; shards are missing,
        given twice, or of another input.
    InputError
        `out` exists or lies in one of the runs, no run is given, or two runs have the same id for items
        with different content.

    See Also
    --------
    score : Its parameter `shard` scores one part of the items.

    Examples
    --------
    >>> import tempfile
    >>> import judge
    >>> answers = [{"id": f"q{n}", "question": f"{n} + 1?", "answer": f"{n + 1}"} for n in range(9)]
    >>> folder = Path(tempfile.mkdtemp())
    >>> for shard in ("1/2", "2/2"):
    ...     _ = judge.score(answers, shard=shard, out=folder / shard[0])
    >>> with judge.merge([folder / "1", folder / "2"], out=folder / "all") as run:
    ...     [result.item.id for result in run.results()][:3], run.fact("merged")["runs"]
    (['q0', 'q1', 'q2'], 2)
    """
    out = Path(out)
    check_free(out)
    if not runs:
        raise InputError("no run is given; name the folders of the runs to merge")
    _check_open_files(len(runs))
    with ExitStack() as stack:
        parts = [stack.enter_context(_RunToMerge.open(path)) for path in runs]
        for part in parts:
            if out.resolve().is_relative_to(part.path.resolve()):
                raise InputError(
                    f"{out}: lies in {part.path}, which is merged; choose another folder with out (--out)"
                )
        _check_judges(parts)
        _check_collected(parts)
        is_sharded = _check_shards(parts)
        with whole_folder(out) as draft, _MergedRun.create(draft, parts[0].judge) as merged:
            merged.fill(parts, is_sharded)
            derive_scores(merged, parts[0].rubric)
            merged.export()
    return Run.open(out)


class _RunToMerge(Run):
    """A run that is merged."""

    @property
    def shard(self) -> ShardFact | None:
        """The shard that the run is."""
        kept = self.fact("shard")
        return ShardFact.model_validate(kept) if kept else None

    def placed_items(self) -> Iterator[tuple[int, Item]]:
        """Yield the items of a shard with their positions in the whole input, in order."""
        query = (
            "SELECT p.position, i.data FROM input_positions p CROSS JOIN items i ON i.id = p.item_id "
            "ORDER BY p.position"
        )
        return self._read(query, (), schema.to_numbered_item)

    def request_rows(self, is_sharded: bool) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of all requests; for a shard, those of the items in its current input."""
        current = "WHERE item_id IN (SELECT item_id FROM input_positions)" if is_sharded else ""
        return self._rows(f"SELECT item_id, sample, dimension, key FROM requests {current}")

    def completion_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of all completions, oldest first."""
        return self._rows(f"{schema.SELECT_COMPLETIONS} ORDER BY seq")

    @property
    def left_out(self) -> int:
        """Number of items that are no longer in the input of the shard."""
        return int(
            self._one("SELECT count(*) FROM items WHERE id NOT IN (SELECT item_id FROM input_positions)")
        )


class _MergedRun(Run):
    """The run that others are merged into; its folder is a draft, so that several transactions write it."""

    def fill(self, parts: Sequence[_RunToMerge], is_sharded: bool) -> None:
        """Copy items, requests and completions, and combine the facts."""
        place = ""

        def items() -> Iterator[Item]:
            nonlocal place
            if is_sharded:
                yield from map(
                    itemgetter(1), heapq.merge(*(p.placed_items() for p in parts), key=itemgetter(0))
                )
                return
            for part in parts:
                place = str(part.path)
                yield from part.items()

        counts = self.add_items(items(), lambda _: place)
        last: list[int] = []
        for part in parts:
            self._insert("INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?)", part.request_rows(is_sharded))
            self._insert(schema.INSERT_COMPLETION, part.completion_rows())
            last.append(self._one("SELECT coalesce(max(seq), 0) FROM completions"))
        merged = MergeFact(
            runs=len(parts),
            replies_in_several=self._order_replies(last),
            left_out=sum(part.left_out for part in parts) if is_sharded else 0,
        )
        facts = _combined([part.manifest for part in parts], counts.new)
        for name, value in {**facts, "merged": merged.model_dump()}.items():
            self.set_fact(name, value)

    def _insert(self, statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
        with storage_errors(self.path):
            while batch := list(itertools.islice(rows, _BATCH)):
                with transaction(self._db):
                    self._db.executemany(statement, batch)

    def _order_replies(self, last: Sequence[int]) -> int:
        """Put the earliest reply last where several runs have one, because the last reply counts.

        Parameters
        ----------
        last : sequence of int
            Number of the last completion of each run.

        Returns
        -------
        int
            Number of requests to which several runs have a reply.
        """
        self._db.create_function("run_of", 1, lambda seq: bisect_left(last, seq), deterministic=True)
        self._db.execute(
            "CREATE TEMP TABLE in_several AS SELECT key FROM completions "
            "GROUP BY key HAVING min(run_of(seq)) < max(run_of(seq))"
        )
        start = n_replies = 0
        query = "SELECT rowid, key FROM in_several WHERE rowid > ? ORDER BY rowid LIMIT ?"
        while batch := list(self._rows(query, [start, _BATCH])):
            start = batch[-1][0]
            with storage_errors(self.path), transaction(self._db):
                n_replies += sum(self._order_replies_to(key) > 1 for _, key in batch)
        return n_replies

    def _order_replies_to(self, key: str) -> int:
        """Order the completions of one request; return the number of runs that have a reply to it."""
        columns = ", ".join(schema.COMPLETION_COLUMNS)
        query = f"SELECT run_of(seq), {columns} FROM completions WHERE key = ? ORDER BY seq"
        found = itertools.groupby(self._rows(query, [key]), key=itemgetter(0))
        groups = [[row[1:] for row in rows] for _, rows in found]
        groups.reverse()  # of equal times, the first run counts
        ordered = sorted(groups, key=_replied, reverse=True)
        self._db.execute("DELETE FROM completions WHERE key = ?", [key])
        self._db.executemany(schema.INSERT_COMPLETION, itertools.chain.from_iterable(ordered))
        return sum(_replied(rows) < _NO_REPLY for rows in groups)


_BATCH = 2_000
_FAILURE, _CREATED = (schema.COMPLETION_COLUMNS.index(name) for name in ("failure_kind", "created"))
_NO_REPLY = math.inf


def _replied(rows: Sequence[tuple[Any, ...]]) -> float:
    """Time of the reply of one run that counts: its last one."""
    times = [row[_CREATED] or 0.0 for row in rows if row[_FAILURE] is None]
    return times[-1] if times else _NO_REPLY


def _check_open_files(n_runs: int) -> None:
    """Check that this process may open all runs at once."""
    with suppress(ImportError):  # Windows has no such limit
        import resource

        limit, needed = resource.getrlimit(resource.RLIMIT_NOFILE)[0], _FILES_PER_RUN * n_runs + _OTHER_FILES
        if 0 <= limit < needed:
            raise RunError(
                f"{n_runs:,} runs need up to {needed:,} open files, and the limit is {limit:,}; raise it "
                f"first: ulimit -n {needed}"
            )


def _check_judges(parts: Sequence[_RunToMerge]) -> None:
    """Check that all runs are of one judge, and are different runs."""
    first, *others = parts
    for path, count in Counter(part.path.resolve() for part in parts).items():
        if count > 1:
            raise RunError(f"{path}: is given {count} times; name each run once")
    for part in others:
        if part.fact("fingerprint") != first.fact("fingerprint"):
            found = list(differences(first.fact("judge"), part.fact("judge")))
            found.sort(key=lambda line: not line.startswith("rubric.name:"))
            raise RunError(
                f"{part.path}: belongs to another judge than {first.path} "
                f"({'; '.join(found[:3])}). Only runs of one judge can be merged"
            )
        for name, problem in _EQUAL.items():
            if part.fact(name) != first.fact(name):
                raise RunError(f"{part.path}: differs from {first.path}: {problem}")


def _check_collected(parts: Sequence[_RunToMerge]) -> None:
    """Refuse runs with open batches: the merged run would request again what is already paid for."""
    for part in parts:
        if waiting := len(open_keys(part.path)):
            raise RunError(
                f"{part.path}: {waiting:,} of its requests are in batches that are not collected; collect "
                "them first: the same judge score … --batch (batch=True)"
            )


def _check_shards(parts: Sequence[_RunToMerge]) -> bool:
    """Check that the runs are all shards of one input; return False where none is a shard."""
    shards = [part.shard for part in parts]
    known = [(part.path, shard) for part, shard in zip(parts, shards, strict=True) if shard]
    if not known:
        return False
    first_path, first = known[0]
    for part, shard in zip(parts, shards, strict=True):
        if shard is None:
            raise RunError(f"{part.path}: is no shard, and {first_path} is one; merge shards only")
        if (shard.of, shard.items) == (first.of, first.items) and shard.input != first.input:
            raise RunError(
                f"{part.path}: is shard {shard.number}/{shard.of} of another input than {first_path}: both "
                f"have {shard.items:,} items, with other contents, ids or another order. Score all shards of "
                "one input"
            )
        if (shard.of, shard.items) != (first.of, first.items):
            raise RunError(
                f"{part.path}: is shard {shard.number}/{shard.of} of an input with {shard.items:,} items, "
                f"and {first_path} is shard {first.number}/{first.of} of one with {first.items:,} items; the "
                "inputs or their numbers of shards differ. Score all shards of one input with equal options"
            )
    _check_complete(known, first.of)
    return True


def _check_complete(known: Sequence[tuple[Path, ShardFact]], of: int) -> None:
    """Check that every shard is given once."""
    numbers = Counter(shard.number for _, shard in known)
    for number, count in numbers.items():
        if count > 1:
            named = ", ".join(str(path) for path, shard in known if shard.number == number)
            raise RunError(f"shard {number}/{of} is given {count} times ({named}); name each shard once")
    if missing := [number for number in range(1, of + 1) if number not in numbers]:
        named = ", ".join(map(str, missing[:_MOST_NAMED])) + (", …" if len(missing) > _MOST_NAMED else "")
        raise RunError(
            f"{len(missing):,} of {of:,} shards {'is' if len(missing) == 1 else 'are'} missing: {named}. "
            f"Score each one (judge score … --shard {missing[0]}/{of}), then merge all of them"
        )


def _combined(manifests: Sequence[dict[str, Any]], n_items: int) -> dict[str, Any]:
    """Facts of the merged run: those of the first run, with counts and times of all."""
    first = {name: value for name, value in manifests[0].items() if name not in ("shard", "random_sample")}
    for name, combine in (("samples", max), ("scored", max), ("seconds", sum)):
        if found := [facts[name] for facts in manifests if name in facts]:
            first[name] = combine(found)
    samples = [facts.get("random_sample") for facts in manifests]
    drawn = [(sample["of"], sample["seed"]) for sample in samples if sample]
    if len(drawn) == len(manifests) and len(set(drawn)) == 1:
        first["random_sample"] = {"items": n_items, "of": drawn[0][0], "seed": drawn[0][1]}
    return first
