"""The page: it says what the report says, nothing from data acts in it, and it loads nothing."""

import base64
import hashlib
import itertools
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from judge.analysis.multiple_choice.choice import read_answers
from judge.records import Image, Item
from judge.reporting.builders.choice import build_choice
from judge.reporting.builders.comparison import build_comparison, build_leaderboard
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.several_runs import build_runs
from judge.reporting.builders.single_run import build_audit, build_report
from judge.reporting.document import Case, Column, Judgment, Section, Table
from judge.reporting.figures.table_figures import figures_of
from judge.reporting.render import html as rendering
from judge.reporting.render.html import IMAGE_BUDGET, page
from judge.reporting.render.page_answers import LONGEST_TEXT, block
from judge.reporting.render.page_table import MOST_ROWS
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate

from ..page_reader import Page

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}
NASTY = """<script>alert(1)</script></style><img src=x onerror=alert(1)>" onload="x' & {{ 7+7 }} \x00\x1b[31m\u202e]]>"""
SHOWN = """<script>alert(1)</script></style><img src=x onerror=alert(1)>" onload="x' & {{ 7+7 }} ]]>"""

SCRIPT = (Path(rendering.__file__).parent / "templates" / "page.js").read_text(encoding="utf-8")


def rows(**more):
    """Of 60 answers in 30 pairs, clean and degraded, by two systems, a third fails."""
    return [
        {
            **(FAIL if i % 3 == 0 else PASS),
            "condition": ("clean", "degraded")[i % 2],
            "pair_id": f"p{i // 2}",
            "kind": ("easy", "hard")[i % 4 // 2],
            "reasons": {"accuracy": "because"},
            **more,
        }
        for i in range(60)
    ]


@pytest.fixture(scope="module")
def table(make_table):
    return make_table(rows())


@pytest.fixture(scope="module")
def report(table):
    return build_report(RunData(table, about={"judge": "robot", "image root": "/home/somebody/pictures"}))


@pytest.fixture(scope="module")
def html(report):
    return page(report)


def report_of(*tables, cases=(), about=None):
    sections = (Section("only", "Only", tables=tables, cases=tuple(cases)),)
    return Report("report", "Title", ("Verdict.",), (), sections, {}, about or {}, ("Method.",))


def case_of(images=(), answer="a", **more):
    judgment = Judgment("", answer, "fail", {"accuracy": 1.0}, {})
    return Case(
        **{"id": "i1", "question": "q", "reference": None, "fields": {}, "note": "", **more},
        images=tuple(images),
        judgments=(judgment,),
    )


def test_page_says_the_verdict_first(report, html):
    text = Page(html).text
    places = [
        text.index(sentence) for sentence in (*report.verdict, report.sections[0].title, report.methods[0])
    ]
    assert places == sorted(places)


def test_every_number_of_every_table_is_on_the_page(report, html):
    text, drawn = Page(html).text, figures_of(report)
    for key, table in report.tables.items():
        assert (drawn[key].title if key in drawn else table.title) in text
        assert all(note in text for note in table.notes)
    assert "66.7 %" in text


def test_page_loads_nothing(html):
    read = Page(html)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & set(read.counts)
    assert all(target.startswith("#") for target in read.values("href"))
    assert all(source.startswith("data:image/jpeg;base64,") for source in read.values("src"))
    assert "url(" not in re.sub(r'clip-path="url\(#\w+\)"', "", html)
    assert "http://" not in html.replace("http://www.w3.org/", "")
    assert "https://" not in html


def digest_of(text):
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def test_content_policy_allows_the_style_and_the_script_of_the_page_and_no_other(html):
    read = Page(html)
    style, script = digest_of(read.style), digest_of(read.script)
    (policy,) = (meta["content"] for meta in read.all("meta") if meta.get("http-equiv"))
    assert (
        policy
        == f"default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert read.counts["style"] == read.counts["script"] == 1
    assert not read.values("style")


def test_a_page_without_a_list_of_answers_allows_no_script():
    html = page(report_of(cases=[case_of()]))
    assert "<script" not in html
    assert "script-src" not in html


def test_nothing_from_data_becomes_markup(make_table):
    row = {
        **FAIL, "id": NASTY, "question": NASTY, "answer": NASTY, "reference": NASTY, "reasons": {"accuracy": NASTY},
        NASTY: NASTY[:30], "system": NASTY,
    }  # fmt: skip
    table = make_table([row, *rows(**{NASTY: "b", "system": "c"})], name=NASTY)
    report = build_report(RunData(table, about={"judge": NASTY, NASTY: NASTY}), by=[NASTY, "system"])
    read = Page(page(report))
    assert read.script == SCRIPT
    assert read.counts["script"] == 1
    assert not {"onerror", "onload"} & {name for _, attrs in read.elements for name in attrs}
    assert read.counts["style"] == 1
    assert read.text.count(SHOWN) >= 6
    assert not set(read.text) & set("\x00\x1b\u202e")


def test_nothing_from_data_becomes_markup_in_a_comparison_or_a_leaderboard(make_table):
    a, b = (
        make_table(rows(answer=NASTY), name=NASTY),
        make_table(rows(answer=NASTY, accuracy=1), name=f"{NASTY}2"),
    )
    for report in (
        build_comparison(RunData(a), RunData(b)),
        build_leaderboard([RunData(a), RunData(b)]),
        build_runs([RunData(a), RunData(b)]),
        build_audit(RunData(b)),
    ):
        read = Page(page(report))
        assert read.script in (SCRIPT, "")
        assert read.counts["script"] <= 1
        assert not {"onerror", "onload"} & {name for _, attrs in read.elements for name in attrs}
        assert SHOWN in read.text


@given(st.text(max_size=60))
def test_any_answer_leaves_the_elements_of_the_page_as_they_are(text):
    def elements(answer):
        return Page(page(report_of(cases=[case_of(answer=answer, id=answer, note=answer)]))).elements

    strange = "x" if block(text).strip() else ""
    expected = [(tag, attrs) for tag, attrs in elements(strange)]
    assert [tag for tag, _ in elements(text)] == [tag for tag, _ in expected]


def test_lines_of_an_answer_stay_and_control_characters_go():
    read = Page(page(report_of(cases=[case_of(answer="def f():\n    return\x07 1\r\n\tx")])))
    assert "def f():\n    return 1\n    x" in read.text


def test_a_long_answer_is_cut_and_that_is_said():
    text = "x" * (LONGEST_TEXT + 1)
    assert block(text).endswith(f"… ({LONGEST_TEXT + 1:,} characters)")
    assert block("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT


def test_an_empty_answer_is_called_empty():
    assert "(empty)" in Page(page(report_of(cases=[case_of(answer=" \x00")]))).text


def test_same_report_gives_the_same_bytes(report, html):
    assert page(report) == html


def test_another_process_gives_the_same_bytes():
    code = """
from judge.reporting.document import Column, Section, Table; from judge.reporting.report import Report; from judge.reporting.render.html import page; from judge.stats.engine.estimate import Estimate
columns = (Column("slice", "kind"), Column("pass_rate", "rate", "share"))
table = Table("slices:kind", "By kind", columns, tuple((f"a{i}", Estimate(i / 9, 0.0, 0.9)) for i in range(9)))
report = Report("report", "T", ("V.",), (), (Section("s", "S", tables=(table,)),), {}, {"a": "b"}, ())
import hashlib, sys; sys.stdout.write(hashlib.sha256(page(report).encode()).hexdigest())"""
    found = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}, cwd=Path(__file__).parents[3]).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1


def test_every_id_is_there_once_and_every_reference_has_its_target(make_table, table):
    other = make_table(rows(accuracy=4), name="other")
    read = Page(page(build_runs([RunData(table), RunData(other)])))
    ids = read.values("id")
    assert len(ids) == len(set(ids))
    pointed = {target[1:] for target in read.values("href")} | set(read.values("aria-labelledby"))
    pointed |= {name[5:-1] for name in read.values("clip-path")}
    assert pointed <= set(ids)


def test_sections_whose_names_look_alike_have_addresses_of_their_own():
    sections = tuple(
        Section(key, key, ("lead",)) for key in ("a b", "a-b", "日本", "中国", "content", "made-by")
    )
    read = Page(page(Report("report", "T", (), (), sections, {}, {}, ())))
    ids = read.values("id")
    assert len(ids) == len(set(ids)) == 8
    assert {target[1:] for target in read.values("href")} <= set(ids)


def test_every_drawing_has_words_and_a_table(report, html):
    read = Page(html)
    drawn = figures_of(report)
    assert read.counts["svg"] == read.counts["figure"] == len(drawn) > 5
    labels = [attrs["aria-label"] for _, attrs in read.elements if attrs.get("role") == "img"]
    assert labels == [figure.alt for figure in (drawn[key] for key in report.tables if key in drawn)]
    assert all(any(character.isdigit() for character in label) for label in labels)
    assert html.count("<summary>Table") == len(drawn)


def test_headings_go_down_by_one_level(html):
    levels = [int(tag[1]) for tag, _ in Page(html).elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_pairs_under_two_conditions_are_compared(html):
    assert "Condition: degraded compared with clean" in Page(html).text


def test_systems_of_one_run_are_ranked(make_table):
    report = build_report(
        RunData(make_table([{**row, "system": "ab"[i // 2 % 2]} for i, row in enumerate(rows())]))
    )
    assert "systems/leaderboard" in report.tables
    assert "Leaderboard of systems" in Page(page(report)).text


def test_two_runs_are_compared_item_by_item(make_table, table):
    report = build_runs([RunData(table), RunData(make_table(rows(accuracy=4), name="other"))])
    assert "run and other/pass_rate" in report.tables


def test_two_runs_that_share_nothing_are_still_reported(make_table, table):
    other = make_table(
        [{**row, "id": f"z{i}", "pair_id": f"z{i}"} for i, row in enumerate(rows())], name="other"
    )
    assert not any(
        key.startswith("run and other/") for key in build_runs([RunData(table), RunData(other)]).tables
    )


def test_the_rubric_is_there_in_full(report, html):
    text = Page(html).text
    assert all(str(cell) in text for row in report.tables["rubric"].rows for cell in row)


def test_several_runs_with_one_rubric_show_it_once(make_table, table):
    report = build_runs([RunData(table), RunData(make_table(rows(), name="other"))])
    assert [key for key in report.tables if key.endswith("rubric")] == ["rubric"]


def test_the_place_of_pictures_on_this_machine_is_not_on_the_page(html):
    assert "somebody" not in html


def test_long_tables_are_cut_and_that_is_said():
    columns = (Column("a", "a"), Column("n", "n", "count"))
    long = Table("t", "T", columns, tuple((f"row {i};", i) for i in range(MOST_ROWS + 5)))
    text = Page(page(report_of(long))).text
    assert f"The first {MOST_ROWS} of {MOST_ROWS + 5} rows" in text
    assert f"row {MOST_ROWS};" not in text


def test_a_very_wide_table_goes_without_its_details_and_names_them():
    columns = (Column("a", "a"), *(Column(f"c{i}", f"column {i};", "count", detail=i > 6) for i in range(10)))
    shown = Page(page(report_of(Table("t", "T", columns, (("x", *range(10)),)))))
    assert shown.counts["th"] == 7 + 1 + 1
    assert "Further columns in --csv and --json: column 7;, column 8;, column 9;." in shown.text
    narrow = Page(page(report_of(Table("t", "T", columns[4:], (tuple(range(7)),)))))
    assert narrow.counts["th"] == 7 + 1


def test_an_interval_says_how_it_was_made(html):
    assert "Intervals: 95 % Wilson (pass rate)." in Page(html).text


def test_an_undefined_number_says_why():
    columns = (Column("a", "a"), Column("e", "e", "share"))
    text = Page(
        page(
            report_of(
                Table("t", "T", columns, (("x", Estimate.undefined("no_ratings")), ("y", Estimate(0.5))))
            )
        )
    ).text
    assert "– (no ratings)" in text


def test_a_report_without_anything_is_still_a_page():
    read = Page(page(Report("report", "", (), (), (), {}, {}, ())))
    assert read.counts["main"] == 1


def test_choice_has_a_page_too():
    items = [
        Item(id=f"i{n}", question="Which?", answer=f"Answer: {'AB'[n % 3 % 2]}", choices=("one", "two"), gold="A", metadata={"kind": "xy"[n % 2]})
        for n in range(40)
    ]  # fmt: skip
    read = Page(page(build_choice(read_answers(items, name="answers"))))
    assert "Accuracy by kind" in read.text
    assert read.counts["svg"] >= 1


@pytest.fixture
def pictures(tmp_path):
    for name, size in (("large.png", (800, 600)), ("small.png", (40, 30))):
        Pillow.effect_noise(size, 60).convert("RGB").save(tmp_path / name)
    return tmp_path


def shown(root, *images):
    read = Page(page(report_of(cases=[case_of(images)], about={"image root": str(root)})))
    return read, read.all("img")


def test_pictures_are_small_and_inside_the_page(pictures):
    read, (large, small) = shown(pictures, Image(path="large.png"), Image(path="small.png", role="reference"))
    assert int(large["width"]) * int(large["height"]) <= 160 * 120
    assert len(large["src"]) < 20_000
    assert (small["width"], small["height"], small["alt"]) == ("40", "30", "reference image")
    assert "small.png (reference)" in read.text


def test_a_picture_that_cannot_be_shown_says_why(pictures):
    (pictures / "torn.png").write_bytes((pictures / "large.png").read_bytes()[:500])
    images = [Image(path=p) for p in ("gone.png", "../outside.png", "torn.png")]
    changed = Image(path="small.png", sha256="0" * 64)
    read, found = shown(pictures, *images, changed, Image(url="https://example.org/x.png"))
    assert not found
    for why in ("gone.png (query): does not exist", "lies outside of", "torn.png (query): cannot be read", "has changed since it was judged", "given as a URL, which is not fetched"):  # fmt: skip
        assert why in read.text


def test_a_picture_of_a_run_without_a_root_says_so():
    read = Page(page(report_of(cases=[case_of([Image(path="a.png")])])))
    assert "the image folder of the run is unknown" in read.text


def test_pictures_keep_to_the_budget_of_the_page(pictures):
    _, (one,) = shown(pictures, Image(path="large.png"))
    many = [Image(path="large.png")] * (IMAGE_BUDGET // len(one["src"]) + 3)
    html = page(report_of(cases=[case_of(many)], about={"image root": str(pictures)}))
    assert Page(html).counts["img"] == len(many) - 3
    assert "omitted to limit the size of the page" in html


def test_names_of_pictures_are_escaped(tmp_path):
    name = """x" onerror="alert(1)'<b>.png"""
    Pillow.new("RGB", (8, 8)).save(tmp_path / "p.png")
    (tmp_path / "p.png").rename(tmp_path / name)
    read, (image,) = shown(tmp_path, Image(path=name))
    assert f"{name} (query)" in read.text
    assert set(image) == {"src", "width", "height", "alt"}


def test_drawings_given_stand_in_place_of_the_usual_ones(report):
    figure = next(iter(figures_of(report).values()))
    html = page(report, {figure.table.key: replace(figure, title="My own")})
    assert Page(html).counts["svg"] == 1
    assert "My own" in html


def titled(section, **more):
    columns = (Column("slice", "kind"), Column("pass_rate", "pass rate", "share"))
    tables = [
        Table(
            f"{key}:kind", f"{key} of kind", columns, (("a", Estimate(0.5, 0.4, 0.6)),), detail=key == "other"
        )
        for key in ("slices", "plain", "other")
    ]
    return Section(section, "By kind", tables=tuple(tables), **more)


def test_a_closed_section_names_its_charts_and_tables_below_its_title():
    report = Report(
        "report", "T", ("V",), (), (titled("overview"), titled("slices")), {}, {}, (), short=("overview",)
    )
    html = page(report)
    (part,) = re.findall(r'<details class="part">.*?</summary>', html, re.DOTALL)
    assert "<h2>By kind</h2>" in part
    assert "slices of kind, plain of kind, other of kind" in part
    assert html.count("By kind</h2>") == 2


def test_the_first_charts_are_open_also_where_the_terminal_hides_their_section():
    sections = (Section("overview", "O", ("Lead.",)), titled("slices"), titled("more"))
    html = page(Report("report", "T", ("V",), (), sections, {}, {}, (), short=("overview",)))
    assert html.count('<details class="part">') == 1
    assert '<span class="target" id="more">' in html


def test_a_chart_with_the_title_of_its_section_does_not_repeat_it():
    columns = (Column("slice", "kind"), Column("pass_rate", "pass rate", "share"))
    table = Table("slices:kind", "Slices", columns, (("a", Estimate(0.5, 0.4, 0.6)),))
    for title, hidden in (("Slices", 1), ("Other", 0)):
        report = Report("report", "T", (), (), (Section("s", title, tables=(table,)),), {}, {}, ())
        assert page(report).count('<figcaption class="unseen">') == hidden


def test_a_long_table_and_those_after_the_second_are_folded_except_in_the_first_section():
    columns = (Column("a", "a"), Column("n", "n", "count"))
    sizes = {"first": 2, "second": rendering.MOST_UNFOLDED_ROWS + 1, "third": 2, "fourth": 2}
    tables = tuple(
        Table(name, name, columns, tuple((f"{name} {i}", i) for i in range(n))) for name, n in sizes.items()
    )
    report = Report("report", "T", (), (), (Section("s", "S", tables=tables),), {}, {}, ())
    assert 'class="long"' not in page(report)
    html = page(replace(report, sections=(Section("o", "O", ("Lead.",)), *report.sections)))
    folded = re.findall(r'<details class="long"><summary>(\w+) \((\d+) rows\)', html)
    assert folded == [("second", "25"), ("third", "2"), ("fourth", "2")]


@pytest.mark.parametrize(("n_rows", "n_tables", "is_printed"), [(50, 2, True), (51, 2, False)])
def test_many_folded_tables_of_a_closed_section_are_counted_on_paper_and_not_printed(
    n_rows, n_tables, is_printed
):
    columns = (Column("a", "a"), Column("n", "n", "count"))
    tables = [
        Table(str(k), f"T{k}", columns, tuple((f"r{i}", i) for i in range(n_rows))) for k in range(n_tables)
    ]
    parts = (Section("open", "Open", ("Lead.",)), Section("closed", "Closed", tables=tuple(tables)))
    report = Report("report", "T", (), (), parts, {}, {}, (), short=("open",))
    assert ('<details class="long screen">' in page(report)) is not is_printed
    assert ("2 tables of this section are not printed" in page(report)) is not is_printed
    assert "are not printed" not in page(replace(report, short=("open", "closed")))


@pytest.mark.parametrize(("n", "is_printed"), [(12, True), (13, False)])
def test_many_charts_of_a_closed_section_are_counted_on_paper_and_not_printed(n, is_printed):
    columns = (Column("slice", "kind"), Column("pass_rate", "pass rate", "share"))
    tables = [
        Table(f"slices:k{k}", f"T{k}", columns, (("a", Estimate(0.5, 0.4, 0.6)),)) for k in range(n + 1)
    ]
    first, *others = tables
    parts = (
        Section("open", "Open", tables=(first,)),
        Section("closed", "Closed", tables=tuple(others)),
    )
    report = Report("report", "T", (), (), parts, {}, {}, (), short=("open",))
    assert ('class="grid screen"' in page(report)) is not is_printed
    assert ("13 charts of this section are not printed" in page(report)) is not is_printed


@pytest.mark.parametrize(
    ("lengths", "n_more"), [((500, 100, 100), 2), ((200, 200, 10, 10), 2), ((200, 200, 10), 0), ((), 0)]
)
def test_a_phone_shows_the_first_findings_and_says_how_many_more_there_are(lengths, n_more):
    findings = tuple(f"{k}" * length for k, length in enumerate(lengths))
    html = page(Report("report", "T", findings, (), (), {}, {}, ()))
    assert re.findall(r"<summary>(\d+) more findings", html) == ([str(n_more)] if n_more else [])
    assert all(finding in html for finding in findings)


def test_of_several_answers_the_first_is_open_and_the_others_are_named():
    html = page(report_of(cases=[case_of(), replace(case_of(), id="i2", question="why?")]))
    assert html.count("<article") == 2
    (summary,) = re.findall(r'<details class="answer printed card"><summary>(.*?)</summary>', html)
    assert summary == "<b>i2</b> why?"


def test_below_the_title_of_a_closed_section_its_run_is_not_named_again():
    section = titled("a/slices")
    tables = tuple(replace(table, title=f"a: {table.title}") for table in section.tables)
    sections = (titled("overview"), replace(section, title="a: Slices", tables=tables))
    html = page(Report("report", "T", ("V",), (), sections, {}, {}, (), short=("overview",)))
    assert '<h2>a: Slices</h2> <span class="hint">slices of kind, plain of kind, other of kind</span>' in html
