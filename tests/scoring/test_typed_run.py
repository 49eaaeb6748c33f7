"""A run of a rubric with three types, two scales, criteria, conditions and abstaining, from input to export."""

import json

import pytest

import judge
from judge.records import Completion
from judge.rubric import Rubric
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores, score_items
from judge.scoring.prompt import Prompter, message_text
from judge.scoring.run import Run
from judge.scoring.second_attempts import replies_to_repeat, second_requests
from tests.scoring.builders import Scripted

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
RUBRIC = Rubric.model_validate(
    {
        "name": "mixed",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": {
            "truth": {"description": "Is it true?", "anchors": ANCHORS},
            "count": {"description": "Is the count right?", "anchors": ANCHORS, "when": {"kind": "counting"}},
            "style": {
                "description": "Style.",
                "scale": {"min": 0, "max": 10},
                "anchors": {0: "bad", 10: "good"},
            },
            "named": {"description": "It names the part.", "type": "binary"},
            "fault": {
                "description": "Kind of fault.",
                "type": "category",
                "labels": ["none", "minor", "major"],
            },
        },
        "reasons": [{"when": {"kind": "counting"}, "give": "before"}, {"give": "none"}],
        "images": [{"role": "reference", "when": {"kind": "comparison"}}],
        "abstain": True,
        "overall": {"how": "weighted", "weights": {"truth": 1, "count": 3}},
        "pass": {"overall": 2},
    }
)


def item(id, kind, **fields):
    return judge.Item(id=id, question="q", answer=f"answer {id}", metadata={"kind": kind}, **fields)


def prompts(of, rubric=RUBRIC):
    return [
        "\n".join(map(message_text, r.messages))
        for r in Prompter(Judge(model="m", rubric=rubric)).requests(of)
    ]


def test_the_prompt_of_an_item_holds_the_dimensions_that_apply():
    (counting,), (other,) = prompts(item("a", "counting")), prompts(item("b", "colour"))
    assert "## count" in counting
    assert "count" not in other
    assert '"reason"' in counting
    assert '"reason"' not in other
    for text in (
        "A whole number from 0 to 10.",
        "true where this is met",
        "none\nminor\nmajor",
        "cannot_tell",
    ):
        assert text in counting


def test_an_image_enters_the_prompt_where_its_condition_holds():
    pictures = (judge.Image(url="https://x/a.png"), judge.Image(url="https://x/b.png", role="reference"))
    (compared,), (other,) = (prompts(item("a", kind, images=pictures)) for kind in ("comparison", "colour"))
    assert "Image 2 (reference image)" in compared
    assert "reference image" not in other


def test_the_schema_of_a_reply_has_the_type_of_each_dimension():
    (request,) = Prompter(Judge(model="m", rubric=RUBRIC)).requests(item("b", "colour"))
    given = {name: one["properties"] for name, one in request.schema["properties"].items()}
    assert given["truth"]["score"]["enum"] == [1, 2, 3, "cannot_tell"]
    assert given["named"]["met"]["enum"] == [True, False, "cannot_tell"]
    assert given["fault"]["label"]["enum"] == ["none", "minor", "major", "cannot_tell"]


@pytest.fixture
def run(tmp_path):
    """Three items: one passes, one abstains, one fails by a dimension that applies to it alone."""
    by = Judge(model="m", rubric=RUBRIC)
    replies = {
        "a": {
            "truth": {"score": 3},
            "count": {"score": 1},
            "style": {"score": 7},
            "named": {"met": False},
            "fault": {"label": "minor"},
        },
        "b": {
            "truth": {"score": 3},
            "style": {"score": 9},
            "named": {"met": True},
            "fault": {"label": "none"},
        },
        "c": {
            "truth": {"score": "cannot_tell"},
            "style": {"score": 8},
            "named": {"met": True},
            "fault": {"label": "none"},
        },
    }
    with Run.create(tmp_path / "run", by) as made:
        items = [item("a", "counting"), item("b", "colour"), item("c", "colour")]
        made.add_items(items)
        prompter = Prompter(by)
        asked = list(made.missing(r for one in items for r in prompter.requests(one)))
        made.append(
            [Completion.of(r, reply=json.dumps(replies[r.item.id]), finish_reason="stop") for r in asked]
        )
        derive_scores(made, RUBRIC)
        yield made


def test_weights_are_renormalised_where_a_dimension_does_not_apply(run):
    scores = {result.item.id: result.scores["overall"] for result in run.results()}
    assert scores == {"a": 1.5, "b": 3.0, "c": None}


def test_abstaining_leaves_no_verdict_and_not_applicable_is_no_failure(run):
    found = run.summary()
    assert (found.passed, found.failed, found.undecided, found.not_applicable) == (1, 1, 1, 0)
    assert found.complete == 3
    assert found.statuses["count"] == {"ok": 1, "not_applicable": 2}
    assert found.statuses["overall"] == {"ok": 2, "abstained": 1}


def test_the_overview_shows_each_dimension_by_its_type(run):
    lines = {line.split()[0]: line for line in run.overview().table().splitlines()[1:]}
    assert "mean 8.00 on 0-10" in lines["style"]
    assert "2 of 3 met" in lines["named"]
    assert "2 none, 1 minor, 0 major" in lines["fault"]
    assert "2 not_applicable" in lines["count"]


def test_scores_are_exported_with_their_labels(run):
    run.export()
    rows = [json.loads(line) for line in (run.path / "scores.jsonl").read_text().splitlines()]
    assert {row["value"] for row in rows if row["dimension"] == "fault"} == {"none", "minor"}
    assert not any("criterion" in row for row in rows)


def test_a_label_that_the_rubric_does_not_know_is_damage(run):
    run._db.execute("UPDATE scores SET value = 'grave' WHERE dimension = 'fault'")
    with pytest.raises(judge.JudgeError, match="none of its labels"):
        list(run.scores())


CRITERIA = [{"id": "year", "text": "It names the year."}, {"id": "error", "text": "It errs.", "points": -1}]


def test_criteria_of_items_are_scored_end_to_end(tmp_path):
    rubric = Rubric.model_validate(
        {
            "name": "checklist",
            "task": "Judge.",
            "criteria": {"per_request": 1},
            "overall": {"how": "points"},
            "pass": {"overall": 0.5},
        }
    )
    answers = [
        {"id": "a", "question": "When?", "answer": "It names the year 1889.", "criteria": CRITERIA},
        {"id": "b", "question": "When?", "answer": "Nothing.", "criteria": [{"text": "t", "points": -1}]},
    ]
    with judge.score(answers, judge="baseline", rubric=rubric, out=tmp_path / "run") as run:
        rows = {(row.item_id, row.dimension, row.criterion): row for row in run.scores()}
        found = run.summary()
    assert rows["a", "criteria", "year"].value == 1.0
    assert rows["a", "overall", None].value == 1.0
    assert rows["b", "overall", None].status == "not_applicable"
    assert (found.passed, found.failed, found.undecided, found.not_applicable) == (1, 0, 0, 1)
    assert found.complete == 2
    assert found.completions == 3


def test_criteria_that_cannot_be_read_are_refused_before_anything_is_sent(tmp_path):
    rubric = Rubric.model_validate(
        {"name": "c", "task": "t", "criteria": {}, "overall": {"how": "points"}, "pass": {"overall": 1}}
    )
    answers = [
        {"id": "a", "question": "q", "answer": "a", "criteria": [{"text": "t"}]},
        {"id": "b", "question": "q", "answer": "b", "criteria": [{"points": 1}]},
    ]
    with pytest.raises(
        judge.JudgeError, match=r"row 2: item 'b': field 'criteria': criterion 1: found 0 texts"
    ):
        judge.score(answers, judge="baseline", rubric=rubric, out=tmp_path / "run")
    with judge.score(answers, judge="baseline", rubric=rubric, out=tmp_path / "run", skip_bad=True) as run:
        assert [one.id for one in run.items()] == ["a"]


def test_a_second_request_for_criteria_asks_for_the_object_again(tmp_path):
    rubric = Rubric.model_validate(
        {"name": "c", "task": "t", "criteria": {}, "overall": {"how": "points"}, "pass": {"overall": 1}}
    )
    by = Judge(model="m", rubric=rubric)
    asked = judge.Item(id="a", question="q", answer="a", metadata={"criteria": ["It is true."]})
    with Run.create(tmp_path / "run", by) as made:
        made.add_items([asked])
        prompter = Prompter(by)
        (request,) = made.missing(prompter.requests(asked))
        made.append([Completion.of(request, reply="Hm.", finish_reason="stop")])
        (unread,) = replies_to_repeat(made, rubric, reask=True)
        (second,) = second_requests(made, prompter, {unread.key: unread.item_id}, 1)
    assert second.dimension == "criteria/1"
    assert "the one JSON object" in second.messages[-1]["content"]


def alike(folder, reply, **asking):
    """Two items with the same answer, in which three of the four criteria have the same text."""
    by = Judge(model="m", rubric=BY_NUMBER)
    listed = [[("a", "It is true."), ("b", "It is true."), ("c", "It is short.")], [("z", "It is true.")]]
    backend = Scripted(reply)
    with Run.create(folder, by) as made:
        made.add_items(
            judge.Item(
                id=f"i{n}",
                question="q",
                answer="a",
                metadata={"criteria": [{"id": key, "text": text} for key, text in pairs]},
            )
            for n, pairs in enumerate(listed)
        )
        score_items(made, by, backend, **asking)
        found = {(row.item_id, row.criterion): row.value for row in made.scores() if row.criterion}
    return found, backend.asked


BY_NUMBER = Rubric.model_validate(
    {
        "name": "c",
        "task": "t",
        "criteria": {},
        "reply": "number",
        "overall": {"how": "points"},
        "pass": {"overall": 1},
    }
)


def test_criteria_with_the_same_text_are_asked_once_and_all_get_the_verdict(tmp_path):
    def reply(request):
        return "1" if "It is true." in message_text(request.messages[1]) else "0"

    found, asked = alike(tmp_path / "run", reply)
    assert len(asked) == 2
    assert found == {("i0", "a"): 1.0, ("i0", "b"): 1.0, ("i0", "c"): 0.0, ("i1", "z"): 1.0}


def test_a_reply_that_several_requests_share_is_asked_once_more_and_not_once_for_each(tmp_path):
    found, asked = alike(tmp_path / "run", lambda request: "1" if request.attempt else "Hm.", reask=True)
    assert [request.attempt for request in asked] == [0, 0, 1, 1]
    assert set(found.values()) == {1.0}


FLAGS = {"flags": {"expert": {"description": "true where only an expert can tell"}}}


@pytest.mark.parametrize(
    "parts",
    [
        {"criteria": {}, "overall": {"how": "points"}, "pass": {"overall": 1}},
        {
            "dimensions": {
                "count": {**RUBRIC.dimensions["count"].model_dump(), "when": {"kind": "counting"}}
            },
            "scale": {"min": 1, "max": 3},
            "overall": {"how": "judged"},
            "pass": {"overall": 2},
        },
    ],
)
def test_flags_of_an_item_without_dimensions_are_asked_alone_and_read(parts, tmp_path):
    rubric = Rubric.model_validate({"name": "c", "task": "t", **FLAGS, **parts})
    by = Judge(model="m", rubric=rubric)
    replies = {None: '{"expert": true}', "criteria/1": '{"c1": {"reason": "r", "met": true}}'}
    backend = Scripted(lambda request: replies[request.dimension])
    with Run.create(tmp_path / "run", by) as made:
        made.add_items([judge.Item(id="a", question="q", answer="a", metadata={"criteria": ["It is true."]})])
        score_items(made, by, backend)
        found = {row.dimension: (row.value, row.status) for row in made.scores()}
    assert found["expert"] == (1.0, "ok")
    flags = message_text(backend.asked[0].messages[0])
    assert '"expert": <true or false>' in flags
    assert not any(word in flags for word in ("# Scores", "overall", "A reason"))
    assert backend.asked[0].schema["required"] == ["expert"]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({"c1": {"met": False}, "c2": {"met": False}}, {"c1": 0.0, "c2": 0.0}),
        ({"c2": {"met": False}}, {"c1": 1.0, "c2": 0.0}),
        ("Well.", {"c1": 1.0, "c2": None}),
    ],
)
def test_a_second_reply_does_not_take_away_what_the_first_one_judged(second, expected, tmp_path):
    rubric = BY_NUMBER.model_copy(update={"reply": "json", "reasons": "none"})
    by = Judge(model="m", rubric=rubric)
    first = {"c1": {"met": True}, "c2": {"met": "partly"}}
    backend = Scripted(lambda request: json.dumps(second if request.attempt else first))
    with Run.create(tmp_path / "run", by) as made:
        made.add_items(
            [judge.Item(id="i", question="q", answer="a", metadata={"criteria": ["One.", "Two."]})]
        )
        score_items(made, by, backend, reask=True)
        found = {row.criterion: row.value for row in made.scores() if row.criterion}
        assert not list(replies_to_repeat(made, rubric, reask=True))
    assert len(backend.asked) == 2
    assert found == expected
