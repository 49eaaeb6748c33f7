"""The body of a request in each dialect."""

import asyncio

import pytest

from judge.errors import BackendError, InputError
from judge.records import Image
from judge.scoring.backends.api.errors import Failed
from judge.scoring.backends.decisions.decision_bodies import Bodies
from judge.scoring.backends.decisions.routes import ROUTES, target_of

from .conftest import request_for

PNG, JPEG, WEBP = (f"data:image/{kind};base64,QUJD" for kind in ("png", "jpeg", "webp"))
WEB = "https://example.org/a.png"
MODELS = [":".join(filter(None, key)) + ("/m" if key[1] else ":m") for key in ROUTES]
OPENAI_QUESTIONS = [
    {
        "type": "score",
        "name": "truth",
        "instructions": "truth: How true it is.",
        "levels": [
            {"label": "1", "description": "bad"},
            {"label": "2", "description": "middling"},
            {"label": "3", "description": "good"},
        ],
    },
    {
        "type": "choice",
        "name": "fault",
        "instructions": "fault: Which fault.",
        "choices": [{"value": "none"}, {"value": "minor", "description": "small"}],
    },
    {"type": "predicate", "name": "harmful", "instructions": "harmful: it harms."},
]
SYSTEMONE_QUESTIONS = {
    "truth": {
        "type": "score",
        "instructions": "truth: How true it is.",
        "criteria": ["score 1: bad", "score 2: middling", "score 3: good"],
    },
    "fault": {
        "type": "choice",
        "instructions": "fault: Which fault.",
        "criteria": {"none": None, "minor": "small"},
    },
    "harmful": {"type": "noul", "instructions": "harmful: it harms."},
}


def body(model, urls=(), encode=None, **fields):
    images = tuple(Image(url=url) for url in urls)
    request = request_for(model, images=images, **fields)
    bodies = Bodies(target_of(model), encode or (lambda item, index: item.images[index].url))
    return asyncio.run(bodies.of(request)), request


@pytest.mark.parametrize("model", MODELS)
def test_each_dialect_sends_its_fields_and_no_others(model):
    sent, _ = body(model)
    target = target_of(model)
    field = "input" if target.route.shape == "openai" else target.route.state_field
    assert set(sent) == {"model", field, "questions"}
    assert sent["model"] == target.model
    wanted = OPENAI_QUESTIONS if target.route.shape == "openai" else SYSTEMONE_QUESTIONS
    assert sent["questions"] == wanted


@pytest.mark.parametrize("model", MODELS)
def test_every_dialect_says_the_same_with_the_shared_text_first(model):
    sent, request = body(model)
    system, user = (message["content"] for message in request.messages[:2])
    said = sent.get("state", sent.get("input"))
    if not isinstance(said, str):
        said = "\n\n".join(message["content"] for message in said)
    assert said == f"{system}\n\n{user}"


def test_only_servers_with_a_system_role_get_one():
    roles = {model: [m["role"] for m in body(model)[0]["input"]] for model in MODELS if "decisions" in model
             and target_of(model).route.shape == "openai"}  # fmt: skip
    assert roles == {
        "decisions:openai/m": ["system", "user"],
        "decisions:azure/m": ["system", "user"],
        "decisions:fireworks_ai/m": ["user"],
        "decisions:hosted_vllm/m": ["user"],
        "decisions:m": ["system", "user"],
    }


def test_a_level_without_an_anchor_is_its_number():
    from .conftest import rubric

    scale = {"min": 1, "max": 8}
    by = rubric(dimensions={"truth": {"description": "d", "scale": scale, "anchors": {1: "bad", 8: "good"}}})
    for model, levels in (
        ("decisions:m", [{"label": "1", "description": "bad"}, {"label": "2"}]),
        ("systemone:m", ["score 1: bad", "score 2"]),
    ):
        questions = body(model, by=by)[0]["questions"]
        truth = questions["truth"]["criteria"] if isinstance(questions, dict) else questions[0]["levels"]
        assert truth[:2] == levels


def test_parameters_of_the_user_are_fields_of_the_body():
    sent, _ = body("decisions:m", params={"prompt_cache_key": "k", "unset": None})
    assert sent["prompt_cache_key"] == "k"
    assert "unset" not in sent


# Images


def test_openai_takes_images_as_parts_in_their_places():
    sent, _ = body("decisions:openai/m", [PNG, WEB])
    kinds = [(p["type"], p.get("image_url")) for p in sent["input"][1]["content"]]
    text = ("input_text", None)
    assert kinds == [text, ("input_image", PNG), text, ("input_image", WEB), text]


def test_openrouter_takes_images_as_parts_of_the_state():
    sent, _ = body("decisions:openrouter/a/b", [PNG])
    assert [p["type"] for p in sent["state"]] == ["text", "text", "image_url", "text"]
    assert sent["state"][2]["image_url"] == {"url": PNG}


def test_typesafe_takes_images_as_assets_that_the_text_refers_to():
    sent, _ = body("systemone:typesafe/m", [PNG, JPEG])
    assert sent["assets"] == {
        "IMG-1": {"type": "image", "format": "png", "data_base64": "QUJD"},
        "IMG-2": {"type": "image", "format": "jpg", "data_base64": "QUJD"},
    }
    assert "Image 1 (query image):\n[IMG-1]\nImage 2 (query image):\n[IMG-2]\n# Question" in sent["state"]


@pytest.mark.parametrize(
    ("model", "urls", "images"),
    [
        ("systemone:hosted_vllm/m", [PNG, WEB], [PNG, WEB]),
        ("systemone:cloudflare/m", [PNG, WEBP], [PNG, WEBP]),
        ("systemone:ollama/m", [PNG], ["QUJD"]),
    ],
)
def test_other_servers_take_images_as_a_list(model, urls, images):
    sent, _ = body(model, urls)
    assert sent["images"] == images
    assert "IMG-" not in sent["state"]


@pytest.mark.parametrize(
    ("model", "url", "said"),
    [
        ("systemone:typesafe/m", WEBP, "found an image in webp; this provider takes png, jpeg"),
        ("systemone:typesafe/m", WEB, "fetches no images"),
        ("decisions:openrouter/m", WEB, "fetches no images"),
        ("systemone:ollama/m", WEB, "fetches no images"),
    ],
)
def test_an_image_that_is_not_taken_is_the_failure_of_its_item(model, url, said):
    with pytest.raises(Failed, match=said) as raised:
        body(model, [url])
    assert raised.value.kind == "image"


def test_an_image_that_cannot_be_encoded_is_the_failure_of_its_item():
    def broken(*_):
        raise InputError("a.png: no longer there")

    with pytest.raises(Failed, match="no longer there"):
        body("decisions:m", [PNG], broken)


def test_images_without_an_encoder_are_an_error_of_the_caller():
    request = request_for("decisions:m", images=(Image(url=PNG),))
    with pytest.raises(BackendError, match="'i0' has images"):
        asyncio.run(Bodies(target_of("decisions:m"), None).of(request))
