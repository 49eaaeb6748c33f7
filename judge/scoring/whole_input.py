"""The whole input of which one shard is scored: its items are checked and digested, and selected."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from judge.errors import RunError
from judge.records import Item, content_hash
from judge.scoring.images import content_of
from judge.scoring.run import Run
from judge.scoring.schema import ingest_state
from judge.scoring.shards import Shard, ShardFact


def content_key(item: Item, root: Path) -> str:
    """Return a hash of what an item contributes to its request; items with equal requests have equal hashes.

    The id, the system and the metadata do not count. An image counts by its content or its URL.
    """
    pictures = [[content_of(image, root), image.role] for image in item.images]
    return content_hash([item.question, item.answer, item.references, pictures, item.choices])


class WholeInput:
    """Reads the whole input, of which one shard is scored: selects its items, and checks and digests all.

    Attributes
    ----------
    n_items : int
        Items that were read so far.
    position : int
        Position in the whole input, counted from 1, of the item that was yielded last.
    """

    def __init__(self, shard: Shard, root: Path) -> None:
        self.n_items = self.position = 0
        self._shard = shard
        self._root = root
        self._digest = hashlib.sha256()

    def items_of_shard(self, items: Iterable[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
        """Yield the items of the shard with their places.

        Raises
        ------
        InputError
            Two items of the whole input have the same id and different content.
        """
        with closing(sqlite3.connect("", isolation_level=None)) as seen:  # on disk, so that memory stays flat
            seen.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID")
            seen.execute("BEGIN")
            for self.n_items, (place, item) in enumerate(items, start=1):
                # A copy, because an item keeps its digest, and that of its images is not known yet.
                digest = _checked_digest(seen, item.model_copy(), place)
                content = content_key(item, self._root)
                self._digest.update(f"{digest}{content}".encode())
                if self._shard.holds(content):
                    self.position = self.n_items
                    yield place, item

    def fact(self) -> ShardFact:
        """Return what the manifest of the run records."""
        return ShardFact(
            number=self._shard.number,
            of=self._shard.of,
            items=self.n_items,
            input=self._digest.hexdigest(),
        )


def _checked_digest(seen: sqlite3.Connection, item: Item, place: str) -> str:
    """Return the digest of an item whose id is new, or that of an equal item."""
    known = seen.execute("SELECT digest, 1 FROM ids WHERE id = ?", [item.id]).fetchone()
    if ingest_state(item, known, 1, place) == "new":
        seen.execute("INSERT INTO ids VALUES (?, ?)", [item.id, item.digest])
    return item.digest


def check_shard(run: Run, shard: Shard | None) -> None:
    """Check that a run with replies is that of the shard that is scored.

    Raises
    ------
    RunError
        It is another shard, or one of the two is a shard and the other is not.
    """
    kept = run.fact("shard")
    found = Shard(kept["number"], kept["of"]) if kept else None
    if not run.is_judged or found == shard:
        return
    holds = f"shard {found}" if found else "the answers of an input without shards"
    wanted = f"shard (--shard) is {shard}" if shard else "no shard (--shard) is given"
    raise RunError(
        f"{run.path}: holds {holds}, but {wanted}. Each shard needs a folder of its own: choose another one "
        "with out (--out), or give the shard of this one"
    )
