"""The page of one item: scores with reasons and anchors, people, samples, replies, prompts, pictures, long texts."""

import json
import sqlite3
from html import unescape

import pytest
from PIL import Image as Pillow

from judge import Judge
from judge.records import Completion, Failure, Image, Item, Score, Usage
from judge.rubric import Rubric, load_rubric
from judge.scoring.backends.decisions.routes import stored_form
from judge.scoring.loop import derive_scores
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run
from judge.view.item_filter import ItemFilter
from judge.view.item_page import ItemPage, anchor_of, value_text
from judge.view.list_page import View
from judge.view.replies import (
    MOST_REPLIES,
    facts_of,
    prompts_of,
    replies_of,
    reply_text_of,
    totals_of,
    whole_text,
)

from ..scoring.builders import item, reply
from ..scoring.builders import rubric as small_rubric
from .builders import Viewer, items_of, library_of, make_run, rating


def page(library, item_id="q1", *pairs, other=None):
    name = next(iter(library.paths))
    state = ItemFilter.of_query([*pairs, *([("with", other)] if other else [])])
    return ItemPage(View(library.open(name), state, library.open(other) if other else None), item_id)


def line(page, name):
    (found,) = [line for line in page.lines() if line.name == name]
    return found


def test_each_score_has_its_reason_and_the_anchor_of_its_value(tmp_path):
    found = line(page(library_of(make_run(tmp_path / "run"))), "a").judge
    assert (found.value, found.reason.text, found.anchor) == ("2", "ra", "two")


def test_a_missing_score_says_why(tmp_path):
    found = line(page(library_of(make_run(tmp_path / "run")), "q10"), "a").judge
    assert (found.value, found.status, found.anchor) == ("unparsed", "unparsed", "")
    assert found.reason.text


def test_a_score_below_its_mark_is_low(tmp_path):
    path = make_run(tmp_path / "run", rubric=small_rubric(**{"pass": {"a": 3}}))
    found = line(page(library_of(path)), "a")
    assert (found.judge.is_low, found.detail) == (True, "passes from 3")


def test_ratings_of_people_stand_beside_the_score(tmp_path):
    ratings = [
        rating("q1", "ann", 4.0),
        rating("q1", "ben", None, status="abstained"),
        rating("q2", "ann", 1.0),
    ]
    library = library_of(make_run(tmp_path / "run"), ratings=ratings, ratings_file="r.csv")
    assert line(page(library), "a").people == [("ann", "4"), ("ben", "abstained")]
    assert page(library).people_verdict == "no verdict"
    assert page(library, "q3").people_verdict == ""
    assert "ann" in Viewer(library).get("/runs/run/item", ("id", "q1")).text


def test_every_sample_is_shown(tmp_path):
    path = make_run(tmp_path / "run", answer=lambda r: reply(r.sample + 1, 4), samples=3)
    library = library_of(path)
    assert line(page(library), "a").judge.samples == ["1", "2", "3"]
    assert [one.title for one in replies_of(library.open("run"), "q1")] == [
        "Sample 1",
        "Sample 2",
        "Sample 3",
    ]


def test_the_prompt_is_the_one_that_was_sent(tmp_path):
    note, (prompt,) = prompts_of(library_of(make_run(tmp_path / "run")).open("run"), items_of(1)[0])
    assert prompt.is_as_sent
    assert "As it was sent" in note
    assert "Answer 1 about a otter." in prompt.messages[1][1].text


def test_a_prompt_that_was_not_sent_is_not_called_so(tmp_path):
    library = library_of(make_run(tmp_path / "run"))
    note, (prompt,) = prompts_of(library.open("run"), Item(id="q1", question="another", answer="!"))
    assert not prompt.is_as_sent
    assert "would be sent now" in note


def test_a_prompt_of_an_earlier_version_is_named(tmp_path):
    path = make_run(tmp_path / "run")
    with Run.open(path) as run:
        earlier = {**run.judge.description, "prompt": 1}
        key = run.judge
    with Run.create(path, key) as run:
        run.set_fact("judge", earlier)
    library = library_of(path)
    note, _ = prompts_of(library.open("run"), Item(id="q1", question="another", answer="!"))
    assert "version 1 of the prompt" in note


def test_a_dimension_asked_alone_has_a_prompt_of_its_own(tmp_path):
    path = make_run(tmp_path / "run", answer=lambda _: "4", rubric=small_rubric().as_numbers())
    library = library_of(path)
    _, prompts = prompts_of(library.open("run"), library.open("run").run().item("q1"))
    assert [prompt.title for prompt in prompts] == ["A", "B"]
    assert [one.title for one in replies_of(library.open("run"), "q1")] == ["Reply, A", "Reply, B"]
    assert "Prompts" in Viewer(library).get("/runs/run/item", ("id", "q1")).text


def imported(tmp_path, rubric=None, **score):
    rubric = rubric or small_rubric()
    given = {"item_id": "q1", "rater": "m", "rater_kind": "judge", "dimension": "a", "value": 4.0, **score}
    Run.imported(tmp_path / "run", rubric, items_of(1), [Score(**given)], model="m").close()
    return library_of(tmp_path / "run")


def test_imported_scores_and_the_baseline_have_no_prompt(tmp_path):
    library = imported(tmp_path)
    note, prompts = prompts_of(library.open("run"), items_of(1)[0])
    assert (prompts, "imported" in note) == ([], True)
    baseline = make_run(tmp_path / "other", model="baseline")
    assert "baseline" in prompts_of(library_of(baseline).open("other"), items_of(1)[0])[0]


def test_flags_are_shown_unless_they_are_empty(tmp_path):
    rubric = load_rubric("inspection")
    library = imported(tmp_path, rubric, dimension="is_accurate", value=0.0)
    assert line(page(library), "is_accurate").judge.value == "false"
    empty = Score(item_id="q1", rater="m", rater_kind="judge", dimension="reference_issue", value="")
    assert page(library)._judgment("reference_issue", [empty], rubric, library.open("run")) is None


@pytest.mark.parametrize(
    ("dimension", "value", "text", "anchor"),
    [
        ({"type": "binary", "description": "It is right."}, 1.0, "yes", "It is right."),
        ({"type": "category", "description": "d", "labels": {"good": "as it should be", "bad": ""}}, "good", "good", "as it should be"),
        ({"description": "d", "anchors": {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}}, 2.5, "2.5", ""),
    ],
)  # fmt: skip
def test_a_value_is_shown_in_the_words_of_its_type(dimension, value, text, anchor):
    dimensions = {"a": dimension, "b": {"type": "binary", "description": "d"}}
    rubric = Rubric.model_validate(
        {"name": "r", "task": "t", "dimensions": dimensions, "overall": {"how": "none"}, "pass": {"b": 1}}
    )
    score = Score(item_id="q1", rater="m", rater_kind="judge", dimension="a", value=value)
    assert (value_text(rubric, "a", score), anchor_of(rubric, "a", score)) == (text, anchor)


# Criteria of the items


def criteria_run(path, *, points=(1, 1), **second):
    rubric = Rubric.model_validate(
        {
            "name": "criteria", "task": "t", "dimensions": {}, "criteria": {"field": "criteria"},
            "overall": {"how": "points"}, "pass": {"overall": 0.5},
        }
    )  # fmt: skip
    criteria = [
        {"id": "c1", "text": "It names the year.", "points": points[0]},
        {"id": "c2", "text": "It is short.", "points": points[1]},
    ]
    item = Item(id="q1", question="?", answer="!", metadata={"criteria": criteria, **second})
    shape = {"criteria": {"c1": {"reason": "no year", "met": False}, "c2": {"reason": "short", "met": True}}}
    return make_run(path, [item], lambda _: json.dumps(shape), rubric)


def test_criteria_of_an_item_are_shown_with_their_texts(tmp_path):
    library = library_of(criteria_run(tmp_path / "run"))
    first, second = [line for line in page(library).lines() if line.name.startswith("criteria/")]
    assert (first.title, first.detail, first.judge.value) == ("Criterion c1", "It names the year.", "not met")
    assert (second.judge.value, second.judge.is_low) == ("met", False)
    assert "criteria" not in dict(page(library).fields())
    assert library.open("run").index.columns.criteria.tolist() == [2]


def test_criteria_of_two_runs_stand_side_by_side(tmp_path):
    library = library_of(criteria_run(tmp_path / "run"), criteria_run(tmp_path / "other"))
    first = next(line for line in page(library, other="other").lines() if line.name == "criteria/c1")
    assert (first.judge.value, first.other.value) == ("not met", "not met")


def test_criteria_that_cannot_be_read_any_more_have_no_text(tmp_path):
    library = library_of(criteria_run(tmp_path / "run"))
    found = page(library)
    found.item = found.item.model_copy(update={"metadata": {}})
    assert [line.detail for line in found._criteria()] == ["", ""]
    assert "cannot be built" in prompts_of(library.open("run"), found.item)[0]


def met(item_id, rater, **values):
    """Ratings of criteria."""
    return [
        rating(item_id, rater, value, "criteria", criterion=name, status="ok" if value is not None else "abstained")
        for name, value in values.items()
    ]  # fmt: skip


def test_ratings_of_criteria_stand_beside_the_judge(tmp_path):
    ratings = [*met("q1", "ann", c1=1.0, c2=None), *met("q1", "ben", c1=0.0)]
    library = library_of(criteria_run(tmp_path / "run"), ratings=ratings, ratings_file="r.csv")
    found = page(library)
    assert line(found, "criteria/c1").people == [("ann", "met"), ("ben", "not met")]
    assert line(found, "criteria/c2").people == [("ann", "abstained")]
    assert "not met" in Viewer(library).get("/runs/run/item", ("id", "q1")).text


def test_a_rated_criterion_that_the_judge_was_not_asked_has_a_line_of_its_own(tmp_path):
    ratings = met("q1", "ann", c9=1.0)
    library = library_of(criteria_run(tmp_path / "run"), ratings=ratings, ratings_file="r.csv")
    found = line(page(library), "criteria/c9")
    assert (found.detail, found.judge, found.people) == ("", None, [("ann", "met")])


@pytest.mark.parametrize(("given", "verdict"), [((1.0, 0.0), "pass"), ((0.0, 0.0), "fail"), ((1.0, None), "no verdict")])  # fmt: skip
def test_the_verdict_of_people_follows_from_their_ratings_of_criteria(tmp_path, given, verdict):
    ratings = met("q1", "ann", c1=given[0], c2=given[1])
    library = library_of(criteria_run(tmp_path / "run"), ratings=ratings, ratings_file="r.csv")
    assert page(library).people_verdict == verdict


def test_criteria_that_cannot_be_read_any_more_give_people_no_verdict(tmp_path):
    path = criteria_run(tmp_path / "run")
    with sqlite3.connect(path / "run.db") as db:
        db.execute("UPDATE items SET data = json_remove(data, '$.metadata.criteria')")
    library = library_of(path, ratings=met("q1", "ann", c1=1.0, c2=1.0), ratings_file="r.csv")
    assert page(library).people_verdict == "no verdict"


def test_overall_scores_from_points_are_rounded_and_have_their_mark(tmp_path):
    found = line(page(library_of(criteria_run(tmp_path / "run", points=(1, 2)))), "overall")
    assert (found.judge.value, found.detail) == ("0.667", "passes from 0.5")


def test_the_points_of_a_criterion_stand_beside_its_text(tmp_path):
    found = page(library_of(criteria_run(tmp_path / "run", points=(2, -1))))
    details = [line(found, f"criteria/{name}").detail for name in ("c1", "c2")]
    assert details == ["It names the year. (2 points)", "It is short. (-1 point)"]


def test_a_penalty_that_is_met_is_low(tmp_path):
    library = library_of(criteria_run(tmp_path / "run", points=(1, -1)))
    found = page(library)
    assert [line(found, f"criteria/{name}").judge.is_low for name in ("c1", "c2")] == [True, True]


def test_ratings_of_flags_stand_beside_the_judge(tmp_path):
    rubric = load_rubric("inspection")
    score = Score(item_id="q1", rater="m", rater_kind="judge", dimension="is_accurate", value=0.0)
    Run.imported(tmp_path / "run", rubric, items_of(1), [score], model="m").close()
    ratings = [rating("q1", "ann", 1.0, "is_accurate"), rating("q1", "ben", "wrong unit", "reference_issue")]
    found = page(library_of(tmp_path / "run", ratings=ratings, ratings_file="r.csv"))
    assert (line(found, "is_accurate").judge.value, line(found, "is_accurate").people) == (
        "false",
        [("ann", "true")],
    )
    assert line(found, "reference_issue").people == [("ben", "wrong unit")]


# Next and previous


def test_next_and_previous_stay_within_the_filter(tmp_path):
    library = library_of(make_run(tmp_path / "run"))
    around = page(library, "q6", ("f.a", "2")).neighbours()
    assert (around["place"], around["n"]) == (2, 3)
    assert around["previous"] == "/runs/run/item?id=q1&f.a=2"
    assert around["next"] == "/runs/run/item?id=q11&f.a=2"
    assert page(library, "q11", ("f.a", "2")).neighbours()["next"] is None


def test_an_item_outside_of_the_filter_has_no_place(tmp_path):
    library = library_of(make_run(tmp_path / "run"))
    assert page(library, "q2", ("f.a", "1")).neighbours()["place"] is None
    assert page(library, "q2", ("f.a", "1")).list_link == "/runs/run/?f.a=1"
    assert "not in this filter" in Viewer(library).get("/runs/run/item", ("id", "q2"), ("f.a", "1")).text


def test_the_link_back_leads_to_the_page_of_the_item(tmp_path):
    library = library_of(make_run(tmp_path / "run", items_of(120)))
    assert page(library, "q101", ("sort", "cost")).list_link == "/runs/run/?sort=cost&page=3"


# Two runs


def test_both_judges_stand_side_by_side_with_their_reasons(tmp_path):
    first = make_run(tmp_path / "first")
    other = [item.model_copy(update={"answer": "Another."}) for item in items_of(2)]
    second = make_run(tmp_path / "second", other, lambda _: reply(5, 5))
    library = library_of(first, second)
    found = page(library, "q1", other="second")
    assert (line(found, "a").judge.value, line(found, "a").other.value) == ("2", "5")
    assert (found.verdict, found.other_verdict, found.other_answer.text) == ("pass", "pass", "Another.")
    text = Viewer(library).get("/runs/first/item", ("id", "q1"), ("with", "second")).text
    assert "Another." in text


def test_an_item_that_the_other_run_lacks_is_said(tmp_path):
    library = library_of(make_run(tmp_path / "first"), make_run(tmp_path / "second", items_of(2)))
    found = page(library, "q5", other="second")
    assert (found.other_verdict, found.other_answer, line(found, "a").other) == ("", None, None)
    assert (
        "does not have this item"
        in Viewer(library).get("/runs/first/item", ("id", "q5"), ("with", "second")).text
    )


def test_an_item_that_the_other_run_has_not_read_yet_has_no_verdict(tmp_path):
    library = library_of(make_run(tmp_path / "first"), make_run(tmp_path / "second"))
    found = page(library, "q1", other="second")
    library.open("second").index.columns.keys[:] = 0
    library.open("second").index._changed()
    assert page(library, "q1", other="second").other_verdict == ""
    assert found.other_verdict == "pass"


# Replies


def test_a_refusal_and_a_failure_are_replies_too():
    assert reply_text_of(Completion(key="k", item_id="i", refusal="I can't.")) == "I can't."
    failed = Completion(key="k", item_id="i", failure=Failure(kind="timeout", message="60 s"))
    assert reply_text_of(failed) == "timeout: 60 s"
    assert reply_text_of(Completion(key="k", item_id="i")) == ""


def test_a_reply_tells_its_cost_time_and_tokens():
    usage = Usage(prompt_tokens=1200, completion_tokens=80, cached_tokens=1000, reasoning_tokens=20)
    facts = facts_of(
        Completion(
            key="k", item_id="i", reply="!", usage=usage, cost=0.0123, latency=2.5, tries=3, model="m",
            finish_reason="stop", created=0.0, dropped=("seed",), label_probabilities={"4": 0.25, "5": 0.75},
        )
    )  # fmt: skip
    assert dict(facts) == {
        "Model": "m",
        "Finish reason": "stop",
        "Tokens": "1,200 prompt, 80 completion, 1,000 from the cache, 20 for reasoning",
        "Cost": "$0.012",
        "Time": "2.5 s",
        "Tries": "3",
        "Received": "1970-01-01 00:00:00 UTC",
        "Parameters left out": "seed",
        "Probabilities": "5 75.0%, 4 25.0%",
    }


def test_reasoning_and_second_attempts_are_shown(tmp_path):
    path = make_run(tmp_path / "run", answer=lambda _: {"reply": reply(), "reasoning": "Let me think."})
    with Run.open(path) as run:
        judge, (first,) = run.judge, run.completions("q1")
    with Run.create(path, judge) as run:
        run.append([first.model_copy(update={"attempt": 1, "reply": None, "refusal": "no"})])
    library = library_of(path)
    one, two = replies_of(library.open("run"), "q1")
    assert (one.reasoning.text, one.kind) == ("Let me think.", "Reply")
    assert (two.title, two.kind) == ("Reply, requested once more", "Refusal")
    assert "Let me think." in Viewer(library).get("/runs/run/item", ("id", "q1")).text


def test_cost_and_time_of_an_item_are_added_up(tmp_path):
    library = library_of(make_run(tmp_path / "run", samples=2))
    assert totals_of(library.open("run"), "q3") == [("Requests", "2"), ("Cost", "$0.006"), ("Time", "1 s")]
    unknown = library_of(make_run(tmp_path / "other", answer=lambda _: reply()))
    assert totals_of(unknown.open("other"), "q3") == [("Requests", "1")]


def test_no_more_than_sixty_replies_are_shown(tmp_path):
    library = library_of(make_run(tmp_path / "run", items_of(1), samples=MOST_REPLIES + 1))
    assert len(replies_of(library.open("run"), "q1")) == MOST_REPLIES


# Texts


def test_hostile_texts_are_escaped_and_made_visible(tmp_path):
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202eevil\u2066 \x00{{7*7}}"
    item = Item(
        id="<b>'\"&/../?#", question=attack, answer=attack, reference=attack, system=attack,
        metadata={attack: attack, "x": [attack]}, choices=(attack, "b"), gold="A",
    )  # fmt: skip
    shape = {"a": {"reason": attack, "score": 4}, "b": {"reason": attack, "score": 1}}
    library = library_of(make_run(tmp_path / "run", [item, *items_of(1)], lambda _: json.dumps(shape)))
    viewer = Viewer(library)
    for found in (viewer.get("/runs/run/"), viewer.get("/runs/run/item", ("id", item.id))):
        assert found.status_code == 200
        assert "<script>alert" not in found.text
        assert "<img src=x" not in found.text
        assert "\u202e" not in found.text
        assert "\u2066" not in found.text
        assert "[U+202E]" in found.text
        assert "{{7*7}}" in unescape(found.text)


def test_a_long_text_is_cut_with_a_link_to_the_whole(tmp_path):
    answer = "word " * 100_000
    items = [Item(id="q 1/&", question="?", answer=answer)]
    viewer = Viewer(library_of(make_run(tmp_path / "run", items, lambda _: reply())))
    found = viewer.get("/runs/run/item", ("id", "q 1/&"))
    assert len(found.content) < 100_000
    assert "cut after 12,000 of 500,000 characters" in found.text
    assert "/runs/run/text?id=q+1%2F%26&amp;part=answer" in found.text
    whole = viewer.get("/runs/run/text", ("id", "q 1/&"), ("part", "answer"))
    assert (whole.text, whole.headers["content-type"]) == (answer, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("question", "Question 1?"),
        ("reference", "Reference 1"),
        ("reply.0", reply(2, 4)),
        ("reply.1", None),
        ("reply.x", None),
        ("reasoning.0", None),
        ("reason.0.a.", "ra"),
        ("reason.0.z.", None),
        ("prompt.7.7", None),
        ("nonsense", None),
    ],
)
def test_each_text_can_be_had_in_full(tmp_path, part, found):
    assert whole_text(library_of(make_run(tmp_path / "run")).open("run"), "q1", part) == found


def test_the_prompt_can_be_had_in_full(tmp_path):
    opened = library_of(make_run(tmp_path / "run")).open("run")
    assert "Answer 1" in whole_text(opened, "q1", "prompt.0.1")


def test_a_text_that_is_not_there_is_not_found(tmp_path):
    viewer = Viewer(library_of(make_run(tmp_path / "run")))
    assert viewer.get("/runs/run/text", ("id", "q1"), ("part", "nonsense")).status_code == 404
    assert viewer.get("/runs/run/item", ("id", "nobody")).status_code == 404


# Pictures


@pytest.fixture
def pictured(tmp_path):
    Pillow.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    Pillow.new("RGB", (40, 30), "blue").save(tmp_path / "blue.jpg")
    (tmp_path / "page.html").write_text("<script>alert(1)</script>")
    (tmp_path.parent / "outside.png").write_bytes((tmp_path / "red.png").read_bytes())
    urls = (
        "https://example.org/x.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "data:image/png;base64,%%%",
        "data:text/html,x",
    )
    paths = ("red.png", "blue.jpg", "missing.png", "page.html", "../outside.png", "/etc/passwd")
    images = [*(Image(path=p) for p in paths), *(Image(url=u) for u in urls)]
    images[1] = Image(path="blue.jpg", role="reference")
    item = Item(id="q1", question="?", answer="!", images=tuple(images))
    return library_of(make_run(tmp_path / "run", [item], lambda _: reply()))


def test_pictures_of_the_item_are_sent(pictured):
    red, blue = (Viewer(pictured).get("/runs/run/image", ("id", "q1"), ("n", n)) for n in (0, 1))
    assert (red.headers["content-type"], red.content[:4]) == ("image/png", b"\x89PNG")
    assert (blue.headers["content-type"], blue.content[:2]) == ("image/jpeg", b"\xff\xd8")


@pytest.mark.parametrize("n", ["2", "3", "4", "5", "6", "8", "9", "10", "-1", "x", "", "9" * 20])
def test_nothing_else_is_sent_as_a_picture(pictured, n):
    found = Viewer(pictured).get("/runs/run/image", ("id", "q1"), ("n", n))
    assert (found.status_code, found.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"root:" not in found.content


def test_a_picture_that_is_missing_says_where_it_was_looked_for(pictured):
    found = Viewer(pictured).get("/runs/run/image", ("id", "q1"), ("n", 2)).text
    assert "missing.png: No such file or directory (looked in" in found


def test_a_picture_that_has_changed_since_is_not_shown(tmp_path):
    Pillow.new("RGB", (4, 3), "red").save(tmp_path / "p.png")
    item = Item(id="q1", question="?", answer="!", images=(Image(path="p.png", sha256="0" * 64),))
    viewer = Viewer(library_of(make_run(tmp_path / "run", [item], lambda _: reply())))
    assert "has changed since it was checked" in viewer.get("/runs/run/image", ("id", "q1"), ("n", 0)).text


def test_an_address_on_the_web_is_not_fetched(pictured):
    pictures = page(pictured).pictures()
    assert (pictures[6].link, pictures[6].address) == ("", "https://example.org/x.png")
    assert pictures[1].name == "Reference picture 2"
    text = Viewer(pictured).get("/runs/run/item", ("id", "q1")).text
    assert 'src="https://example.org' not in text


def test_another_folder_of_images_can_be_given(tmp_path):
    (tmp_path / "pictures").mkdir()
    Pillow.new("RGB", (4, 3), "red").save(tmp_path / "pictures" / "p.png")
    path = make_run(
        tmp_path / "run",
        [Item(id="q1", question="?", answer="!", images=(Image(path="p.png"),))],
        lambda _: reply(),
    )
    library = library_of(path, image_root=tmp_path / "pictures")
    assert Viewer(library).get("/runs/run/image", ("id", "q1"), ("n", 0)).status_code == 200


def test_the_page_of_a_decision_model_shows_questions_and_the_answered_json(tmp_path):
    judge = Judge("systemone:m", small_rubric())
    answer = {"type": "score", "score": 3.0, "probabilities": {"3": 1.0}}
    with Run.create(tmp_path / "run", judge) as run:
        run.set_fact("decisions", stored_form(judge))
        run.add_items([item()])
        (request,) = run.missing(Prompter(judge).requests(item()))
        run.append([Completion.of(request, reply=json.dumps({"answers": {"a": answer, "b": answer}}))])
        derive_scores(run, judge.rubric)
    opened = library_of(tmp_path / "run").open("run")
    _, (prompt,) = prompts_of(opened, item())
    assert [role for role, _ in prompt.messages] == ["system", "user", "questions"]
    assert prompt.is_as_sent
    assert '"answers"' in replies_of(opened, "i1")[0].text.text
    assert line(page(library_of(tmp_path / "run"), "i1"), "a").judge.value == "4"
