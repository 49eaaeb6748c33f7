"""Score open-ended answers with an LLM judge, and measure how far that judge agrees with people.

>>> from judge import Run, load_items, load_rubric, score
"""

import importlib
from typing import TYPE_CHECKING, Any

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
    from judge.scoring.backends.vllm.engine import EngineOptions as EngineOptions
    from judge.scoring.callbacks import ScoringCallback as ScoringCallback
    from judge.scoring.judge import Judge as Judge
    from judge.scoring.run import Run as Run
    from judge.scoring.score import score as score

__version__ = "0.1.0"

# Name -> module; imported on first use, so that `import judge` costs next to nothing.
_PUBLIC = {
    "Completion": "judge.records",
    "Connection": "judge.scoring.backends.connection",
    "EngineOptions": "judge.scoring.backends.vllm.engine",
    "Image": "judge.records",
    "Item": "judge.records",
    "Judge": "judge.scoring.judge",
    "JudgeError": "judge.errors",
    "ScoringCallback": "judge.scoring.callbacks",
    "Rubric": "judge.rubric",
    "Run": "judge.scoring.run",
    "Score": "judge.records",
    "load_items": "judge.items",
    "load_rubric": "judge.rubric",
    "score": "judge.scoring.score",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'judge' has no attribute {name!r}")
