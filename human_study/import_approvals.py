"""Import of anchored ratings into an anchored study: what raters said about the scores of the judge."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from human_study.approval_form import COMMENT, OWN, ApprovalForm
from human_study.shown_verdict import ShownVerdict, as_shown
from human_study.study_records import Key, RatingDraft
from judge.errors import InputError
from judge.files.writing import plain
from judge.formats.anchored import AnchoredRating
from judge.formats.rating_exports import ignore, plain_rows
from judge.rubric import CANNOT_TELL

_WITHOUT_MEANING = {
    "id_from": "--id-from",
    "raters_in": "--raters-in",
    "missing_codes": "--missing-codes",
    "scale": "--scale",
    "rater_scales": "--rater-scale",
}


def approval_drafts(
    path: str | Path,
    form: ApprovalForm,
    rater: str | None,
    *,
    note: Callable[[str], None] | None = None,
    columns: Mapping[str, str] | None = None,
    dimensions: Sequence[str] = (),
    encoding: str | None = None,
    **others: object,
) -> Iterator[tuple[Key, RatingDraft]]:
    """Read the anchored ratings of a file, one draft for each score of the judge.

    Raises
    ------
    InputError
        The file cannot be read or holds an independent rating, an option has no meaning for such ratings, or
        a rating does not fit the form.
    """
    given = [_WITHOUT_MEANING[name] for name, value in others.items() if value]
    if rater is not None or given:
        raise InputError(
            f"{path}: {given[0] if given else '--rater'} has no meaning for a study that shows the verdict "
            "of the judge; leave it out"
        )
    found: list[AnchoredRating] = []
    rows = plain_rows(path, note or ignore, encoding=encoding, mapping=columns, on_anchored=found.append)
    for where, _ in rows:
        raise InputError(
            f"{where}: not marked as anchored (column kind), and raters of this study see the verdict of the "
            "judge first; import independent ratings into a study made without --show-verdict"
        )
    if not found:
        raise InputError(f"{path}: holds no ratings")
    for rating in found:
        if not dimensions or form.name_of(rating.dimension) in dimensions:
            yield (str(plain(rating.rater)), rating.item_id, rating.sample), _draft(rating, form)


def check_shown(draft: RatingDraft, verdict: ShownVerdict | None, item_id: str) -> None:
    """Refuse a rating of another score than the study shows."""
    known = {} if verdict is None else verdict.scores
    for name, value in draft.shown.items():
        shown = known.get(name)
        if shown is None or as_shown(value) != shown.value:
            of_study = "none" if shown is None else f"{shown.value!r}"
            raise InputError(
                f"{draft.where}: the judge's score for {name} of item {item_id!r} was {as_shown(value)!r}, "
                f"and this study shows {of_study}; import ratings of the same run"
            )


def _draft(rating: AnchoredRating, form: ApprovalForm) -> RatingDraft:
    note = str(plain(rating.note))
    if rating.status == "skipped":
        return RatingDraft(rating.where, skip=note or "skipped")
    name = form.name_of(rating.question) or rating.question
    said = CANNOT_TELL if rating.status == "abstained" else rating.approval
    draft = RatingDraft(rating.where, note=note)
    draft.values[name] = form.value_of(name, said, rating.where)
    question = form.question(name)
    is_choice = question is not None and len(question.own) > 2  # of two scores, the other one is meant
    if rating.own is not None and is_choice:
        draft.values[name + OWN] = as_shown(rating.own)  # type: ignore[assignment]
    if rating.comment:
        draft.values[name + COMMENT] = str(plain(rating.comment))
    if rating.shown is not None:
        draft.shown[name] = rating.shown
    return draft
