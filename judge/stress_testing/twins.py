"""Make the changed twins of the drawn items, and say which items a probe cannot change."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from judge.errors import InputError
from judge.records import Item
from judge.rubric import Rubric
from judge.scoring.judge import Judge
from judge.scoring.prompt import Prompter
from judge.stress_testing.probe import REPEAT, NotApplicable, Probe, ProbeContext, tested_dimensions

TWIN = "~"
"""Between the id of an item and the name of the probe in the id of a twin."""
PROBE_FIELD, ITEM_FIELD = "stress_probe", "stress_item"


@dataclass(frozen=True)
class Twins:
    """Everything that is scored.

    Attributes
    ----------
    originals : tuple of Item
        The drawn items, with their pictures in the folder of the stress test.
    changed : mapping of str to tuple of Item
        Probe -> changed items, each with the id ``ITEM~PROBE``.
    rubrics : mapping of str to Rubric
        Probe -> changed rubric, by which the originals are scored again.
    not_applicable : mapping of str to mapping of str to int
        Probe -> reason why it cannot change an item -> number of items.
    """

    originals: tuple[Item, ...]
    changed: Mapping[str, tuple[Item, ...]]
    rubrics: Mapping[str, Rubric]
    not_applicable: Mapping[str, Mapping[str, int]]

    @property
    def items(self) -> tuple[Item, ...]:
        """Originals and changed items, which are scored by the unchanged rubric."""
        return self.originals + tuple(item for items in self.changed.values() for item in items)


def twin_id(item_id: str, probe: str) -> str:
    """Id of the twin of an item.

    >>> twin_id("q1", "blank_answer")
    'q1~blank_answer'
    """
    return f"{item_id}{TWIN}{probe}"


def as_twin(item: Item, of: Item, probe: str) -> Item:
    """Give a changed item an id of its own, and fields that name the probe and the original."""
    metadata = {**item.metadata, PROBE_FIELD: probe, ITEM_FIELD: of.id}
    return item.model_copy(update={"id": twin_id(of.id, probe), "metadata": metadata})


def make_twins(items: Sequence[Item], probes: Mapping[str, Probe], context: ProbeContext) -> Twins:
    """Apply every probe to every item that it can change.

    Raises
    ------
    InputError
        No dimension has scores with a direction, or an id looks like that of a twin.
    """
    aspects = set(tested_dimensions(context.rubric).values())
    if not aspects:
        raise InputError(
            f"rubric {context.rubric.name}: none of its dimensions has scores from low to high, so no change "
            "can be expected; use a rubric with dimensions of type score or binary, or with ordered labels"
        )
    for item in items:
        if any(item.id.endswith(f"{TWIN}{name}") for name in probes):
            raise InputError(
                f"item {item.id!r}: looks like a twin of an earlier stress test; give the original answers"
            )
    asked = _Asked(context.rubric, items)
    changed: dict[str, tuple[Item, ...]] = {}
    rubrics: dict[str, Rubric] = {}
    refused: dict[str, Counter[str]] = {}
    for name, probe in probes.items():
        problems = refused.setdefault(name, Counter())
        if not aspects & probe.expected.keys():
            tested = ", ".join(probe.expected)
            problems[f"no dimension measures {tested}: name it in stress.aspects of the rubric"] += len(items)
        elif probe.changes_rubric:
            try:
                rubric = probe.change_rubric(context.rubric, context.paraphrases)
                if name != REPEAT:
                    asked.check(_Asked(rubric, ()).keys(items[0]), items[0])
                rubrics[name] = rubric
            except NotApplicable as problem:
                problems[str(problem)] += len(items)
        else:
            changed[name] = tuple(_changed(items, probe, context, asked, problems))
    return Twins(tuple(items), changed, rubrics, refused)


class _Asked:
    """What any judge with a rubric is asked for each item: an unchanged request is no test."""

    def __init__(self, rubric: Rubric, items: Sequence[Item]) -> None:
        self._prompter = Prompter(Judge("baseline", rubric))
        self._known = {item.id: self.keys(item) for item in items}

    def keys(self, item: Item) -> list[str]:
        return [request.key for request in self._prompter.requests(item)]

    def check(self, keys: Sequence[str], item: Item) -> None:
        """Raise NotApplicable if requests are those for an original."""
        if keys == self._known[item.id]:
            raise NotApplicable("the judge is not shown what changes")


def _changed(
    items: Sequence[Item], probe: Probe, context: ProbeContext, asked: _Asked, problems: Counter[str]
) -> list[Item]:
    twins = []
    for item in items:
        try:
            changed = probe.change_item(item, context)
            asked.check(asked.keys(changed), item)
            twins.append(as_twin(changed, item, probe.name))
        except NotApplicable as problem:
            problems[str(problem)] += 1
    return twins
