"""The rating page of a rubric with every type, in a real Chromium: by keyboard, on a phone, with axe."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from human_study.plan import Design, choose, plan_study
from human_study.store import Study
from judge.records import Image
from judge.rubric import parse_rubric

from .browsing import Open, violations
from .builders import TYPED, png, typed_items, typed_values
from .server import Serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """Serve six answers with pictures, all of them to one rater, in the order of the plan."""
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png(40, 30))
    pair = (Image(path="a.png", role="reference"), Image(path="b.png"))
    items = [item.model_copy(update={"images": pair}) for item in typed_items()]
    design = Design(raters=1, per_item=1, repeats=0, checks=0)
    Study.create(
        tmp_path / "s.db", plan_study("Types", parse_rubric(TYPED), design, choose(items, design)), tmp_path
    ).close()
    with Serving(tmp_path / "s.db") as running:
        yield running


def begin(open_link: Open, server: Serving, item_id: str, **how: bool) -> "Page":
    """Open the page, and go to an item."""
    page = open_link(server.links["R01"], **how)
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("#questions")
    with Study.open(server.study, read_only=True) as study:
        n = next(task.n for task in study.tasks() if task.item.id == item_id)
    page.get_by_role("button", name="All answers").click()
    page.get_by_role("button", name=f"Answer {n},").click()
    page.get_by_text(f"Question {item_id[1:]}?").wait_for()
    page.wait_for_selector(".viewer img[src]")
    return page


def kept(server: Serving, item_id: str) -> tuple[str, dict[str, int | str]]:
    with Study.open(server.study, read_only=True) as study:
        task = next(task for task in study.tasks() if task.item.id == item_id)
    return task.rating.state, task.rating.reply.values


def saved(page: "Page") -> None:
    page.get_by_text("Saved", exact=True).wait_for()
    page.wait_for_function("() => !Object.keys(localStorage).some(key => /-R\\d+:/.test(key))")


def test_every_type_is_rated_by_keyboard(open_link: Open, server: Serving) -> None:
    page = begin(open_link, server, "q0")
    for key in "319121":  # truth, count, style, named, fault, criterion year
        page.keyboard.press(key)
    page.keyboard.press("0")
    saved(page)
    expected = {"truth": 3, "count": 1, "style": 9, "named": 1, "fault": "minor", "criteria/year": 1}
    assert kept(server, "q0") == ("done", {**expected, "criteria/error": 0})


def test_cannot_tell_is_chosen_by_x(open_link: Open, server: Serving) -> None:
    page = begin(open_link, server, "q1")
    for key in "xxxxx":
        page.keyboard.press(key)
    saved(page)
    names = ("truth", "style", "named", "fault", "criteria/year")
    assert kept(server, "q1") == ("done", dict.fromkeys(names, "cannot_tell"))


def test_the_highest_score_of_a_scale_from_0_to_10_is_reached_by_arrow_key(
    open_link: Open, server: Serving
) -> None:
    page = begin(open_link, server, "q1")
    page.keyboard.press("3")
    page.keyboard.press("9")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    saved(page)
    assert kept(server, "q1")[1]["style"] == 10


def test_labels_and_criteria_are_still_chosen_after_a_reload(open_link: Open, server: Serving) -> None:
    page = begin(open_link, server, "q1")
    values = typed_values(typed_items()[1], named="cannot_tell")
    for name, value in values.items():
        choice = page.locator(f'input[name="{name}"][value="{value}"]')
        choice.evaluate("element => element.scrollIntoView({block: 'center'})")  # not under the header
        choice.check(force=True)
    saved(page)
    page.reload()
    page.get_by_role("button", name="All answers").click()
    page.get_by_role("button", name=", rated").click()
    page.get_by_text("Question 1?").wait_for()
    chosen = page.eval_on_selector_all("input:checked", "all => all.map(one => [one.name, one.value])")
    assert dict(chosen[:-1] if len(chosen) > len(values) else chosen) == {
        k: str(v) for k, v in values.items()
    }


def test_an_open_criterion_is_pointed_out(open_link: Open, server: Serving) -> None:
    page = begin(open_link, server, "q1")
    for key in "3911":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.get_by_text("One question is still open.").wait_for()
    assert page.evaluate("document.activeElement.name") == "criteria/year"


def test_a_reference_picture_is_there_only_where_its_rule_applies(open_link: Open, server: Serving) -> None:
    page = begin(open_link, server, "q0")
    assert page.locator(".viewer img").count() == 1
    assert page.get_by_text("Reference picture").count() == 0


def test_both_pictures_are_loaded_where_the_rule_applies(open_link: Open, server: Serving) -> None:
    page = begin(open_link, server, "q1")
    page.wait_for_function("() => [...document.images].every(image => image.naturalWidth === 40)")
    assert page.locator(".viewer img").count() == 2


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_with_every_type_in_light_and_dark(
    open_link: Open, server: Serving, phone: bool
) -> None:
    page = begin(open_link, server, "q0", phone=phone)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_on_the_organisers_page(open_link: Open, server: Serving) -> None:
    page = begin(open_link, server, "q1")
    for key in "x9131":
        page.keyboard.press(key)
    saved(page)
    organiser = open_link(server.links["organiser"])
    organiser.get_by_role("heading", name="Ratings and agreement so far").wait_for()
    assert violations(organiser) == []
