"""Probes that change how something is said, and not what: scores must not change, or not rise."""

import re

from judge.records import Image, Item
from judge.stress.probe import AnswerProbe, NotApplicable, Probe, ProbeContext, everywhere, expect

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_PADDING = (
    "There are several aspects to consider when one looks at a question like this one. ",
    " As can be seen, this is a point that deserves attention, and it is worth keeping in mind as a whole.",
)
_CONFIDENT = ("I am absolutely certain of the following. ", " There is no doubt about any of this.")
_SWAPPED = {"first": "second", "second": "first", "image 1": "image 2", "image 2": "image 1"}
_NAMED = re.compile("|".join(rf"\b{name}\b" for name in _SWAPPED), re.IGNORECASE)
_SAME_CONTENT = expect(accuracy="same", coverage="same", relevance="same", quality="same")


class Padding(AnswerProbe):
    """Empty phrases around the answer."""

    name = "padding"
    family = "must_not_change"
    change = "puts empty phrases around the answer"
    expected = expect(
        accuracy="same", coverage="same", relevance="not_higher", clarity="not_higher", quality="not_higher"
    )

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Put one phrase before and one after the answer."""
        return f"{_PADDING[0]}{item.answer}{_PADDING[1]}"


class ListsAndHeadings(AnswerProbe):
    """The sentences of the answer as a list below a heading."""

    name = "lists_and_headings"
    family = "must_not_change"
    change = "turns the sentences of the answer into a list below a heading"
    expected = _SAME_CONTENT

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Write each sentence as an entry of a Markdown list."""
        sentences = [text for text in _SENTENCE_END.split(item.answer.strip()) if text]
        if not sentences:
            raise NotApplicable("the answer is empty")
        return "## Answer\n\n" + "\n".join(f"- {text}" for text in sentences)


class ConfidentTone(AnswerProbe):
    """Assurances around the answer."""

    name = "confident_tone"
    family = "must_not_change"
    change = "puts assurances around the answer"
    expected = expect(accuracy="same", coverage="same", relevance="not_higher", quality="not_higher")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Put one assurance before and one after the answer."""
        return f"{_CONFIDENT[0]}{item.answer}{_CONFIDENT[1]}"


class WhiteSpace(AnswerProbe):
    """More space between and around the sentences."""

    name = "white_space"
    family = "must_not_change"
    change = "adds spaces and line ends between the sentences and around the answer"
    expected = everywhere("same")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Put each sentence on a line of its own, with spaces at its end."""
        return "\n" + "  \n".join(_SENTENCE_END.split(item.answer)) + "  \n\n"


class PictureOrder(Probe):
    """Two pictures in the other order; texts that name them by number follow."""

    name = "picture_order"
    family = "must_not_change"
    change = "swaps two pictures, and their names in the texts"
    expected = everywhere("same")

    def change_item(self, item: Item, context: ProbeContext) -> Item:
        """Swap the pictures, and "first" and "second" in question, answer and reference."""
        if len(item.images) != 2:
            raise NotApplicable("the item does not have two pictures")
        images: tuple[Image, ...] = item.images[::-1]
        reference = item.reference if item.reference is None else _swapped(item.reference)
        update = {"images": images, "question": _swapped(item.question), "answer": _swapped(item.answer)}
        return item.model_copy(update={**update, "reference": reference})


def _swapped(text: str) -> str:
    def other(found: re.Match[str]) -> str:
        name = _SWAPPED[found[0].lower()]
        return name.capitalize() if found[0][0].isupper() else name

    return _NAMED.sub(other, text)


PROBES = (Padding(), ListsAndHeadings(), ConfidentTone(), WhiteSpace(), PictureOrder())
