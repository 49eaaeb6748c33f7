"""A stress test from beginning to end: read, draw, change, score, compare."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from judge.errors import InputError
from judge.items import load_items
from judge.records import Item, Score
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.factory import check_backend
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.callbacks import ProgressBar, ScoringCallback
from judge.scoring.checked_items import Answers, InputOptions, image_root, source_name
from judge.scoring.images import check
from judge.scoring.judge import Judge
from judge.scoring.preview import Preview
from judge.scoring.run import Run
from judge.scoring.score import default_out
from judge.stress_testing.draw import StressItems, draw_items, scores_of
from judge.stress_testing.outcomes import ProbeOutcome, StressScores, outcomes, read_stress_scores
from judge.stress_testing.paraphrases import Paraphraser, paraphrased_texts
from judge.stress_testing.pictures import StagedPictures
from judge.stress_testing.plan_file import read_drawn, write_drawn
from judge.stress_testing.probe import ProbeContext
from judge.stress_testing.probes import ALL, chosen_probes
from judge.stress_testing.scoring import (
    PICTURES,
    StressPart,
    check_judge_of,
    parts_of,
    preview_parts,
    score_parts,
)
from judge.stress_testing.twins import Twins, make_twins

_CLOSED = ("ok", "abstained", "not_applicable")
END = "-stress"
"""End of the name of the default folder."""


@dataclass(frozen=True)
class StressOptions:
    """What is tested, and where it is kept.

    Attributes
    ----------
    n_items : int
        Number of items to draw.
    probes : str or sequence of str
        Names of probes or families, or ``all``.
    seed : int
        Seed of the draw and of the changes.
    out : Path or None
        Folder of the stress test; None: that of the scored run with ``-stress`` at its end.
    with_model : str or None
        Model that paraphrases texts.
    """

    n_items: int = 100
    probes: str | Sequence[str] = ALL
    seed: int = 0
    out: Path | None = None
    with_model: str | None = None


@dataclass(frozen=True)
class StressResult:
    """Result of a stress test.

    Attributes
    ----------
    out : Path
        Folder with the runs and the pictures.
    judge : Judge
        The judge.
    drawn : StressItems
        The items and how they were drawn.
    twins : Twins
        Everything that was scored.
    outcomes : tuple of ProbeOutcome
        One for each probe.
    runs : tuple of Path
        Run folders, that of the items first.
    clusters : tuple of str
        Cluster of each item: its ``pair_id``, or else its question.
    scores : mapping
        Scores by probe and item.
    n_scored, n_incomplete : int
        Items and twins that were to be scored, and those of them that lack a score.
    source : str
        Name of the input.
    with_model : str or None
        Model that paraphrased texts.
    """

    out: Path
    judge: Judge
    drawn: StressItems
    twins: Twins
    outcomes: tuple[ProbeOutcome, ...]
    runs: tuple[Path, ...]
    clusters: tuple[str, ...]
    scores: StressScores
    n_scored: int = 0
    n_incomplete: int = 0
    source: str = ""
    with_model: str | None = None


class StressTest:
    """The items and changes of one stress test, ready to be scored.

    Parameters
    ----------
    answers : Answers or Path
        As in `judge.score`, or the folder of a run: its items are then drawn in equal numbers of each score,
        and its replies are used again.
    judge : Judge
        The judge to test.
    options : StressOptions
        What is tested.
    reading : mapping
        How answers are read, see `judge.score`.
    connection, engine
        As in `judge.score`.

    Raises
    ------
    InputError
        The answers cannot be read, or nothing can be tested.
    RunError
        The folder holds another stress test.
    BackendError
        The judge cannot answer at all.
    """

    def __init__(
        self,
        answers: Answers,
        judge: Judge,
        options: StressOptions,
        reading: Mapping[str, Any],
        connection: Connection | None = None,
        engine: EngineOptions | None = None,
    ) -> None:
        self.judge, self.options = judge, options
        self.connection, self.engine = connection or Connection(), engine or EngineOptions()
        self.probes = chosen_probes(options.probes)
        self._run = _run_of(answers, judge)
        if self._run is not None:
            check_judge_of(self._run, judge)
        self.out = options.out or _default_folder(answers, judge)
        items, root, scores = self._read(answers, reading)
        self.drawn = read_drawn(self.out, items, options.n_items, options.seed) or draw_items(
            items, options.n_items, options.seed, scores
        )
        self._source = source_name(answers)
        self._root = root

    def _read(
        self, answers: Answers, reading: Mapping[str, Any]
    ) -> tuple[Sequence[Item], Path, Mapping[str, str] | None]:
        """Items, the folder of their pictures, and the scores by which they are drawn."""
        if self._run is not None:
            with Run.open(self._run) as run:
                return list(run.items()), Path(run.fact("image_root") or "."), scores_of(run) or None
        root = image_root(answers, InputOptions(image_root=reading.get("image_root")))
        found = load_items(answers, **{name: v for name, v in reading.items() if name != "image_root"})
        if not found:
            raise InputError(f"{source_name(answers)}: has no item")
        return found, root, None

    def preview(self) -> list[Preview]:
        """Count the requests of every part; nothing is sent or stored.

        Texts that another model would paraphrase count as they are.
        """
        texts = paraphrased_texts(self.drawn.items, self.judge.rubric, self.probes)
        same = {text: f"{text} " for text in texts} if self.options.with_model else {}
        with TemporaryDirectory(prefix="judge-dry-run-") as folder:
            parts = parts_of(self._twins(same, Path(folder)), self.judge)
            return preview_parts(parts, self.out, Path(folder), self._run)

    def run(
        self,
        callback_for: Callable[[StressPart], ScoringCallback] = lambda _: ProgressBar(),
        *,
        retry_errors: bool = False,
        reask: bool = False,
    ) -> StressResult:
        """Score everything and compare it; the same test again continues where it stopped."""
        check_backend(self.judge, self.connection)
        paraphrases = self._paraphrases()
        twins = self._twins(paraphrases)
        write_drawn(self.out, self.drawn, self.options.n_items, self._source)
        scores, runs, parts = [], [], parts_of(twins, self.judge)
        for run in score_parts(
            parts,
            self.out,
            connection=self.connection,
            engine=self.engine,
            callback_for=callback_for,
            source=self._run,
            retry_errors=retry_errors,
            reask=reask,
        ):
            with run:
                scores += list(run.scores())
                runs.append(run.path)
        clusters = [str(item.field("pair_id") or item.question) for item in twins.originals]
        by_probe = read_stress_scores(scores, self.judge.rubric, twins)
        found = outcomes(
            self.probes,
            twins,
            by_probe,
            self.judge.rubric,
            clusters,
            self.options.seed,
        )
        return StressResult(
            self.out,
            self.judge,
            self.drawn,
            twins,
            tuple(found),
            tuple(runs),
            tuple(clusters),
            by_probe,
            len(wanted := {item.id for part in parts for item in part.items}),
            len(wanted - _complete(scores)),
            self._source,
            self.options.with_model,
        )

    def _paraphrases(self) -> Mapping[str, str]:
        if self.options.with_model is None:
            return {}
        texts = paraphrased_texts(self.drawn.items, self.judge.rubric, self.probes)
        paraphraser = Paraphraser(self.options.with_model, self.out, self.connection, self.engine)
        found = paraphraser.paraphrase(texts)
        if (limit := self.connection.max_cost) is not None:  # of paraphrases and scores together
            self.connection = replace(self.connection, max_cost=max(0.0, limit - paraphraser.cost))
        return found

    def _twins(self, paraphrases: Mapping[str, str], folder: Path | None = None) -> Twins:
        pictures = StagedPictures(folder or self.out / PICTURES, self._root)
        items = [_staged(item, self._root, pictures) for item in self.drawn.items]
        context = ProbeContext(self.judge.rubric, items, pictures, self.options.seed, paraphrases)
        return make_twins(items, self.probes, context)


def _complete(scores: Iterable[Score]) -> set[str]:
    """Ids of the items that have scores, none of which is still open."""
    ids: set[str] = set()
    still_open: set[str] = set()
    for score in scores:
        (ids if score.status in _CLOSED else still_open).add(score.item_id)
    return ids - still_open


def _run_of(answers: Answers, judge: Judge) -> Path | None:
    """Folder of the run whose items are tested: the one that is named, or that of the same `judge score`."""
    if (named := _named_run(answers)) is not None or not isinstance(answers, str | Path):
        return named
    usual = default_out(answers, judge)
    if not (usual / "run.db").is_file():
        return None
    with Run.open(usual) as run:
        facts = run.fact("fingerprint"), run.fact("input")
    return usual if facts == (judge.fingerprint, source_name(answers)) else None


def _named_run(answers: Answers) -> Path | None:
    is_run = isinstance(answers, str | Path) and (Path(answers) / "run.db").is_file()
    return Path(str(answers)) if is_run else None


def _default_folder(answers: Answers, judge: Judge) -> Path:
    path = _named_run(answers) or default_out(answers, judge)
    return path.with_name(path.name + END)


def _staged(item: Item, root: Path, pictures: StagedPictures) -> Item:
    if not item.images:
        return item
    images = tuple(pictures.staged(image) for image in check(item, root).images)
    return item.model_copy(update={"images": images})
