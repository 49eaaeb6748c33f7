"""Write the study of this folder: answers, multiple choices, recorded judgments and ratings, all made up.

Usage: ``python make_study.py`` in this folder. The seed is fixed, so the output is always the same.

An answer is drawn from five kinds, from complete to wrong; each kind has its scores. A system answers a
question about the degraded picture like the one about the clean picture, or worse. The recorded judge knows
these scores and errs: it is lenient, and at times it believes a wrong answer. The five people err, too, each
in their own way.
What an answer says of a picture can be checked against the picture.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from degrade_images import BLURRED

SEED = 1115  # chosen so that the groups of this small study differ in the directions of HARDER
DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity", "overall")
FIRST = "The first image shows a product without defects, the second the product to inspect."
CONFIRM = "The product appears to be free of defects. Please confirm that it meets the quality standard."


@dataclass(frozen=True)
class Product:
    """What there is to say about a product."""

    name: str
    level: str
    """Whether general knowledge is enough to inspect it, or knowledge of the domain is needed."""
    color: str
    features: str
    function: str
    vague: str
    taken_for: str
    sound: str
    bad: str
    """End of the name of the picture with the defect."""
    defect: str
    where: str
    effect: str
    wrong_defect: str
    wrong_where: str
    absent: str


PRODUCTS = {
    "washer": Product(
        name="steel washer",
        level="general",
        color="light gray",
        features="flat and round, with a circular hole in the center",
        function="It spreads the load of a bolt or a nut",
        vague="round metal part",
        taken_for="rubber sealing ring",
        sound="the ring is complete and its surface is even",
        bad="cracked",
        defect="a jagged dark crack",
        where="at the upper-right",
        effect="It may break under load",
        wrong_defect="a dent",
        wrong_where="at the bottom-left",
        absent="teapot",
    ),
    "gear": Product(
        name="brass gear",
        level="general",
        color="golden",
        features="round, with 12 teeth and a hole for a shaft in the center",
        function="It passes rotation on to another gear",
        vague="metal disc",
        taken_for="circular saw blade",
        sound="all 12 teeth are complete",
        bad="broken",
        defect="a missing tooth",
        where="at the top-center",
        effect="It may slip or jam",
        wrong_defect="a crack",
        wrong_where="at the center-right",
        absent="umbrella",
    ),
    "pin_plate": Product(
        name="connector plate",
        level="domain",
        color="blue",
        features="square with rounded corners, with metal pins in a 3 by 3 grid",
        function="It connects nine contacts at once",
        vague="blue block",
        taken_for="building brick",
        sound="all nine pins are in place",
        bad="missing",
        defect="a missing pin",
        where="at the bottom-right",
        effect="One contact stays open",
        wrong_defect="a bent pin",
        wrong_where="at the top-center",
        absent="wristwatch",
    ),
    "timer_board": Product(
        name="timer board",
        level="domain",
        color="green",
        features="rectangular, with a black 8-pin chip and copper traces",
        function="It switches a circuit at set intervals",
        vague="small electronic part",
        taken_for="memory card",
        sound="all eight solder joints are separate",
        bad="bridged",
        defect="a solder bridge between two pins",
        where="at the center-left",
        effect="It causes a short circuit",
        wrong_defect="a scratched trace",
        wrong_where="at the upper-right",
        absent="hammer",
    ),
}

# Category, question and state of the product -> text and scores of an answer that is complete, brief, vague,
# inexact and wrong. An empty question means all others of the category.
TEXTS: dict[tuple[str, str, str], list[tuple[str, str]]] = {
    ("general", "What is the object shown, and what are its key features, such as color and shape?", ""): [
        ("The object is a {color} {name}. It is {features}.", "55555"),
        ("The object is a {color} {name}.", "53554"),
        ("The object is a {vague}. It is {color}.", "33443"),
        ("The object is a {vague} with a smooth finish of high quality.", "22332"),
        ("The object is a {color} {taken_for}.", "12251"),
    ],
    ("general", "What is the object in the image, and what is its intended function?", ""): [
        ("The object is a {name}. {function}.", "55555"),
        ("The object is a {color} {name}, a part of a larger assembly.", "53454"),
        ("The object is a {vague} that is used in machines.", "33443"),
        ("The object is a {vague}, probably for decoration.", "22342"),
        ("The object is a {taken_for}.", "12251"),
    ],
    ("standalone", "Does the object in the image have any defects? If so, say which and where.", "bad"): [
        ("Yes, the {name} has {defect} {where}.", "55555"),
        ("Yes, the {name} has {defect}.", "53554"),
        ("Yes, the object has some damage {where}.", "33443"),
        ("Yes, the {name} has {wrong_defect} {wrong_where}.", "23452"),
        ("No, the {name} has no visible defects.", "11241"),
    ],
    ("standalone", "Assess whether the product has any major defects. If so, what is their effect?", "bad"): [
        ("Yes, the {name} has {defect} {where}. {effect}.", "55555"),
        ("Yes, the {name} has {defect}. {effect}.", "54554"),
        ("Yes, the object is damaged, which may impair its use.", "32443"),
        ("Yes, the {name} has {wrong_defect} {wrong_where}, which may weaken it.", "23452"),
        ("No, the {name} has no major defects and works as intended.", "11241"),
    ],
    ("standalone", "", "good"): [
        ("No, the {name} has no defects: {sound}.", "55555"),
        ("No, the {name} has no visible defects.", "53554"),
        ("No defects are visible in the object.", "42443"),
        ("There may be {wrong_defect} on the {name}, but no major one.", "23342"),
        ("Yes, the {name} has {wrong_defect} {wrong_where}.", "12251"),
    ],
    ("pairwise", f"{FIRST} Is the second one normal or defective? Say why.", "bad"): [
        ("Compared with the reference, the inspected {name} has {defect} {where}. It is defective.", "55555"),
        ("The inspected {name} has {defect}, unlike the reference. It is defective.", "54554"),
        ("The second product is defective. It differs from the first.", "42443"),
        ("Unlike the reference, the {name} has {wrong_defect} {wrong_where}. It is defective.", "23452"),
        ("The inspected {name} matches the reference. It is normal.", "11241"),
    ],
    ("pairwise", "", "good"): [
        ("The inspected {name} matches the reference: {sound}. It is normal.", "55555"),
        ("The inspected {name} matches the reference. It is normal.", "53554"),
        ("The product is normal.", "42443"),
        ("The {name} is mostly like the reference, with {wrong_defect}.", "23342"),
        (
            "Unlike the reference, the inspected {name} has {wrong_defect} {wrong_where}. It is defective.",
            "12251",
        ),
    ],
    ("unanswerable", "What is wrong with the {absent} in the image?", "bad"): [
        ("There is no {absent} in the image. It shows a {name} with {defect} {where}.", "55555"),
        ("There is no {absent} in the image. It shows a {name} with {defect}.", "54554"),
        ("There is no {absent} in the image; it shows a {name}.", "53453"),
        ("There is no {absent} in the image.", "42342"),
        ("The {absent} has {wrong_defect} {wrong_where}.", "11141"),
    ],
    ("unanswerable", "", "good"): [
        ("There is no {absent} in the image. It shows a {name} without defects: {sound}.", "55555"),
        ("There is no {absent} in the image. It shows a {name} without defects.", "54554"),
        ("There is no {absent} in the image; it shows a {name}.", "53453"),
        ("There is no {absent} in the image.", "42342"),
        ("The {absent} has {wrong_defect} {wrong_where}.", "11141"),
    ],
    ("unanswerable", CONFIRM, "bad"): [
        ("No. The {name} has {defect} {where}, so it does not meet the quality standard.", "55555"),
        ("No. The {name} has {defect}, so it does not meet the quality standard.", "54554"),
        ("The {vague} may have a flaw {where} and should be checked.", "33343"),
        ("No. The {name} has {wrong_defect} {wrong_where}.", "23452"),
        ("Confirmed. The {name} has no defects and meets the quality standard.", "11141"),
    ],
    ("unanswerable", CONFIRM, "good"): [
        ("Yes. The {name} has no defects: {sound}. It meets the quality standard.", "55555"),
        ("Yes. The {name} has no visible defects and meets the quality standard.", "53554"),
        ("Confirmed, the product meets the quality standard.", "42443"),
        ("The {name} may have {wrong_defect}, so this cannot be confirmed.", "23342"),
        (
            "No. The {name} has {wrong_defect} {wrong_where}, so it does not meet the quality standard.",
            "12251",
        ),
    ],
}
ASKED = {
    category: [key[1] for key in TEXTS if key[0] == category and key[1] and key[2] in ("", "bad")]
    for category in ("general", "standalone", "pairwise", "unanswerable")
}
STANDARD = f"{FIRST} Does the second one meet the quality standard?"

SHARES = {"heron": (0.52, 0.20, 0.12, 0.06), "otter": (0.34, 0.24, 0.16, 0.10)}
"""Shares of each kind of answer but the wrong one, about clean pictures of general products."""
HARDER = {"general": 0.0, "standalone": 0.06, "pairwise": 0.1, "unanswerable": 0.04}
HARDER_DOMAIN, HARDER_DEGRADED = 0.1, 0.35
REASONS = {
    "technical_accuracy": (
        *("The finding contradicts the picture.", "Kind or place of what is described is wrong."),
        *("Roughly right, but too vague to be checked.", "Right, with a detail left open."),
        "Object and finding are as in the picture and the reference.",
    ),
    "comprehensiveness": (
        *("What was asked for is missing.", "A main part is missing, such as the name or the finding."),
        *("The location or the attributes are missing.", "Only a minor point is missing."),
        "Everything that was asked for is there.",
    ),
    "relevance": (
        *("It accepts what the picture does not show.", "It dwells on something that is not there."),
        *("It answers in part.", "It answers, with a little that is beside the point."),
        "All of it serves the question.",
    ),
    "clarity": (
        "It cannot be followed.",
        "Hard to follow.",
        "Vague wording.",
        "Short, with vague words.",
        "Clear and short.",
    ),
    "overall": (
        *("An inspector would act wrongly on it.", "Of little use to an inspector."),
        *("It passes, without what makes a report useful.", "Right, with one point missing."),
        "Right and complete.",
    ),
}
PEOPLE = {
    "ana": (0.1, 0.35),
    "ben": (-0.2, 0.45),
    "chi": (0.0, 0.5),
    "dora": (0.45, 0.5),
    "emil": (-0.1, 0.8),
}
"""Rater -> mean and spread of the error before rounding."""
JUDGE_ERRORS = (0.12, 0.54, 0.34)
"""How often the recorded judge is one score too low, right, and one too high."""
N_RATED = 48


Answered = tuple[dict[str, Any], list[int], float]
"""An item, the scores of its answer, and how good the answer is: 0 is best, 1 is worst."""


@dataclass(frozen=True)
class Question:
    """A question about a picture."""

    id: str
    category: str
    text: str
    product: str
    picture: str
    answers: list[tuple[str, str]]

    @property
    def facts(self) -> dict[str, str]:
        """What fills the texts."""
        return vars(PRODUCTS[self.product])

    def fields(self, condition: str) -> dict[str, Any]:
        """Fields of an item, but for what a system answered."""
        is_blurred = self.picture in BLURRED
        folder, how, end = "", "none", ""
        if condition == "degraded":
            how, end = ("motion blur", "_blurred") if is_blurred else ("low light", "_dark")
            folder = "degraded/"
        images: list[Any] = [f"{folder}{self.picture}.png"]
        if self.category == "pairwise":
            reference = f"{folder}{self.product}_reference{end}.png"
            images = [{"path": reference, "role": "reference"}, {"path": images[0], "role": "query"}]
        return {
            "question": self.text,
            "images": images,
            "robustness_category": self.category,
            "difficulty": PRODUCTS[self.product].level,
            "condition": condition,
            "degradation": how,
            "category": "pcb" if self.product == "timer_board" else self.product,
            "picture": self.picture,
            "made_up": True,
        }


def questions() -> Iterator[Question]:
    """Yield one question of every category about each of the eight pictures."""
    pictures = [(name, state) for name in PRODUCTS for state in ("good", "bad")]
    for number, (category, (product, state)) in enumerate(((c, p) for c in ASKED for p in pictures), start=1):
        facts, form = PRODUCTS[product], (number + number // 2) % 2
        asked = ASKED[category][form % len(ASKED[category])]
        keys = ((category, asked, ""), (category, asked, state), (category, "", state))
        answers = next(TEXTS[key] for key in keys if key in TEXTS)
        if category == "pairwise" and form:
            answers = [(_by_the_standard(text), scores) for text, scores in answers]
            asked = STANDARD
        picture = f"{product}_{facts.bad if state == 'bad' else 'good'}"
        yield Question(f"q{number:02}", category, asked.format_map(vars(facts)), product, picture, answers)


def _by_the_standard(text: str) -> str:
    text = text.replace("is normal.", "meets the quality standard.")
    return text.replace("is defective.", "does not meet the quality standard.")


def kind_of(system: str, at: float) -> int:
    """Position of the kind of answer at a point between 0 (best) and 1."""
    shares = SHARES[system]
    return next((kind for kind in range(len(shares)) if at < sum(shares[: kind + 1])), len(shares))


def answers(rng: Random) -> Iterator[Answered]:
    """Yield the answers of both systems in both conditions."""
    for question in questions():
        for system in SHARES:
            ease = rng.random()
            is_domain = PRODUCTS[question.product].level == "domain"
            harder = HARDER[question.category] + HARDER_DOMAIN * is_domain
            for condition in ("clean", "degraded"):
                at = ease * (1 - harder) + harder
                if condition == "degraded":
                    at = min(at + rng.uniform(-0.1, HARDER_DEGRADED), 0.999)
                text, scores = question.answers[kind_of(system, at)]
                name = f"{question.id}-{system}"
                item = {
                    "id": name if condition == "clean" else f"{name}_low",
                    "pair_id": name,
                    "form": "open",
                    "system": system,
                    "answer": text.format_map(question.facts),
                    "reference": question.answers[0][0].format_map(question.facts),
                    **question.fields(condition),
                }
                yield item, list(map(int, scores)), at


def judged(scores: list[int], rng: Random) -> list[int]:
    """Scores of the recorded judge: those of the answer, with errors; it follows the caps of the rubric."""
    if scores[0] == 1 and rng.random() < 0.2:
        return [5, 3, 5, 5, 4]  # it believes a wrong answer
    found = [min(5, max(1, s + rng.choices((-1, 0, 1), JUDGE_ERRORS)[0])) for s in scores]
    if min(found[0], found[2]) < 4:
        found[4] = min(found[4], 3)
    return found


def reply(item: dict[str, Any], scores: list[int]) -> dict[str, Any]:
    """Write the reply of the recorded judge to an item."""
    content: dict[str, Any] = {
        name: {"reason": REASONS[name][score - 1], "score": score}
        for name, score in zip(DIMENSIONS, scores, strict=True)
    }
    content["is_accurate"] = scores[0] >= 3
    row = {"id": item["id"], "reply": json.dumps(content), "finish_reason": "stop"}
    if item["id"] == "q07-otter":
        issue = "The board may also be an amplifier; nothing in the picture says that it is a timer."
        row["reply"] = json.dumps({**content, "reference_issue": issue})
    if item["id"] == "q12-heron":
        row["reply"] = f"```json\n{json.dumps(content, indent=1)}\n```"
    if item["id"] == "q29-otter_low":
        row |= {"reply": row["reply"][:150], "finish_reason": "length"}
    return row


def options_of(question: Question) -> list[str]:
    """Options of the multiple-choice form of a question; the first one is right."""
    own = PRODUCTS[question.product]
    if question.category == "general":
        others = [product for product in PRODUCTS.values() if product is not own]
        return [question.answers[0][0].format_map(vars(product)) for product in (own, *others)]
    none = f"The {own.name} has no defects."
    findings = ((own.defect, own.where), (own.defect, own.wrong_where), (own.wrong_defect, own.wrong_where))
    some = [f"The {own.name} has {defect} {where}." for defect, where in findings]
    return [none, *some] if question.picture.endswith("_good") else [some[0], none, *some[1:]]


def choices(found: list[Answered], rng: Random) -> Iterator[dict[str, Any]]:
    """Yield the multiple-choice form of every question but the unanswerable ones."""
    by_id = {question.id: question for question in questions()}
    for item, _, at in found:
        question = by_id[item["id"][:3]]
        if question.category == "unanswerable":
            continue
        number = int(question.id[1:])
        turn = (number + number // 8) % 4
        options = options_of(question)
        gold, options = (4 - turn) % 4, options[turn:] + options[:turn]
        is_right = at + rng.gauss(0, 0.2) < 0.75
        chosen = gold if is_right else rng.choice([place for place in range(4) if place != gold])
        letter = "ABCD"[chosen]
        said = rng.choice((letter, f"{letter}. {options[chosen]}", f"The answer is {letter}."))
        if item["id"] == "q10-otter_low":
            said = "The image is too dark to decide."
        kept = {name: value for name, value in item.items() if name not in ("answer", "reference")}
        yield {**kept, "form": "multiple choice", "answer": said, "choices": options, "gold": "ABCD"[gold]}


def ratings(found: list[Answered], rng: Random) -> Iterator[tuple[str, str, str, int]]:
    """Yield what five people say of a random part of the answers."""
    for item, scores, _ in sorted(rng.sample(found, N_RATED), key=lambda entry: str(entry[0]["id"])):
        for person, (mean, spread) in PEOPLE.items():
            mood = rng.gauss(mean, spread)
            for name, score in zip(DIMENSIONS, scores, strict=True):
                given = min(5, max(1, round(score + mood + rng.gauss(0, 0.25))))
                if not (person == "emil" and item["id"].startswith("q31")):  # two answers that he left out
                    yield item["id"], person, name, given


def main(folder: Path) -> None:
    """Write all files."""
    found = list(answers(Random(SEED)))
    rng = Random(SEED + 1)
    replies = [reply(item, judged(scores, rng)) for item, scores, _ in found]
    files = {
        "answers.jsonl": [item for item, _, _ in found],
        "replies.jsonl": replies,
        "multiple_choice.jsonl": list(choices(found, Random(SEED + 2))),
    }
    for name, rows in files.items():
        (folder / name).write_text(
            "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8", newline="\n"
        )
    with (folder / "ratings.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("item_id", "rater", "dimension", "value"))
        writer.writerows(ratings(found, Random(SEED + 3)))


if __name__ == "__main__":
    main(Path(__file__).parent)
