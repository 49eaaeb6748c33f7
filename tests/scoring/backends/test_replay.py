import gc
import gzip
import json

import pytest

from judge.errors import InputError
from judge.records import Item, Usage
from judge.rubric import Rubric, load_rubric
from judge.scoring.backends.replay import ReplayBackend
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests

OPEN_QA = load_rubric("open_qa")


def requests(*ids, samples=1, rubric=OPEN_QA):
    items = [Item(id=id, question="q", answer="a") for id in ids]
    return [r for item in items for r in build_requests(item, Judge("replay:f", rubric), samples)]


@pytest.fixture
def replay(tmp_path):
    """Backend over a file with the given rows."""

    def made(*rows, name="replies.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return ReplayBackend(path)

    return made


@pytest.fixture
def error_of(replay, tmp_path):
    def message(*rows):
        with pytest.raises(InputError) as caught:
            replay(*rows)
        return str(caught.value).removeprefix(str(tmp_path / "replies.jsonl"))

    return message


def replayed(backend, asked):
    return [c for batch in backend.complete(asked) for c in batch]


def test_each_request_gets_its_recorded_reply_whatever_the_order(replay):
    backend = replay({"id": "b", "reply": "B"}, {"id": "a", "reply": "A"})
    found = replayed(backend, requests("a", "b"))
    assert [(c.item_id, c.reply, c.failure) for c in found] == [("a", "A", None), ("b", "B", None)]
    assert [c.key for c in found] == [r.key for r in requests("a", "b")]


def test_everything_that_was_recorded_comes_back(replay):
    row = {
        "id": "a",
        "reply": "x",
        "finish_reason": "length",
        "refusal": "no",
        "usage": {"prompt_tokens": 7, "total_tokens": 9},
    }
    (found,) = replayed(replay(row), requests("a"))
    assert (found.reply, found.finish_reason, found.refusal) == ("x", "length", "no")
    assert found.usage == Usage(prompt_tokens=7)


def test_an_item_without_a_reply_is_a_failure_of_its_own(replay):
    found = replayed(replay({"id": "a", "reply": "A"}), requests("a", "b"))
    assert found[0].failure is None
    assert found[1].failure.kind == "reply"
    assert found[1].failure.message.endswith("replies.jsonl has no reply for id 'b'")


def test_a_file_of_other_ids_names_one_until_a_reply_was_found(replay):
    found = replayed(replay({"id": "a-1", "reply": "A"}, {"id": "b", "reply": "B"}), requests("a", "b", "c"))
    assert found[0].failure.message.endswith("no reply for id 'a'; its ids are like 'a-1'")
    assert found[2].failure.message.endswith("no reply for id 'c'")


def test_a_file_without_replies_has_none_for_any_item(replay):
    (found,) = replayed(replay(), requests("a"))
    assert found.failure.message.endswith("has no reply for id 'a'")


def test_replies_to_several_systems_are_advised_to_use_the_ids_of_the_answers(error_of):
    message = error_of({"id": "a", "reply": "x"}, {"id": "a", "reply": "y"})
    assert "several systems need the ids of the answers, such as q1/system" in message


def test_samples_are_told_apart(replay):
    backend = replay(
        {"id": "a", "reply": "0"},
        {"id": "a", "reply": "1", "sample": 1},
        {"id": "a", "reply": "2", "sample": "2"},
    )
    found = replayed(backend, requests("a", samples=4))
    assert [c.reply for c in found] == ["0", "1", "2", None]
    assert found[3].failure.message.endswith("id 'a', sample 3")


def test_dimensions_are_told_apart(replay):
    numbers = Rubric.model_validate({**OPEN_QA.model_dump(by_alias=True), "reply": "number"})
    names = list(OPEN_QA.dimensions)
    backend = replay(*({"id": "a", "reply": str(n), "dimension": name} for n, name in enumerate(names[:3])))
    found = replayed(backend, requests("a", rubric=numbers))
    assert [c.reply for c in found] == ["0", "1", "2", None]
    assert found[3].failure.message.endswith("id 'a', dimension 'clarity'")


@pytest.mark.parametrize("name", ["id", "item_id", "question_id"])
@pytest.mark.parametrize("value", [7, "7"])
def test_an_id_may_be_a_number_and_has_several_names(replay, name, value):
    assert replayed(replay({name: value, "reply": "x"}), requests("7"))[0].reply == "x"


def test_a_reply_may_be_the_object_itself(replay):
    (found,) = replayed(replay({"id": "a", "reply": {"clarity": {"score": 3}}}), requests("a"))
    assert json.loads(found.reply) == {"clarity": {"score": 3}}


@pytest.mark.parametrize(
    ("recorded", "thought", "answer"),
    [
        ("<think>Perhaps {a: 5}.</think> 4", "Perhaps {a: 5}.", "4"),
        ("Perhaps a 5.</think>4", "Perhaps a 5.", "4"),
        ('<think>A first guess is {"clarity": 5}, but', 'A first guess is {"clarity": 5}, but', ""),
        ("4", None, "4"),
    ],
)
def test_a_recorded_thought_is_no_part_of_the_answer(replay, recorded, thought, answer):
    (found,) = replayed(replay({"id": "a", "reply": recorded}), requests("a"))
    assert (found.reasoning, found.reply) == (thought, answer)


def test_a_sample_of_twenty_digits_answers_no_request(replay):
    (found,) = replayed(replay({"id": "a", "reply": "x", "sample": 10**20}), requests("a"))
    assert found.failure.message.endswith("has no reply for id 'a'")


def test_counts_of_twenty_digits_are_left_out(replay):
    (found,) = replayed(replay({"id": "a", "reply": "x", "usage": {"prompt_tokens": 10**20}}), requests("a"))
    assert (found.reply, found.usage) == ("x", None)


@pytest.mark.parametrize("beside", [{"refusal": "no"}, {"finish_reason": "content_filter"}])
def test_a_reply_may_be_null_where_it_is_said_why(replay, beside):
    assert replayed(replay({"id": "a", "reply": None, **beside}), requests("a"))[0].reply is None


def test_a_csv_holds_replies_too(tmp_path):
    path = tmp_path / "replies.csv.gz"
    text = 'id,reply,sample,dimension,finish_reason,usage\na,"{""x"": 1}",,,stop,"{""prompt_tokens"": 3}"\nb,,,,,\n'
    path.write_bytes(gzip.compress(text.encode()))
    found = replayed(ReplayBackend(path), requests("a", "b"))
    assert (found[0].reply, found[0].usage) == ('{"x": 1}', Usage(prompt_tokens=3))
    assert (found[1].reply, found[1].finish_reason) == ("", None)


def test_asked_once_more_it_says_the_same_and_spends_nothing(replay):
    backend = replay({"id": "a", "reply": "x", "finish_reason": "length", "usage": {"prompt_tokens": 7}})
    (again,) = replayed(backend, [requests("a")[0].next_attempt()])
    assert (again.reply, again.finish_reason, again.usage, again.attempt) == ("x", "length", None, 1)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param({"reply": "x"}, ":1: field 'id': found None; allowed: the id of an item", id="no_id"),
        pytest.param({"id": "", "reply": "x"}, ":1: field 'id': found ''", id="empty_id"),
        pytest.param({"id": True, "reply": "x"}, ":1: field 'id': found True", id="boolean_id"),
        pytest.param({"id": 1.5, "reply": "x"}, ":1: field 'id': found 1.5", id="fraction_as_id"),
        pytest.param({"id": "a"}, ":1: field 'reply': found None; allowed: the text of the reply", id="no_reply"),
        pytest.param({"id": "a", "reply": 4}, ":1: field 'reply': found 4", id="number"),
        pytest.param({"id": "a", "reply": ["x"], "refusal": "r"}, ":1: field 'reply': found ['x']", id="list"),
        pytest.param({"id": "a", "reply": "x", "sample": -1}, ":1: field 'sample': found -1; allowed: 0, 1", id="sample"),
        pytest.param({"id": "a", "reply": "x", "sample": True}, ":1: field 'sample': found True", id="boolean_sample"),
        pytest.param({"id": "a", "reply": "x", "sample": "b"}, ":1: field 'sample': found 'b'", id="sample_text"),
        pytest.param({"id": "a", "reply": "x", "dimension": 3}, ":1: field 'dimension': found 3; allowed: text", id="dimension"),
        pytest.param({"id": "a", "reply": "x", "finish_reason": 3}, ":1: field 'finish_reason': found 3", id="finish"),
        pytest.param({"id": "a", "reply": "x", "usage": [1]}, ":1: field 'usage': found [1]; allowed: {", id="usage"),
        pytest.param({"id": "a", "reply": "x", "usage": {"prompt_tokens": "many"}}, "field 'usage': found 'many'; Input should be", id="tokens"),
        pytest.param({"id": "a", "reply": "x", "usage": "{"}, ":1: field 'usage': found '{'; allowed: {", id="usage_text"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_reply_is_named(error_of, row, said):
    assert said in error_of(row)


def test_two_replies_to_one_request_are_an_error_that_names_both(error_of, tmp_path):
    message = error_of(
        {"id": "a", "reply": "x"}, {"id": "b", "reply": "x"}, {"id": "a", "reply": "y", "sample": 0}
    )
    first = tmp_path / "replies.jsonl"
    assert message.startswith(f":3: another reply for id 'a'; the first is at {first}:1. Keep one, or number")
    assert "'sample' (0, 1, …)" in message


def test_two_replies_to_one_item_suggest_the_names_of_its_requests(error_of):
    message = error_of({"id": "a", "reply": "x"}, {"id": "a", "reply": "y"})
    assert "in a field 'dimension' where an item has several: criteria/1, criteria/2, …" in message


def test_a_missing_file_is_an_error_before_anything_is_asked(tmp_path):
    with pytest.raises(InputError, match=r"gone\.jsonl: cannot be read"):
        ReplayBackend(tmp_path / "gone.jsonl")


def test_requests_are_pulled_a_batch_at_a_time(replay):
    backend = replay({"id": "a", "reply": "x"})
    pulled = []
    asked = (pulled.append(n) or requests("a")[0] for n in range(300))
    assert len(next(backend.complete(asked))) == len(pulled) == 256
    assert (backend.drain(), backend.stopped) == ((), None)


def test_the_temporary_index_goes_with_the_backend(replay):
    backend = replay({"id": "a", "reply": "x"})
    del backend
    gc.collect()  # an index left open would warn here, and warnings are errors
