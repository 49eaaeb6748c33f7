"""RobustMAD: questions nested by image, flat responses, and files that a judge has already been through.

Questions are joined with the responses to them. The answer to a multiple-choice question is its raw response,
out of which the letter is read. A picture to compare with belongs to the pair-wise questions only. A file
whose name ends in ``_low`` holds answers about degraded pictures: its items are marked ``condition:
degraded``, and `pair_id` ties each to its clean one. Where several files answer the same questions, each is a
system's: it is named by its rows (``model``), or else by the file (``MCQ_NAME_low.json``).
Source of the scheme: Arunan et al., RobustMAD, TMLR 2026, arXiv:2607.16243.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from judge.errors import InputError
from judge.formats.cells import number_or_none
from judge.formats.document import (
    ONLY_MEANS,
    Document,
    ImportedFile,
    Object,
    gold_letter,
    id_of,
    objects,
    options_of,
    present,
    text_of,
)
from judge.formats.robustmad_means import TOLERANCE, check_means, is_means
from judge.records import OVERALL, Image, Item, Score

DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")
_ALIASES = {"style_and_clarity": "clarity"}
_LOWEST, _HIGHEST = 1, 5
_OF_IMAGE = (
    "category",
    "specie_name",
    "anomaly",
    "difficulty",
    "dataset",
    "image_path",
    "reference_image_path",
)
_METADATA = (
    "image_path",
    "robustness_category",
    "difficulty",
    "category",
    "specie_name",
    "anomaly",
    "dataset",
    "raw_response",
)
_SYSTEM = ("model", "mslm", "system")
_SLICES = ("robustness_category", "difficulty", "category")
_WITHOUT_REFERENCE = ("general object", "stand-alone", "unanswerable", "misleading")
"""What the categories are called whose questions are about one picture."""
_IMAGE, _REFERENCE = "image_path", "reference_image_path"


class RobustMADEntry(NamedTuple):
    """One question or response, with the fields of its image, and where it stands."""

    where: str
    row: Object
    degraded: bool
    file: str = ""

    @property
    def system(self) -> str:
        """Name of the system that answered: by the row, or else by the file."""
        named = (self.row[name] for name in _SYSTEM if isinstance(self.row.get(name), str))
        return next(named, self.file)

    @property
    def name(self) -> str:
        """The id in the file."""
        return id_of(self.row, "question_id", self.where)

    @property
    def place(self) -> tuple[str, str]:
        """Id and picture: what is unique where ids count anew for each picture."""
        return self.name, str(self.row.get(_IMAGE) or "")


def recognises(document: Document) -> bool:
    """Whether the document is one of RobustMAD's three, or a table of means."""
    return (
        is_means(document)
        or (
            document.has("images")
            and Document(document.path, document.content["images"]).is_list_with("questions")
        )
        or (
            document.has("questions")
            and Document(document.path, document.content["questions"]).is_list_with("question_id", "judge")
        )
        or document.is_list_with("question_id", "mslm_answer", "robustness_category")
    )


def read(documents: Sequence[Document]) -> ImportedFile:
    """Join questions with responses; scores come from judged files, and are compared with published means.

    Raises
    ------
    InputError
        There are only means, or questions without responses.
    """
    means = [document for document in documents if is_means(document)]
    documents = [document for document in documents if document not in means]
    if not documents:
        raise InputError(f"{means[0].path}: {ONLY_MEANS}")
    questions = [entry for document in documents for entry in _questions(document)]
    answered = [entry for document in documents for entry in _answered(document)]
    join = _Join(questions, answered)
    items = [item for entry in answered if (item := join.item(entry)) is not None]
    join.report_unanswered()
    scores = [
        score
        for document in documents
        for entry in _judged(document)
        for score in _scores(entry, join.item_id(entry), _judge_name(document))
    ]
    fields = {name for item in items for name in item.metadata}
    check = check_means(means, items, scores)
    agree = f"{check.n_equal:,} published means agree with those of the scores (to {TOLERANCE:g})"
    return ImportedFile(
        "robustmad",
        items,
        scores,
        {**join.problems, **check.problems},
        notes=(agree,) if means else (),
        rubric="inspection",
        by=(
            *(["system"] if join.has_systems else []),
            *(["condition"] if len({item.metadata["condition"] for item in items}) > 1 else []),
            *(name for name in _SLICES if name in fields),
        ),
        cluster=_IMAGE if _IMAGE in fields else None,
    )


def _questions(document: Document) -> Iterator[RobustMADEntry]:
    if not document.has("images"):
        return
    for where, image in objects(document.content["images"], f"{document.path}: images"):
        of_image = present(image, _OF_IMAGE)
        for place, question in objects(image.get("questions"), f"{where}: questions"):
            yield RobustMADEntry(place, {**of_image, **question}, _is_degraded(document))


def _answered(document: Document) -> Iterator[RobustMADEntry]:
    if isinstance(document.content, list):
        for where, row in objects(document.content, str(document.path)):
            yield RobustMADEntry(where, row, _is_degraded(document), _system_name(document))
    yield from _judged(document)


def _judged(document: Document) -> Iterator[RobustMADEntry]:
    if document.has("questions"):
        for where, row in objects(document.content["questions"], f"{document.path}: questions"):
            yield RobustMADEntry(where, row, _is_degraded(document), _system_name(document))


def _is_degraded(document: Document) -> bool:
    name = document.path.name.removesuffix(".gz").rsplit(".", 1)[0]
    return re.search(r"_low(?![a-z])", name.lower()) is not None


def _system_name(document: Document) -> str:
    """Name of the system by the file: ``MCQ_NAME_low.json``, ``OE_NAME_scored_….json``."""
    stem = document.path.name.removesuffix(".gz").rsplit(".", 1)[0]
    return re.sub(r"^(?:MCQ|OE|TF)_|_low(?![a-zA-Z]).*|_scored(?![a-zA-Z]).*", "", stem) or stem


def _judge_name(document: Document) -> str:
    named = present(document.content, ("judge_model", "judge", "model")).values()
    return next((name for name in named if isinstance(name, str)), "robustmad-judge")


class _Join:
    """Questions by id, and what does not fit together."""

    def __init__(self, questions: Sequence[RobustMADEntry], answered: Sequence[RobustMADEntry]) -> None:
        self.ids_are_unique = all(
            len({entry.name for entry in group}) == len({entry.place for entry in group})
            for entries in (questions, answered)
            for group in ([e for e in entries if e.degraded], [e for e in entries if not e.degraded])
        )
        systems: dict[object, set[str]] = {}
        for entry in answered:
            systems.setdefault((self._key(entry), entry.degraded), set()).add(entry.system)
        self.has_systems = any(len(names) > 1 for names in systems.values())
        self.questions: dict[object, RobustMADEntry] = {}
        self.problems: dict[str, list[str]] = {}
        self.answered: dict[bool, set[object]] = {}
        for entry in questions:
            if self.questions.setdefault(self._key(entry), entry) is not entry and not entry.degraded:
                self._note("question stands twice; the first one counts", entry)

    def item(self, entry: RobustMADEntry) -> Item | None:
        """Item of one response; None where there is no answer in it."""
        key = self._key(entry)
        question = self.questions.get(key)
        if self.questions and question is None:
            self._note("response without a question of its id", entry)
        self.answered.setdefault(entry.degraded, set()).add(key)
        row = {**(question.row if question else {}), **present(entry.row, entry.row)}
        if not _is_pairwise(entry.row, row):
            row.pop(_REFERENCE, None)
        answer = _answer(row)
        if not isinstance(answer, str):
            self._note("no answer (null or no text)", entry)
            return None
        if not row.get("options") and re.fullmatch("[A-Z]", str(row.get("answer"))):
            self._note("options unknown; the file of questions has them: RobustMAD_MCQ.json", entry)
        asked = text_of(row, "question", entry.where)
        if question and question.row.get("question") not in (None, asked):
            self._note("question differs from the one in the questions' file; the response's counts", entry)
        item = _item(self.item_id(entry), self.pair_id(entry), row, asked, answer, entry)
        return item.model_copy(update={"system": entry.system}) if self.has_systems else item

    def item_id(self, entry: RobustMADEntry) -> str:
        """Id of the item; it names the condition and the system, since several may be in one run."""
        condition = "_low" if entry.degraded else ""
        return f"{self.pair_id(entry)}{condition}" + (f"/{entry.system}" if self.has_systems else "")

    def pair_id(self, entry: RobustMADEntry) -> str:
        """Id that all answers to one question share: clean and degraded, of all systems."""
        name = entry.name.removesuffix("_low") if entry.degraded else entry.name
        return name if self.ids_are_unique else f"{entry.place[1]}#{name}"

    def report_unanswered(self) -> None:
        """Note every question that got no response in a condition that others were answered in.

        Raises
        ------
        InputError
            No question has a response.
        """
        if self.questions and not self.answered:
            file = next(iter(self.questions.values())).where.partition(": images")[0]
            raise InputError(
                f"{file}: holds {len(self.questions):,} questions and no responses to them; give the file of "
                "responses, too"
            )
        for degraded, answered in self.answered.items():
            for key, entry in self.questions.items():
                if key not in answered:
                    self._note("question without a response", entry._replace(degraded=degraded))

    def _key(self, entry: RobustMADEntry) -> object:
        name = entry.name.removesuffix("_low") if entry.degraded else entry.name
        return name if self.ids_are_unique else (name, entry.place[1])

    def _note(self, problem: str, entry: RobustMADEntry) -> None:
        self.problems.setdefault(problem, []).append(self.item_id(entry))


def _item(item_id: str, pair_id: str, row: Object, question: str, answer: str, entry: RobustMADEntry) -> Item:
    options = options_of(row.get("options"), entry.where)
    reference = row.get("answer")
    return Item(
        id=item_id,
        question=question,
        answer=answer,
        reference=reference if reference is None else str(reference),
        images=tuple(_images(row, question)),
        choices=options,
        gold=gold_letter(reference, options),
        system=next((row[name] for name in _SYSTEM if isinstance(row.get(name), str)), None),
        metadata={
            **present(row, _METADATA),
            **({"defect": row["specie_name"]} if row.get("specie_name") is not None else {}),
            "condition": "degraded" if entry.degraded else "clean",
            "pair_id": pair_id,
        },
    )


def _is_pairwise(response: Object, joined: Object) -> bool:
    """Whether there is a picture to compare with: as the response says, unless its category rules it out."""
    category = str(joined.get("robustness_category", "")).casefold()
    is_of_one = "pair" not in category and any(name in category for name in _WITHOUT_REFERENCE)
    return not is_of_one and bool(response.get(_REFERENCE, joined.get(_REFERENCE)))


def _answer(row: Object) -> Any:
    """What the model said: where there are options, its own words and not the letter that others read."""
    raw = row.get("raw_response")
    return raw if row.get("options") and isinstance(raw, str) and raw.strip() else row.get("mslm_answer")


def _images(row: Object, question: str) -> Iterable[Image]:
    """Pictures in the order in which the question speaks of them: the one to compare with may come first."""
    pictures = [(_IMAGE, "query"), (_REFERENCE, "reference")]
    is_first = re.search(r"\bfirst\b", question, re.I) is not None
    for name, role in reversed(pictures) if is_first else pictures:
        if isinstance(row.get(name), str) and row[name]:
            yield Image.model_validate({"path": row[name], "role": role})


def _scores(entry: RobustMADEntry, item_id: str, rater: str) -> Iterator[Score]:
    judgment = entry.row.get("judge")
    judgment = judgment if isinstance(judgment, dict) else {}
    nested = judgment.get("dimension_scores")
    given = {_ALIASES.get(n, n): value for n, value in nested.items()} if isinstance(nested, dict) else {}
    explanation = judgment.get("explanation")
    reason = explanation if isinstance(explanation, str) else None

    def score(dimension: str, value: float | str | None, why: str | None) -> Score:
        status = "ok" if value is not None else "unparsed"
        return Score.model_validate(
            {"item_id": item_id, "rater": rater, "rater_kind": "judge", "dimension": dimension,
             "value": value, "status": status, "reason": why}
        )  # fmt: skip

    for dimension, raw in [(n, given.get(n)) for n in DIMENSIONS] + [
        (OVERALL, judgment.get("overall_score"))
    ]:
        value = number_or_none(raw)
        if value is not None and not _LOWEST <= value <= _HIGHEST:
            yield score(dimension, None, f"found {raw!r}, off the scale {_LOWEST}-{_HIGHEST}")
        elif value is None:
            yield score(
                dimension, None, "no score in the file" if raw is None else f"found {raw!r:.80}, no number"
            )
        else:
            yield score(dimension, value, reason if dimension == OVERALL else None)
    yield _flag(score, judgment.get("is_accurate"))
    if "gt_sanity_issue" in judgment:
        issue = judgment["gt_sanity_issue"]
        yield score("reference_issue", "" if issue in (None, False) else str(issue), None)


def _flag(score: Any, accurate: Any) -> Score:
    if accurate in (0, 1) and isinstance(accurate, bool | int | float):
        made: Score = score("is_accurate", float(accurate), None)
    else:
        made = score("is_accurate", None, f"found {accurate!r:.80}; allowed: true or false, 1 or 0")
    return made
