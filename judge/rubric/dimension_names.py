"""Which dimension of a rubric a name in a file of ratings means."""

from judge.rubric.checks import CRITERIA
from judge.rubric.model import Rubric


def rubric_dimension(name: str, rubric: Rubric | None) -> str | None:
    """Dimension of the rubric that a name means, also where case, spaces or underscores differ."""
    if rubric is None or name in rubric.scored or (name == CRITERIA and rubric.criteria):
        return name
    plain = plain_name(name)
    spelt = {known for known in rubric.scored if plain_name(known) == plain}
    spelt |= {known for known, d in rubric.dimensions.items() if plain in map(plain_name, d.aliases)}
    return rubric.canonical_name(name) or (spelt.pop() if len(spelt) == 1 else None)


def plain_name(name: str) -> str:
    """Letters and digits of a name, without case.

    >>> plain_name("Technical accuracy")
    'technicalaccuracy'
    """
    return "".join(filter(str.isalnum, name.casefold()))
