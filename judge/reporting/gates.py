"""Gates: figures that must not lie below a threshold, and what a build server is told about them.

A gate names a figure of the report: ``pass_rate=0.7`` holds its value, ``pass_rate.low=0.7`` the lower end of
its interval, against 0.7. Where several runs stand in one report, a bare name means every run; a name that
is no figure itself means every figure below it: ``kappa_quadratic`` that of every dimension and judge.
"""

import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from judge.errors import GateError, InputError
from judge.reporting.builders.provenance import facts
from judge.reporting.document import Report
from judge.reporting.render.text import clean
from judge.stats.engine.estimate import Estimate

LOW = ".low"
_MOST_NAMES = 12


@dataclass(frozen=True)
class Gate:
    """One threshold.

    Attributes
    ----------
    name : str
        Figure, or figure and ``.low``.
    least : float
        The least value that passes.
    """

    name: str
    least: float

    @classmethod
    def of(cls, text: str) -> "Gate":
        """Read ``FIGURE=NUMBER``.

        >>> Gate.of("pass_rate:condition=clean=0.7")
        Gate(name='pass_rate:condition=clean', least=0.7)

        Raises
        ------
        ValueError
            It is not of this form.
        """
        name, _, number = text.rpartition("=")
        try:
            least = float(number)
        except ValueError:
            least = math.nan
        if not name.strip() or not math.isfinite(least):
            raise ValueError(
                f"{text!r}: allowed is FIGURE=NUMBER, such as pass_rate=0.7 or pass_rate.low=0.7"
            )
        return cls(name.strip(), least)


@dataclass(frozen=True)
class GateResult:
    """What a gate came to.

    Attributes
    ----------
    gate : Gate
        The threshold.
    figure : str
        The figure that was held against it.
    of_low : bool
        Whether the lower end of its interval was.
    estimate : Estimate
        The figure.
    """

    gate: Gate
    figure: str
    of_low: bool
    estimate: Estimate

    @property
    def found(self) -> float:
        """The number; NaN where it is undefined, and then the gate is missed."""
        return self.estimate.low if self.of_low else self.estimate.value

    @property
    def met(self) -> bool:
        """Whether the figure reaches the threshold."""
        return self.found >= self.gate.least

    @property
    def name(self) -> str:
        """What had to hold."""
        return clean(f"{self.figure}{LOW if self.of_low else ''} >= {self.gate.least:g}")

    @property
    def message(self) -> str:
        """What was found, in one line."""
        what = clean(f"the lower limit of {self.figure}" if self.of_low else self.figure)
        if math.isnan(self.found):
            why = self.estimate.reason or "no interval"
            return f"{what} is undefined ({why}), so it does not reach {self.gate.least:g}"
        verb = "reaches" if self.met else "does not reach"
        return f"{what} is {self.found:.4g}, from {self.estimate}, and {verb} {self.gate.least:g}"


def check(report: Report, gates: Iterable[Gate]) -> list[GateResult]:
    """Hold the figures of a report against gates.

    Raises
    ------
    InputError
        A gate names no figure of the report.
    """
    return [outcome for gate in gates for outcome in _outcomes(report, gate)]


def _outcomes(report: Report, gate: Gate) -> Iterator[GateResult]:
    names = _named(report, gate.name)
    of_low = not names and gate.name.endswith(LOW)
    if of_low:
        names = _named(report, gate.name.removesuffix(LOW))
    if not names:
        raise InputError(f"--fail-under {clean(gate.name)}: no such figure; {_known(report, gate.name)}")
    for name in names:
        yield GateResult(gate, name, of_low, report.estimates[name])


def _named(report: Report, name: str) -> list[str]:
    exact = [figure for figure in report.estimates if figure == name or figure.startswith(f"{name}@")]
    return exact or [figure for figure in report.estimates if name and figure.startswith(f"{name}.")]


def _known(report: Report, name: str) -> str:
    near = difflib.get_close_matches(name.removesuffix(LOW), report.estimates, n=3, cutoff=0.5)
    listed = [*near, *(figure for figure in report.estimates if figure not in near)]
    more = ", …" if len(listed) > _MOST_NAMES else ""
    return clean(f"allowed: {', '.join(listed[:_MOST_NAMES])}{more} (each also with {LOW})")


def require(outcomes: Sequence[GateResult]) -> None:
    """Raise where a gate was missed.

    Raises
    ------
    GateError
        With a line for each missed gate.
    """
    missed = [outcome for outcome in outcomes if not outcome.met]
    if missed:
        raise GateError("\n".join(outcome.message for outcome in missed))


def junit(report: Report, outcomes: Sequence[GateResult]) -> str:
    """Gates as test cases in JUnit's XML, which build servers show.

    Parameters
    ----------
    report : Report
        Where the figures come from.
    outcomes : sequence of GateResult
        Of `check`.

    Returns
    -------
    str
        The document; it holds no time, so that the same run gives the same file.
    """
    counts = {"tests": str(len(outcomes)), "failures": str(sum(not o.met for o in outcomes)), "errors": "0"}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": clean(report.title), **counts, "skipped": "0"})
    properties = ElementTree.SubElement(suite, "properties")
    for name, text in facts(report).items():
        ElementTree.SubElement(properties, "property", {"name": clean(name), "value": clean(text)})
    for outcome in outcomes:
        case = {"classname": f"judge.{report.kind}", "name": outcome.name}
        element = ElementTree.SubElement(suite, "testcase", case)
        kind = "system-out" if outcome.met else "failure"
        said = ElementTree.SubElement(element, kind)
        said.text = outcome.message
        if not outcome.met:
            said.set("message", said.text)
            said.set("type", "GateError")
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
