"""Gold items of an anchored study: practice and attention checks with scores to approve or to contest."""

from collections.abc import Sequence
from random import Random

from human_study.approval_form import APPROVE, CONTEST, forms_of
from human_study.form import Forms
from human_study.gold_items import GoldItem, instruction
from human_study.questions import FormQuestion
from human_study.shown_verdict import ShownScore, ShownVerdict, as_shown
from judge.records import Item
from judge.rubric import Rubric

_PRACTICE = "practice"
"""Name of the judge whose scores were made for practice."""


def with_verdict(gold: Sequence[GoldItem], rubric: Rubric) -> list[GoldItem]:
    """Show a verdict on gold items: the correct scores, but one score of each item is wrong.

    The wrong score is on another question from item to item, and as far from the correct ones as the scale
    allows. It is to be contested, and the others are to be approved.
    """
    forms = Forms(rubric)
    return [_with_verdict(one, forms, number) for number, one in enumerate(gold)]


def contested_checks(rubric: Rubric, items: Sequence[Item], n: int, rng: Random) -> list[GoldItem]:
    """Make attention checks: the first sentence of a real answer, and the request to contest every score.

    A rater who approves without reading fails them.
    """
    borrowed = [items[i % len(items)] for i in rng.sample(range(max(n, len(items))), n)]
    forms = forms_of(rubric, show_verdict=True)
    answer = "contest every score"
    return [
        GoldItem(
            item=item.model_copy(
                update={"id": f"check {number}", "answer": instruction(item.answer, answer)}
            ),
            expected=dict.fromkeys(forms.of(item).scored, (CONTEST,)),
        )
        for number, item in enumerate(borrowed, start=1)
    ]


def _with_verdict(gold: GoldItem, forms: Forms, number: int) -> GoldItem:
    form = forms.of(gold.item)
    asked = {name: form.question(name) for name in gold.expected}
    wrong = {
        name: value
        for name, question in asked.items()
        if question and (value := _wrong(question, gold.expected[name])) is not None
    }
    altered = list(wrong)[number % len(wrong)] if wrong else None
    scores = {
        name: ShownScore(value=wrong[name])
        if name == altered
        else ShownScore(value=as_shown(right[0]), reason=gold.reasons.get(name, ""))
        for name, right in gold.expected.items()
    }
    reasons = dict(gold.reasons)
    if altered is not None:
        right = " or ".join(map(str, gold.expected[altered]))
        reasons[altered] = f"The right score is {right}. {gold.reasons.get(altered, '')}".strip()
    return GoldItem(
        item=ShownVerdict(judge=_PRACTICE, scores=scores).on(gold.item),
        expected={name: (CONTEST if name == altered else APPROVE,) for name in gold.expected},
        reasons=reasons,
    )


def _wrong(question: FormQuestion, right: Sequence[int | str]) -> int | str | None:
    """Score that is farthest from the correct ones; None where every score is correct."""
    others = [value for value in question.values if value not in right]
    nearest = [min(abs(question.number(value) - question.number(r)) for r in right) for value in others]
    return others[nearest.index(max(nearest))] if others else None
