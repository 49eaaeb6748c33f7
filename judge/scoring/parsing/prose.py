"""Text of a reply outside its JSON objects: reasoning, and corrections of a verdict. Pure.

A verdict within reasoning is a draft. If the text after a verdict gives another score, there is no score,
because it is unclear which of the two is meant.
"""

import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence

Spans = Sequence[tuple[int, int]]
"""Start and end of objects, in order."""

_MARK = re.compile(
    r"(?P<open><(?:think|thinking|thought|reasoning|scratchpad)>|\[THINK\]|◁think▷"
    r"|<\|channel\|>(?:analysis|commentary)\b)"
    r"|</(?:think|thinking|thought|reasoning|scratchpad)>|\[/THINK\]|◁/think▷|<\|channel\|>final\b",
    re.I,
)
_SCALE = re.compile(r"[(\[]\s*\d+\s*(?:[-–—]|to)\s*\d+\s*[)\]]")
_JOINING = (
    r"(?:[ \t*_`'\"|:=(→>-]|\b(?:(?:scores?|ratings?)(?: of)?|is|was|be|are|should|must|have|been|now|an?"
    r"|(?:changed|corrected|revised|lowered|raised|set)(?: to)?|from|gets?|deserves?|rather|really|actually"
    r"|only)\b){1,40}?"
)
_NUMBER = r"(?<![\w.])(\d{1,4}(?:\.\d+)?)(?![\w%]|\.\d)"
_END_OF_WORD = (
    r"(?=[*_`'\"|)\]]*\s*(?:[.,;:!?\n|→(—–]|$|->|=>|\b(?:to|because|since|as|by|in|for|here|instead)\b))"
)
_CHANGE = rf"(?:\s*(?:→|->|=>|\bto\b)\s*{_NUMBER})?"
_FOR = r"(?:\s*/\s*\d+|\s+out of \d+)?\s+(?:for|on)\s+[*_`'\"]*"


def without_thoughts(text: str, spans: Spans) -> str:
    """Remove reasoning marked by tags outside the objects; without a closing tag it extends to the end.

    >>> without_thoughts("<thinking>A 5?</thinking> A 4.", ())
    ' A 4.'
    """
    if not any(sign in text for sign in "<[◁"):
        return text
    kept, position, in_thought = [], 0, False
    for match in _MARK.finditer(text):
        before = bisect(spans, (match.start(), len(text)))
        if before and match.start() < spans[before - 1][1]:
            continue
        if match["open"]:
            kept.append("" if in_thought else text[position : match.start()])
        elif not in_thought:  # the reasoning began in the prompt
            kept.clear()
        position, in_thought = match.end(), bool(match["open"])
    return "".join([*kept, "" if in_thought else text[position:]])


def corrections(
    text: str, scores: Mapping[str, float], words: Mapping[str, Mapping[str, float]] | None = None
) -> Iterator[str]:
    """Yield the statements of a text that give another score for one of these dimensions.

    Parameters
    ----------
    text : str
        What follows a verdict.
    scores : mapping
        Dimension -> its number in the verdict.
    words : mapping or None
        Dimension whose values are words (met or not, labels) -> each word with its number.

    Examples
    --------
    >>> list(corrections("Clarity is fine. Actually, clarity should be 3.", {"clarity": 4}))
    ['clarity should be 3']
    >>> list(corrections("But c1 is not met.", {"c1": 1}, {"c1": {"met": 1, "not met": 0}}))
    ['c1 is not met']
    """
    if not text.strip():
        return
    has_digits = any(map(str.isdecimal, text))
    text = _SCALE.sub(" ", text)
    folded = text.casefold()
    for name, score in scores.items():
        parts = re.findall(r"[^\W_]+", name)
        if not parts or parts[0].casefold() not in folded:
            continue
        spelt = r"[\s_-]*".join(map(re.escape, parts))
        if values := (words or {}).get(name):
            yield from _other_words(text, spelt, score, values)
        elif has_digits:
            stated = rf"(?<!\w){spelt}(?!\w){_JOINING}{_NUMBER}{_CHANGE}|{_NUMBER}{_FOR}{spelt}(?!\w)"
            for match in re.finditer(stated, text, re.I):
                if float(match[2] or match[1] or match[3]) != score:
                    yield match[0]


def _other_words(text: str, spelt: str, score: float, values: Mapping[str, float]) -> Iterator[str]:
    """Yield the statements that give another value in words, as in ``c1 is not met``."""
    by_length = sorted(values, key=len, reverse=True)
    word = "|".join(r"[\s_-]+".join(map(re.escape, name.split())) for name in by_length)
    one = rf"(?P<not>(?:not|(?:is|was)n['’]t)\s+)?(?P<%s>{word}){_END_OF_WORD}"
    change = rf"(?:\s*(?:→|->|=>|\bto\b)\s*{(one % 'last').replace('<not>', '<last_not>')})?"
    plain = {_plain(name): value for name, value in values.items()}
    for match in re.finditer(rf"(?<!\w){spelt}(?!\w){_JOINING}{one % 'first'}{change}", text, re.I):
        part = "last" if match["last"] else "first"
        is_negated = match["last_not" if part == "last" else "not"] is not None
        if (plain[_plain(match[part])] == score) == is_negated:
            yield match[0]


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).casefold()
