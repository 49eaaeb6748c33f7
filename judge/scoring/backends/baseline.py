"""A floor to beat, and no judge: scores from word and character overlap with the reference answer.

It is deterministic, needs no key and no network, and reads no meaning: a wrong answer that uses the words of
the reference scores high, and a right one in other words scores low. A judge that does not agree with people
better than this one adds nothing.
"""

import json
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from operator import attrgetter

from judge.records import OVERALL, Completion, Request
from judge.rubric import Dimension, Flag, Rubric, RubricScale

_BATCH = 256
_LONGEST = 10_000
"""Characters of each text that are compared; the rest of a longer one is left out, and the reason says so."""
_NOTE = "Lexical floor, no judge"

Judged = dict[str, tuple[int, str]]
"""Dimension -> score and reason."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|\d+(?:[.,]\d+)*|[^\W\d_]+")
_THOUSANDS = re.compile(r",(?=\d{3}(?:\D|$))")
_FUNCTION_WORDS = """
    a about after all also an and any are as at be been being but by can could did do does for from had has
    have he her his how i if in into is it its may might more most must of off on one or other our out
    over she should so some such than that the their them then there these they this those to was we were what
    when where which while who whose why will with would you your
"""
_STOP_WORDS = frozenset(_FUNCTION_WORDS.split())

# What a dimension is about, told from its name (or an alias). Any other name is scored by similarity.
_ACCURACY = re.compile("accura|correct|factual|faithful|consisten|truth")
_COVERAGE = re.compile("comprehensive|complete|coverage")
_RELEVANCE = re.compile("relevan|helpful|direct")
_FORM = re.compile("clarity|clear|style|fluen|coheren|concis|readab|grammar")


class BaselineBackend:
    """Backend that scores by overlap with the reference answer.

    An item without a reference answer is refused, since overlap has nothing to measure there; an empty answer
    gets the lowest score with or without one.

    Parameters
    ----------
    rubric : Rubric
        Its dimensions are scored on its scale: names that speak of accuracy, coverage, relevance or form by
        the measures for these, all others by similarity to the reference.
    """

    stopped: str | None = None
    spent = 0.0

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Score all requests, in order, a batch at a time."""
        waiting = iter(requests)
        while batch := [self._completion(request) for request in islice(waiting, _BATCH)]:
            yield batch

    def drain(self) -> Sequence[Completion]:
        """Nothing is ever in flight."""
        return ()

    def close(self) -> None:
        """Nothing is held."""

    def _completion(self, request: Request) -> Completion:
        item, created = request.item, time.time()
        if item.reference is None and item.answer.strip():
            refusal = (
                "The baseline measures overlap with a reference answer, and this item has none. "
                "Add a reference, or choose a model as judge"
            )
            return Completion.of(request, refusal=refusal, model="baseline", cost=0.0, created=created)
        found = [measure(item.answer, text, item.question) for text in item.references or ("",)]
        measured = max(found, key=attrgetter("chrf"))  # the reference answer that it is closest to
        reply = self._reply(measured, request.dimension)
        return Completion.of(
            request, reply=reply, finish_reason="stop", model="baseline", cost=0.0, created=created
        )

    def _reply(self, measured: "Measures", dimension: str | None) -> str:
        """Answer in the shape that the prompt asks for."""
        rubric = self.rubric
        if dimension is not None:
            return str(_judged(dimension, rubric.dimensions[dimension], measured, rubric)[0])
        judged = {name: _judged(name, d, measured, rubric) for name, d in rubric.dimensions.items()}
        if OVERALL in rubric.judged:
            mean = sum(score for score, _ in judged.values()) / len(judged)
            judged[OVERALL] = (int(mean + 0.5), f"{_NOTE}: mean of the dimensions")
        reply = {name: _entry(score, reason, rubric) for name, (score, reason) in judged.items()}
        flags = {name: _flag(name, flag, judged, rubric.scale) for name, flag in rubric.flags.items()}
        return json.dumps({**reply, **flags})


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What can be counted about an answer. All but `words` and `is_cut` are shares between 0 and 1."""

    chrf: float
    """Character n-gram F-score against the reference."""
    overlap: float
    """F1 of the words of answer and reference."""
    coverage: float
    """Content words and numbers of the reference that the answer has."""
    numbers: float | None
    """Numbers of answer and reference that both have; None where neither has any."""
    on_question: float
    """Content words of the question that the answer takes up."""
    repetition: float
    """Three-word sequences that stood in the answer before."""
    bloat: float
    """Words of the answer beyond three times the reference's length."""
    words: int
    """Words of the answer."""
    is_cut: bool
    """Whether a text was longer than what is compared."""


@lru_cache(maxsize=8)  # one dimension a request asks for the same item several times over
def measure(answer: str, reference: str, question: str) -> Measures:
    """Count what an answer has in common with its reference and its question.

    Parameters
    ----------
    answer, reference, question : str
        Texts of one item, compared without regard to case; of each, the first 10,000 characters count.

    Returns
    -------
    Measures

    References
    ----------
    .. [1] M. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015.
    .. [2] P. Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016
       (F1 of words).

    Examples
    --------
    >>> measured = measure("It was built in 1889.", "The tower was built in 1889.", "When was it built?")
    >>> round(measured.chrf, 2), round(measured.coverage, 2), measured.numbers
    (0.65, 0.67, 1.0)
    """
    is_cut = max(len(answer), len(reference), len(question)) > _LONGEST
    answer, reference, question = (_normal(text) for text in (answer, reference, question))
    said, wanted, asked = (_words(text) for text in (answer, reference, question))
    content, asked_content = _content(wanted), _content(asked)
    common = (Counter(said) & Counter(wanted)).total()
    return Measures(
        chrf=chrf(answer, reference),
        overlap=2 * common / max(len(said) + len(wanted), 1),
        coverage=_share(content & set(said), content),
        numbers=_number_agreement(said, wanted, asked),
        on_question=_share(asked_content & set(said), asked_content),
        repetition=_repetition(said),
        bloat=max(0.0, 1 - 3 * len(wanted) / len(said)) if said and wanted else 0.0,
        words=len(said),
        is_cut=is_cut,
    )


def chrf(answer: str, reference: str, *, order: int = 6, beta: float = 2.0) -> float:
    """Character n-gram F-score, spaces left out.

    Precision and recall are averaged over n = 1 … `order` (as far as both texts reach) before they are
    combined; `beta` is how much more recall counts.

    >>> chrf("the same", "the same"), chrf("abc", "xyz")
    (1.0, 0.0)
    """
    answer, reference = "".join(answer.split()), "".join(reference.split())
    reach = min(order, len(answer), len(reference))
    precision = recall = 0.0
    for n in range(1, reach + 1):
        ours = Counter([answer[i : i + n] for i in range(len(answer) - n + 1)])
        theirs = Counter([reference[i : i + n] for i in range(len(reference) - n + 1)])
        common = ours.keys() & theirs.keys()
        matches = sum(map(min, map(ours.__getitem__, common), map(theirs.__getitem__, common)))
        precision += matches / (len(answer) - n + 1)
        recall += matches / (len(reference) - n + 1)
    weighted = beta**2 * precision + recall  # sums of `reach` shares; their number cancels out but once
    return (1 + beta**2) * precision * recall / weighted / reach if precision else 0.0


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()


def _words(text: str) -> list[str]:
    """Words and numbers; 1,000 and 1000 are one number, and each Chinese character is a word."""
    return [_number(word) if word[0].isdigit() else word for word in _WORD.findall(text)]


def _number(text: str) -> str:
    plain = _THOUSANDS.sub("", text)
    return plain.rstrip("0").rstrip(".") if plain.count(".") == 1 else plain


def _content(words: list[str]) -> set[str]:
    """Words that carry the content; all of them where only function words are left (as in "She will")."""
    return set(words) - _STOP_WORDS or set(words)


def _share(part: set[str], whole: set[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def _number_agreement(said: list[str], wanted: list[str], asked: list[str]) -> float | None:
    """Share of the numbers that stand in both; what the question gave away may be repeated freely."""
    ours, theirs, given = ({word for word in words if word[0].isdigit()} for words in (said, wanted, asked))
    either = theirs | (ours - given)
    return len(ours & theirs) / len(either) if either else None


def _repetition(words: list[str]) -> float:
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return 1 - len(set(triples)) / len(triples) if triples else 0.0


def _judged(name: str, dimension: Dimension, m: Measures, rubric: Rubric) -> tuple[int, str]:
    """Score of one dimension, and the measures that led to it."""
    if not m.words:
        return rubric.scale.min, f"{_NOTE}: the answer has no words"
    names = " ".join((name, *dimension.aliases)).lower()
    similarity, said = (m.chrf + m.overlap) / 2, f"chrF {m.chrf:.2f}, word overlap {m.overlap:.2f}"
    if _COVERAGE.search(names):
        share = _stretched(m.coverage, 0.1, 0.8)
        said = f"{m.coverage:.0%} of the reference's content words and numbers"
    elif _RELEVANCE.search(names):
        share = _stretched(max(m.on_question, m.coverage), 0.05, 0.55) * (1 - m.bloat / 2)
        said = f"{m.on_question:.0%} of the question's content words, {m.coverage:.0%} of the reference's"
    elif _FORM.search(names):
        share, said = _form(m, rubric.max_words)
    else:
        share = _stretched(similarity, 0.15, 0.65)
        if _ACCURACY.search(names) and m.numbers is not None:
            share, said = share * (1 + m.numbers) / 2, f"{said}, {m.numbers:.0%} of numbers agree"
    cut = f"; only the first {_LONGEST} characters of each text count" if m.is_cut else ""
    return _on_scale(share, rubric.scale), f"{_NOTE}: {said}{cut}"


def _form(m: Measures, max_words: int | None) -> tuple[float, str]:
    """Form is counted as absence of faults: repetition, bloat, more words than allowed."""
    over = max(0.0, m.words / max_words - 1) if max_words else 0.0
    share = (1 - min(1.0, 2 * m.repetition)) * (1 - m.bloat / 2) * (1 - min(1.0, over))
    limit = f" of at most {max_words}" if max_words else ""
    return share, f"{m.words} words{limit}, {m.repetition:.0%} repeated"


def _stretched(share: float, unrelated: float, alike: float) -> float:
    """0 at what unrelated texts reach by chance, 1 at what a close paraphrase reaches."""
    return min(1.0, max(0.0, (share - unrelated) / (alike - unrelated)))


def _on_scale(share: float, scale: RubricScale) -> int:
    return scale.min + int(share * (scale.max - scale.min) + 0.5)


def _entry(score: int, reason: str, rubric: Rubric) -> dict[str, int | str]:
    return {"score": score} if rubric.reasons == "none" else {"reason": reason, "score": score}


def _flag(name: str, flag: Flag, judged: Judged, scale: RubricScale) -> bool | str | None:
    """Overlap can say whether an answer is accurate; other yes/no questions get no answer from it."""
    if flag.type == "text":
        return ""
    accuracy = [score for dimension, (score, _) in judged.items() if _ACCURACY.search(dimension)]
    if not accuracy or not _ACCURACY.search(name):
        return None
    return 2 * min(accuracy) >= scale.min + scale.max
