"""Detect replies that were truncated because they repeat themselves. Pure."""

_LONGEST_PERIOD = 400
"""Largest length in characters of the repeated piece: two or three sentences."""
_REPEATS = 3
_LEAST = 60
"""Smallest length in characters of all repetitions; a word three times in a row does not count."""


def repeats_itself(text: str) -> bool:
    """Whether a text ends with the same piece of text three times in a row.

    With greedy decoding a model does not leave such a loop, so a higher token limit does not help.

    >>> repeats_itself("It is good. " + "It is correct and clear. " * 4 + "It is cor")
    True
    >>> repeats_itself("The answer names the cause, but it leaves out the two exceptions, and its end is")
    False
    """
    for period in range(1, _LONGEST_PERIOD + 1):
        length = max(_REPEATS * period, _LEAST)
        if length > len(text):
            if period >= _LEAST:
                return False
            continue
        tail = text[-length:]
        if tail[period:] == tail[:-period]:
            return True
    return False
