"""The page in a real Chromium: on a desk and a phone, light, dark and printed, by keyboard, read by axe."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import judge
from judge.records import Image, Item, Score
from judge.reporting.builders.comparison import build_comparison
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.several_runs import build_runs
from judge.reporting.builders.single_run import build_report
from judge.reporting.render.html import write_page
from judge.rubric import Rubric
from judge.scoring.run import Run

from ..support.axe import axe_script

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
ROOT = Path(__file__).parents[2]
PAGES = ["one", "two", "pair", "typed", "listed", "agreed", "example", "many", "crowded"]
LABELS = ("MMMMMMMMMMMM", "a rather long label of a slice, <b>", "日本語のラベル", "plain")


def typed_rows():
    return [
        {
            **{"truth": float(1 + i % 3), "count": "not_applicable", "style": float(i % 11)},
            **{
                "named": float(i % 2),
                "fault": ("none", "minor", "abstained")[i % 3],
                "overall": float(1 + i % 3),
            },
        }
        for i in range(40)
    ]


def listed_rows():
    shared = {"id": "cause", "text": "Names the cause " + "at length " * 20, "tags": ["content"]}
    return [
        {
            "given": [
                (shared, float(i % 2)),
                ({"text": "long_word" * 12, "points": -1, "tags": [f"t{i % 3}"]}, 1.0),
            ],
            "overall": float(i % 2),
        }
        for i in range(40)
    ]


AGREED = Rubric.model_validate(
    {
        "name": "agreed",
        "task": "Judge.",
        "dimensions": {
            "effort": {
                "description": "Effort.",
                "type": "category",
                "labels": ["low", "mid", "high"],
                "ordered": True,
            },
            "named": {"description": "It names the part.", "type": "binary", "points": 1},
        },
        "criteria": {"field": "criteria"},
        "abstain": True,
        "overall": {"how": "points"},
        "pass": {"overall": 0.5},
    }
)


def agreement_page(folder):
    """Agreement on a rubric with criteria that have long texts, tags, and abstentions."""
    texts = [
        f"Statement {k} " + "goes on at length " * (k % 4) + "long_word" * (4 * (k == 3)) for k in range(24)
    ]
    listed = [{"text": text, "tags": [f"tag {k % 3}"]} for k, text in enumerate(texts)]
    rng = np.random.default_rng(0)
    items, scores, rows = [], [], []
    for i in range(30):
        fields = {"criteria": listed, "system": "xy"[i % 2]}
        items.append(Item(id=f"q{i}", question=f"q{i}?", answer="a.", metadata=fields))
        given = [("effort", None, ("low", "mid", "high")[i % 3]), ("named", None, float(i % 2))]
        given += [("criteria", f"c{k + 1}", float(rng.random() < 0.5)) for k in range(24)]
        for name, criterion, value in given:
            state = {"status": "abstained"} if rng.random() < 0.05 else {"value": value}
            who = {"item_id": f"q{i}", "rater": "robot", "rater_kind": "judge", "dimension": name}
            scores.append(Score(**who, criterion=criterion, **state))
            for person in ("ann", "ben", "cat"):
                told = "cannot tell" if rng.random() < 0.05 else value
                key = {"dimension": name} if criterion is None else {"criterion": criterion}
                rows.append({"item_id": f"q{i}", "rater": person, "value": told, **key})
    Run.imported(folder / "run", AGREED, items, scores, model="robot").close()
    return judge.agree(folder / "run", rows, by="system")


def many_failures(make_table):
    """120 failing answers, three of them about copper, and ten that pass."""
    failing = [
        {
            "id": f"item-{i:03}",
            "question": f"Question {i} about {'copper' if i % 40 == 7 else 'iron'}?",
            "answer": "<b>Answer</b> " + "long_word" * 20,
            "accuracy": 1 + i % 2,
            "clarity": 5 - i % 3,
            "reasons": {"accuracy": f"reason {i}", "clarity": "because " * 30},
        }
        for i in range(120)
    ]
    passing = [
        {"id": f"good-{i}", "accuracy": 5, "clarity": 5, "answer": "" if i == 3 else "fine"}
        for i in range(10)
    ]
    return make_table(failing + passing, name="many")


def with_few(report):
    """The list of answers of a report, with only six in full."""
    (answers,) = report.answers()
    return replace(answers, cases=dict(list(answers.cases.items())[:6]))


@pytest.fixture(scope="module")
def pages(make_table, make_typed, checklist, example_run, tmp_path_factory):
    """A report with pictures, one on two runs, a comparison, and reports with several types and with criteria."""
    folder = tmp_path_factory.mktemp("pages")
    Pillow.new("RGB", (400, 300), "gray").save(folder / "part.png")

    def table(name, bar):
        rows = [
            {
                "accuracy": 1 + (i * 7) % 5 if i % bar else "refused",
                "clarity": 4,
                "condition": ("clean", "degraded")[i % 2],
                "pair_id": f"p{i // 2}",
                "label": LABELS[i // 2 % 4],
                "a_field_" + "of_a_very_long_name" * 4: "x" * 36 + "ab"[i // 2 % 2],
                "system": "xy"[i // 2 % 2],
                "answer": f"<script>document.title = 'caught'</script> {'long_word' * 30}",
                "reasons": {"accuracy": "no " * 40},
            }
            for i in range(160)
        ]
        made = make_table(rows, name=name)
        return RunData(made, about={"judge": "robot", "image root": str(folder)})

    one, two = table("first", 11), table("second", 7)
    for item in one.table.items:
        object.__setattr__(item, "images", (Image(path="part.png"), Image(path="gone.png")))
    reports = {"one": build_report(one), "two": build_runs([one, two]), "pair": build_comparison(one, two)}
    reports["typed"] = build_report(RunData(make_typed(typed_rows())))
    reports["listed"] = build_report(RunData(make_typed(listed_rows(), checklist)))
    reports["agreed"] = agreement_page(folder)
    reports["example"] = judge.agree(example_run, ROOT / "examples" / "ratings.csv", by="topic")
    reports["many"] = build_report(RunData(many_failures(make_table)), n_worst=2)
    reports["crowded"] = replace(reports["many"], answers=lambda: [with_few(reports["many"])])
    for name, report in reports.items():
        write_page(report, folder / f"{name}.html")
    return folder


@pytest.fixture
def visit(chromium, pages):
    """Open a page; whatever it logs or asks for fails the test."""
    contexts, logged, asked = [], [], []

    def visit(name="one", size=DESK, **how):
        context = chromium.new_context(viewport=size, **how)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: logged.append(message.text))
        page.on("pageerror", lambda error: logged.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((pages / f"{name}.html").as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert logged == []
    assert {address.partition(":")[0] for address in asked} <= {"file", "data"}


def open_all(page):
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def violations(page):
    """All that axe finds; in the dark the colours alone differ, so only they are looked at again."""
    page.evaluate(axe_script())
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(r => r.violations)")
    page.emulate_media(color_scheme="dark")
    found += page.evaluate("axe.run({runOnly: ['color-contrast']}).then(r => r.violations)")
    return [f"{one['id']}: {[node['html'][:200] for node in one['nodes']][:3]}" for one in found]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_light_and_dark(visit, name):
    page = visit(name, color_scheme="light")
    open_all(page)
    assert violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_sticks_out_on_a_phone(visit, name):
    page = visit(name, PHONE)
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("document.title") != "caught"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_label_of_a_drawing_lies_within_it_and_can_be_read(visit, size):
    page = visit("one", size)
    open_all(page)
    boxes = page.evaluate("""[...document.querySelectorAll('svg text')].map(t => {
        const text = t.getBoundingClientRect(), svg = t.ownerSVGElement.getBoundingClientRect();
        return [t.textContent, text.left - svg.left, svg.right - text.right, parseFloat(getComputedStyle(t).fontSize)
            * svg.width / t.ownerSVGElement.viewBox.baseVal.width] })""")
    assert len(boxes) > 50
    assert [box for box in boxes if box[1] < -1 or box[2] < -1] == []
    assert min(box[3] for box in boxes) >= 9


def test_labels_of_the_axis_do_not_overlap(visit):
    page = visit("one", PHONE)
    open_all(page)
    overlaps = page.evaluate("""[...document.querySelectorAll('svg')].flatMap(svg => {
        const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
        return boxes.flatMap(([a, x], i) => boxes.slice(i + 1).filter(([b, y]) =>
            x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 4 && y.top < x.bottom - 4).map(([b]) => a + '|' + b)) })""")
    assert overlaps == []


def test_drawings_turn_light_in_the_dark(visit):
    def colours(scheme):
        page = visit("one", color_scheme=scheme)
        return page.evaluate("[...document.querySelectorAll('svg text')].map(t => getComputedStyle(t).fill)")

    light, dark = colours("light"), colours("dark")
    assert "rgb(27, 31, 36)" in light
    assert "rgb(27, 31, 36)" not in dark


def test_pictures_are_there_and_missing_ones_say_so(visit):
    page = visit()
    assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert page.evaluate("document.images.length") == page.locator(".answers .case").count()
    assert "gone.png (query): does not exist" in page.inner_text("main")


def test_page_can_be_read_by_keyboard(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#content"
    page.locator("main summary").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('main details').open")


def test_on_paper_the_numbers_behind_drawings_are_there_and_the_navigation_is_not(visit):
    page = visit(size={"width": 700, "height": 1000}, color_scheme="dark")  # A4 between its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == 700
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    hidden = page.evaluate("""[...document.querySelectorAll('figure table')].filter(t => !t.checkVisibility({contentVisibilityAuto: true})
        || t.getBoundingClientRect().height === 0).length""")
    assert hidden == 0


CLIPPED = """[...document.querySelectorAll('.scroll')].filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.getAttribute('aria-label') + ' ' + e.scrollWidth + ' > ' + e.clientWidth)"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_no_table_is_clipped(visit, name, size):
    page = visit(name, size)
    open_all(page)
    assert page.evaluate(CLIPPED) == []


def rows_shown(page):
    """Ids of the rows that the search finds, whether or not they are among the first."""
    return page.evaluate(
        "[...document.querySelectorAll('.answers tbody')].filter(e => getComputedStyle(e).display !== 'none'"
        " || e.classList.contains('later')).map(e => e.querySelector('th').textContent)"
    )


def test_every_failing_answer_is_listed_worst_first(visit):
    page = visit("many")
    assert len(rows_shown(page)) == 120
    assert "All 120 failing answers, worst first." in page.inner_text("main")
    assert "120 of 120 found" in page.inner_text(".tools")


def test_a_long_list_starts_with_its_first_rows_and_a_button_shows_the_rest(visit):
    page = visit("many", PHONE)
    seen = "[...document.querySelectorAll('.answers tbody')].filter(e => e.checkVisibility()).length"
    assert page.evaluate(seen) == 20
    page.get_by_role("button", name="Show 100 more").click()
    assert page.evaluate(seen) == 120
    assert not page.locator(".more").is_visible()


def test_a_search_finds_texts_of_the_answers_in_full(visit):
    page = visit("many")
    page.get_by_label("Search").fill("COPPER question")
    assert sorted(rows_shown(page)) == ["item-007", "item-047", "item-087"]
    assert "3 of 120 found" in page.inner_text(".tools")
    page.get_by_label("Search").fill("reason 41")
    assert rows_shown(page) == ["item-041"]
    page.get_by_label("Search").fill("no such text")
    assert rows_shown(page) == []
    page.get_by_label("Search").fill("")
    assert len(rows_shown(page)) == 120


def test_a_click_on_a_heading_sorts_up_then_down_then_back(visit):
    page = visit("many")
    first = rows_shown(page)

    def sort(heading):
        page.locator(".answers thead").get_by_role("button", name=heading).click()
        return page.evaluate("[...document.querySelectorAll('.answers thead th')].map(e => e.ariaSort)")

    assert sort("clarity") == ["none", "none", "ascending", "none"]
    shown = page.evaluate(
        "[...document.querySelectorAll('.answers tbody tr:first-child td:nth-child(3)')].map(e => +e.textContent)"
    )
    assert shown == sorted(shown)
    assert sort("clarity")[2] == "descending"
    assert rows_shown(page)[0] != first[0] or shown[0] == shown[-1]
    assert sort("clarity")[2] == "none"
    assert rows_shown(page) == first
    sort("answer")
    assert rows_shown(page) == sorted(first)


def test_headings_of_the_answers_are_reached_by_keyboard(visit):
    page = visit("many")
    page.get_by_label("Search").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('.answers thead th').ariaSort") == "ascending"


def test_an_id_in_a_table_opens_its_answer(visit):
    page = visit("many")
    page.locator("nav a[href='#anomalies']").click()
    page.locator("#anomalies ~ .grid a", has_text="good-3").click()
    opened = page.locator(".case:target")
    assert opened.is_visible()
    assert opened.locator("h3").inner_text() == "good-3"


def test_a_link_to_an_answer_opens_it_also_where_a_search_hides_it(visit):
    page = visit("many")
    page.get_by_label("Search").fill("copper")
    anchor = page.evaluate(
        "[...document.querySelectorAll('.answers th a')].find(a => a.textContent === 'item-050').hash"
    )
    page.evaluate(f"location.hash = '{anchor}'")
    page.wait_for_function("document.querySelector('.case:target')?.checkVisibility()")
    assert page.get_by_label("Search").input_value() == ""


def test_the_answers_can_be_read_without_the_script(visit):
    page = visit("many", java_script_enabled=False)
    assert page.locator(".answers tbody th").count() == 120
    assert not page.locator(".tools").is_visible()
    page.locator(".answers summary").nth(3).click()
    assert page.locator(".answers .case").nth(3).is_visible()
    page.locator("nav a[href='#anomalies']").click()
    page.locator("#anomalies ~ .grid a", has_text="good-3").click()
    assert page.locator(".case:target").is_visible()


def test_rows_without_the_answer_in_full_are_searched_by_id_and_named_on_a_phone(visit):
    page = visit("crowded", PHONE)
    assert "The first 6 are here in full, the others without texts." in page.inner_text("main")
    page.get_by_label("Search").fill("item-119")
    assert rows_shown(page) == ["item-119"]
    row = page.locator(".answers tbody:not([hidden])")
    assert row.locator("td").first.get_attribute("data-label") == "accuracy"
    assert row.get_by_role("cell").count() == page.locator(".answers thead th").count() - 1
    assert row.get_by_role("rowheader").is_visible()
    page.get_by_label("Search").fill("")
    page.locator(".answers thead").get_by_role("button", name="accuracy").click(force=True)
    assert len(rows_shown(page)) == 120


def test_the_largest_disagreements_can_be_searched_and_opened(visit):
    page = visit("example", PHONE)
    page.get_by_label("Search").fill("q02-otter")
    assert rows_shown(page) == ["q02-otter"]
    page.locator(".answers tbody:not([hidden]) a").click()
    assert page.locator(".case:target").is_visible()


def test_charts_of_one_row_have_the_same_axis(visit):
    page = visit("one")
    axes = page.evaluate("""[...document.querySelectorAll('#slices ~ .grid figure svg')].map(svg =>
        [...svg.querySelectorAll('text[text-anchor=middle]')].map(t => t.getAttribute('x') + ' ' + t.textContent).join())""")
    assert len(axes) > 1
    assert len(set(axes)) == 1


def test_on_paper_the_first_answers_are_there_in_full_and_nothing_sticks_out(visit):
    page = visit("many", size={"width": 700, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == 700
    shown = "[...document.querySelectorAll('.answers .case')].map(e => e.checkVisibility({contentVisibilityAuto: true}) && e.getBoundingClientRect().height > 0)"
    assert page.evaluate(shown)[:4] == [True, True, False, False]
    rows = "[...document.querySelectorAll('.answers tbody')].filter(e => e.checkVisibility()).length"
    assert page.evaluate(rows) == 30
    assert page.get_by_text("The first 30 are printed; the page itself holds 120.").is_visible()
    assert not page.locator(".tools").is_visible()


def test_on_paper_the_closed_sections_are_open_and_a_search_decides_which_rows_are_printed(visit):
    page = visit("many", size={"width": 700, "height": 1000})
    page.get_by_label("Search").fill("copper")
    page.emulate_media(media="print")
    rows = "[...document.querySelectorAll('.answers tbody')].filter(e => e.checkVisibility()).length"
    assert page.evaluate(rows) == 3
    assert not page.evaluate("document.querySelector('.part').open")
    assert page.locator("#anomalies ~ .grid table").is_visible()


@pytest.mark.parametrize("media", ["screen", "print"])
def test_the_table_of_a_single_chart_is_beside_it_and_the_legend_below_it(visit, media):
    page = visit("example")
    page.emulate_media(media=media)
    page.evaluate("location.hash = '#raw'")
    chart, table, legend = (
        page.locator(f"#raw ~ .grid figure {part}").bounding_box() for part in ("svg", "table", ".caption")
    )
    assert table["x"] >= chart["x"] + chart["width"]
    assert legend["y"] >= chart["y"] + chart["height"]
    assert legend["x"] < table["x"]


def test_on_a_phone_the_contents_are_one_line_and_the_first_figures_are_on_the_first_screen(visit):
    page = visit("example", PHONE)
    assert page.locator("nav").bounding_box()["height"] < 60
    assert page.locator("main table").first.bounding_box()["y"] < PHONE["height"]
    page.locator("nav summary").click()
    page.get_by_role("link", name="Level and spread").click()
    assert page.locator("#levels ~ .grid table").is_visible()


def test_further_findings_are_folded_on_a_phone_only(visit):
    page = visit("two", PHONE)
    further = page.locator(".findings li").first
    assert not further.is_visible()
    page.get_by_text("more findings").click()
    assert further.is_visible()
    desk = visit("two")
    assert desk.locator(".findings li").first.is_visible()
    assert not desk.get_by_text("more findings").is_visible()
    page = visit("two", PHONE)
    page.emulate_media(media="print")
    assert page.locator(".findings li").first.is_visible()
    assert not page.get_by_text("more findings").is_visible()


def test_on_a_desk_the_contents_are_open_and_a_link_opens_a_closed_section(visit):
    page = visit("example")
    assert page.locator("nav a").first.is_visible()
    assert not page.locator("#levels ~ .grid table").is_visible()
    page.get_by_role("link", name="Level and spread").click()
    assert page.locator("#levels ~ .grid table").is_visible()


def test_a_page_without_its_script_opens_the_section_that_its_address_names(visit):
    page = visit("example", java_script_enabled=False)
    page.goto(f"{page.url}#levels")
    assert page.locator("#levels ~ .grid table").is_visible()
