"""Runs over different answers, each with people's ratings of its own answers, as one set of ratings.

A rating is of one answer. Where runs have another answer under one id, as two systems that answer the same
questions, the ratings must say whose answer was rated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.drawn_items import DrawnItems
from judge.analysis.agreement.inputs import AgreementInputs, align_loaded, load_inputs
from judge.analysis.agreement.load import LoadedRatings, is_table, item_of_row
from judge.analysis.agreement.matching import NoRatingMatches
from judge.analysis.agreement.system_ranking import question_of
from judge.analysis.comparable import same_rubric
from judge.analysis.item_fields import ITEM_ID
from judge.analysis.score_table import PAIR_ID
from judge.errors import InputError
from judge.formats.rating_columns import content_of
from judge.formats.rating_exports import plain_rows
from judge.items.identity import RowIds
from judge.records import Item, Score
from judge.rows import Row, RowSource, name_of
from judge.scoring.run import Run

RUN = "run"
"""Field of the items that names their run, and column of the ratings that does."""
_ID_IN_RUN = "id in its run"


@dataclass(frozen=True)
class LabelledRuns:
    """Ratings of several runs, whose items have the field `RUN`.

    Attributes
    ----------
    aligned : AlignedRatings
        Ratings of the runs with ratings by people; their judges are one rater.
    unlabelled : tuple of str
        Names of the other runs.
    """

    aligned: AlignedRatings
    unlabelled: tuple[str, ...]


@dataclass(frozen=True)
class _Answers:
    """Questions and answers of a run by id, and the names by which ratings may refer to it."""

    path: str
    name: str
    by_id: Mapping[str, tuple[str, str]]
    names: frozenset[str]

    def others_under_one_id(self, other: _Answers) -> list[str]:
        """Ids under which the other run has another question or answer."""
        return [name for name, answer in self.by_id.items() if other.by_id.get(name, answer) != answer]


def align_runs(inputs: AgreementInputs, names: Sequence[str]) -> LabelledRuns:
    """Align people's ratings with the answers of several runs, each by its own ids or content.

    Parameters
    ----------
    inputs : AgreementInputs
        Two runs or more, and a file with ratings of the answers of any of them.
    names : sequence of str
        Distinct names of the runs.

    Raises
    ------
    InputError
        Two runs hold the same answers, have other rubrics, or the ratings do not say which answer was rated.
    """
    if str(inputs.humans) == "-":
        raise InputError("--humans -: ratings of several runs are read more than once; name a file")
    runs = [_answers(path, name) for path, name in zip(inputs.runs, names, strict=True)]
    _refuse_same_answers(runs)
    sources = _sources(inputs, runs)
    loaded: dict[str, LoadedRatings] = {}
    problem: NoRatingMatches | None = None
    for run in runs:
        own = replace(inputs, runs=(run.path,), humans=sources[run.name])
        elsewhere = {name for other in runs for name in other.by_id if name not in run.by_id}
        try:
            if sources[run.name] != []:
                loaded[run.name] = load_inputs(own, elsewhere)
        except NoRatingMatches as error:
            problem = error
        inputs = replace(inputs, on_read=None)  # what was read is shown once
    if not loaded and problem is not None:
        raise problem
    if sources[runs[0].name] is inputs.humans:
        _refuse_ambiguous(name_of(inputs.humans), runs, loaded)
    _refuse_other_rubrics(loaded)
    cluster = _ID_IN_RUN if inputs.cluster == ITEM_ID else inputs.cluster
    return LabelledRuns(
        align_loaded(replace(inputs, cluster=cluster), _merged(loaded, name_of(inputs.humans))),
        tuple(name for name in names if name not in loaded),
    )


def _answers(path: str, name: str) -> _Answers:
    by_id, names = {}, {name, Path(path).name}
    with Run.open(path) as run:
        for item in run.items():
            by_id[item.id] = (item.question, item.answer)
            if item.system is not None:
                names.add(item.system)
    return _Answers(path, name, by_id, frozenset(names))


def _refuse_same_answers(runs: Sequence[_Answers]) -> None:
    for a, b in combinations(runs, 2):
        n_common = len(a.by_id.keys() & b.by_id.keys())
        if n_common == min(len(a.by_id), len(b.by_id)) and not a.others_under_one_id(b):
            raise InputError(
                f"{a.name} and {b.name} hold the same answers: the figure that people would give is one, and "
                "two estimates of it differ by their errors only. Which judge agrees better with people: "
                f"judge agree {a.path} {b.path} --humans FILE. One corrected figure: judge report {a.path} "
                "--humans FILE"
            )


def _sources(inputs: AgreementInputs, runs: Sequence[_Answers]) -> dict[str, RowSource]:
    """Ratings of each run: the given ones where ids decide, else the rows that name the run or its answer."""
    everything = {run.name: inputs.humans for run in runs}
    if not any(a.others_under_one_id(b) for a, b in combinations(runs, 2)) or not is_table(inputs.humans):
        return everything
    read = plain_rows(
        inputs.humans, lambda _: None, encoding=inputs.encoding, mapping=inputs.columns, has_id=True
    )
    rows = [row for _, row in read]
    columns = [inputs.columns.get(name, name) for name in (RUN, "system", "answer")]
    column = next((name for name in columns if any(row.get(name) for row in rows)), None)
    if column is None:
        return everything
    is_of = _has_answer if column == columns[-1] else _names_run
    found: dict[str, RowSource] = {run.name: is_of(inputs, rows, column, run) for run in runs}
    if not any(found.values()):
        values = dict.fromkeys(str(row[column]) for row in rows if row.get(column))
        names = ", ".join(sorted(set().union(*(run.names for run in runs))))
        raise InputError(
            f"{name_of(inputs.humans)}: column {column!r} must say whose answer was rated; found: "
            f"{', '.join(map(repr, list(values)[:3]))}; allowed: {names}, or in a column answer the answer"
        )
    return found


def _names_run(_: AgreementInputs, rows: Sequence[Row], column: str, run: _Answers) -> list[Row]:
    """Rows of ratings that name the run, or the system that answered in it."""
    return [row for row in rows if str(row.get(column)).strip() in run.names]


def _has_answer(inputs: AgreementInputs, rows: Sequence[Row], column: str, run: _Answers) -> list[Row]:
    """Rows of ratings with the answer that the run has under their id."""
    ids = RowIds(content_of(inputs.columns), tuple(inputs.id_from))
    item_of = item_of_row(inputs.columns, ids, run.by_id)
    found = []
    for row in rows:
        item = item_of(row)
        if item is not None and str(row.get(column)).strip() == run.by_id[item][1].strip():
            found.append(row)
    return found


def _refuse_ambiguous(where: str, runs: Sequence[_Answers], loaded: Mapping[str, LoadedRatings]) -> None:
    for a, b in combinations(runs, 2):
        ambiguous = set(a.by_id) & set(a.others_under_one_id(b))
        rated = {s.item_id for name in (a.name, b.name) if name in loaded for s in loaded[name].of("human")}
        if both := sorted(ambiguous & rated):
            raise InputError(
                f"{where}: item {both[0]!r} has another answer in {a.name} than in {b.name} ({len(both):,} "
                "such items are rated), and the ratings do not say which one was rated. Add a column run "
                f"with {a.name} or {b.name}, or a column answer with the rated answer"
            )


def _refuse_other_rubrics(loaded: Mapping[str, LoadedRatings]) -> None:
    (first, of_first), *others = loaded.items()
    for name, one in others:
        if of_first.rubric and one.rubric and not same_rubric(of_first.rubric, one.rubric):
            raise InputError(
                f"{first} and {name} were scored with different rubrics, so there is no common rule by which "
                "people's ratings pass; name one for both: --rubric"
            )


def _merged(loaded: Mapping[str, LoadedRatings], source: str) -> LoadedRatings:
    """All runs as one, with ids that begin with the name of the run."""
    pairs: dict[str, str] = {}
    first = next(iter(loaded.values()))
    return replace(
        first,
        items={
            _key(run, name): _item(run, item, pairs)
            for run, one in loaded.items()
            for name, item in one.items.items()
        },
        scores=tuple(_scores(loaded)),
        notes=_notes({run: one.notes for run, one in loaded.items()}),
        rescaled={rater: ends for one in loaded.values() for rater, ends in one.rescaled.items()},
        about={**first.about, "ratings": source},
        drawn=_drawn(loaded),
        label_probabilities={},
    )


def _key(run: str, item_id: str) -> str:
    return f"{run}: {item_id}"


def _item(run: str, item: Item, pairs: dict[str, str]) -> Item:
    """An item of the merged runs; answers to one id, pair or question are paired."""
    pair = pairs.setdefault(item.id, question_of(item))
    metadata = {**item.metadata, RUN: run, PAIR_ID: pair, _ID_IN_RUN: item.id}
    return item.model_copy(update={"id": _key(run, item.id), "metadata": metadata})


def _scores(loaded: Mapping[str, LoadedRatings]) -> Iterator[Score]:
    """Scores of the merged items; the judges of the runs are one rater."""
    judges = ", ".join(dict.fromkeys(score.rater for one in loaded.values() for score in one.of("judge")))
    for run, one in loaded.items():
        for score in one.scores:
            rater = judges if score.rater_kind == "judge" else score.rater
            yield score.model_copy(update={"item_id": _key(run, score.item_id), "rater": rater})


def _notes(notes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Each note once, with the names of its runs."""
    runs: dict[str, list[str]] = {}
    for run, of_run in notes.items():
        for note in of_run:
            runs.setdefault(note, []).append(run)
    return tuple(f"{', '.join(names)}: {note}" for note, names in runs.items())


def _drawn(loaded: Mapping[str, LoadedRatings]) -> DrawnItems:
    """Design of all runs; where only some have probabilities, the others count as random samples."""
    designs = {run: one.drawn for run, one in loaded.items()}
    first = next(iter(designs.values()))
    if not any(drawn.probabilities for drawn in designs.values()):
        return first
    probabilities: dict[str, float] = {}
    strata: dict[str, str] = {}
    for run, one in loaded.items():
        for item, p, stratum in _draws(one):
            probabilities[_key(run, item)] = p
            if stratum is not None:
                strata[_key(run, item)] = f"{run}: {stratum}"
    return replace(first, probabilities=probabilities, strata=strata)


def _draws(one: LoadedRatings) -> Iterator[tuple[str, float, str | None]]:
    """Drawn items of a run with their probabilities and strata."""
    if one.drawn.probabilities:
        for item, p in one.drawn.probabilities.items():
            yield item, p, one.drawn.strata.get(item)
        return
    rated = {score.item_id for score in one.of("human") if score.value is not None}
    for item in rated:
        yield item, len(rated) / len(one.items), "all"
