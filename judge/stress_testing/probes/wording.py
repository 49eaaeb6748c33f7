"""Probes that change how something is said, and not what: scores must not change, or not rise."""

import re

from judge.records import Item
from judge.stress_testing.probe import AnswerProbe, NotApplicable, Probe, ProbeContext, everywhere, expect

# After a word of three letters and before a capital: not after "Dr.", "e.g." or the number of a list entry.
_SENTENCE_END = re.compile(r"(?<=[^\W\d_]{3}[.!?])(?<!\bFig\.)\s+(?=[^\Wa-z\d_])")
_HAS_FORM = re.compile(r"^\s*(?:[-*+#>|]|\d+[.)]\s|```)", re.MULTILINE)
_PADDING = (
    "There are several aspects to consider when one looks at a question like this one.",
    "As can be seen, this is a point that deserves attention, and it is worth keeping in mind as a whole.",
)
_CONFIDENT = ("I am absolutely certain of the following.", "There is no doubt about any of this.")
_OTHER = {"first": "second", "second": "first", "1": "2", "2": "1", "one": "two", "two": "one"}
_PICTURE = "(?:image|picture|photo|photograph)s?"
_NAMED = re.compile(rf"\b(first|second)(?= {_PICTURE}\b)|\b({_PICTURE} )(1|2|one|two)\b", re.IGNORECASE)
_PLACED = re.compile(
    rf"\b(?:left|right|other|former|latter|last|next|previous|third|upper|lower|top|bottom) {_PICTURE}\b"
    r"|\b(?:former|latter)\b",
    re.IGNORECASE,
)
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
        return f"{_PADDING[0]}\n\n{item.answer}\n\n{_PADDING[1]}"


class ListsAndHeadings(AnswerProbe):
    """The sentences of the answer as a list below a heading."""

    name = "lists_and_headings"
    family = "must_not_change"
    change = "turns the sentences of the answer into a list below a heading"
    expected = _SAME_CONTENT

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Write each sentence as an entry of a Markdown list."""
        if _HAS_FORM.search(item.answer):
            raise NotApplicable("the answer has lists or headings of its own")
        lines = item.answer.strip().splitlines()
        sentences = [text for line in lines for text in _SENTENCE_END.split(line.strip()) if text]
        return "## Answer\n\n" + "\n".join(f"- {text}" for text in sentences)


class ConfidentTone(AnswerProbe):
    """Assurances around the answer."""

    name = "confident_tone"
    family = "must_not_change"
    change = "puts assurances around the answer"
    expected = expect(accuracy="same", coverage="same", relevance="not_higher", quality="not_higher")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Put one assurance before and one after the answer."""
        return f"{_CONFIDENT[0]}\n\n{item.answer}\n\n{_CONFIDENT[1]}"


class WhiteSpace(AnswerProbe):
    """More space between and around the sentences."""

    name = "white_space"
    family = "must_not_change"
    change = "adds spaces and line ends between the sentences and around the answer"
    expected = everywhere("same")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Put each sentence on a line of its own, with spaces at its end; no white space is lost."""
        return "\n" + _SENTENCE_END.sub(r"  \g<0>\n", item.answer) + "  \n\n"


class PictureOrder(Probe):
    """Two pictures in the other order, where the texts name them by number; the names follow."""

    name = "picture_order"
    family = "must_not_change"
    change = "swaps two pictures, and their numbers in the texts"
    expected = everywhere("same")

    def change_item(self, item: Item, context: ProbeContext) -> Item:
        """Swap the pictures of the question, and "first image", "image 2" and the like in all texts."""
        places = [place for place, image in enumerate(item.images) if image.role == "query"]
        if len(places) != 2:
            raise NotApplicable("the question does not have two pictures")
        texts = [item.question, item.answer, *item.references, *item.choices]
        if not any(map(_NAMED.search, texts)):
            raise NotApplicable("the texts do not name two pictures by number")
        if any(map(_PLACED.search, texts)):
            raise NotApplicable("the texts also name a picture in another way than by number")
        images = list(item.images)
        images[places[0]], images[places[1]] = images[places[1]], images[places[0]]
        update = {
            "images": tuple(images),
            "question": _swapped(item.question),
            "answer": _swapped(item.answer),
            "reference": None if item.reference is None else _swapped(item.reference),
            "other_references": tuple(map(_swapped, item.other_references)),
            "choices": tuple(map(_swapped, item.choices)),
        }
        return item.model_copy(update=update)


def _swapped(text: str) -> str:
    def other(found: re.Match[str]) -> str:
        name = found[1] or found[3]
        swapped = _OTHER[name.lower()]
        return (found[2] or "") + (swapped.capitalize() if name[0].isupper() else swapped)

    return _NAMED.sub(other, text)


PROBES = (Padding(), ListsAndHeadings(), ConfidentTone(), WhiteSpace(), PictureOrder())
