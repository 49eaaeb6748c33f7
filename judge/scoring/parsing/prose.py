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


def corrections(text: str, scores: Mapping[str, float]) -> Iterator[str]:
    """Yield the statements of a text that give another score for one of these dimensions.

    >>> list(corrections("Clarity is fine. Actually, clarity should be 3.", {"clarity": 4}))
    ['clarity should be 3']
    """
    if not any(map(str.isdecimal, text)):
        return
    text = _SCALE.sub(" ", text)
    for name, score in scores.items():
        spelt = r"[\s_-]*".join(map(re.escape, re.findall(r"[^\W_]+", name)))
        stated = rf"(?<!\w){spelt}(?!\w){_JOINING}{_NUMBER}{_CHANGE}|{_NUMBER}{_FOR}{spelt}(?!\w)"
        for match in re.finditer(stated, text, re.I):
            if float(match[2] or match[1] or match[3]) != score:
                yield match[0]
