"""`judge init`: find out what files hold, and how the other commands have to read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from judge.errors import InputError
from judge.formats import recognise
from judge.formats.document import load
from judge.formats.repeated_ratings import RepeatedRatingError
from judge.items import InputSummary, read_items
from judge.records import OVERALL, content_hash
from judge.rows import sheets_of
from judge.rubric import load_rubric, shipped_rubrics
from judge.workflows.read_ratings import RatingsTable
from judge.workflows.setup.answers import Question, answer_question, lists_ratings
from judge.workflows.setup.choices import Choices, Choose, TableReading, only_readable
from judge.workflows.setup.match import id_readings
from judge.workflows.setup.ratings import (
    beside_answers,
    fitting_id_from,
    has_dimensions,
    has_ratings_beside,
    ids_with_system,
    rater_columns,
    rating_question,
    ratings_in,
    scale_question,
)
from judge.workflows.setup.tables import InputTable, quoted

DEFAULT_RUBRIC, IMAGE_RUBRIC = "open_qa", "inspection"
_MOST_SHOWN = 3


@dataclass(frozen=True)
class RubricOutline:
    """Dimensions (none for those of the template) and scale of a rubric that has to be written."""

    dimensions: tuple[str, ...]
    scale: str


@dataclass
class ProjectFiles:
    """What files hold, and how they are read.

    Attributes
    ----------
    choices : Choices
        How the files are read.
    answers, ratings : InputTable or None
        The tables; one table may hold both.
    summary : InputSummary or None
        Columns of the answers.
    rated : RatingsTable or None
        The ratings.
    rubric : str or None
        Rubric of the judge: a name, or a file; None for ratings without answers.
    new_rubric : RubricOutline or None
        What the rubric must be like if its file has to be written first.
    notes : list of str
        What a user should know, one sentence each.
    """

    choices: Choices
    answers: InputTable | None = None
    ratings: InputTable | None = None
    summary: InputSummary | None = None
    rated: RatingsTable | None = None
    rubric: str | None = DEFAULT_RUBRIC
    new_rubric: RubricOutline | None = None
    notes: list[str] = field(default_factory=list)


def inspect_files(files: Sequence[str], choices: Choices, choose: Choose) -> ProjectFiles:
    """Find out which files hold answers and which hold ratings, and how the commands have to read them.

    Parameters
    ----------
    files : sequence of str
        Tables of answers, of questions and of ratings; a sheet of a workbook is ``book.xlsx#Sheet``.
    choices : Choices
        What is decided already.
    choose : callable
        Decides where a table can be read in several ways.

    Raises
    ------
    InputError
        A file cannot be read or holds neither answers nor ratings, or no rated item is among the answers.
    """
    names = [name for file in files for name in _tables_in(file)]
    tables = [InputTable.read(name, choices.encoding) for name in dict.fromkeys(names)]
    inspector = _Inspector(tables, files, ProjectFiles(choices), choose)
    inspector.refuse_unreadable()
    inspector.find_answers()
    inspector.find_ratings()
    inspector.read()
    return inspector.found


class _Inspector:
    """Looks through tables, and asks where one can be read in several ways."""

    def __init__(
        self, tables: Sequence[InputTable], files: Sequence[str], found: ProjectFiles, choose: Choose
    ) -> None:
        self.tables, self.files, self.found, self.choose = list(tables), files, found, choose
        self.problems: dict[str, str] = {table.name: table.problem for table in tables if table.problem}

    @property
    def choices(self) -> Choices:
        return self.found.choices

    def decide(self, question: Question) -> None:
        """Take the only reading, or the one that is chosen."""
        text, readings = question
        reading = readings[0] if len(readings) == 1 else self.choose(text, readings)
        self.found.choices = self.choices.with_changes(reading.changes)

    def settle(self, ask: Callable[[], Question]) -> None:
        """Decide one question after the other, until none is left."""
        while (question := ask())[0]:
            if not question[1]:
                raise InputError(question[0])
            before = self.choices
            self.decide(question)
            if self.choices == before:
                return

    def only(self, tables: Sequence[InputTable], role: str) -> InputTable | None:
        """Return the only table with a role, or the one that is chosen."""
        if len(tables) < 2:
            return tables[0] if tables else None
        names = [table.name for table in tables]
        readings = [
            TableReading(f"the {role} are in {name}", {"left_out": tuple(n for n in names if n != name)})
            for name in names
        ]
        self.decide((f"{' and '.join(names)} both hold {role}.", readings))
        return next(table for table in tables if table.name not in self.choices.left_out)

    def only_plain(self, tables: Sequence[InputTable]) -> InputTable | None:
        """Return the table of answers; where there are several, those without ratings are meant."""
        plain = [table for table in tables if not table.rating_columns(self.choices)]
        return self.only(plain or tables, "answers")

    def refuse_unreadable(self) -> None:
        """Refuse a file or workbook that holds neither a table nor an export of ratings."""
        for file in self.files:
            own = [table for table in self.tables if table.name == file or table.name.startswith(f"{file}#")]
            if own and not any(table.rows or self._can_be_ratings(table) for table in own):
                raise InputError("\n".join(self.problems[table.name] for table in own))

    def find_answers(self) -> None:
        """Find the table of answers, and that of their questions."""
        choices = self.choices
        pool = [table for table in self.tables if table.rows and not lists_ratings(table, choices)]
        missing = {table.name: table.missing(choices) for table in pool}
        complete = [table for table in pool if not missing[table.name]]
        asked = [table for table in pool if missing[table.name] == ("answer",)]
        answered = [table for table in pool if missing[table.name] == ("question",)]
        with_texts = [table for table in asked if table.texts(choices)]
        if complete:
            self.found.answers = self.only_plain(complete)
        elif joined := self._with_id(asked) and self._with_id(answered):
            self._join(self._with_id(asked), joined)
        elif with_texts or answered:
            self.found.answers = self.only_plain(with_texts or answered)
        else:
            others = [table for table in pool if len(missing[table.name]) == 2 and table.texts(choices)]
            others = [table for table in others if not self._can_be_ratings(table)]
            if self._with_id(asked) and self._with_id(others):
                self._join(self._with_id(asked), self._with_id(others))
            else:
                self.found.answers = self.only([t for t in others if len(t.texts(choices)) > 1], "answers")
        if table := self.found.answers:
            self.settle(lambda: self._open_fields(table))
            self.found.answers = None if table.name in self.choices.left_out else table

    def _open_fields(self, table: InputTable) -> Question:
        if table.name in self.choices.left_out:
            return "", []
        missing = table.missing(self.choices)
        if self.choices.questions is not None:
            missing = tuple(name for name in missing if name != "question")
        question, readings = answer_question(table, self.choices, missing)
        if question and not readings:
            return f"{table.name}: {table.plan(self.choices).problem}", []
        if len(missing) == 2 and table.name not in self.files:  # a sheet may hold notes as well
            readings.append(TableReading(f"{table.name} is not used", {"left_out": (table.name,)}))
        return question, readings

    def _with_id(self, tables: Sequence[InputTable]) -> list[InputTable]:
        return [table for table in tables if "id" in table.plan(self.choices).sources]

    def _join(self, asked: Sequence[InputTable], answered: Sequence[InputTable]) -> None:
        """Take questions and answers out of two tables with ids."""
        questions = self.only(asked, "questions")
        self.found.answers = self.only(answered, "answers")
        if questions is not None:
            self.found.choices = self.choices.with_changes({"questions": questions.name})

    def _can_be_ratings(self, table: InputTable) -> bool:
        try:
            self._rating_question(table, self.found.answers)
        except InputError as error:
            if not table.rows or table.name not in self.problems:
                self.problems[table.name] = str(error)
            return False
        return True

    def find_ratings(self) -> None:
        """Find the table of ratings: one of its own, or that of the answers."""
        answers = self.found.answers
        used = {answers.name if answers else "", self.choices.questions, *self.choices.left_out}
        pool = [table for table in self.tables if table.name not in used]
        rated = [table for table in pool if self._can_be_ratings(table)]
        table = self.only(rated, "ratings")
        self._mention_unused([t for t in pool if t is not table and t.name not in self.choices.left_out])
        if table is not None:
            self._settle_ratings(table, answers)
        elif answers is not None:
            table = self._ratings_beside(answers)
        self.found.ratings = table
        if table is not None and answers is None and not table.missing(self.choices):
            self.found.notes.append(
                f"{table.name} has one row for each rating. To score its answers as well, write a table with "
                "one row for each answer, and name both: judge init ANSWERS RATINGS"
            )
        if table is None and answers is None:
            raise InputError("\n".join(self.problems.values()) or f"{', '.join(self.files)}: no rows")

    def _ratings_beside(self, answers: InputTable) -> InputTable | None:
        """Return the table of answers if it holds ratings as well."""
        if not has_ratings_beside(answers, self.choices):
            return None
        self.settle(lambda: beside_answers(answers, self.choices))
        if not self.choices.has_ratings:
            return None
        self._settle_ratings(answers, None)
        return answers

    def _settle_ratings(self, table: InputTable, answers: InputTable | None) -> None:
        self.settle(lambda: self._rating_question(table, answers))

    def _rating_question(self, table: InputTable, answers: InputTable | None) -> Question:
        """Next question about ratings; second ratings of an item are those of another item or rater."""
        try:
            return rating_question(table, self.choices, answers)
        except RepeatedRatingError:
            readings = rater_columns(table, self.choices)
            made = (table, self.choices)
            readings += id_readings(answers, *made) if answers else ids_with_system(*made)
            if not readings:
                raise
            return f"{table.name}: an item has several ratings by one rater.", readings

    def _mention_unused(self, tables: Sequence[InputTable]) -> None:
        """Mention sheets that are not used; a file that was named must be of use."""
        for table in tables:
            is_partial = table.rows and len(table.missing(self.choices)) == 1
            what = f"{table.name}: {table.plan(self.choices).problem}"
            problem = what if is_partial else self.problems.get(table.name, "")
            if table.name in self.files:
                raise InputError(
                    f"{problem}\n{table.name} holds neither answers nor ratings in numbers; name its "
                    "columns, or leave it out"
                )
            why = (
                f"cannot be read: {table.problem}" if table.problem else "holds neither answers nor ratings."
            )
            self.found.notes.append(f"{table.name} is not used, because it {why}")
        unused = {table.name for table in tables}
        for file in self.files:
            own = {table.name for table in self.tables if table.name.startswith(f"{file}#")}
            if own and own <= unused:
                reasons = "\n".join(self.problems.get(name, name) for name in sorted(own))
                raise InputError(f"{file}: no sheet holds answers or ratings.\n{reasons}")

    def read(self) -> None:
        """Read both tables with all choices; find their rubric, and the ids by which they match."""
        found = self.found
        ids = {} if found.answers is None else self._read_answers(found.answers)
        if found.ratings is None:
            found.rubric = self.choices.rubric or _preferred(found.summary)
            return
        found.rubric = None  # that of the ratings is not known yet
        rated = self._read_ratings(found.ratings)
        if found.answers is None:
            self._declare_scale(rated)
            return
        self._fit_rubric(found.ratings, rated)
        self._match(found.answers, found.ratings, ids)

    def _read_answers(self, table: InputTable) -> dict[str, str]:
        """Read all answers; return the ids of the items."""
        self.found.summary = InputSummary()
        ids: dict[str, str] = {}
        options = self.choices.item_options(table.name)
        for item in read_items(table.name, summary=self.found.summary, **options):
            digest = content_hash([item.question, item.answer])
            if ids.setdefault(item.id, digest) != digest:
                raise InputError(
                    f"{table.name}: two answers have the id {item.id!r}. Name the fields that make an id of "
                    "its own for each, as in --id-from id,system, or another column of ids: --map id=NAME"
                )
        return ids

    def _read_ratings(self, table: InputTable) -> RatingsTable:
        """Read the ratings as `judge agree` does, that is with the rubric where there is one."""
        is_known = self.found.new_rubric is None and not self.choices.rater_scales
        rubric = self.found.rubric if is_known else None
        fields = fitting_id_from(table, self.choices)
        rated = ratings_in(table.name, self.choices, rubric=rubric, id_from=fields)
        self.found.rated = rated
        return rated

    def _declare_scale(self, rated: RatingsTable) -> None:
        """Find the scale of ratings without answers, if no rubric declares it."""
        self.found.rubric = self.choices.rubric
        if self.found.rubric is None:
            self.settle(lambda: scale_question(rated, None, self.choices))

    def _fit_rubric(self, table: InputTable, rated: RatingsTable) -> None:
        """Find the rubric that has the dimensions and the scale of the ratings, or describe a new one."""
        found = self.found
        preferred = _preferred(found.summary)
        names = (self.choices.rubric,) if self.choices.rubric else (preferred, *shipped_rubrics())
        name = next((n for n in names if has_dimensions(load_rubric(n), rated.dimensions)), None)
        rubric = load_rubric(name or names[0])
        if name is None and self.choices.rubric:
            raise InputError(
                f"{table.name}: people rated {quoted(rated.dimensions)}; rubric {rubric.name} scores "
                f"{quoted(rubric.scored)}. Name a rubric with these dimensions, or leave out --rubric"
            )
        scale = f"{rubric.scale.min}-{rubric.scale.max}"
        self.settle(lambda: scale_question(rated, (rubric.scale.min, rubric.scale.max), self.choices))
        if name is None or self.choices.scale not in (None, scale):
            found.rubric = _free_name()
            dimensions = only_readable([d for d in rated.dimensions if d != OVERALL], "--dimensions")
            found.new_rubric = RubricOutline(dimensions, self.choices.scale or scale)
            return
        found.rubric = name
        self._read_ratings(table)

    def _match(self, answers: InputTable, ratings: InputTable, ids: dict[str, str]) -> None:
        """Find the ids by which both tables match, where they do not yet; note what is rated besides."""
        rated = self.found.rated or self._read_ratings(ratings)
        if not any(item in ids for item in rated.items):
            self._find_ids(answers, ratings, rated, list(ids))
            ids = self._read_answers(answers)
            rated = self._read_ratings(ratings)
        self.found.notes += rated.notes
        unknown = [item for item in rated.items if item not in ids]
        if unknown:
            self.found.notes.append(
                f"{len(unknown):,} of {len(rated.items):,} rated items are not among the answers: "
                f"{quoted(unknown[:_MOST_SHOWN])}{', …' if len(unknown) > _MOST_SHOWN else ''}."
            )

    def _find_ids(
        self, answers: InputTable, ratings: InputTable, rated: RatingsTable, ids: Sequence[str]
    ) -> None:
        readings = id_readings(answers, ratings, self.choices)
        if not readings:
            raise InputError(
                f"{ratings.name}: no rated item is among the answers in {answers.name}. Found the ids "
                f"{quoted(rated.items[:_MOST_SHOWN])}; the answers have {quoted(ids[:_MOST_SHOWN])}. "
                "Give both tables a column with the same ids, and name it if it is not recognised: --map "
                "id=NAME for the answers, --column item_id=NAME for the ratings"
            )
        self.decide((f"{answers.name} and {ratings.name} can be matched in several ways.", readings))


def _tables_in(file: str) -> list[str]:
    """Name the tables in a file; a file of another evaluation tool has to be converted first."""
    if Path(file).suffix in (".json", ".eval"):
        try:
            tool = recognise(load(file))
        except InputError:
            tool = None  # the reader of tables knows JSON Lines, and its error is more precise
        if tool:
            raise InputError(
                f"{file}: holds results of another tool ({tool}). Convert it: judge import {file}"
            )
    return sheets_of(file)


def _preferred(summary: InputSummary | None) -> str:
    return IMAGE_RUBRIC if summary is not None and "images" in summary.columns else DEFAULT_RUBRIC


def _free_name() -> str:
    """Name of a file for a rubric that does not exist yet."""
    names = chain(["rubric.yaml"], (f"rubric_{n}.yaml" for n in count(2)))
    return next(name for name in names if not Path(name).exists())
