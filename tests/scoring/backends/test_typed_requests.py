"""Requests of one run that ask for different values: each is sent its own schema, or its own labels."""

import json
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

import judge
from judge.errors import BackendError, RunError
from judge.rubric import CriteriaField, Rubric, RubricScale
from judge.scoring.backends.api.logprobs import by_rank, read_labels
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.factory import check_backend
from judge.scoring.backends.vllm import sampling_params
from judge.scoring.judge import Judge
from judge.scoring.parsing.parse import score_rows
from judge.scoring.prompt import Prompter

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
RUBRIC = Rubric.model_validate(
    {
        "name": "mixed",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": {
            "truth": {"description": "Is it true?", "anchors": ANCHORS},
            "count": {"description": "Is it counted?", "anchors": ANCHORS, "when": {"kind": "counting"}},
            "style": {
                "description": "Style.",
                "scale": {"min": 0, "max": 9},
                "anchors": {0: "bad", 9: "good"},
            },
            "named": {"description": "It names the part.", "type": "binary"},
            "fault": {"description": "Kind.", "type": "category", "labels": ["none", "minor", "major"]},
        },
        "criteria": {"field": "criteria"},
        "abstain": True,
        "overall": {"how": "weighted", "weights": {"truth": 1, "count": 3}},
        "pass": {"overall": 2},
    }
)
ITEMS = [
    judge.Item(
        id=f"i{number}",
        question="q",
        answer=f"answer {number}",
        metadata={
            "kind": kind,
            "criteria": [{"id": f"c{n}", "text": f"Criterion {n}."} for n in range(size)],
        },
    )
    for number, (kind, size) in enumerate((("counting", 2), ("colour", 1), ("counting", 3)))
]
STATUSES = {"ok", "abstained", "not_applicable"}
SHAPES = {
    "truth": ("1", "2", "3", "X"),
    "count": ("1", "2", "3", "X"),
    "style": (*"0123456789", "X"),
    "named": ("0", "1", "X"),
    "fault": ("1", "2", "3", "X"),
}


def requests_of(by):
    prompter = Prompter(by)
    return [request for item in ITEMS for request in prompter.requests(item)]


def rows_of(by, completions):
    return [
        row
        for item in ITEMS
        for row in score_rows(item, [c for c in completions if c.item_id == item.id], by.rubric, "m")
    ]


@pytest.mark.parametrize("model", ["openai/mock-judge", "hosted_vllm/mock-judge"])
def test_each_request_is_sent_the_schema_of_its_item(mock, backend_for, complete, model):
    by = Judge(model=model, rubric=RUBRIC)
    requests = requests_of(by)
    completions = complete(backend_for(model), requests)
    sent = [one["body"]["response_format"]["json_schema"]["schema"] for one in mock.seen()]
    wanted = [request.schema for request in requests]
    assert len({json.dumps(schema) for schema in wanted}) == 5
    assert sorted(map(json.dumps, sent)) == sorted(map(json.dumps, wanted))
    assert {row.status for row in rows_of(by, completions)} <= STATUSES


def test_each_request_asks_for_the_probabilities_of_its_own_labels(mock, backend_for, complete):
    by = Judge(model="hosted_vllm/mock-judge", rubric=RUBRIC, scores="expected")
    requests = requests_of(by)
    labels = {request.dimension: request.labels for request in requests}
    assert {name: labels[name] for name in SHAPES} == SHAPES
    assert labels["criteria/c2"] == ("0", "1", "X")
    completions = complete(backend_for("hosted_vllm/mock-judge"), requests)
    sent = [one["body"]["logprob_token_ids"] for one in mock.seen() if "logprobs" in one["body"]]
    assert sorted(sent) == sorted([ord(label) for label in request.labels] for request in requests)
    asked = {request.key: request.labels for request in requests}
    assert all(tuple(c.label_probabilities) == asked[c.key] for c in completions)


def test_cannot_tell_is_a_label_of_one_token_where_tokens_are_listed_by_rank():
    assert by_rank(["0", "1", "X"])["top_logprobs"] == 20


def test_a_judge_whose_first_token_is_cannot_tell_abstains():
    shown = [{"token": "X", "logprob": -0.1}, {"token": "1", "logprob": -3.0}]
    first = {"token": "X", "logprob": -0.1, "top_logprobs": shown}
    by = Judge(model="openai/m", rubric=RUBRIC, scores="expected")
    request = next(one for one in requests_of(by) if one.dimension == "criteria/c0")
    values = read_labels({"choices": [{"logprobs": {"content": [first]}}]}, request.labels, None)
    completion = judge.records.Completion.of(request, **values)
    row = next(row for row in score_rows(ITEMS[0], [completion], by.rubric, "m") if row.criterion == "c0")
    assert row.status == "abstained"


@pytest.fixture
def sampler(monkeypatch):
    """The sampling parameters of an engine that is not there."""
    classes = SimpleNamespace(
        StructuredOutputsParams=lambda **form: SimpleNamespace(**form),
        SamplingParams=SimpleNamespace(from_optional=lambda **values: SimpleNamespace(**values)),
        VLLMValidationError=ValueError,
    )
    monkeypatch.setattr(sampling_params, "import_module", lambda _: classes)
    tokenizer = SimpleNamespace(encode=lambda text, **_: [ord(letter) for letter in text])
    llm = SimpleNamespace(
        get_tokenizer=lambda: tokenizer, model_config=SimpleNamespace(get_diff_sampling_param=dict)
    )
    grammars = SimpleNamespace(backend="guidance", disable_any_whitespace=False)
    return sampling_params.Sampler(SimpleNamespace(llm=llm, structured_outputs=grammars, marks=None), "m")


def test_the_engine_gets_the_grammar_of_each_request_and_makes_it_once(sampler):
    requests = requests_of(Judge(model="vllm:m", rubric=RUBRIC))
    made = [sampler.params(request).structured_outputs for request in (*requests, *requests)]
    assert [one.json for one in made] == [request.schema for request in (*requests, *requests)]
    assert len({id(one) for one in made}) == len({id(request.schema) for request in requests})


def test_the_engine_keeps_a_bounded_number_of_grammars(sampler, monkeypatch):
    monkeypatch.setattr(sampling_params, "_MOST_GRAMMARS", 2)
    requests = requests_of(Judge(model="vllm:m", rubric=RUBRIC))
    made = [sampler.params(request).structured_outputs.json for request in requests]
    assert made == [request.schema for request in requests]
    assert len(sampler._grammars) <= 2


def test_the_engine_gets_the_label_tokens_of_each_request(sampler):
    requests = requests_of(Judge(model="vllm:m", rubric=RUBRIC, scores="expected"))
    found = [sampler.params(request).logprob_token_ids for request in requests]
    assert found == [[ord(label) for label in request.labels] for request in requests]


# -- recorded replies


def replies(tmp_path, *rows):
    file = tmp_path / "replies.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"replay:{file}"


CHECKLIST = Rubric.model_validate(
    {
        "name": "checklist",
        "task": "Judge.",
        "criteria": {"field": "criteria"},
        "reasons": "none",
        "overall": {"how": "points"},
        "pass": {"overall": 0.5},
    }
)


def test_recorded_replies_hold_criteria_under_the_name_of_their_request(tmp_path):
    rows = [
        {"id": "i0", "dimension": "criteria/1", "reply": {"c0": {"met": True}, "c1": {"met": False}}},
        {"id": "i1", "dimension": "criteria/1", "reply": {"c0": {"met": True}}},
    ]
    run = judge.score(ITEMS[:2], judge=replies(tmp_path, *rows), rubric=CHECKLIST, out=tmp_path / "run")
    with run:
        assert [result.scores["overall"] for result in run.results()] == [0.5, 1.0]


def test_recorded_replies_may_hold_criteria_in_groups(tmp_path):
    grouped = CHECKLIST.model_copy(update={"criteria": CriteriaField(per_request=1)})
    rows = [
        {"id": "i0", "dimension": f"criteria/{n + 1}", "reply": {f"c{n}": {"met": n == 0}}} for n in (0, 1)
    ]
    with judge.score(ITEMS[:1], judge=replies(tmp_path, *rows), rubric=grouped, out=tmp_path / "run") as run:
        assert {key: row.value for key, row in run["i0"].criteria.items()} == {"c0": 1.0, "c1": 0.0}


def test_a_missing_recorded_reply_names_the_group_of_criteria(tmp_path):
    rows = [{"id": "i0", "reply": {"c0": {"met": True}}}]
    with judge.score(
        ITEMS[:1], judge=replies(tmp_path, *rows), rubric=CHECKLIST, out=tmp_path / "run"
    ) as run:
        row = run["i0"].criteria["c0"]
    assert row.status == "failed"
    assert "dimension 'criteria/1'" in row.reason


def test_imported_criteria_are_scores_of_a_run(tmp_path):
    scores = [
        judge.Score(
            item_id="i0", rater="m", rater_kind="judge", dimension="criteria", criterion=f"c{n}", value=1.0
        )
        for n in range(2)
    ]
    with judge.Run.imported(tmp_path / "run", CHECKLIST, ITEMS[:1], scores, model="m") as run:
        assert list(run["i0"].criteria) == ["c0", "c1"]
    with pytest.raises(RunError, match="imported"):
        judge.rederive(tmp_path / "run")


def on_scale_to(most):
    style = RUBRIC.dimensions["style"].model_copy(
        update={"scale": RubricScale(min=0, max=most), "anchors": {0: "bad", most: "good"}}
    )
    return RUBRIC.model_copy(update={"dimensions": {**RUBRIC.dimensions, "style": style}})


@pytest.mark.parametrize(
    ("model", "most", "ends"), [("openai", 10, 1), ("openai", 9, 0), ("hosted_vllm", 10, 0)]
)
def test_a_scale_whose_scores_may_be_several_tokens_ends_the_run_before_it_costs_anything(
    model, most, ends, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    asked = Judge(model=f"{model}/m", rubric=on_scale_to(most), scores="expected")
    connection = Connection(api_base="http://127.0.0.1:1/v1")
    with pytest.raises(BackendError, match="the label '10'") if ends else nullcontext():
        check_backend(asked, connection)
    check_backend(replace(asked, scores="text"), connection)
