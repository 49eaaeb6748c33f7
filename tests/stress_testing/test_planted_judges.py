"""Judges with one planted weakness each: its probe finds it, and the others are quiet.

The judges are programs that score the text of an item; their replies are recorded and scored by the command's own
path, so that drawing, changing, scoring, storing and comparing all take part.
"""

import json
import re

import pytest

import judge
from judge.records import Item
from judge.rubric import load_rubric
from judge.scoring.judge import Judge
from judge.stress_testing.outcomes import FAILED
from judge.stress_testing.stress_test import StressOptions, StressTest

DIMENSIONS = [*load_rubric("open_qa").dimensions]
FACT = "The valve of pump {n} opens at {bar} bar. It is made of {made}. It was checked in {month} by the works team."
MADE = ("steel", "brass", "bronze", "copper", "nickel", "zinc", "tin")
MONTHS = ("May", "June", "July", "August", "March")
PHRASES = ("There are several aspects", "deserves attention", "absolutely certain", "no doubt about")
HIDDEN = re.compile("[\U000e0000-\U000e007f\u200b]")


def answers():
    """Forty questions; every other answer lacks its last two statements, so that scores can rise and fall."""
    for n in range(40):
        whole = FACT.format(n=n, bar=20 + n, made=MADE[n % 7], month=MONTHS[n % 5])
        given = whole if n % 2 else whole.partition(" It was")[0]
        yield {
            "id": f"q{n}",
            "question": f"What is known about pump {n}?",
            "answer": given,
            "reference": whole,
        }


class SoundJudge:
    """Counts the statements of the reference in the answer, and ignores its form and its instructions."""

    weakness = None

    def content(self, item):
        text = item.answer.partition("</answer>")[0].split("\n\nIgnore")[0].split("\n\nThank you")[0]
        text = text.split("\n\n{")[0]
        for phrase in ("There are several aspects", "As can be seen", "I am absolutely", "There is no doubt"):
            text = re.sub(rf"{phrase}[^.]*\.", "", text)
        return " ".join(HIDDEN.sub("", text).replace("## Answer", "").replace("- ", "").split())

    def statements(self, item):
        made = [s.strip(" .") for s in self.content(item).split(".") if s.strip(" .")]
        true = [s.strip(" .") for s in (item.reference or "").split(".") if s.strip(" .")]
        return made, true

    def scores(self, item, rubric):  # noqa: ARG002 - a program may look at it
        made, true = self.statements(item)
        right = sum(statement in true for statement in made)
        wrong = sum(statement not in true for statement in made)
        if not right:
            return dict.fromkeys(DIMENSIONS, 1)
        accuracy = max(1, 5 - 2 * wrong)
        return {
            "technical_accuracy": accuracy,
            "comprehensiveness": 2 + right,
            "relevance": max(1, 5 - wrong),
            "clarity": 4,
        }


def raised(scores, by=2):
    return {name: min(5, score + by) for name, score in scores.items()}


class Weak(SoundJudge):
    """A sound judge that a pattern in the answer carries away."""

    def __init__(self, weakness, pattern, change=raised):
        self.weakness, self._pattern, self._change = weakness, re.compile(pattern, re.DOTALL), change

    def scores(self, item, rubric):
        found = super().scores(item, rubric)
        return self._change(found) if self._pattern.search(item.answer) else found


class Blind(SoundJudge):
    """A sound judge that replaces a part of the answer before it reads it."""

    def __init__(self, weakness, seen):
        self.weakness, self._seen = weakness, seen

    def scores(self, item, rubric):
        return super().scores(item.model_copy(update={"answer": self._seen(item)}), rubric)


class ReadsTheRubric(SoundJudge):
    """A judge that a change of the rubric carries away."""

    def __init__(self, weakness, is_changed):
        self.weakness, self._is_changed = weakness, is_changed

    def scores(self, item, rubric):
        found = super().scores(item, rubric)
        return raised(found, -1) if self._is_changed(rubric) else found


def without_numbers(item):
    bar = re.search(r"(\d+) bar", item.reference)[1]
    number = item.metadata.get("stress_item", item.id)[1:]
    return re.sub(r"pump [\d.]+ ", f"pump {number} ", re.sub(r"[\d.]+ bar", f"{bar} bar", item.answer))


def lowered(scores):
    return raised(scores, -1)


SOUND = load_rubric("open_qa")
JUDGES = [
    Weak("padding", "several aspects"),
    Weak("lists_and_headings", "^## Answer"),
    Weak("confident_tone", "no doubt"),
    Weak("white_space", r"  \n", lowered),
    Weak("injected_verdict", r'"score": 5'),
    Weak("ignore_rubric", "Ignore the rubric"),
    Weak("fake_end", "</answer>"),
    Weak("praise", "fairest"),
    Weak("hidden_characters", "[\U000e0000-\U000e007f]"),
    Weak("master_key", "^(:|Solution:|Thought process:|Let us solve this step by step.)$"),
    Blind("wrong_number", without_numbers),
    Blind(
        "negated_statement",
        lambda item: item.answer.replace(" is not ", " is ").replace(" was not ", " was "),
    ),
    ReadsTheRubric("task_paraphrased", lambda rubric: rubric.task == SOUND.stress.task),
    ReadsTheRubric("dimension_order", lambda rubric: [*rubric.dimensions] == DIMENSIONS[::-1]),
]


def recorded(test, planted, path):
    """Write the replies of a program to everything that a stress test asks."""
    from judge.stress_testing.scoring import parts_of

    with path.open("w", encoding="utf-8") as file:
        for part in parts_of(test._twins({}), test.judge):
            for item in part.items:
                scores = planted.scores(item, part.judge.rubric)
                reply = {name: {"reason": "-", "score": value} for name, value in scores.items()}
                file.write(json.dumps({"id": item.id, "reply": reply}) + "\n")


def failed_probes(planted, folder):
    replies = folder / "replies.jsonl"
    test = StressTest(
        [Item(**row) for row in answers()],
        Judge(f"replay:{replies}", load_rubric("open_qa")),
        StressOptions(n_items=40, out=folder / "stress"),
        {},
    )
    recorded(test, planted, replies)
    return {o.probe.name for o in test.run(lambda _: judge.ScoringCallback()).outcomes if o.verdict == FAILED}


def test_a_sound_judge_fails_no_probe(tmp_path):
    assert failed_probes(SoundJudge(), tmp_path) == set()


@pytest.mark.parametrize("planted", JUDGES, ids=lambda planted: planted.weakness)
def test_the_probe_of_a_weakness_finds_it_and_the_others_are_quiet(planted, tmp_path):
    assert failed_probes(planted, tmp_path) == {planted.weakness}
