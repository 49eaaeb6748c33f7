"""Lexical baseline: scores from word and character overlap with the reference answer.

It is deterministic, needs neither a key nor a network, and does not understand the text: a wrong answer with
the words of the reference gets a high score, and a correct answer in other words a low one. A judge is only
useful if it agrees with people better than this baseline.
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
from judge.rubric import Dimension, Flag, ItemRubrics, Rubric, RubricScale, asks_criteria
from judge.scoring.reply_form import value_key

_BATCH = 256
_LONGEST = 10_000
"""Characters of each text that are compared; the reason says if a text was longer."""
_NOTE = "Lexical floor, no judge"

_LEAST_SHARE = 0.5
"""Share of the content words of a criterion that an answer must contain to meet it."""

Judged = dict[str, tuple[int | None, str]]
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

# Type of a dimension by its name or an alias. Other dimensions are scored by similarity to the reference.
_ACCURACY = re.compile("accura|correct|factual|faithful|consisten|truth")
_COVERAGE = re.compile("comprehensive|complete|coverage")
_RELEVANCE = re.compile("relevan|helpful|direct")
_FORM = re.compile("clarity|clear|style|fluen|coheren|concis|readab|grammar")


class BaselineBackend:
    """Backend that scores by overlap with the reference answer.

    Items without a reference answer are refused, because there is nothing to compare with. An empty answer
    gets the lowest score, with or without a reference.

    Parameters
    ----------
    rubric : Rubric
        The dimensions and the scale. A dimension whose name is about accuracy, coverage, relevance or form is
        scored by measures of these, any other by similarity to the reference.
    """

    stopped: str | None = None
    spent = 0.0

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric
        self._rubrics = ItemRubrics(rubric)

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
        needs_reference = not asks_criteria(request.dimension)
        if needs_reference and item.reference is None and item.answer.strip():
            refusal = (
                "The baseline measures overlap with a reference answer, and this item has none. "
                "Add a reference, or choose a model as the judge"
            )
            return Completion.of(request, refusal=refusal, model="baseline", cost=0.0, created=created)
        return Completion.of(
            request,
            reply=self._reply(request),
            finish_reason="stop",
            model="baseline",
            cost=0.0,
            created=created,
        )

    def _reply(self, request: Request) -> str:
        """Return a reply in the form that the prompt asks for."""
        item, dimension = request.item, request.dimension
        rubric = self._rubrics.of(item).parts[dimension]
        found = [measure(item.answer, text, item.question) for text in item.references or ("",)]
        measured = max(found, key=attrgetter("chrf"))  # the reference answer that it is closest to
        judged: Judged
        if asks_criteria(dimension):
            judged = {name: _met(d.description, item.answer) for name, d in rubric.dimensions.items()}
        else:
            judged = {name: _judged(name, d, measured, rubric) for name, d in rubric.dimensions.items()}
        if OVERALL in rubric.judged:
            scores = [
                score
                for name, (score, _) in judged.items()
                if score is not None and rubric.dimensions[name].type == "score"
            ]
            mean = sum(scores) / len(scores) if scores else rubric.scale.min
            judged[OVERALL] = (int(mean + 0.5), f"{_NOTE}: mean of the dimensions")
        if rubric.reply == "number":
            name = next(iter(judged)) if asks_criteria(dimension) else dimension or OVERALL
            return str(judged[name][0])
        reply = {name: _entry(name, score, reason, rubric) for name, (score, reason) in judged.items()}
        flags = {name: _flag(name, flag, judged, rubric.scale) for name, flag in rubric.flags.items()}
        return json.dumps({**reply, **flags})


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Measures of an answer. All but `words` and `is_cut` are between 0 and 1."""

    chrf: float
    """Character n-gram F-score against the reference."""
    overlap: float
    """F1 score of the words of answer and reference."""
    coverage: float
    """Share of the content words and numbers of the reference that the answer contains."""
    numbers: float | None
    """Share of the numbers of answer and reference that both contain; None without numbers."""
    on_question: float
    """Share of the content words of the question that the answer contains."""
    repetition: float
    """Share of the three-word sequences of the answer that are repetitions."""
    bloat: float
    """Share of the words of the answer beyond three times the length of the reference."""
    words: int
    """Number of words of the answer."""
    is_cut: bool
    """Whether a text was longer than the part that is compared."""


@lru_cache(maxsize=8)  # with one request per dimension, the same item is measured several times
def measure(answer: str, reference: str, question: str) -> Measures:
    """Compare an answer with its reference and its question.

    Parameters
    ----------
    answer, reference, question : str
        Texts of one item, compared case-insensitively; only the first 10,000 characters of each are used.

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
    """Character n-gram F-score (chrF), without spaces.

    Precision and recall are averaged over n = 1 … `order` (limited by the length of both texts) before they
    are combined; recall is weighted `beta` times as much as precision.

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
    weighted = (
        beta**2 * precision + recall
    )  # sums over `reach` orders; dividing by `reach` once gives the mean
    return (1 + beta**2) * precision * recall / weighted / reach if precision else 0.0


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()


def _words(text: str) -> list[str]:
    """Split into words and numbers; 1,000 and 1000 are equal, each Chinese character is a word."""
    return [_number(word) if word[0].isdigit() else word for word in _WORD.findall(text)]


def _number(text: str) -> str:
    plain = _THOUSANDS.sub("", text)
    return plain.rstrip("0").rstrip(".") if plain.count(".") == 1 else plain


def _content(words: list[str]) -> set[str]:
    """Return the content words, or all words if there are only function words (as in "She will")."""
    return set(words) - _STOP_WORDS or set(words)


def _share(part: set[str], whole: set[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def _number_agreement(said: list[str], wanted: list[str], asked: list[str]) -> float | None:
    """Return the share of the numbers that both contain; numbers of the question may be repeated."""
    ours, theirs, given = ({word for word in words if word[0].isdigit()} for words in (said, wanted, asked))
    either = theirs | (ours - given)
    return len(ours & theirs) / len(either) if either else None


def _repetition(words: list[str]) -> float:
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return 1 - len(set(triples)) / len(triples) if triples else 0.0


def _judged(name: str, dimension: Dimension, m: Measures, rubric: Rubric) -> tuple[int | None, str]:
    """Return the score of one dimension and the measures that it is based on."""
    if dimension.type == "category":
        return None, f"{_NOTE}: overlap does not tell labels apart"
    if not m.words:
        return rubric.scale_of(name).min, f"{_NOTE}: the answer has no words"
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
    return _on_scale(share, rubric.scale_of(name)), f"{_NOTE}: {said}{cut}"


def _form(m: Measures, max_words: int | None) -> tuple[float, str]:
    """Score form by the absence of faults: repetition, excess length, more words than allowed."""
    over = max(0.0, m.words / max_words - 1) if max_words else 0.0
    share = (1 - min(1.0, 2 * m.repetition)) * (1 - m.bloat / 2) * (1 - min(1.0, over))
    limit = f" of at most {max_words}" if max_words else ""
    return share, f"{m.words} words{limit}, {m.repetition:.0%} repeated"


def _stretched(share: float, unrelated: float, alike: float) -> float:
    """Rescale a share: 0 for unrelated texts (overlap by chance), 1 for a close paraphrase."""
    return min(1.0, max(0.0, (share - unrelated) / (alike - unrelated)))


def _on_scale(share: float, scale: RubricScale) -> int:
    return scale.min + int(share * (scale.max - scale.min) + 0.5)


def _met(criterion: str, answer: str) -> tuple[int, str]:
    """Whether an answer contains half of the content words and numbers of a criterion."""
    wanted = _content(_words(_normal(criterion)))
    share = _share(wanted & set(_words(_normal(answer))), wanted)
    return int(share >= _LEAST_SHARE), f"{_NOTE}: {share:.0%} of the criterion's content words and numbers"


def _entry(name: str, score: int | None, reason: str, rubric: Rubric) -> dict[str, int | str | bool | None]:
    key = value_key(rubric, name)
    value = bool(score) if key == "met" else score
    return {key: value} if rubric.reasons == "none" else {"reason": reason, key: value}


def _flag(name: str, flag: Flag, judged: Judged, scale: RubricScale) -> bool | str | None:
    """Return a flag about accuracy from the score; None for other flags, which overlap cannot answer."""
    if flag.type == "text":
        return ""
    found = [score for dimension, (score, _) in judged.items() if _ACCURACY.search(dimension)]
    accuracy = [score for score in found if score is not None]
    if not accuracy or not _ACCURACY.search(name):
        return None
    return 2 * min(accuracy) >= scale.min + scale.max
