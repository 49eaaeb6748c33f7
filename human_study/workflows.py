"""The public functions: create a study, measure its progress, and exchange ratings with files.

Each is what one command of `judge study` calls.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

from pydantic import ValidationError

from human_study import gold_items, import_ratings
from human_study.export_formats import SUFFIXES, WRITERS, Layout
from human_study.plan import Design, DrawnItem, StudyOptionError, choose, pick, plan_study
from human_study.progress import QuestionRatings, StudyProgress, measure
from human_study.source import ItemSource, StudySource, listed_items
from human_study.store import Study
from judge.files.writing import whole_file
from judge.items import load_items
from judge.rows import RowSource, name_of
from judge.rubric import Rubric

if TYPE_CHECKING:
    from judge.stats.engine.estimate import Estimate


def create_study(
    source: ItemSource,
    out: str | Path = "study.db",
    *,
    rubric: str | Path | Rubric | None = None,
    mapping: Mapping[str, str] | None = None,
    id_from: str | Sequence[str] = (),
    answers_in: str | Sequence[str] = (),
    questions: RowSource | None = None,
    encoding: str | None = None,
    image_root: str | Path | None = None,
    select: int | None = None,
    stratify: str | None = None,
    ids: RowSource | None = None,
    raters: int = 5,
    per_item: int = 3,
    repeats: float = 0.05,
    checks: float = 0.03,
    check_items: RowSource | None = None,
    training: RowSource | None = None,
    seed: int = 0,
    name: str = "Rating answers",
    introduction: str = "",
    reference: bool = True,
    show_verdict: bool = False,
) -> Study:
    """Create a study: draw the items, assign them to raters, and write everything to one file.

    Parameters
    ----------
    source : Run, path, DataFrame, list of dict or list of Item
        What is rated: a run or its folder, a file of answers or tasks of Label Studio, or answers in memory.
    out : str or Path
        File of the study. An existing file is not overwritten.
    rubric : str, Path, Rubric or None
        Defines the questions. None means the rubric of the run, or ``open_qa`` for answers.
    mapping : mapping of str to str or None
        Field of an `Item` -> its name in the source, for names that are not recognised.
    id_from, answers_in, questions
        How tables without ids, with one column for each system, and in two files are read; see
        `judge.score`.
    encoding : str or None
        Encoding of the files that are text; None recognises it.
    image_root : str, Path or None
        Folder that image paths start from. None means that of the run or of the file.
    select : int or None
        Number of items to draw at random. None means all items.
    stratify : str or None
        Draw equally many items from each value of a field, or of ``score`` or ``passed`` of the run.
        Estimates for all items then need the design weight 1 / probability, which is exported.
    ids : path, list of str, or table with the columns id, probability and stratum, optional
        Use these items instead of drawing.
    raters : int
        Number of raters in the study.
    per_item : int
        Number of raters per item, at most `raters`. With one, agreement cannot be measured.
    repeats : float
        Share of the items of a rater that are shown twice, to measure consistency; from 0 to 0.5.
    checks : float
        Attention checks as a share of the items of a rater; from 0 to 0.5, and at least one unless 0.
    check_items, training : path, DataFrame or list of dict, optional
        Attention checks and practice items of your own, with a field ``expected_scores``. By default the
        checks are made from the answers, and the practice items are the worked examples of the rubric.
    seed : int
        Random seed for drawing items and assigning raters.
    name : str
        Title of the study on the page.
    introduction : str
        Text that raters read first.
    reference : bool
        Whether to show the reference answer.
    show_verdict : bool
        Whether to show the scores of the run's judge, with its reasons, which raters approve or contest.
        Such ratings are anchored: `judge.agree` reports their approval rate apart, and never pools them
        with ratings of people who did not see the verdict. The items are those that the judge scored.

    Returns
    -------
    Study
        The study, open. ``judge study serve`` serves the rating page.

    Raises
    ------
    StudyOptionError
        A number is out of its range, or two options contradict each other.
    JudgeError
        The source, the rubric or an image cannot be read, a listed item does not exist, or `out` exists.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> answers = [{"id": n, "question": "?", "answer": f"Answer {n}."} for n in range(6)]
    >>> with TemporaryDirectory() as folder:
    ...     with create_study(answers, f"{folder}/study.db", raters=3, per_item=2, checks=0) as study:
    ...         study_progress(study)
    StudyProgress: 6 items, 3 raters, 0 of 12 answers rated
    """
    design = _design(
        raters=raters,
        per_item=per_item,
        items=select,
        repeats=repeats,
        checks=checks,
        show_reference=reference,
        show_verdict=show_verdict,
        seed=seed,
    )
    if show_verdict and rubric is not None:
        raise StudyOptionError("show_verdict shows scores of the run's rubric: leave out rubric")
    found = StudySource.read(
        source,
        rubric,
        mapping=mapping,
        id_from=id_from,
        answers_in=answers_in,
        questions=questions,
        encoding=encoding,
    )
    n_items = len(found.items)
    found = found.with_verdicts() if show_verdict else found
    plan = plan_study(
        name,
        found.rubric,
        design,
        _chosen(found, design, stratify, ids),
        checks=_gold_items(check_items, found.rubric),
        training=_gold_items(training, found.rubric),
        introduction=introduction.strip(),
        n_unscored=n_items - len(found.items),
    )
    return Study.create(out, plan, image_root or found.image_root)


def study_progress(study: str | Path | Study) -> StudyProgress:
    """Measure the progress of a study: the work of each rater, its quality, and the agreement so far.

    Agreement is Krippendorff's alpha of each question at its level of measurement, with its interval over
    items; criteria of the items are pooled. Ratings in which a rater cannot tell are left out and counted. It
    covers the first, independent ratings of raters who were not dropped.

    Parameters
    ----------
    study : path or Study
        The study.

    Returns
    -------
    StudyProgress
        ``raters``, ``questions`` and ``disputes``; as a table of the raters with ``to_pandas()``.

    Raises
    ------
    JudgeError
        The file is not a study, or is damaged.
    """
    with _opened(study, read_only=True) as opened:
        return measure(opened, alpha)


def export_study(
    study: str | Path | Study,
    out: str | Path | IO[str],
    *,
    layout: Layout = "long",
    after_discussion: bool = False,
) -> int:
    """Write the ratings of a study, and return the number of records written.

    Parameters
    ----------
    study : path or Study
        The study.
    out : path or text stream
        File to write: .csv or .jsonl for tables, .json or .xml for the other layouts. An existing file is
        replaced as a whole. Tables written to a stream are CSV.
    layout : {'long', 'wide', 'label-studio', 'label-studio-config', 'everything'}
        One row per score, which `judge.agree` reads; one row per rating; Label Studio tasks, or its labeling
        configuration; or the whole study without the secret links.
    after_discussion : bool
        Use the ratings after a discussion instead of the first ones. Do not compute agreement from these:
        they are not independent.

    Raises
    ------
    StudyOptionError
        There is no such layout, or it is not written to a file with this suffix.
    JudgeError
        The file is not a study, is damaged, or `out` cannot be written.
    """
    if layout not in WRITERS:
        raise StudyOptionError(f"no layout {layout!r}; allowed: {', '.join(WRITERS)}")
    write = WRITERS[layout]
    if not isinstance(out, str | Path):
        with _opened(study, read_only=True) as opened:
            return write(opened, out, False, after_discussion)
    allowed = SUFFIXES.get(layout, (".json",))
    if not str(out).endswith(allowed):
        raise StudyOptionError(f"{out}: layout {layout} is written to a file in {' or '.join(allowed)}")
    with (
        _opened(study, read_only=True) as opened,
        whole_file(out) as draft,
        draft.open("w", encoding="utf-8", newline="") as stream,
    ):
        return write(opened, stream, str(out).endswith(".jsonl"), after_discussion)


def import_into_study(
    study: str | Path | Study,
    file: str | Path,
    *,
    rater: str | None = None,
    columns: Mapping[str, str] | None = None,
    id_from: Sequence[str] = (),
    raters_in: Sequence[str] = (),
    dimensions: Sequence[str] = (),
    missing_codes: Sequence[str] = (),
    scale: str | None = None,
    rater_scales: Mapping[str, str] = MappingProxyType({}),
    encoding: str | None = None,
    on_read: Callable[[str, Sequence[str]], None] | None = None,
) -> dict[str, int]:
    """Import ratings that were collected elsewhere, all or none; return the number of new ones per rater.

    Parameters
    ----------
    study : path or Study
        The study. Raters that it does not have are added.
    file : path
        A long or wide table, or the export of a rating platform, as `judge.read_ratings` reads them.
    rater : str or None
        Name of the rater, for a file without a column for it.
    columns : mapping or None
        Meaning -> column of the ratings with another name: ``{"rater": "coder"}``.
    id_from : sequence of str
        Fields whose values make the id of an item, for a file without a column of ids.
    raters_in : sequence of str
        Columns that hold the ratings of one rater each.
    dimensions : sequence of str
        Import only the ratings on these. A single one is also that of ratings without a named dimension.
    missing_codes : sequence of str
        Words and numbers in the ratings that mark a missing value.
    scale : str or None
        Scale of the ratings, as in ``0-4``, where it is not that of the study. They are mapped linearly, and
        each must be a point of the scale of the study.
    rater_scales : mapping of str to str
        Rater -> scale of a rater who did not use that of the others.
    encoding : str or None
        Encoding of a text file; None recognises it.
    on_read : callable or None
        Called with two lines about what was read, and with notes on what was left out.

    Raises
    ------
    JudgeError
        A row is not a valid rating of this study.
    """
    with _opened(study) as opened:
        return import_ratings.import_file(
            opened,
            file,
            rater,
            columns=columns,
            id_from=id_from,
            raters_in=raters_in,
            dimensions=dimensions,
            missing_codes=missing_codes,
            scale=scale,
            rater_scales=rater_scales,
            encoding=encoding,
            on_read=on_read,
        )


def alpha(ratings: QuestionRatings) -> "Estimate":
    """Krippendorff's alpha at the level of measurement of a question, with its interval over items."""
    from judge.stats.coefficients.alpha import krippendorff_alpha

    has_several_rows = len(set(ratings.items)) < len(ratings.items)
    clusters = ratings.items if has_several_rows else None
    return krippendorff_alpha(ratings.rows, level=ratings.level, clusters=clusters)


@contextmanager
def _opened(study: str | Path | Study, *, read_only: bool = False) -> Iterator[Study]:
    if isinstance(study, Study):
        yield study
        return
    with Study.open(study, read_only=read_only) as opened:
        yield opened


def _design(**values: object) -> Design:
    try:
        return Design.model_validate(values)
    except ValidationError as error:
        found = error.errors()[0]
        where = "".join(f"{place}: " for place in found["loc"])
        raise StudyOptionError(where + found["msg"].removeprefix("Value error, ")) from None


def _chosen(
    source: StudySource, design: Design, stratify: str | None, ids: RowSource | None
) -> list[DrawnItem]:
    if ids is None:
        return choose(source.items, design, source.strata(stratify) if stratify else None)
    if design.items or stratify:
        raise StudyOptionError("ids lists the items; select and stratify draw them: use one of the two")
    return pick(source.items, listed_items(ids))


def _gold_items(source: RowSource | None, rubric: Rubric) -> list[gold_items.GoldItem]:
    if source is None:
        return []
    return gold_items.from_items(load_items(source), rubric, name_of(source))
