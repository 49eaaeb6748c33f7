"""Make the pictures of the README: run the commands on the examples, and photograph the pages that they make.

    python docs/make_images.py [NAME ...]

It needs Chromium (`make browser`) and the package playwright (`pip install '.[dev]'`). Without names it makes
all pictures whose command this version has.
"""

import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

IMAGES = Path(__file__).parent / "images"
COLOURS = 128
"""A page has few colours; a palette of this size makes a small file without a visible difference."""
JUDGE = [sys.executable, "-m", "judge"]
SERVE = ("--port", "0")


class Picture(NamedTuple):
    """A page of `judge demo`, or the link that a command prints for `page`, and how it is photographed."""

    page: str
    command: tuple[str, ...] | None = None
    height: int = 900
    act: Callable[..., None] | None = None
    """What is done on the page before it is photographed."""


def _rate(page) -> None:  # noqa: ANN001 - a page of playwright, which is imported where it is needed
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("#questions")
    for key in "43":
        page.keyboard.press(key)
    page.get_by_text("Saved", exact=True).wait_for()


def _wait_for_the_index(page) -> None:  # noqa: ANN001
    while page.get_by_text(re.compile("^Indexing|not indexed yet")).count():
        page.wait_for_timeout(500)
        page.reload()


PICTURES = {
    "report": Picture("report.html", height=1060),
    "agreement": Picture("agree.html"),
    "rating": Picture("R01", ("study", "serve", "study.db", *SERVE), act=_rate),
    "viewer": Picture(
        "", ("view", "made-up-run", "--humans", "ratings.csv", "--no-open", *SERVE), act=_wait_for_the_index
    ),
}


def make(folder: Path, names: list[str]) -> list[Path]:
    """Make pictures of these names in a folder; return their paths."""
    from playwright.sync_api import sync_playwright

    from judge.cli import COMMANDS

    programs = ("chromium", "chromium-browser", "chromium-headless-shell")
    chromium = next(filter(None, map(shutil.which, programs)), None)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        demo = Path(place) / "judge-demo"
        _run("demo", "--no-open", "--out", str(demo))
        _run("study", "new", "answers.jsonl", "--name", "Example study", at=demo)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--headless"])
        for name in names:
            picture = PICTURES[name]
            if picture.command and picture.command[0] not in COMMANDS:
                continue
            with _address(picture, demo) as address:
                size = {"width": 1280, "height": picture.height}
                page = browser.new_page(viewport=size, color_scheme="light", reduced_motion="reduce")
                page.goto(address)
                page.wait_for_selector("h1", state="attached")
                if picture.act:
                    picture.act(page)
                made.append(folder / f"{name}.png")
                made[-1].write_bytes(_small(page.screenshot()))
                page.close()
        browser.close()
    return made


def _run(*words: str, at: Path | None = None) -> None:
    subprocess.run([*JUDGE, *words], cwd=at, check=True, capture_output=True)


@contextmanager
def _address(picture: Picture, demo: Path) -> Iterator[str]:
    """Address of a page, while its server runs."""
    if picture.command is None:
        yield (demo / picture.page).as_uri()
        return
    with subprocess.Popen([*JUDGE, *picture.command], cwd=demo, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None  # noqa: S101 - for the type checker
            yield next(
                line.split()[-1]
                for line in server.stdout
                if picture.page in line.split()[0] and "http" in line
            )
        finally:
            server.terminate()


def _small(png: bytes) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
        stream, "PNG", optimize=True
    )
    return stream.getvalue()


if __name__ == "__main__":
    for path in make(IMAGES, sys.argv[1:] or list(PICTURES)):
        print(f"{path}: {path.stat().st_size:,} bytes")
