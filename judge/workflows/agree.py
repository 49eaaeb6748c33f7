"""`judge.agree`: agreement of judges with people, and of people with each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, Unpack

from judge.analysis.agreement.agree import Agreement, with_choices
from judge.analysis.agreement.agree import agree as _agree
from judge.analysis.agreement.agreement_approvals import only_approvals, with_approvals
from judge.analysis.agreement.human_human import HumanAgreement
from judge.analysis.agreement.inputs import align_inputs
from judge.analysis.agreement.judge_human import Criteria, JudgeAgreement
from judge.analysis.agreement.judge_pairs import JudgeDifference
from judge.analysis.agreement.panel import PanelMethod
from judge.analysis.agreement.selection import SelectOn, align_parts
from judge.errors import InputError
from judge.formats.anchored import AnchoredOnlyError, AnchoredRating
from judge.reporting.builders.agreement import build_agreement
from judge.reporting.document import Column, Row
from judge.reporting.report import Report, ReportTable
from judge.rubric import NoVerdict
from judge.stats.engine.estimate import NOT_APPLICABLE, Estimate
from judge.stats.judge_human.non_inferiority import NonInferiority
from judge.workflows.inputs import (
    RatingOptions,
    RatingSource,
    RunSource,
    agreement_inputs,
    by_name,
    declared_policy,
    names,
)

if TYPE_CHECKING:
    import pandas as pd

Key: TypeAlias = str | tuple[str, str]
"""A dimension; with several judges (dimension, judge)."""


def agree(
    runs: RunSource | Sequence[RunSource],
    humans: RatingSource,
    *,
    margin: float | Mapping[str, float] | None = None,
    epsilon: float | None = None,
    by: str | Sequence[str] = (),
    worst: int = 3,
    set_by: str = "given in the call",
    no_verdict: NoVerdict | None = None,
    panel: PanelMethod | None = None,
    select_on: SelectOn | None = None,
    **options: Unpack[RatingOptions],
) -> "AgreementReport":
    """Measure the agreement of judges with people, beside the agreement of people with each other.

    Parameters
    ----------
    runs : Run, path, or a list of them
        One run for each judge; an empty list where the ratings hold the judges, too (``rater_kind`` judge).
    humans : path, DataFrame, list of dict or RatingsTable
        People's ratings: long or wide, Label Studio or nested JSON.
    margin : float or mapping, optional
        Non-inferiority margin: the largest acceptable loss of agreement, fixed in advance; of the
        chance-corrected statistic, or by statistic: ``{"agreement": 0.05}``. Without it there is no verdict.
    epsilon : float, optional
        Advantage given to the judge in the alternative annotator test, fixed in advance: 0.2 for experts,
        0.15 for skilled annotators, 0.1 for crowd workers.
    by : str or sequence of str
        Fields of the items to slice by; ``"a*b"`` crosses two.
    worst : int
        Number of large disagreements shown for each judge.
    set_by : str
        Where the margin and epsilon were fixed; the report says so.
    no_verdict : {'fail', 'drop', 'bounds'}
        How answers without a verdict of the judge count in the pass/fail statistics: as fails; not at all; or
        not at all, but with the figures that would result if all of them failed or all passed. Default: what
        the rubric of the first run says, which is bounds if it says nothing.
    panel : {'mean', 'median', 'majority'}, optional
        Consensus of the judges that is compared with people, too, and what each judge adds to it.
    select_on : str, path or list of str, optional
        Items on which the best judge and the thresholds are chosen: ``"FIELD=VALUE"``, a file with the ids of
        the items, or a list of them. The report is then about all other items. Without it they are chosen
        on the same data, and the report marks them so.
    **options
        How the ratings are read: see `judge.RatingOptions`.

    Returns
    -------
    AgreementReport
        ``agreement["clarity"].kappa_quadratic`` is an Estimate; ``agreement.verdicts`` holds the verdicts.
        Anchored ratings, by people who saw the judge's verdict first, are only in its section ``approval``.

    Raises
    ------
    JudgeError
        The ratings cannot be read or match no item of the runs, or a field or statistic does not exist.
    """
    inputs = agreement_inputs(runs, humans, options)
    policy = no_verdict or declared_policy(inputs.runs)
    criteria = Criteria(by_name(margin), epsilon, set_by, inputs.seed, policy)
    anchored: list[AnchoredRating] = []
    try:
        parts = None if select_on is None else align_parts(inputs, select_on, anchored.append)
        aligned = align_inputs(inputs, anchored.append) if parts is None else parts.reported_on
    except AnchoredOnlyError:
        found = only_approvals(inputs, criteria, anchored)
    else:
        found = _agree(aligned, criteria=criteria, by=names(by), n_worst=worst, panel=panel)
        found = with_approvals(with_choices(found, parts), inputs, anchored)
    return AgreementReport(**vars(build_agreement(found)), agreement=found)


@dataclass(frozen=True)
class DimensionAgreement:
    """Agreement of one judge with people on one dimension.

    Every statistic is an attribute: ``kappa_quadratic``, ``kappa``, ``alpha``, ``agreement`` and the other
    names of `statistics`.

    Attributes
    ----------
    dimension, judge : str
        Which dimension and judge.
    found : JudgeAgreement
        All details.
    """

    dimension: str
    judge: str
    found: JudgeAgreement

    @property
    def statistics(self) -> dict[str, Estimate]:
        """Agreement of the judge with people by statistic."""
        return {name: compared.judge for name, compared in self.found.comparisons.items()}

    @property
    def ceiling(self) -> Estimate:
        """Human ceiling: agreement of people with each other, by the statistic that the verdict rests on."""
        return self.found.main.human

    @property
    def difference(self) -> Estimate:
        """Agreement of the judge minus that of people, by the same statistic."""
        return self.found.main.difference

    @property
    def bias(self) -> Estimate:
        """Mean of the judge's score minus people's."""
        return self.found.bias

    @property
    def verdict(self) -> NonInferiority | None:
        """Non-inferiority test; None without a margin or without a human ceiling."""
        return self.found.verdict

    @property
    def corrected_pass_rate(self) -> Estimate:
        """Pass rate of all items as people would give it; undefined where no pass rule is known."""
        corrected = self.found.corrected
        return Estimate.undefined(NOT_APPLICABLE) if corrected is None else corrected.estimate

    def table(self) -> ReportTable:
        """People, judge and their difference by statistic."""
        columns = (
            Column("statistic", ""),
            Column("people", "people", "number"),
            Column("judge_level", "judge", "number"),
            Column("difference", "difference", "number"),
        )
        compared = self.found.comparisons
        rows: tuple[Row, ...] = tuple((n, c.human, c.judge, c.difference) for n, c in compared.items())
        return ReportTable("agreement", str(self), columns, rows)

    def to_pandas(self) -> "pd.DataFrame":
        """One row for each statistic: people, judge and difference with their intervals."""
        return self.table().to_pandas()

    def __getattr__(self, name: str) -> Estimate:
        if name.startswith("_") or name not in self.found.comparisons:
            known = "" if name.startswith("_") else f"; statistics: {', '.join(self.found.comparisons)}"
            raise AttributeError(f"no attribute {name!r}{known}")
        return self.found.comparisons[name].judge

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.found.comparisons]

    def __str__(self) -> str:
        verdict = self.verdict.verdict if self.verdict else None
        return (
            f"{self.judge} on {self.dimension}: {self.found.main.title} {self.found.main.judge}, "
            f"people {self.ceiling}{f', {verdict}' if verdict else ''}"
        )

    def __repr__(self) -> str:
        return f"<DimensionAgreement: {self}>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class AgreementReport(Report):
    """Agreement of judges with people; index it by dimension, and by judge where there are several.

    Attributes
    ----------
    agreement : Agreement
        All results of the analysis.
    """

    agreement: Agreement

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of the judges."""
        return tuple(dict.fromkeys(one.judge for one in self.agreement.judge_agreements))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions."""
        return tuple(self.agreement.human_agreements)

    @property
    def people(self) -> dict[str, HumanAgreement]:
        """Agreement of people with each other by dimension: ``people["clarity"].estimates["alpha"]``."""
        return self.agreement.human_agreements

    @property
    def verdicts(self) -> dict[Key, str | None]:
        """Verdict of the non-inferiority test by dimension; by (dimension, judge) with several judges.

        One of ``better``, ``non-inferior``, ``inconclusive`` and ``worse``; None without a margin.
        """
        return {key: one.verdict.verdict if one.verdict else None for key, one in self._by_key().items()}

    @property
    def judge_differences(self) -> dict[tuple[str, str], JudgeDifference]:
        """Each further judge compared with the first, by (dimension, judge); empty with one judge.

        ``agreement.judge_differences["clarity", "b"].corrected.difference`` is the agreement of b minus that
        of the first judge, and ``.verdict`` the decision at the margin.
        """
        return {(one.dimension, one.second): one for one in self.agreement.judge_differences}

    def __getitem__(self, key: Key) -> DimensionAgreement:
        found = self._by_key()
        if key not in found:
            raise InputError(f"no agreement for {key!r}; found: {', '.join(map(repr, found)) or 'no judge'}")
        one = found[key]
        return DimensionAgreement(one.ratings.dimension, one.judge, one)

    def to_pandas(self) -> "pd.DataFrame":
        """One row for each dimension, judge and statistic."""
        import pandas as pd

        frames = []
        for key in self._by_key():
            one = self[key]
            frame = one.to_pandas()
            frame.insert(0, "judge", one.judge)
            frame.insert(0, "dimension", one.dimension)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def _by_key(self) -> dict[Key, JudgeAgreement]:
        several = len(self.judges) > 1
        return {
            (one.ratings.dimension, one.judge) if several else one.ratings.dimension: one
            for one in self.agreement.judge_agreements
        }
