"""Expected scores of which hardly any comes out: noticed early, before the rest is asked."""

from collections.abc import Sequence

from judge.errors import BackendError
from judge.records import Completion
from judge.scoring.judge import Judge
from judge.scoring.parsing.values import LEAST_MASS

FIRST_ITEMS = 20
"""Items after which it is known whether the model answers with a label of the scale."""
LEAST_SHARE = 0.1
"""Share of the replies that must have enough probability on the scale to give a score."""


class ScaleMassCheck:
    """Ends a run whose model wants to say something other than a label of the scale."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._items: set[str] = set()
        self._masses: list[float] = []
        self._is_done = judge.scores != "expected"

    def see(self, completions: Sequence[Completion]) -> None:
        """Look at the first replies of a run.

        Raises
        ------
        BackendError
            If hardly any of them gives a score: how little probability lies on the scale, and what to do.
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
            f"{judge.model}: --scores expected: for the first {len(self._items)} items only "
            f"{sum(self._masses) / len(self._masses):.1%} of the probability of the first token lies on the "
            f"scale {scale.min}-{scale.max} (a score takes {LEAST_MASS:.0%}); the model would say {reply!r}: "
            "use --scores text or another model; what arrived is stored"
        )
