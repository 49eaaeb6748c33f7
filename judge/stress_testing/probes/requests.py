"""Probes that change the request and not the item: the same again, or the rubric in another form."""

from collections.abc import Mapping

from judge.rubric import Rubric
from judge.stress_testing.probe import REPEAT, NotApplicable, Probe, everywhere


class Repeat(Probe):
    """The same request again: the noise that all other changes are compared with."""

    name = REPEAT
    family = "must_not_change"
    change = "asks the same again"
    expected = everywhere("same")
    compared_with = REPEAT
    changes_rubric = True

    def change_rubric(self, rubric: Rubric, paraphrases: Mapping[str, str]) -> Rubric:
        """Return the rubric as it is."""
        return rubric


class TaskParaphrased(Probe):
    """The task of the rubric in other words."""

    name = "task_paraphrased"
    family = "must_not_change"
    change = "states the task of the rubric in other words"
    expected = everywhere("same")
    changes_rubric = True

    def change_rubric(self, rubric: Rubric, paraphrases: Mapping[str, str]) -> Rubric:
        """Use the rubric's own second wording, or else that of another model."""
        task = rubric.stress.task or paraphrases.get(rubric.task, "")
        if not task:
            raise NotApplicable("the rubric has no stress.task, and there is no --with-model to write it")
        return rubric.model_copy(update={"task": task})


class DimensionOrder(Probe):
    """The dimensions in the reverse order."""

    name = "dimension_order"
    family = "must_not_change"
    change = "lists the dimensions of the rubric in reverse order"
    expected = everywhere("same")
    changes_rubric = True

    def change_rubric(self, rubric: Rubric, paraphrases: Mapping[str, str]) -> Rubric:
        """Reverse the dimensions."""
        if len(rubric.dimensions) < 2:
            raise NotApplicable("the rubric has fewer than two dimensions")
        return rubric.model_copy(update={"dimensions": dict(reversed(rubric.dimensions.items()))})


PROBES = (Repeat(), TaskParaphrased(), DimensionOrder())
