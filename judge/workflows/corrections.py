"""Figures of runs corrected by people's ratings, for the reports about runs."""

from collections.abc import Sequence

from judge.analysis.agreement.corrected import corrections, group_fields
from judge.analysis.agreement.inputs import align_inputs
from judge.analysis.agreement.labelled_runs import RUN, align_runs
from judge.errors import InputError
from judge.reporting.builders.corrections import add_corrections
from judge.reporting.report import Report
from judge.rubric import NoVerdict
from judge.workflows.inputs import RatingOptions, RatingSource, RunSource, agreement_inputs

MOST_RANKED = 100
"""Systems of which a leaderboard lists all differences."""


def with_corrections(
    report: Report,
    runs: RunSource | Sequence[RunSource],
    humans: RatingSource | None,
    options: RatingOptions,
    *,
    by: Sequence[str] = (),
    field: str | None = None,
    pair: tuple[str, str] | None = None,
    names: Sequence[str] = (),
    no_verdict: NoVerdict = "bounds",
) -> Report:
    """Add what people would say of all answers; without ratings the report stays as it is.

    Parameters
    ----------
    report : Report
        Report about the runs.
    runs : Run, path, or a list of them
        The runs.
    humans : path, DataFrame, list of dict or RatingsTable
        People's ratings of some of their answers.
    options : RatingOptions
        How they are read.
    by : sequence of str
        Fields to slice by.
    field : str, optional
        Field of one run whose groups are ranked or compared, used alone.
    pair : (str, str), optional
        Two values of this field, or two names of runs, for the second minus the first.
    names : sequence of str
        Names of several runs, which are ranked or compared.
    no_verdict : {'fail', 'drop', 'bounds'}
        How answers without a verdict of the judge count.

    Raises
    ------
    InputError
        There are options without ratings, several runs without names, or no answer with a score of the judge
        and of people.
    """
    if humans is None:
        if named := ", ".join(sorted(options.keys() - {"cluster"})):
            raise InputError(f"{named}: these options are about human ratings; name the file, too: --humans")
        return report
    inputs = agreement_inputs(runs, humans, options)
    if inputs.target:
        raise InputError(
            "--target weights the rated answers to another mix than that of the run, which is what this "
            "report is about: judge agree --target"
        )
    if inputs.sampling == "label-shift" and (field or names):
        raise InputError(
            "--sampling label-shift: differences have no form under label shift, so that nothing can be "
            "compared or ranked; the pass rate of one run: judge report"
        )
    unlabelled: tuple[str, ...] = ()
    if len(inputs.runs) == 1:
        aligned = align_inputs(inputs)
    elif names:
        of_runs = align_runs(inputs, names)
        aligned, unlabelled, field = of_runs.aligned, of_runs.unlabelled, RUN
    else:
        raise InputError(
            f"--humans corrects the figures of one run here, found {len(inputs.runs)}; for several systems: "
            "judge leaderboard RUN RUN --humans FILE; for several judges of the same answers: judge agree "
            "RUN RUN --humans FILE"
        )
    found = corrections(
        aligned,
        [field] if field else group_fields(aligned, by),
        pair=None if unlabelled else pair,
        no_verdict=no_verdict,
        seed=inputs.seed,
        most_groups=MOST_RANKED if field else None,
        also_complete=True,
    )
    if not found.figures:
        raise InputError(
            f"{', '.join(inputs.runs)}: no answer has both a score of the judge and a rating by a person, so "
            "nothing can be corrected"
        )
    return add_corrections(report, aligned, found, field, unlabelled)
