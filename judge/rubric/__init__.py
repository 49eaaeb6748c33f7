"""Rubrics: what a judge scores, and when an answer passes. One YAML file each.

A rubric defines the dimensions and the meaning of each score, the rules and worked examples and the items
that they apply to, the overall score, and the pass rule. The overall score and the pass rule are computed in
code and not by the model (except for an overall score that is declared as `judged`).
"""

from judge.rubric.checks import CANNOT_TELL, CRITERIA, MOST_FULLY_ANCHORED
from judge.rubric.item_rubric import ItemRubric, ItemRubrics, asks_criteria
from judge.rubric.loading import (
    check_rubric,
    load_rubric,
    parse_rubric,
    read_rubric_file,
    rubric_file,
    shipped_rubrics,
)
from judge.rubric.model import Rubric
from judge.rubric.parts import (
    BINARY,
    MOST_LABELS,
    POINTS,
    Aspect,
    Cap,
    CriteriaField,
    Dimension,
    Example,
    Flag,
    ImageRule,
    Level,
    NoVerdict,
    Overall,
    ReasonsRule,
    RubricScale,
    Rule,
    Verdict,
    matches,
)
from judge.rubric.problems import RubricProblem, with_lines

__all__ = [
    "BINARY",
    "CANNOT_TELL",
    "CRITERIA",
    "MOST_FULLY_ANCHORED",
    "MOST_LABELS",
    "POINTS",
    "Aspect",
    "Cap",
    "CriteriaField",
    "Dimension",
    "Example",
    "Flag",
    "ImageRule",
    "ItemRubric",
    "ItemRubrics",
    "Level",
    "NoVerdict",
    "Overall",
    "ReasonsRule",
    "Rubric",
    "RubricProblem",
    "RubricScale",
    "Rule",
    "Verdict",
    "asks_criteria",
    "check_rubric",
    "load_rubric",
    "matches",
    "parse_rubric",
    "read_rubric_file",
    "rubric_file",
    "shipped_rubrics",
    "with_lines",
]
