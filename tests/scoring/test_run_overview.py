"""How a run shows itself, and how single items are looked up in it."""

import re

import pandas
import pytest

import judge
from judge.errors import RunError
from judge.records import Score
from judge.rubric import Rubric, load_rubric
from judge.scoring.item_result import ItemResult
from judge.scoring.judge import Judge
from judge.scoring.run import Run
from judge.scoring.run_overview import RunOverview
from judge.scoring.run_summary import RunSummary

from .builders import item as item_with
from .builders import rubric

FLAGS = {"short": {"description": "Is it short?"}, "note": {"type": "text", "description": "A note."}}


def item(id, answer="An answer.", **metadata):
    return item_with(id, answer, metadata=metadata)


def score(value, **fields):
    return Score(**{"rater": "m", "rater_kind": "judge", "dimension": "a", "value": value, **fields})


@pytest.fixture
def run(tmp_path):
    """Three items: one passes, one fails by its only dimension, one has no score."""
    given = rubric(flags=FLAGS)
    with Run.create(tmp_path / "run", Judge(model="m", rubric=given)) as made:
        made.add_items([item("q1", topic="<i>"), item("q2", "Worse."), item("q3", "None.", passed="yes")])
        rows = []
        for item_id, value in (("q1", 5.0), ("q2", 2.0)):
            rows += [score(value, item_id=item_id, dimension=name, reason="because") for name in ("a", "b")]
            rows += [score(value, item_id=item_id, dimension="overall")]
            rows += [score(float(value > 3), item_id=item_id, dimension="short")]
            rows += [score("text", item_id=item_id, dimension="note")]
        rows += [
            score(None, item_id="q3", dimension=name, status="failed", reason="timeout: x")
            for name in ("a", "b", "overall", "short", "note")
        ]
        made.write_scores(rows, given)
        yield made


def test_a_run_prints_its_verdicts_and_how_often_each_score_was_given(run):
    head, titles, *rows = str(run).splitlines()
    assert "1 of 3 answers pass, 1 fail, 1 have no verdict" in head
    assert titles.split() == ["mean", "1", "2", "3", "4", "5", "no", "score"]
    assert rows[0].split() == ["a", "3.50", "0", "1", "0", "0", "1", "1", "failed"]
    assert re.search(r"^short +1 true, 1 false +1 failed$", str(run), re.M)
    assert re.search(r"^note +2 texts +1 failed$", str(run), re.M)


def test_a_notebook_shows_the_same_as_a_table(run):
    html = run._repr_html_()
    assert "1 of 3 answers pass" in html
    assert "<tr><th>a</th><td>3.50</td><td>0</td><td>1</td>" in html
    assert '<th>short</th><td colspan="6">1 true, 1 false</td><td>1 failed</td>' in html


def test_an_item_is_looked_up_with_its_scores_statuses_and_reasons(run):
    found = run["q2"]
    assert found.item.answer == "Worse."
    assert found.scores == {"a": 2.0, "b": 2.0, "overall": 2.0, "short": 0.0, "note": "text"}
    assert (found.statuses["a"], found.reasons["a"], found.passes()) == ("ok", "because", False)
    assert (run["q3"].scores["a"], run["q3"].statuses["a"], run["q3"].passes()) == (None, "failed", None)


def test_an_id_that_is_not_in_the_run_is_an_error(run):
    with pytest.raises(RunError, match="no item 'q9'"):
        run["q9"]


def test_failures_are_the_items_that_fail_the_pass_rule(run):
    assert [found.item.id for found in run.failures()] == ["q2"]
    assert [found.item.id for found in run.failures(dimension="a")] == ["q2"]


def test_failures_of_a_dimension_leave_out_items_that_are_good_enough_on_it(tmp_path):
    given = rubric()
    with Run.create(tmp_path / "r", Judge(model="m", rubric=given)) as run:
        run.add_items([item("q1")])
        values = {"a": 4.0, "b": 1.0, "overall": 2.5}
        run.write_scores([score(v, item_id="q1", dimension=name) for name, v in values.items()], given)
        found = {name: [f.item.id for f in run.failures(name)] for name in values}
    assert found == {"a": [], "b": ["q1"], "overall": ["q1"]}


def test_a_score_that_misses_its_threshold_by_a_rounding_error_is_not_below_it():
    given = rubric()
    below = {
        value: ItemResult(item("q1"), (score(value, item_id="q1", dimension="overall"),), given).is_below(
            "overall"
        )
        for value in (2.9999999999999996, 2.99, 3.0)
    }
    assert below == {2.9999999999999996: False, 2.99: True, 3.0: False}


def test_failures_of_an_unknown_dimension_are_an_error(run):
    with pytest.raises(RunError, match=r"no dimension 'c'.*allowed: a, b, overall"):
        run.failures(dimension="c")


def test_a_dataframe_has_a_row_an_item_with_scores_statuses_reasons_and_metadata(run):
    frame = run.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["id"]) == ["q1", "q2", "q3"]
    assert list(frame["passed"]) == [True, False, pandas.NA]
    assert frame["passed"].mean() == 0.5
    assert frame["a"].dtype == float
    assert frame["a"].mean() == 3.5  # NaN where there is no score
    assert list(frame["a_status"]) == ["ok", "ok", "failed"]
    assert frame["a_reason"][2] == "timeout: x"
    assert list(frame["note"].fillna("-")) == ["text", "text", "-"]
    assert frame["topic"][0] == "<i>"
    assert frame["metadata_passed"][2] == "yes"  # no field of an item hides a column of ours


def test_a_dataframe_of_several_samples_has_a_row_for_each(tmp_path):
    given = rubric()
    with Run.create(tmp_path / "r", Judge(model="m", rubric=given)) as run:
        run.add_items([item("q1")])
        run.set_fact("samples", 2)
        run.write_scores(
            [
                score(float(n + 3), item_id="q1", dimension=d, sample=n)
                for n in (0, 1)
                for d in ("a", "overall")
            ],
            given,
        )
        frame = run.to_pandas()
    assert [*zip(frame["sample"], frame["a"], strict=True)] == [(0, 3.0), (1, 4.0)]


def test_a_run_without_items_shows_itself_too(tmp_path):
    with Run.create(tmp_path / "r", Judge(model="m", rubric=rubric())) as run:
        assert "0 of 0 answers pass" in str(run)
        assert "0 of 0 answers pass" in run._repr_html_()
        assert len(run.to_pandas()) == 0


def test_a_boolean_flag_without_any_value_is_no_text(tmp_path):
    with Run.create(tmp_path / "run", Judge(model="m", rubric=rubric(flags=FLAGS))) as made:
        made.add_items([item("q1")])
        missing = {"item_id": "q1", "status": "unparsed", "reason": "r"}
        made.write_scores([score(None, dimension=name, **missing) for name in ("short", "note")])
        lines = {line.split()[0]: line for line in made.overview().table().splitlines()[1:]}
    assert "0 true, 0 false" in lines["short"]
    assert "0 texts" in lines["note"]


def test_a_table_without_scores_has_no_columns_for_scores(tmp_path):
    made = Rubric.model_validate(
        {
            "name": "listed",
            "task": "Judge.",
            "criteria": {},
            "overall": {"how": "points"},
            "pass": {"overall": 0.5},
        }
    )
    rows = [{"id": "a", "question": "q", "answer": "One.", "criteria": ["One."]}]
    overview = judge.score(rows, rubric=made, out=tmp_path / "run").overview()
    assert overview.table().splitlines()[0].split() == ["no", "score"]
    assert "<th>1</th>" not in overview.html()


def test_statuses_are_below_each_other_where_the_terminal_is_narrow(tmp_path):
    rubric = load_rubric("open_qa")
    overview = RunOverview(
        tmp_path,
        rubric,
        RunSummary(statuses={"clarity": {"ok": 2, "truncated": 1, "refused": 1}}),
        {"clarity": {3.0: 2}},
    )
    assert overview.table(80).splitlines()[1].endswith("  1 truncated, 1 refused")
    first, second = overview.table(40).splitlines()[1:]
    assert first.endswith("  1 truncated,")
    assert second.strip() == "1 refused"
    assert max(map(len, (first, second))) <= 60
