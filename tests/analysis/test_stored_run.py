"""Tables of stored runs: scores in memory, texts in the run folder."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from judge.analysis import item_columns
from judge.analysis.compare import compare, split
from judge.analysis.failures import Failures
from judge.analysis.item_columns import question_key
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import members
from judge.analysis.stored_run import UNREAD, StoredItems
from judge.errors import InputError, RunError
from judge.records import Item, content_hash
from judge.reporting.builders.run_data import read_run
from judge.scoring import run_database
from judge.scoring.run import Run

FLAGS = {
    "sure": {"type": "boolean", "description": "x"},
    "note": {"type": "text", "description": "x"},
}
ROWS = [
    {"accuracy": 4, "clarity": 4, "sure": 1.0, "note": "", "reasons": {"accuracy": "Good.", "clarity": ""}},
    {"accuracy": 2, "clarity": 5, "sure": 0.0, "reasons": {"accuracy": "Rated 3 of 5 parts."}},
    {"accuracy": "refused", "clarity": 1, "reasons": {"accuracy": "I refuse.", "clarity": "Sätze."}},
    {"accuracy": 5, "reasons": {"accuracy": "It has 2 parts."}},
]
FIELDS = [
    {"topic": "pumps", "level": 1, "pair_id": "p0"},
    {"level": 1.0, "topic": None, "pair_id": "p0"},
    {"tags": ["a", "b"], "level": True},
    {"topic": "pumps", "late": {"a": 1}, "system": "inner"},
]


@pytest.fixture
def rubric(make_rubric):
    return make_rubric(flags=FLAGS)


@pytest.fixture
def items():
    texts = ["yes", "Sorry, I cannot.", "", 'two {"accuracy": 5, "clarity": 5} words']
    systems = ["s1", None, "s2", None]
    return [
        Item(id=f"i{n}", question=f"q{n // 2}?", answer=text, system=system, metadata=fields)
        for n, (text, system, fields) in enumerate(zip(texts, systems, FIELDS, strict=True))
    ]


@pytest.fixture
def scores(rubric, make_scores):
    return [score for n, row in enumerate(ROWS) for score in make_scores(f"i{n}", row, rubric)]


@pytest.fixture
def make_run(tmp_path, rubric, items):
    def make(scores):
        Run.imported(tmp_path / "run", rubric, items, scores, model="robot").close()
        return tmp_path / "run"

    return make


def stored(path):
    with Run.open(path) as run:
        return ScoreTable.of_run(run)


def change(path, statement):
    with closing(sqlite3.connect(path / "run.db", isolation_level=None)) as db:
        db.execute(statement)


def everything(table):
    return {
        "rater": (table.rater, table.n_samples, len(table)),
        "values": {name: column.tolist() for name, column in table.values.items()},
        "statuses": {name: column.tolist() for name, column in table.statuses.items()},
        "reasons": {
            name: [table.reason(name, row) or "" for row in range(len(table))] for name in table.reasons
        },
        "flags": {name: column.tolist() for name, column in table.flags.items()},
        "items": list(table.items),
        "fields": {name: (table.field(name).tolist(), table.texts(name)) for name in [*table.fields, "id"]},
        "labels": {name: table.labels(name) for name in table.fields},
        "questions": table.questions.tolist(),
        "verdicts": table.verdicts.tolist(),
        "anomalies": [column.tolist() for column in (table.columns.n_words, table.columns.refuses)],
    }


@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [2, 1], [3]])
def test_stored_table_equals_the_one_in_memory(make_run, scores, rubric, items, rows):
    table, other = stored(make_run(scores)), ScoreTable.build("run", rubric, items, scores)
    np.testing.assert_equal(everything(table.take(rows)), everything(other.take(rows)))


@pytest.mark.parametrize("batch", [1, 2, 3, 20_000])
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1), slice(2, None)])
def test_scores_are_read_in_any_order_and_in_batches(
    make_run, scores, rubric, items, monkeypatch, batch, order
):
    monkeypatch.setattr(run_database, "_BATCH", batch)
    table = ScoreTable.build("run", rubric, items, scores[order])
    np.testing.assert_equal(everything(stored(make_run(scores[order]))), everything(table))


def test_summary_from_a_reading_is_that_of_queries(make_run, scores):
    path = make_run(scores)
    read = read_run(path).summary
    with Run.open(path) as run:
        queried = run.summary()
    assert (read, read.with_verdict_in_text) == (queried, 1)
    assert [(name, *n) for name, n in read.statuses.items()] == [
        (name, *n) for name, n in queried.statuses.items()
    ]


def test_report_of_a_usual_run_reads_its_scores_once(make_run, scores, monkeypatch):
    queries = []
    read = Run._read

    def note(run, query, *values):
        queries.append(query)
        return read(run, query, *values)

    monkeypatch.setattr(Run, "_read", note)
    read_run(make_run(scores))
    assert not [query for query in queries if "FROM scores" in query and "GROUP BY" in query]
    assert not [query for query in queries if query == "SELECT data FROM items"]


def test_no_text_of_an_answer_and_few_reasons_are_held(make_run, scores):
    table = stored(make_run(scores))
    held = [value for column in table.columns.fields.values() for value in column.values]
    held += [reason for column in table.reasons.values() for reason in column if isinstance(reason, str)]
    assert not {"Sorry, I cannot.", "Good.", "It has 2 parts."} & set(map(str, held))
    assert {column.codes.dtype for column in table.statuses.values()} == {np.dtype(np.int8)}


def test_texts_stay_in_the_run(make_run, scores):
    table = stored(make_run(scores))
    assert isinstance(table.items, StoredItems)
    assert table.reasons["accuracy"][0] is UNREAD
    assert table.reason("accuracy", 0) == "Good."
    assert [item.id for item in table.items[1:3]] == ["i1", "i2"]


def test_reason_that_states_a_score_and_reason_without_a_score_are_held(make_run, scores):
    reasons = stored(make_run(scores)).reasons["accuracy"]
    assert reasons[1:3].tolist() == ["Rated 3 of 5 parts.", "I refuse."]
    assert reasons[3] is UNREAD


def test_fields_are_listed_in_the_order_of_the_first_item_that_has_them(make_run, scores):
    table = stored(make_run(scores))
    assert table.fields == ["system", "topic", "level", "pair_id", "tags", "late"]
    assert table.take([1, 0]).fields == ["system", "level", "pair_id", "topic"]


def test_field_with_long_values_is_read_again(make_run, scores, monkeypatch):
    monkeypatch.setattr(item_columns, "_MOST_CHARACTERS", 3)
    table = stored(make_run(scores))
    assert table.columns.fields["topic"].values is None
    assert table.field("topic").tolist() == ["pumps", "(none)", "(none)", "pumps"]
    assert table.labels("topic") == {"pumps", "(none)"}
    assert table.texts("topic") == ["pumps", None, None, "pumps"]
    assert table.given("topic").tolist() == [True, False, False, True]


@pytest.mark.parametrize("most", [3, 50_000_000])
@pytest.mark.parametrize("field", ["topic", "level", "id", "level*topic"])
def test_slices_are_those_of_the_labels_of_the_items(make_run, scores, monkeypatch, most, field):
    monkeypatch.setattr(item_columns, "_MOST_CHARACTERS", most)
    table = stored(make_run(scores)).take([3, 1, 0])
    columns = [table.field(name).tolist() for name in field.split("*")]
    expected = {" * ".join(labels): [] for labels in zip(*columns, strict=True)}
    for row, labels in enumerate(zip(*columns, strict=True)):
        expected[" * ".join(labels)].append(row)
    assert {label: np.flatnonzero(rows).tolist() for label, rows in members(table, field)} == expected


def test_field_that_no_item_has_is_an_error(make_run, scores):
    table = stored(make_run(scores))
    assert table.texts("colour") == [None] * 4
    with pytest.raises(InputError, match="no item has the field 'colour'"):
        table.field("colour")


def test_worst_answer_is_shown_with_its_reasons(make_run, scores):
    (worst,) = Failures(stored(make_run(scores))).worst_items(1)
    assert (worst.item.id, worst.reasons) == ("i2", {"accuracy": "I refuse.", "clarity": "Sätze."})


def test_items_of_a_flip_are_read_when_they_are_shown(make_run, scores):
    table = stored(make_run(scores)).take([0, 1])
    (flip,) = compare(*(table.take([row]) for row in (0, 1)), cluster="id").flips
    assert flip.passed == (True, False)
    assert (flip.a.item.answer, flip.b.item.answer) == ("yes", "Sorry, I cannot.")


def test_split_of_a_stored_run_keeps_its_items_stored(make_run, scores):
    first, _ = split(stored(make_run(scores)).take([0, 2]), "system")
    assert isinstance(first.items, StoredItems)


def test_repeated_judgments_are_counted(make_run, scores):
    again = [score.model_copy(update={"sample": 1, "value": 1.0}) for score in scores[:1]]
    table = stored(make_run([*scores, *again]))
    assert (table.n_samples, table.values["accuracy"][0]) == (2, 4)


@pytest.mark.parametrize("name", ["accuracy", "sure"])
def test_second_score_of_one_judge_is_an_error(make_run, scores, name):
    twice = next(score for score in scores if score.dimension == name)
    with pytest.raises(InputError, match=f"second score for item 'i0', rater 'robot', dimension '{name}'"):
        stored(make_run([*scores, twice]))


def test_second_judge_is_an_error(make_run, scores):
    other = scores[0].model_copy(update={"rater": "other"})
    with pytest.raises(InputError, match="scores of 2 raters"):
        stored(make_run([*scores, other]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("value = 9.0", "accuracy is 9 on a scale from 1 to 5"),
        ("value = 'four'", "accuracy is 'four'"),
        ("value = NULL", "requires a value"),
        ("status = 'odd', value = NULL", "found 'odd'"),
        ("item_id = 'i9'", "names item 'i9', which is not in the run"),
    ],
)
def test_damaged_score_is_an_error(make_run, scores, values, message):
    path = make_run(scores)
    change(path, f"UPDATE scores SET {values} WHERE item_id = 'i0' AND dimension = 'accuracy'")
    with pytest.raises((RunError, InputError), match=message):
        stored(path)


def test_score_of_a_dimension_that_the_rubric_lacks_is_left_out(make_run, scores):
    path = make_run(scores)
    change(path, "UPDATE scores SET dimension = 'old' WHERE item_id = 'i0' AND dimension = 'clarity'")
    table = stored(path)
    assert (table.statuses["clarity"][0], table.statuses["accuracy"][0]) == ("unscored", "ok")


def test_run_without_scores_has_no_judge(make_run):
    table = stored(make_run([]))
    assert (table.rater, set(table.outcomes.tolist())) == ("", {"unscored"})


@pytest.mark.parametrize("field", ["topic", "level", "question", "id", None])
@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [3, 1, 0]])
def test_clusters_are_numbered_in_the_order_of_their_names(make_run, scores, field, rows):
    table = stored(make_run(scores)).take(rows)
    name = table.cluster_field(field)
    expected = None if name is None else np.unique(table.groups(name), return_inverse=True)[1].tolist()
    found = table.clusters(field)
    assert (None if found is None else found.tolist()) == expected


def test_clusters_of_a_field_with_long_values_are_read_again(make_run, scores, monkeypatch):
    expected = stored(make_run(scores)).clusters("topic").tolist()
    monkeypatch.setattr(item_columns, "_MOST_CHARACTERS", 3)
    assert stored(make_run(scores)).clusters("topic").tolist() == expected


@pytest.mark.parametrize(
    "content",
    [
        {"question": 'Größe "x"\n\u2028\x01\\ 😀', "reference": "ja/nein"},
        {"question": "\ud800", "images": [{"path": "a.png"}, {"url": "https://x.y/ä", "role": "reference"}]},
        {"question": "", "reference": "", "images": [{"path": "a.png", "sha256": "00ff"}]},
    ],
)
def test_key_of_a_question_is_a_content_hash(content):
    item = Item(id="a", answer="b", **content)
    images = [image.sha256 or (image.path, image.url) for image in item.images]
    assert question_key(item) == content_hash([item.question, images, item.reference])[:20]
