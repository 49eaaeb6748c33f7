from typing import Any

import pytest

from human_study.app import create_app
from human_study.store import Study
from judge.records import Item
from judge.rubric import load_rubric

from .builders import MakeStudy, png, rate, rate_all
from .client import Client


class Browser:
    """One rater's requests."""

    def __init__(self, study: Study, name: str, client: Client) -> None:
        rater = study.rater(name)
        assert rater is not None
        self.client = client
        self.headers = {"Authorization": f"Bearer {rater.token}"}
        self.saves = 0

    def get(self, path: str) -> Any:
        reply = self.client.get(f"/api/rater/{path}", headers=self.headers)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def put(self, n: int, values: dict[str, int], base: int = 0, **reply: object) -> Any:
        self.saves += 1
        body = {
            "save_id": f"browser-{self.saves}",
            "base": base,
            "reply": {"values": values, **reply},
            "seconds": 2,
        }
        return self.client.put(f"/api/rater/tasks/{n}", headers=self.headers, json=body)


@pytest.fixture
def study(make_study: MakeStudy, items: list[Item], with_picture: Item) -> Study:
    return make_study([*items, with_picture], raters=2, per_item=2, checks=0.2, repeats=0.2)


@pytest.fixture
def browser(study: Study) -> Browser:
    client = Client(create_app(study))
    return Browser(study, "R01", client)


def test_the_session_tells_practice_from_study_and_no_more(browser: Browser) -> None:
    session = browser.get("session")
    assert [task["round"] for task in session["tasks"]] == ["training"] + ["study"] * 19
    assert set(session["tasks"][0]) == {"n", "round", "state", "revision", "seconds"}


def test_the_welcome_says_how_many_answers_there_are(make_study: MakeStudy, items: list[Item]) -> None:
    study = make_study(items[:1], raters=2, per_item=1)
    client = Client(create_app(study))
    pages = {Browser(study, name, client).get("session")["welcome"] for name in ("R01", "R02")}
    one, none = sorted(pages, key=lambda page: "There are no answers for you" in page)
    assert "rate 1 answer.\n" in one
    assert "There are no answers for you to rate" in none


def test_beginning_is_noted(browser: Browser) -> None:
    assert browser.get("session")["began"] is False
    browser.client.post("/api/rater/begin", headers=browser.headers, json={})
    assert browser.get("session")["began"] is True


def test_no_page_tells_ids_systems_metadata_checks_or_repeats(browser: Browser, study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    texts = [browser.client.get("/api/rater/session", headers=browser.headers).text]
    texts += [browser.client.get(f"/api/rater/tasks/{n}", headers=browser.headers).text for n in range(1, 21)]
    for hidden in ("secret-", "pictured", "check ", "repeat", "sample", "expected", "probability", "stratum"):
        found = [
            text for text in texts if hidden in text.replace("may check whether", "").replace('check\\"', "")
        ]
        assert not found, hidden


def test_no_page_tells_what_others_rated(browser: Browser, study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    other = next(t for t in study.tasks() if t.rater == "R02" and t.n == 1)
    rate(study, "R02", other.n, {"accuracy": 4, "clarity": 5})
    rate_all(study, "R01")
    rate_notes = [t for t in study.tasks() if t.rater == "R02" and t.kind != "training"]
    for task in rate_notes:
        rate(study, "R02", task.n, {"accuracy": 1, "clarity": 1}, note="others-note")
    study.open_discussion(["secret-id-0"])
    for n in range(1, 22):
        page = browser.get(f"tasks/{n}")
        assert "others-note" not in page["page"]
        assert page["reply"]["note"] == ""


def test_pages_name_questions_by_their_labels(browser: Browser, study: Study) -> None:
    rubric = study.rubric.model_copy(update={"guidelines": ("Mind `accuracy`.",)})
    study.rubric = rubric
    welcome = browser.get("session")["welcome"]
    assert "Mind “Accuracy”." in welcome
    assert "<h2>Guidelines</h2>" in welcome


def test_an_answer_comes_with_question_reference_rules_and_anchors(browser: Browser, study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    task = next(
        t for t in study.tasks() if t.rater == "R01" and t.item.id == "secret-id-3" and t.kind == "main"
    )
    page = browser.get(f"tasks/{task.n}")["page"]
    for text in ("Question 3?", "Answer 3. It goes on.", "Reference 3", "Ice floats.", "mostly true"):
        assert text in page


def test_the_reference_is_hidden_where_the_design_says_so(make_study: MakeStudy) -> None:
    study = make_study(raters=1, per_item=1, show_reference=False)
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    client = Client(create_app(study))
    browser = Browser(study, "R01", client)
    assert not [n for n in range(2, 14) if "Reference" in browser.get(f"tasks/{n}")["page"]]


def test_pictures_are_served_with_their_type(browser: Browser, study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    task = next(t for t in study.tasks() if t.rater == "R01" and t.item.id == "pictured" and t.kind == "main")
    assert browser.get(f"tasks/{task.n}")["images"] == [0, 1]
    for number in (0, 1):
        reply = browser.client.get(f"/api/rater/tasks/{task.n}/images/{number}", headers=browser.headers)
        assert reply.headers["content-type"] == "image/png"
        assert reply.content[:4] == png()[:4]


def test_markup_in_an_item_is_shown_and_not_run(make_study: MakeStudy) -> None:
    nasty = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"
    item = Item(id="x", question=nasty, answer=nasty, reference=nasty, choices=(nasty,))
    study = make_study([item], raters=1, per_item=1)
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    client = Client(create_app(study))
    page = Browser(study, "R01", client).get("tasks/2")["page"]
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") == 4
    assert "{{7*7}}" in page


def test_a_save_is_acknowledged_with_its_revision(browser: Browser) -> None:
    reply = browser.put(1, {"accuracy": 4})
    assert (reply.status_code, reply.json()["revision"], reply.json()["state"]) == (200, 1, "open")


def test_a_stale_save_is_told_what_is_there(browser: Browser) -> None:
    browser.put(1, {"accuracy": 4})
    reply = browser.put(1, {"accuracy": 2})
    assert reply.status_code == 409
    assert reply.json()["reply"]["values"] == {"accuracy": 4}


def test_feedback_comes_after_the_reply_and_not_before(browser: Browser) -> None:
    path = "/api/rater/tasks/1/feedback"
    assert browser.client.get(path, headers=browser.headers).status_code == 409
    browser.put(1, {"accuracy": 2, "clarity": 5})
    page = browser.get("tasks/1/feedback")["page"]
    assert "1 of 2 scores differ" in page
    assert "Blue light scatters most." in page


def test_answers_that_count_are_locked_during_practice(browser: Browser) -> None:
    assert browser.client.get("/api/rater/tasks/2", headers=browser.headers).status_code == 409
    assert browser.put(2, {"accuracy": 3}).status_code == 409


def test_there_is_no_feedback_on_answers_that_count(browser: Browser, study: Study) -> None:
    rate_all(study, "R01")
    assert browser.client.get("/api/rater/tasks/2/feedback", headers=browser.headers).status_code == 404


def test_a_word_limit_is_shown_beside_the_count(make_study: MakeStudy, items: list[Item]) -> None:
    study = make_study(items, load_rubric("inspection"), raters=1, per_item=1)
    client = Client(create_app(study))
    page = Browser(study, "R01", client).get("tasks/1")["page"]
    assert "the limit is 50" in page


def test_an_empty_answer_is_named_so(make_study: MakeStudy) -> None:
    study = make_study([Item(id="e", question="?", answer=" ")], raters=1, per_item=1)
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    client = Client(create_app(study))
    assert "The answer is empty." in Browser(study, "R01", client).get("tasks/2")["page"]


def test_a_discussion_reminds_a_rater_of_the_own_first_rating_alone(browser: Browser, study: Study) -> None:
    for rater, score in (("R01", 2), ("R02", 5)):
        rate_all(study, rater, lambda _, score=score: score)  # type: ignore[misc]
    study.open_discussion(["secret-id-0"])
    opened = next(t for t in study.tasks() if t.rater == "R01" and t.kind == "discussion")
    page = browser.get(f"tasks/{opened.n}")["page"]
    assert "Your first rating: Accuracy <b>2</b>, Clarity <b>2</b>." in page
    assert "<b>5</b>" not in page


def test_the_completion_code_comes_after_the_last_answer_and_not_before(study: Study) -> None:
    study.settings.set_completion_code("C0DE1")
    browser = Browser(study, "R01", Client(create_app(study)))
    early = browser.client.get("/api/rater/completion", headers=browser.headers)
    assert early.status_code == 409
    assert "C0DE1" not in early.text
    rate_all(study, "R01")
    assert browser.get("completion") == {"code": "C0DE1"}


def test_no_page_of_a_rater_tells_real_names(browser: Browser, study: Study) -> None:
    study.settings.set_real_name("R01", "Ann Meyer")
    assert "Meyer" not in str(browser.get("session")) + str(browser.get("tasks/1"))
