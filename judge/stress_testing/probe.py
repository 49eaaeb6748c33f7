"""What a probe is: a change of an item or of the rubric, and the response that each dimension must show."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Literal

from judge.records import OVERALL, Item
from judge.rubric import Aspect, Rubric
from judge.stress_testing.pictures import StagedPictures

Expectation = Literal["lower", "same", "not_higher", "top", "not_lower"]
"""``lower`` and ``not_higher`` than without the change; ``top``: the highest score of the scale."""
Family = Literal["must_lower", "must_not_change", "injection", "reference"]

REPEAT = "repeat"
"""Name of the probe that changes nothing: how much scores differ when the same is asked again."""
ASPECTS: tuple[Aspect, ...] = ("accuracy", "coverage", "relevance", "clarity", "quality")


class NotApplicable(Exception):
    """The probe cannot change this item; the text says what the item lacks."""


@dataclass(frozen=True)
class ProbeContext:
    """What a probe may use beside the item itself.

    Attributes
    ----------
    rubric : Rubric
        The rubric of the judge.
    pool : sequence of Item
        All drawn items, from which other answers and pictures are taken.
    pictures : StagedPictures
        Stores changed pictures.
    seed : int
        Seed of all choices.
    paraphrases : mapping of str to str
        Text -> the same in other words, by another model; empty without one.
    """

    rubric: Rubric
    pool: Sequence[Item]
    pictures: StagedPictures
    seed: int = 0
    paraphrases: Mapping[str, str] = field(default_factory=dict)

    def random(self, probe: str, item: Item) -> random.Random:
        """Random numbers of one twin, which depend neither on other items nor on other probes."""
        return random.Random(f"{self.seed}:{probe}:{item.id}")


class Probe:
    """A change of an item whose effect on every aspect is known.

    Attributes
    ----------
    name : str
        Name in commands, tables and gates.
    family : str
        What is required of all probes of a family.
    change : str
        What is changed, as a sentence without a subject: "replaces the answer by …".
    expected : mapping
        Aspect of a dimension -> how its score must respond; an aspect that is not named is not tested.
    compared_with : str
        Probe whose score of the same item is the standard of comparison; by default the repeated request.
    changes_rubric : bool
        Whether `change_rubric` is used instead of `change_item`.
    matters_always : bool
        Whether the change matters for every item; else a small mean fall is enough where scores must fall.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    change: ClassVar[str]
    expected: ClassVar[Mapping[Aspect, Expectation]]
    compared_with: ClassVar[str] = REPEAT
    changes_rubric: ClassVar[bool] = False
    matters_always: ClassVar[bool] = True

    def change_item(self, item: Item, context: ProbeContext) -> Item:
        """Return the changed item, still with its id.

        Raises
        ------
        NotApplicable
            The item lacks what the probe changes.
        """
        raise NotImplementedError

    def change_rubric(self, rubric: Rubric, paraphrases: Mapping[str, str]) -> Rubric:
        """Return the changed rubric.

        Raises
        ------
        NotApplicable
            The rubric lacks what the probe changes.
        """
        raise NotImplementedError


class AnswerProbe(Probe):
    """A probe that changes the text of the answer only."""

    def change_item(self, item: Item, context: ProbeContext) -> Item:
        """Return the item with the changed answer."""
        if self.family in ("must_lower", "must_not_change") and not item.answer.strip():
            raise NotApplicable("the answer is empty")
        answer = self.change_answer(item, context)
        if answer == item.answer:
            raise NotApplicable("the answer would stay the same")
        known = [text for text in (item.answer, *item.references) if text.strip()]
        if self.family == "must_lower" and any(same_text(answer, text) for text in known):
            raise NotApplicable("the changed answer would be the same or the reference answer")
        return item.model_copy(update={"answer": answer})

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Return the changed answer."""
        raise NotImplementedError


def same_text(a: str, b: str) -> bool:
    """Whether two texts differ in nothing but case, white space and the marks at their ends.

    >>> same_text("Yes.", " yes")
    True
    """
    return _plain(a) == _plain(b)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!?\"'")


def expect(**expectations: Expectation) -> Mapping[Aspect, Expectation]:
    """Require a response of single aspects."""
    return MappingProxyType({aspect: expectations[aspect] for aspect in ASPECTS if aspect in expectations})


def everywhere(expectation: Expectation) -> Mapping[Aspect, Expectation]:
    """Require the same of every aspect."""
    return expect(**dict.fromkeys(ASPECTS, expectation))


def tested_dimensions(rubric: Rubric) -> dict[str, Aspect]:
    """Dimensions whose scores have a direction -> the aspect that each measures.

    An overall score that the judge gives is tested as well; one that is computed follows from the others.
    """
    found: dict[str, Aspect] = {}
    for name, dimension in rubric.dimensions.items():
        if dimension.type != "category" or dimension.ordered:
            found[name] = rubric.stress.aspects.get(name, "quality")
    if OVERALL in rubric.judged:
        found[OVERALL] = "quality"
    return found
