"""The Methods paragraph: facts of the run first, then statistics, tests and the papers behind them."""

import json

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.reporting.document import Column, Section, Table
from judge.reporting.methods import methods_of
from judge.reporting.references import REFERENCES
from judge.reporting.report import Report
from judge.reporting.wording import NOT_GIVEN
from judge.stats.engine.estimate import Estimate

WILSON = Estimate(0.5, 0.4, 0.6, method="wilson")
RATE = (Column("rate", "rate", "share"),)


def report(kind="report", about=None, methods=("Wilson for proportions.",), tables=(), estimates=None):
    sections = (Section("s", "S", tables=tuple(tables)),)
    return Report(kind, "T", ("V.",), (), sections, estimates or {}, about or {}, methods)


def table(key="t", columns=RATE, rows=((WILSON,),), title="By topic"):
    return Table(key, title, columns, rows)


def test_facts_come_in_a_fixed_order_before_the_statistics():
    about = {
        "rubric": "r version 1",
        "judged": "2026-01-02",
        "judge": "gpt-5",
        "model as served": "gpt-5-0110",
    }
    text = methods_of(report(about=about)).text
    places = [text.index(part) for part in ("gpt-5.", "gpt-5-0110", "2026-01-02", "r version 1", "Wilson")]
    assert places == sorted(places)


def test_facts_that_differ_between_runs_name_the_run():
    text = methods_of(report(about={"judge of a": "gpt-5", "judge of b": "claude"})).text
    assert "The judge was gpt-5 (a) and claude (b)." in text


def test_a_fact_that_a_run_lacks_is_left_out():
    text = methods_of(
        report(about={"model as served of a": "gpt-5-0110", "model as served of b": "unknown"})
    ).text
    assert "The replies came from gpt-5-0110 (a)." in text
    assert "unknown" not in text


def test_a_method_that_is_left_out_is_not_cited():
    left_out = f"{NOT_GIVEN} alternative annotator test, AUC."
    assert not methods_of(report(methods=(left_out,))).references
    used = methods_of(report(methods=(left_out, "The jackknife and the alternative annotator test.")))
    assert [one.key for one in used.references] == ["miller1974", "calderon2025"]
    assert left_out in used.text


def test_tests_of_several_tables_are_added_up():
    one = table(columns=(Column("p", "p", "p"),), rows=((0.1,), (0.2,)))
    two = table("u", (Column("p_holm", "p", "p"),), ((0.1,),), "By kind")
    text = methods_of(report(tables=[one, two, table("v")])).text
    assert (
        "3 p-values in the tables, 2 in 'By topic' (not adjusted) and 1 in 'By kind' (Holm-adjusted)" in text
    )


def test_each_judge_of_a_study_of_agreement_is_described():
    assert (
        "Judge run-1: gpt-5, run run-1." in methods_of(report(about={"judge run-1": "gpt-5, run run-1"})).text
    )


def test_folders_of_this_machine_are_not_in_the_paragraph():
    about = {"input": "/home/ann/answers.jsonl", "image root": "/home/ann"}
    text = methods_of(report(about=about)).text
    assert "Answers: answers.jsonl." in text
    assert "/home" not in text


def test_the_pass_rule_is_given_once():
    about = {"pass rule": "overall >= 3"}
    assert "Pass rule: overall >= 3." in methods_of(report(about=about)).text
    said = methods_of(report(about=about, methods=("An answer passes when overall >= 3.",))).text
    assert said.count("overall >= 3") == 1


@pytest.mark.parametrize(
    ("kind", "target"), [("report", "answers like these"), ("compare", "pairs of answers like these")]
)
def test_the_target_of_the_intervals_is_named(kind, target):
    assert target in methods_of(report(kind)).text


def test_the_target_of_agreement_is_in_its_own_sentences():
    assert "like these" not in methods_of(report("agree")).text


def test_intervals_are_listed_with_resamples_and_seed():
    drawn = Estimate(0.5, 0.4, 0.6, method="percentile", n_resamples=2000, seed=7)
    text = methods_of(report(tables=[table(rows=((drawn,), (WILSON,)))])).text
    assert "95 % bootstrap, 2,000 resamples, seed 7 and 95 % Wilson" in text


@pytest.mark.parametrize(
    ("keys", "correction"),
    [(["p"], "not adjusted"), (["p", "p_holm"], "Holm-adjusted"), (["p_adjusted"], "Benjamini-Yekutieli")],
)
def test_tests_are_counted_by_table_with_their_correction(keys, correction):
    columns = tuple(Column(key, key, "p") for key in keys)
    rows = tuple((p,) * len(keys) for p in (0.01, 0.2, float("nan"), None))
    text = methods_of(report(tables=[table(columns=columns, rows=rows)])).text
    assert f"Tests: 2 p-values in the tables, 2 in 'By topic' ({correction}" in text


def test_a_table_without_defined_p_values_has_no_tests():
    text = methods_of(report(tables=[table(columns=(Column("p", "p", "p"),), rows=((None,),))])).text
    assert "p-value" not in text


def test_a_statistic_of_a_table_is_named_and_cited():
    found = methods_of(report(tables=[table(columns=(Column("alpha", "alpha", "score"),))]))
    assert "Krippendorff's alpha [2]" in found.plain()
    assert [one.key for one in found.references] == ["wilson1927", "krippendorff2011"]


def test_a_statistic_of_a_named_estimate_is_cited():
    found = methods_of(report(methods=(), estimates={"people.ac1.clarity@gpt-5": WILSON}))
    assert [one.key for one in found.references] == ["gwet2008"]


def test_a_method_is_cited_once_where_it_is_named_first():
    found = methods_of(report(methods=("Wilson for shares.", "Wilson for rates.")))
    assert "Wilson [1] for shares. Wilson for rates." in found.plain()


def test_a_report_without_known_methods_cites_nothing():
    found = methods_of(report("plan", methods=("100 simulated studies.",)))
    assert found.references == ()
    assert found.plain() == found.text


def test_versions_of_scoring_and_analysis_are_named():
    text = methods_of(report(about={"judge-toolkit": "0.0.9"})).text
    assert "Scored with judge-toolkit 0.0.9, analysed with judge-toolkit" in text
    assert "Computed with judge-toolkit" in methods_of(report()).text


@pytest.mark.parametrize("one", REFERENCES, ids=lambda one: one.key)
def test_the_phrase_of_a_reference_is_found_by_its_pattern(one):
    assert one.end_in(one.phrase) is not None


def test_keys_of_references_are_unique_and_give_the_year():
    assert len({one.key for one in REFERENCES}) == len(REFERENCES)
    assert all(one.key.strip("abcdefghijklmnopqrstuvwxyz_") in one.source for one in REFERENCES)


def test_the_paragraph_of_an_example_names_judge_dates_statuses_and_rubric(example_run):
    result = CliRunner().invoke(main, ["report", str(example_run), "--json"])
    text = json.loads(result.stdout)["methods_paragraph"]
    for part in (
        "The judge was replay:",
        "Dates of the judgments: 20",
        "ok 110, truncated 5",
        "open_qa version 1",
    ):
        assert part in text


def test_the_paragraph_of_agreement_names_sampling_margin_and_tests(agreement):
    text = agreement["methods_paragraph"]
    for part in (
        "count as a random sample", "Scores of the judge on the rated items: ", "Non-inferiority margin 0.1",
        "epsilon 0.2", "in 'By topic' (Holm-adjusted", "rubric open_qa version 1",
    ):  # fmt: skip
        assert part in text
    assert any("Calderon" in one for one in agreement["references"])


def test_every_rendering_ends_with_the_paragraph_and_its_references():
    shown = report(methods=("Wilson for shares, 100 % of them.",))
    assert "Wilson [1] for shares" in str(shown)
    assert "1. Wilson EB." in str(shown)
    assert r"Wilson \[1\] for shares" in shown.to_markdown()
    assert "\n1. Wilson EB." in shown.to_markdown()
    assert "Wilson [1] for shares" in shown.to_html()
    assert "<li>Wilson EB." in shown.to_html()
    assert "<summary>Methods</summary>" in shown._repr_html_()
    assert shown.references[0].key == "wilson1927"


def test_latex_cites_by_key_and_lists_the_papers():
    text = report(methods=("Wilson for shares, 100 % of them.",)).to_latex()
    assert r"Wilson~\cite{wilson1927} for shares, 100 \% of them." in text
    assert "\\bibitem{wilson1927} Wilson EB." in text
    assert "thebibliography" not in report("plan", methods=()).to_latex()
