"""Names, counts and numbers as they are written in the sentences of a report."""

from collections.abc import Sequence

from judge.analysis.ratings import PASSES
from judge.analysis.score_table import QUESTION
from judge.counting import counted as counted
from judge.reporting.document import CellKind
from judge.reporting.render.numbers import interval_text, number_text, p_text
from judge.stats.engine.estimate import Estimate

WEIGHTED = "Every estimate weights an item by"
"""Beginning of the sentence about weights and the target of weighted estimates."""
NOT_GIVEN = "Without a weighted form, and therefore not given:"
"""Beginning of the sentence that lists what a report leaves out."""


def display_name(name: str) -> str:
    """Name of a dimension or field in running text.

    >>> display_name("technical_accuracy")
    'technical accuracy'
    """
    return name.replace("_", " ")


def dimension_name(name: str) -> str:
    """Name of a dimension in running text, with a phrase for the verdict.

    >>> dimension_name("technical_accuracy"), dimension_name("passes")
    ('technical accuracy', 'answer passes')
    """
    return "answer passes" if name == PASSES else display_name(name)


def field_name(field: str) -> str:
    """Name of a field, or of crossed fields, in running text.

    >>> field_name("image_type*condition")
    'image type and condition'
    """
    return display_name(field).replace("*", " and ")


def clusters_phrase(n: int, field: str) -> str:
    """A number of clusters, named by what the items of a cluster share.

    >>> clusters_phrase(12, "question"), clusters_phrase(1, "image_id")
    ('12 questions', '1 cluster by image id')
    """
    return counted(n, "question") if field == QUESTION else f"{counted(n, 'cluster')} by {field_name(field)}"


def shared_field(field: str) -> str:
    """What the items of a cluster share, in a description of methods.

    >>> shared_field("question"), shared_field("image_id")
    ('question (text, pictures and reference)', 'image id')
    """
    return "question (text, pictures and reference)" if field == QUESTION else field_name(field)


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["accuracy", "relevance", "clarity"])
    'accuracy, relevance and clarity'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def with_interval(estimate: Estimate, kind: CellKind) -> str:
    """A number and its interval in a sentence.

    >>> with_interval(Estimate(0.795, 0.784, 0.805), "share")
    '79.5 % [78.4, 80.5]'
    """
    return f"{number_text(estimate.value, kind)} {interval_text(estimate, kind)}".rstrip()


def corrected_answers(*, is_label_shift: bool) -> str:
    """Answers that corrected pass rates and means are about."""
    return "the unrated answers" if is_label_shift else "all answers"


def p_phrase(p: float) -> str:
    """A p-value after the letter p in a sentence.

    >>> p_phrase(0.0123), p_phrase(0.0001)
    ('= .012', '< .001')
    """
    text = p_text(p)
    return text.replace("<", "< ").replace(">", "> ") if text[0] in "<>" else f"= {text}"
