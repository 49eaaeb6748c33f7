"""Read the chosen letter from a raw reply to a multiple-choice question, or the reason why there is none.

Rules are tried from the strongest evidence to the weakest, and the first that applies decides: a bare
letter, a marked final answer, a letter alone on the last line, an announced one ("the answer is …"), a
decision ("I choose …"), an option's text before a stop, a letter at the start, an option's text anywhere, one
letter in brackets. Of several announcements the last counts. A letter that was not offered, two letters and a
refusal are not answers; nothing is guessed.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Unreadable = Literal["empty", "refused", "not_offered", "several", "no_choice", "truncated"]
How = Literal["letter", "marked", "announced", "decided", "first", "last", "text", "bracketed"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
READER_VERSION = 1
"""It increases whenever a rule of this module changes, because readings by different rules are not mixed."""
UNREADABLE: dict[Unreadable, str] = {
    "empty": "empty",
    "truncated": "reasoning cut off",
    "refused": "refused",
    "not_offered": "option not offered",
    "several": "several options",
    "no_choice": "no option",
}
"""Reason why there is no letter, in words."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Letter read from one reply and the rule that found it, or the reason why there is none."""

    letter: str | None = None
    how: How | None = None
    reason: Unreadable | None = None

    @property
    def readable(self) -> bool:
        """Whether one offered letter was found."""
        return self.letter is not None


def read_letter(reply: str, choices: Sequence[str]) -> Reading:
    """Read the chosen letter from a raw reply.

    If letter and text of an option disagree ("B. dent", though dent is C), the letter counts.

    Parameters
    ----------
    reply : str
        Reply of the model, reasoning included.
    choices : sequence of str
        Texts of the offered options A, B, C, …; an unknown text is empty.

    Returns
    -------
    Reading
        Either an offered letter, or the reason why none could be read: ``empty``, ``refused``,
        ``not_offered``, ``several``, ``truncated`` (only an unfinished thought), ``no_choice``.

    Raises
    ------
    ValueError
        There are no choices, or more than 26.

    Examples
    --------
    >>> read_letter("Not B. The correct answer is (C), because …", ["lid", "cap", "body"]).letter
    'C'
    >>> read_letter("A scratch is visible.", ["dent", "hole"]).reason
    'no_choice'
    """
    if not 0 < len(choices) <= len(LETTERS):
        raise ValueError(f"choices must be 1 to {len(LETTERS)} texts, got {len(choices)}.")
    text = _plain(reply)
    if text is None:
        return Reading(reason="truncated")
    if not text:
        return Reading(reason="empty")
    return _LetterReader(text, [_folded(choice) for choice in choices]).read()


# --- plain text

_THOUGHT_END = re.compile(r"</(?:think|thinking|reasoning)>", re.I)
_THOUGHT_START = re.compile(r"<(?:think|thinking|reasoning)>", re.I)
_LATEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")
_TYPOGRAPHY = re.compile(r"[*_`~$#]+|\\[()\[\]]|<\|[^|]*\|>|</?(?:b|i|strong|em|p|br)\s*/?>", re.I)
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_MARKS = " .,;:!?\"'“”‘’「」『』。()[]"
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\s*\n\s*")


def _plain(reply: str) -> str | None:
    """Reply without reasoning and typography; None if it is only unfinished reasoning."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", reply))
    before, after = _THOUGHT_START.split(text)[0], _THOUGHT_END.split(text)[-1]
    reply = _THOUGHT_START.split(after)[0] if after.strip() else before
    if text.strip() and not reply.strip():
        return None
    bare = _TYPOGRAPHY.sub("", _LATEX.sub(r"\1", reply))
    return _EMPTY_LINES.sub("\n", _SPACES.sub(" ", bare)).strip()


def _folded(text: str) -> str:
    """Text for comparison: case-folded, without punctuation at the ends, with single spaces."""
    inner = " ".join(_TYPOGRAPHY.sub("", unicodedata.normalize("NFKC", text)).casefold().split())
    return inner.strip(_MARKS)


# --- patterns: no two repetitions overlap, so that a reply of megabytes is read in linear time

_END = r"(?![A-Za-zÀ-ɏ0-9'’+#]|[-‐–][A-Za-z]|\.[A-Za-z])"
"""A letter is not an option inside a word (CORRECT), before an apostrophe (C'est), in X-ray, C++ or e.g."""
_OPEN, _CLOSE = r"[(\[{<\"'“‘「『【]{0,3}\s?", r"\s?[)\]}>\"'”’」』】]{0,3}"
_KIND = r"(?P<kind>(?:option|choice|letter|answer|antwort|auswahl|buchstabe|选项|选|第)\s*)?"
_START = r"(?<![A-Za-zÀ-ɏ0-9'’])"
"""Nor is a letter at the end of a word (PCB is correct)."""
_TOKEN = rf"{_START}{_KIND}{_OPEN}(?P<letter>[A-Za-z]){_END}{_CLOSE}"
_NAMED = rf"{_START}(?i:{_KIND.replace('?P<kind>', '?:')}){_OPEN}[A-Z]{_END}{_CLOSE}"
_JOINED = rf"(?:\s*(?:,|/|(?i:and|or|nor|und|oder|noch)|和|或|、)\s*{_NAMED}){{0,5}}+"
_DENIED = re.compile(
    r"(?i:\b(?:not|isn't|cannot be|can't be|rather than|instead of|over|eliminates?|eliminating|rules? out|"
    r"ruling out|excludes?|excluding|nicht|statt|anstatt)\s+(?:the\s+)?(?:either\s+)?|"
    rf"不是|不选|排除|而不是|而非){_NAMED}{_JOINED}(?:\s*,?\s*(?i:but|sondern|而是)\s*)?"
    rf"|{_NAMED}{_JOINED}\s+(?i:is|are|can be|ist|sind|seems?|looks?)\s+(?i:clearly\s+|both\s+|also\s+)?"
    r"(?i:not|wrong|incorrect|false|ruled out|excluded|eliminated|unlikely|falsch|nicht)\b"
    r"|\bN\s?/\s?A\b"
)

_IS_WORD = (
    r"(?:\b(?:is|are|was|must be|would be|should be|could be|might be|may be|has to be|be|ist|lautet|wäre|"
    r"est|es)\b|[是为為は이은는:=→]|-+>)"
)
_IS_0, _IS_1 = rf"[\"\s]*(?:{_IS_WORD}[\"\s]*)*", rf"[\"\s]*(?:{_IS_WORD}[\"\s]*)+"
_ANSWER = (
    r"(?:\b(?:answers?|ans|antwort|lösung|réponse|respuesta(?: correcta)?|solution|prediction)\b|"
    r"答案|答え|正解|정답|답)"
)
_OPTION = r"(?:\b(?:option|choice|selection|response|auswahl|letter)\b|选项|选择)"
_GOOD = r"(?:\b(?:correct|right|best|final|my|richtige|korrekte)\b|正确)"
_ASIDE = r"(?:\s\([^()\n]{1,30}\))?"
_ANNOUNCED = re.compile(
    rf"(?:{_ANSWER}{_ASIDE}{_IS_0}|{_GOOD}的?\s?{_OPTION}{_IS_0}|{_OPTION}{_IS_1})"
    r"(?:(?:either|both|but|entweder)\s)?",
    re.I,
)
_DECIDED = re.compile(
    r"(?:\b(?:choose|chose|select|selected|pick|picked|go with|going with|opt for|vote for|conclude|wähle|"
    r"nehme|therefore|thus|hence|so|daher|somit|deshalb|(?:it|this|that|es) (?:is|must be|should be|"
    r"has to be|ist|muss)|(?:correct|right|best|richtig|korrekt)(?: one)? (?:is|ist))\b|"
    r"应选|应该选|选择|選択|因此|所以|选)"
    r"[,:]?\s?(?:it's\s|it is\s)?(?:the\s)?(?:either\s)?",
    re.I,
)
_CORRECT = re.compile(
    rf"{_TOKEN}(?:\s?\([^()\n]{{1,80}}\))?\s?(?:is|ist|seems|appears|would be|是|为)\s?"
    r"(?:the\s|die\s|to be\s){0,2}(?:clearly\s|most likely\s)?"
    r"(?:(?:correct|right|best|richtig|korrekt|true|accurate|answer)\b|正确|对)",
    re.I,
)
_NEXT = re.compile(
    rf"\s?(?:,|/|&|\+|;|\b(?:and|or|und|oder|et|ou|and/or)\b|和|或者?|及|、)\s?(?:either\s)?{_TOKEN}", re.I
)
_AT_LETTER = re.compile(_TOKEN, re.I)
_STOP = re.compile(r"\s?[)\]}>.:;\"'”’」』】!]|\s?,|\n|\Z")
_VERB_OR_LINK = re.compile(
    r"\s(?:because|since|as|is|are|and|or|und|oder|but|due|given|which|for|based|with|rather|was|seems|"
    r"appears|would|should|ist|weil|da|denn|matches|describes|shows|best)\b",
    re.I,
)
_MARKED = re.compile(r"\\boxed\s?\{([^{}]*)\}|<answer>([^<]*)|\[\[([^\[\]]*)\]\]", re.I)
_GLUED = re.compile(r"[a-zà-ɏ0-9)%][.!?](?: ?(?=[B-HJ-Z]))?([A-Z])\.?\Z")
"""A letter after the last stop of a line: "… at the top.B"; "… at the top. A" may be cut off."""
_LABELS = re.compile(r"\s?[.:)\]]")
_LISTED = re.compile(rf"^(?:[-•>] ?)?{_OPEN}([A-Za-z]){_END}\s?[.):\]-]", re.M)
_BRACKETED = re.compile(
    r"[(\[「『“\"'] ?([A-Z]) ?[)\]」』”\"']|(?<![\w.])([B-HJ-Z])\)|"
    rf"(?i:\boption|\bchoice|选项|\bauswahl)\s?([A-Z]){_END}"
)

_REFUSAL = re.compile(
    r"\b(?:(?:i'?m|i am|we are) sorry|i apologi[sz]e|as an ai|don'?t know|do not know|(?:i'm|i am) not sure|"
    r"i won't|(?:cannot|can't|can not|could not|couldn't|unable to|(?:not |im)possible to) (?:be )?"
    r"(?:determine|answer|tell|see|assist|help|identify|provide|say|judge|confirm|access|view|process|decide|"
    r"know)|(?:in|not )sufficient information|not enough information|weiß (?:ich |es ){0,2}nicht|"
    r"kann (?:ich |man |das |die |es |leider ){0,3}nicht|je ne sais pas|no lo sé|désolé|lo siento)|"
    r"抱歉|无法|不能确定|不确定|不知道|申し訳|わかりません|죄송",
    re.I,
)
_NO_WORD = re.compile(
    r"(?:\b(?:no|not|never|without|neither|nor|keine?[nr]?|nicht|ohne|isn't|aren't|doesn't|don't|rather than|"
    r"instead of|aucune?|sin)\b(?:\s+\w+){0,2}\s*|(?:没有|无|不是|并非|不)\s*)\Z"
)
_EDGE = r"0-9a-zà-ɏ"
_ARTICLE = re.compile(r"(?:the|an?|die|der|das|eine?|la|le|el|un|une)\s")
_FIRST_STOP = re.compile(r"[,.;:!\n。、]|\s[-–—]\s")
_YES = ("yes", "yeah", "yep", "ja", "oui", "sí", "si", "да", "是", "是的", "有", "はい", "네", "예")
_NO = ("no", "nope", "nein", "non", "нет", "否", "不是", "没有", "不", "いいえ", "아니요")


class _LetterReader:
    """Reads one reply, given the offered options."""

    def __init__(self, text: str, options: list[str]) -> None:
        self.whole = _folded(text)
        self.text = _DENIED.sub(" ", text)
        self.options = options
        self.reach = 2 * max(map(len, options)) + 20  # characters in which an option's text must end
        self.offered = LETTERS[: len(options)]

    def read(self) -> Reading:
        steps = (
            self._bare, self._marked, self._last_line, self._announced, self._decided, self._leading_text,
            self._first, self._refused, self._mentioned_text, self._bracketed,
        )  # fmt: skip
        return next((found for step in steps if (found := step())), Reading(reason="no_choice"))

    # --- letters that are the whole answer

    def _bare(self) -> Reading | None:
        """Take a reply of one letter, ignoring punctuation, or of exactly the text of one option."""
        if found := self._of_text(self.whole):
            return found
        is_letter = len(self.whole) == 1 and self.whole.upper() in LETTERS
        return self._found(self.whole, "letter") if is_letter else None

    def _marked(self) -> Reading | None:
        r"""Take the last content of \boxed{}, <answer></answer> or [[ ]]."""
        marked = [next(filter(None, groups), "") for groups in _MARKED.findall(self.text)]
        if not marked:
            return None
        inner = marked[-1].strip()
        at = _AT_LETTER.match(inner)
        if at and self._is_letter(at):
            return self._one_or_several(at, "marked")
        return self._of_text(_folded(inner))

    def _announced(self) -> Reading | None:
        """Take the last "the answer is …"."""
        return self._last_after(_ANNOUNCED, "announced")

    def _decided(self) -> Reading | None:
        """Take the last "I choose …" or "so it must be …", or else the one "… is correct"."""
        if found := self._last_after(_DECIDED, "decided"):
            return found
        return self._only(
            {m["letter"] for m in _CORRECT.finditer(self.text) if self._is_letter(m)}, "decided"
        )

    def _first(self) -> Reading | None:
        """Take a letter at the start, unless the reply repeats the list of options."""
        at = _AT_LETTER.match(self.text)
        if at is None or not self._is_letter(at) or len(self._listed()) > 1:
            return None
        stopped = _STOP.match(self.text, at.end("letter"))
        if not stopped and (at["kind"] or at["letter"].islower() or at["letter"] not in self.offered):
            return None  # "Option A shows …", "V shaped …"
        return self._one_or_several(at, "first")

    def _last_line(self) -> Reading | None:
        """Take a last line that is a letter, alone or with the text of its option, or that ends in one."""
        line = self.text.splitlines()[-1].strip() if self.text.strip() else ""
        if glued := _GLUED.search(line):
            return self._found(glued[1], "last")
        at = _AT_LETTER.match(line)
        if at is None or not self._is_letter(at):
            return None
        rest = _folded(line[at.end() :])
        with_own_text = rest != "" and rest == self._option(at["letter"]) and len(self._listed()) <= 1
        if with_own_text or (not rest and at["letter"].isupper()):
            return self._found(at["letter"], "last")
        return None

    def _bracketed(self) -> Reading | None:
        """Take the only letter in brackets or after "option"."""
        return self._only({next(filter(None, g)) for g in _BRACKETED.findall(self.text)}, "bracketed")

    # --- texts of options

    def _leading_text(self) -> Reading | None:
        """Take a reply that begins with an option and punctuation: "Yes, there is …"."""
        opening = _folded(_FIRST_STOP.split(self.text, maxsplit=1)[0])
        if sorted(self.options) == ["no", "yes"]:
            opening = "yes" if opening in _YES else "no" if opening in _NO else opening
        return self._of_text(opening)

    def _mentioned_text(self) -> Reading | None:
        """Take the only option whose text occurs without a negation."""
        return self._only(self._mentions(), "text")

    def _mentions(self) -> set[str]:
        """Letters of the options whose text occurs; a text inside a longer option's text does not count."""
        rest, found = " ".join(self.text.casefold().split()), set()
        for option in sorted({o for o in self.options if o}, key=len, reverse=True):
            whole = re.compile(rf"(?<![{_EDGE}]){re.escape(option)}(?![{_EDGE}])")
            starts = [hit.start() for hit in whole.finditer(rest)]
            if any(not _NO_WORD.search(rest[max(0, start - 60) : start]) for start in starts):
                found |= self._letters_of(option)
            rest = whole.sub("\0", rest)
        return found

    def _refused(self) -> Reading | None:
        """Find a refusal, unless an option itself says that the answer is not known."""
        if not _REFUSAL.search(self.text):
            return None
        evasive = {letter for letter in self._mentions() if _REFUSAL.search(self._option(letter))}
        return self._only(evasive, "text") or Reading(reason="refused")

    def _of_text(self, folded: str) -> Reading | None:
        return self._only(self._letters_of(folded), "text") if folded else None

    def _letters_of(self, folded: str) -> set[str]:
        return {letter for letter, option in zip(self.offered, self.options, strict=True) if option == folded}

    def _text_at(self, start: int) -> Reading | None:
        """Option whose text begins at `start`; the longest if one is the beginning of another."""
        rest = " ".join(self.text[start : start + self.reach].casefold().split()).lstrip("\"'“‘「([ ")
        for candidate in (rest, _ARTICLE.sub("", rest, count=1)):
            fitting = [o for o in self.options if o and re.match(rf"{re.escape(o)}(?![{_EDGE}])", candidate)]
            if fitting:
                return self._of_text(max(fitting, key=len))
        return None

    # --- letters

    def _last_after(self, cue: re.Pattern[str], how: How) -> Reading | None:
        """Read the letter or option text after the last match of `cue` that has one."""
        for match in reversed(list(cue.finditer(self.text))):
            at = _AT_LETTER.match(self.text, match.end())
            if at is not None and self._is_letter(at):
                return self._one_or_several(at, how)
            if found := self._text_at(match.end()):
                return self._label() or found
        return None

    def _label(self) -> Reading | None:
        """Take a letter that labels the whole reply ("B: it is a lid"); but "A:" may mean answer."""
        at = _AT_LETTER.match(self.text)
        if at is None or not self._is_letter(at) or not _LABELS.match(self.text, at.end("letter")):
            return None
        return None if at["letter"] in "Aa" or len(self._listed()) > 1 else self._one_or_several(at, "first")

    def _is_letter(self, at: re.Match[str]) -> bool:
        """Distinguish a letter from a word: "A scratch …" and "I think …" are words."""
        letter, text, end = at["letter"], at.string, at.end("letter")
        stop = _STOP.match(text, end)
        if stop:
            return letter not in "Ii" or "," not in stop[0]
        if letter not in "AaIi" or not re.match(r"\s[a-zà-ɏ]", text[end : end + 2]):
            return letter.isupper() or letter not in "oy"
        own = self._option(letter)
        if letter.isupper() and own and _folded(text[end : end + len(own) + 2]).startswith(own):
            return True
        return letter in "Aa" and bool(_VERB_OR_LINK.match(text, end))

    def _one_or_several(self, at: re.Match[str], how: How) -> Reading:
        """Read one letter, or several that are joined by "or", a comma or a slash."""
        letters = {at["letter"].upper()}
        joined = _NEXT.match(at.string, at.end())
        if joined and self._is_letter(joined):
            letters.add(joined["letter"].upper())
        return self._only(letters, how) or Reading(reason="no_choice")

    def _only(self, letters: set[str], how: How) -> Reading | None:
        distinct = {letter.upper() for letter in letters}
        if len(distinct) > 1:
            return Reading(reason="several")
        return self._found(distinct.pop(), how) if distinct else None

    def _found(self, letter: str, how: How) -> Reading:
        upper = letter.upper()
        return Reading(upper, how) if upper in tuple(self.offered) else Reading(reason="not_offered")

    def _option(self, letter: str) -> str:
        index = LETTERS.find(letter.upper())
        return self.options[index] if 0 <= index < len(self.options) else ""

    def _listed(self) -> set[str]:
        """Letters at the beginning of lines; several mean that the reply repeats the list of options."""
        return {letter.upper() for letter in _LISTED.findall(self.text)}
