"""Ratings of items that were drawn with unequal probabilities."""

import csv
import re

import numpy as np
import pytest

import judge as judge_package
from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.drawn_items import DrawnItems
from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.errors import InputError
from judge.records import Item, Score
from judge.reporting.findings.agreement_findings import verdict_words, warnings
from judge.reporting.findings.agreement_methods import methods
from judge.reporting.methods import methods_of
from judge.rubric import load_rubric
from judge.scoring.run import Run

N = 1000


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A run of 1,000 answers, 60 rated from each verdict of the judge: its folder, human passes, verdicts."""
    folder = tmp_path_factory.mktemp("drawn")
    rng = np.random.default_rng(7)
    human = rng.random(N) < 0.9
    judge = np.where(human, rng.random(N) < 0.95, rng.random(N) < 0.4)
    rubric = load_rubric("open_qa")
    items = [Item(id=f"q{i}", question=f"Question {i}?", answer=f"Answer {i}") for i in range(N)]
    scores = [
        Score(item_id=f"q{i}", rater="m", rater_kind="judge", dimension=name, value=4.0 if passed else 2.0)
        for i, passed in enumerate(judge)
        for name in (*rubric.dimensions, "overall")
    ]
    Run.imported(folder / "run", rubric, items, scores, model="m").close()
    drawn = [
        (i, 60 / np.sum(judge == verdict), "pass" if verdict else "fail")
        for verdict in (True, False)
        for i in np.random.default_rng(1).choice(np.flatnonzero(judge == verdict), 60, replace=False)
    ]
    return folder, human, judge, drawn


def ratings(folder, human, drawn, change=lambda row: row, header=("probability", "stratum")):
    path = folder / "ratings.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "rater", "overall", *header])
        for i, p, stratum in drawn:
            row = [f"q{i}", "ann", 4 if human[i] else 2, p, stratum][: 3 + len(header)]
            writer.writerow(change(row))
    return path


def aligned(folder, path, **more):
    return align_inputs(AgreementInputs(path, (str(folder / "run"),), dimensions=("overall",), **more))


def found(study, *, change=lambda row: row, header=("probability", "stratum"), **more):
    folder, human, _, drawn = study
    return agree(aligned(folder, ratings(folder, human, drawn, change, header), **more))


def test_weighted_rates_are_those_of_the_two_verdicts_in_their_shares_of_all_answers(study):
    _, human, judge, drawn = study
    (one,) = found(study).judge_agreements
    index = np.array([i for i, *_ in drawn])
    equal = human[index] == judge[index]
    share = judge.mean()
    expected = share * equal[judge[index]].mean() + (1 - share) * equal[~judge[index]].mean()
    assert one.pass_fail.agreement.value == pytest.approx(expected)
    assert one.raw.judge.value == pytest.approx(expected)
    assert one.pass_fail.judge_pass_rate.value == pytest.approx(share)


def test_weighted_figures_are_near_the_truth_where_unweighted_ones_are_not(study):
    _, human, judge, _ = study
    weighted, plain = (found(study, header=h).judge_agreements[0] for h in (("probability", "stratum"), ()))
    truth = (human == judge).mean()
    assert weighted.pass_fail.agreement.low < truth < weighted.pass_fail.agreement.high
    assert plain.pass_fail.agreement.high < truth
    assert abs(weighted.bias.value - 2 * (judge.mean() - human.mean())) < 0.15
    assert plain.bias.value < -0.2


@pytest.mark.parametrize("header", [("probability", "stratum"), ("probability",), ()])
def test_the_pass_rate_of_people_has_one_interval_in_all_tables(study, header):
    one = found(study, header=header).judge_agreements[0]
    alone, of_verdicts = one.corrected.humans_only, one.pass_fail.human_pass_rate
    assert (alone.low, alone.high) == pytest.approx((of_verdicts.low, of_verdicts.high), abs=1e-12)
    assert (alone.value, alone.method) == (pytest.approx(of_verdicts.value), of_verdicts.method)


def test_people_alone_are_weighted_beside_the_corrected_rate(study):
    _, human, *_ = study
    corrected = found(study).judge_agreements[0].corrected
    assert corrected.humans_only.value == pytest.approx(corrected.estimate.value)
    assert corrected.estimate.low < human.mean() < corrected.estimate.high


def test_intervals_for_exactly_these_answers_are_narrower(study):
    wide, narrow = (
        found(study, population=name).judge_agreements[0].pass_fail.judge_pass_rate
        for name in ("answers like these", "these answers")
    )
    assert narrow.high - narrow.low < wide.high - wide.low


def test_methods_name_the_target_the_strata_and_the_effective_sample_size(study):
    text = " ".join(methods(found(study)))
    assert "1 / inclusion probability" in text
    assert "Target: answers like these" in text
    assert "within the strata" in text
    assert "effective sample size: overall" in text
    assert "alternative annotator test" in text
    assert "inclusion probability" not in " ".join(methods(found(study, header=())))


def test_methods_name_the_strata_that_were_combined(study):
    first = study[3][0]
    odd = " ".join(
        methods(found(study, change=lambda row: [*row[:4], "odd"] if row[0] == f"q{first[0]}" else row))
    )
    assert "some with a single rated item were combined (odd + pass)" in odd
    every = " ".join(methods(found(study, change=lambda row: [*row[:4], f"s{row[0]}"])))
    assert " and 55 more)" in every
    assert "were combined" not in " ".join(methods(found(study)))


def test_without_strata_the_methods_say_so(study):
    assert "no strata are known" in " ".join(methods(found(study, header=("probability",))))


def test_statistics_without_a_weighted_form_are_left_out(study):
    result = found(study)
    assert result.rankings == ()
    assert result.rater_studies == ()
    assert result.judge_agreements[0].threshold_sweep is None
    assert result.judge_agreements[0].omega == ()
    assert result.ranks[0].auc.reason == "no_weighted_form"


def test_a_sample_with_another_mix_of_verdicts_gets_a_warning_unless_it_has_probabilities(study):
    assert "no random sample" in next(warnings(found(study, header=())))
    assert "no random sample" not in " ".join(warnings(found(study)))


def test_probabilities_of_another_draw_get_a_warning(study):
    folder, human, judge, drawn = study
    wrong = found(study, change=lambda row: [*row[:3], 1, row[4]])
    text = next(warnings(wrong))
    assert "probabilities do not fit the run" in text
    assert "would pass 50.0 %" in text
    assert f"it passes {judge.mean():.1%}".replace("%", " %") in text
    assert not any("do not fit" in text for text in warnings(found(study)))
    report = judge_package.report(
        folder / "run", humans=ratings(folder, human, drawn, lambda row: [*row[:3], 1, row[4]])
    )
    assert any("do not fit the run" in text for text in report.warnings)
    report = judge_package.report(folder / "run", humans=ratings(folder, human, drawn))
    assert not any("do not fit the run" in text for text in report.warnings)


def test_ratings_of_one_of_two_strata_get_a_warning(study):
    folder, human, _, drawn = study
    fails = [row for row in drawn if row[2] == "fail"]
    result = agree(aligned(folder, ratings(folder, human, fails)))
    assert "with them m would pass 0.0 %" in next(warnings(result))


def test_a_few_equal_verdicts_are_no_reason_to_doubt_the_probabilities(study):
    folder, human, judge, _ = study
    drawn = [(i, 0.005 if n else 0.004, "all") for n, i in enumerate(np.flatnonzero(judge)[:5])]
    result = agree(aligned(folder, ratings(folder, human, drawn), sampling="poisson"))
    assert not any("do not fit" in text for text in warnings(result))


def test_a_sampled_fraction_that_cannot_be_right_is_named_where_intervals_use_it(study):
    def change(row):
        return [*row[:3], min(1.0, 5 * row[3]), row[4]]

    of_these = found(study, change=change, population="these answers")
    assert any("intervals for exactly these answers do not hold" in note for note in of_these.aligned.notes)
    assert not any("exactly these" in note for note in found(study, change=change).aligned.notes)
    assert not any("exactly these" in note for note in found(study, population="these answers").aligned.notes)


def test_limits_of_two_weighted_ratings_are_possible_values(study):
    folder, human, judge, drawn = study
    apart = [next(row for row in drawn if human[row[0]] == judge[row[0]] == value) for value in (True, False)]

    def off_by_one(row):
        return [*row[:2], 3, *row[3:]] if row[0] == f"q{apart[1][0]}" else row

    result = agree(aligned(folder, ratings(folder, human, apart, off_by_one)))
    (one,) = result.judge_agreements
    share = one.corrected.humans_only
    assert 0 <= share.low < share.high <= 1
    mae = one.comparisons["mae"].judge
    for estimate, ends in (
        (one.bias, (-4, 4)),
        (one.judge_mean, (1, 5)),
        (one.human_mean, (1, 5)),
        (mae, (0, 4)),
        (result.human_agreements["overall"].mean, (1, 5)),
    ):
        assert ends[0] <= estimate.low <= estimate.value <= estimate.high <= ends[1]


def test_a_weighted_share_of_one_item_has_the_exact_interval(study):
    folder, human, judge, drawn = study
    equal = next(row for row in drawn if human[row[0]] == judge[row[0]])
    share = agree(aligned(folder, ratings(folder, human, [equal]))).judge_agreements[0].raw.judge
    assert (share.value, share.low, share.high) == pytest.approx((1, 0.025, 1))


def test_a_random_sample_gets_no_warning(study):
    folder, human, *_ = study
    drawn = [(i, 0.12, "all") for i in np.random.default_rng(2).choice(N, 120, replace=False)]
    result = agree(aligned(folder, ratings(folder, human, drawn, header=())))
    assert "no random sample" not in " ".join(warnings(result))


def test_equal_probabilities_without_strata_change_no_figure(study):
    folder, human, *_ = study
    drawn = [(i, 0.12, "all") for i in np.random.default_rng(2).choice(N, 120, replace=False)]
    with_p, without = (
        agree(aligned(folder, ratings(folder, human, drawn, header=header)))
        for header in (("probability",), ())
    )
    assert not with_p.aligned.is_weighted
    assert with_p.judge_agreements[0].raw.judge == without.judge_agreements[0].raw.judge


def test_an_unknown_probability_leaves_the_item_out_and_is_counted(study):
    result = found(study, change=lambda row: [*row[:3], "", row[4]] if row[0] == "q0" else row)
    some = found(study, change=lambda row: [*row[:3], "", row[4]] if int(row[0][1:]) % 10 == 0 else row)
    notes = " ".join(some.aligned.notes)
    assert "have no inclusion probability and are left out" in notes
    assert some.judge_agreements[0].n_both < result.judge_agreements[0].n_both


@pytest.mark.parametrize("bad", ["0", "1.5", "-0.1", "half", "1e-300"])
def test_an_impossible_probability_is_refused_with_its_place(study, bad):
    with pytest.raises(InputError, match=r"ratings\.csv.*probability is '.*allowed is a number above 0"):
        found(study, change=lambda row: [*row[:3], bad, row[4]])


def test_probabilities_that_differ_within_a_stratum_are_refused_unless_the_design_is_poisson(study):
    def differ(row):
        return [*row[:3], row[3] * (0.5 if int(row[0][1:]) % 2 else 1), row[4]]

    with pytest.raises(InputError, match=r"differ within stratum 'fail'.*--sampling poisson") as caught:
        found(study, change=differ)
    assert "name=" not in str(caught.value)  # the argument of Python
    assert found(study, change=differ, sampling="poisson").aligned.is_weighted


def test_a_stratum_that_is_missing_is_refused_without_advice_about_probabilities():
    with pytest.raises(InputError, match="is missing, but the item has a probability") as caught:
        DrawnItems({"a": 0.5, "b": 0.5}, {"a": "x"}).design(["a", "b"])
    assert "poisson" not in str(caught.value)


def test_an_item_has_one_probability(tmp_path, study):
    folder, *_ = study
    path = tmp_path / "two.csv"
    path.write_text("item_id,rater,overall,probability\nq1,ann,4,0.5\nq1,ben,4,0.25\n")
    with pytest.raises(
        InputError, match=r"two\.csv:3.*'q1' has the probability 0\.25, in an earlier row 0\.5"
    ):
        aligned(folder, path)


def test_other_names_of_the_columns_can_be_given(study):
    folder, human, _, drawn = study
    path = ratings(folder, human, drawn, header=("p", "part"))
    columns = {"probability": "p", "stratum": "part"}
    assert aligned(folder, path, columns=columns).is_weighted


def test_a_field_of_the_answers_called_probability_is_no_inclusion_probability(tmp_path):
    items = [
        Item(id=f"q{i}", question="?", answer=f"{i}", metadata={"probability": (i + 1) / 40})
        for i in range(30)
    ]
    scores = [
        Score(item_id=one.id, rater="m", rater_kind="judge", dimension="clarity", value=3.0) for one in items
    ]
    Run.imported(tmp_path / "run", load_rubric("open_qa"), items, scores, model="m").close()
    rows = [{"item_id": one.id, "rater": "ann", "clarity": 3 + i % 2} for i, one in enumerate(items)]
    loaded = align_inputs(AgreementInputs(rows, (str(tmp_path / "run"),)))
    assert not loaded.is_weighted


def test_probabilities_may_stand_in_the_table_of_items(study):
    folder, human, _, drawn = study
    items = [{"id": f"q{i}", "probability": p, "stratum": stratum} for i, p, stratum in drawn]
    beside = agree(aligned(folder, ratings(folder, human, drawn, header=()), items=items))
    (one,), (other,) = beside.judge_agreements, found(study).judge_agreements
    assert beside.aligned.is_weighted
    assert one.raw.judge == other.raw.judge


def test_slices_are_domains_of_the_sample():
    drawn = DrawnItems({"a": 0.5, "b": 0.5, "c": 0.1}, {"a": "x", "b": "x", "c": "y"})
    design = drawn.design(["a", "b", "c", "d"])
    part = design.take([True, False, True, False])
    assert part.weights[1] / part.weights[0] == pytest.approx(5)
    assert design.take([False, False, False, True]) is None


def test_strata_that_some_drawn_items_lack_are_not_used():
    drawn = DrawnItems({"a": 0.5, "b": 0.1}, {"a": "x"})
    used, (note,) = drawn.checked(["a", "b"])
    assert used.strata == {}
    assert "have no stratum" in note


def test_a_calibration_is_weighted_and_names_its_target(study):
    import judge

    folder, human, verdicts, drawn = study
    report = judge.calibrate(folder / "run", ratings(folder, human, drawn), dimensions=["overall"])
    rows, p = np.array([i for i, *_ in drawn]), np.array([p for _, p, _ in drawn])
    hajek = np.average(2.0 * verdicts[rows] - 2.0 * human[rows], weights=1 / p)
    assert report.dimensions["overall"].before.bias.value == pytest.approx(hajek)
    text = methods_of(report).text
    assert "answers like these" in text
    assert "count as a random sample" not in text
    assert "drawn within strata" in text
    assert "An effective sample of fewer than 100 items on overall" in " ".join(report.warnings)
    plain = judge.calibrate(folder / "run", ratings(folder, human, drawn, header=()), dimensions=["overall"])
    assert plain.dimensions["overall"].before.bias.value < hajek - 0.3
    assert "count as a random sample" in methods_of(plain).text


# -- weights to a given mix


@pytest.fixture(scope="module")
def topics(tmp_path_factory):
    """200 rated answers, 3 of 4 with the topic a; the judge agrees on a and disagrees on b."""
    folder = tmp_path_factory.mktemp("topics")
    rows = [
        {"item_id": f"q{i}", "topic": "ab"[i % 4 == 3], "ann": 4, "m": 4 if i % 4 < 3 else 2}
        for i in range(200)
    ]
    return folder, [
        {
            "item_id": row["item_id"],
            "topic": row["topic"],
            "rater": who,
            "rater_kind": kind,
            "overall": row[who],
        }
        for row in rows
        for who, kind in (("ann", "human"), ("m", "judge"))
    ]


def of_target(rows, **target):
    given = {"target": target} if target else {}
    return agree(align_inputs(AgreementInputs(rows, scale="1-5", pass_marks={"": 3}, **given)))


def test_corrected_rates_are_recommended_only_where_there_are_any():
    rows = [
        {
            "item_id": f"q{i}",
            "topic": "ab"[i % 4 == 3],
            "rater": who,
            "rater_kind": kind,
            "overall": value,
            "clarity": value,
        }
        for i in range(60)
        for who, kind, value in (
            ("ann", "human", 2 + i % 3),
            ("ben", "human", 2 + (i + (i % 5 == 0)) % 3),
            ("m", "judge", 1 + i % 3),
        )
    ]
    advice = "Use the corrected pass rates on"
    assert any(advice in text for text in verdict_words(of_target(rows)))
    without = list(verdict_words(of_target(rows, topic={"a": 0.4, "b": 0.6})))
    assert any("more severe on" in text for text in without)
    assert not any(advice in text for text in without)


def test_a_target_mix_weights_the_groups_by_their_shares(topics):
    _, rows = topics
    assert of_target(rows).judge_agreements[0].raw.judge.value == pytest.approx(0.75)
    (one,) = of_target(rows, topic={"a": 0.4, "b": 0.6}).judge_agreements
    assert one.raw.judge.value == pytest.approx(0.4)
    assert one.pass_fail.judge_pass_rate.value == pytest.approx(0.4)
    assert one.corrected is None


def test_shares_may_be_counts_or_percent_in_a_table(topics):
    folder, rows = topics
    (folder / "shares.csv").write_text("topic,share\na,40%\nb,60%\n")
    (one,) = of_target(rows, topic=str(folder / "shares.csv")).judge_agreements
    assert one.raw.judge.value == pytest.approx(0.4)
    assert "Target: given mix (--target)" in " ".join(methods(of_target(rows, topic={"a": 40, "b": 60})))


def test_rated_items_outside_of_the_target_are_counted(topics):
    _, rows = topics
    result = of_target(rows, topic={"a": 1})
    assert "50 rated items are left out: their topic is not in --target (b)." in result.aligned.notes
    assert result.judge_agreements[0].raw.judge.value == pytest.approx(1)


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"a": 0.5, "c": 0.5}, "no rated item has topic 'c'; found: a, b"),
        ({"a": 0.5, "b": 0.0}, "the share of 'b' is 0; allowed is a number above 0"),
        ({}, "holds no shares"),
    ],
)
def test_an_impossible_target_is_refused(topics, shares, said):
    with pytest.raises(InputError, match=re.escape(said)):
        of_target(topics[1], topic=shares)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("topic,share\na,x\n", "shares.csv:2: the share of 'a' is 'x'"),
        ("topic,share\na,1\na,2\n", "shares.csv:3: second share of 'a'"),
        ("topic\na\n", "shares.csv:2: a row needs a value of topic and its share"),
    ],
)
def test_a_table_of_shares_is_refused_with_its_line(topics, text, said):
    folder, rows = topics
    (folder / "shares.csv").write_text(text)
    with pytest.raises(InputError, match=re.escape(said)):
        of_target(rows, topic=str(folder / "shares.csv"))


def test_a_target_and_probabilities_exclude_each_other(study):
    with pytest.raises(InputError, match="use one of both"):
        found(study, target={"system": {"x": 1}})


def test_a_target_has_one_field(topics):
    with pytest.raises(InputError, match="allowed is one field"):
        of_target(topics[1], topic={"a": 1}, kind={"b": 1})


def test_weighted_rates_are_the_same_in_each_run_of_one_seed(study):
    folder, human, _, drawn = study
    both = aligned(folder, ratings(folder, human, drawn))
    first, second = (agree(both).judge_agreements[0].pass_fail for _ in range(2))
    assert first == second


def test_a_judge_without_scores_of_rated_items_is_named(tmp_path):
    path = tmp_path / "ratings.csv"
    lines = [f"q{i},ann,human,{i % 5 + 1}\nq{i},bot,judge,{i % 5 + 1}" for i in range(20)]
    lines += [f"x{i},late,judge,3" for i in range(5)]
    path.write_text("\n".join(["item_id,rater,rater_kind,clarity", *lines]))
    report = judge_package.agree([], path, scale="1-5")
    assert any(text.startswith("late: no score on any rated item") for text in report.warnings)


def test_ratings_of_one_cluster_are_named_as_the_reason_of_missing_intervals(tmp_path):
    path = tmp_path / "ratings.csv"
    lines = [
        f"q{i},{rater},{1 + (i + step) % 5},b"
        for i in range(20)
        for rater, step in (("ann,human", 0), ("ben,human", i % 3 == 0), ("bot,judge", 0))
    ]
    path.write_text("\n".join(["item_id,rater,rater_kind,clarity,batch", *lines]))
    report = judge_package.agree([], path, scale="1-5", cluster="batch")
    assert (
        "The rated items are of one batch: there are no intervals. --cluster id takes the items as independent."
        in report.warnings
    )
    assert not any("does not exclude agreement by chance" in text for text in report.warnings)
