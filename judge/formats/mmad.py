"""MMAD: multiple-choice questions about industrial pictures, a model's answers to them, and domain knowledge.

``mmad.json`` is ``{image: {"similar_templates": […], "conversation": [{"Question", "Answer", "Options",
"type"}]}}``, an answers file ``[{"image", "question", "question_type", "correct_answer", "gpt_answer"}]``. An
answer belongs to the question whose text it holds, else a picture's n-th answer to its n-th question. Options
in the answers file count first, because some of MMAD's scripts shuffle them and record the shuffled letters.
Source: Jiang et al., "MMAD", ICLR 2025, arXiv:2410.09453.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from judge.errors import InputError
from judge.formats.document import (
    Document,
    ImportedFile,
    Object,
    gold_letter,
    kind_of,
    load,
    objects,
    options_of,
    text_of,
)
from judge.records import Image, Item

_SAME_TYPE = {"Object Structure": "Object Analysis", "Object Details": "Object Analysis"}
_UNKNOWN_OPTIONS = ("",) * 5
"""MMAD's letters are A to E; texts that are not known are empty."""
_OPTION_LINE = re.compile(r"^\s*([A-E])[.:)]\s*(.*?)\s*$", re.M)
_ANSWER_FIELDS = ("image", "question_type", "correct_answer", "gpt_answer")
_NORMAL = "good"
KNOWLEDGE_QUESTIONS = {
    "location": ("location", "Defect Localization"),
    "appearance": (
        *("detection", "appearance", "Anomaly Detection", "Defect Description", "Defect Classification"),
    ),
    "cause": ("cause", "Defect Analysis"),
    "effect": ("effect", "Defect Analysis"),
}
"""Part of the knowledge of a defect -> types of questions (`question_type`) that it concerns."""
_FILE_NAME = re.compile(r"answers_(?P<shots>\d+)_shot_(?P<system>.+)")
Templates = Literal["similar", "random", "none"]
"""Which normal picture of the same object is the reference picture of an item."""


def recognises(document: Document) -> bool:
    """Whether the document is mmad.json or an answers file."""
    if document.is_list_with(*_ANSWER_FIELDS):
        return True
    first = next(iter(document.content.values()), None) if isinstance(document.content, dict) else None
    return isinstance(first, dict) and "conversation" in first


def read(documents: Sequence[Document], templates: Templates = "similar") -> ImportedFile:
    """Join the answers with mmad.json, where it is given.

    Several files of answers to the same questions are those of several systems, or with other numbers of
    normal pictures shown before (shots): their names, ``answers_1_shot_gpt-4o.json``, say which.
    """
    questions = {key: asked for d in documents if isinstance(d.content, dict) for key, asked in _questions(d)}
    problems: dict[str, list[str]] = {}
    answers = [document for document in documents if isinstance(document.content, list)]
    of_files = [list(_items(document, questions, problems, templates)) for document in answers]
    items = _told_apart(of_files, [_named_by(document) for document in answers])
    if questions:
        answered = {(item.metadata["image"], item.metadata["number"]) for item in items}
        unanswered = [f"{image}#{number}" for image, number in questions if (image, number) not in answered]
        problems.update({"question without an answer": unanswered} if unanswered else {})
    several = [name for name in ("system", "shots") if len({item.field(name) for item in items}) > 1]
    by = (*several, "dataset*question_type")
    return ImportedFile("mmad", items, problems=problems, by=by, cluster="image")


def _named_by(document: Document) -> tuple[int | None, str]:
    """Number of shots, if known, and the system that answered, by the name of the file."""
    stem = document.path.name.removesuffix(".gz").removesuffix(".json").removesuffix(".jsonl")
    found = _FILE_NAME.fullmatch(stem)
    return (int(found["shots"]), found["system"]) if found else (None, stem)


def _told_apart(of_files: list[list[Item]], named: list[tuple[int | None, str]]) -> list[Item]:
    """All items; where files answer the same questions, ids name the file, and `pair_id` the question."""
    ids = [item.id for items in of_files for item in {item.id: item for item in items}.values()]
    if len(set(ids)) == len(ids) or len(set(named)) == 1:
        return [item for items in of_files for item in items]
    same_shots, same_system = (len({name[place] for name in named}) == 1 for place in (0, 1))
    told = []
    for items, (shots, system) in zip(of_files, named, strict=True):
        end = ("" if same_system else f"/{system}") + ("" if same_shots else f"/{_shots(shots)}")
        for item in items:
            fields = {"pair_id": item.id} | ({} if shots is None else {"shots": shots})
            update = {"id": item.id + end, "system": system, "metadata": {**item.metadata, **fields}}
            told.append(item.model_copy(update=update))
    return told


def _shots(shots: int | None) -> str:
    return "shots unknown" if shots is None else f"{shots}-shot"


def rules_from_knowledge(path: str | Path) -> list[dict[str, Any]]:
    """Rules of a rubric out of MMAD's domain knowledge ``{dataset: {object: {defect: text}}}``.

    Instead of one text, a defect may have one for each of `KNOWLEDGE_QUESTIONS`: ``{"location": text, …}``.

    Parameters
    ----------
    path : str or Path
        The file domain_knowledge.json, or one of its form.

    Returns
    -------
    list of dict
        ``{"when": {"dataset": […], "object": …}, "text": …, "part": "knowledge"}``, one for each defect of
        each object: only what concerns an item enters its prompt. Knowledge by parts makes one rule for each
        part, which concerns the questions of the part's types only. MMAD's pictures of MVTec are in
        ``DS-MVTec``; both names match.

    Raises
    ------
    InputError
        The file is not of this form.
    """
    document = load(path)
    rules = [
        rule
        for dataset, entries in _named(document.content, str(path))
        for rule in _rules(dataset, entries, path)
    ]
    if not rules:
        raise InputError(f"{path}: holds no knowledge; allowed: {{dataset: {{object: {{defect: text}}}}}}")
    return rules


def _rules(dataset: str, entries: Any, path: str | Path) -> Iterator[dict[str, Any]]:
    for thing, defects in _named(entries, f"{path}: {dataset}"):
        for defect, text in _named(defects, f"{path}: {dataset}: {thing}"):
            names = [dataset, *(name for name in ("DS-MVTec", "MVTec-AD") if dataset == "MVTec")]
            title = "A good part" if defect == _NORMAL else f"The defect {defect!r}"
            for part, when, known in _by_part(text, f"{path}: {dataset}: {thing}: {defect}"):
                yield {
                    "when": {"dataset": names[0] if len(names) == 1 else names, "object": thing, **when},
                    "text": f"{title} of the object {thing!r}{part}: {' '.join(known.split())}",
                    "part": "knowledge",
                }


def _by_part(known: Any, where: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Title, condition and text of each part of the knowledge of a defect; a text is a single part."""
    for part, text in known.items() if isinstance(known, dict) else [("", known)]:
        if part and part not in KNOWLEDGE_QUESTIONS:
            raise InputError(f"{where}: found {part!r}; allowed parts: {', '.join(KNOWLEDGE_QUESTIONS)}")
        if not isinstance(text, str):
            at = f"{where}: {part}" if part else where
            raise InputError(f"{at}: found {kind_of(text)}; it must be a text")
        when = {"question_type": list(KNOWLEDGE_QUESTIONS[part])} if part else {}
        yield f", {part}" if part else "", when, text


def _named(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: found {kind_of(value)}; it must be an object")
    yield from value.items()


def _questions(document: Document) -> Iterator[tuple[tuple[str, int], Object]]:
    for image, entry in document.content.items():
        where = f"{document.path}: {image}"
        if not isinstance(entry, dict):
            raise InputError(f"{where}: found {kind_of(entry)}; it must be an object with a conversation")
        for number, (place, row) in enumerate(
            objects(entry.get("conversation"), f"{where}: conversation"), 1
        ):
            yield (image, number), {**row, "where": place, "picture": entry}


def _items(
    document: Document,
    questions: dict[tuple[str, int], Object],
    problems: dict[str, list[str]],
    templates: Templates,
) -> Iterator[Item]:
    seen: Counter[str] = Counter()
    for where, row in objects(document.content, str(document.path)):
        image = text_of(row, "image", where)
        seen[image] += 1
        number = _number_by_text(image, row, questions) or seen[image]
        asked = questions.get((image, number), {})
        if questions and not asked:
            problems.setdefault("answer without a question", []).append(f"{image}#{number}")
        item = _item(image, number, row, asked, where, templates)
        if item.gold is None:
            problems.setdefault("correct_answer is no offered letter", []).append(item.id)
        elif asked and not _same_gold(item, asked):
            problems.setdefault("correct_answer differs from mmad.json; the answers' file counts", []).append(
                item.id
            )
        yield item


def _item(image: str, number: int, row: Object, asked: Object, where: str, templates: Templates) -> Item:
    text = _question_text(row)
    shuffled = tuple(option for _, option in _OPTION_LINE.findall(text))
    options = shuffled or options_of(asked.get("Options"), str(asked.get("where", where))) or _UNKNOWN_OPTIONS
    question = _OPTION_LINE.sub("", text).removeprefix("Question:").strip() or str(asked.get("Question", ""))
    kind = text_of(row, "question_type", where)
    normals = asked.get("picture", {}).get(f"{templates}_templates")
    parts = image.split("/")
    answer = row.get("gpt_answer")
    return Item(
        id=f"{image}#{number}",
        question=question,
        answer="" if answer is None else str(answer),
        images=(
            Image(path=image),
            *(
                Image(path=str(t), role="reference")
                for t in (normals if isinstance(normals, list) else [])[:1]
            ),
        ),
        choices=options,
        gold=gold_letter(row.get("correct_answer"), options),
        metadata={
            "dataset": parts[0],
            **({"object": parts[1]} if len(parts) > 2 else {}),
            **({"defect": parts[-2]} if len(parts) > 3 else {}),
            "question_type": _SAME_TYPE.get(kind, kind),
            "anomaly": _NORMAL not in parts,
            "image": image,
            "number": number,
        },
    )


def _question_text(row: Object) -> str:
    asked = row.get("question")
    text = asked.get("text") if isinstance(asked, dict) else asked
    return text if isinstance(text, str) else ""


def _number_by_text(image: str, row: Object, questions: dict[tuple[str, int], Object]) -> int | None:
    """Find which of a picture's questions an answer is to, where the answers file holds its text."""
    text, number = _question_text(row), 1
    while text and (asked := questions.get((image, number))):
        if str(asked.get("Question", "\0")).strip() in text:
            return number
        number += 1
    return None


def _same_gold(item: Item, asked: Object) -> bool:
    """Whether both files have the same right option, by its text where it is known."""
    options = options_of(asked.get("Options"), str(asked.get("where", "")))
    letter = gold_letter(asked.get("Answer"), options)
    if letter is None or item.gold is None:
        return True
    right = options[ord(letter) - ord("A")]
    return (
        item.choices[ord(item.gold) - ord("A")] in (right, "") if any(item.choices) else item.gold == letter
    )
