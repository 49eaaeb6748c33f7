"""Which findings an agreement report has about several judges and about slices, and the figures in them."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.judge_human import Criteria
from judge.reporting.builders.agreement import build_agreement
from judge.reporting.findings.agreement_findings import verdict_words, warnings
from judge.reporting.findings.agreement_methods import methods
from judge.stats.engine.scale import Scale

_SPEC = importlib.util.spec_from_file_location(
    "agreement_tables", Path(__file__).parents[2] / "analysis" / "agreement" / "conftest.py"
)
_TABLES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_TABLES)
make_aligned, make_ratings, rounded = _TABLES.make_aligned, _TABLES.make_ratings, _TABLES.rounded


def study(noises, n=80, *, shifts=None, n_people=3, people_noise=0.5, seed=3, fields=None, **more):
    """Scores of judges with the noise and shift that each has, by dimension clarity."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(3, 1, n)
    people = rounded(quality[:, None] + rng.normal(0, people_noise, (n, n_people)))
    shifts = shifts or [0] * len(noises)
    judges = {
        f"j{k}": rounded(quality + shift + rng.normal(0, 1, n) * noise)
        for k, (noise, shift) in enumerate(zip(noises, shifts, strict=True))
    }
    more.setdefault("statuses", {name: {"ok": n} for name in judges})
    return make_aligned(make_ratings(people, judges, **more), metadata=fields)


def sentences(aligned, **more):
    return list(verdict_words(agree(aligned, **more)))


# --- several judges


@pytest.fixture(scope="module")
def two_judges():
    return study((0.1, 2.5))


def test_judges_with_one_outcome_are_one_sentence_and_those_not_to_be_used_come_first(two_judges):
    found = sentences(two_judges, panel="mean")
    assert found[0].startswith("panel (mean) on clarity: agrees with people less well")
    assert found[1].startswith("j1 on clarity: not shown to agree with people beyond chance (do not use")
    assert found[2].startswith("j0 on clarity: ")
    assert not any("panel" in text for text in sentences(two_judges))
    alike = sentences(study((0.1, 0.1), seed=3))
    assert alike[0].startswith("j0 and j1 on clarity: ")


def test_a_judge_on_all_of_many_dimensions_is_not_followed_by_their_names():
    base = study((0.1, 2.5)).ratings["clarity"]
    parts = [type(base)(**{**vars_of(base), "dimension": name}) for name in ("a", "b", "c")]
    assert sentences(make_aligned(*parts))[1].startswith("j0 on all dimensions: ")


def test_a_judge_without_scores_is_named():
    base = study((0.1, 2.5)).ratings["clarity"]
    report = agree(make_aligned(base, type(base)(**{**vars_of(base), "dimension": "relevance"})))
    kept = replace(report, judge_agreements=[one for one in report.judge_agreements if one.judge == "j0"])
    assert "j1 has no score on the rated items." in list(verdict_words(kept))


def test_judges_have_the_words_of_their_verdict_where_a_margin_is_set(two_judges):
    found = sentences(two_judges, criteria=Criteria({"": 0.1}, set_by="in a test"))
    assert found[1].startswith("j0 on clarity: ")
    assert found[1].endswith("; margin 0.1 (in a test).")
    worse = sentences(study((0.1, 1.2)), criteria=Criteria({"": 0.1}, set_by="in a test"))
    assert worse[0].startswith("j1 on clarity: agrees with people less well")
    assert worse[0].endswith("by more than the margin of 0.1 (in a test).")


def test_dimensions_with_one_finding_are_named_together():
    base = study((0.1, 2.5))
    clarity = base.ratings["clarity"]
    twin = type(clarity)(**{**vars_of(clarity), "dimension": "relevance"})
    both = make_aligned(clarity, twin)
    found = sentences(both)
    assert "on clarity and relevance" in found[0]
    assert found[0].count(";") == 0


def vars_of(one):
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def test_judges_of_one_person_have_their_agreement_and_no_ceiling():
    aligned = study((0.1, 0.2), n_people=1)
    found = sentences(aligned)[0]
    assert found.startswith("j0 and j1 on clarity: ")
    assert "there is no human ceiling to compare with" in found


def test_a_judge_without_a_significant_difference_is_neither_above_nor_below():
    # A judge that errs as a person does.
    found = sentences(study((0.5, 2.5), 60))
    assert "is not shown to agree with people less, or more," in found[1]


def test_a_judge_nearer_to_the_people_than_they_are_to_each_other_is_above():
    found = sentences(study((0.05, 2.5), 200, people_noise=0.9))
    assert "less well" in found[0]
    assert found[1].startswith("j0 on clarity: agrees with people better")


def test_a_selected_panel_is_told_only_where_it_is_better_than_all_judges_together(two_judges):
    report = agree(two_judges, panel="mean")
    (choice,) = report.panel
    assert choice.best == ("j0",)
    assert choice.cross_validated.value > choice.all_judges.value
    (told,) = [text for text in verdict_words(report) if "cross-validated" in text]
    assert "the best panel is j0" in told
    assert f"{choice.cross_validated.value:.2f}" in told
    assert f"{choice.all_judges.value:.2f}" in told
    alike = agree(study((1.0, 1.0), 200), panel="mean")
    assert alike.panel[0].cross_validated.value <= alike.panel[0].all_judges.value
    assert not any("cross-validated" in text for text in verdict_words(alike))


def test_at_most_two_selected_panels_are_told():
    parts = []
    for seed, name in enumerate(("clarity", "relevance", "accuracy")):
        one = study((0.1, 2.5), seed=seed, dimension=name).ratings[name]
        parts.append(one)
    report = agree(make_aligned(*parts), panel="mean")
    assert len(report.panel) == 3
    assert sum("cross-validated" in text for text in verdict_words(report)) == 2


def test_members_of_a_panel_are_joined_by_plus():
    report = agree(study((0.6, 0.6, 4.0), 200), panel="mean")
    assert report.panel[0].best == ("j0", "j1")
    assert any("the best panel is j0 + j1" in text for text in verdict_words(report))


def test_the_annotator_test_names_the_judge_only_where_there_are_several(two_judges):
    criteria = Criteria({}, 0.2)
    (several,) = [t for t in sentences(two_judges, criteria=criteria) if "epsilon 0.2" in t]
    assert "clarity (j0) passes" in several
    assert "clarity (j1) fails" in several
    (single,) = [t for t in sentences(study((0.1,)), criteria=criteria) if "epsilon 0.2" in t]
    assert "clarity passes" in single
    assert not any("epsilon" in t for t in sentences(two_judges))


# --- one judge


def test_a_difference_that_is_not_better_is_shown_with_the_interval_of_the_test():
    aligned = study((0.5,), 150)
    report = agree(aligned, criteria=Criteria({"": 0.3}))
    (one,) = report.judge_agreements
    assert one.verdict.verdict == "non-inferior"
    assert "[90 %:" in next(verdict_words(report))
    better = agree(study((0.05,), 200, people_noise=0.9), criteria=Criteria({"": 0.3}))
    assert better.judge_agreements[0].verdict.verdict == "better"
    assert "[95 %:" in next(verdict_words(better))


@pytest.mark.parametrize(("shift", "word"), [(0.8, "lenient"), (-0.8, "severe")])
def test_a_shifted_judge_is_lenient_or_severe_by_its_distance_and_interval(shift, word):
    report = agree(study((0.3,), shifts=[shift]))
    bias = report.judge_agreements[0].bias
    low, high = sorted((abs(bias.low), abs(bias.high)))
    (told,) = [text for text in verdict_words(report) if word in text]
    assert f"{abs(bias.value):.2f} points [{low:.2f}, {high:.2f}]" in told


def test_a_judge_without_a_shift_is_neither_lenient_nor_severe():
    report = agree(study((0.3,)))
    bias = report.judge_agreements[0].bias
    assert bias.low <= 0 <= bias.high
    assert not any("lenient" in text or "severe" in text for text in verdict_words(report))


def test_labels_are_neither_lenient_nor_severe():
    n = 60
    people = np.column_stack([np.arange(n) % 2] * 3).astype(float)
    people[::7, 0] = 1 - people[::7, 0]
    two = Scale((0, 1), "nominal")
    report = agree(make_aligned(make_ratings(people, {"j": np.ones(n)}, scale=two)))
    assert report.judge_agreements[0].bias.low > 0
    assert not any("lenient" in text or "severe" in text for text in verdict_words(report))


def test_people_without_a_judge_have_one_sentence_for_each_dimension_at_most_eight():
    rng = np.random.default_rng(0)
    table = rng.integers(1, 6, (60, 1)) + np.zeros((1, 3))
    table[::5, 0] = 1
    parts = [make_ratings(table, dimension=f"d{k}") for k in range(10)]
    found = sentences(make_aligned(*parts))
    assert len(found) == 9
    assert all("alpha" in text for text in found[:8])
    assert "No judge" in found[8]


def test_people_whose_alpha_is_undefined_have_no_sentence():
    found = sentences(make_aligned(make_ratings([[3, 3]] * 20)))
    assert len(found) == 1
    assert "No judge" in found[0]


# --- slices


def sliced(n=60, *, kinds="ab", wrong="b", noise=3.0, judges=1, **more):
    """A judge that is accurate except where kind is `wrong`; `n` items a kind."""
    rng = np.random.default_rng(11)
    total = n * len(kinds)
    quality = rng.normal(3, 1, total)
    people = rounded(quality[:, None] + rng.normal(0, 0.4, (total, 3)))
    kind = [kinds[i % len(kinds)] for i in range(total)]
    bad = np.array([one in wrong for one in kind])
    scores = {
        f"j{k}": rounded(quality + rng.normal(0, 1, total) * np.where(bad, noise, 0.2)) for k in range(judges)
    }
    ratings = make_ratings(people, scores, **more)
    return make_aligned(ratings, metadata=[{"kind": one} for one in kind])


def told_slices(report):
    return [text for text in verdict_words(report) if "Holm" in text]


def test_a_slice_with_significantly_lower_agreement_is_told_with_its_difference_and_p():
    report = agree(sliced(), by=["kind"])
    (told,) = [text for text in told_slices(report) if "kind is b" in text]
    (one,) = [s for s in report.slices if s.label == "b"]
    difference = one.comparison.difference
    assert "less" in told
    assert f"{difference.value:+.2f} [{difference.low:.2f}, {difference.high:.2f}]" in told
    assert "p < .001" in told


def test_a_slice_with_significantly_higher_agreement_agrees_more():
    rng = np.random.default_rng(2)
    quality = rng.normal(3, 1, 200)
    people = rounded(quality[:, None] + rng.normal(0, 1.0, (200, 3)))
    judge = rounded(quality + rng.normal(0, 0.1, 200))
    ratings = make_ratings(people, {"j": judge})
    report = agree(make_aligned(ratings, metadata=[{"kind": "ab"[i % 2]} for i in range(200)]), by=["kind"])
    told = told_slices(report)
    assert told
    assert all(" more " in text for text in told)


def test_slices_that_do_not_differ_significantly_are_not_told():
    report = agree(sliced(wrong=""), by=["kind"])
    alike = [s for s in report.slices if s.p_adjusted > 0.05]
    assert len(told_slices(report)) == len(report.slices) - len(alike)
    assert len(alike) >= 1


def test_a_small_slice_is_not_told_though_it_differs():
    report = agree(sliced(19), by=["kind"])
    (one,) = [s for s in report.slices if s.label == "b"]
    assert one.small
    assert one.p_adjusted <= 0.05
    assert not told_slices(report)


def test_the_three_largest_losses_are_told_largest_first():
    report = agree(sliced(40, kinds="abcde", wrong="bcde"), by=["kind"])
    losses = sorted(
        (s for s in report.slices if s.p_adjusted <= 0.05), key=lambda s: s.comparison.difference.value
    )
    assert len(losses) > 3
    told = told_slices(report)
    assert [f"kind is {s.label}" in text for s, text in zip(losses[:3], told, strict=True)] == [True] * 3


def test_the_consensus_of_judges_is_left_out_of_the_slices_that_are_told():
    report = agree(sliced(60, judges=2), by=["kind"], panel="mean")
    assert any(s.judge == "panel (mean)" and s.p_adjusted <= 0.05 for s in report.slices)
    told = told_slices(report)
    assert any("j0" in text or "j1" in text for text in told)
    assert not any("panel" in text for text in told)


# --- warnings and methods


@pytest.mark.parametrize(("n", "is_warned"), [(49, True), (50, False)])
def test_fewer_than_fifty_rated_items_are_a_warning(n, is_warned):
    found = " ".join(warnings(agree(study((0.5,), n))))
    assert (f"{n} rated items" in found) is is_warned


@pytest.mark.parametrize(("n_people", "words"), [(1, "one human rater"), (2, "two human raters"), (3, None)])
def test_one_and_two_people_are_a_warning_each_and_three_are_none(n_people, words):
    found = " ".join(warnings(agree(study((0.5,), n_people=n_people))))
    assert [text in found for text in ("one human rater", "two human raters")] == [
        text == words for text in ("one human rater", "two human raters")
    ]


def test_two_people_without_a_judge_are_no_warning():
    assert "two human raters" not in " ".join(warnings(agree(study((), n_people=2))))


@pytest.mark.parametrize(("n_missing", "is_warned"), [(5, False), (6, True)])
def test_more_than_five_percent_of_missing_scores_are_a_warning_with_their_share(n_missing, is_warned):
    statuses = {"j0": {"ok": 100 - n_missing, "refused": n_missing}}
    found = " ".join(warnings(agree(study((0.5,), 100, statuses=statuses))))
    assert (f"{n_missing}.0 %" in found) is is_warned


def test_people_who_agree_no_better_than_chance_are_a_warning_by_dimension():
    rng = np.random.default_rng(0)
    table = rng.integers(1, 6, (80, 3)).astype(float)
    ratings = make_ratings(table, {"j0": table[:, 0]}, statuses={"j0": {"ok": 80}})
    found = " ".join(warnings(agree(make_aligned(ratings))))
    assert "On clarity the interval of human-human agreement does not exclude agreement by chance" in found


@pytest.mark.parametrize("slots", [False, True])
def test_people_who_agree_perfectly_are_above_chance_although_their_agreement_has_no_interval(slots):
    rng = np.random.default_rng(0)
    one = rng.integers(1, 6, 80).astype(float)
    table = np.column_stack([one, one, one])
    judged = rng.integers(1, 6, 80).astype(float)
    ratings = replace(make_ratings(table, {"j0": judged}, statuses={"j0": {"ok": 80}}), slots=slots)
    found = agree(make_aligned(ratings))
    assert found.judge_agreements[0].main.human.value == pytest.approx(1)
    assert "by chance" not in " ".join(warnings(found))


@pytest.mark.parametrize(("n", "is_warned"), [(9, True), (10, False)])
def test_fewer_than_ten_clusters_are_a_warning(n, is_warned):
    clusters = [f"c{i % n}" for i in range(80)]
    found = " ".join(warnings(agree(study((0.5,), clusters=clusters))))
    assert ("Fewer than 10" in found) is is_warned


def test_methods_say_where_scores_lie_between_the_points():
    ratings = study((0.5,)).ratings["clarity"]
    means = ratings.column("j0") - 0.5 * (ratings.column("j0") > 3)
    halves = make_ratings(ratings.human_values, {"j0": means}, statuses={"j0": {"ok": 80}})
    assert "interval level" in " ".join(methods(agree(make_aligned(halves))))
    assert "interval level" not in " ".join(methods(agree(study((0.5,)))))


def test_methods_name_repeated_judgments_margins_and_corrections_only_where_they_apply():
    plain = " ".join(methods(agree(study((0.5,)))))
    assert "one judgment per item" in plain
    assert "No non-inferiority margin was set" in plain
    assert "Beta" not in plain
    passing = " ".join(
        methods(
            agree(study((0.5,), pass_mark=3.0), criteria=Criteria({"agreement": 0.05}, set_by="fixed here"))
        )
    )
    assert "0.05 of agreement (fixed here)" in passing
    assert "No non-inferiority margin" not in passing
    assert "Beta" in passing


def test_methods_equate_kappa_and_concordance_only_for_numbers_of_persons():
    found = {
        name: "concordance" in " ".join(methods(agree(aligned)))
        for name, aligned in {
            "numbers": study((0.5,)),
            "slots": study((0.5,), slots=True),
            "labels": make_aligned(
                make_ratings(
                    [[0, 1], [1, 1]] * 30, {"j": [0, 1] * 30}, scale=Scale(("a", "b", "c"), "nominal")
                )
            ),
        }.items()
    }
    assert found == {"numbers": True, "slots": False, "labels": False}


def passing_study(people_pass, judge_pass, n=100):
    """Two people and a judge on two labels, with so many passes among `n` items."""
    people = np.column_stack([np.arange(n) < people_pass] * 2).astype(float)
    people[0, 0] = 1 - people[0, 0]
    people[-1, 1] = 1 - people[-1, 1]
    judge = (np.arange(n) < judge_pass).astype(float)
    return make_aligned(
        make_ratings(
            people, {"j": judge}, scale=Scale((0, 1), "ordinal"), pass_mark=1.0, statuses={"j": {"ok": n}}
        )
    )


@pytest.mark.parametrize(
    ("people_pass", "judge_pass", "start"),
    [
        (90, 90, "On clarity more than 80 %"),
        (10, 10, "On clarity more than 80 %"),
        (60, 30, "On clarity the pass rates"),
        (60, 60, None),
    ],
)
def test_a_kappa_that_is_low_by_construction_is_noted_below_the_verdicts(people_pass, judge_pass, start):
    table = build_agreement(agree(passing_study(people_pass, judge_pass))).tables["passing"]
    noted = [text for text in table.notes if "kappa is low" in text]
    assert [text[: len(start or "")] for text in noted] == ([start] if start else [])


# --- judge against judge


def test_a_further_judge_has_one_sentence_about_the_difference(two_judges):
    found = agree(two_judges, criteria=Criteria({"": 0.1}))
    (one,) = found.judge_differences
    (told,) = [text for text in verdict_words(found) if "compared with" in text]
    assert told.startswith("j1 compared with j0")
    assert "by more than the margin" in told
    assert f"{abs(one.corrected.difference.value):.2f} [90 %: " in told


@pytest.mark.parametrize(
    ("noises", "words"),
    [((0.1, 2.5), "agrees less well"), ((2.5, 0.1), "agrees better"), ((0.3, 0.35), "is not shown to agree")],
)
def test_without_a_margin_the_interval_of_the_difference_decides(noises, words):
    told = [text for text in sentences(study(noises)) if "compared with" in text]
    assert words in told[0]
    assert "[95 %: " in told[0]


def test_of_several_further_judges_those_with_one_outcome_share_a_sentence_and_noise_is_left_out():
    told = [text for text in sentences(study((0.3, 0.35, 2.5, 3.0))) if "compared with" in text]
    assert len(told) == 1
    assert "compared with j0, agrees less well: j2 on clarity (-" in told[0]
    assert "; j3 on clarity (-" in told[0]
    assert "j1" not in told[0]


def test_where_no_further_judge_differs_beyond_noise_one_sentence_names_them():
    told = sentences(study((0.3, 0.3, 0.3)))
    assert "j1 and j2: not shown to agree better or less well with people than j0." in told


def test_a_margin_of_raw_agreement_decides_in_percentage_points(two_judges):
    found = agree(two_judges, criteria=Criteria({"agreement": 0.1}))
    (told,) = [text for text in verdict_words(found) if "compared with" in text]
    assert f"({100 * found.judge_differences[0].raw.difference.value:.1f} [90 %" in told


def test_judges_without_a_common_item_have_no_sentence():
    base = study((0.1, 0.5)).ratings["clarity"]
    halves = {name: base.column(name).copy() for name in base.judges}
    halves["j0"][:40], halves["j1"][40:] = np.nan, np.nan
    aligned = make_aligned(
        make_ratings(base.human_values, halves, statuses={"j0": {"ok": 40}, "j1": {"ok": 40}})
    )
    assert not any("compared with" in text for text in sentences(aligned))


def test_judges_with_equal_scores_agree_exactly_as_well():
    base = study((0.5,)).ratings["clarity"]
    twice = {name: base.column("j0") for name in ("j0", "twin")}
    aligned = make_aligned(
        make_ratings(base.human_values, twice, statuses={name: {"ok": 80} for name in twice})
    )
    found = sentences(aligned, criteria=Criteria({"": 0.1}))
    assert "twin compared with j0, by agreement with people: on clarity it agrees exactly as well." in found


def test_a_panel_changes_no_warning_and_no_method_of_its_members(two_judges):
    alone, beside = agree(two_judges), agree(two_judges, panel="mean")
    assert list(warnings(beside)) == list(warnings(alone))
    assert list(methods(beside)) == list(methods(alone))
    differing = agree(study((1.0, 1.5, 2.0)), panel="majority")
    assert not any("are missing" in text for text in warnings(differing))
