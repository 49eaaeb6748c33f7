"""A damaged run or study is read, or refused in one line that names the file; it is never changed."""

import io
import shutil
from collections import deque
from pathlib import Path
from random import Random

import pytest

from human_study.export_formats import WRITERS
from human_study.form import Reply
from human_study.plan import Design, choose, plan_study
from human_study.progress import as_plain, measure
from human_study.store import Study
from human_study.study_records import Save
from judge import load_items, load_rubric, score
from judge.errors import JudgeError
from judge.scoring.run import Run

from .damage import DAMAGES

EXAMPLES = Path(__file__).parents[2] / "examples"


def exhaust(*iterables):
    for iterable in iterables:
        deque(iterable, maxlen=0)


def read_run(path: Path) -> None:
    """Call everything that reads a run."""
    with Run.open(path) as run:
        _ = run.manifest, run.rubric, run.judge, run.most_images, run.is_judged
        ids = run.ids_with_status()
        exhaust(
            run.items(), run.items_to_ask(), run.completions(), run.judgments(), run.scores(), run.verdicts()
        )
        run.distribution()
        run.summary()
        for item_id in ids[:3]:
            run.item(item_id)
            run.scores_of(item_id)
            exhaust(run.completions(item_id))


def read_study(path: Path) -> None:
    """Call everything that reads a study."""
    with Study.open(path, read_only=True) as study:
        as_plain(measure(study))
        for writer in WRITERS.values():
            writer(study, io.StringIO(), False, True)
        study.timings()
        for rater in study.raters():
            study.rater_with(rater.token)
            for row in study.overview(rater.name):
                if task := study.task(rater.name, row["n"]):
                    study.pictures(task.item.id, task.kind)
                study.picture(rater.name, row["n"], 0)
            study.in_training(rater.name)


@pytest.fixture(scope="session")
def sound_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "run"
    judge = f"replay:{EXAMPLES / 'replies.jsonl'}"
    score(
        load_items(EXAMPLES / "answers.jsonl"), judge=judge, rubric=load_rubric("open_qa"), out=path
    ).close()
    read_run(path)
    return path / "run.db"


@pytest.fixture(scope="session")
def sound_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "study.db"
    design = Design(raters=3, per_item=2, items=8)
    items = list(load_items(EXAMPLES / "answers.jsonl"))
    with Study.create(
        path, plan_study("A study", load_rubric("open_qa"), design, choose(items, design))
    ) as study:
        rng = Random(1)
        for task in list(study.tasks()):
            values = {q.name: rng.choice(q.options).value for q in study.form.questions if q.options}
            save = Save(save_id=f"save-{task.n:08d}", base=0, reply=Reply(values=values), seconds=5.0)
            if task.kind == "training" or rng.random() < 0.8:
                study.save(task.rater, task.n, save)
        study.drop("R03", "left")
        study.open_discussion([items[0].id])
    read_study(path)
    return path


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def try_damaged(sound: Path, folder: Path, kind: str, seeds: range, read) -> None:
    """Damage copies of a sound file and read them; an error must be ours, one line, and name the file."""
    path = folder / sound.name
    for seed in seeds:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copyfile(sound, path)
        DAMAGES[kind](path, Random(f"{kind} {seed}"))
        before = content(path)
        said = None
        try:
            read(path)
        except JudgeError as error:
            said = str(error)
        assert said is None or (str(folder) in said and "\n" not in said), seed
        assert content(path) == before, seed


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_run_is_read_or_refused_in_one_line(sound_run: Path, tmp_path: Path, kind: str) -> None:
    try_damaged(sound_run, tmp_path / "run", kind, range(50), lambda path: read_run(path.parent))


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_study_is_read_or_refused_in_one_line(sound_study: Path, tmp_path: Path, kind: str) -> None:
    try_damaged(sound_study, tmp_path / "study", kind, range(50), read_study)
