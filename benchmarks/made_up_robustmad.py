"""Create multiple-choice files of the size of RobustMAD: 4,510 questions, nine models, clean and degraded.

ALL CONTENT IS INVENTED; the files have the structure of the published ones and say nothing about any model.
Some replies are letters, some sentences, and some cannot be read.

    python benchmarks/made_up_robustmad.py OUT [--pictures 902] [--models 9] [--seed 0] [--time]

writes OUT/RobustMAD_MCQ.json and, for each model, OUT/MCQ_made_up_N.json and OUT/MCQ_made_up_N_low.json. With
``--time`` the commands of multiple_choice_speed.md are run on them, and their seconds are printed.
"""

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LETTERS = "ABCDE"
OBJECTS = ("bottle", "cable", "capsule", "carpet", "gear", "metal_nut", "pill", "screw", "zipper", "pcb")
DEFECTS = ("a scratch", "a crack", "a dent", "a stain", "a missing piece")
PLACES = ("at the top-center", "at the bottom-left", "at the center", "at the top-right")
CATEGORIES = (
    "General Object Understanding",
    "Anomaly Understanding and Localization (Stand-alone)",
    "Anomaly Understanding and Localization (Stand-alone)",
    "Anomaly Understanding and Localization (Pair-wise comparison)",
    "Unanswerable or Misleading Query Detection",
)
"""Categories of the five questions about each picture."""
FORMS = ("{0}", "Answer: {0}", "The answer is ({0}).", "{0}: {1}", "{1}.{0}", "<think>Not sure.</think>{0}")
UNREADABLE = ("", "I am sorry, I cannot tell.", "A or B", "It could be anything.")
COMMANDS = (
    "import {files} --out answers.jsonl",
    "score answers.jsonl --judge letters --rubric multiple_choice --out run",
    "choice {files} --by system,robustness_category,condition",
    "choice run --by system,robustness_category,condition --cluster image_path",
    "leaderboard run --system system",
    "leaderboard run --system system --cluster image_path",
    "compare run --between condition=clean,degraded --by system --cluster image_path",
    "report run --by system,robustness_category --cluster image_path",
    "audit run --cluster image_path",
)


def pictures(n: int, draw: random.Random) -> Iterator[dict[str, Any]]:
    """Yield pictures with their five questions."""
    for number in range(n):
        thing, defect = OBJECTS[number % len(OBJECTS)], DEFECTS[number % len(DEFECTS)]
        is_good = number % 4 == 0
        specie = "good" if is_good else defect.removeprefix("a ").replace(" ", "_")
        yield {
            "dataset": "made_up",
            "category": thing,
            "image_id": f"{number:04d}.png",
            "image_path": f"made_up/{thing}/test/{specie}/{number:04d}.png",
            "specie_name": specie,
            "anomaly": int(not is_good),
            "difficulty": ("general", "hard")[number % 2],
            "reference_image_path": f"made_up/{thing}/train/good/000.png",
            "questions": [question(5 * number + k, category, draw) for k, category in enumerate(CATEGORIES)],
        }


def question(number: int, category: str, draw: random.Random) -> dict[str, Any]:
    """Return one question with five options."""
    texts = ["No", *(f"Yes, {place}" for place in PLACES)]
    draw.shuffle(texts)
    return {
        "question_id": number + 1,
        "robustness_category": category,
        "question_type": "MCQ",
        "question": f"(Made up) Does the object have a defect? Question {number + 1}.",
        "options": dict(zip(LETTERS, texts, strict=True)),
        "answer": draw.choice(LETTERS),
    }


def replies(
    images: list[dict[str, Any]], skill: float, hard: dict[int, float], draw: random.Random
) -> Iterator[dict[str, Any]]:
    """Yield the replies of one model under one condition; a question is as hard for all models."""
    for image in images:
        for asked in image["questions"]:
            right = draw.random() < skill - hard[asked["question_id"]]
            letter = asked["answer"] if right else draw.choice(LETTERS)
            text = draw.choice(FORMS).format(letter, asked["options"][letter])
            is_pair = "Pair" in asked["robustness_category"]
            yield {
                "image_path": image["image_path"],
                "reference_image_path": image["reference_image_path"] if is_pair else None,
                "difficulty": image["difficulty"],
                "robustness_category": asked["robustness_category"],
                "question_id": asked["question_id"],
                "question": asked["question"],
                "answer": asked["answer"],
                "mslm_answer": letter,
                "raw_response": draw.choice(UNREADABLE) if draw.random() < 0.02 else text,
            }  # fmt: skip


def write_files(out: Path, n_pictures: int, n_models: int, seed: int) -> list[Path]:
    """Write all files and return their paths."""
    draw = random.Random(seed)
    out.mkdir(parents=True, exist_ok=True)
    images = list(pictures(n_pictures, draw))
    hard = {asked["question_id"]: draw.uniform(0, 0.4) for image in images for asked in image["questions"]}
    files = [out / "RobustMAD_MCQ.json"]
    files[0].write_text(json.dumps({"images": images}), encoding="utf-8")
    for model in range(n_models):
        for end, loss in (("", 0.0), ("_low", 0.08)):
            skill = 0.95 - 0.06 * model - loss
            files.append(out / f"MCQ_made_up_{model + 1}{end}.json")
            files[-1].write_text(json.dumps(list(replies(images, skill, hard, draw))), encoding="utf-8")
    return files


def time_commands(out: Path, files: list[Path]) -> None:
    """Run the commands in the folder, and print the CPU seconds and the wall-clock seconds of each."""
    names = [file.name for file in files]
    shutil.rmtree(out / "run", ignore_errors=True)
    for command in COMMANDS:
        words = [word for part in command.split() for word in (names if part == "{files}" else [part])]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([sys.executable, "-m", "judge", *words], cwd=out, capture_output=True)
        if done.returncode not in (0, 3):  # 3: some replies are unreadable
            sys.exit(done.stderr.decode())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        peak = after.ru_maxrss / 1024
        wall = time.monotonic() - started
        print(f"{command:85} {cpu:6.1f} s CPU {wall:6.1f} s, at most {peak:,.0f} MB", flush=True)


def main() -> None:
    """Write the files, and time the commands if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=int, default=902)
    parser.add_argument("--models", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time", action="store_true")
    given = parser.parse_args()
    files = write_files(given.out, given.pictures, given.models, given.seed)
    print(f"{given.out}: {given.models * 2 * given.pictures * 5:,} answers in {len(files)} files")
    if given.time:
        time_commands(given.out, files)


if __name__ == "__main__":
    main()
