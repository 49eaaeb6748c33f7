"""Panel: several judges score the same answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from judge.errors import InputError, JudgeError
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.factory import check_backend
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.callbacks import ProgressBar, ScoringCallback
from judge.scoring.checked_items import Answers
from judge.scoring.judge import Judge
from judge.scoring.run import Run
from judge.scoring.score import default_out, folder_name, score
from judge.scoring.shards import Shard


@dataclass(frozen=True)
class PanelResult:
    """Result of scoring with one judge: a run or an error.

    Attributes
    ----------
    judge : Judge
        The judge.
    run : Run or None
        Its run, open for reading; None if scoring ended with an error.
    error : JudgeError or None
        The error; the replies that arrived before are stored.
    """

    judge: Judge
    run: Run | None = None
    error: JudgeError | None = None


class Panel:
    """Scores the same answers with several judges in turn; each has a run of its own.

    If one judge fails, the others still score. `max_cost` limits the cost of all of them together. A request
    that is identical for two judges, as where a rubric without a part asks the same, is sent once.

    Parameters
    ----------
    answers : Answers
        As in `score`.
    judges : sequence of Judge
        The members, in the order in which they score.
    out : str, Path or None
        Folder of the run or, with several judges, of their runs; None means the default of `score`.
    connection : Connection or None
        How APIs are reached.
    engine : EngineOptions or None
        How a model in this process is run.
    **options
        All other parameters of `score`.

    Raises
    ------
    InputError
        Two judges would score into the same folder.
    """

    def __init__(
        self,
        answers: Answers,
        judges: Sequence[Judge],
        *,
        out: str | Path | None = None,
        connection: Connection | None = None,
        engine: EngineOptions | None = None,
        **options: Any,
    ) -> None:
        self.connection = connection or Connection()
        """Its `max_cost` is the amount left for the judges that have not scored yet."""
        self.members = [(judge, _folder(answers, judge, out, len(judges), options)) for judge in judges]
        """Each judge with the folder of its run."""
        self._answers = answers
        self._is_placed = out is not None
        self._engine = engine
        self._options = options
        _check_distinct(self.members)

    def before(self, judge: Judge) -> list[tuple[Judge, Path]]:
        """List the members that score before a judge with the same model, and their folders."""
        position = [one for one, _ in self.members].index(judge)
        return [member for member in self.members[:position] if member[0].model == judge.model]

    def check(self) -> None:
        """Check, without sending anything, that every judge can answer.

        Raises
        ------
        JudgeError
            A judge cannot answer; see `check_backend`.
        """
        for judge, _ in self.members:
            check_backend(judge, self.connection)

    def score(
        self, callback_for: Callable[[Judge], ScoringCallback] = lambda _: ProgressBar()
    ) -> Iterator[PanelResult]:
        """Score with one judge after the other.

        Parameters
        ----------
        callback_for : callable
            Makes the callback for a judge, just before it scores.

        Yields
        ------
        PanelResult
            The result of each judge, in order.
        """
        for judge, folder in self.members:
            callback = callback_for(judge)
            try:
                result = PanelResult(judge, run=self._run_of(judge, folder, callback))
            except JudgeError as error:
                result = PanelResult(judge, error=error)
            finally:
                self._subtract(callback.charged)
            yield result

    def _run_of(self, judge: Judge, folder: Path, callback: ScoringCallback) -> Run:
        return score(
            self._answers,
            judge=judge,
            out=folder if self._is_placed else None,
            connection=self.connection,
            engine=self._engine,
            callback=callback,
            reuse=[earlier for _, earlier in self.before(judge)],
            **self._options,
        )

    def _subtract(self, cost: float) -> None:
        if (limit := self.connection.max_cost) is not None:
            self.connection = replace(self.connection, max_cost=max(0.0, limit - cost))


def _folder(
    answers: Answers, judge: Judge, out: str | Path | None, n_judges: int, options: Mapping[str, Any]
) -> Path:
    if out is None:
        shard = options.get("shard")
        return default_out(answers, judge, Shard.parse(shard) if shard else None)
    return Path(out) / folder_name(f"{judge.name}-{judge.rubric.name}") if n_judges > 1 else Path(out)


def _check_distinct(members: Sequence[tuple[Judge, Path]]) -> None:
    """Raise `InputError` if two judges have the same folder: equal models, or paths with the same end."""
    taken: dict[Path, str] = {}
    for judge, folder in members:
        if folder in taken:
            raise InputError(
                f"the judges (--judge) {taken[folder]} and {judge.model} would both score into {folder}. If "
                "they are the same, name it once; otherwise score with each one separately, with out "
                "(--out)"
            )
        taken[folder] = judge.model
