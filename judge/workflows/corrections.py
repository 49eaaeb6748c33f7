"""Figures of a run corrected by people's ratings, for the reports about runs."""

from collections.abc import Sequence

from judge.analysis.agreement.corrected import by_question, corrections, group_fields
from judge.analysis.agreement.inputs import align_inputs
from judge.analysis.ratings import NoVerdict
from judge.errors import InputError
from judge.reporting.builders.corrections import add_corrections
from judge.reporting.report import Report
from judge.workflows.inputs import RatingOptions, RatingSource, RunSource, agreement_inputs, paths

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
    no_verdict: NoVerdict = "bounds",
) -> Report:
    """Add what people would say of all answers of a run; without ratings the report stays as it is.

    Parameters
    ----------
    report : Report
        Report about the run.
    runs : Run, path, or a list of one
        The run.
    humans : path, DataFrame, list of dict or RatingsTable
        People's ratings of some of its answers.
    options : RatingOptions
        How they are read.
    by : sequence of str
        Fields to slice by.
    field : str, optional
        Field whose groups are ranked or compared, used alone.
    pair : (str, str), optional
        Two values of this field, for the second minus the first.
    no_verdict : {'fail', 'drop', 'bounds'}
        How answers without a verdict of the judge count.

    Raises
    ------
    InputError
        There are options without ratings, several runs, or no answer with a score of the judge and of people.
    """
    if humans is None:
        if named := ", ".join(sorted(options.keys() - {"cluster"})):
            raise InputError(f"{named}: these options are about human ratings; name the file, too: --humans")
        return report
    folders = paths(runs)
    if len(folders) != 1:
        raise InputError(
            f"--humans corrects the figures of one run, found {len(folders)}; systems are compared within "
            "one run: judge leaderboard --system FIELD, or judge compare --between FIELD. For several judges "
            "of the same answers: judge agree RUN RUN --humans FILE"
        )
    inputs = agreement_inputs(folders, humans, options)
    aligned = align_inputs(inputs)
    if inputs.cluster is None:
        aligned = by_question(aligned)
    fields = [field] if field else group_fields(aligned, by)
    found = corrections(
        aligned,
        fields,
        pair=pair,
        no_verdict=no_verdict,
        seed=inputs.seed,
        most_groups=MOST_RANKED if field else None,
        also_complete=True,
    )
    if not found.figures:
        raise InputError(
            f"{folders[0]}: no answer has both a score of the judge and a rating by a person, so nothing can "
            "be corrected"
        )
    return add_corrections(report, aligned, found, field)
