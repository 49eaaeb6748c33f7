"""Names of columns in tables of ratings: what a column means, and which columns hold no ratings."""

from collections.abc import Mapping

from judge.items.columns import plain

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "item_id": ("item_id", "item", "id", "question_id", "instance", "instance_id"),
    "rater": (
        *("rater", "rater_id", "annotator", "annotator_id", "user", "worker", "worker_id", "workerid"),
        *("coder", "participant", "participant_id", "prolific_pid", "prolific_id", "judge"),
    ),
    "dimension": ("dimension", "criterion", "aspect", "metric"),
    "criterion": ("criterion", "criterion_id"),
    "value": ("value", "score", "rating", "label", "grade"),
    "kind": ("rater_kind", "rater_type"),
    "sample": ("sample",),
    "status": ("status",),
    "reason": ("reason", "comment", "note", "explanation"),
    "skipped": ("skipped", "skip"),
    "probability": ("probability", "inclusion_probability"),
    "stratum": ("stratum",),
}
"""Meaning of a column of a table of ratings -> names that it may have; `map` names any other."""

CONTENT = ("question", "answer", "system", "images")
"""Fields of an item from which its id is made where no column holds ids."""

_OPEN = ("dimension", "criterion", "value")
_NO_DIMENSION = {
    *(name for meaning, names in COLUMNS.items() if meaning not in _OPEN for name in names),
    "question", "answer", "reference", "system", "model", "images", "image", "choices", "gold", "text",
    "created_at", "updated_at", "lead_time", "annotation_id", "seconds", "time", "timestamp",
    "saved", "n", "position", "pair_id", "condition", "order", "weight", "probability", "stratum",
    "checks_missed", "checks_seen", "comments", "notes", "remarks", "kommentar", "bemerkung", "anmerkung",
    # crowd platforms: Prolific, Mechanical Turk, Label Studio, survey tools
    "time_taken", "duration", "duration_(in_seconds)", "age", "started_at", "completed_at", "session_id",
    "study_id", "submission_id", "project_id", "task_id", "response_id", "worktimeinseconds", "hitid",
    "hittypeid", "assignmentid", "maxassignments", "reward", "lifetimeapprovalrate", "last30daysapprovalrate",
    "last7daysapprovalrate", "total_approvals", "trust", "_trust", "progress",
    "finished",
    # ratings by people who saw the verdict of a judge first (judge.formats.anchored)
    "judge_name", "judge_value", "own_value",
    # pandas
    "", "index", "level_0", "__index_level_0__",
}  # fmt: skip


def content_of(mapping: Mapping[str, str]) -> dict[str, str]:
    """Part of a mapping of columns that names the content of items."""
    return {name: column for name, column in mapping.items() if name in CONTENT}


def is_no_dimension(column: str) -> bool:
    """Whether a column is known by its name to hold something other than ratings."""
    name = plain(column)
    starts, ends = ("unnamed:", "input.", "answer."), ("_id", ":judge", ":own", ":comment")
    return name in _NO_DIMENSION or name.startswith(starts) or name.endswith(ends)
