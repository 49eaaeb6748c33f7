import io
import re
import sqlite3
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from human_study.app import address, create_app, exposure, links, listen
from human_study.database import StudyFileError
from human_study.export_formats import Layout
from human_study.form import Reply
from human_study.store import Study
from human_study.workflows import export_study
from judge.errors import InputError
from judge.records import Item
from judge.rubric import parse_rubric

from .builders import MakeStudy, rate, rate_all
from .client import Client


@dataclass
class Fixed:
    """An agreement that is not computed."""

    value: float = 0.61
    low: float = 0.4
    high: float = 0.8
    reason: str | None = None


class Organiser:
    """The organiser's requests."""

    def __init__(self, study: Study, client: Client) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {study.admin_token}"}

    def page(self) -> str:
        return str(self.overview()["page"])

    def overview(self) -> Any:
        reply = self.client.get("/api/admin/overview", headers=self.headers)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def export(self, layout: str) -> Any:
        return self.client.get(f"/api/admin/export/{layout}", headers=self.headers)

    def post(self, path: str, body: object) -> Any:
        return self.client.post(f"/api/admin/{path}", headers=self.headers, json=body)


@pytest.fixture
def organiser(study: Study) -> Organiser:
    client = Client(create_app(study, lambda _: Fixed()))
    return Organiser(study, client)


def test_before_the_first_rating_there_is_a_sentence_instead_of_bars(organiser: Organiser) -> None:
    page = organiser.page()
    assert "<b>0</b> of 24 answers" in page
    assert page.count("No ratings yet") == 1
    assert not re.search("<svg|<h3|alpha|0 ratings", page)


CONDITIONAL = """
name: conditional
task: You judge answers.
scale: {min: 1, max: 3}
dimensions:
  truth: {description: Is it true., anchors: {1: bad, 2: middling, 3: good}}
  count: {description: Is it counted., anchors: {1: bad, 2: middling, 3: good}, when: {kind: counting}}
pass: {truth: 2}
"""


def test_a_question_without_ratings_has_no_bars_beside_one_that_has_them(make_study: MakeStudy) -> None:
    items = [
        Item(id="q1", question="?", answer="!"),
        Item(id="q2", question="?", answer="!", metadata={"kind": "counting"}),
    ]
    study = make_study(items, using=parse_rubric(CONDITIONAL), raters=1, per_item=1)
    (task,) = [task for task in study.tasks() if task.item.id == "q1"]
    rate(study, "R01", task.n, {"truth": 2})
    page = Organiser(study, Client(create_app(study))).page()
    assert (page.count("<svg"), page.count("No ratings yet")) == (1, 1)
    assert "1 rating;" in page


def test_progress_agreement_and_disputes_are_shown(organiser: Organiser, study: Study) -> None:
    for value, rater in enumerate(("R01", "R02", "R03"), start=1):
        rate_all(study, rater, lambda _, value=value: 2 * value - 1)  # type: ignore[misc]
    page = organiser.page()
    assert "<b>24</b> of 24 answers" in page
    assert "<b>12</b> of 12 items with 2 ratings" in page
    assert "Krippendorff&#39;s alpha 0.61" in page or "Krippendorff's alpha 0.61" in page
    assert page.count('name="item"') == 12


LONG_SCALE = """
name: long_scale
task: You judge answers.
scale: {min: 0, max: 100}
dimensions:
  style: {description: How it reads., anchors: {0: bad, 100: good}}
pass: {style: 50}
"""


def test_only_given_scores_of_a_long_scale_have_a_bar(make_study: MakeStudy) -> None:
    study = make_study(using=parse_rubric(LONG_SCALE), raters=1, per_item=1)
    organiser = Organiser(study, Client(create_app(study)))
    assert "<rect" not in organiser.page()
    rate(study, "R01", 1, {"style": 40})
    rate(study, "R01", 2, {"style": 90})
    assert organiser.page().count("<rect") == 2


def test_the_page_without_any_agreement_has_none(study: Study) -> None:
    rate_all(study, "R01")
    client = Client(create_app(study))
    assert "alpha" not in Organiser(study, client).page()


def test_links_of_all_who_take_part_are_given(organiser: Organiser, study: Study) -> None:
    study.drop("R02", "left")
    assert sorted(organiser.overview()["links"]) == ["R01", "R03"]


def test_a_rater_is_dropped_with_a_reason_and_someone_invited(organiser: Organiser) -> None:
    reply = organiser.post("raters/R02/drop", {"reason": "failed both checks", "replace": True})
    assert reply.json() == {"dropped": "R02", "invited": "R04"}
    assert "failed both checks" in organiser.page()


def test_dropping_needs_a_reason(organiser: Organiser, study: Study) -> None:
    assert organiser.post("raters/R02/drop", {"reason": ""}).status_code == 400
    assert organiser.post("raters/R02/drop", {}).status_code == 400
    assert study.events() == []


def test_a_dropped_rater_is_readmitted(organiser: Organiser, study: Study) -> None:
    organiser.post("raters/R02/drop", {"reason": "x"})
    assert organiser.post("raters/R02/readmit", {"reason": "mistake"}).json() == {"readmitted": "R02"}
    assert all(rater.dropped is None for rater in study.raters())


@pytest.mark.parametrize("name", ["R99", "r01", "R01' OR '1'='1", "%20"])
def test_an_unknown_rater_is_not_found(organiser: Organiser, name: str) -> None:
    assert organiser.post(f"raters/{name}/drop", {"reason": "x"}).status_code == 404


@pytest.mark.parametrize("name", ["Ann B", "a/b", "a?b#c", "%41", "Ä"])
def test_a_rater_of_any_name_can_be_dropped_and_readmitted(
    organiser: Organiser, study: Study, items: list[Item], name: str
) -> None:
    study.add_ratings({name: [(items[0].id, 0, Reply(values={"accuracy": 1, "clarity": 1}))]}, "f.csv")
    path = f"raters/{quote(name, safe='')}"
    assert organiser.post(f"{path}/drop", {"reason": "left"}).json()["dropped"] == name
    assert organiser.post(f"{path}/readmit", {"reason": "back"}).json()["readmitted"] == name


def test_a_name_is_shown_to_the_organiser_and_is_in_no_export(organiser: Organiser, study: Study) -> None:
    rate_all(study, "R01")
    assert organiser.post("raters/R01/name", {"name": " Ann <b>Meyer "}).json() == {"named": "R01"}
    assert "Ann &lt;b&gt;Meyer" in organiser.page()
    for layout in ("long", "wide", "everything"):
        assert "Meyer" not in organiser.export(layout).text
    assert organiser.post("raters/R01/name", {"name": ""}).status_code == 200
    assert study.settings.real_names == {}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("raters/R01/name", {"name": "n" * 101}, 400),
        ("raters/R01/name", {}, 400),
        ("raters/R99/name", {"name": "Ann"}, 404),
        ("completion", {"code": "c" * 201}, 400),
        ("completion", {"codes": "c"}, 400),
    ],
)
def test_a_wrong_name_or_code_changes_nothing(
    organiser: Organiser, study: Study, path: str, body: object, status: int
) -> None:
    assert organiser.post(path, body).status_code == status
    assert (study.settings.real_names, study.settings.completion_code) == ({}, "")


def test_names_and_code_need_the_link_of_the_organiser(organiser: Organiser, study: Study) -> None:
    organiser.headers = {"Authorization": f"Bearer {study.raters()[0].token}"}
    for path, body in (("raters/R01/name", {"name": "Ann"}), ("completion", {"code": "C"})):
        assert organiser.post(path, body).status_code == 401
    assert organiser.export("long").status_code == 401


def test_the_completion_code_is_kept_and_shown_to_the_organiser(organiser: Organiser, study: Study) -> None:
    assert organiser.post("completion", {"code": " C0DE1 "}).json() == {"code": "C0DE1"}
    assert 'value="C0DE1"' in organiser.page()
    with Study.open(study.path) as again:
        assert again.settings.completion_code == "C0DE1"


@pytest.mark.parametrize("layout", ["long", "wide", "everything"])
def test_the_page_exports_what_the_command_exports(
    organiser: Organiser, study: Study, layout: Layout
) -> None:
    rate_all(study, "R01")
    written = io.StringIO()
    export_study(study, written, layout=layout)
    reply = organiser.export(layout)
    assert reply.text == written.getvalue()
    assert reply.headers.get("content-type").startswith(
        "application/json" if layout == "everything" else "text/csv"
    )


def test_an_unknown_layout_is_not_found(organiser: Organiser) -> None:
    assert organiser.export("label-studio").status_code == 404


def test_a_damaged_name_in_the_file_is_an_error_of_the_file(study: Study) -> None:
    with sqlite3.connect(study.path) as db:
        db.execute("INSERT INTO study VALUES ('real_names', '[1]')")
    with pytest.raises(StudyFileError, match="real_names"):
        _ = study.settings.real_names


def test_items_are_opened_for_discussion(organiser: Organiser, study: Study, items: list[Item]) -> None:
    for rater in study.raters():
        rate_all(study, rater.name)
    assert organiser.post("discussions", {"items": [items[0].id, items[1].id]}).json() == {"added": 4}
    assert sum(task.kind == "discussion" for task in study.tasks()) == 4


@pytest.mark.parametrize(
    ("body", "status"),
    [({"items": []}, 400), ({"items": ["q9"]}, 404), ({"items": "a"}, 400), ([], 400)],
    ids=str,
)
def test_a_wrong_order_for_a_discussion_opens_nothing(
    organiser: Organiser, study: Study, body: object, status: int
) -> None:
    assert organiser.post("discussions", body).status_code == status
    assert not [task for task in study.tasks() if task.kind == "discussion"]


def test_what_raters_and_items_say_is_escaped(organiser: Organiser, study: Study) -> None:
    nasty = "<script>alert(1)</script>"
    rate_all(study, "R01", lambda _: 1)
    rate_all(study, "R02", lambda _: 5)
    for task in [t for t in study.tasks() if t.rater == "R01" and t.kind == "main"]:
        rate(study, "R01", task.n, {"accuracy": 1, "clarity": 1}, note=nasty)
    organiser.post("raters/R03/drop", {"reason": nasty})
    assert "<script" not in organiser.page()
    assert "&lt;script&gt;" in organiser.page()


def test_links_are_one_for_each_and_carry_the_token_behind_the_hash(study: Study) -> None:
    found = links(study, "http://127.0.0.1:8080")
    assert list(found) == ["organiser", "R01", "R02", "R03"]
    assert all(link.count("#") == 1 for link in found.values())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_exposes_nothing(host: str) -> None:
    assert exposure(host, 80) is None


@pytest.mark.parametrize(
    ("host", "who"), [("0.0.0.0", "everyone who can reach this machine"), ("10.0.0.5", "10.0.0.5")]
)
def test_other_hosts_say_what_they_expose(host: str, who: str) -> None:
    assert who in str(exposure(host, 80))
    assert "not encrypted" in str(exposure(host, 80))


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", "http://127.0.0.1:80"), ("::1", "http://[::1]:80")], ids=str
)
def test_the_address_is_one_that_a_browser_opens(host: str, expected: str) -> None:
    assert address(host, 80) == expected


def test_a_taken_port_is_a_clear_error() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"127.0.0.1:{port}: .*; choose another --port"):
            listen("127.0.0.1", port)
