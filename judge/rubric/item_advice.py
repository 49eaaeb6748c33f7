"""Advice about a rubric and the items it is meant for: conditions that hold for none, criteria that fail."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from judge.errors import InputError
from judge.records import OVERALL, Item
from judge.rubric.advice import joins_two_checks
from judge.rubric.item_criteria import READ, unread_fields
from judge.rubric.item_rubric import ItemRubrics
from judge.rubric.model import Rubric
from judge.rubric.near_names import did_you_mean
from judge.rubric.parts import ReasonsRule, When, matches, values_of
from judge.rubric.problems import RubricProblem

_MOST_VALUES = 1_000
_MOST_SHOWN = 5


@dataclass
class _Condition:
    """A ``when`` of the rubric, and how many items it holds for."""

    key: str
    when: When
    effect: str
    """What follows where it holds for no item."""
    n: int = 0
    n_by_field: Counter[str] = field(default_factory=Counter)

    def count(self, item: Item, n: int) -> None:
        """Count `n` items with the fields of this one."""
        met = [name for name, wanted in self.when.items() if matches({name: wanted}, item)]
        self.n_by_field.update(dict.fromkeys(met, n))
        self.n += n * (len(met) == len(self.when))


@dataclass
class _Examples:
    """How often something was found, and the first place."""

    n: int = 0
    first: str = ""

    def add(self, place: str) -> None:
        self.n += 1
        self.first = self.first or place


def advice_for_items(rubric: Rubric, items: Iterable[Item], source: str) -> list[RubricProblem]:
    """List advice about a rubric and items that are to be judged with it, without lines.

    Parameters
    ----------
    rubric : Rubric
        A valid rubric.
    items : iterable of Item
        Read once.
    source : str
        Name of the items in messages, such as their file.

    Examples
    --------
    >>> from judge import Item, load_rubric
    >>> item = Item(id="1", question="q", answer="a", metadata={"category": "cabel"})
    >>> advice = advice_for_items(load_rubric("inspection"), [item], "a.csv")
    >>> print(next(a for a in advice if a.key == "rules.4.when").message[:69])
    no item of a.csv has category = cable; found: cabel (1); did you mean
    """
    survey = _Survey(rubric)
    for item in items:
        survey.add(item)
    return list(survey.advice(source))


class _Survey:
    """What the items are like, as far as the rubric depends on it."""

    def __init__(self, rubric: Rubric) -> None:
        self._rubric = rubric
        self._rubrics = ItemRubrics(rubric)
        self._reasons = _reasons(rubric)
        self._conditions = list(_conditions(rubric))
        self._values: dict[str, Counter[str]] = {n: Counter() for c in self._conditions for n in c.when}
        self._fields: set[str] = set()
        self._roles: Counter[str] = Counter()
        self._chosen: Counter[int] = Counter()
        """Position of the rule for reasons that decides -> number of items."""
        self._alike: dict[str, tuple[Item, int]] = {}
        """Values of the fields that conditions name -> an item with them, and how many there are."""
        self._n = self._n_criteria = 0
        self._unread: Counter[str] = Counter()
        """Field of criteria that has no meaning -> number of items."""
        self._texts: dict[str, str] = {}
        """Id of a criterion -> its text in the first item that has it."""
        self._unreadable, self._joined, self._renamed = _Examples(), _Examples(), _Examples()
        self._unjudged, self._without_overall = _Examples(), _Examples()

    def add(self, item: Item) -> None:
        """Count one item."""
        self._n += 1
        self._fields.update(item.metadata)
        self._roles.update({image.role for image in item.images})
        values = repr([values_of(item, name) for name in self._values])
        self._alike[values] = (item, self._alike.get(values, (item, 0))[1] + 1)
        if len(self._alike) >= _MOST_VALUES:
            self._count_conditions()
        self._count_criteria(item)

    def _count_conditions(self) -> None:
        """Count the items that wait; those with the same fields meet the same conditions."""
        for item, n in self._alike.values():
            for condition in self._conditions:
                condition.count(item, n)
            for name, seen in self._values.items():
                for value in (str(one)[:60] for one in values_of(item, name) if one is not None):
                    if value in seen or len(seen) < _MOST_VALUES:
                        seen[value] += n
            first = next((k for k, rule in enumerate(self._reasons) if matches(rule.when, item)), None)
            if first is not None:
                self._chosen[first] += n
        self._alike.clear()

    def _count_criteria(self, item: Item) -> None:
        try:
            own = self._rubrics.checked(item)
        except InputError as error:
            self._unreadable.add(str(error))
            return
        if not own.parts:
            self._unjudged.add(f"item {item.id!r}: {'; '.join(own.not_applicable.values())}")
        elif OVERALL in own.not_applicable:
            self._without_overall.add(f"item {item.id!r}: {own.not_applicable[OVERALL]}")
        self._n_criteria += len(own.criteria)
        if self._rubric.criteria:
            self._unread.update(unread_fields(item, self._rubric.criteria))
        for number, (name, criterion) in enumerate(own.criteria.items(), start=1):
            self._count_text(item, name, criterion.description, number)
            if joins_two_checks(criterion.description):
                self._joined.add(f"item {item.id!r}, criterion {name!r}: {criterion.description:.80}")

    def _count_text(self, item: Item, name: str, text: str, number: int) -> None:
        if name == f"c{number}":  # without an id of its own, a criterion is known by its text
            return
        if name not in self._texts and len(self._texts) < _MOST_VALUES:
            self._texts[name] = text
        if self._texts.get(name, text) != text:
            self._renamed.add(f"item {item.id!r}, criterion {name!r}: {text:.80}")

    def advice(self, source: str) -> Iterator[RubricProblem]:
        """Yield the advice, in the order of the rubric's keys."""
        if not self._n:
            yield RubricProblem("", f"{source} contains no item, so that no condition was checked")
            return
        self._count_conditions()
        for condition in self._conditions:
            if not condition.n:
                found = self._unmatched(condition, source)
                message = f"{found}{'' if found.endswith('?') else '.'} {condition.effect}"
                yield RubricProblem(condition.key, message)
        yield from self._idle_reasons()
        for number, rule in enumerate(self._rubric.images):
            if not self._roles[rule.role]:
                yield RubricProblem(f"images.{number}.role", f"no item of {source} has an image of this role")
        yield from self._on_criteria(source)
        if self._unjudged.n:
            yield RubricProblem(
                "dimensions",
                f"{self._of_all(self._unjudged)} not judged at all, since no dimension applies "
                f"({self._unjudged.first}); leave them out, or add a dimension for them",
            )
        if self._without_overall.n:
            yield RubricProblem(
                "overall",
                f"{self._of_all(self._without_overall)} without an overall score "
                f"({self._without_overall.first}); a pass rule on it does not apply to them",
            )

    def _on_criteria(self, source: str) -> Iterator[RubricProblem]:
        if self._unreadable.n:
            yield RubricProblem(
                "criteria",
                f"the criteria of {self._unreadable.n:,} of {self._n:,} items of {source} cannot be read. "
                f"First: {self._unreadable.first}",
            )
        if self._unread:
            seen = [f"{name:.40} ({count:,})" for name, count in self._unread.most_common(_MOST_SHOWN)]
            yield RubricProblem(
                "criteria",
                f"criteria have fields that are not read: {', '.join(seen)}; read are {', '.join(READ)}",
            )
        if self._renamed.n:
            yield RubricProblem(
                "criteria",
                f"{self._renamed.n:,} of {self._n_criteria:,} criteria of the items share their id with "
                "another text, and reports count the same id as one criterion; give each text an id of its "
                f"own, or leave the ids out. First: {self._renamed.first}",
            )
        if self._joined.n:
            yield RubricProblem(
                "criteria",
                f"{self._joined.n:,} of {self._n_criteria:,} criteria of the items join two checks with "
                f"'and'; make each two criteria. First: {self._joined.first}",
            )

    def _idle_reasons(self) -> Iterator[RubricProblem]:
        matched = {condition.key: condition.n for condition in self._conditions}
        for number, rule in enumerate(self._reasons):
            if rule.when and matched[f"reasons.{number}.when"] and not self._chosen[number]:
                message = "an earlier rule decides for every item that this one matches; move this one up"
                yield RubricProblem(f"reasons.{number}", message)

    def _of_all(self, found: _Examples) -> str:
        return f"{found.n:,} of {self._n:,} items {'is' if found.n == 1 else 'are'}"

    def _unmatched(self, condition: _Condition, source: str) -> str:
        parts = [
            self._unmatched_field(name, wanted, source)
            for name, wanted in condition.when.items()
            if not condition.n_by_field[name]
        ]
        together = " and ".join(f"{name} = {_allowed(wanted)}" for name, wanted in condition.when.items())
        return "; ".join(parts) or f"no item of {source} has {together} together"

    def _unmatched_field(self, name: str, wanted: object, source: str) -> str:
        seen = self._values[name]
        if not seen:
            hint = did_you_mean(name, self._fields) or _fields_found(self._fields)
            return f"no item of {source} has the field {name!r}{hint}"
        shown = [f"{value:.40} ({count:,})" for value, count in seen.most_common(_MOST_SHOWN)]
        more = [f"{len(seen) - _MOST_SHOWN:,} other values"] if len(seen) > _MOST_SHOWN else []
        n_missing = self._n - seen.total() if len(seen) < _MOST_VALUES else 0
        missing = f", missing in {n_missing:,}" if n_missing else ""
        hints = [did_you_mean(value, seen) for value in (wanted if isinstance(wanted, list) else [wanted])]
        hint = next(filter(None, hints), "")
        return (
            f"no item of {source} has {name} = {_allowed(wanted)}; found: {', '.join([*shown, *more])}"
            f"{missing}{hint}"
        )


def _conditions(rubric: Rubric) -> Iterator[_Condition]:
    """Every condition of a rubric, with what follows where it holds for no item."""
    for name, dimension in rubric.dimensions.items():
        if dimension.when:
            effect = "The dimension is scored for no item: correct the condition or remove the dimension"
            yield _Condition(f"dimensions.{name}.when", dimension.when, effect)
    for n, rule in enumerate(rubric.rules):
        effect = "The rule enters no prompt: correct the condition or remove the rule"
        yield _Condition(f"rules.{n}.when", rule.when, effect)
    for n, example in enumerate(rubric.examples):
        if example.when:
            effect = "The example enters no prompt: correct the condition or remove the example"
            yield _Condition(f"examples.{n}.when", example.when, effect)
    for n, choice in enumerate(_reasons(rubric)):
        if choice.when:
            effect = "The rule decides for no item: correct the condition or remove the rule"
            yield _Condition(f"reasons.{n}.when", choice.when, effect)
    for n, shown in enumerate(rubric.images):
        effect = f"No image of the role {shown.role} is shown: correct the condition"
        yield _Condition(f"images.{n}.when", shown.when, effect)


def _reasons(rubric: Rubric) -> Sequence[ReasonsRule]:
    return () if isinstance(rubric.reasons, str) else rubric.reasons


def _allowed(wanted: object) -> str:
    values = wanted if isinstance(wanted, list) else [wanted]
    return " or ".join(f"{value!s:.40}" for value in values)


def _fields_found(fields: Iterable[str]) -> str:
    known = sorted(fields)
    more = f" and {len(known) - 12} more" if len(known) > 12 else ""
    return f"; fields found: {', '.join(known[:12]) or 'none'}{more}"
