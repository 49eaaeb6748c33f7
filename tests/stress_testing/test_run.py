"""A stress test from the answers to the outcomes: parts, replies that are not paid twice, and resuming."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

import judge
from judge.errors import InputError, RunError
from judge.records import Item
from judge.rubric import load_rubric
from judge.scoring.backends.connection import Connection
from judge.scoring.judge import Judge
from judge.stress_testing import scoring
from judge.stress_testing.probes import PROBES
from judge.stress_testing.scoring import StressPart, parts_of, score_parts
from judge.stress_testing.stress_test import StressOptions, StressTest

RUBRIC = load_rubric("open_qa")
MODEL = Judge("openai/x", RUBRIC)
ANSWERS = [
    {
        "id": f"q{n}",
        "question": f"What is pump {n}?",
        "answer": f"Pump {n} is of steel.",
        "reference": "Steel.",
    }
    for n in range(4)
]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")


def quiet(_):
    return judge.ScoringCallback()


def stress_test(folder, mock=None, answers=None, probes=("padding", "dimension_order"), of=MODEL, **options):
    connection = Connection(api_base=mock.api_base if mock else None)
    options = StressOptions(100, probes, 0, folder, **options)
    return StressTest(
        [Item(**row) for row in ANSWERS] if answers is None else answers, of, options, {}, connection
    )


def requests_of(mock):
    return mock.stats()["requests"]


# -- parts


def test_items_and_their_changes_are_one_run_and_each_changed_rubric_another(tmp_path):
    test = stress_test(tmp_path)
    parts = {part.name: part for part in parts_of(test._twins({}), MODEL)}
    assert {name: len(part.items) for name, part in parts.items()} == {
        "items": 8,
        "repeat": 4,
        "dimension_order": 4,
    }
    assert parts["dimension_order"].judge.rubric.task == RUBRIC.task
    assert [*parts["dimension_order"].judge.rubric.dimensions] == [*RUBRIC.dimensions][::-1]
    assert parts["repeat"].items[0].id == "q0~repeat"


def test_each_request_is_asked_once_and_the_repeated_one_again(tmp_path, mock):
    stress_test(tmp_path, mock).run(quiet)
    assert requests_of(mock) == 8 + 4 + 4


def test_equal_items_share_a_request(tmp_path, mock):
    twice = [Item(**row) for row in ANSWERS] + [Item(**{**ANSWERS[0], "id": "again"})]
    stress_test(tmp_path, mock, twice).run(quiet)
    assert requests_of(mock) == 8 + 4 + 4


def test_the_preview_counts_what_is_asked(tmp_path, mock):
    test = stress_test(tmp_path, mock)
    assert sum(part.requests for part in test.preview()) == 16
    assert requests_of(mock) == 0
    test.run(quiet)
    assert sum(part.requests for part in stress_test(tmp_path, mock).preview()) == 0


def test_the_preview_counts_texts_that_would_be_paraphrased(tmp_path):
    test = stress_test(tmp_path, probes="reference_paraphrased", with_model="openai/y")
    assert sum(part.items for part in test.preview()) == 4 * 4  # items, references, paraphrases, repeat


# -- replies are not paid twice


def test_the_same_test_again_asks_nothing_and_finds_the_same(tmp_path, mock):
    first = stress_test(tmp_path, mock).run(quiet)
    asked = requests_of(mock)
    again = stress_test(tmp_path, mock).run(quiet)
    assert requests_of(mock) == asked
    assert again.scores == first.scores


def test_a_test_that_was_interrupted_continues(tmp_path, mock, monkeypatch):
    def interrupted(parts, *args, **options):
        yield from score_parts(parts[:1], *args, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr("judge.stress_testing.stress_test.score_parts", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stress_test(tmp_path, mock).run(quiet)
    assert requests_of(mock) == 8
    monkeypatch.undo()
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    result = stress_test(tmp_path, mock).run(quiet)
    assert requests_of(mock) == 16
    assert {o.n_twins for o in result.outcomes} == {4}


def test_more_probes_ask_only_for_what_they_add(tmp_path, mock):
    stress_test(tmp_path, mock, probes="padding").run(quiet)
    assert requests_of(mock) == 8 + 4
    stress_test(tmp_path, mock, probes=("padding", "praise")).run(quiet)
    assert requests_of(mock) == 8 + 4 + 4


def scored(folder, mock, rows=ANSWERS, of=MODEL):
    judge.score(rows, judge=of, out=folder, connection=Connection(api_base=mock.api_base)).close()
    return folder


def test_the_replies_of_an_earlier_run_are_used(tmp_path, mock):
    run = scored(tmp_path / "run", mock)
    result = stress_test(None, mock, str(run)).run(quiet)
    assert requests_of(mock) == 4 + 4 + 4 + 4  # the run, padding, repeat, order
    assert result.out == tmp_path / "run-stress"
    assert result.drawn.strata
    assert sum(n for n, _ in result.drawn.strata.values()) == 4


def test_copied_replies_cost_nothing(tmp_path, mock):
    run = scored(tmp_path / "run", mock)
    stress_test(tmp_path / "stress", mock, str(run)).run(quiet)
    with judge.Run.open(tmp_path / "stress" / "items") as items:
        copied = [c for c in items.completions() if "~" not in c.item_id]
    assert len(copied) == 4
    assert {completion.cost for completion in copied} == {0.0}


def test_requests_that_failed_in_the_earlier_run_are_asked_again(tmp_path, mock):
    mock.script({"status": 400, "headers": {}, "body": {"error": {"message": "no", "code": "no"}}})
    run = scored(tmp_path / "run", mock)
    stress_test(tmp_path / "stress", mock, str(run)).run(quiet)
    assert requests_of(mock) == 4 + 1 + 4 + 4 + 4  # the run, its failure, padding, repeat, order


def test_the_run_of_another_judge_is_refused(tmp_path, mock):
    run = scored(tmp_path / "run", mock)
    with pytest.raises(InputError, match="was scored by another judge"):
        stress_test(tmp_path / "s", mock, str(run), of=Judge("openai/z", RUBRIC)).run(quiet)


def test_the_usual_run_of_a_file_is_found(tmp_path, mock, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("answers.jsonl").write_text("\n".join(map(json.dumps, ANSWERS)))
    scored(None, mock, "answers.jsonl")
    stress_test(None, mock, "answers.jsonl").run(quiet)
    assert requests_of(mock) == 4 + 4 + 4 + 4


def test_the_usual_run_of_another_file_is_left(tmp_path, mock, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "answers.jsonl").write_text("\n".join(map(json.dumps, ANSWERS)))
    scored(None, mock, "a/answers.jsonl")
    assert stress_test(None, mock, "a/answers.jsonl").drawn.strata
    assert not stress_test(None, mock, "b/answers.jsonl").drawn.strata


# -- costs


def test_the_cost_limit_holds_for_all_parts_together(tmp_path, monkeypatch):
    limits = []

    def score(*_, connection, callback, **__):
        limits.append(connection.max_cost)
        callback.charged = 0.7
        return nullcontext()

    monkeypatch.setattr(scoring, "score", score)
    parts = [StressPart(name, MODEL, ()) for name in ("items", "repeat", "order")]
    options = {"connection": Connection(max_cost=1.0), "engine": judge.EngineOptions(), "callback_for": quiet}
    assert len(list(score_parts(parts, tmp_path, **options))) == 3
    assert limits == [1.0, pytest.approx(0.3), 0.0]


def test_without_a_limit_there_is_none(tmp_path, mock):
    part = StressPart("items", MODEL, (Item(**ANSWERS[0]),))
    options = {"connection": Connection(api_base=mock.api_base), "engine": judge.EngineOptions()}
    (run,) = score_parts([part], tmp_path, callback_for=quiet, **options)
    assert run.path == tmp_path / "items"
    run.close()


# -- input


def test_no_items_are_refused(tmp_path):
    with pytest.raises(InputError, match="items: has no item"):
        stress_test(tmp_path, answers=[])


def test_the_folder_of_another_test_is_refused(tmp_path, mock):
    stress_test(tmp_path, mock).run(quiet)
    with pytest.raises(RunError, match="holds a stress test of 100 items drawn with seed 0"):
        StressTest(ANSWERS, MODEL, StressOptions(3, "padding", 0, tmp_path), {})


def test_answers_to_one_question_are_one_cluster_and_so_are_pairs(tmp_path):
    items = [
        Item(id="1", question="a?", answer="x"),
        Item(id="2", question="a?", answer="y"),
        Item(id="3", question="b?", answer="z", metadata={"pair_id": "p"}),
    ]
    result = stress_test(tmp_path, answers=items, of=Judge("baseline", RUBRIC), probes="padding").run(quiet)
    assert result.clusters == ("a?", "a?", "p")


def test_all_probes_of_a_test_have_an_outcome(tmp_path):
    result = stress_test(tmp_path, of=Judge("baseline", RUBRIC), probes="all").run(quiet)
    assert [o.probe.name for o in result.outcomes] == list(PROBES)
    assert result.outcomes[-1].not_applicable == {"there is no --with-model to write it": 4}
