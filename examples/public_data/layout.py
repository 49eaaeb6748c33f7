"""The output format of the scripts in this folder: JSON Lines, with one rating per row."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def folders(description: str) -> tuple[Path, Path]:
    """Read the two arguments of a script: the checkout to read and the folder to write."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("checkout", type=Path, help="checkout of the repository at the commit in the README")
    parser.add_argument("out", type=Path, help="output folder; created if it does not exist")
    found = parser.parse_args()
    return found.checkout, found.out


def rating(item_id: str, rater: tuple[str, str], dimension: str, score: float | None, **metadata: Any) -> Row:
    """Return one row: the score of a rater, given as (name, human or judge), for an item on a dimension."""
    name, rater_type = rater
    row = {"item_id": item_id, "rater_id": name, "rater_type": rater_type, "dimension": dimension}
    return {**row, "score": score, **metadata}


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSON Lines and print their number."""
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path}: {len(lines):,} rows")
