"""The table of items: filters, counts, search, sort, pages, and how it compares with the report."""

import json
import re

import pytest

import judge
from judge.analysis.pass_rate import verdict_rate
from judge.analysis.score_table import ScoreTable
from judge.records import Item
from judge.scoring.run import Run
from judge.view.columns import Columns
from judge.view.item_filter import ItemFilter
from judge.view.list_page import View
from judge.view.people_comparison import PeopleComparison
from judge.view.second_run import SecondRun

from ..scoring.builders import reply
from ..scoring.builders import rubric as small_rubric
from .builders import Viewer, items_of, library_of, make_run, rating, refreshed


def view(path, *pairs, **more):
    library = library_of(path, **more)
    return View(refreshed(library, path.name), ItemFilter.of_query(pairs))


def ids(view):
    return [row.id for row in view.rows()]


def counts(view, name):
    (group,) = [group for group in view.groups() if group.name == name]
    return {choice.value: choice.count for choice in (*group.choices, *group.rest)}


def columns(view):
    return [column.name for column in view.table.shown]


def test_pass_rate_and_counts_are_those_of_the_report(tmp_path):
    path = make_run(tmp_path / "run", items_of(40))
    with Run.open(path) as run:
        rate, summary = verdict_rate(ScoreTable.of_run(run)), run.summary()
    shown = refreshed(library_of(path), "run").index.columns.counts
    assert shown == {
        "pass": rate.n_pass,
        "fail": rate.n_fail,
        "no verdict": rate.n_missing,
        "not applicable": rate.n_not_applicable,
    }
    assert (shown["pass"], shown["fail"], shown["no verdict"]) == (
        summary.passed, summary.failed, summary.undecided,
    )  # fmt: skip
    text = Viewer(library_of(path)).get("/runs/run/").text
    assert f"{100 * judge.report([path]).pass_rate.value:.1f} % pass" in text


def test_a_verdict_selects_its_items(tmp_path):
    path = make_run(tmp_path / "run", items_of(12))
    assert ids(view(path, ("f.verdict", "fail"))) == ["q5"]
    assert ids(view(path, ("f.verdict", "no verdict"))) == ["q10"]


def test_values_of_one_filter_are_alternatives_and_filters_are_combined(tmp_path):
    path = make_run(tmp_path / "run", items_of(12))
    assert ids(view(path, ("f.a", "1"), ("f.a", "2"))) == ["q1", "q5", "q6", "q11"]
    assert ids(view(path, ("f.a", "1"), ("f.a", "2"), ("f.field.topic", "fire"))) == ["q6"]


def test_counts_of_a_filter_leave_out_its_own_choice(tmp_path):
    path = make_run(tmp_path / "run", items_of(12))
    found = view(path, ("f.verdict", "fail"))
    assert counts(found, "verdict") == {"pass": 10, "fail": 1, "no verdict": 1}
    assert counts(found, "a") == {"1": 1}


def test_counts_among_most_of_the_items_are_those_of_a_few(tmp_path):
    path = make_run(tmp_path / "run", items_of(12))
    assert counts(view(path, ("f.verdict", "pass")), "field.topic") == {"ice": 5, "fire": 5}
    assert counts(view(path, ("q", "lynx")), "field.topic") == {"ice": 3}


def test_a_status_selects_its_items(tmp_path):
    path = make_run(tmp_path / "run", items_of(12))
    assert ids(view(path, ("f.status", "unparsed"))) == ["q10"]
    assert ids(view(path, ("f.a", "unparsed"))) == ["q10"]


def test_an_unknown_filter_selects_nothing(tmp_path):
    path = make_run(tmp_path / "run")
    assert ids(view(path, ("f.nonsense", "1"))) == []
    assert ids(view(path, ("f.verdict", ""))) == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("lynx", ["q3", "q7", "q11"]),
        ("LYNX 7", ["q7"]),
        ('"a lynx"', ["q3", "q7", "q11"]),
        ('"lynx a"', []),
        ("badge", ["q2", "q6", "q10"]),
        ("s-4", ["q4"]),
        ("q4", ["q4"]),
        ("nonsense", []),
        ("ra", ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q11", "q12"]),
        ('" OR *', []),
        ("* ?", [f"q{i}" for i in range(1, 13)]),
        ('heron" OR "otter', []),
    ],
)
def test_a_search_finds_items_that_hold_all_words(tmp_path, search, found):
    assert ids(view(make_run(tmp_path / "run"), ("q", search))) == found


def test_words_of_a_script_without_spaces_are_found(tmp_path):
    items = [Item(id="q1", question="?", answer="空は青い"), Item(id="q2", question="?", answer="海は青い")]
    assert ids(view(make_run(tmp_path / "run", items), ("q", "空は"))) == ["q1"]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("-cost", ["q12", "q11", "q10"]),
        ("a", ["q5", "q1", "q6"]),
        ("-a", ["q4", "q9", "q3"]),
        ("nonsense", ["q1", "q2", "q3"]),
    ],
)
def test_items_are_sorted(tmp_path, sort, first):
    assert ids(view(make_run(tmp_path / "run"), ("sort", sort)))[:3] == first


def test_items_without_a_value_come_last_in_either_direction(tmp_path):
    path = make_run(tmp_path / "run")
    assert ids(view(path, ("sort", "a")))[-1] == ids(view(path, ("sort", "-a")))[-1] == "q10"


def test_pages_hold_fifty_items(tmp_path):
    path = make_run(tmp_path / "run", items_of(120))
    assert ids(view(path, ("page", "3")))[0] == "q101"
    assert view(path, ("page", "3")).pages()["next"] == ""
    assert view(path, ("page", "2")).pages() == {
        "first": "/runs/run/", "previous": "/runs/run/", "next": "/runs/run/?page=3", "last": "/runs/run/?page=3",
        "here": 2, "n": 3, "from": 51, "to": 100,
    }  # fmt: skip
    assert ids(view(path, ("page", "99")))[0] == "q101"


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e3", "9" * 30, "²"])
def test_a_page_that_is_no_number_is_the_first(tmp_path, page):
    assert ids(view(make_run(tmp_path / "run"), ("page", page)))[0] == "q1"


def test_the_address_holds_the_whole_state():
    pairs = [("with", "b"), ("q", "a b"), ("f.x", "1"), ("f.x", "2"), ("sort", "-a"), ("page", "4")]
    state = ItemFilter.of_query(pairs)
    assert state.query() == "?with=b&q=a+b&f.x=1&f.x=2&sort=-a&page=4"
    assert state.toggled("x", "1").query() == "?with=b&q=a+b&f.x=2&sort=-a"
    assert state.toggled("x", "1").toggled("x", "2").query() == "?with=b&q=a+b&sort=-a"


def test_a_filter_that_is_on_can_be_removed(tmp_path):
    found = view(make_run(tmp_path / "run"), ("q", "lynx"), ("f.verdict", "pass"), ("f.gone", "1"))
    assert found.chips() == [
        ("Text: lynx", "/runs/run/?f.verdict=pass&f.gone=1"),
        ("Verdict: pass", "/runs/run/?q=lynx&f.gone=1"),
        ("gone: 1", "/runs/run/?q=lynx&f.verdict=pass"),
    ]


def test_a_score_below_the_pass_mark_is_marked(tmp_path):
    rubric = small_rubric(**{"pass": {"a": 3}})
    rows = view(make_run(tmp_path / "run", rubric=rubric)).rows()
    assert [(cell.text, cell.is_low) for cell in rows[0].cells] == [("2", True), ("4", False), ("3", False)]
    assert rows[9].cells[0].text == "unparsed"


def test_a_field_with_a_value_for_each_item_is_no_filter(tmp_path):
    found = view(make_run(tmp_path / "run", items_of(70)))
    names = [group.name for group in found.groups()]
    assert "field.topic" in names
    assert "field.serial" not in names


def test_many_values_of_a_field_unfold_by_count(tmp_path):
    items = [
        Item(id=f"q{i}", question="?", answer="!", metadata={"n": i % 12 if i < 30 else 11})
        for i in range(1, 40)
    ]
    found = view(make_run(tmp_path / "run", items))
    (group,) = [group for group in found.groups() if group.name == "field.n"]
    assert (group.choices[0].value, group.choices[0].count) == ("11", 12)
    assert (len(group.choices), len(group.rest)) == (8, 4)


def test_no_match_is_said(tmp_path):
    text = Viewer(library_of(make_run(tmp_path / "run"))).get("/runs/run/", ("q", "nonsense")).text
    assert "No item matches" in text


# Columns


def test_scores_and_fields_are_chosen_as_columns_and_the_choice_stands_in_the_address(tmp_path):
    items = [
        Item(
            id="q1", question="?", answer="!", system="m1", metadata={"serial": 7, "note": "a\n" + "b " * 80}
        ),
        Item(id="q2", question="?", answer="!", metadata={"part": {"no": 1}}),
    ]
    path = make_run(tmp_path / "run", items, lambda _: reply(2, 4))
    chosen = [
        ("col", name) for name in ("b", "field.note", "field.serial", "field.system", "field.part", "none")
    ]
    found = view(path, *chosen)
    assert columns(found) == ["b", "field.serial", "field.note", "field.system", "field.part"]
    first, second = ([cell.text for cell in row.cells] for row in found.rows())
    assert (first[:2], first[3:], first[2][:5], len(first[2])) == (["4", "7"], ["m1", ""], "a b b", 60)
    assert second == ["4", "", "", "", '{"no": 1}']
    for link in (
        found.item_link("q1"),
        found.link(found.wanted.without_filters()),
        found.link(found.wanted.toggled("verdict", "fail")),
    ):
        assert link.endswith("col=b&col=field.serial&col=field.note&col=field.system&col=field.part")
    assert "col=" not in found.link(found.wanted.with_columns(()))


def test_the_default_columns_and_unknown_ones_are_not_in_the_address(tmp_path):
    path = make_run(tmp_path / "run")
    for names in (("a", "b", "overall"), ("nonsense",)):
        found = view(path, *(("col", name) for name in names))
        assert columns(found) == ["a", "b", "overall"]
        assert "col=" not in found.item_link("q1")


def test_criteria_are_no_column(tmp_path):
    assert [column.name for column in view(criteria_run(tmp_path / "run")).table.fields] == []


def test_the_page_has_the_chosen_columns_and_lets_others_be_chosen(tmp_path):
    viewer = Viewer(library_of(make_run(tmp_path / "run")))
    text = viewer.get("/runs/run/", ("col", "field.topic"), ("q", "lynx"), ("sort", "-a")).text
    assert re.findall(r'<th scope="col" class="(?:field|score)".*?>(\w+)', text) == ["topic"]
    assert '<input type="checkbox" name="col" value="field.topic" checked>' in text
    assert text.count('<input type="hidden" name="col" value="field.topic">') == 1  # of the search
    assert '<input type="hidden" name="sort" value="-a">' in text


# Filters


def test_fields_of_the_items_come_before_scores_and_the_fifth_is_folded(tmp_path):
    fields = [{f"f{n}": str(i % 2) for n in range(6)} for i in range(6)]
    items = [item.model_copy(update={"metadata": m}) for item, m in zip(items_of(6), fields, strict=True)]
    path = make_run(tmp_path / "run", items)
    names = [group.name for group in view(path).groups()]
    assert names[:7] == ["verdict", *(f"field.f{n}" for n in range(6))]
    assert [group.is_open for group in view(path).groups()][1:7] == [True] * 4 + [False] * 2
    assert view(path, ("f.field.f5", "1")).groups()[6].is_open


# People


def test_items_on_which_people_disagree_are_filtered_and_sorted(tmp_path):
    path = make_run(
        tmp_path / "run"
    )  # a = n % 5 + 1, b = 4; the overall score is their mean, and passes from 3
    ratings = [
        *(rating("q1", rater, 2.0) for rater in ("ann", "ben")),
        *(rating("q1", rater, 4.0, "b") for rater in ("ann", "ben")),
        *(rating("q2", "ann", 1.0, name) for name in "ab"),
        *(rating("q5", "ann", 5.0, name) for name in "ab"),
        rating("q10", "ann", 5.0),
    ]
    more = {"ratings": ratings, "ratings_file": "ratings.csv"}
    everything = view(path, **more)
    assert counts(everything, "people") == {
        "same verdict": 1, "judge passes, people fail": 1, "judge fails, people pass": 1, "no common verdict": 1,
    }  # fmt: skip
    assert counts(everything, "apart") == {"under 1 point": 1, "2 points and more": 2}
    assert ids(view(path, ("f.people", "judge fails, people pass"), **more)) == ["q5"]
    assert ids(view(path, ("sort", "-apart"), **more))[:3] == ["q5", "q2", "q1"]
    assert ("Distance from people", "-apart", False) in everything.sorts()
    assert {row.id: row.people for row in everything.rows()}["q5"] == "pass"
    text = Viewer(library_of(path, **more)).get("/runs/run/").text
    assert text.count("not rated") == 8


def test_ratings_on_dimensions_in_capitals_are_those_of_the_rubric(tmp_path):
    path = make_run(tmp_path / "run")
    more = {"ratings": [rating("q5", "ann", 5.0, name) for name in "AB"], "ratings_file": "ratings.csv"}
    assert {row.id: row.people for row in view(path, **more).rows()}["q5"] == "pass"


def test_a_tie_of_people_is_no_verdict(tmp_path):
    path = make_run(tmp_path / "run", rubric=small_rubric(**{"pass": {"a": 3}}))
    ratings = [rating("q1", "ann", 1.0), rating("q1", "ben", 5.0)]
    found = view(path, ratings=ratings, ratings_file="r.csv")
    assert found.opened.people.verdicts == {"q1": None}


def test_people_for_whom_the_pass_rule_does_not_apply_have_no_verdict(tmp_path):
    path = make_run(tmp_path / "run", rubric=small_rubric(**{"pass": {"a": 3}}))
    ratings = [rating("q1", "ann", None, status="not_applicable"), rating("q1", "ann", 5.0, "b")]
    assert view(path, ratings=ratings, ratings_file="r.csv").opened.people.verdicts == {"q1": None}


def criteria_run(path, n=5):
    """Two criteria an item: the judge finds both met."""
    rubric = small_rubric(
        dimensions={}, criteria={"field": "criteria"}, overall={"how": "points"}, **{"pass": {"overall": 1}}
    )
    listed = [{"id": "c1", "text": "short"}, {"id": "c2", "text": "right"}]
    items = [
        Item(id=f"q{i}", question="?", answer=str(i), metadata={"criteria": listed}) for i in range(1, n + 1)
    ]
    found = json.dumps({"criteria": {name: {"reason": "", "met": True} for name in ("c1", "c2")}})
    return make_run(path, items, lambda _: found, rubric)


def test_items_on_whose_criteria_judge_and_people_differ_are_filtered(tmp_path):
    given = {"q1": (1.0, 1.0), "q2": (1.0, 0.0), "q3": (0.0, 0.0)}
    ratings = [
        rating(item_id, "ann", value, "criteria", criterion=name)
        for item_id, values in given.items()
        for name, value in zip(("c1", "c2"), values, strict=True)
    ]
    ratings += [
        rating("q4", r, v, "criteria", criterion="c1") for r, v in (("ann", 1.0), ("ben", 0.0))
    ]  # a tie
    more = {"ratings": ratings, "ratings_file": "r.csv"}
    path = criteria_run(tmp_path / "run")
    everything = view(path, **more)
    assert counts(everything, "people.criteria") == {
        "all as people": 1,
        "one differs": 1,
        "several differ": 1,
    }
    assert counts(everything, "people") == {
        "same verdict": 1, "judge passes, people fail": 2, "no common verdict": 1,
    }  # fmt: skip
    assert ids(view(path, ("f.people.criteria", "one differs"), **more)) == ["q2"]


def test_without_any_verdict_of_people_there_is_neither_column_nor_filter_for_it(tmp_path):
    more = {
        "ratings": [rating("q1", "ann", 4.0)],
        "ratings_file": "r.csv",
    }  # the overall score needs b as well
    path = make_run(tmp_path / "run")
    found = view(path, **more)
    assert [facet.name for facet in found.against_people.facets] == ["apart"]
    assert not found.has_people
    assert "not rated" not in Viewer(library_of(path, **more)).get("/runs/run/").text


def test_ratings_are_compared_once_until_the_run_changes(tmp_path):
    opened = library_of(
        make_run(tmp_path / "run"), ratings=[rating("q1", "ann", 4.0)], ratings_file="r.csv"
    ).open("run")
    first = opened.against_people()
    assert opened.against_people() is first
    opened.index.generation += 1
    assert opened.against_people() is not first


# Two runs


def two(tmp_path):
    first = make_run(tmp_path / "first")
    second = make_run(tmp_path / "second", answer=lambda _: reply(5, 5), model="mock/other")
    return library_of(first, second)


def beside(library, *pairs):
    state = ItemFilter.of_query([("with", "second"), *pairs])
    return View(library.open("first"), state, library.open("second"))


@pytest.mark.parametrize(
    ("there", "rows"), [([6, 5], [1, 0, -1]), ([6, 0], [-1, 0, -1]), ([0, 0], [-1, -1, -1])]
)
def test_items_that_were_not_read_yet_match_no_item_of_the_other_run(there, rows):
    def part(*keys):
        columns = Columns(small_rubric(), len(keys))
        columns.keys[:] = keys
        columns.verdicts[:] = [key > 0 for key in keys]
        return columns

    assert SecondRun(part(5, 6, 0), part(*there)).rows.tolist() == rows


def test_flipped_verdicts_are_filtered(tmp_path):
    library = two(tmp_path)
    assert counts(beside(library), "change") == {"fail to pass": 1, "both pass": 10, "no verdict in one": 1}
    assert ids(beside(library, ("f.change", "fail to pass"))) == ["q5"]
    assert counts(beside(library), "diff.a") == {"same": 2, "higher": 9}


def test_both_scores_are_shown_where_they_differ(tmp_path):
    row = beside(two(tmp_path)).rows()[0]
    assert (row.verdict, row.other) == ("pass", "pass")
    assert [(cell.text, cell.beside) for cell in row.cells] == [("2", "5"), ("4", "5"), ("3", "5")]


def test_items_are_sorted_by_the_distance_between_the_runs(tmp_path):
    assert ids(beside(two(tmp_path), ("sort", "-change")))[0] == "q5"


def test_runs_are_matched_by_id_in_any_order(tmp_path):
    make_run(tmp_path / "first")
    make_run(tmp_path / "second", list(reversed(items_of(6))), lambda _: reply(5, 5), model="mock/other")
    found = beside(library_of(tmp_path / "first", tmp_path / "second"))
    assert counts(found, "change") == {"not in both": 6, "fail to pass": 1, "both pass": 5}
    assert {row.id: row.other for row in found.rows()}["q12"] == "not in it"


def test_the_page_of_two_runs_names_both(tmp_path):
    text = Viewer(two(tmp_path)).get("/runs/first/", ("with", "second")).text
    assert re.search(r"first run first, second run\s+second", text)


# The rest


def test_repeated_and_unknown_parameters_are_left_out():
    assert ItemFilter.of_query([("f.a", "1"), ("f.a", "1"), ("x", "2"), ("utm", "3")]).query() == "?f.a=1"


def test_of_many_dimensions_the_overall_score_is_shown_first(tmp_path):
    anchors = {n: str(n) for n in range(1, 6)}
    dimensions = {f"d{n}": {"description": "d", "anchors": anchors} for n in range(12)}
    path = make_run(tmp_path / "run", items_of(1), rubric=small_rubric(dimensions=dimensions))
    assert columns(view(path)) == ["overall", *(f"d{n}" for n in range(8))]


def test_an_unknown_sort_is_not_offered(tmp_path):
    names = [sort for _, sort, _ in view(make_run(tmp_path / "run"), ("sort", "nonsense")).sorts()]
    assert names == ["", "-cost", "-time", "-length", "a", "-a", "b", "-b", "overall", "-overall"]


def test_a_second_run_without_items_matches_nothing(tmp_path):
    make_run(tmp_path / "first")
    Run.imported(tmp_path / "second", small_rubric(), [], [], model="m").close()
    found = beside(library_of(tmp_path / "first", tmp_path / "second"))
    assert counts(found, "change") == {"not in both": 12}


def test_the_pass_rule_that_does_not_apply_is_a_verdict_of_its_own(tmp_path):
    anchors = {n: str(n) for n in range(1, 6)}
    dimensions = {
        "a": {"description": "d", "anchors": anchors, "when": {"topic": "ice"}},
        "b": {"description": "d", "anchors": anchors, "when": {"topic": "steam"}},
    }
    path = make_run(tmp_path / "run", rubric=small_rubric(dimensions=dimensions))
    with Run.open(path) as run:
        rate = verdict_rate(ScoreTable.of_run(run))
    assert rate.n_not_applicable == 6
    shown = {"pass": rate.n_pass, "fail": rate.n_fail, "not applicable": rate.n_not_applicable}
    assert counts(view(path), "verdict") == shown


def test_people_are_compared_on_the_dimensions_that_are_left(tmp_path):
    library = library_of(make_run(tmp_path / "run"), ratings=[rating("q1", "ann", 5.0)], ratings_file="r.csv")
    opened = library.open("run")
    other = library_of(
        make_run(tmp_path / "other", rubric=small_rubric(dimensions={"b": small_rubric().dimensions["b"]}))
    )
    assert set(PeopleComparison(opened.people, other.open("other").index.columns, {}).apart) != {0.0}


def test_a_page_is_of_the_run_as_it_is_now(tmp_path):
    path = make_run(tmp_path / "run")
    library = library_of(path)
    assert "about a otter" in Viewer(library).get("/runs/run/item", ("id", "q1")).text
    opened = library.open("run")
    opened.run()
    make_run(path, [Item(id="q1", question="?", answer="Quite another.")])
    assert opened.run().item("q1").answer == "Quite another."


def test_a_run_without_items_has_a_page(tmp_path):
    Run.imported(tmp_path / "run", small_rubric(), [], [], model="m").close()
    text = Viewer(library_of(tmp_path / "run")).get("/runs/run/").text
    assert "No verdicts yet" in text
    assert "No item matches" in text
