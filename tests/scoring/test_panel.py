"""Several judges score the same answers in turn."""

import pytest

from judge.errors import BackendError, InputError
from judge.scoring import score as score_module
from judge.scoring.backends.connection import Connection
from judge.scoring.callbacks import ScoringCallback
from judge.scoring.judge import Judge
from judge.scoring.panel import Panel
from judge.scoring.run import Run

from .builders import Scripted, item, reply, rubric

ITEMS = [item("1"), item("2", "Another.")]


def judges(*names):
    return [Judge(model=f"openai/{name}", rubric=rubric()) for name in names]


@pytest.fixture
def backends(monkeypatch):
    """One backend a judge, by the name of its model; `made` lists the limits of the cost that they got."""
    found = {name: Scripted(lambda _: reply()) for name in ("x", "y", "z")}
    found["made"] = []

    def load(judge, *, connection, **_):
        found["made"].append(connection.max_cost)
        return found[judge.model.removeprefix("openai/")]

    monkeypatch.setattr(score_module, "check_backend", lambda *_: None)
    monkeypatch.setattr(score_module, "load_backend", load)
    return found


def silent(_):
    return ScoringCallback()


def fails(_):
    raise BackendError("no key")


@pytest.mark.usefixtures("backends")
def test_each_judge_has_a_run_of_its_own(tmp_path):
    panel = Panel(ITEMS, judges("x", "y"), out=tmp_path)
    for result in panel.score(silent):
        with result.run as run:
            assert run.judge == result.judge
            assert run.summary().complete == 2
    folders = [folder for _, folder in panel.members]
    assert folders == [tmp_path / "openai-x-small", tmp_path / "openai-y-small"]
    assert all((folder / "run.db").is_file() for folder in folders)


@pytest.mark.usefixtures("backends")
def test_a_single_judge_scores_into_the_folder_itself(tmp_path):
    (result,) = Panel(ITEMS, judges("x"), out=tmp_path / "r").score(silent)
    assert result.run.path == tmp_path / "r"
    result.run.close()


def test_a_judge_that_fails_does_not_stop_the_others(tmp_path, backends):
    backends["x"].answer = fails
    first, second = Panel(ITEMS, judges("x", "y"), out=tmp_path).score(silent)
    assert (first.run, str(first.error)) == (None, "no key")
    assert second.error is None
    second.run.close()


def test_what_one_judge_has_cost_is_not_left_for_the_next(tmp_path, backends):
    backends["x"].spent, backends["y"].spent = 0.25, 2.0
    panel = Panel(ITEMS, judges("x", "y", "z"), out=tmp_path, connection=Connection(max_cost=1.0))
    for result in panel.score(silent):
        result.run.close()
    assert backends["made"] == [1.0, 0.75, 0.0]


def test_the_cost_of_a_judge_that_failed_counts_too(tmp_path, backends):
    backends["x"].answer, backends["x"].spent = fails, 0.25
    panel = Panel(ITEMS, judges("x", "y"), out=tmp_path, connection=Connection(max_cost=1.0))
    list(panel.score(silent))[1].run.close()
    assert backends["made"] == [1.0, 0.75]


@pytest.mark.usefixtures("backends")
def test_options_of_score_hold_for_every_judge(tmp_path):
    for result in Panel(ITEMS, judges("x", "y"), out=tmp_path, limit=1).score(silent):
        with result.run as run:
            assert run.summary().items == 1


def test_two_judges_of_one_folder_are_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"the judges \(--judge\) openai/x and openai/x would both score into "
    ):
        Panel(ITEMS, judges("x", "x"), out=tmp_path)


def test_every_judge_is_checked_before_the_first_one_is_paid(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    replay = tmp_path / "replies.jsonl"
    replay.write_text("")
    panel = Panel(ITEMS, [Judge(model=f"replay:{replay}", rubric=rubric()), *judges("gpt-4o")], out=tmp_path)
    with pytest.raises(BackendError, match="OPENAI_API_KEY"):
        panel.check()


@pytest.mark.usefixtures("backends")
def test_the_default_folder_refuses_another_file_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jsonl").write_text('{"id": 1, "question": "?", "answer": "!"}\n')
    (first,) = Panel("one/a.jsonl", judges("x")).score(silent)
    first.run.close()
    (second,) = Panel("two/a.jsonl", judges("x")).score(silent)
    assert "holds the answers of one/a.jsonl" in str(second.error)
    with Run.open("runs/a-openai-x-small") as run:
        assert run.summary().complete == 1
