"""The pages in Chromium: filter, search, keys, deep links, live updates, hostile texts, pictures, phone, axe."""

import json
import re
import sqlite3
import threading
from pathlib import Path

import pytest
import uvicorn
from PIL import Image as Pillow

from judge import ScoringCallback, local_server, score
from judge.records import Completion, Image, Item
from judge.scoring.judge import Judge
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run
from judge.scoring.schema import INSERT_COMPLETION, take_lock, to_row
from judge.view.app import create_app

from ..human_study.browsing import violations
from ..scoring.builders import reply
from ..scoring.builders import rubric as small_rubric
from .builders import TOKEN, items_of, library_of, make_run, rating

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.browser


class Serving:
    """The application in a thread of this process."""

    def __init__(self, library, host="127.0.0.1"):
        self.library = library
        self.socket = local_server.listen("127.0.0.1", 0)
        config = uvicorn.Config(create_app(library, TOKEN, host), log_level="error", lifespan="off")
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, args=([self.socket],))
        self.base = local_server.address(*self.socket.getsockname())
        self.thread.start()

    def link(self, path):
        return f"{self.base}{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def close(self):
        self.uvicorn.should_exit = self.uvicorn.force_exit = True
        self.thread.join()
        self.socket.close()
        self.library.close()


@pytest.fixture
def serve(request):
    def start(*paths, **more):
        serving = Serving(library_of(*paths, **more))
        request.addfinalizer(serving.close)
        return serving

    return start


@pytest.fixture
def table(tmp_path, serve, open_link):
    serving = serve(make_run(tmp_path / "run", items_of(60)))
    return open_link(serving.link("/"))


def shown(page):
    return page.locator(".items .id").all_inner_texts()


def test_a_filter_is_chosen_and_removed_by_clicks(table):
    table.get_by_role("link", name=re.compile(r"^fail")).click()
    assert table.locator(".found").inner_text().startswith("6 of 60 items")
    assert {row.get_attribute("data-verdict") for row in table.locator(".items tbody tr").all()} == {"fail"}
    assert table.url.endswith("?f.verdict=fail")
    table.get_by_role("link", name="Remove Verdict: fail").click()
    assert "60 items" in table.locator(".found").inner_text()


def test_the_address_leads_to_the_same_table(table, open_link):
    table.get_by_role("link", name=re.compile(r"^ice")).click()
    table.wait_for_load_state()
    table.get_by_label("Sort").select_option("-cost")
    table.wait_for_url("**sort=-cost**")
    again = open_link(table.url + f"&token={TOKEN}")
    assert "token" not in again.url
    assert shown(again) == shown(table)
    assert shown(again)[0].startswith("q59")


@pytest.mark.parametrize("phone", [False, True])
def test_columns_are_chosen_and_stay_while_filters_change(tmp_path, serve, open_link, phone):
    page = open_link(serve(make_run(tmp_path / "run")).link("/"), phone=phone)
    page.locator(".columns summary").click()
    assert page.locator(".columns form").bounding_box()["x"] >= 0
    assert violations(page) == []
    for name in ("A", "B"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    page.get_by_role("checkbox", name="serial").check()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**col=overall&col=field.serial")
    page.get_by_role("searchbox").fill("lynx")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**q=lynx**")
    headings = page.locator(".items thead th").all_text_contents()
    assert [text.strip() for text in headings] == ["Verdict", "Item", "Overall", "serial"]
    assert page.locator(".items td.field").first.inner_text() == "s-3"


def test_the_choice_of_columns_closes_by_a_click_elsewhere_and_by_escape(table):
    for close in (lambda: table.locator("h1").click(), lambda: table.keyboard.press("Escape")):
        table.locator(".columns summary").click()
        assert table.locator(".columns form").is_visible()
        close()
        assert not table.locator(".columns form").is_visible()


def test_a_search_is_typed_after_a_slash(table):
    table.keyboard.press("/")
    table.keyboard.type("lynx 7")
    table.keyboard.press("Enter")
    table.wait_for_url("**q=lynx+7**")
    assert [text.split()[0] for text in shown(table)] == ["q7"]
    table.keyboard.press("/")
    table.keyboard.press("Escape")
    table.keyboard.press("j")
    assert table.evaluate("document.activeElement.className") == "open"


def test_keys_lead_through_the_table_and_the_items(table):
    table.keyboard.press("j")
    table.keyboard.press("j")
    table.keyboard.press("k")
    table.keyboard.press("j")
    table.keyboard.press("Enter")
    table.wait_for_url("**item?id=q2")
    table.keyboard.press("j")
    table.wait_for_url("**item?id=q3")
    table.keyboard.press("k")
    table.wait_for_url("**item?id=q2")
    table.keyboard.press("u")
    table.wait_for_url("**/runs/run/")
    table.keyboard.press("n")
    table.wait_for_url("**page=2")
    assert shown(table)[0].startswith("q51")
    table.keyboard.press("p")
    table.wait_for_url("**/runs/run/")


def test_the_keys_are_listed(table):
    table.keyboard.press("?")
    assert table.get_by_role("dialog", name="Keys").is_visible()
    table.get_by_role("button", name="Close").click()
    assert not table.get_by_role("dialog", name="Keys").is_visible()


def test_a_click_on_a_row_opens_the_item(table):
    table.locator(".items tbody tr").nth(4).locator("td.score").first.click()
    table.wait_for_url("**item?id=q5")


def test_everything_works_without_a_script(tmp_path, serve, chromium):
    serving = serve(make_run(tmp_path / "run", items_of(60)))
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(serving.link("/"))
    page.get_by_role("searchbox").fill("lynx")
    page.get_by_role("button", name="Show").click()
    assert "q=lynx" in page.url
    page.get_by_role("link", name="Question 3?").click()
    page.get_by_role("link", name="Next").click()
    assert "id=q7" in page.url
    context.close()


# A run that is being scored


def test_a_run_that_is_being_scored_updates_itself(tmp_path, serve, open_link):
    path = tmp_path / "run"
    judge = Judge("mock/judge", small_rubric())
    with Run.create(path, judge) as run:
        run.add_items(items_of(3))
    lock = take_lock(path)
    serving = serve(path)
    page = open_link(serving.link("/"), clock=True)
    assert page.locator("#progress").inner_text() == "Being scored: 0 of 3 items have replies."
    assert "No verdicts yet" in page.locator("h1").inner_text()
    (request,) = Prompter(judge).requests(items_of(3)[1])
    db = sqlite3.connect(path / "run.db", isolation_level=None)
    db.execute("INSERT INTO requests VALUES ('q2', 0, '', ?)", [request.key])
    db.execute(INSERT_COMPLETION, to_row(Completion.of(request, reply=reply(5, 5), finish_reason="stop")))
    db.close()
    serving.library.open("run").index.refresh()
    page.clock.run_for(4000)
    page.get_by_role("heading", name="100.0 % pass").wait_for()
    assert page.locator("#progress").inner_text() == "Being scored: 1 of 3 items have replies."
    assert page.locator(".items tbody tr").nth(1).get_attribute("data-verdict") == "pass"
    lock.close()


# Two runs, people, pictures


def test_two_runs_are_compared_from_the_list(tmp_path, serve, open_link):
    make_run(tmp_path / "runs" / "first")
    make_run(tmp_path / "runs" / "second", answer=lambda _: reply(5, 5), model="mock/other")
    page = open_link(serve(tmp_path / "runs").link("/"))
    page.get_by_label("First run: first").check()
    page.get_by_label("Second run: second").check()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("link", name=re.compile(r"^fail to pass")).click()
    page.get_by_role("link", name="Question 5?").click()
    assert page.locator(".pair").first.inner_text().split() == [
        "first",
        "1",
        "one",
        "ra",
        "second",
        "5",
        "five",
        "ra",
    ]


def test_scores_and_statuses_of_two_runs_fit_a_desk(tmp_path, serve, open_link):
    answers, recorded = str(EXAMPLES / "answers.jsonl"), f"replay:{EXAMPLES / 'replies.jsonl'}"
    for name, judge in (("first", recorded), ("second", "baseline")):
        score(answers, judge=judge, out=tmp_path / name, callback=ScoringCallback()).close()
    ratings = [rating("q01-heron", "ann", 5.0)]
    serving = serve(tmp_path / "first", tmp_path / "second", ratings=ratings, ratings_file="r.csv")
    page = open_link(serving.link("/runs/first/?with=second"))
    assert page.locator(".items .missing").count() > 0
    assert page.locator(".items").evaluate("one => one.scrollWidth <= one.parentNode.clientWidth")


@pytest.fixture
def pictured(tmp_path):
    Pillow.new("RGB", (400, 300), "red").save(tmp_path / "red.png")
    Pillow.new("RGB", (400, 300), "blue").save(tmp_path / "blue.png")
    images = (Image(path="red.png"), Image(path="blue.png", role="reference"), Image(path="missing.png"))
    return make_run(
        tmp_path / "run", [Item(id="q1", question="?", answer="!", images=images)], lambda _: reply()
    )


def test_pictures_are_zoomed_together(pictured, serve, open_link):
    page = open_link(serve(pictured).link("/runs/run/item?id=q1"))
    page.get_by_role("button", name="Zoom in").click()
    assert page.locator("output").inner_text() == "150 %"
    moved = page.locator(".pane img").evaluate_all("all => all.map((one) => one.style.transform)")
    assert moved[0] == moved[1] != ""
    page.locator(".viewer").focus()
    page.keyboard.press("0")
    assert page.locator("output").inner_text() == "100 %"
    page.locator(".pane").first.click()
    assert page.locator("output").inner_text() == "250 %"
    assert page.url.endswith("item?id=q1")


def test_a_second_click_fits_the_picture_and_a_double_click_zooms_as_one_does(pictured, serve, open_link):
    page = open_link(serve(pictured).link("/runs/run/item?id=q1"))
    page.locator(".pane").first.dblclick()
    assert page.locator("output").inner_text() == "250 %"
    page.locator(".pane").first.click()
    assert page.locator("output").inner_text() == "100 %"


def test_a_picture_is_moved_by_dragging_it_and_stays_zoomed(pictured, serve, open_link):
    page = open_link(serve(pictured).link("/runs/run/item?id=q1"))
    page.locator(".pane").first.click()
    box = page.locator(".pane").first.bounding_box()
    x, y = box["x"] + 60, box["y"] + 60
    page.mouse.move(x, y)
    before = page.locator(".pane img").first.bounding_box()
    page.mouse.down()
    page.mouse.move(x + 20, y)
    page.mouse.move(x - 30, y + 10)
    page.mouse.up()
    assert page.locator("output").inner_text() == "250 %"
    after = page.locator(".pane img").first.bounding_box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((-30, 10), abs=0.5)


def test_a_picture_that_is_missing_says_why(pictured, serve, open_link):
    page = open_link(serve(pictured).link("/runs/run/item?id=q1"))
    page.wait_for_selector(".broken")
    assert "missing.png: No such file" in page.locator(".broken figcaption").inner_text()


# Hostile texts, accessibility, phone


@pytest.fixture
def hostile(tmp_path):
    attack = "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">\u202egnp.exe \u2066x"
    items = [
        Item(
            id=attack,
            question=attack,
            answer=attack,
            reference=attack,
            system=attack,
            metadata={attack: attack},
        ),
        Item(id="q2", question="W" * 3000, answer="!", metadata={attack: "other"}),
    ]
    shape = {"a": {"reason": attack, "score": 4}, "b": {"reason": attack, "score": 1}}
    return make_run(tmp_path / "run", items, lambda _: json.dumps(shape))


@pytest.mark.parametrize("phone", [False, True])
def test_hostile_texts_run_nothing_and_fit_the_page(hostile, serve, open_link, phone):
    page = open_link(serve(hostile).link("/"), phone=phone)
    for _ in range(2):
        assert page.title() != "hit"
        assert page.locator("main img, main script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator(".open").first.click() if page.locator(".open").count() else None
        page.wait_for_selector("h1")


@pytest.mark.parametrize("path", ["/runs", "/runs/run/", "/runs/run/?f.a=2&q=Question&sort=-a", "/runs/run/?q=nonsense", "/runs/run/item?id=q1", "/runs/run/?with=other", "/runs/run/item?id=q1&with=other", "/runs/nothing/"])  # fmt: skip
@pytest.mark.parametrize("phone", [False, True])
def test_axe_finds_nothing(tmp_path, serve, open_link, path, phone):
    first = make_run(tmp_path / "run")
    second = make_run(tmp_path / "other", answer=lambda _: reply(5, 5), model="mock/other")
    ratings = [rating("q1", "ann", 5.0), rating("q2", "ann", 1.0)]
    serving = serve(first, second, ratings=ratings, ratings_file="r.csv")
    page = open_link(serving.link(path), phone=phone)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".items").evaluate_all(
        "all => all.every((one) => one.clientWidth <= one.parentNode.clientWidth)"
    )


def test_filters_of_a_phone_open_and_close(tmp_path, serve, open_link):
    page = open_link(serve(make_run(tmp_path / "run")).link("/"), phone=True)
    assert not page.locator("#filters").is_visible()
    page.get_by_role("link", name="Filters", exact=True).click()
    assert page.locator("#filters").is_visible()
    page.get_by_role("link", name=re.compile(r"^fail")).click()
    assert page.locator(".found").inner_text().startswith("1 of 12")


def test_the_link_of_a_filter_is_copied_on_a_phone(tmp_path, request, open_link):
    serving = Serving(library_of(make_run(tmp_path / "run")), "0.0.0.0")
    request.addfinalizer(serving.close)
    page = open_link(serving.link("/runs/run/?f.verdict=fail"), phone=True)
    assert not page.locator("[data-copy]").is_visible()
    page.locator(".share summary").tap()
    assert page.locator(".share > div").bounding_box()["x"] >= 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not violations(page)
    page.locator("[data-copy]").tap()
    assert page.locator("[data-copy]").inner_text() == "Copied"
    colleague = open_link(page.locator(".share input").input_value(), phone=True)
    assert colleague.url == page.url
    assert colleague.locator(".found b").inner_text() == page.locator(".found b").inner_text()


def test_no_score_of_a_phone_lies_over_another(tmp_path, serve, open_link):
    page = open_link(serve(make_run(tmp_path / "run")).link("/"), phone=True)
    fits = "all => all.every((one) => one.scrollWidth <= one.clientWidth)"
    assert page.locator("td.score").evaluate_all(fits)


def test_pictures_are_shown_whole(pictured, serve, open_link):
    page = open_link(serve(pictured).link("/runs/run/item?id=q1"))
    image, pane = page.locator(".pane img").first.bounding_box(), page.locator(".pane").first.bounding_box()
    assert image["height"] <= pane["height"]
    assert image["width"] <= pane["width"]


def test_pictures_have_no_findings_of_axe(pictured, serve, open_link):
    assert violations(open_link(serve(pictured).link("/runs/run/item?id=q1"))) == []
