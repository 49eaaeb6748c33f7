"""A real Chromium for the tests of the pages."""

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ..support.axe import axe_script

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first needs half the CPU seconds of the others, which draw windows that are not shown."""

Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def chromium() -> "Iterator[Browser]":
    """One browser for all tests of this file."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install '.[dev]'")
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as running:
        try:
            browser = running.chromium.launch(executable_path=path, args=ARGUMENTS)
        except playwright.Error as error:
            pytest.skip(f"Chromium does not start here: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def open_link(chromium: "Browser") -> Iterator[Open]:
    """Open a link in a window of its own; whatever a page throws fails the test."""
    contexts, errors = [], []

    def open_link(link: str, *, phone: bool = False, clock: bool = False) -> "Page":
        size = PHONE if phone else DESKTOP
        context = chromium.new_context(
            viewport=size, has_touch=phone, is_mobile=phone, reduced_motion="reduce"
        )  # type: ignore[call-overload]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        if clock:
            page.clock.install()
        page.goto(link)
        page.wait_for_selector("h1", state="attached")
        return page

    yield open_link
    for context in contexts:
        context.close()
    assert errors == []


def violations(page: "Page") -> list[str]:
    """All that axe finds; in the dark the colours alone differ, so only they are looked at again."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe_script())
    page.emulate_media(color_scheme="light")
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run({resultTypes: ['violations']}).then(r => r.violations)"
    )
    page.emulate_media(color_scheme="dark")
    found += page.evaluate("axe.run({runOnly: ['color-contrast']}).then(r => r.violations)")
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]
