"""Export of an anchored study: each row says what a rater said about a score of the judge.

The rows are marked by ``anchored`` in the column ``kind``; see `judge.formats.anchored`.
"""

from typing import Any, cast

from human_study.approval_form import COMMENT, OWN, ApprovalForm
from human_study.shown_verdict import ShownVerdict, verdict_of
from human_study.store import Study
from human_study.study_records import Task
from judge.errors import InputError
from judge.formats.anchored import ANCHORED, KIND, SHOWN
from judge.records import Score
from judge.rubric import CRITERIA

LONG_COLUMNS = (KIND, "judge_name", "judge_value", "own_value", "comment")
"""Columns of the long table beside those of a blind study."""


def long_fields(study: Study, task: Task, score: Score) -> dict[str, Any]:
    """Fields of one row of the long table beside those of a blind study."""
    name = score.dimension if score.criterion is None else f"{CRITERIA}/{score.criterion}"
    verdict, reply = _verdict(task), task.rating.reply
    return {
        KIND: ANCHORED,
        "judge_name": verdict.judge,
        "judge_value": verdict.scores[name].value,
        "own_value": _form(study, task).own_score(name, reply),
        "comment": reply.values.get(name + COMMENT),
    }


def wide_columns(study: Study) -> list[str]:
    """Names of the columns of `wide_fields`."""
    if study.rubric.criteria is not None:
        raise InputError(
            f"{study.path}: each item has criteria of its own, so that a wide table would have different "
            "columns for each; export the layout long"
        )
    names = [name + part for name in study.form.names for part in ("", SHOWN, OWN, COMMENT)]
    return [KIND, "judge_name", *names]


def wide_fields(study: Study, task: Task) -> dict[str, Any]:
    """Fields of one row of the wide table: what was said about each score, and the score."""
    verdict, reply, form = _verdict(task), task.rating.reply, _form(study, task)
    found: dict[str, Any] = {KIND: ANCHORED, "judge_name": verdict.judge}
    for name in form.names:
        own = form.own_score(name, reply)
        found |= {name: reply.values.get(name), name + SHOWN: verdict.scores[name].value}
        found |= {name + OWN: own, name + COMMENT: reply.values.get(name + COMMENT)}
    return found


def _form(study: Study, task: Task) -> ApprovalForm:
    return cast(ApprovalForm, study.form_of(task.item))


def _verdict(task: Task) -> ShownVerdict:
    return verdict_of(task.item) or ShownVerdict(judge="", scores={})
