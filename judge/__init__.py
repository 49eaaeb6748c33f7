"""Score open-ended answers with an LLM judge, and measure its agreement with human raters.

>>> import judge
>>> run = judge.score("answers.jsonl", judge="openai/gpt-5")        # doctest: +SKIP
>>> judge.report(run).pass_rate                                     # doctest: +SKIP
>>> judge.agree(run, "ratings.csv", margin=0.05).verdicts           # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

from judge.version import __version__ as __version__

if TYPE_CHECKING:
    from judge.errors import JudgeError as JudgeError
    from judge.items import load_items as load_items
    from judge.records import Completion as Completion
    from judge.records import Image as Image
    from judge.records import Item as Item
    from judge.records import Score as Score
    from judge.rubric import Rubric as Rubric
    from judge.rubric import load_rubric as load_rubric
    from judge.scoring.backends.connection import Connection as Connection
    from judge.scoring.backends.ray.options import RayOptions as RayOptions
    from judge.scoring.backends.vllm.engine import EngineOptions as EngineOptions
    from judge.scoring.callbacks import ScoringCallback as ScoringCallback
    from judge.scoring.judge import Judge as Judge
    from judge.scoring.merge import merge as merge
    from judge.scoring.preview import preview as preview
    from judge.scoring.run import Run as Run
    from judge.scoring.score import rederive as rederive
    from judge.scoring.score import score as score
    from judge.workflows.agree import agree as agree
    from judge.workflows.attach_normals import attach_normals as attach_normals
    from judge.workflows.audit import audit as audit
    from judge.workflows.calibrate import apply_calibration as apply_calibration
    from judge.workflows.calibrate import calibrate as calibrate
    from judge.workflows.choice import choice as choice
    from judge.workflows.compare import compare as compare
    from judge.workflows.inputs import RatingOptions as RatingOptions
    from judge.workflows.leaderboard import leaderboard as leaderboard
    from judge.workflows.plan import PlanOptions as PlanOptions
    from judge.workflows.plan import plan as plan
    from judge.workflows.plan import select_items as select_items
    from judge.workflows.read_ratings import read_ratings as read_ratings
    from judge.workflows.report import report as report
    from judge.workflows.retest import retest as retest
    from judge.workflows.stress import stress as stress

# Name -> module; imported on first use, so that `import judge` costs next to nothing.
_PUBLIC = {
    "Completion": "judge.records",
    "Connection": "judge.scoring.backends.connection",
    "EngineOptions": "judge.scoring.backends.vllm.engine",
    "Image": "judge.records",
    "Item": "judge.records",
    "Judge": "judge.scoring.judge",
    "JudgeError": "judge.errors",
    "PlanOptions": "judge.workflows.plan",
    "RatingOptions": "judge.workflows.inputs",
    "RayOptions": "judge.scoring.backends.ray.options",
    "Rubric": "judge.rubric",
    "Run": "judge.scoring.run",
    "Score": "judge.records",
    "ScoringCallback": "judge.scoring.callbacks",
    "agree": "judge.workflows.agree",
    "apply_calibration": "judge.workflows.calibrate",
    "attach_normals": "judge.workflows.attach_normals",
    "audit": "judge.workflows.audit",
    "calibrate": "judge.workflows.calibrate",
    "choice": "judge.workflows.choice",
    "compare": "judge.workflows.compare",
    "leaderboard": "judge.workflows.leaderboard",
    "load_items": "judge.items",
    "load_rubric": "judge.rubric",
    "merge": "judge.scoring.merge",
    "plan": "judge.workflows.plan",
    "preview": "judge.scoring.preview",
    "read_ratings": "judge.workflows.read_ratings",
    "rederive": "judge.scoring.score",
    "report": "judge.workflows.report",
    "retest": "judge.workflows.retest",
    "score": "judge.scoring.score",
    "select_items": "judge.workflows.plan",
    "stress": "judge.workflows.stress",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'judge' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
