"""The table of dialects: addresses, keys, limits, and what cannot be asked."""

from pathlib import Path

import pytest

from judge.errors import BackendError
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.decisions.routes import (
    ROUTES,
    check_images,
    check_questions,
    decision_prices,
    resolve_decisions,
    stored_form,
    target_of,
)

from .conftest import judge, rubric

DOC = Path(__file__).parents[4] / "docs" / "decision_models.md"
ADDRESSES = {
    "decisions:openai/gpt-6-luna": "https://api.openai.com/v1/decisions",
    "decisions:azure/luna": "https://r.openai.azure.com/openai/v1/decisions",
    "decisions:fireworks_ai/rune": "https://api.fireworks.ai/inference/v1/decisions",
    "decisions:hosted_vllm/Qwen/Qwen3-8B": "http://host:8000/v1/decisions",
    "decisions:own": "http://host:8000/v1/decisions",
    "decisions:openrouter/typesafe/jev-latest": "https://openrouter.ai/api/alpha/decisions",
    "decisions:perplexity/pplx-decider-latest": "https://api.perplexity.ai/v1/decisions",
    "decisions:gemini/decider": "https://generativelanguage.googleapis.com/v1beta/decisions",
    "systemone:typesafe/jev-latest": "https://api.typesafe.ai/v1/systemone",
    "systemone:fireworks_ai/rune": "https://api.fireworks.ai/inference/v1/systemone",
    "systemone:cloudflare/clef": "https://api.cloudflare.com/client/v4/accounts/A/ai/run/@cf/cloudflare/clef",
    "systemone:databricks/jev": "https://w.databricks.com/serving-endpoints/jev/invocations",
    "systemone:azure_ai/d": "https://r.services.ai.azure.com/providers/microsoft/v1/systemone",
    "systemone:ollama/nimble": "http://localhost:11434/v1/systemone",
    "systemone:llama_cpp/m": "http://host:8000/v1/systemone",
    "systemone:sglang/m": "http://host:8000/v1/systemone",
    "systemone:hosted_vllm/m": "http://host:8000/v1/systemone",
    "systemone:own": "http://host:8000/v1/systemone",
}
BASES = {
    "azure": "https://r.openai.azure.com",
    "cloudflare": "https://api.cloudflare.com/client/v4/accounts/A/ai/run",
    "databricks": "https://w.databricks.com/serving-endpoints",
    "azure_ai": "https://r.services.ai.azure.com",
}


def resolved(model, environ=None, **options):
    target = target_of(model)
    base = options.pop(
        "api_base", None if target.route.base else BASES.get(target.provider, "http://host:8000/v1")
    )
    given = dict.fromkeys(target.route.keys, "a-key") if environ is None else environ
    return resolve_decisions(model, Connection(api_base=base, **options), given)


def test_every_dialect_of_the_table_has_an_address_here():
    assert {(target_of(m).dialect.partition(":")[0], target_of(m).provider) for m in ADDRESSES} == set(ROUTES)


@pytest.mark.parametrize("model", ADDRESSES)
def test_address_of_each_dialect(model):
    target, endpoint = resolved(model)
    assert target.url(endpoint.base) == ADDRESSES[model]


@pytest.mark.parametrize(
    ("model", "base", "url"),
    [
        ("decisions:azure/luna", "https://r/openai/v1", "https://r/openai/v1/decisions"),
        (
            "decisions:openrouter/a/b",
            "https://openrouter.ai/api/v1",
            "https://openrouter.ai/api/alpha/decisions",
        ),
    ],
)
def test_an_address_that_ends_as_the_route_begins_is_understood(model, base, url):
    assert target_of(model).url(base) == url


def test_the_address_of_the_environment_counts():
    _, endpoint = resolved(
        "systemone:hosted_vllm/m", {"HOSTED_VLLM_API_BASE": "http://gpu:1/v1/"}, api_base=None
    )
    assert endpoint.base == "http://gpu:1/v1"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("decisions:fireworks_ai/rune", "accounts/fireworks/models/rune"),
        ("systemone:cloudflare/clef", "@cf/cloudflare/clef"),
    ],
)
def test_a_short_name_of_a_model_is_completed(model, name):
    assert target_of(model).model == name
    provider = model.partition("/")[0]
    assert target_of(f"{provider}/{name}").model == name


def test_a_provider_that_is_not_in_the_table_is_part_of_the_name():
    found = target_of("systemone:openai/gpt-6-luna")
    assert (found.provider, found.model, found.dialect) == ("", "openai/gpt-6-luna", "systemone")


# What is missing


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            "decisions:gpt-6-luna",
            r"one of azure, .*openai.* --api-base|one of azure, .*api_base \(--api-base\)",
        ),
        ("systemone:databricks/jev", r"set api_base \(--api-base\) or DATABRICKS_API_BASE"),
    ],
)
def test_a_missing_address_is_named(model, said):
    with pytest.raises(BackendError, match=said):
        resolved(model, {}, api_base=None)


def test_a_missing_key_is_named():
    with pytest.raises(BackendError, match="set the environment variable TYPESAFE_API_KEY"):
        resolved("systemone:typesafe/jev-latest", {})


def test_a_key_is_not_needed_at_another_address():
    _, endpoint = resolved("systemone:typesafe/jev-latest", {}, api_base="http://127.0.0.1:1/v1")
    assert endpoint.key is None


def test_an_address_has_a_scheme():
    with pytest.raises(BackendError, match=r"found 'host:8000'; it must start with http"):
        resolved("decisions:m", api_base="host:8000")


def test_litellm_is_no_transport_for_decisions():
    with pytest.raises(BackendError, match=r"transport \(--transport\) is 'litellm'"):
        resolved("decisions:m", transport="litellm")


# Prices


@pytest.mark.parametrize(
    ("model", "per_million"),
    [
        ("decisions:openai/gpt-6-luna", 0.1),
        ("systemone:typesafe/jev-latest", 0.042),
        ("decisions:perplexity/pplx-decider-latest", 0.02),
        ("systemone:cloudflare/clef", 0.24),
        ("systemone:own", None),
    ],
)
def test_output_of_decisions_is_free(model, per_million):
    prices = decision_prices(target_of(model))
    price = prices.at(1_000) if prices else None
    assert (price and pytest.approx(price.prompt * 1e6)) == per_million
    assert not price or price.completion == 0


# What cannot be asked


def test_more_questions_than_a_server_takes_are_refused_in_words():
    many = {f"d{n}": {"description": "d", "type": "binary"} for n in range(65)}
    by = rubric(dimensions=many, flags={}, **{"pass": {"d0": 1}})
    with pytest.raises(BackendError, match=r"asks 65 questions; allowed are 64. Split it"):
        check_questions(judge("decisions:hosted_vllm/m", by))
    check_questions(judge("decisions:openai/gpt-6-luna", by))


def test_more_scores_than_a_server_has_options_are_refused_in_words():
    scale = {"min": 0, "max": 100}
    by = rubric(dimensions={"truth": {"description": "d", "scale": scale, "anchors": {0: "bad"}}})
    with pytest.raises(BackendError, match=r"truth has 101 scores or labels; allowed are 26"):
        check_questions(judge("systemone:hosted_vllm/m", by))
    check_questions(judge("systemone:typesafe/m", by))


def test_parameters_of_generation_are_refused():
    with pytest.raises(BackendError, match="temperature is no parameter of decision models"):
        check_questions(judge(params={"temperature": 0, "prompt_cache_key": "k"}))


def test_fields_that_the_judge_writes_are_no_parameters():
    with pytest.raises(BackendError, match="the parameter questions is written by the judge itself"):
        check_questions(judge(params={"questions": []}))


@pytest.mark.parametrize("key", sorted(ROUTES), ids=":".join)
def test_images_are_refused_before_anything_is_sent_where_they_are_not_taken(key):
    model, route = ":".join(filter(None, key)) + ("/m" if key[1] else ":m"), ROUTES[key]
    check_images(model, 0)
    if route.images is None:
        with pytest.raises(BackendError, match="takes no images, and items have up to 2"):
            check_images(model, 2)
    else:
        check_images(model, route.most_images)
        with pytest.raises(BackendError, match=f"takes {route.most_images} images in one request"):
            check_images(model, route.most_images + 1)


def test_a_run_stores_its_dialect_and_its_questions():
    assert stored_form(judge("decisions:hosted_vllm/m")) == {
        "dialect": "decisions:hosted_vllm",
        "shape": "openai",
        "questions": {
            "truth": {"type": "score", "labels": {"1": "1", "2": "2", "3": "3"}},
            "fault": {"type": "choice", "labels": {"none": "1", "minor": "2"}},
            "harmful": {"type": "predicate", "labels": {}},
        },
    }


@pytest.mark.parametrize("key", sorted(ROUTES), ids=":".join)
def test_the_documentation_has_the_limits_of_each_dialect(key):
    route, name = ROUTES[key], ":".join((key[0], f"{key[1]}/MODEL".lstrip("/")))
    (row,) = (line for line in DOC.read_text().splitlines() if line.startswith(f"| `{name}` |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    images = f"{route.images}, {route.most_images}" if route.images else "none"
    assert cells[1].startswith({"openai": "OpenAI", "systemone": "System One"}[route.shape])
    assert cells[2:5] == [str(route.most_questions), str(route.most_options), images]
    assert cells[5] == f"`{route.keys[0]}`" + ("" if route.needs_key else ", if any")
