"""The run folder: nothing that was acknowledged is lost, nothing is asked twice."""

import contextlib
import json
import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import InputError, RunError
from judge.files.sqlite import connect_to_read
from judge.records import Completion, Failure, Image, Item, Score, Usage
from judge.scoring import run_format, schema
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores
from judge.scoring.prompt import build_requests
from judge.scoring.run import IngestCounts, Run

from .builders import completion, item, reply, rubric

JUDGE = Judge(model="openai/gpt-5", rubric=rubric())


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", JUDGE) as run:
        yield run


def requests(*items):
    return [request for i in items for request in build_requests(i, JUDGE)]


def score(value=4.0, **fields):
    given = {"item_id": "i1", "rater": "r", "rater_kind": "judge", "dimension": "a", "value": value, **fields}
    return Score(**given)


# ---- opening


@pytest.mark.parametrize("again", [False, True], ids=["made", "opened"])
def test_a_completion_is_written_through_to_the_disk(tmp_path, monkeypatch, again):
    monkeypatch.undo()
    if again:
        Run.create(tmp_path / "run", JUDGE).close()
    with Run.create(tmp_path / "run", JUDGE) as found:
        (level,) = found._db.execute("PRAGMA synchronous").fetchone()
        assert level == 2  # FULL


def test_created_run_is_opened_again_with_its_judge_and_rubric(run):
    with Run.open(run.path) as again:
        assert again.judge.fingerprint == JUDGE.fingerprint
        assert again.rubric == JUDGE.rubric
        assert again.name == "run"


def test_opening_a_folder_without_a_run_says_how_to_make_one(tmp_path):
    with pytest.raises(RunError, match=r"no run here.*judge score"):
        Run.open(tmp_path)


def test_second_process_on_a_run_is_told_so(run):
    with pytest.raises(RunError, match="another process is scoring"):
        Run.create(run.path, JUDGE)


def test_run_can_be_read_while_it_is_scored(run):
    run.add_items([item()])
    with Run.open(run.path) as reader:
        assert [i.id for i in reader.items()] == ["i1"]


def test_closed_run_can_be_scored_again(run):
    run.close()
    Run.create(run.path, JUDGE).close()


def test_run_of_another_judge_is_refused_and_the_difference_named(run):
    run.append([completion("x")])
    run.close()
    other = Judge(model=JUDGE.model, rubric=rubric(), params={"temperature": 0})
    with pytest.raises(RunError, match=r"params.temperature: null in the run, 0 now"):
        Run.create(run.path, other)


def test_run_in_which_nobody_has_answered_takes_another_judge(run):
    """A first try with a wrong key must not bind the folder to its parameters."""
    run.close()
    other = Judge(model=JUDGE.model, rubric=rubric(), params={"temperature": 0})
    with Run.create(run.path, other) as again:
        assert again.judge == other


def test_imported_run_takes_no_other_judge(tmp_path):
    Run.imported(tmp_path / "r", rubric(), [item()], [overall("i1", 4.0)], model="gpt-5").close()
    with pytest.raises(RunError, match="belongs to another judge"):
        Run.create(tmp_path / "r", JUDGE)


def test_other_pass_rule_needs_no_other_run_and_the_error_says_so(run):
    run.append([completion("x")])
    run.close()
    other = Judge(model=JUDGE.model, rubric=rubric(**{"pass": {"overall": 4}}))
    with pytest.raises(
        RunError, match=r"rubric.pass.overall: 3.0 in the run, 4.0 now.*judge parse .*--rubric"
    ):
        Run.create(run.path, other)


def test_many_differences_are_not_listed_all(run):
    run.append([completion("x")])
    run.close()
    other = Judge(model=JUDGE.model, rubric=rubric(), params=dict.fromkeys("abcdefgh", 1))
    with pytest.raises(RunError, match=r"params.e: null in the run, 1 now; …\)") as error:
        Run.create(run.path, other)
    assert "judge parse" not in str(error.value)


def test_long_difference_is_shortened(run):
    run.append([completion("x")])
    run.close()
    with pytest.raises(RunError, match="…"):
        Run.create(run.path, Judge(model="replay:" + "x" * 200, rubric=rubric()))


def test_refused_judge_leaves_the_run_unlocked(run):
    run.append([completion("x")])
    run.close()
    with pytest.raises(RunError, match="belongs to another judge"):
        Run.create(run.path, Judge(model="replay:y", rubric=rubric()))
    Run.create(run.path, JUDGE).close()


def test_file_of_another_program_is_refused(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "run.db")) as db:
        db.execute("CREATE TABLE meta (x)")
    with pytest.raises(RunError, match="not a run of this tool"):
        Run.open(tmp_path)


def test_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "run.db").write_text("not a database, but long enough to be read as one" * 10)
    with pytest.raises(RunError, match="not a database"):
        Run.open(tmp_path)


def test_run_that_cannot_be_made_is_not_locked(tmp_path):
    (tmp_path / "run.db").write_text("no database" * 1000)
    with pytest.raises(RunError) as kept:
        Run.create(tmp_path, JUDGE)
    (tmp_path / "run.db").unlink()
    Run.create(tmp_path, JUDGE).close()
    assert kept


def test_import_that_breaks_off_leaves_the_run_unlocked(tmp_path):
    def broken():
        yield item()
        raise InputError("line 2")

    with pytest.raises(InputError) as kept:
        Run.imported(tmp_path, rubric(), broken(), [], model="gpt-5")
    Run.create(tmp_path, Judge(model="gpt-5", rubric=rubric())).close()
    assert kept


def make_old(path, version=1):
    """Turn a run into one of an earlier format."""
    with contextlib.closing(sqlite3.connect(path / "run.db", isolation_level=None)) as db:
        db.execute("ALTER TABLE scores DROP COLUMN criterion")
        if version == 1:
            db.execute("ALTER TABLE completions DROP COLUMN label_probabilities")
        db.execute(f"PRAGMA user_version = {version}")


@pytest.mark.parametrize("version", [1, 2])
def test_export_of_an_earlier_format_has_the_same_bytes(run, version):
    run.add_items([item()])
    (asked,) = run.missing(requests(item()))
    run.append([Completion.of(asked, reply=reply(), finish_reason="stop")])
    derive_scores(run, rubric())
    run.export()
    run.close()
    scores = (run.path / "scores.jsonl").read_bytes()
    make_old(run.path, version)
    with Run.open(run.path) as again:
        again.export()
    assert (run.path / "scores.jsonl").read_bytes() == scores
    assert b"criterion" not in scores


@pytest.mark.parametrize(
    "open_again", [Run.open, lambda path: Run.create(path, JUDGE)], ids=["open", "create"]
)
def test_run_of_the_first_format_keeps_all_it_holds(run, open_again):
    run.add_items([item()])
    (asked,) = run.missing(requests(item()))
    run.append([Completion.of(asked, reply=reply(), finish_reason="stop")])
    run.close()
    make_old(run.path)
    with open_again(run.path) as again:
        (kept,) = again.completions()
        ((_, judged),) = again.judgments()
        assert again.summary().on_scale is None
    assert (kept.reply, kept.label_probabilities) == (reply(), None)
    assert judged == [kept]


def stored_format(path):
    with contextlib.closing(sqlite3.connect(path / "run.db")) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def test_run_of_the_first_format_is_not_changed_by_reading_it(run):
    run.close()
    make_old(run.path)
    Run.open(run.path).close()
    assert stored_format(run.path) == 1


def test_run_of_the_first_format_is_not_changed_for_another_judge(run):
    run.append([Completion.of(requests(item())[0], reply=reply(), finish_reason="stop")])
    run.close()
    make_old(run.path)
    with pytest.raises(RunError, match="belongs to another judge"):
        Run.create(run.path, Judge(model="openai/gpt-4o", rubric=rubric()))
    assert stored_format(run.path) == 1


def test_reader_of_the_first_format_goes_on_while_the_run_is_brought_up_to_date(run):
    run.append([Completion.of(requests(item())[0], reply="first", finish_reason="stop")])
    run.close()
    make_old(run.path)
    with Run.open(run.path) as reader, Run.create(run.path, JUDGE) as writer:
        asked = requests(item("i2"))[0]
        writer.append([Completion.of(asked, reply="4", label_probabilities={"4": 1.0})])
        assert [c.label_probabilities for c in reader.completions()] == [None, {"4": 1.0}]


def test_probabilities_of_labels_survive_word_for_word(run):
    asked = requests(item())[0]
    run.append([Completion.of(asked, reply="4", label_probabilities={"4": 0.1 + 0.2, "5": 0.0})])
    assert next(run.completions()).label_probabilities == {"4": 0.1 + 0.2, "5": 0.0}


def test_summary_says_how_much_of_the_probability_lay_on_the_scale(run):
    assert run.summary().on_scale is None
    asked = requests(item())[0]
    run.append([Completion.of(asked, reply="4", label_probabilities={"4": 0.5, "5": p}) for p in (0.1, 0.3)])
    assert run.summary().on_scale == pytest.approx(0.7)


def test_probability_that_is_no_number_leaves_the_run_readable(run):
    asked = requests(item())[0]
    run.append([Completion.of(asked, reply="!", label_probabilities={"4": float("nan")})])
    assert run.summary().on_scale == 0.0


def test_reply_that_shows_no_label_counts_as_nothing_on_the_scale(run):
    asked = requests(item())[0]
    run.append([Completion.of(asked, reply="The", label_probabilities=shown) for shown in ({}, {"4": 0.8})])
    run.append([Completion.of(asked, reply="4")])
    assert run.summary().on_scale == pytest.approx(0.4)


def test_run_of_a_newer_format_is_refused(run):
    run.close()
    with contextlib.closing(sqlite3.connect(run.path / "run.db")) as db:
        db.execute(f"PRAGMA user_version = {run_format.FORMAT + 1}")
    with pytest.raises(RunError, match="format 4; this version reads formats up to 3"):
        Run.open(run.path)


def test_finished_run_is_read_from_a_read_only_folder(run):
    run.add_items([item()])
    run.close()
    for name in ("run.db-wal", "run.db-shm"):
        (run.path / name).unlink(missing_ok=True)
    with contextlib.closing(connect_to_read(run.path / "run.db")) as db:
        assert db.execute("SELECT count(*) FROM items").fetchone() == (1,)


def test_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError, match="File exists"):
        Run.create(tmp_path / "run", JUDGE)


def test_lock_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "run.lock").mkdir()
    with pytest.raises(RunError, match="unable to open"):
        Run.create(tmp_path, JUDGE)


def test_lock_on_a_disk_that_refuses_is_not_taken_for_another_process(tmp_path, monkeypatch):
    class Refusing(sqlite3.Connection):
        def execute(self, *_):
            raise sqlite3.OperationalError("attempt to write a readonly database")

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda file, **options: connect(file, factory=Refusing, **options)
    )
    with pytest.raises(RunError, match="readonly database"):
        Run.create(tmp_path, JUDGE)


# ---- items


def test_items_keep_the_order_of_the_input(run):
    run.add_items(item(str(n)) for n in (3, 1, 2))
    assert [i.id for i in run.items()] == ["3", "1", "2"]


def test_item_comes_back_as_it_was(run):
    given_item = item(reference="r", choices=("x", "y"), gold="A", metadata={"ü": [1, {"x": None}], "e": ""})
    run.add_items([given_item])
    assert run.item("i1") == given_item


def test_unknown_item_is_an_error(run):
    with pytest.raises(RunError, match="no item 'i9'"):
        run.item("i9")


def test_same_item_twice_counts_once(run):
    assert run.add_items([item(), item()]) == IngestCounts(new=1, repeated=1)


def test_one_id_with_two_contents_is_an_error_and_nothing_is_kept(run):
    with pytest.raises(InputError, match="item 3: the id 'i1' was used before"):
        run.add_items([item(), item("i2"), item(answer="Other.")])
    assert list(run.items()) == []


def test_second_input_tells_known_changed_new_and_absent_items_apart(run):
    run.add_items([item("1"), item("2"), item("3")])
    assert run.add_items([item("1"), item("2", "Changed."), item("4")]) == IngestCounts(
        new=1, known=1, changed=1, elsewhere=1
    )


def test_latest_input_leaves_out_items_of_earlier_ones(run):
    run.add_items([item("1"), item("2")])
    run.add_items([item("2")])
    assert [i.id for i in run.items_to_ask()] == ["2"]
    assert [i.id for i in run.items()] == ["1", "2"]


def test_items_that_share_pictures_or_a_question_are_asked_side_by_side(run):
    pictures = [(), (Image(path="a.png"),), (Image(path="b.png"),)]
    asked = {
        "1": ("p", 0), "2": ("q", 1), "3": ("p", 2), "4": ("r", 1), "5": ("p", 0), "6": ("q", 1), "7": ("s", 0),
    }  # fmt: skip
    run.add_items(
        Item(id=name, question=question, answer=name, images=pictures[which])
        for name, (question, which) in asked.items()
    )
    assert [i.id for i in run.items_to_ask()] == ["1", "5", "7", "2", "6", "4", "3"]
    assert [i.id for i in run.items()] == list(asked)


def test_items_with_another_reference_are_no_neighbours(run):
    run.add_items([item("1", reference="x"), item("2", reference="y"), item("3", reference="x")])
    assert [i.id for i in run.items_to_ask()] == ["1", "3", "2"]


def test_most_pictures_of_one_item_are_known(run):
    assert run.most_images == 0
    run.add_items([item("1"), item("2", images=(Image(path="a.png"), Image(path="b.png")))])
    assert run.most_images == 2


def test_empty_run_has_no_items(run):
    assert list(run.items_to_ask()) == []


# ---- requests and completions


def test_request_with_a_completion_is_not_missing(run):
    one, two = requests(item("1"), item("2", "Another answer."))
    run.append([Completion.of(one, reply="x")])
    assert list(run.missing([one, two])) == [two]


def test_items_of_one_content_share_one_request_and_its_reply(run):
    (one,) = ask(run, item("1"), item("2"))
    run.append([Completion.of(one, reply="x")])
    assert [[c.reply for c in cs] for _, cs in run.judgments()] == [["x"], ["x"]]
    assert [c.reply for c in run.completions("2")] == ["x"]


def test_request_that_was_answered_meanwhile_is_not_asked_again_for_another_item(run):
    """Items of one content far apart: the first is answered before the second's turn comes."""
    given_items = [item("1"), item("2", "Another answer."), item("3")]
    asked = run.missing(r for i in given_items for r in requests(i))
    run.append([Completion.of(next(asked), reply="x")])
    assert [request.item.id for request in asked] == ["2"]


def test_requests_that_were_passed_over_are_counted(run):
    one, two = requests(item("1"), item("2", "Another answer."))
    run.append([Completion.of(one, reply="x")])
    assert list(run.missing([one, two, two])) == [two]
    assert run.reused == 2


def test_next_request_may_be_asked_for_out_of_another_thread(run):
    """In a notebook the API backend runs in a thread of its own."""
    given_requests = run.missing(requests(item()))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(next, given_requests).result().item.id == "i1"


def test_failed_request_is_missing_only_when_errors_are_retried(run):
    (one,) = requests(item())
    run.append([Completion.of(one, failure=Failure(kind="server", message="500"))])
    assert list(run.missing([one])) == []
    assert list(run.missing([one], retry_errors=True)) == [one]


def test_missing_is_lazy(run):
    pulled = []

    def stream():
        for n in range(1000):
            pulled.append(n)
            yield from requests(item(str(n), answer=str(n)))

    next(run.missing(stream()))
    assert pulled == [0]


def test_missing_keys_are_looked_up_in_blocks(run):
    wanted = [replace(request, key=f"{n:064}") for n in range(1000) for request in requests(item())]
    statements = []
    run.connection.set_trace_callback(statements.append)
    assert len(list(run.missing(wanted))) == 1000
    run.connection.set_trace_callback(None)
    looked_up = [statement for statement in statements if "FROM completions" in statement]
    assert 1000 / 64 < len(looked_up) < 1000 / 64 + 7  # the first blocks are smaller


def test_missing_reads_as_many_requests_ahead_as_were_read_before_and_at_most_63(run):
    pulled = []

    def stream():
        for n in range(1000):
            pulled.append(n)
            yield from requests(item(str(n), answer=str(n)))

    ahead = [len(pulled) - number for number, _ in enumerate(run.missing(stream()), start=1)]
    assert ahead[:7] == [0, 1, 0, 3, 2, 1, 0]
    assert max(ahead) == 63


def test_duplicates_within_a_block_are_asked_once_even_if_the_first_fails(run):
    same = requests(*(item(str(n)) for n in range(200)))
    assert len({request.key for request in same}) == 1
    asked = []
    for request in run.missing(same, retry_errors=True):
        asked.append(request)
        run.append([Completion.of(request, failure=Failure(kind="server", message="500"))])
    assert len(asked) == 9  # once a block: 1, 2, 4, 8, 16, 32, 64, 64 and the rest
    assert run.reused == 191


def test_duplicates_of_an_answered_request_are_not_asked_wherever_they_stand(run):
    same = requests(*(item(str(n)) for n in range(200)))
    asked = []
    for request in run.missing(same):
        asked.append(request)
        run.append([Completion.of(request, reply="x")])
    assert len(asked) == 1


def test_request_in_flight_at_the_lookup_and_answered_before_its_duplicate_is_asked_once(run):
    """The lookup of a block finds no reply to what is still in flight."""
    first, second = requests(item("1", answer="1"), item("2", answer="2"))
    stream = run.missing([first, second, replace(first, item=item("3", answer="1"))])
    asked = [next(stream), next(stream)]
    run.append([Completion.of(request, reply="x") for request in asked])
    assert list(stream) == []


def test_requests_of_all_items_that_were_read_are_stored(run):
    run.add_items(item(str(n), answer=str(n)) for n in range(10))
    stream = run.missing(r for i in run.items() for r in requests(i))
    run.append([Completion.of(next(stream), reply="x") for _ in range(10)])
    assert run._one("SELECT count(*) FROM requests") == 10


def test_truncated_replies_are_known(run):
    (one,) = requests(item())
    run.append([Completion.of(one, reply="x", finish_reason="stop")])
    assert not run.has_truncated_replies
    run.append([Completion.of(one, reply="x", finish_reason="length")])
    assert run.has_truncated_replies


def test_items_to_ask_are_read_in_blocks(run):
    run.add_items(item(str(n), answer=str(n)) for n in range(200))
    statements = []
    run.connection.set_trace_callback(statements.append)
    assert [i.id for i in run.items_to_ask()] == [str(n) for n in range(200)]
    run.connection.set_trace_callback(None)
    assert len(statements) == 5  # the order, and four blocks


def test_item_that_is_gone_while_items_are_asked_is_damage(run):
    run.add_items(item(str(n), answer=str(n)) for n in range(70))
    asked = run.items_to_ask()
    next(asked)
    run.connection.execute("DELETE FROM items WHERE id = '69'")
    with pytest.raises(RunError, match="damaged"):
        list(asked)


def test_changed_answer_is_another_request(run):
    (one,) = requests(item())
    run.append([Completion.of(one, reply="x")])
    (changed,) = requests(item(answer="Changed."))
    assert list(run.missing([changed])) == [changed]


def test_many_answered_requests_are_noted_without_a_completion(run):
    run.add_items(item(str(n), answer=str(n)) for n in range(5000))
    assert len(list(run.missing(r for i in run.items() for r in requests(i)))) == 5000
    with Run.open(run.path) as reader:
        assert reader._one("SELECT count(*) FROM requests") >= 4096


full = st.builds(
    Completion,
    key=st.text(min_size=1),
    item_id=st.text(min_size=1),
    sample=st.integers(0, 9),
    dimension=st.none() | st.text(),
    attempt=st.integers(0, 1),
    reply=st.none() | st.text(),
    finish_reason=st.none() | st.text(),
    refusal=st.none() | st.text(),
    reasoning=st.none() | st.text(),
    failure=st.none() | st.builds(Failure, kind=st.sampled_from(["server", "timeout"]), message=st.text()),
    usage=st.none() | st.builds(Usage, prompt_tokens=st.integers(0, 9), cached_tokens=st.integers(0, 9)),
    cost=st.none() | st.floats(0, 9),
    latency=st.none() | st.floats(0, 9),
    tries=st.integers(1, 9),
    model=st.none() | st.text(),
    dropped=st.lists(st.text()).map(tuple),
    created=st.none() | st.floats(0, 2e9),
)


@given(full)
def test_completion_comes_back_from_its_row_as_it_was(given_completion):
    assert schema.from_row(schema.to_row(given_completion)) == given_completion


def test_half_a_surrogate_pair_in_a_reply_is_stored_as_a_replacement_character(run):
    run.append([completion("half \ud83d", reasoning="é \ude00", refusal="whole \ud83d\ude00")])
    (stored,) = run.completions()
    assert (stored.reply, stored.reasoning) == ("half \ufffd", "é \ufffd")
    assert stored.refusal == "whole \U0001f600"


def test_half_a_surrogate_pair_in_a_reason_is_stored_as_a_replacement_character(run):
    run.write_scores([score(reason="half \ud83d")])
    assert next(run.scores()).reason == "half \ufffd"


def test_completions_of_a_request_come_oldest_first(run):
    run.append([completion("one"), completion("two", attempt=1), completion("other", key="k2")])
    assert [c.reply for c in run.completions_of("k")] == ["one", "two"]


def test_completions_come_oldest_first_and_by_item(run):
    run.append([completion("x", key="1", item_id="1"), completion("y", key="2", item_id="2")])
    assert [c.reply for c in run.completions()] == ["x", "y"]
    assert [c.reply for c in run.completions("2")] == ["y"]


def test_acknowledged_completion_survives_without_closing(run):
    run.append([completion("paid")])
    with contextlib.closing(sqlite3.connect(run.path / "run.db")) as other:
        assert other.execute("SELECT reply FROM completions").fetchall() == [("paid",)]


def ask(run, *items):
    run.add_items(items)
    return list(run.missing(requests(*items)))


def test_last_reply_counts_and_not_a_later_failure(run):
    (one,) = ask(run, item())
    run.append([Completion.of(one, reply="first"), Completion.of(one, reply="second")])
    run.append([Completion.of(one, failure=Failure(kind="timeout", message="t"))])
    ((_, completions),) = run.judgments()
    assert [c.reply for c in completions] == ["second"]


def test_failure_counts_where_there_is_no_reply(run):
    (one,) = ask(run, item())
    run.append([Completion.of(one, failure=Failure(kind="timeout", message="t"))])
    ((_, completions),) = run.judgments()
    assert completions[0].failure.kind == "timeout"


def test_item_that_was_not_asked_about_is_among_the_judgments(run):
    run.add_items([item()])
    assert [(i.id, cs) for i, cs in run.judgments()] == [("i1", [])]


def test_reply_to_the_former_answer_does_not_count_for_the_changed_one(run):
    (one,) = ask(run, item())
    run.append([Completion.of(one, reply="old")])
    run.add_items([item(answer="Changed.")])
    assert [cs for _, cs in run.judgments()] == [[]]


# ---- scores


def test_scores_come_back_in_order_as_they_were(run):
    rows = [score(4.0), score(None, status="refused", reason="no"), score("text", dimension="issue")]
    run.write_scores(rows)
    assert list(run.scores()) == rows


def test_writing_scores_replaces_all_former_ones(run):
    run.write_scores([score(1.0)])
    run.write_scores([score(2.0)])
    assert [s.value for s in run.scores()] == [2.0]


def test_scores_that_break_off_leave_the_former_ones(run):
    run.write_scores([score(1.0)])

    def broken():
        yield score(2.0)
        raise ValueError

    with pytest.raises(ValueError):
        run.write_scores(broken())
    assert [s.value for s in run.scores()] == [1.0]


def test_scores_of_one_item(run):
    run.write_scores([score(), score(item_id="i2")])
    assert [s.item_id for s in run.scores_of("i2")] == ["i2"]


def test_ids_are_listed_by_status(run):
    run.add_items([item("1"), item("2")])
    run.write_scores([score(item_id="1"), score(None, item_id="2", status="failed", reason="x")])
    assert run.ids_with_status("failed") == ["2"]
    assert run.ids_with_status() == ["1", "2"]


def overall(item_id, value, **fields):
    return score(value, item_id=item_id, dimension="overall", **fields)


def test_summary_counts_items_verdicts_statuses_failures_tokens_and_cost(run):
    one, two, three = ask(run, item("1", "One."), item("2", "Two."), item("3", "Three."))
    usage = Usage(prompt_tokens=10, completion_tokens=5)
    run.append([Completion.of(one, reply="x", usage=usage, cost=0.5)])
    run.append([Completion.of(two, reply="x", usage=usage)])
    run.append([Completion.of(three, failure=Failure(kind="server", message="x"))])
    run.write_scores([overall("1", 4.0), overall("2", 2.0), overall("3", None, status="failed", reason="x")])
    summary = run.summary()
    assert (summary.items, summary.complete) == (3, 2)
    assert (summary.passed, summary.failed, summary.undecided) == (1, 1, 1)
    assert summary.statuses == {"overall": {"failed": 1, "ok": 2}}
    assert summary.failures == {"server": 1}
    assert (summary.prompt_tokens, summary.cost, summary.unpriced) == (20, 0.5, 1)


def test_replies_of_a_model_on_ones_own_card_lack_no_price(tmp_path):
    own = Judge(model="vllm:some/model", rubric=rubric())
    with Run.create(tmp_path / "own", own) as run:
        (request,) = build_requests(item(), own)
        run.add_items([item()])
        run.append([Completion.of(request, reply="x", usage=Usage(prompt_tokens=10, completion_tokens=5))])
        assert run.summary().unpriced == 0


def test_failure_counts_once_and_not_where_a_reply_came_in_the_end(run):
    one, two = ask(run, item("1"), item("2", "Another answer."))
    failed = {kind: Failure(kind=kind, message="x") for kind in ("server", "timeout")}
    run.append([Completion.of(one, failure=failed["server"]), Completion.of(two, failure=failed["server"])])
    run.append([Completion.of(one, failure=failed["timeout"]), Completion.of(two, reply="x")])
    assert run.summary().failures == {"timeout": 1}


def test_distribution_counts_values_of_one_sample(run):
    run.write_scores([score(4.0), score(4.0), score(2.0), score(5.0, sample=1), score("text")])
    assert run.distribution() == {"a": {2.0: 1, 4.0: 2}}


def test_exports_hold_the_scores_and_the_facts(run):
    run.write_scores([score(4.0)])
    run.export()
    (line,) = (run.path / "scores.jsonl").read_text().splitlines()
    assert json.loads(line)["value"] == 4.0
    assert json.loads((run.path / "run.json").read_text())["judge"]["model"] == JUDGE.model


def test_export_that_breaks_off_leaves_the_former_file(tmp_path):
    file = tmp_path / "scores.jsonl"
    file.write_text("old")

    def broken():
        yield "new"
        raise ValueError

    with pytest.raises(ValueError):
        schema.write_atomically(file, broken())
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["scores.jsonl"]


def test_imported_judgments_become_a_run_without_completions(tmp_path):
    with Run.imported(tmp_path / "r", rubric(), [item()], [overall("i1", 4.0)], model="gpt-5") as run:
        assert run.fact("imported") is True
        assert run.summary().passed == 1
        assert list(run.completions()) == []


# ---- a disk that refuses


def test_full_disk_is_one_clear_line_and_what_was_stored_is_safe(run):
    run.append([completion("kept")])
    run._db.execute(f"PRAGMA max_page_count = {run._one('PRAGMA page_count')}")
    with pytest.raises(RunError, match="What was stored before is safe"):
        run.append([completion("x" * 100_000)])
    assert [c.reply for c in run.completions()] == ["kept"]


def test_export_into_a_folder_that_is_gone_is_one_clear_line(run):
    run.path = run.path / "gone"
    with pytest.raises(RunError, match="No such file or directory"):
        run.export()


def test_export_keeps_no_draft_in_a_read_only_folder(run):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    run.path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(RunError, match="Permission denied"):
        run.export()


def test_folder_without_rights_is_read_as_it_stands(run, monkeypatch):
    """SQLite refuses a WAL file where it may not make its helper files; then it is read as immutable."""
    run.add_items([item()])
    run.close()
    opened = []
    connect = sqlite3.connect

    class Refusing:
        def __init__(self, db):
            self._db = db

        def execute(self, *_):
            error = sqlite3.OperationalError("unable to open database file")
            error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise error

        def close(self):
            self._db.close()

    def refuse_first(address, **options):
        opened.append(address)
        db = connect(address, **options)
        return Refusing(db) if len(opened) == 1 else db

    monkeypatch.setattr(sqlite3, "connect", refuse_first)
    with contextlib.closing(connect_to_read(run.path / "run.db")) as db:
        assert db.execute("SELECT count(*) FROM items").fetchone() == (1,)
    assert opened[1].endswith("immutable=1")


def test_scores_written_with_a_rubric_carry_it(run):
    stricter = rubric(**{"pass": {"overall": 5}})
    run.write_scores([overall("i1", 4.0)], stricter)
    assert run.rubric == stricter
    assert run.summary().failed == 1


def test_reply_is_json_of_the_small_rubric():
    assert json.loads(reply())["a"]["score"] == 4


# ---- damaged


DAMAGED = [
    ("DELETE FROM meta WHERE name = 'fingerprint'", "lacks fingerprint"),
    ("UPDATE meta SET value = '5' WHERE name = 'fingerprint'", "fingerprint is 5"),
    ("UPDATE meta SET value = '[]' WHERE name = 'judge'", r"judge is \[\]"),
    ("UPDATE meta SET value = '{' WHERE name = 'rubric'", "Expecting property name"),
    ("INSERT INTO meta VALUES (x'ff', '5')", r"b'.xff' is 5"),
    ("INSERT INTO meta VALUES ('samples', '9000000')", "the number of samples is 9000000"),
    ("INSERT INTO meta VALUES ('random_sample', '{\"items\": \"x\"}')", "RandomSample.items: found 'x'"),
    ("INSERT INTO meta VALUES ('decisions', '{\"dialect\": 1}')", "DecisionForm.dialect: found 1"),
    ("UPDATE items SET data = '{\"values\": {}}'", "Item.id: found {'values': {}}; Field required"),
    ("UPDATE items SET data = '[]'", r"Item: found \[\]; Input should be an object"),
    ("UPDATE completions SET tries = 'many'", "Completion.tries: found 'many'"),
    ("UPDATE completions SET label_probabilities = '{'", "Expecting property name"),
    ("UPDATE scores SET value = 9", "a is 9 on a scale from 1 to 5"),
    ("UPDATE scores SET sample = -1", "Score.sample: found -1"),
    ("UPDATE scores SET sample = 4611686018427387904", "Score.sample: found 4611686018427387904"),
    ("UPDATE completions SET sample = -5", "Completion.sample: found -5"),
    ("UPDATE scores SET status = 'fine'", "Score.status: found 'fine'"),
    ("DROP TABLE requests", "lacks requests.dimension, requests.item_id, requests.key, …"),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGED)
def test_a_cell_that_holds_something_else_is_named_and_never_taken_for_a_value(run, damage, said):
    run.add_items([item()])
    run.append([completion(reply())])
    run.write_scores([score()])
    run.close()
    with contextlib.closing(sqlite3.connect(run.path / "run.db")) as db:
        db.executescript(damage)
    with pytest.raises(RunError, match=rf"run\.db: damaged \({said}.*Go back to a copy of it"):  # noqa: PT012
        with Run.open(run.path) as again:
            list(again.items()), list(again.completions()), list(again.scores())
        again.summary()


@pytest.mark.parametrize("data", ['{"values": {}}', '{"question": {}, "answer": "{"}', "{{", '["{"]', "5é"])
def test_a_damaged_item_is_one_error_when_verdicts_in_texts_are_counted(run, data):
    run.add_items([item()])
    run._db.execute("UPDATE items SET data = ?", [data])
    with pytest.raises(RunError, match=r"run\.db: damaged"):
        run.summary()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE completions SET cost = 9e999",
        "UPDATE completions SET failure_kind = x'ff', reply = NULL",
        "UPDATE scores SET dimension = x'ff'",
        "UPDATE scores SET status = x'ff'",
        "UPDATE items SET input = 'x'",
        "UPDATE items SET input = x'ff'",
        "UPDATE items SET input = 9e999",
    ],
)
def test_a_cell_of_another_type_is_one_error_also_where_cells_are_counted(run, damage):
    run.add_items([item()])
    requests_of = list(run.missing(requests(item())))
    run.append([Completion.of(requests_of[0], reply=reply(), cost=0.1)])
    run.write_scores([score()])
    run._db.execute("PRAGMA ignore_check_constraints = ON")
    run._db.execute(damage)
    with pytest.raises(RunError, match=r"run\.db: damaged \("):  # noqa: PT012
        run.add_items([item()])
        run.export()


def test_damage_at_which_the_message_of_sqlite_is_no_text_is_one_error(run):
    with pytest.raises(RunError, match=r"run\.db: damaged"), schema.storage_errors(run.path):
        b"\xe1".decode()


def test_a_verdict_is_never_made_of_a_score_off_the_scale(run):
    run.add_items([item()])
    run.write_scores([score(9.0)])
    with pytest.raises(RunError, match="a is 9 on a scale from 1 to 5"):
        run.summary()


@pytest.mark.parametrize("most_known", [0, 10_000])
def test_verdicts_do_not_depend_on_how_many_sets_of_scores_are_remembered(run, monkeypatch, most_known):
    monkeypatch.setattr("judge.scoring.run._MOST_KNOWN", most_known)
    run.add_items([item(f"i{n}") for n in range(4)])
    values = enumerate([1.0, 5.0, 1.0, 5.0])
    run.write_scores([score(value, item_id=f"i{n}", dimension="overall") for n, value in values])
    first, second, *again = [passed for _, passed in run.verdicts()]
    assert (first, second) == (False, True)
    assert again == [False, True]


def test_items_that_are_out_of_order_are_not_walked_through_for_ever(run, monkeypatch):
    """A damaged index may lead back to where one has been."""
    run.add_items([item("i1"), item("i2")])
    monkeypatch.setattr(run, "_read", lambda *_: iter([(1, item("i1").model_dump_json())]))
    with pytest.raises(RunError, match="its items are out of order"):
        list(run.items())


def test_a_run_that_is_busy_for_too_long_says_so(run):
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    with pytest.raises(RunError, match="another process holds it"), schema.storage_errors(run.path):
        raise error


def test_an_item_with_several_replies_is_given_once_with_all_of_them(run):
    asked = requests(item())
    run.add_items([item(), item("i2", answer="Another.")])
    twice = [*asked, *(replace(request, sample=1, key="k2") for request in asked)]
    list(run.missing(twice))
    run.append([Completion.of(request, reply=reply()) for request in twice])
    assert [(i.id, [c.sample for c in found]) for i, found in run.judgments()] == [("i1", [0, 1]), ("i2", [])]


def test_a_run_gives_its_items_with_scores_as_results_a_table_and_a_summary(tmp_path):
    judge = Judge("m", rubric())
    scores = [
        Score(item_id="x", rater="m", rater_kind="judge", dimension=name, value=4.0)
        for name in ("a", "b", "overall")
    ]
    with Run.imported(tmp_path / "r", judge.rubric, [item("x")], scores, model="m") as run:
        assert run["x"].item == item("x")
        assert [result.item.id for result in run.results()] == ["x"]
        assert run.failures() == []
        assert list(run.to_pandas()["a"]) == [4.0]
        assert str(run) == str(run.overview())
        assert run._repr_html_() == run.overview().html()


def test_a_run_names_the_models_that_replied(run):
    run.append([completion("x", model="gpt-5-2026-01-10")])
    assert run.served().models == ("gpt-5-2026-01-10",)
