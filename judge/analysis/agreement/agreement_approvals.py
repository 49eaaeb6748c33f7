"""Approvals as part of the result of an agreement analysis, or as all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.approval import Approvals, approvals
from judge.analysis.agreement.inputs import AgreementInputs
from judge.analysis.agreement.judge_human import Criteria
from judge.analysis.provenance import provenance
from judge.counting import counted
from judge.formats.anchored import AnchoredRating
from judge.records import Item
from judge.rows import name_of
from judge.scoring.run import Run

_NOT_COMPUTED = (
    "All ratings are anchored: people saw the judge's verdict first. Agreement, human ceiling, kappa, bias "
    "and corrected rates are not computed, because they need independent ratings. Collect these with judge "
    "study new without --show-verdict."
)
_NOT_TARGETED = "These rates are not weighted to the mix of --target."


def with_approvals(
    found: Agreement, inputs: AgreementInputs, anchored: Sequence[AnchoredRating]
) -> Agreement:
    """Add the approvals of anchored ratings, which are in no other result."""
    if not anchored:
        return found
    items = {item.id: item for item in found.aligned.items}
    approved = _approvals(inputs, anchored, items)
    return replace(found, approvals=_checked(approved, found.aligned.judges))


def only_approvals(
    inputs: AgreementInputs, criteria: Criteria, anchored: Sequence[AnchoredRating]
) -> Agreement:
    """Approvals of a file that holds anchored ratings only, and why nothing else is computed."""
    items: dict[str, Item] = {}
    judges: list[str] = []
    about = {} if inputs.humans is None else {"ratings": name_of(inputs.humans)}
    for folder in inputs.runs:
        with Run.open(folder) as run:
            items |= {item.id: item for item in run.items()}
            judges += dict.fromkeys(score.rater for score in run.scores())
            about[f"judge {run.name}"] = provenance(run)
    approved = _checked(_approvals(inputs, anchored, items), judges)
    if inputs.on_read is not None:
        people = len({one.rater for one in anchored})
        rated = len({one.item_id for one in anchored})
        inputs.on_read(
            ", ".join(
                (counted(people, "rater"), counted(rated, "item"), counted(len(anchored), "anchored rating"))
            ),
            (),
        )
    aligned = AlignedRatings(
        items=tuple(items.values()),
        ratings={},
        humans=(),
        judges=tuple(judges),
        slots=False,
        cluster=inputs.cluster,
        notes=(_NOT_COMPUTED,),
        remarks=(),
        reasons={},
        about=about,
    )
    return Agreement(
        aligned=aligned,
        criteria=criteria,
        human_agreements={},
        judge_agreements=(),
        alt_tests={},
        slices=(),
        bias_checks={},
        disagreements={},
        approvals=approved,
    )


def _approvals(
    inputs: AgreementInputs, anchored: Sequence[AnchoredRating], items: Mapping[str, Item]
) -> Approvals:
    found = approvals(
        anchored,
        items,
        dimensions=inputs.dimensions,
        cluster=inputs.cluster,
        sampling="stratified" if inputs.sampling == "label-shift" else inputs.sampling,
        population=inputs.population,
    )
    return replace(found, notes=(*found.notes, _NOT_TARGETED)) if inputs.target else found


def _checked(found: Approvals, judges: Sequence[str]) -> Approvals:
    """Name the judges whose scores were shown, where they are not those of the runs."""
    shown = dict.fromkeys(one.judge for one in found.rows if one.judge)
    others = [name for name in shown if name not in judges]
    if not others or len(judges) != 1:  # runs of one call may have been given other names
        return found
    note = f"People saw the scores of {', '.join(others)}, and the run is of {judges[0]}."
    return replace(found, notes=(*found.notes, note))
