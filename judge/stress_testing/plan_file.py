"""The file that keeps which items were drawn, so that the same command continues the same stress test."""

import json
from collections.abc import Sequence
from pathlib import Path

from judge.errors import InputError, RunError
from judge.files.writing import make_folder, write_file
from judge.records import Item
from judge.stress_testing.draw import StressItems

_NAME = "stress.json"


def write_drawn(out: Path, drawn: StressItems, n_wanted: int, source: str) -> None:
    """Store the draw in the folder of a stress test."""
    facts = {
        "input": source,
        "wanted": n_wanted,
        "seed": drawn.seed,
        "n_input": drawn.n_input,
        "strata": drawn.strata,
        "items": [item.id for item in drawn.items],
    }
    write_file(make_folder(out) / _NAME, json.dumps(facts, ensure_ascii=False, indent=2) + "\n")


def read_drawn(out: Path, items: Sequence[Item], n_wanted: int, seed: int) -> StressItems | None:
    """Return the items drawn by an earlier call; None if there was none.

    Raises
    ------
    RunError
        The file cannot be read, or the folder holds a stress test of another size or seed.
    InputError
        An item that was drawn is not in the input.
    """
    file = out / _NAME
    if not file.is_file():
        return None
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        wanted, kept_seed, ids = facts["wanted"], facts["seed"], list(facts["items"])
        strata = {name: (int(n), int(of)) for name, (n, of) in facts["strata"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{file}: cannot be read ({error!r:.80}); choose another folder with out (--out)"
        ) from None
    if (wanted, kept_seed) != (n_wanted, seed):
        raise RunError(
            f"{out}: holds a stress test of {wanted} items drawn with seed {kept_seed}, and {n_wanted} items "
            f"with seed {seed} are asked for; choose another folder with out (--out)"
        )
    by_id = {item.id: item for item in items}
    if lacking := [item_id for item_id in ids if item_id not in by_id]:
        raise InputError(
            f"{out}: was drawn from an input with the item {lacking[0]!r}, which this one lacks; choose "
            "another folder with out (--out)"
        )
    return StressItems(tuple(by_id[item_id] for item_id in ids), int(facts["n_input"]), seed, strata)
