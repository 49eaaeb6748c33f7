"""Which changes of a rubric stored replies allow: those that ask the judge for nothing else."""

from collections.abc import Iterator

from judge.errors import RubricError
from judge.rubric import Dimension, Rubric

MAY_CHANGE = "the pass rule, no_verdict, the overall score, points, tags, aliases and the text of labels"


def check_replies_fit(new: Rubric, asked: Rubric, where: str) -> None:
    """Check that the replies to one rubric hold everything that another one derives from them.

    Parameters
    ----------
    new : Rubric
        The rubric by which the replies are to be parsed.
    asked : Rubric
        The rubric by which the judge was asked.
    where : str
        Names the file of `new` in errors.

    Raises
    ------
    RubricError
        The judge was asked for something else; the message names every difference.
    """
    for name in new.asked:
        if name not in asked.asked:
            known = ", ".join(asked.asked)
            raise RubricError(f"{where}: the judge was not asked about {name!r}; it was asked about {known}")
    if (new.scale.min, new.scale.max) != (asked.scale.min, asked.scale.max):
        raise RubricError(
            f"{where}: the scale runs {new.scale.min}-{new.scale.max}, but the judge was asked for scores "
            f"from {asked.scale.min} to {asked.scale.max}; a run with another scale needs another folder"
        )
    if problems := list(_problems(new, asked)):
        advice = f"Stored replies allow changes of {MAY_CHANGE}; anything else needs another folder"
        raise RubricError("\n".join(f"{where}: {problem}" for problem in (*problems, advice)))


def _problems(new: Rubric, asked: Rubric) -> Iterator[str]:
    for name, dimension in new.dimensions.items():
        yield from _of_dimension(name, dimension, asked.dimensions[name])
    if new.criteria and new.criteria != asked.criteria:
        found = f"field {new.criteria.field!r}, {_per_request(new)} per request"
        before = f"field {asked.criteria.field!r}, {_per_request(asked)}" if asked.criteria else "none"
        yield f"criteria: found {found}; the judge was asked with {before}"
    if new.abstain != asked.abstain:
        yield f"abstain: found {_yes(new.abstain)}; the judge was asked with {_yes(asked.abstain)}"
    if new.reply != asked.reply:
        yield f"reply: found {new.reply}; the judge was asked for {asked.reply}"


def _of_dimension(name: str, new: Dimension, asked: Dimension) -> Iterator[str]:
    where = f"dimensions.{name}"
    if new.type != asked.type:
        yield f"{where}.type: found {new.type}; the judge was asked for {asked.type}"
    elif list(new.labels) != list(asked.labels):
        yield f"{where}.labels: found {', '.join(new.labels)}; the judge chose from {', '.join(asked.labels)}"
    scales = [(one.scale.min, one.scale.max) if one.scale else None for one in (new, asked)]
    if scales[0] != scales[1]:
        texts = [f"{ends[0]}-{ends[1]}" if ends else "that of the rubric" for ends in scales]
        yield f"{where}.scale: found {texts[0]}; the judge was asked for {texts[1]}"
    if new.when != asked.when:
        yield f"{where}.when: found {new.when or 'none'}; the judge was asked with {asked.when or 'none'}"


def _per_request(rubric: Rubric) -> str:
    return str((rubric.criteria and rubric.criteria.per_request) or "all")


def _yes(value: bool) -> str:
    return "true" if value else "false"
