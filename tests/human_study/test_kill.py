"""A real server that is killed while people rate."""

from pathlib import Path

import pytest

from human_study import schema
from human_study.store import Study
from judge.errors import InputError
from judge.records import Item
from judge.rubric import Rubric

from .builders import MakeStudy
from .server import HttpRater, Server, rate_at_once


def without_practice(rubric: Rubric) -> Rubric:
    return rubric.model_copy(update={"examples": ()})


def test_a_server_killed_twice_keeps_every_acknowledged_rating_once(
    make_study: MakeStudy, rubric: Rubric
) -> None:
    items = [Item(id=f"q{n}", question="?", answer="!") for n in range(30)]
    study = make_study(items, without_practice(rubric), raters=6, per_item=6)
    names = [rater.name for rater in study.raters()]
    with Server(study.path) as server:
        raters = rate_at_once(server, names, n_ratings=30, kills=2)
    assert sum(rater.retries for rater in raters) > 0
    for name, rater in zip(names, raters, strict=True):
        kept = {t.n: t.rating.reply.values for t in study.tasks() if t.rater == name and t.is_settled}
        assert kept == rater.acknowledged
        assert len(rater.acknowledged) == 30
    revisions = [(row["rater"], row["n"]) for row in study.history()]
    assert len(revisions) == len(set(revisions)) == 180


def test_a_rating_that_was_killed_before_its_acknowledgement_is_sent_again_and_kept_once(
    make_study: MakeStudy, rubric: Rubric, items: list[Item]
) -> None:
    study = make_study(items, without_practice(rubric), raters=1, per_item=1)
    with Server(study.path) as server:
        rater = HttpRater(server.port, server.token("R01"))
        rater.rate(1, {"accuracy": 3})
        server.kill()
        server.start()
        rater.rate(1, {"accuracy": 3})
        rater.close()
    assert len(list(study.history())) == 1


def test_ctrl_c_ends_the_server_without_an_error(make_study: MakeStudy) -> None:
    study = make_study()
    with Server(study.path) as server:
        rater = HttpRater(server.port, server.token("R01"))
        rater.call("GET", "/api/rater/session")
        rater.close()
        assert server.interrupt() == 0


@pytest.mark.parametrize("read_only", [True, False])
def test_a_study_whose_creation_was_killed_is_named_as_such(tmp_path: Path, read_only: bool) -> None:
    schema.create(tmp_path / "s.db").close()
    with pytest.raises(InputError, match=r"s\.db: the study was not written completely"):
        Study.open(tmp_path / "s.db", read_only=read_only)
