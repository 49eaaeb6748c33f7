"""The whole job through the Python API: read, check, ask, store, export."""

import asyncio
import base64
import io
import json
import re

import pandas as pd
import PIL.Image
import pytest

from judge import Connection, Item, Run, score
from judge.errors import BackendError, InputError, RunError
from judge.records import Completion
from judge.scoring import score as score_module
from judge.scoring.callbacks import ScoringCallback

from .builders import Scripted, answered_by, item, reply, rubric


@pytest.fixture
def backend(monkeypatch):
    """Every judge is this backend, which answers as it is told."""
    return answered_by(monkeypatch, Scripted(lambda _: reply()))


class Heard(ScoringCallback):
    def __init__(self):
        self.calls = []

    def on_run_start(self, run, added, bad, requests):
        self.calls.append(("began", added.new, bad.count, requests))
        assert list(run.items())

    def on_completions(self, completions: list[Completion]):
        self.calls.append(("arrived", len(completions)))

    def on_requests_done(self):
        self.calls.append(("asked",))

    def on_run_end(self, stopped):
        self.calls.append(("ended", stopped))


def items(count):
    return [item(str(n), f"Answer {n}.") for n in range(count)]


@pytest.mark.usefixtures("backend")
def test_items_are_scored_into_a_run_that_is_open_for_reading(tmp_path):
    with score(items(2), judge="openai/x", rubric=rubric(), out=tmp_path / "r") as run:
        assert [s.value for s in run.scores() if s.dimension == "overall"] == [3.0, 3.0]
        assert run.judge.model == "openai/x"


def test_watch_hears_everything_in_order(tmp_path, backend):
    heard, backend.stopped = Heard(), "the budget is used up"
    score(items(2), judge="openai/x", rubric=rubric(), out=tmp_path / "r", callback=heard).close()
    assert heard.calls == [
        *(("began", 2, 0, 2), ("arrived", 1), ("arrived", 1), ("asked",)),
        ("ended", "the budget is used up"),
    ]


def test_replies_wanted_count_samples_and_dimensions_that_are_asked_alone(tmp_path, backend):
    heard, backend.answer = Heard(), lambda _: "4"
    number = rubric(reply="number")
    score(items(2), judge="m", rubric=number, out=tmp_path / "r", samples=3, callback=heard).close()
    assert heard.calls[0] == ("began", 2, 0, 12)


@pytest.mark.parametrize("end", [KeyboardInterrupt, BackendError("quota")])
def test_exports_hold_what_arrived_however_it_ends(tmp_path, backend, end):
    def answer(request):
        if request.item.id == "1":
            raise end
        return reply()

    backend.answer = answer
    with pytest.raises((KeyboardInterrupt, BackendError)):
        score(items(2), judge="openai/x", rubric=rubric(), out=tmp_path / "r")
    rows = [json.loads(line) for line in (tmp_path / "r/scores.jsonl").read_text().splitlines()]
    assert {row["item_id"]: row["status"] for row in rows} == {"0": "ok", "1": "skipped"}
    assert json.loads((tmp_path / "r/run.json").read_text())["summary"]["complete"] == 1


def fails(_):
    raise BackendError("no key")


def test_an_error_before_the_first_reply_leaves_no_folder_behind(tmp_path, backend):
    backend.answer = fails
    with pytest.raises(BackendError):
        score(items(2), judge="openai/x", rubric=rubric(), out=tmp_path / "runs" / "r")
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_a_folder_that_was_there_and_what_is_in_it(tmp_path, backend):
    backend.answer = fails
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "notes.txt").write_text("mine")
    with pytest.raises(BackendError):
        score(items(2), judge="openai/x", rubric=rubric(), out=tmp_path / "r")
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["notes.txt"]


def test_an_error_leaves_a_run_that_was_there_before(tmp_path, backend):
    score(items(1), judge="openai/x", rubric=rubric(), out=tmp_path / "r").close()
    backend.answer = fails
    with pytest.raises(BackendError):
        score(items(2), judge="openai/x", rubric=rubric(), out=tmp_path / "r")
    with Run.open(tmp_path / "r") as run:
        assert len(list(run.completions())) == 1


@pytest.mark.usefixtures("backend")
def test_image_paths_start_from_the_folder_that_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": "1", "question": "?", "answer": "!", "images": ["x.png"]}')
    for root, where in ((None, tmp_path), ("pictures", tmp_path / "pictures")):
        with pytest.raises(score_module.InputError, match=f"looked in {where}\\)"):
            score(file, judge="m", rubric=rubric(), out=tmp_path / "r", image_root=root)


ROWS = [
    {"id": 1, "question": "?", "answer": "Yes.", "topic": "a", "n": 1},
    {"question_id": "2", "prompt": "?", "output": "No.", "topic": None, "n": 2},
]


@pytest.mark.usefixtures("backend")
def test_dicts_are_read_as_the_rows_of_a_file(tmp_path):
    with score(ROWS, judge="m", rubric=rubric(), out=tmp_path / "r") as run:
        assert [(i.id, i.answer, i.metadata) for i in run.items()] == [
            ("1", "Yes.", {"topic": "a", "n": 1}),
            ("2", "No.", {"topic": None, "n": 2}),
        ]


@pytest.mark.usefixtures("backend")
def test_rows_of_a_dataframe_are_read_and_what_is_missing_is_missing(tmp_path):
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "question": ["?", "?"],
            "answer": ["Yes.", "No."],
            "reference": ["Yes.", pd.NA],
            "n": pd.array([7, None], dtype="Int64"),
            "share": [0.5, float("nan")],
            "choices": [["Yes.", "No."], None],
            "day": [pd.Timestamp("2026-11-28"), pd.NaT],
        }
    )
    with score(frame, judge="m", rubric=rubric(), out=tmp_path / "r") as run:
        first, second = run.items()
    assert (first.id, first.reference, first.choices) == ("1", "Yes.", ("Yes.", "No."))
    assert first.metadata == {"n": 7, "share": 0.5, "day": "2026-11-28 00:00:00"}
    assert (second.reference, second.choices) == (None, ())
    assert second.metadata == {"n": None, "share": None, "day": None}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (5, "found a number; allowed: a file, a DataFrame, or a list"),
        (None, "found null; allowed: a file, a DataFrame, or a list"),
        (ROWS[0], "found an object; allowed: a file, a DataFrame, or a list"),
        (["a text"], "row 1: found a text; allowed: an Item, or a dict"),
        ([ROWS[0], {"id": 2}], "row 2: no field 'question'"),
        ([ROWS[0], {**ROWS[0], "answer": "Other."}], "row 2: the id '1' was used before"),
        ([], "has no item that can be scored"),
        (pd.DataFrame(), "has no item that can be scored"),
        (pd.DataFrame([[1, 2]], columns=["id", "id"]), "two columns of the DataFrame are named 'id'"),
    ],
    ids=str,
)
def test_what_is_no_table_of_answers_is_refused_in_one_line(tmp_path, answers, said):
    with pytest.raises(score_module.InputError, match=re.escape(said)):
        score(answers, judge="m", rubric=rubric(), out=tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_what_was_cut_is_not_asked_again_where_nothing_more_may_be_asked(tmp_path, backend):
    def answer(_request):
        backend.stopped = "the provider asks to wait"
        return {"reply": '{"a": ', "finish_reason": "length"}

    backend.answer = answer
    score(items(2), judge="openai/x", rubric=rubric(), out=tmp_path / "r").close()
    assert [request.attempt for request in backend.asked] == [0, 0]


def test_imported_judgments_cannot_be_parsed_again(tmp_path):
    Run.imported(tmp_path / "r", rubric(), [item()], [], model="m").close()
    with pytest.raises(RunError, match="imported without replies"):
        score_module.rederive(tmp_path / "r")


def test_how_an_api_is_reached_gets_to_its_backend(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    connection = Connection(api_base="http://h/v1", transport="litellm", max_connections=7, max_wait=5.0)
    judge = score_module.Judge("openai/gpt-4o-mini", rubric())
    found = score_module.load_backend(
        judge, connection=connection, engine=score_module.EngineOptions(), image_root=score_module.Path()
    )
    assert found.endpoint.base == "http://h/v1"
    assert found.endpoint.transport == "litellm"
    assert (found._connection, found._retry.max_wait) == (connection, 5.0)


def test_one_attempt_may_take_ten_minutes_whichever_way_it_is_made():
    assert Connection().timeout == 600.0


def test_pictures_are_scaled_to_the_pixels_of_the_judge(tmp_path, mock, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    PIL.Image.new("RGB", (200, 100)).save(tmp_path / "x.png")
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": "1", "question": "?", "answer": "!", "images": ["x.png"]}')
    judge = score_module.Judge("openai/x", rubric(), max_pixels=5000)
    score(file, judge=judge, out=tmp_path / "r", connection=Connection(api_base=mock.api_base)).close()
    (seen,) = mock.seen()
    (url,) = (p["image_url"]["url"] for p in seen["body"]["messages"][1]["content"] if "image_url" in p)
    assert PIL.Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).size == (100, 50)


def test_score_works_inside_a_running_event_loop(tmp_path, mock, monkeypatch):
    """As in a notebook."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")

    async def cell():
        connection = Connection(api_base=mock.api_base)
        answers = [Item(id="1", question="?", answer="!"), Item(id="2", question="?", answer="No.")]
        with score(answers, judge="openai/x", out=tmp_path / "r", connection=connection) as run:
            return run.summary().complete

    assert asyncio.run(cell()) == 2


def test_probabilities_are_not_asked_for_several_times(tmp_path, backend):
    judge = score_module.Judge("openai/x", rubric(), scores="expected")
    with pytest.raises(score_module.InputError, match="the same each time"):
        score(items(1), judge=judge, out=tmp_path / "r", samples=2)
    assert backend.asked == []


@pytest.mark.parametrize("samples", [0, -1, 10_001])
def test_number_of_samples_out_of_range_is_refused_before_a_run_is_made(tmp_path, samples):
    with pytest.raises(InputError, match=rf"samples \(--samples\): found {samples}; allowed are 1 to 10,000"):
        score_module.score([item()], judge="baseline", out=tmp_path / "r", samples=samples)
    assert not (tmp_path / "r").exists()
