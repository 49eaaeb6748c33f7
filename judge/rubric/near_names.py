"""The known name that is most like one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """Return a hint at the name that was probably meant, empty if none is near.

    Examples
    --------
    >>> did_you_mean("dimesions", ["name", "dimensions"])
    '; did you mean dimensions?'
    """
    meant = near_name(word, known)
    return f"; did you mean {meant}?" if meant else ""


def near_name(word: object, known: Iterable[object]) -> str | None:
    """Return the known name that is most like `word`; None if none is much like it."""
    found = get_close_matches(str(word), [str(name) for name in known], n=1, cutoff=0.7)
    return found[0] if found else None
