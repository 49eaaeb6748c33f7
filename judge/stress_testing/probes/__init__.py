"""All probes, in the order of the report."""

from collections.abc import Sequence

from judge.errors import InputError
from judge.stress_testing.probe import REPEAT, Probe
from judge.stress_testing.probes import (
    changed_pictures,
    injections,
    poorer_answers,
    references,
    requests,
    wording,
)

ALL = "all"
PROBES: dict[str, Probe] = {
    probe.name: probe
    for module in (requests, poorer_answers, changed_pictures, wording, injections, references)
    for probe in module.PROBES
}
"""Name -> probe."""


def chosen_probes(names: str | Sequence[str] = ALL) -> dict[str, Probe]:
    """Return the named probes (or all of a family), and those that they are compared with, in order.

    Raises
    ------
    InputError
        There is no probe or family of this name.

    Examples
    --------
    >>> list(chosen_probes("master_key"))
    ['repeat', 'blank_answer', 'master_key']
    """
    wanted = {REPEAT}
    for name in [names] if isinstance(names, str) else names:
        found = {p.name for p in PROBES.values() if name in (p.name, p.family, ALL)}
        if not found:
            families = dict.fromkeys(p.family for p in PROBES.values())
            raise InputError(
                f"probes (--probes): found {name!r}; allowed: {ALL}, {', '.join(families)}, "
                f"{', '.join(PROBES)}"
            )
        wanted |= found
    wanted |= {PROBES[name].compared_with for name in wanted}
    return {name: probe for name, probe in PROBES.items() if name in wanted}
