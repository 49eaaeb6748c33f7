"""Early end of a run with expected scores if the model rarely replies with a label of the scale."""

from collections.abc import Sequence

from judge.errors import BackendError
from judge.records import Completion
from judge.scoring.judge import Judge
from judge.scoring.parsing.values import LEAST_MASS

FIRST_ITEMS = 20
"""Number of items after which the check is made."""
LEAST_SHARE = 0.1
"""Smallest share of the replies that must give a score (have enough probability on the scale)."""


class ScaleMassCheck:
    """Ends a run whose model would usually reply with something other than a label of the scale."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._items: set[str] = set()
        self._masses: list[float] = []
        self._is_done = judge.scores != "expected"

    def check(self, completions: Sequence[Completion]) -> None:
        """Check the first replies of a run.

        Raises
        ------
        BackendError
            Hardly any of them gives a score; the message gives the mean probability on the scale.
        """
        if self._is_done:
            return
        for completion in completions:
            if completion.label_probabilities is not None:
                self._items.add(completion.item_id)
                self._masses.append(sum(completion.label_probabilities.values()))
        if len(self._items) < FIRST_ITEMS:
            return
        self._is_done = True
        scored = sum(mass >= LEAST_MASS for mass in self._masses)
        if scored < LEAST_SHARE * len(self._masses):
            raise BackendError(self._advice(completions[-1].reply))

    def _advice(self, reply: str | None) -> str:
        scale, judge = self._judge.rubric.scale, self._judge
        return (
            f"{judge.model}: expected scores: for the first {len(self._items)} items only "
            f"{sum(self._masses) / len(self._masses):.1%} of the probability of the first token is on the "
            f"scale {scale.min}-{scale.max} (a score needs {LEAST_MASS:.0%}); the model would reply "
            f"{reply!r}. Use scores='text' (--scores text) or another model. The replies that arrived are "
            "stored"
        )
