"""Rated items in two parts: on one a judge or a map is chosen, on the other its agreement is reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.drawn_items import DrawnItems
from judge.analysis.agreement.inputs import AgreementInputs, align_loaded, load_inputs
from judge.analysis.agreement.item_clusters import item_clusters
from judge.analysis.agreement.load import LoadedRatings
from judge.analysis.agreement.matching import known_ids
from judge.analysis.agreement.weighting import ITEM_FILE
from judge.analysis.item_fields import item_field
from judge.counting import counted
from judge.errors import InputError
from judge.files.unpacking import read_text
from judge.formats.anchored import OnAnchored
from judge.formats.rating_columns import COLUMNS
from judge.rows import read_rows
from judge.stats.engine.scale import Bools

SelectOn: TypeAlias = str | Path | Sequence[str]
"""The part on which a choice is made: ``FIELD=VALUE``, a file of ids, or a list of them."""

_MOST_BYTES = 16 * 2**20
"""Size limit of a list of ids."""
_MOST_NAMED = 5


@dataclass(frozen=True)
class SelectionParts:
    """Rated items in two parts without a common item or cluster.

    Attributes
    ----------
    name : str
        The part on which choices are made, in words.
    chosen_on, reported_on : AlignedRatings
        Ratings of the two parts.
    """

    name: str
    chosen_on: AlignedRatings
    reported_on: AlignedRatings


def align_parts(
    inputs: AgreementInputs, select_on: SelectOn, on_anchored: OnAnchored | None = None
) -> SelectionParts:
    """Load the ratings and align those of the items to choose on, and those of all other items.

    Clusters stay together: those with an item in the first part belong to it as a whole.

    Parameters
    ----------
    inputs : AgreementInputs
        Ratings and options.
    select_on : str, path or list of str
        ``FIELD=VALUE`` takes the items with this value of a field; other text is the name of a file with the
        ids of the items, one a line or a table with a column of ids.
    on_anchored : callable or None
        See `align_inputs`.

    Raises
    ------
    InputError
        No item has the field and value or a listed id, or nobody rated an item of one of the two parts.
    """
    loaded = load_inputs(inputs, on_anchored=on_anchored)
    name, chosen, is_field = _part(loaded, select_on)
    whole = _whole_clusters(loaded, chosen, inputs.cluster)
    moved = int(whole.sum() - chosen.sum())
    ids = list(loaded.items)
    rated = {score.item_id for score in loaded.of("human") if score.value is not None}
    parts = []
    for mask, what in ((whole, "to choose on"), (~whole, "left to report on")):
        kept = {ids[place] for place in np.flatnonzero(mask)}
        if not kept & rated:
            raise InputError(
                f"--select-on {name}: of {len(rated):,} rated items none is {what}; allowed is a part of them"
                + (f". Clusters stay together (--cluster {inputs.cluster})" if moved else "")
            )
        drawn = loaded.drawn if is_field else _thinned(loaded.drawn, kept, rated)
        parts.append(align_loaded(inputs, _only(loaded, kept, drawn)))
    chosen_on, reported_on = parts
    if moved:
        note = (
            f"{counted(moved, 'item belongs', 'items belong')} to the part to choose on ({name}), in one "
            f"cluster ({inputs.cluster}) with an item of it."
        )
        reported_on = replace(reported_on, notes=(note, *reported_on.notes))
    return SelectionParts(name, chosen_on, reported_on)


def _part(loaded: LoadedRatings, select_on: SelectOn) -> tuple[str, Bools, bool]:
    """Name and mask of the items to choose on, and whether it is the value of a field that says so."""
    items = tuple(loaded.items.values())
    if isinstance(select_on, str) and "=" in select_on and not Path(select_on).is_file():
        field, _, value = select_on.partition("=")
        labels = item_field(items, field.strip(), hint=ITEM_FILE)
        mask = labels == value.strip()
        if not mask.any():
            found = sorted(set(labels.tolist()))
            more = ", …" if len(found) > _MOST_NAMED else ""
            raise InputError(
                f"--select-on {select_on}: no item has this value; found: {', '.join(found[:_MOST_NAMED])}"
                f"{more}"
            )
        return f"{field.strip()} = {value.strip()}", mask, True
    name = Path(select_on).name if isinstance(select_on, str | Path) else "the listed ids"
    listed = list(dict.fromkeys(_ids(select_on)))
    named = known_ids(loaded.items)
    known = {item for one in listed if (item := named(one)) is not None}
    if unknown := [one for one in listed if named(one) is None]:
        more = ", …" if len(unknown) > _MOST_NAMED else ""
        raise InputError(
            f"--select-on {name}: {len(unknown):,} of {len(listed):,} ids are those of no item "
            f"({', '.join(unknown[:_MOST_NAMED])}{more}); list ids of items of the run"
        )
    return name, np.array([item in known for item in loaded.items], dtype=bool), False


def _ids(source: SelectOn) -> Iterator[str]:
    """Read one id per line or element, or the column of ids of a table."""
    if not isinstance(source, str | Path):
        yield from (one.strip() for one in source)
        return
    if Path(source).suffix in (".txt", ""):
        try:
            text = read_text(Path(source), _MOST_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            problem = getattr(error, "strerror", None) or error
            raise InputError(
                f"--select-on {source}: cannot be read: {problem}; allowed is FIELD=VALUE, or a file of ids"
            ) from None
        yield from (line.strip() for line in text.splitlines() if line.strip())
        return
    for where, row in read_rows(source):
        found = next((row[column] for column in COLUMNS["item_id"] if row.get(column)), None)
        if found is None:
            raise InputError(f"{where}: no id of the item; found: {', '.join(row)}")
        yield str(found).strip()


def _whole_clusters(loaded: LoadedRatings, chosen: Bools, cluster: str | None) -> Bools:
    """Add the items that share a named cluster with a chosen one; those of one question may be divided."""
    items = tuple(loaded.items.values())
    labels = None if cluster is None else item_clusters(items, cluster, hint=ITEM_FILE).labels
    return chosen if labels is None else np.isin(labels, labels[chosen])


def _only(loaded: LoadedRatings, kept: AbstractSet[str], drawn: DrawnItems) -> LoadedRatings:
    return replace(
        loaded,
        items={name: item for name, item in loaded.items.items() if name in kept},
        scores=tuple(score for score in loaded.scores if score.item_id in kept),
        drawn=drawn,
    )


def _thinned(drawn: DrawnItems, kept: AbstractSet[str], rated: AbstractSet[str]) -> DrawnItems:
    """Return the probabilities of the kept items among all answers but those of the other part.

    A list of ids takes some of the drawn items of each stratum, so that fewer of them have to count for the
    other answers of the stratum. Without strata, or for items drawn one by one, all probabilities fall alike.
    """
    known = [item for item in drawn.probabilities if item in rated]
    is_stratified = drawn.name == "stratified" and all(item in drawn.strata for item in known)
    of_stratum: dict[str, list[str]] = {}
    for item in known:
        of_stratum.setdefault(drawn.strata[item] if is_stratified else "", []).append(item)
    probabilities = {}
    for items in of_stratum.values():
        mine = [item for item in items if item in kept]
        for item in mine:
            p = drawn.probabilities[item]
            others = len(items) - len(mine)
            probabilities[item] = (
                min(1.0, len(mine) / (len(items) / p - others))
                if is_stratified
                else (p * len(mine) / len(items))
            )
    return replace(drawn, probabilities=probabilities)
