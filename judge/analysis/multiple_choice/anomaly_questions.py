"""Whether a right answer says that a part is anomalous: yes/no, true/false, named options, open answers."""

import math
import re

from judge.records import Item
from judge.scoring.parsing.chosen_letter import LETTERS

QUESTION_TYPE = "question_type"
_ANOMALOUS = {"abnormal", "anomalous", "defective", "defect", "anomaly", "bad", "ng"}
_NORMAL = {"normal", "good", "defect-free", "non-defective", "no defect", "no anomaly", "ok"}
_YES, _NO = {"yes", "true"}, {"no", "false"}
_FIRST_WORD = re.compile(r"\w+")
_FIRST_STOP = re.compile(r"[,.;:!?]|\s[-–—]\s")
_ABOUT_ANOMALY = re.compile(
    r"\b(?:abnormal|anomal|defect|damag|fault|flaw|broken|crack|scratch|dent|contaminat|irregular)\w*"
)
_ABOUT_NORMAL = re.compile(
    r"\b(?:(?:free|clear)\s(?:of|from)|without(?:\sany)?|no(?:\svisible)?|not)\s"
    r"(?:abnormal|anomal|defect|damag|fault|flaw|broken|crack|scratch|contaminat)\w*"
    r"|\b(?:defect|damage|fault)-free\b|\b(?:non-defective|undamaged|flawless|normal|good|intact|ok)\b"
)


def says_anomalous(item: Item, letter: str | None) -> float:
    """1 if an option says that there is an anomaly, 0 if it says that there is none, NaN if it says neither.

    A question is about an anomaly if it has two options, of which one means yes (or true, or defective) and
    the other no; a `question_type`, if there is one, must mention anomaly or detection. Where the options are
    just yes and no, or true and false, the question says which of them means an anomaly: "Is it normal?"

    Examples
    --------
    >>> item = Item(id="1", question="Is the part normal?", answer="A", choices=("Yes", "No"), gold="B")
    >>> says_anomalous(item, "B"), says_anomalous(item, "A")
    (1.0, 0.0)
    """
    if letter is None or _is_of_another_type(item):
        return math.nan
    options = [_plain(choice) for choice in item.choices]
    if not any(options):  # MMAD without option texts: the folder of the picture tells
        anomaly = item.field("anomaly") if item.field(QUESTION_TYPE) is not None else None
        return float(anomaly) if isinstance(anomaly, bool) else math.nan
    if len(options) != 2:
        return math.nan
    chosen = options[LETTERS.index(letter)]
    if set(options) & (_ANOMALOUS | {"yes"}) and set(options) & (_NORMAL | {"no"}):
        means_yes = float(chosen in _ANOMALOUS | {"yes"})
        is_inverse = set(options) == {"yes", "no"} and yes_means(item.question) == 0
        return 1 - means_yes if is_inverse else means_yes
    firsts = [_first_word(option) for option in options]
    if {*firsts} & _YES and {*firsts} & _NO:
        return _by_question(item, is_yes=_first_word(chosen) in _YES)
    return math.nan


def reference_anomalous(item: Item) -> float:
    """Like `says_anomalous`, for the reference answer of an open question, such as "Yes, at the top".

    Examples
    --------
    >>> item = Item(id="1", question="Is there a defect?", answer="?", reference="Yes, a crack.")
    >>> reference_anomalous(item)
    1.0
    """
    if item.reference is None or item.choices or _is_of_another_type(item):
        return math.nan
    opening = _plain(_FIRST_STOP.split(item.reference, maxsplit=1)[0])
    if opening in _ANOMALOUS | _NORMAL:
        return float(opening in _ANOMALOUS)
    first = _first_word(opening)
    return _by_question(item, is_yes=first in _YES) if first in _YES | _NO else math.nan


def yes_means(question: str) -> float:
    """1 if yes (or true) means an anomaly, 0 if it means that there is none, else NaN.

    The last sentence decides, if it speaks of one of them.

    >>> yes_means("One image is normal. Has the other a defect?"), yes_means("Is it free of defects?")
    (1.0, 0.0)
    """
    text = " ".join(question.casefold().split())
    for part in (re.split(r"(?<=[.!?])\s", text)[-1], text):
        if _ABOUT_ANOMALY.search(_ABOUT_NORMAL.sub(" ", part)):
            return 1.0
        if _ABOUT_NORMAL.search(part):
            return 0.0
    return math.nan


def _by_question(item: Item, *, is_yes: bool) -> float:
    meaning = yes_means(item.question)
    return meaning if is_yes else 1 - meaning


def _is_of_another_type(item: Item) -> bool:
    kind = item.field(QUESTION_TYPE)
    return kind is not None and not any(word in str(kind).casefold() for word in ("anomal", "detection"))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .")


def _first_word(text: str) -> str:
    found = _FIRST_WORD.match(text)
    return found[0] if found else ""
