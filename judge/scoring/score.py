"""Score a file of answers: read, check all that can be checked for free, ask, store, export."""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import judge as package
from judge.errors import InputError, RubricError, RunError
from judge.items import placed_items
from judge.records import Completion, Item, Request
from judge.rows import read_rows
from judge.rubric import Rubric, load_rubric
from judge.scoring.backends import Backend
from judge.scoring.backends.factory import Connection, check_backend, load_backend
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.fresh_run import run_for
from judge.scoring.images import check
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores, score_items
from judge.scoring.prompt import Prompter
from judge.scoring.run import IngestCounts, Run
from judge.tables import rows_of

Answers = str | Path | Iterable[Any]
"""A file (``-`` is standard input), or answers in memory: a DataFrame, dicts, or Items."""
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Options:
    """Which answers to score, and how often to ask."""

    samples: int = 1
    limit: int | None = None
    """Only the first so many items."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Field of an Item -> its name in the file."""
    format: str | None = None
    image_root: str | None = None
    """Folder that image paths start from and may not leave; by default that of the input file."""
    skip_bad: bool = False
    """Score the rest where a row cannot be read or a picture is broken."""
    retry_errors: bool = False
    reask: bool = False


class BadItems:
    """What is wrong with rows and pictures: how many there are, and the first errors."""

    def __init__(self) -> None:
        self.count = 0
        self.place = ""
        """Where the item stands that was read last."""
        self.first: list[InputError] = []

    def add(self, error: InputError) -> None:
        """Count an error; keep it where it will be shown."""
        self.count += 1
        if len(self.first) < _MOST_SHOWN:
            self.first.append(error)

    def lines(self) -> list[str]:
        """A line for each of the first errors, and one for the rest."""
        more = [f"… and {self.count - len(self.first):,} more"] if self.count > len(self.first) else []
        return [*map(str, self.first), *more]

    def raised(self) -> InputError:
        """All of it as one error, nothing paid yet."""
        head = [f"{self.count:,} bad items; nothing was sent:"] if self.count > 1 else []
        return InputError("\n".join([*head, *self.lines(), "Mend them, or score the rest with --skip-bad."]))


class ScoringCallback:
    """Hears what happens; this one keeps silent."""

    def starting(self, text: str) -> None:
        """A model is being loaded; `text` says how far it is."""

    def began(self, run: Run, added: IngestCounts, bad: BadItems, requests: int) -> None:
        """The input is read; `requests` replies are wanted in all (some may be stored already)."""

    def arrived(self, completions: Sequence[Completion]) -> None:
        """Completions were stored."""

    def waiting(self, seconds: float, said: str) -> None:
        """Nothing is asked for so many seconds, since the provider refused for haste with these words."""

    def asking_again(self, count: int) -> None:
        """So many replies were cut or cannot be read, and are asked for once more."""

    def spent(self, cost: float) -> None:
        """The judge has cost so much, in USD; also called where it could not go on."""

    def asked(self) -> None:
        """Nothing more is asked (all is done, or Ctrl-C was pressed); now the scores are worked out."""

    def ended(self, stopped: str | None) -> None:
        """All is written; `stopped` says why not all was asked, where nothing is wrong."""


def score(
    answers: Answers,
    *,
    judge: str | Judge = "baseline",
    rubric: str | Path | Rubric = "open_qa",
    out: str | Path | None = None,
    options: Options | None = None,
    connection: Connection | None = None,
    engine: EngineOptions | None = None,
    watch: ScoringCallback | None = None,
) -> Run:
    """Score answers with a judge. Called again with the same arguments, it goes on where it stopped.

    Parameters
    ----------
    answers : str, Path, DataFrame, iterable of dict, or iterable of Item
        A file (see `judge.load_items`), ``-`` for standard input, or answers in memory: the names of their
        columns are those that a file may have.
    judge : str or Judge
        ``baseline`` (a lexical floor, no judge), ``replay:FILE``, ``vllm:MODEL`` (in this process, on your
        GPU), a litellm model such as ``openai/gpt-5``, or a `Judge` with parameters of its own.
    rubric : str, Path or Rubric
        Name of a shipped rubric, or a YAML file. A `Judge` brings its own.
    out : str or Path or None
        Folder of the run; by default ``runs/ANSWERS-JUDGE-RUBRIC``.
    options : Options or None
    connection : Connection or None
        How an API judge is reached.
    engine : EngineOptions or None
        How a model in this process is run.
    watch : ScoringCallback or None
        Hears what happens.

    Returns
    -------
    Run
        The run, open for reading. Items without a score are there with a status and a reason.

    Raises
    ------
    JudgeError
        The input or a picture is broken (before anything is paid), or the judge cannot answer at all (what
        arrived before is stored; where nothing arrived, a new folder is taken away again).
    """
    options, watch = options or Options(), watch or ScoringCallback()
    if not isinstance(judge, Judge):
        judge = Judge(model=judge, rubric=rubric if isinstance(rubric, Rubric) else load_rubric(rubric))
    connection, engine = connection or Connection(), engine or EngineOptions()
    check_backend(judge, connection)
    if judge.scores == "expected" and options.samples > 1:
        raise InputError(
            f"{options.samples} samples of expected scores: probabilities are the same each time; ask once, "
            "or take --scores text"
        )
    root = image_root(answers, options)
    path = Path(out) if out else default_out(answers, judge)
    with run_for(path, judge) as run:
        if out is None:
            _check_input(run, answers)
        bad = BadItems()
        added = run.add_items(checked_items(answers, options, root, bad), lambda _: bad.place)
        if judge.backend == "replay":
            _check_recording(run, judge, options)
        for name, value in _facts(answers, root).items():
            run.set_fact(name, value)
        items = added.new + added.known + added.changed
        watch.began(run, added, bad, items * len(judge.asked_alone) * options.samples)
        serving = load_backend(
            judge, connection, engine, root, run.most_images, watch.starting, watch.waiting
        )
        with closing(serving) as backend:
            _ask(run, judge, backend, options, watch)
    return Run.open(path)


def _ask(run: Run, judge: Judge, backend: Backend, options: Options, watch: ScoringCallback) -> None:
    try:
        score_items(
            run,
            judge,
            backend,
            samples=options.samples,
            retry_errors=options.retry_errors,
            reask=options.reask,
            on_batch=watch.arrived,
            on_again=watch.asking_again,
            on_asked=watch.asked,
        )
    finally:
        watch.spent(backend.spent)
        run.export()
    watch.ended(backend.stopped)


def rederive(path: str | Path, rubric: str | None = None) -> Run:
    """Derive the scores of a run again from its stored replies, by its own rubric or another one.

    Raises
    ------
    RunError
        Another process is scoring into the run, or its judgments were imported and there are no replies.
    RubricError
        The new rubric is broken, or has a dimension that the judge was not asked about.
    """
    with Run.open(path) as found:
        judge = found.judge
        if found.fact("imported"):
            raise RunError(
                f"{path}: its judgments were imported without the replies, so there is nothing to parse"
            )
        new = load_rubric(rubric) if rubric else found.rubric
        if judge.scores == "expected":
            new = new.as_numbers()
    _check_asked(new, judge.rubric, str(rubric))
    with Run.create(path, judge) as run:
        derive_scores(run, new)
        run.export()
    return Run.open(path)


def _check_asked(new: Rubric, asked: Rubric, where: str) -> None:
    """Replies hold what was asked for, on the scale that was asked for, and nothing else."""
    for name in new.asked:
        if name not in asked.asked:
            known = ", ".join(asked.asked)
            raise RubricError(f"{where}: the judge was not asked about {name!r}; it was asked about {known}")
    if (new.scale.min, new.scale.max) != (asked.scale.min, asked.scale.max):
        raise RubricError(
            f"{where}: the scale runs {new.scale.min}-{new.scale.max}, but the judge was asked for scores "
            f"from {asked.scale.min} to {asked.scale.max}; another scale needs another run"
        )


@dataclass(frozen=True)
class Preview:
    """What a run would send."""

    items: int
    requests: int
    answered: int
    """Requests that need not be sent: a reply is stored, or another item has the same content."""
    prompt_tokens: int
    """About: four characters are taken for a token."""
    cost: float | None
    """About, in USD; None where no price is known."""
    first: Sequence[Mapping[str, Any]]
    """Messages of the first request."""


def preview(
    answers: Answers,
    judge: Judge,
    options: Options | None = None,
    out: str | Path | None = None,
) -> Preview:
    """Work out what `score` would ask, without sending anything, writing a run, or needing a key."""
    from judge.scoring.backends.api.pricing import find_prices, forecast

    options, prompter = options or Options(), Prompter(judge)
    path = Path(out) if out else default_out(answers, judge)
    firsts: list[Sequence[Mapping[str, Any]]] = []
    with ExitStack() as stack:
        kept = stack.enter_context(Run.open(path)) if (path / "run.db").is_file() else None
        if kept:
            kept.check_judge(judge)
        # The same way through a run that is thrown away: what it refuses is refused here, too.
        folder = stack.enter_context(TemporaryDirectory(prefix="judge-dry-run-"))
        run = stack.enter_context(Run.create(folder, judge))
        bad = BadItems()
        read = checked_items(answers, options, image_root(answers, options), bad)
        added = run.add_items(read, lambda _: bad.place)
        wanted = (r for item in run.items() for r in prompter.requests(item, options.samples))

        def unanswered() -> Iterator[Request]:
            for request in run.missing(wanted):
                if kept and kept.has_answer(request.key, retry_errors=options.retry_errors):
                    run.reused += 1
                    continue
                firsts[:] = firsts or [request.messages]
                yield request

        provider, _, name = judge.model.partition("/")
        expected = forecast(unanswered(), find_prices(judge.model, provider, name))
        return Preview(
            items=added.new,
            requests=expected.requests,
            answered=run.reused,
            prompt_tokens=expected.prompt_tokens,
            cost=expected.cost,
            first=firsts[0] if firsts else [],
        )


def default_out(answers: Answers, judge: Judge) -> Path:
    """``runs/ANSWERS-JUDGE-RUBRIC``: the same command finds the same folder."""
    stem = "answers"
    if isinstance(answers, str | Path) and str(answers) != "-":
        stem = Path(Path(answers).name.removesuffix(".gz")).stem
    return Path("runs") / folder_name(f"{stem}-{judge.name}-{judge.rubric.name}")


def folder_name(text: str) -> str:
    """A name for a folder that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def _check_input(run: Run, answers: Answers) -> None:
    """Two files of one name must not end up in one run unnoticed."""
    here, there = _source(answers), run.fact("input")
    if run.is_judged and there is not None and Path(there).resolve() != Path(here).resolve():
        raise RunError(
            f"{run.path}: holds the answers of {there}, and these are from {here}. Name a folder for them "
            f"with --out, or put them together with --out {run.path}"
        )


def _check_recording(run: Run, judge: Judge, options: Options) -> None:
    """Replies that were recorded anew must not be passed over in silence."""
    file = judge.model.partition(":")[2]
    with open(file, "rb") as recording:
        digest = hashlib.file_digest(recording, "sha256").hexdigest()
    if run.is_judged and run.fact("recording") != digest and not options.retry_errors:
        raise RunError(
            f"{run.path}: {file} has changed since its replies were read, and those stay. Read only what was "
            "missing with --retry-errors, or read all into another folder with --out"
        )
    run.set_fact("recording", digest)


def image_root(answers: Answers, options: Options) -> Path:
    """Folder that the image paths of an input start from."""
    if options.image_root:
        return Path(options.image_root).resolve()
    is_file = isinstance(answers, str | Path) and str(answers) != "-"
    return (Path(str(answers)).parent if is_file else Path()).resolve()


def checked_items(answers: Answers, options: Options, root: Path, bad: BadItems) -> Iterator[Item]:
    """Items with sound rows and pictures. The others go into `bad`: one error at the end, unless skipped."""
    if isinstance(answers, str | Path):
        rows = read_rows(answers, format=options.format, on_bad=bad.add)
    else:
        rows = rows_of(answers)
    items = placed_items(rows, _source(answers), mapping=options.mapping, on_bad=bad.add)
    sound = 0
    for bad.place, item in islice(items, options.limit):
        try:
            checked = check(item, root) if item.images else item
        except InputError as error:
            bad.add(error)
            continue
        sound += 1
        yield checked
    if bad.count and not options.skip_bad:
        raise bad.raised()
    if not sound:
        raise InputError("\n".join([*bad.lines(), f"{_source(answers)}: has no item that can be scored"]))


def _source(answers: Answers) -> str:
    return str(answers) if isinstance(answers, str | Path) else "items"


def _facts(answers: Answers, root: Path) -> dict[str, Any]:
    return {
        "input": _source(answers),
        "image_root": str(root),
        "version": package.__version__,
        "scored": time.time(),
    }
