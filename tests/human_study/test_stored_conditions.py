"""Limits, and what is stored and written character by character."""

import base64
import io
import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import human_study
from human_study.app import create_app
from human_study.database import PATIENCE
from human_study.export import everything, write_jsonl
from human_study.pictures import load
from human_study.plan import Design
from human_study.store import Study
from judge.errors import InputError
from judge.records import Image, Item

from .builders import MakeStudy, rate
from .client import Client


def test_the_browser_waits_twice_as_long_as_the_server_waits_for_a_lock() -> None:
    script = Path(human_study.__file__).parent / "static" / "api.js"
    found = re.search(r"const PATIENCE = ([\d_]+);", script.read_text(encoding="utf-8"))
    assert found is not None
    assert int(found[1]) == 2000 * PATIENCE


@pytest.mark.parametrize(("size", "status"), [(256 * 1024, 400), (256 * 1024 + 1, 413)])
def test_a_body_may_have_256_kib(study: Study, size: int, status: int) -> None:
    rater = study.rater("R01")
    assert rater is not None
    header = {"Authorization": f"Bearer {rater.token}", "Content-Type": "application/json"}
    content = [b" " * size]  # is not JSON
    reply = Client(create_app(study)).request("PUT", "/api/rater/tasks/2", header, content=content)
    assert reply.status_code == status


def test_json_lines_keep_letters_readable() -> None:
    stream = io.StringIO()
    assert write_jsonl([{"note": "größer ≥ 3"}, {"note": ""}], stream) == 2
    assert stream.getvalue() == '{"note": "größer ≥ 3"}\n{"note": ""}\n'


def test_worked_examples_and_checks_are_shown_for_certain(make_study: MakeStudy) -> None:
    study = make_study(raters=2, per_item=2, checks=0.2, items=6)
    drawn = {(task.kind, task.stratum, task.probability) for task in study.tasks()}
    assert drawn == {("training", "", 1.0), ("check", "", 1.0), ("main", "", 0.5)}


def test_an_error_names_the_first_60_characters_of_a_long_address(tmp_path: Path) -> None:
    url = "data:image/png;base64," + base64.b64encode(b"no image " * 30).decode()
    with pytest.raises(InputError) as caught:
        load(Item(id="q1", question="?", answer="!"), Image(url=url), tmp_path)
    assert f"image '{url[:60]}'" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("raters", 0), ("raters", 501), ("per_item", 0), ("items", 0), ("repeats", -0.01), ("repeats", 0.51),
        ("checks", -0.01), ("checks", 0.51),
    ],
)  # fmt: skip
def test_a_design_beyond_its_limits_names_the_field(field: str, value: float) -> None:
    with pytest.raises(ValidationError) as caught:
        Design.model_validate({field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_a_design_has_defaults_for_everything() -> None:
    found = Design()
    assert (found.raters, found.per_item, found.items, found.seed) == (5, 3, None, 0)
    assert (found.repeats, found.checks, found.show_reference) == (0.05, 0.03, True)


def test_a_design_may_lie_at_its_limits() -> None:
    Design(raters=1, per_item=1, items=1, repeats=0, checks=0)
    Design(raters=500, per_item=500, repeats=0.5, checks=0.5)


def test_the_export_names_the_revision_and_the_seconds_of_a_rating(study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})  # the worked example
    rate(study, "R01", 2, {"accuracy": 4, "clarity": 4}, seconds=1.5)
    rate(study, "R01", 2, {"accuracy": 5, "clarity": 4}, seconds=2.5)
    task = next(task for task in everything(study)["raters"][0]["tasks"] if task["n"] == 2)
    assert (task["revision"], task["seconds"], task["expected"]) == (2, 2.5, None)
    assert json.loads(json.dumps(task)) == task
