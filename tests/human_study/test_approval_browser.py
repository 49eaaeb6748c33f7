"""Approving and contesting the scores of a judge in a real Chromium: by keyboard, on a phone, with axe."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from human_study.store import Study

from .anchored_studies import anchored_study, plain_run
from .browsing import Open, violations
from .server import Serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """Serve four answers of a run to one rater."""
    run = plain_run(tmp_path / "run", n=4)
    anchored_study(run, tmp_path / "s.db", raters=1, per_item=1).close()
    with Serving(tmp_path / "s.db") as running:
        yield running


def begin(open_link: Open, server: Serving, **how: bool) -> "Page":
    """Take part, and contest the one score of the worked example that is wrong."""
    page = open_link(server.links["R01"], **how)
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("#questions")
    for key in ("c", "4", "a", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("heading", name="All replies match the worked example").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Practice is over").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.getElementById('item-title')?.textContent.startsWith('Answer 1 of ')"
    )
    return page


def kept(server: Serving) -> tuple[str, dict[str, int | str]]:
    """State and reply of the first answer of the rater."""
    with Study.open(server.study, read_only=True) as study:
        task = next(task for task in study.tasks() if task.kind == "main")
    return task.rating.state, task.rating.reply.values


def saved(page: "Page") -> None:
    page.get_by_text("Saved", exact=True).wait_for()
    page.wait_for_function("() => !Object.keys(localStorage).some(key => /-R\\d+:/.test(key))")


def own_key(server: Serving) -> str:
    """A score of accuracy that the judge did not give to the first answer."""
    with Study.open(server.study, read_only=True) as study:
        task = next(task for task in study.tasks() if task.kind == "main")
        return str(study.form_of(task.item).questions[0].own[0].value)


def test_scores_are_contested_with_an_own_score_and_approved_by_keyboard(
    open_link: Open, server: Serving
) -> None:
    page = begin(open_link, server)
    own = own_key(server)
    for key in ("c", own, "a", "a"):
        page.keyboard.press(key)
    saved(page)
    assert kept(server) == (
        "done",
        {"accuracy": "contest", "accuracy:own": int(own), "clarity": "approve", "passes": "approve"},
    )


def test_the_score_and_the_reason_of_the_judge_are_shown_and_an_own_score_only_when_contested(
    open_link: Open, server: Serving
) -> None:
    page = begin(open_link, server)
    assert page.get_by_text("because of accuracy").is_visible()
    own = page.get_by_role("radiogroup").first
    assert not own.is_visible()
    page.keyboard.press("c")
    assert own.is_visible()


def test_a_comment_is_saved_and_goes_when_the_score_is_approved_after_all(
    open_link: Open, server: Serving
) -> None:
    page = begin(open_link, server)
    page.keyboard.press("c")
    page.get_by_label("What is wrong with the judge's score?").first.fill("It errs.")
    page.keyboard.press("Escape")
    saved(page)
    assert kept(server) == ("open", {"accuracy": "contest", "accuracy:comment": "It errs."})
    page.locator("fieldset label", has_text="Approve").first.click()
    saved(page)
    assert kept(server) == ("open", {"accuracy": "approve"})


def test_a_digit_gives_no_own_score_before_the_judge_is_contested(open_link: Open, server: Serving) -> None:
    page = begin(open_link, server)
    page.keyboard.press(own_key(server))
    page.keyboard.press("a")
    saved(page)
    assert kept(server) == ("open", {"accuracy": "approve"})


@pytest.mark.parametrize("phone", [False, True])
def test_the_page_is_accessible_and_fits(open_link: Open, server: Serving, phone: bool) -> None:
    page = open_link(server.links["R01"], phone=phone)
    assert violations(page) == []
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("#questions")
    page.locator("fieldset label", has_text="Contest").first.click()
    assert page.get_by_role("radiogroup").first.is_visible()
    assert violations(page) == []
    width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room


def test_the_page_of_the_organiser_shows_approvals(open_link: Open, server: Serving) -> None:
    page = open_link(server.links["organiser"])
    page.get_by_role("heading", name="Approval so far").wait_for()
    assert page.get_by_text("alpha").count() == 0
    assert violations(page) == []
