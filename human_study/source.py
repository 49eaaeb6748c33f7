"""The source of a study: the items of a run or of a file, with rubric, judge scores and image folder."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias, Unpack

from human_study import label_studio
from human_study.plan import Listed
from human_study.shown_verdict import FIELD, shown_verdicts
from judge.errors import InputError
from judge.files.unpacking import read_text
from judge.items import ItemOptions, placed_items
from judge.records import OVERALL, Item
from judge.rows import RowSource, is_file, is_saved_dataset, name_of, read_rows
from judge.rubric import Rubric, load_rubric
from judge.scoring.run import Run

ItemSource: TypeAlias = Run | RowSource
"""A run or its folder, a file of answers, tasks of Label Studio, a DataFrame, a list of dicts or of Items."""

_BY_SCORE = ("score", "passed")
_MOST_BYTES = 16 * 2**20
"""Size limit of a list of ids and of an introduction."""


class StudySource:
    """Items with their rubric, image folder and, if they come from a run, the scores of its judge."""

    def __init__(self, items: list[Item], rubric: Rubric, image_root: Path) -> None:
        self.items, self.rubric, self.image_root = items, rubric, image_root
        self.values: dict[str, dict[str, float]] | None = None
        """Judge score by item and dimension; None without a judge."""
        self.run: Path | None = None
        """Folder of the run, if the items come from one."""

    @classmethod
    def read(
        cls, source: ItemSource, rubric: str | Path | Rubric | None, **reading: Unpack[ItemOptions]
    ) -> "StudySource":
        """Read a run, or answers as `judge.load_items` does; `rubric` replaces that of the run."""
        chosen = load_rubric(rubric) if isinstance(rubric, str | Path) else rubric
        if isinstance(source, Run):
            return cls._from_run(source.path, chosen)
        path = Path(source) if is_file(source) else None
        if path is not None and path.is_dir() and not is_saved_dataset(path):
            return cls._from_run(path, chosen)
        items = list(_items(source, reading))
        return cls(items, chosen or load_rubric("open_qa"), path.parent if path else Path())

    @classmethod
    def _from_run(cls, path: Path, rubric: Rubric | None) -> "StudySource":
        with Run.open(path) as run:
            root = run.manifest.get("image_root") or "."
            found = cls(list(run.items()), rubric or run.rubric, Path(root))
            found.values = {item.id: {} for item in found.items}
            for score in run.scores():
                if score.item_id not in found.values:
                    raise InputError(f"{path}: a score names item {score.item_id!r}, which is not in the run")
                if isinstance(score.value, float) and score.sample == 0 and score.criterion is None:
                    found.values[score.item_id][score.dimension] = score.value
            found.run = path
        return found

    def with_verdicts(self) -> "StudySource":
        """Return the items to which the judge gave a score, each with the verdict to show.

        Raises
        ------
        InputError
            There is no judge, or it gave no score.
        """
        if self.values is None or self.run is None:
            raise InputError(
                "--show-verdict: needs the scores of a judge; score the answers first and name the run"
            )
        if used := [item.id for item in self.items if FIELD in item.metadata]:
            raise InputError(
                f"item {used[0]!r}: has a field {FIELD!r}, which --show-verdict uses; give it another name"
            )
        with Run.open(self.run) as run:
            verdicts = shown_verdicts(run.scores(), run.rubric)
        scored = [verdicts[item.id].on(item) for item in self.items if item.id in verdicts]
        if not scored:
            raise InputError("--show-verdict: the judge of the run gave no score")
        found = StudySource(scored, self.rubric, self.image_root)
        found.values = {item.id: self.values[item.id] for item in scored}
        return found

    def strata(self, field: str) -> dict[str, str]:
        """Return the stratum of each item: the value of a field, or the score or verdict of the judge."""
        if field in _BY_SCORE:
            return self._by_score(field)
        found = {item.id: item.field(field) for item in self.items}
        if all(value is None for value in found.values()):
            fields = ", ".join(sorted({name for item in self.items for name in item.metadata})) or "none"
            raise InputError(
                f"--stratify {field}: no item has this field; found: {fields}; for a run also: score, passed"
            )
        return {item_id: "missing" if value is None else str(value) for item_id, value in found.items()}

    def _by_score(self, field: str) -> dict[str, str]:
        if self.values is None:
            raise InputError(
                f"--stratify {field}: needs the scores of a judge; score the answers first and name the run"
            )
        by_pass = field == "passed" or OVERALL not in self.rubric.scored
        return {
            item_id: _verdict(self.rubric, values) if by_pass else _overall(self.rubric, values)
            for item_id, values in self.values.items()
        }


def _verdict(rubric: Rubric, values: Mapping[str, float]) -> str:
    return {True: "passed", False: "failed", None: "no verdict"}[rubric.passes(values)]


def _overall(rubric: Rubric, values: Mapping[str, float]) -> str:
    """Overall score in scale points; a share of points in tenths."""
    digits = 1 if rubric.overall.how == "points" else 0
    return f"overall {values[OVERALL]:.{digits}f}" if OVERALL in values else "no score"


def _items(source: RowSource, reading: ItemOptions) -> Iterator[Item]:
    rows = list(read_rows(source, encoding=reading.get("encoding")))
    if rows and isinstance(rows[0][1], dict) and label_studio.is_task(rows[0][1]):
        has_id = bool(reading.get("id_from")) or "id" in (reading.get("mapping") or {})
        rows = [(where, label_studio.to_row(row, where, has_id=has_id)) for where, row in rows]
    return (item for _, item in placed_items(rows, name_of(source), **reading))


def text_in(path: str | Path) -> str:
    """Read a text file, or standard input for ``-``."""
    if str(path) == "-":
        return sys.stdin.read(_MOST_BYTES)
    try:
        return read_text(Path(path), _MOST_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None


def listed_items(source: RowSource) -> Iterator[Listed]:
    """Read one id per line or element, or the rows of a table with ids, probabilities and strata."""
    if is_file(source) and Path(source).suffix in (".txt", ""):
        yield from (Listed(line.strip()) for line in text_in(source).splitlines() if line.strip())
        return
    for where, row in read_rows(source):
        fields = row if isinstance(row, dict) else {"id": row}
        name, drawn = fields.get("item_id") or fields.get("id"), fields.get("probability")
        try:
            probability = None if drawn in (None, "") else float(drawn)
        except (TypeError, ValueError):
            probability = -1.0
        if name is None or (probability is not None and not 0 < probability <= 1):
            raise InputError(
                f"{where}: a row needs an id, and optionally a probability above 0 and at most 1; found {row}"
            )
        stratum = fields.get("stratum")
        yield Listed(str(name), probability, "" if stratum is None else str(stratum).strip())
