"""What a preview counts beside a run that was begun."""

from judge.scoring.judge import Judge
from judge.scoring.loop import score_items
from judge.scoring.preview import preview
from judge.scoring.run import Run

from .builders import Scripted, item, reply, rubric

JUDGE = Judge(model="openai/gpt-4.1", rubric=rubric())


def test_replies_that_are_stored_are_not_sent_again(tmp_path):
    items = [item(str(n), answer=f"Answer {n}.") for n in range(5)]
    with Run.create(tmp_path / "run", JUDGE) as run:
        run.add_items(items[:2])
        score_items(run, JUDGE, Scripted(lambda _: reply()))
    found = preview(items, JUDGE, out=tmp_path / "run")
    assert (found.items, found.requests, found.answered) == (5, 3, 2)
    assert preview(items, JUDGE, out=tmp_path / "other").requests == 5


def test_a_preview_shows_the_first_request_that_would_be_sent(tmp_path):
    items = [item("a", answer="First answer."), item("b", answer="Second answer.")]
    with Run.create(tmp_path / "run", JUDGE) as run:
        run.add_items(items[:1])
        score_items(run, JUDGE, Scripted(lambda _: reply()))
    shown = str(preview(items, JUDGE, out=tmp_path / "run").first)
    assert "Second answer." in shown
    assert "First answer." not in shown
