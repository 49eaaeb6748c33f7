"""Gates: thresholds for the estimates of a report, with JUnit output for continuous integration.

``pass_rate=0.7`` requires an estimate of at least 0.7, ``pass_rate.low=0.7`` a lower confidence limit of at
least 0.7. In a report about several runs, a bare name applies to every run. A prefix applies to all estimates
below it: ``kappa_quadratic`` to every dimension and judge.
"""

import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from judge.errors import GateError, InputError
from judge.reporting.document import ReportContent
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
        Name of an estimate, or name and ``.low``.
    least : float
        Smallest value that passes.
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
            `text` has another form.
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
    """Outcome of a gate.

    Attributes
    ----------
    gate : Gate
        The threshold.
    figure : str
        Name of the estimate that was tested.
    of_low : bool
        Whether its lower confidence limit was tested.
    estimate : Estimate
        The estimate.
    """

    gate: Gate
    figure: str
    of_low: bool
    estimate: Estimate

    @property
    def found(self) -> float:
        """The tested value; NaN where it is undefined, in which case the gate is missed."""
        return self.estimate.low if self.of_low else self.estimate.value

    @property
    def met(self) -> bool:
        """Whether the value reaches the threshold."""
        return self.found >= self.gate.least

    @property
    def name(self) -> str:
        """The condition of the gate."""
        return clean(f"{self.figure}{LOW if self.of_low else ''} >= {self.gate.least:g}")

    @property
    def message(self) -> str:
        """The outcome in one line."""
        what = clean(f"the lower confidence limit of {self.figure}" if self.of_low else self.figure)
        if math.isnan(self.found):
            why = self.estimate.reason or "no interval"
            return f"{what} is undefined ({why}), so it does not reach {self.gate.least:g}"
        verb = "reaches" if self.met else "does not reach"
        return f"{what} is {self.found:.4g}, from {self.estimate}, and {verb} {self.gate.least:g}"


def check(report: ReportContent, gates: Iterable[Gate]) -> list[GateResult]:
    """Test the estimates of a report against gates.

    Raises
    ------
    InputError
        A gate names no estimate of the report.
    """
    return [outcome for gate in gates for outcome in _outcomes(report, gate)]


def _outcomes(report: ReportContent, gate: Gate) -> Iterator[GateResult]:
    names = _named(report, gate.name)
    of_low = not names and gate.name.endswith(LOW)
    if of_low:
        names = _named(report, gate.name.removesuffix(LOW))
    if not names:
        raise InputError(f"--fail-under {clean(gate.name)}: no such figure; {_known(report, gate.name)}")
    for name in names:
        yield GateResult(gate, name, of_low, report.estimates[name])


def _named(report: ReportContent, name: str) -> list[str]:
    exact = [figure for figure in report.estimates if figure == name or figure.startswith(f"{name}@")]
    return exact or [figure for figure in report.estimates if name and figure.startswith(f"{name}.")]


def _known(report: ReportContent, name: str) -> str:
    near = difflib.get_close_matches(name.removesuffix(LOW), report.estimates, n=3, cutoff=0.5)
    listed = [*near, *(figure for figure in report.estimates if figure not in near)]
    more = ", …" if len(listed) > _MOST_NAMES else ""
    return clean(f"allowed: {', '.join(listed[:_MOST_NAMES])}{more} (each also with {LOW})")


def require(outcomes: Sequence[GateResult]) -> None:
    """Raise an error if a gate was missed.

    Raises
    ------
    GateError
        With a line for each missed gate.
    """
    missed = [outcome for outcome in outcomes if not outcome.met]
    if missed:
        raise GateError("\n".join(outcome.message for outcome in missed))


def junit(report: ReportContent, outcomes: Sequence[GateResult]) -> str:
    """Return the outcomes as test cases in JUnit XML.

    Parameters
    ----------
    report : ReportContent
        The report that was tested.
    outcomes : sequence of GateResult
        Result of `check`.

    Returns
    -------
    str
        The document. It holds no time stamp, so the same run gives the same file.
    """
    counts = {"tests": str(len(outcomes)), "failures": str(sum(not o.met for o in outcomes)), "errors": "0"}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": clean(report.title), **counts, "skipped": "0"})
    properties = ElementTree.SubElement(suite, "properties")
    for name, text in report.facts.items():
        ElementTree.SubElement(properties, "property", {"name": clean(name), "value": clean(text)})
    for outcome in outcomes:
        case = {"classname": f"judge.{report.kind}", "name": outcome.name}
        element = ElementTree.SubElement(suite, "testcase", case)
        kind = "system-out" if outcome.met else "failure"
        result = ElementTree.SubElement(element, kind)
        result.text = outcome.message
        if not outcome.met:
            result.set("message", result.text)
            result.set("type", "GateError")
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
