"""The pages as people use them, in a real Chromium: by keyboard, on a phone, with a lost connection."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from PIL import Image as Pillow
from PIL import ImageDraw

from human_study.progress import measure
from human_study.store import Study
from human_study.workflows import create_study
from judge.cli import main
from judge.records import Image, Item
from judge.rubric import parse_rubric

from .browsing import Open, violations
from .server import Server, Serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """Forty answers, the first few about a pair of pictures."""
    for name, mark in (("part.png", "yellow"), ("good.png", None)):
        picture = Pillow.new("RGB", (400, 300), "gray")
        if mark:
            ImageDraw.Draw(picture).line([(80, 80), (160, 120)], fill=mark, width=6)
        picture.save(tmp_path / name)
    pair = (Image(path="part.png"), Image(path="good.png", role="reference"))
    return [
        Item(
            id=f"q{n}",
            question=f"What is wrong with part {n}?",
            answer=f"Part {n} has a scratch in the upper left." if n % 3 else "Nothing.",
            reference="A scratch in the upper left.",
            images=pair if n < 4 else (),
            system=f"model-{n % 2}",
        )
        for n in range(40)
    ]


@pytest.fixture
def planned(tmp_path: Path, items: list[Item]) -> Path:
    """Plan a study of the forty answers for five raters, by the command."""
    answers, out = tmp_path / "answers.jsonl", tmp_path / "s.db"
    lines = [item.model_dump_json(exclude_defaults=True) + "\n" for item in items]
    answers.write_text("".join(lines), encoding="utf-8")
    command = ["study", "new", str(answers), "--name", "Scratches", "--out", str(out)]
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture
def server(planned: Path) -> Iterator[Serving]:
    """Serve it in this process, which starts faster than the command."""
    with Serving(planned) as running:
        yield running


@pytest.fixture
def visit(open_link: Open, server: Serving) -> Open:
    """Open somebody's page of the study that is served."""

    def visit(who: str, **how: object) -> "Page":
        return open_link(server.links[who], **how)

    return visit


def begin(page: "Page") -> None:
    """Take part, and go through the practice round as the worked example says."""
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("#questions")
    for key in "4334":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="All scores match the worked example").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Practice is over").wait_for()
    page.keyboard.press("Enter")
    at(page, 1)


def at(page: "Page", number: int) -> None:
    """Wait for an answer to be on the page."""
    page.wait_for_function(
        f"() => document.getElementById('item-title')?.textContent.startsWith('Answer {number} of ')"
    )


def saved(page: "Page") -> None:
    page.wait_for_function("() => document.getElementById('status').textContent === 'Saved'")


def all_sent(page: "Page") -> None:
    """Wait until nothing is kept on the device any more."""
    page.wait_for_function("() => !Object.keys(localStorage).some(key => /-R\\d+:/.test(key))")


def fetched(page: "Page", *numbers: int) -> None:
    """Wait until tasks with their pictures, which the page fetches ahead, are on the device."""
    for n in numbers:
        path = f"/api/rater/tasks/{n}"
        images = page.evaluate(
            """async path => {
                const headers = { Authorization: `Bearer ${location.hash.slice(1)}` };
                return (await (await fetch(path, { headers })).json()).images;
            }""",
            path,
        )
        page.wait_for_function(
            """([path, pictures]) => {
                const here = performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname);
                return here.filter(name => name === path).length > 1  // ours is one of them
                    && pictures.every(picture => here.includes(picture));
            }""",
            arg=[path, [f"{path}/images/{k}" for k in images]],
        )


def rate(page: "Page", keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def chosen(page: "Page") -> list[str]:
    return page.eval_on_selector_all("fieldset input:checked", "found => found.map(input => input.value)")  # type: ignore[no-any-return]


def study_of(server: Serving) -> Study:
    return Study.open(server.study)


def keys_for(answer: str, rater: int) -> str:
    """Raters agree about what is good; one of them is a point more severe about accuracy."""
    if "choose" in answer:
        return answer.rsplit("choose ", 1)[1][0] * 4
    good = "scratch" in answer
    return f"{(5 if good else 2) - (rater == 3)}{4 if good else 1}54"


def rate_to_the_end(page: "Page", rater: int, *, tap: bool = False) -> int:
    """Rate every answer that is left; say how many."""
    count = 0
    while not page.get_by_role("heading", name="All done. Thank you!").is_visible():
        place = page.locator("#place").text_content() or ""
        keys = keys_for(page.locator(".answer .pre").inner_text(), rater)
        if tap:
            for name, key in zip(DIMENSIONS, keys, strict=True):
                page.locator(
                    f"fieldset[data-question={name}] .option", has=page.locator(f"[value='{key}']")
                ).tap()
            page.locator("#next").tap()
        else:
            rate(page, keys)
            page.keyboard.press("Enter")
        count += 1
        page.wait_for_function(
            "place => document.getElementById('place').textContent !== place || document.querySelector('main [data-go]')",
            arg=place,
        )
    return count


def test_five_people_rate_forty_answers_and_the_ratings_come_out(
    open_link: Open, planned: Path, tmp_path: Path
) -> None:
    """The whole loop with the commands: one rater on a phone, one whose server is killed in the middle."""
    with Server(planned) as server:
        for number, who in enumerate(("R01", "R02", "R03", "R04", "R05"), start=1):
            page = open_link(server.links[who], phone=number == 2)
            begin(page)
            if number == 4:
                lose_the_server(page, server)
            assert rate_to_the_end(page, number, tap=number == 2) >= 24
            all_sent(page)
    out = tmp_path / "ratings.csv"
    result = CliRunner().invoke(main, ["study", "export", str(planned), "--out", str(out)])
    assert result.exit_code == 0, result.output
    with out.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["sample"] == "0"]
    assert len(rows) == 40 * 3 * 5
    assert_agreement_is_measured(planned.parent / "answers.jsonl", out, tmp_path)
    severe = {
        float(row["value"])
        for row in rows
        if row["rater"] == "R03" and row["dimension"] == "technical_accuracy"
    }
    assert severe == {1.0, 4.0}
    with Study.open(planned) as study:
        assert all(task.is_settled for task in study.tasks())
        assert all(row.checks == (0, row.checks[1]) for row in measure(study).raters)


def assert_agreement_is_measured(answers: Path, ratings: Path, folder: Path) -> None:
    """Hold a judge of the same answers against what people said."""
    run = str(folder / "run")
    scored = CliRunner().invoke(main, ["score", str(answers), "--judge", "baseline", "--out", run])
    assert scored.exit_code in (0, 3), scored.output
    held = CliRunner().invoke(main, ["agree", run, "--humans", str(ratings), "--json"])
    assert held.exit_code == 0, held.output
    assert json.loads(held.stdout)["title"] == "Agreement of baseline with 5 human raters on 40 items"


def lose_the_server(page: "Page", server: Server) -> None:
    """Rate on while the server is gone; what was rated meanwhile is kept on the device."""
    fetched(page, 3)
    server.kill()
    rate(page, keys_for(page.locator(".answer .pre").inner_text(), 4))
    page.get_by_text("No connection.").wait_for()
    page.keyboard.press("Enter")
    at(page, 2)
    server.start()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_on_any_page_in_light_and_dark(visit: Open, server: Serving, phone: bool) -> None:
    page = visit("R01", phone=phone)
    found = {"welcome": violations(page)}
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("#questions")
    found["practice"] = violations(page)
    rate(page, "1111")
    page.keyboard.press("Enter")
    page.wait_for_selector(".feedback")
    found["feedback"] = violations(page)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Practice is over").wait_for()
    page.keyboard.press("Enter")
    at(page, 1)
    with study_of(server) as study:
        pictured = next(
            t.n for t in study.tasks() if t.rater == "R01" and t.item.images and t.kind != "training"
        )
    for number in range(1, pictured - 1):
        rate(page, "5443")
        page.keyboard.press("Enter")
        at(page, number + 1)
    page.wait_for_selector(".viewer img[src]")
    rate(page, "54")
    found["rating"] = violations(page)
    for name, key, close in (("skip", "s", "Escape"), ("help", "?", "Escape"), ("pause", "p", "p")):
        page.keyboard.press(key)
        page.wait_for_selector("dialog[open]")
        found[name] = violations(page)
        page.keyboard.press(close)
        page.wait_for_selector("dialog[open]", state="detached")
    page.locator("#show-list").click()
    found["list"] = violations(page)
    with study_of(server) as study:
        study.drop("R03", "left")
        study.open_discussion(["q1"])
    organiser = visit("organiser", phone=phone)
    organiser.wait_for_selector("table")
    found["organiser"] = violations(organiser)
    organiser.locator("[data-drop=R02]").click()
    found["drop"] = violations(organiser)
    organiser.keyboard.press("Escape")
    organiser.locator("[data-name=R02]").click()
    found["name"] = violations(organiser)
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_answers_rated_without_a_connection_are_sent_when_it_is_back(visit: Open, server: Serving) -> None:
    page = visit("R01")
    begin(page)
    fetched(page, 3, 4, 5)
    page.context.set_offline(True)
    for number in (1, 2, 3):
        rate(page, "5432")
        page.keyboard.press("Enter")
        at(page, number + 1)
    page.get_by_text("3 answers are kept on this device").wait_for()
    with study_of(server) as study:
        assert not any(task.is_settled for task in study.tasks() if task.kind != "training")
    page.context.set_offline(False)
    page.wait_for_function("() => document.getElementById('status').textContent === ''")
    with study_of(server) as study:
        settled = [t.rating.reply.values for t in study.tasks() if t.is_settled and t.kind != "training"]
    assert settled == [dict(zip(DIMENSIONS, (5, 4, 3, 2), strict=True))] * 3


def test_a_page_closed_without_a_connection_sends_later(visit: Open, server: Serving) -> None:
    page = visit("R01")
    begin(page)
    page.context.set_offline(True)
    rate(page, "5432")
    page.get_by_text("No connection.").wait_for()
    page.close(run_before_unload=False)
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(server.links["R01"])
    at(again, 1)
    again.wait_for_function("() => document.querySelectorAll('fieldset input:checked').length === 4")
    all_sent(again)
    with study_of(server) as study:
        task = study.task("R01", 2)
    assert task is not None
    assert task.rating.state == "done"


def test_the_slower_of_two_tabs_shows_what_the_other_saved(visit: Open, server: Serving) -> None:
    first = visit("R01")
    begin(first)
    second = first.context.new_page()
    second.goto(server.links["R01"])
    at(second, 1)
    rate(first, "5555")
    saved(first)
    rate(second, "1")
    second.get_by_text("changed in another window").wait_for()
    assert chosen(second) == ["5"] * 4
    with study_of(server) as study:
        task = study.task("R01", 2)
    assert task is not None
    assert set(task.rating.reply.values.values()) == {5}


def test_a_score_is_saved_at_once_and_undone_by_u(visit: Open, server: Serving) -> None:
    page = visit("R01")
    begin(page)
    rate(page, "52")
    saved(page)
    page.keyboard.press("u")
    assert chosen(page) == ["5"]
    page.wait_for_function("() => document.getElementById('status').textContent === 'Saved'")
    with study_of(server) as study:
        revisions = [row["reply"]["values"] for row in study.history() if row["n"] == 2]
    assert revisions[-1] == {"technical_accuracy": 5}


def test_undo_goes_back_to_the_answer_that_was_changed_last(visit: Open) -> None:
    page = visit("R01")
    begin(page)
    rate(page, "5432")
    page.keyboard.press("Enter")
    at(page, 2)
    page.keyboard.press("u")
    at(page, 1)
    page.wait_for_function("() => document.querySelectorAll('fieldset input:checked').length === 3")


def test_enter_names_what_is_still_open(visit: Open) -> None:
    page = visit("R01")
    begin(page)
    rate(page, "54")
    page.keyboard.press("Enter")
    page.get_by_text("2 questions are still open.").wait_for()
    at(page, 1)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("keys", ["", "5", "54", "543"])
def test_enter_shows_the_whole_first_open_question(visit: Open, phone: bool, keys: str) -> None:
    page = visit("R01", phone=phone)
    begin(page)
    rate(page, keys)
    for place in ("0", "document.body.scrollHeight"):
        page.evaluate(f"scrollTo(0, {place}); document.querySelector('#questions').scrollTop = {place}")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Enter")
        page.get_by_text("still open").wait_for()
        wanted, shown, covers = page.evaluate(
            """() => {
                const box = (found) => (({ top, bottom }) => ({ top, bottom }))(found.getBoundingClientRect());
                const set = document.activeElement.closest('fieldset');
                const seen = (found) => found.checkVisibility() ? [box(found)] : [];
                return [set.dataset.question, box(set),
                    ['.top', '.bottom', '.outline', '.more'].flatMap(name => seen(document.querySelector(name)))];
            }"""
        )
        assert wanted == DIMENSIONS[len(keys)]
        assert shown["top"] >= 0
        assert shown["bottom"] <= page.viewport_size["height"]  # type: ignore[index]
        assert [c for c in covers if c["top"] < shown["bottom"] - 1 and c["bottom"] > shown["top"] + 1] == []


def test_all_questions_are_named_on_the_first_screen_with_what_is_below(visit: Open) -> None:
    page = visit("R01")
    page.set_viewport_size({"width": 1280, "height": 900})
    begin(page)
    rate(page, "4")
    rows = page.locator(".outline li").all_inner_texts()
    assert [row.split("\n")[0] for row in rows] == [
        "Technical accuracy", "Comprehensiveness", "Relevance", "Clarity",
    ]  # fmt: skip
    assert [row.split()[-1] for row in rows] == ["4", "–", "–", "–"]
    assert page.locator(".more").inner_text().endswith("Relevance, Clarity")
    box = page.locator(".more").bounding_box()
    assert box
    page.mouse.click(box["x"] + 20, box["y"] + 10)  # `click` of the locator would scroll the panel first
    assert page.evaluate("document.activeElement.name") == "relevance"
    page.locator(".outline li").last.click()
    assert page.evaluate("document.activeElement.name") == "clarity"
    assert page.locator(".more").is_hidden()


def test_the_focus_looks_different_from_a_choice(visit: Open) -> None:
    page = visit("R01")
    begin(page)
    rate(page, "4")
    look = "found => [getComputedStyle(found).outlineStyle, getComputedStyle(found).borderColor]"
    focused = page.eval_on_selector(".option:has(:focus-visible)", look)
    picked = page.eval_on_selector(".option:has(:checked)", look)
    assert focused[0] == "dashed"
    assert picked[0] == "none"
    assert focused[1] != picked[1]


def test_a_rater_sees_the_completion_code_after_the_last_answer(
    open_link: Open, tmp_path: Path, items: list[Item]
) -> None:
    create_study(items[4:6], tmp_path / "c.db", raters=1, per_item=1, checks=0, repeats=0).close()
    with Serving(tmp_path / "c.db") as server:
        organiser = open_link(server.links["organiser"])
        organiser.fill("#code", "C0DE1")
        organiser.get_by_role("button", name="Save code").click()
        organiser.get_by_text("Raters see the code after their last answer.").wait_for()
        page = open_link(server.links["R01"])
        begin(page)
        for number in (1, 2):
            at(page, number)
            rate(page, "5555")
            page.keyboard.press("Enter")
        page.get_by_role("heading", name="All done").wait_for()
        page.get_by_text("C0DE1").wait_for()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_organiser_names_a_rater_and_downloads_the_ratings(visit: Open, phone: bool) -> None:
    page = visit("organiser", phone=phone)
    page.locator("[data-name=R02]").click()
    page.keyboard.type("Ann Meyer")
    page.keyboard.press("Enter")
    page.get_by_role("rowheader", name="R02 Ann Meyer").wait_for()
    with page.expect_download() as found:
        page.get_by_role("button", name="Ratings for judge agree").click()
    assert found.value.suggested_filename == "ratings.csv"
    assert Path(found.value.path()).read_text().startswith("item_id,rater,")


def test_a_phone_shows_the_actions_of_every_rater_without_scrolling_sideways(visit: Open) -> None:
    page = visit("organiser", phone=True)
    page.wait_for_selector("table")
    boxes = [button.bounding_box() for button in page.locator(".raters .actions button").all()]
    assert len(boxes) == 15
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert all(box and box["height"] >= 44 for box in boxes)


def test_a_skip_needs_a_reason_and_a_score_takes_it_back(visit: Open, server: Serving) -> None:
    page = visit("R01")
    begin(page)
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    assert page.locator("#skip-dialog").is_visible()
    page.keyboard.type("no idea")
    page.keyboard.press("Enter")
    at(page, 2)
    page.keyboard.press("b")
    at(page, 1)
    page.get_by_text("Skipped: no idea").wait_for()
    rate(page, "5")
    saved(page)
    with study_of(server) as study:
        states = [row["state"] for row in study.history() if row["n"] == 2]
    assert states == ["skipped", "open"]


def test_a_note_is_written_by_n_and_its_letters_are_no_shortcuts(visit: Open, server: Serving) -> None:
    page = visit("R01")
    begin(page)
    page.keyboard.press("n")
    page.keyboard.type("sup 1 b?")
    page.keyboard.press("Escape")
    saved(page)
    with study_of(server) as study:
        task = study.task("R01", 2)
    assert task is not None
    assert (task.rating.reply.note, task.rating.reply.values) == ("sup 1 b?", {})


def test_single_key_shortcuts_can_be_turned_off(visit: Open) -> None:
    page = visit("R01")
    begin(page)
    page.keyboard.press("?")
    page.locator("#shortcuts").uncheck()
    page.keyboard.press("Escape")
    rate(page, "5s")
    assert chosen(page) == []
    assert not page.locator("dialog[open]").count()


def test_everything_can_be_reached_by_tab_and_arrows_alone(visit: Open) -> None:
    page = visit("R01")
    begin(page)
    page.locator("input[type=radio]").first.focus()
    for _ in DIMENSIONS:
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
    saved(page)
    assert chosen(page) == ["2"] * 4


def test_the_answer_is_hidden_in_a_pause(visit: Open) -> None:
    page = visit("R01")
    begin(page)
    page.keyboard.press("p")
    page.locator(".answer").wait_for(state="hidden")
    page.keyboard.press("p")
    page.locator(".answer").wait_for(state="visible")


def test_the_time_of_an_answer_leaves_pauses_out(open_link: Open, server: Serving) -> None:
    page = open_link(server.links["R01"], clock=True)
    begin(page)
    page.clock.fast_forward(60_000)
    page.keyboard.press("p")
    page.locator(".answer").wait_for(state="hidden")
    page.clock.fast_forward(600_000)
    page.keyboard.press("p")
    page.locator(".answer").wait_for(state="visible")
    rate(page, "5432")
    all_sent(page)
    with study_of(server) as study:
        task = study.task("R01", 2)
    assert task is not None
    assert 60 <= task.rating.seconds < 600


def test_zoom_moves_both_pictures_together(visit: Open, server: Serving) -> None:
    with study_of(server) as study:
        first = next(t for t in study.tasks() if t.kind == "main" and t.item.images)
        before = [
            t.n for t in study.tasks() if t.rater == first.rater and t.kind != "training" and t.n < first.n
        ]
    page = visit(first.rater)
    begin(page)
    for number, _ in enumerate(before, start=2):
        rate(page, "5432")
        page.keyboard.press("Enter")
        at(page, number)
    page.wait_for_selector(".viewer img[src]")
    page.locator(".viewer").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    shown = page.eval_on_selector_all(".pane img", "found => found.map(image => image.style.transform)")
    assert shown[0] == shown[1] == "translate(-10%, 0%) scale(1.5)"
    assert page.locator(".viewer output").inner_text() == "150 %"
    assert page.eval_on_selector_all(".pane img", "f => f.every(image => image.naturalWidth === 400)")
    page.locator(".pane").first.click()
    assert page.locator(".viewer output").inner_text() == "100 %"
    page.locator(".pane").first.click()
    assert page.locator(".viewer output").inner_text() == "250 %"


@pytest.mark.parametrize("who", ["R01", "organiser"])
def test_a_phone_needs_no_scrolling_sideways(visit: Open, who: str) -> None:
    page = visit(who, phone=True)
    if who == "R01":
        begin(page)
    else:
        page.wait_for_selector("table")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


LONG_WORDS = """
name: long_words
task: You judge answers.
scale: {min: 1, max: 2}
dimensions:
  WORD: {description: WORD, anchors: {1: WORD, 2: good}}
pass: {WORD: 2}
"""


@pytest.mark.parametrize("who", ["R01", "organiser"])
@pytest.mark.parametrize("phone", [True, False])
def test_words_without_an_end_need_no_scrolling_sideways(
    open_link: Open, tmp_path: Path, who: str, phone: bool
) -> None:
    word = "n" * 400
    item = Item(id=word, question=word, answer=f"{word}\n```\n{word}\n```", reference=word)
    rubric = parse_rubric(LONG_WORDS.replace("WORD", word))
    shown = {"name": word, "introduction": word, "checks": 0}
    create_study([item], tmp_path / "w.db", rubric=rubric, raters=1, per_item=1, **shown).close()
    with Serving(tmp_path / "w.db") as server:
        page = open_link(server.links[who], phone=phone)
        excess = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        if who == "organiser":
            page.wait_for_selector("table")
        else:
            assert page.evaluate(excess) <= 0
            page.get_by_role("button", name="I have read this").click()
            page.wait_for_selector("#questions")
        assert page.evaluate(excess) <= 0


def test_the_button_for_the_next_answer_can_be_read_under_the_pointer(visit: Open) -> None:
    page = visit("R01")
    begin(page)
    page.hover("#next")
    colours = page.eval_on_selector(
        "#next", "found => [getComputedStyle(found).color, getComputedStyle(found).backgroundColor]"
    )
    assert colours[0] != colours[1]


def test_the_organiser_drops_a_rater_and_opens_a_discussion(visit: Open, server: Serving) -> None:
    with study_of(server) as study:
        shared = next(item.id for item in study.items())
        for task in [t for t in study.tasks() if t.kind in ("training", "main")]:
            if task.kind == "training" or task.item.id == shared:
                severe = int(task.rater[-1]) % 2 * 4 + 1
                values = dict.fromkeys(DIMENSIONS, severe)
                body = {"save_id": "by-the-test", "base": 0, "reply": {"values": values}, "seconds": 3}
                study.save(task.rater, task.n, save_of(body))
    page = visit("organiser")
    page.locator("[data-drop=R05]").click()
    page.keyboard.type("moved away")
    page.locator("#replace").check()
    page.locator("#drop-confirm").click()
    page.get_by_text("R05 was dropped. R06 replaces this rater").wait_for()
    page.locator("input[name=item]").first.check()
    page.get_by_role("button", name="Open for discussion").click()
    page.get_by_text("answers return to their raters").wait_for()
    with study_of(server) as study:
        assert [event["what"] for event in study.events()] == ["dropped", "invited", "discussion"]


def save_of(body: dict[str, object]) -> Any:
    from human_study.study_records import Save

    return Save.model_validate(body)


def test_a_wrong_link_says_so_and_shows_nothing(chromium: "Browser", server: Serving) -> None:
    page = chromium.new_page()
    page.goto(server.links["R01"][:-4])
    page.get_by_role("heading", name="This link does not work").wait_for()
    page.goto("about:blank")
    page.goto(server.links["R01"].split("#")[0])
    page.get_by_text("This page needs the full link").wait_for()
    page.close()


def test_a_note_is_saved_while_it_is_written(open_link: Open, server: Serving) -> None:
    """Whoever closes the page in the middle of a note keeps it."""
    page = open_link(server.links["R01"], clock=True)
    begin(page)
    page.keyboard.press("n")
    page.keyboard.type("half a tho")
    page.clock.fast_forward(2_000)
    saved(page)
    page.keyboard.type("ught")
    assert page.evaluate("document.activeElement.id") == "note"
    page.close(run_before_unload=False)
    with study_of(server) as study:
        notes = [row["reply"]["note"] for row in study.history() if row["n"] == 2]
    assert notes[0] == "half a tho"


def test_a_note_in_the_making_is_kept_when_the_page_is_left(visit: Open, server: Serving) -> None:
    page = visit("R01")
    begin(page)
    page.keyboard.press("n")
    page.keyboard.type("half a thought")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")
    again = page.context.new_page()
    again.goto(server.links["R01"])
    at(again, 1)
    all_sent(again)
    assert again.locator("#note").input_value() == "half a thought"


def test_undo_without_a_connection_leaves_the_answer_on_the_page_as_it_is(visit: Open) -> None:
    """The answer that was changed is out of reach; taking it back must not land on another one."""
    page = visit("R01")
    begin(page)
    rate(page, "5")
    saved(page)
    page.locator("#show-list").click()
    page.locator("#list button").nth(9).click()
    at(page, 10)
    page.context.set_offline(True)
    page.keyboard.press("u")
    page.get_by_text("is not on this device yet").wait_for()
    rate(page, "5432")
    assert page.evaluate("Object.keys(localStorage).length") == 0
    page.context.set_offline(False)
    at(page, 1)
    page.keyboard.press("u")
    saved(page)
    assert chosen(page) == []


def test_the_end_says_what_is_not_sent_yet(visit: Open, server: Serving) -> None:
    with study_of(server) as study:
        mine = [task for task in study.tasks() if task.rater == "R01" and task.kind != "training"]
        values = dict.fromkeys(DIMENSIONS, 3)
        example = {"save_id": "training-1", "base": 0, "reply": {"values": values}, "seconds": 3}
        study.save("R01", 1, save_of(example))
        study.begin("R01")
        for task in mine[:-1]:
            body = {"save_id": "by-the-test", "base": 0, "reply": {"values": values}, "seconds": 3}
            study.save("R01", task.n, save_of(body))
    page = visit("R01")
    at(page, len(mine))
    page.context.set_offline(True)
    rate(page, "5432")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="All done").wait_for()
    page.get_by_text("1 answer is kept on this device").wait_for()
    page.context.set_offline(False)
    page.get_by_text("No connection").wait_for(state="hidden")


def test_a_browser_that_forbids_storage_rates_all_the_same(chromium: "Browser", server: Serving) -> None:
    page = chromium.new_page()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    )
    page.goto(server.links["R01"])
    begin(page)
    rate(page, "5")
    saved(page)
    page.close()


def test_double_clicks_do_everything_once(visit: Open, server: Serving) -> None:
    page = visit("R01")
    page.get_by_role("button", name="I have read this").dblclick()
    page.wait_for_selector("#questions")
    rate(page, "4334")
    page.locator("#next").dblclick()
    page.get_by_role("heading", name="All scores match the worked example").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start").dblclick()
    at(page, 1)
    page.locator(".option").first.dblclick()
    saved(page)
    all_sent(page)
    with study_of(server) as study:
        assert [row["revision"] for row in study.history() if row["n"] == 2] == [1]


def test_feedback_that_comes_late_does_not_replace_what_was_opened_since(visit: Open) -> None:
    page, held = visit("R01"), []
    page.route("**/feedback", lambda route: held.append(route))
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("#questions")
    rate(page, "4334")
    for count in (1, 2):
        with page.expect_request("**/feedback"):
            page.locator("#next").click()
        assert len(held) == count
    held.pop().continue_()
    page.get_by_role("heading", name="All scores match the worked example").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Practice is over").wait_for()
    with page.expect_response("**/feedback") as late:
        held.pop().continue_()
    late.value.finished()
    page.evaluate("() => new Promise(done => setTimeout(done))")
    assert page.get_by_role("heading", name="Practice is over").is_visible()


def test_a_second_click_on_the_way_in_asks_nothing_twice(visit: Open) -> None:
    page, asked = visit("R01"), []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    page.get_by_role("button", name="I have read this").dblclick()
    page.wait_for_selector("#questions")
    rate(page, "4334")
    all_sent(page)
    assert asked.count("begin") == 1


def test_the_organiser_ticks_all_disputed_items_at_once(visit: Open, server: Serving) -> None:
    with study_of(server) as study:
        for task in [
            t for t in study.tasks() if t.rater in ("R01", "R02") and t.kind in ("training", "main")
        ]:
            values = dict.fromkeys(DIMENSIONS, 1 if task.rater == "R01" else 5)
            body = {"save_id": "by-the-test", "base": 0, "reply": {"values": values}, "seconds": 3}
            study.save(task.rater, task.n, save_of(body))
    page = visit("organiser")
    page.get_by_label("Select all listed items").check()
    boxes = page.locator("input[name=item]")
    assert boxes.count() > 5
    assert all(box.is_checked() for box in boxes.all())
