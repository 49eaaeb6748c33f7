import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_study.export import everything, long_rows, scores, wide_rows
from human_study.export_formats import WRITERS
from human_study.store import Study
from judge.files.writing import harmless, plain
from judge.formats.ratings import read_ratings
from judge.records import Item, Score

from .builders import MakeStudy, rate, rate_all


@pytest.fixture
def rated(make_study: MakeStudy) -> Study:
    study = make_study(raters=2, per_item=2, checks=0.1, repeats=0.1)
    rate_all(study, "R01", lambda _: 2)
    rate_all(study, "R02", lambda _: 4)
    return study


def test_rows_are_scores_of_people_with_the_overall_score_that_a_judge_gets(rated: Study) -> None:
    rows = [row for row in scores(rated) if row.item_id == "secret-id-0" and row.sample == 0]
    assert all(isinstance(row, Score) and row.rater_kind == "human" for row in rows)
    assert sorted((row.rater, row.dimension, row.value) for row in rows) == [
        (rater, name, value)
        for rater, value in (("R01", 2.0), ("R02", 4.0))
        for name in ("accuracy", "clarity", "overall")
    ]


def test_checks_and_practice_are_no_ratings_and_a_repeat_is_sample_1(rated: Study) -> None:
    rows = list(scores(rated))
    assert {row.item_id for row in rows} == {f"secret-id-{n}" for n in range(12)}
    assert sum(row.sample == 1 for row in rows) == 2 * 3
    assert len(rows) == 2 * (12 + 1) * 3


def test_every_row_carries_how_likely_its_item_was_drawn(make_study: MakeStudy) -> None:
    study = make_study(items=6)
    rate_all(study, "R01")
    assert {(row["probability"], row["stratum"]) for row in long_rows(study)} == {(0.5, "")}


def test_every_row_carries_how_many_checks_its_rater_failed(rated: Study) -> None:
    asked = {"R01": [], "R02": []}
    for task in rated.tasks():
        if task.kind == "check" and task.gold:
            asked[task.rater].append(bool(task.gold.missed(task.rating.reply.values)))
    assert all(asked.values())
    expected = {(rater, sum(failed), len(failed)) for rater, failed in asked.items()}
    assert {(r["rater"], r["checks_missed"], r["checks_seen"]) for r in long_rows(rated)} == expected


def test_a_skipped_answer_has_its_reason_and_no_value(study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    rate(study, "R01", 2, {}, skip="no picture")
    assert {(row.status, row.value, row.reason) for row in scores(study)} == {("skipped", None, "no picture")}


def test_half_a_rating_is_no_row(study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    rate(study, "R01", 2, {"accuracy": 4})
    assert list(scores(study)) == []


def test_dropped_raters_are_left_out(rated: Study) -> None:
    rated.drop("R01", "failed")
    assert {row.rater for row in scores(rated)} == {"R02"}


def test_after_a_discussion_the_later_rating_counts_only_where_asked_for(rated: Study) -> None:
    rated.open_discussion(["secret-id-0"])
    for task in [task for task in rated.tasks() if task.kind == "discussion"]:
        rate(rated, task.rater, task.n, {"accuracy": 3, "clarity": 3})

    def values(after: bool) -> set[object]:
        rows = scores(rated, after_discussion=after)
        return {row.value for row in rows if row.item_id == "secret-id-0" and row.sample == 0}

    assert values(after=False) == {2.0, 4.0}
    assert values(after=True) == {3.0}


def test_wide_rows_have_one_column_for_each_question(rated: Study) -> None:
    row = next(wide_rows(rated))
    assert (row["accuracy"], row["clarity"], row["seconds"]) == (2, 2, 10.0)


def test_everything_holds_the_history_and_no_secret(rated: Study) -> None:
    text = json.dumps(everything(rated))
    assert not [rater.name for rater in rated.raters() if rater.token in text]
    assert rated.admin_token not in text
    found = everything(rated)
    assert len(found["history"]) == 2 * 15
    assert {task["kind"] for rater in found["raters"] for task in rater["tasks"]} == {
        "training", "main", "check", "repeat",
    }  # fmt: skip


@given(st.text() | st.text("'=+-@a", max_size=4))
def test_what_was_made_harmless_is_read_back_as_it_was(text: str) -> None:
    assert plain(harmless(text)) == text
    assert not str(harmless(text)).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_note_that_is_a_formula_is_harmless_in_a_spreadsheet(study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    rate(study, "R01", 2, {"accuracy": 4, "clarity": 4}, note='=HYPERLINK("https://evil.example")')
    stream = io.StringIO()
    WRITERS["wide"](study, stream, False, False)
    stream.seek(0)
    assert next(csv.DictReader(stream))["note"].startswith("'=")


@pytest.mark.parametrize("layout", sorted(WRITERS))
def test_every_layout_can_be_written(rated: Study, layout: str) -> None:
    stream = io.StringIO()
    assert WRITERS[layout](rated, stream, False, False) > 0
    assert stream.getvalue()


def test_lines_of_json_are_the_rows(rated: Study) -> None:
    stream = io.StringIO()
    assert WRITERS["long"](rated, stream, True, False) == len(list(long_rows(rated)))
    assert json.loads(stream.getvalue().splitlines()[0]) == next(long_rows(rated))


@pytest.mark.parametrize("name", ["ratings.csv", "ratings.jsonl"])
def test_judge_agree_reads_the_long_table_as_the_same_scores(rated: Study, tmp_path: Path, name: str) -> None:
    rate(rated, "R01", 2, {"accuracy": 1, "clarity": 2}, note="a note, with a comma")
    rate(rated, "R01", 3, {}, skip="no idea")
    with (tmp_path / name).open("w", newline="") as stream:
        WRITERS["long"](rated, stream, name.endswith("jsonl"), False)
    assert list(read_ratings(tmp_path / name)) == list(scores(rated))


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_a_study_without_ratings_has_a_header_all_the_same(study: Study, rated: Study, layout: str) -> None:
    empty, full = io.StringIO(), io.StringIO()
    assert WRITERS[layout](study, empty, False, False) == 0
    assert WRITERS[layout](rated, full, False, False) > 0
    assert empty.getvalue() == full.getvalue().splitlines(keepends=True)[0]


@pytest.mark.parametrize("name", ["-3", "=SUM(1)", "'quoted"])
def test_an_id_is_written_as_the_run_has_it(make_study: MakeStudy, name: str) -> None:
    study = make_study([Item(id=name, question="?", answer="!")], raters=1, per_item=1)
    rate_all(study, "R01")
    stream = io.StringIO()
    WRITERS["long"](study, stream, False, False)
    stream.seek(0)
    assert {row["item_id"] for row in csv.DictReader(stream)} == {name}
