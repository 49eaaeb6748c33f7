"""One item: texts, pictures, scores with reasons and anchors, people's ratings, replies and prompts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from judge.errors import JudgeError
from judge.pass_mark import reaches
from judge.records import Image, Item, Score
from judge.rubric import CRITERIA, Dimension, Rubric
from judge.rubric.item_criteria import criteria_of
from judge.view.columns import VERDICTS, spoken
from judge.view.item_filter import PAGE_SIZE
from judge.view.library import OpenRun
from judge.view.list_page import View
from judge.view.replies import own_text, text_link
from judge.view.texts import ShownText, rounded, shown


@dataclass(frozen=True)
class DisplayedScore:
    """A score of an item, in one run."""

    value: str
    status: str
    reason: ShownText | None
    anchor: str
    is_low: bool
    samples: Sequence[str]
    """Values in all samples, where there are several."""


@dataclass(frozen=True)
class DimensionLine:
    """A dimension (or criterion, or flag) of an item: the judge, the other run, and people."""

    name: str
    title: str
    detail: str
    """Description of a criterion, or the pass mark."""
    judge: DisplayedScore | None
    other: DisplayedScore | None
    people: Sequence[tuple[str, str]]
    """Rater and rating."""


@dataclass(frozen=True)
class Picture:
    """An image of the item."""

    name: str
    role: str
    link: str
    """Empty for an address on the web, which is not fetched."""
    address: str


class ItemPage:
    """What is shown of an item."""

    def __init__(self, view: View, item_id: str) -> None:
        self.view = view
        self.opened = view.opened
        self.item = self.opened.run().item(item_id)
        self.position = self.opened.run().position_of(item_id)
        self.scores = self.opened.scores_of(item_id)
        self.rubric: Rubric = view.columns.rubric
        self.other_item: Item | None = None
        self.other_scores: list[Score] = []
        if view.other and view.other.run().position_of(item_id):
            self.other_item = view.other.run().item(item_id)
            self.other_scores = view.other.scores_of(item_id)

    # Heading

    @property
    def verdict(self) -> str:
        """Verdict of the judge of this run."""
        return VERDICTS[self.view.columns.verdicts[self.position - 1]]

    @property
    def other_verdict(self) -> str:
        """Verdict of the other run; empty if the item is not in it."""
        if self.view.second is None or self.other_item is None:
            return ""
        row = int(self.view.second.rows[self.position - 1])
        return VERDICTS[self.view.second.second.verdicts[row]] if row >= 0 else ""

    @property
    def people_verdict(self) -> str:
        """Verdict of the majority of people; empty without ratings."""
        return self.opened.people.verdict_of(self.item.id) if self.opened.people else ""

    def neighbours(self) -> dict[str, Any]:
        """Place in the selection, and the links to the items before and after."""
        selection = self.view.selection
        place = selection.place_of(self.position)
        if place is None:
            return {"place": None, "n": len(selection), "previous": "", "next": ""}
        around = {"previous": selection.position_at(place - 1), "next": selection.position_at(place + 1)}
        run = self.opened.run()
        links = {name: at and self.view.item_link(run.id_at(at)) for name, at in around.items()}
        return {"place": place + 1, "n": len(selection), **links}

    @property
    def list_link(self) -> str:
        """Link to the page of the table that holds the item."""
        place = self.view.selection.place_of(self.position)
        page = 1 if place is None else place // PAGE_SIZE + 1
        return self.view.link(self.view.wanted.on_page(page))

    # Texts

    def text(self, part: str) -> ShownText:
        """Question, answer or reference, cut if it is long."""
        return shown(own_text(self.item, part), self._text_link(part))

    @property
    def other_answer(self) -> ShownText | None:
        """Answer of the other run, where it is another one."""
        if self.other_item is None or self.other_item.answer == self.item.answer or self.view.other is None:
            return None
        return shown(self.other_item.answer, text_link(self.view.other, self.item.id, "answer"))

    def references(self) -> list[ShownText]:
        """Reference answers."""
        return [shown(text, self._text_link("reference")) for text in self.item.references]

    def fields(self) -> list[tuple[str, str]]:
        """Metadata of the item."""
        system = {"system": self.item.system} if self.item.system else {}
        hidden = {self.rubric.criteria.field} if self.rubric.criteria else set()
        return [
            (name, shown(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), "").text)
            for name, value in {**system, **self.item.metadata}.items()
            if name not in hidden
        ]

    def pictures(self) -> list[Picture]:
        """Images of the item."""
        return [self._picture(number, image) for number, image in enumerate(self.item.images)]

    def _picture(self, number: int, image: Image) -> Picture:
        role = "Reference picture" if image.role == "reference" else "Picture"
        name = f"{role} {number + 1}" if len(self.item.images) > 1 else role
        is_local = image.path is not None or (image.url or "").startswith("data:image/")
        link = f"{self.view.base}image?{urlencode({'id': self.item.id, 'n': number}, errors='surrogatepass')}"
        return Picture(name, image.role, link if is_local else "", image.path or (image.url or "")[:200])

    # Scores

    def lines(self) -> list[DimensionLine]:
        """Scores of all dimensions, then the criteria of the item."""
        names = [*self.rubric.scored, *self.rubric.flags]
        lines = [self._line(name) for name in names]
        return [line for line in lines if line.judge or line.other or line.people] + self._criteria()

    def _line(self, name: str) -> DimensionLine:
        mark = self.rubric.pass_rule.get(name)
        dimension = self.rubric.dimensions.get(name)
        has_mark = mark is not None and (dimension is None or dimension.type == "score")
        return DimensionLine(
            name,
            spoken(name),
            f"passes from {mark:g}" if has_mark else "",
            self._judgment(name, self.scores, self.rubric, self.opened),
            self._judgment(name, self.other_scores, self.view.second.second.rubric, self.view.other)
            if self.view.second and self.view.other
            else None,
            self._people(name),
        )

    def _judgment(
        self, name: str, scores: Sequence[Score], rubric: Rubric, of: OpenRun
    ) -> DisplayedScore | None:
        own = [score for score in scores if score.dimension == name and score.criterion is None]
        first = next((score for score in own if score.sample == 0), None)
        if first is None or first.value == "":
            return None
        mark = rubric.pass_rule.get(name)
        is_number = isinstance(first.value, float)
        return DisplayedScore(
            value_text(rubric, name, first),
            first.status,
            self._reason(first, of),
            anchor_of(rubric, name, first),
            is_number and mark is not None and not reaches(float(first.value or 0), mark),
            [value_text(rubric, name, score) for score in own] if len(own) > 1 else (),
        )

    def _reason(self, score: Score, of: OpenRun) -> ShownText | None:
        part = f"reason.{score.sample}.{score.dimension}.{score.criterion or ''}"
        return shown(score.reason, text_link(of, self.item.id, part)) if score.reason else None

    def _criteria(self) -> list[DimensionLine]:
        """Criteria that the item brings along."""
        if not self.rubric.criteria:
            return []
        try:
            described = criteria_of(self.item, self.rubric.criteria)
        except JudgeError:
            described = {}
        judge, other = _of_criteria(self.scores), _of_criteria(self.other_scores)
        rated = [score.criterion for score in self._ratings if score.criterion]
        return [
            DimensionLine(
                f"{CRITERIA}/{key}",
                f"Criterion {shown(key, '').text}",
                _description(described.get(key)),
                self._met(judge[key], described.get(key), self.opened) if key in judge else None,
                self._met(other[key], described.get(key), self.view.other)
                if key in other and self.view.other
                else None,
                self._people(CRITERIA, key),
            )
            for key in dict.fromkeys((*judge, *other, *rated))
        ]

    def _met(self, score: Score, criterion: Dimension | None, of: OpenRun) -> DisplayedScore:
        is_penalty = criterion is not None and (criterion.points or 0) < 0
        text = _met_text(score)
        is_low = text == ("met" if is_penalty else "not met")
        return DisplayedScore(text, score.status, self._reason(score, of), "", is_low, ())

    def _people(self, name: str, criterion: str | None = None) -> list[tuple[str, str]]:
        return [
            (
                shown(score.rater, "").text,
                value_text(self.rubric, name, score) if criterion is None else _met_text(score),
            )
            for score in self._ratings
            if score.dimension == name and score.criterion == criterion
        ]

    @property
    def _ratings(self) -> Sequence[Score]:
        """People's ratings of the item."""
        return self.opened.people.ratings.get(self.item.id, ()) if self.opened.people else ()

    def _text_link(self, part: str) -> str:
        return text_link(self.opened, self.item.id, part)


def _of_criteria(scores: Sequence[Score]) -> dict[str, Score]:
    """Criterion -> its score in the first sample."""
    return {score.criterion: score for score in scores if score.criterion and score.sample == 0}


def _description(criterion: Dimension | None) -> str:
    """Text of a criterion, with its points where they are not 1."""
    if criterion is None:
        return ""
    points = criterion.points if criterion.points is not None else 1
    stated = "" if points == 1 else f" ({points:g} point{'s' if abs(points) != 1 else ''})"
    return shown(criterion.description, "").text + stated


def _met_text(score: Score) -> str:
    if not isinstance(score.value, float):
        return score.status.replace("_", " ")
    return "met" if score.value >= 0.5 else "not met"


def value_text(rubric: Rubric, name: str, score: Score) -> str:
    """Return the value of a score as a number, a label, yes or no, or its status."""
    if score.value is None:
        return score.status.replace("_", " ")
    if isinstance(score.value, str):
        return shown(score.value, "").text
    if name in rubric.flags:
        return "true" if score.value else "false"
    dimension = rubric.dimensions.get(name)
    return dimension.label_of(score.value) if dimension else rounded(score.value)


def anchor_of(rubric: Rubric, name: str, score: Score) -> str:
    """Return the rubric's description of an answer with this score; empty if it has none."""
    dimension = rubric.dimensions.get(name)
    if dimension is None or score.value is None:
        return ""
    if isinstance(score.value, str):
        return dimension.labels.get(score.value, "")
    if dimension.type == "binary":
        return dimension.description
    return dimension.anchors.get(int(score.value), "") if score.value == int(score.value) else ""
