"""Tables of figures corrected by people's ratings, and their names for gates."""

import numpy as np
import pytest

from judge.analysis.agreement.corrected import MOST_GROUPS, CorrectedFigure, Corrections
from judge.analysis.agreement.label_pool import LabelPool
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.tables.corrected_tables import (
    corrected_section,
    drawing,
    named_corrections,
    other_estimators,
)
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.pass_fail.predictive_values import CorrectedMean

ALONE, PEOPLE = Estimate(0.8, 0.7, 0.9, se=0.05), Estimate(0.5, 0.3, 0.7, se=0.1, n_items=40)

POOL = LabelPool(
    quantity="pass_rate",
    is_binary=True,
    human=np.array([1.0, 0.0, 1.0, np.nan]),
    judge=np.array([1.0, 0.0, 0.0, 1.0]),
)


def figure(group="", *, value=0.6, quantity="pass_rate", dimension="overall"):
    corrected = Estimate(value, 0.5, 0.7, se=0.05)
    return CorrectedFigure(
        dimension=dimension,
        judge="j",
        field="system" if group else "",
        group=group,
        quantity=quantity,
        n_answers=300,
        n_labels=40,
        mean=CorrectedMean(corrected, PEOPLE, ALONE, effective_labels=160.0),
        pool=POOL,
    )


def tables(*figures, field=None, is_ranked=False):
    labels = Labels(["overall"], ["j"])
    section = corrected_section(Corrections(figures), labels, None, field, is_ranked=is_ranked)
    return {table.key: table for table in section.tables}


def test_judge_people_and_corrected_stand_side_by_side_with_effective_labels():
    (table,) = tables(figure()).values()
    row = dict(zip([column.key for column in table.columns], table.rows[0], strict=True))
    assert (row["judge_rate"], row["people_rate"]) == (ALONE, PEOPLE)
    assert row["effective"] == 160


def test_means_have_a_table_of_their_own():
    found = tables(figure(), figure(quantity="mean"))
    assert list(found) == ["corrected", "corrected_means"]
    assert [c.kind for c in found["corrected_means"].columns if c.key == "corrected"] == ["score"]


def test_the_assumption_is_named_once():
    found = tables(figure(), figure(quantity="mean"), figure("a"), figure("b"))
    notes = [" ".join(table.notes) for table in found.values()]
    assert ["drawn at random" in text for text in notes] == [True, False, False]


def test_ranked_groups_have_the_highest_corrected_figure_first_and_undefined_ones_last():
    figures = (figure(), figure("a", value=0.5), figure("b", value=float("nan")), figure("c", value=0.7))
    found = tables(*figures, field="system", is_ranked=True)
    assert list(found) == ["corrected:system"]
    assert [row[0] for row in found["corrected:system"].rows] == ["c", "a", "b"]


def test_it_is_noted_where_groups_are_too_many_for_differences():
    many = tables(*(figure(f"s{i}") for i in range(MOST_GROUPS + 1)))
    assert any(f"up to {MOST_GROUPS} groups" in note for note in many["corrected:system"].notes)
    one = tables(figure("only"))
    assert not any("up to" in note for note in one["corrected:system"].notes)


def test_no_figures_make_no_tables():
    assert tables() == {}


def test_names_for_gates_say_quantity_group_dimension_and_judge():
    found = Corrections(
        (
            figure(),
            figure("a"),
            figure(quantity="mean"),
            figure(dimension="clarity"),
        )
    )
    assert set(named_corrections(found, several_judges=False)) == {
        "corrected.pass_rate",
        "corrected.pass_rate.overall",
        "corrected.pass_rate:system=a",
        "corrected.pass_rate:system=a.overall",
        "corrected.mean.overall",
        "corrected.pass_rate.clarity",
    }
    assert "corrected.mean.overall@j" in named_corrections(found, several_judges=True)


def test_the_rate_by_the_pass_rule_has_the_short_name_alone():
    found = Corrections((figure(dimension="passes"), figure()))
    assert set(named_corrections(found, several_judges=False)) == {
        "corrected.pass_rate",
        "corrected.pass_rate.overall",
    }


def test_other_estimators_have_the_names_of_the_figures():
    found = Corrections((figure(), figure("a")))
    others = other_estimators(found, several_judges=False)
    assert others.keys() == named_corrections(found, several_judges=False).keys()
    assert others["corrected.pass_rate"]["ppi"].value == others["corrected.pass_rate:system=a"]["ppi"].value


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (None, ["answers like these", "drawn at random: from all answers"]),
        (SamplingDesign([0.5, 0.5], ["a", "b"]), ["within strata", "answers like these"]),
        (SamplingDesign([0.5, 0.2]), ["no known strata", "answers like these"]),
        (SamplingDesign([0.5, 0.2], name="poisson"), ["independently", "answers like these"]),
        (SamplingDesign([0.5, 0.5], ["a", "b"], target="these answers"), ["strata", "exactly these answers"]),
    ],
    ids=["random", "stratified", "unknown strata", "poisson", "these answers"],
)
def test_the_drawing_and_the_target_are_those_of_the_design(design, words):
    text = " ".join(drawing(design, Corrections((figure(),))))
    assert [word for word in words if word not in text] == []
