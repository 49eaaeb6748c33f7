"""The report of a stress test: what it says about each verdict, missing scores, draws and pictures."""

from collections import Counter
from dataclasses import replace
from types import MappingProxyType

import pytest
from PIL import Image as Picture

from judge.records import Image, Item
from judge.reporting.builders.stress import build_stress
from judge.reporting.figures.table_figures import charts_of
from judge.reporting.methods import methods_of
from judge.rubric import load_rubric
from judge.scoring.callbacks import ScoringCallback
from judge.scoring.judge import Judge
from judge.stats.engine.estimate import Estimate
from judge.stress_testing.outcomes import FAILED, HELD, NOT_APPLICABLE, UNDECIDED
from judge.stress_testing.stress_test import StressOptions, StressTest

PROBES = ("blank_answer", "padding", "master_key", "reference_answer", "reference_paraphrased")


def item(n, **more):
    text = f"Pump {n} is made of steel."
    return Item(
        id=f"q{n}", question=f"What is pump {n}?", answer=text, reference=f"{text} It is old.", **more
    )


def result_of(folder, items, *probes):
    options = StressOptions(n_items=50, probes=probes, out=folder / "stress")
    judge = Judge("baseline", load_rubric("open_qa"))
    test = StressTest(items, judge, options, {"image_root": folder})
    return test.run(lambda _: ScoringCallback())


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return result_of(tmp_path_factory.mktemp("stress"), [item(n) for n in range(12)], *PROBES)


def changed(found, probe, verdict=None, **response):
    """The result with another verdict of one probe, and other facts of all its responses."""
    outcomes = []
    for outcome in found.outcomes:
        if outcome.probe.name == probe:
            responses = tuple(
                replace(r, **response, **({"verdict": verdict} if verdict else {})) for r in outcome.responses
            )
            outcome = replace(outcome, responses=responses, verdict=verdict or outcome.verdict)
        outcomes.append(outcome)
    return replace(found, outcomes=tuple(outcomes))


def all_with(found, verdict):
    for outcome in found.outcomes:
        if outcome.verdict in (FAILED, HELD, UNDECIDED):
            found = changed(found, outcome.probe.name, verdict)
    return found


def lead(report):
    return " ".join(next(section for section in report.sections if section.key == "probes").lead)


def column(report, table, key):
    return report.tables[table].column(key)


def test_failed_probes_are_named_first(found):
    report = build_stress(changed(all_with(found, HELD), "padding", FAILED))
    assert report.verdict[0] == "The judge failed 1 of 4 probes: padding."


def test_report_without_a_failed_probe_counts_those_that_held(found):
    assert build_stress(all_with(found, HELD)).verdict == ("No probe found a weakness; 4 of 4 probes held.",)


def test_undecided_probes_are_counted_and_ask_for_more_items(found):
    (sentence,) = build_stress(all_with(found, UNDECIDED)).verdict
    assert sentence.startswith("Undecided: 4 probes ")
    assert "--limit" in sentence


def test_report_without_a_tested_probe_says_so(found):
    report = build_stress(all_with(found, NOT_APPLICABLE))
    assert report.verdict[0].startswith("No probe could be tested")
    assert report.title.endswith("12 items, 0 probes")
    assert "these probes: none" in report.methods[0]


def test_failure_gives_the_mean_shift_with_its_interval(found):
    report = build_stress(changed(found, "padding", FAILED, shift=Estimate(-0.62, -0.9, -0.35)))
    assert "must stay the same, and changes by -0.62 [-0.90, -0.35] on average (12 pairs)." in lead(report)


def test_failure_without_a_shift_says_that_the_score_does_not_change(found):
    report = build_stress(changed(found, "blank_answer", FAILED, shift=Estimate(0.0)))
    assert "must fall, and does not change (12 pairs)." in lead(report)
    assert "no variation" not in lead(report)


def test_failure_without_an_interval_gives_the_shift_alone(found):
    report = build_stress(changed(found, "padding", FAILED, shift=Estimate(1.0)))
    assert "must stay the same, and changes by +1.00 (12 pairs)." in lead(report)


def test_failure_of_the_reference_gives_the_share_at_the_top(found):
    report = build_stress(changed(found, "reference_answer", FAILED, held=Estimate(0.5, 0.3, 0.7)))
    assert "must get the highest score, and gets it for 50.0 % [30.0, 70.0] of the items." in lead(report)


def test_table_of_probes_has_failed_ones_first_and_the_repeated_request_last(found):
    report = build_stress(changed(all_with(found, HELD), "padding", FAILED))
    assert column(report, "probes", "probe")[0] == "padding"
    assert column(report, "probes", "verdict") == ["failed", "held", "held", "held", "noise"]
    assert column(report, "probes", "must")[0] == "stay the same"


def test_row_of_a_probe_is_that_of_its_worst_dimension(found):
    report = build_stress(found)
    shifts = dict(zip(column(report, "shifts", "probe"), column(report, "shifts", "dimension"), strict=True))
    (padding,) = (o for o in found.outcomes if o.probe.name == "padding")
    worst = max(
        (r for r in padding.responses if r.verdict == padding.verdict), key=lambda r: abs(r.shift.value)
    )
    assert shifts["padding"] == worst.dimension.replace("_", " ")


def test_shifts_have_a_chart(found):
    chart = charts_of(build_stress(found))["shifts"]
    assert chart.alt.startswith("Mean shift by probe: ")
    assert chart.alt.endswith("No change: 0.00.")


def test_repeated_request_has_no_verdict_by_dimension(found):
    report = build_stress(found)
    rows = zip(column(report, "responses", "probe"), column(report, "responses", "verdict"), strict=True)
    assert {verdict for probe, verdict in rows if probe == "repeat"} == {"noise"}


def test_missing_scores_make_the_report_partial(found):
    report = build_stress(replace(found, n_incomplete=3, n_scored=72))
    assert report.warnings[0].startswith(
        "The report is partial: 3 of 72 items and changed items lack a score"
    )


def test_partial_report_names_the_probes_that_lack_the_most_pairs(found):
    report = build_stress(changed(replace(found, n_incomplete=9), "padding", n_missing=9))
    assert "(most for padding: 9)" in report.warnings[0]


def test_complete_report_has_no_such_warning(found):
    assert build_stress(found).warnings == ("1 probe had nothing to compare; --sections items says why.",)


@pytest.mark.parametrize(
    ("response", "reason", "n"),
    [
        ({"n_missing": 12}, "a score is missing", 12),
        ({"n_at_end": 12}, "no score can move as required", 12),
        ({}, "no item has the change repeat", 0),
    ],
)
def test_probe_without_a_pair_has_a_reason(found, response, reason, n):
    none = {"n_pairs": 0, "n_missing": 0, "n_at_end": 0, **response}
    report = build_stress(changed(found, "padding", NOT_APPLICABLE, **none))
    rows = zip(*(column(report, "left_out", key) for key in ("probe", "reason", "items")), strict=True)
    assert ("padding", reason, n) in rows


def test_probe_that_changes_no_item_gives_the_reasons_of_the_items(found):
    reasons = column(build_stress(found), "left_out", "reason")
    assert reasons == ["there is no --with-model to write it"]


def test_items_of_each_score_are_counted(found):
    drawn = replace(found.drawn, strata=MappingProxyType({"2": (4, 9), "5": (8, 8)}))
    report = build_stress(replace(found, drawn=drawn))
    assert column(report, "drawn", "drawn") == [4, 8]
    assert "in equal numbers of each score" in report.methods[0]


def test_families_have_estimates_without_the_repeated_request(found):
    estimates = build_stress(found).estimates
    assert estimates["must_not_change.held"].value == estimates["padding.held"].value
    assert estimates["injection.held"].n_items == 12


def test_methods_cite_master_keys_and_permutation_tests(found):
    cited = {one.key for one in methods_of(build_stress(found)).references}
    assert {"ernst2004", "zhao2025", "holm1979"} <= cited


def test_methods_name_the_model_that_paraphrased(found):
    report = build_stress(replace(found, with_model="openai/other"))
    assert report.methods[-1] == "Paraphrases were written by openai/other."


def test_input_is_named_and_not_the_run_of_the_items(found):
    assert build_stress(replace(found, source="answers.jsonl")).about["input"] == "answers.jsonl"


def test_changed_pictures_are_shown_after_the_originals(tmp_path):
    for n in range(3):
        Picture.new("RGB", (8, 6), (40 * n, 0, 0)).save(tmp_path / f"part_{n}.png")
    items = [item(n, images=(Image(path=f"part_{n}.png"),)) for n in range(3)]
    report = build_stress(result_of(tmp_path, items, "blank_picture", "other_picture"))
    (section,) = (section for section in report.sections if section.key == "pictures")
    assert Counter(case.fields["probe"] for case in section.cases) == {"blank_picture": 3, "other_picture": 3}
    first = section.cases[0]
    assert [image.path.partition("-")[0] for image in first.images] == ["part_0", "blank_8x6.png"]
    assert [judgment.label for judgment in first.judgments] == ["original", "blank_picture"]
    assert 'alt="query image"' in report.to_html()
