"""Create synthetic runs of the size of RobustMAD: 7,380 answers, four types of questions, two conditions.

ALL CONTENT IS INVENTED: questions, answers, scores and prices. The runs are for measuring times and for
inspecting reports; they say nothing about any model. Replies are stored and parsed like real ones.

    python benchmarks/made_up_run.py OUT [--systems 3] [--images 615] [--seed 0]

writes OUT/made-up-alpha, OUT/made-up-bravo, ...: one run per system, with the same questions. Each item has
the fields `pair_id` (the same for the clean and the degraded version of a question), `image`, `condition`,
`robustness_category`, `category`, `difficulty` and `made_up`.
"""

import argparse
import json
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from judge.records import Completion, Failure, Image, Item, Request, Usage
from judge.rubric import load_rubric
from judge.scoring.judge import Judge
from judge.scoring.loop import score_items
from judge.scoring.run import Run

SYSTEMS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")
KINDS = {"general": 0.9, "standalone": 0.0, "pairwise": -0.2, "unanswerable": -0.9}
CONDITIONS = {"clean": 0.0, "degraded": -0.45}
DIFFICULTIES = {"easy": 0.4, "medium": 0.0, "hard": -0.5}
OBJECTS = ("bottle", "cable", "capsule", "carpet", "metal_nut", "pill", "screw", "zipper")
PLACES = ("upper-left", "top-center", "center", "center-right", "bottom-left")
DEFECTS = ("a scratch", "a crack", "a dent", "a stain", "a missing piece")
DIMENSIONS = {"technical_accuracy": 2.9, "comprehensiveness": 3.0, "relevance": 3.9, "clarity": 4.4}
REASONS = {
    "technical_accuracy": "Made-up reason: the {defect} is named {well}.",
    "comprehensiveness": "Made-up reason: object, defect and place are there {well}.",
    "relevance": "Made-up reason: it keeps to the question {well}.",
    "clarity": "Made-up reason: it reads {well}.",
    "overall": "Made-up reason: of use to a repair worker {well}.",
}


def made_up_items(system: str, n_images: int, rng: np.random.Generator) -> Iterator[Item]:
    """Yield six questions per image, each in both conditions."""
    kinds = ("general", "general", "standalone", "standalone", "pairwise", "unanswerable")
    for image in range(n_images):
        thing, difficulty = OBJECTS[image % len(OBJECTS)], list(DIFFICULTIES)[image % 3]
        for number, kind in enumerate(kinds):
            defect, place = rng.choice(DEFECTS), rng.choice(PLACES)
            for condition in CONDITIONS:
                yield Item(
                    id=f"q{image:04d}-{number}-{condition}",
                    question=f"(Made up) What does this {thing} show? Question {number} of kind {kind}.",
                    answer=made_up_answer(thing, defect, place, rng),
                    reference=f"(Made up) The {thing} has {defect} at the {place}.",
                    images=(Image(path=f"images/{condition}/{image:04d}.png"),),
                    system=system,
                    metadata={
                        "pair_id": f"q{image:04d}-{number}",
                        "image": f"{image:04d}",
                        "condition": condition,
                        "robustness_category": kind,
                        "category": thing,
                        "difficulty": difficulty,
                        "made_up": True,
                    },
                )


def made_up_answer(thing: str, defect: str, place: str, rng: np.random.Generator) -> str:
    """Return one sentence; rarely an empty answer, a refusal, or a far too long one."""
    fate = rng.random()
    if fate < 0.004:
        return ""
    if fate < 0.01:
        return "I'm sorry, but I can't help with that image."
    long = (
        " It may also be a reflection, though the light makes that hard to tell." * 4 if fate < 0.04 else ""
    )
    return f"The {thing} has {defect} at the {place}.{long}"


class MadeUpJudge:
    """A backend with scores from a latent quality, which depends on system, image, question and condition."""

    stopped: str | None = None

    def __init__(self, skill: float, seed: int) -> None:
        self._skill = skill
        self._seed = seed

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Yield completions in batches, like a real backend."""
        batch: list[Completion] = []
        for request in requests:
            batch.append(self._completion(request))
            if len(batch) == 256:
                yield batch
                batch = []
        yield batch

    def drain(self) -> Sequence[Completion]:
        """Return no completions: none are pending."""
        return []

    def _completion(self, request: Request) -> Completion:
        item = request.item
        rng = np.random.default_rng([self._seed, *item.id.encode()])
        usage = Usage(prompt_tokens=2_400, cached_tokens=1_900, completion_tokens=int(rng.integers(180, 320)))
        cost = 1e-6 * (0.5 * usage.prompt_tokens + 2 * usage.completion_tokens)
        fate = rng.random()
        if fate < 0.002:
            return Completion.of(request, failure=Failure(kind="timeout", message="made-up timeout"), tries=4)
        if fate < 0.005:
            return Completion.of(
                request, refusal="Made-up refusal: I can't judge this.", usage=usage, cost=cost
            )
        reply = "The answer is fairly good." if fate < 0.012 else json.dumps(self._verdict(item, rng))
        return Completion.of(
            request,
            reply=reply,
            finish_reason="stop",
            usage=usage,
            cost=cost,
            latency=round(float(rng.gamma(4, 0.5)), 3),
            model="made-up/judge-2026",
        )

    def _verdict(self, item: Item, rng: np.random.Generator) -> dict[str, object]:
        scores = dict(zip(DIMENSIONS, self._scores(item, rng), strict=True))
        accuracy = scores["technical_accuracy"]
        opinion = 0.5 * accuracy + 0.5 * np.mean(list(scores.values())) + rng.normal(0, 0.4)
        overall = int(np.clip(round(opinion), 1, 5))
        scores["overall"] = min(overall, 3) if min(accuracy, scores["relevance"]) < 4 else overall
        if rng.random() < 0.01:
            scores["overall"] = 5
        return {
            **{
                name: {
                    "reason": REASONS[name].format(defect="defect", well="well" if score > 3 else "badly"),
                    "score": score,
                }
                for name, score in scores.items()
            },
            "is_accurate": bool((accuracy >= 3) != (rng.random() < 0.02)),
            "reference_issue": "Made up: the reference names another place." if rng.random() < 0.01 else "",
        }

    def _scores(self, item: Item, rng: np.random.Generator) -> list[int]:
        if not item.answer:
            return [1, 1, 1, 1]
        m = item.metadata
        shared = np.random.default_rng([7, *f"image {m['image']}".encode()]).normal(0, 0.5)
        question = np.random.default_rng([7, *m["pair_id"].encode()]).normal(0, 0.6)
        ease = KINDS[m["robustness_category"]] + CONDITIONS[m["condition"]] + DIFFICULTIES[m["difficulty"]]
        quality = self._skill + shared + question + rng.normal(0, 0.7)
        weights = (1.0, 0.9, 0.4, 0.15)
        return [
            int(np.clip(np.floor(level + weight * (quality + ease) + rng.normal(0, 0.6) + 0.5), 1, 5))
            for level, weight in zip(DIMENSIONS.values(), weights, strict=True)
        ]


def make_run(folder: Path, system: str, skill: float, n_images: int, seed: int) -> Run:
    """Create the run of one system, with scores."""
    judge = Judge(model="made-up/judge", rubric=load_rubric("inspection"))
    run = Run.create(folder, judge)
    run.add_items(made_up_items(system, n_images, np.random.default_rng(seed)))
    score_items(run, judge, MadeUpJudge(skill, seed))
    return run


def main() -> None:
    """Write the runs and print their folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--systems", type=int, default=3, choices=range(1, len(SYSTEMS) + 1))
    parser.add_argument("--images", type=int, default=615)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for number, system in enumerate(SYSTEMS[: args.systems]):
        started = time.perf_counter()
        folder = args.out / f"made-up-{system}"
        with make_run(folder, system, 0.5 - 0.15 * number, args.images, args.seed + number) as run:
            print(f"{folder}: {run.summary().items:,} items, {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
