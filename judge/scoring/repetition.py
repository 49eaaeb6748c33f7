"""Whether a text that was cut at its limit had only begun to repeat itself. Pure."""

_LONGEST_PERIOD = 400
"""Characters of what is repeated: two or three sentences."""
_REPEATS = 3
_LEAST = 60
"""Characters of the repetition in all: a word that stands there three times is none."""


def repeats_itself(text: str) -> bool:
    """Tell whether a text ends with one piece of text three times in a row.

    A model that decodes without chance never leaves such a loop: with more room, it fills that, too.

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
