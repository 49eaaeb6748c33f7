"""Expected scores over HTTP: the probabilities of a scale's labels, and every way not to get them.

The exchanges with `vllm serve` are recorded from a real one: tests/data/vllm_http.json says which.
"""

import json
import math
from pathlib import Path

import pytest

from judge.errors import BackendError
from judge.scoring.backends.api.errors import Failed
from judge.scoring.backends.api.logprobs import by_rank, lower_most, only_tokens, read_labels

SCALE = "1 2 3 4 5"
RECORDED = json.loads((Path(__file__).parents[3] / "data" / "vllm_http.json").read_text())["exchanges"]


def recorded(*names):
    """What the server answered, as the mock is told to answer."""
    return [{"status": RECORDED[name]["status"], "body": RECORDED[name]["reply"]} for name in names]


DIGITS = [f"tokenize {label}" for label in SCALE.split()]


def answer(*shown, said="4", **choice):
    """A reply of which the first token and its rivals are known."""
    top = [{"token": token, "logprob": logprob} for token, logprob in shown]
    first = {"token": said, "logprob": -1.0, "bytes": None, "top_logprobs": top}
    message = {"role": "assistant", "content": said}
    return {"choices": [{"message": message, "logprobs": {"content": [first]}, **choice}]}


# Reading


def probabilities(data, labels=SCALE, ids=None):
    return read_labels(data, labels.split(), ids)["label_probabilities"]


def test_labels_that_are_not_shown_are_absent_and_not_nought():
    assert probabilities(answer(("4", math.log(0.5)), ("The", -2.0))) == {"4": pytest.approx(0.5)}


def test_what_is_shown_is_never_scaled_up():
    shown = [(label, math.log(0.1)) for label in "12345"]
    assert sum(probabilities(answer(*shown)).values()) == pytest.approx(0.5)


def test_a_label_has_the_probability_of_all_tokens_that_say_it():
    shown = [("4", math.log(0.4)), (" 4", math.log(0.2)), ("4\n", math.log(0.1)), ("44", math.log(0.1))]
    assert probabilities(answer(*shown)) == {"4": pytest.approx(0.7)}


def test_two_tokens_of_one_text_both_count():
    assert probabilities(answer(("4", math.log(0.4)), ("4", math.log(0.2)))) == {"4": pytest.approx(0.6)}


def test_a_token_that_is_shown_twice_counts_once():
    assert probabilities(answer(("4", math.log(0.4)), ("4", math.log(0.4)))) == {"4": pytest.approx(0.4)}


def test_what_is_found_does_not_depend_on_the_token_that_was_drawn():
    shown = [("4", math.log(0.4)), ("The", math.log(0.3))]
    assert probabilities(answer(*shown, said="2")) == probabilities(answer(*shown, said="4"))


def test_minus_infinity_is_written_as_a_number_and_is_nought():
    ids = {"1": 16, "2": 17}
    shown = [("token_id:16", -0.1), ("token_id:17", -9999.0)]
    assert probabilities(answer(*shown), ids=ids) == {"1": pytest.approx(math.exp(-0.1)), "2": 0.0}


def test_no_probability_is_above_one():
    assert probabilities(answer(("4", 1e-7))) == {"4": 1.0}


def test_by_id_a_blank_before_the_label_is_another_token():
    shown = [("token_id:16", math.log(0.4)), ("token_id:220", math.log(0.3))]
    assert probabilities(answer(*shown), ids={"1": 16}) == {"1": pytest.approx(0.4)}


@pytest.mark.parametrize("shown", [[("4", -0.1), ("5", -2.4)], [("token_id:16", -0.1)], []])
def test_the_likeliest_tokens_do_not_stand_in_for_those_asked_for_by_id(shown):
    with pytest.raises(BackendError, match=r"vLLM 0\.26 or newer"):
        read_labels(answer(*shown), ["1", "2"], {"1": 16, "2": 17})


@pytest.mark.parametrize(
    "logprobs",
    [None, {}, {"content": None}, {"content": []}, {"content": ["4"]}, [], "no"],
)
def test_a_reply_without_log_probabilities_is_a_failure(logprobs):
    with pytest.raises(Failed, match=r"no log-probabilities; .*--scores text") as raised:
        read_labels({"choices": [{"logprobs": logprobs}]}, ["4"], None)
    assert (raised.value.kind, raised.value.again) == ("reply", False)


@pytest.mark.parametrize("top", [None, [], ["4"], [{"token": "4"}], [{"logprob": -1.0}], "no"])
def test_a_reply_that_shows_no_rivals_is_a_failure(top):
    data = {"choices": [{"logprobs": {"content": [{"token": "4", "logprob": -1.0, "top_logprobs": top}]}}]}
    with pytest.raises(Failed, match="lists no tokens besides"):
        read_labels(data, ["4"], None)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ({"token": "4", "bytes": None}, "4"),
        ({"token": "token_id:19", "bytes": [52]}, "4"),
        ({"token": "token_id:9", "bytes": list(b"<think>")}, "<think>"),
        ({"token": "x", "bytes": [240, 159]}, "\ufffd"),
        ({"token": "4", "bytes": ["4"]}, "4"),
        ({"token": "4", "bytes": [300]}, "4"),
        ({}, ""),
    ],
)
def test_the_reply_is_the_token_that_was_said(first, said):
    data = answer(("4", -1.0))
    data["choices"][0]["logprobs"]["content"][0] = {"top_logprobs": [{"token": "4", "logprob": -1}], **first}
    assert read_labels(data, ["4"], None)["reply"] == said


# Asking


@pytest.mark.parametrize("label", ["10", "4.5", "-1", "A", "²", "٤", ""])
def test_labels_of_an_unknown_tokenizer_are_single_digits(label):
    with pytest.raises(BackendError, match=r"the label .* allowed are 0 to 9.*--scores text"):
        by_rank(["1", label])


@pytest.mark.parametrize("tokens", [[], [16, 15]])
def test_a_label_of_other_than_one_token_is_an_error(tokens):
    said = rf"the label '10' of the scale is {len(tokens)} tokens for m; allowed is one.*--scores text"
    with pytest.raises(BackendError, match=said):
        only_tokens({"1": [16], "10": tokens}, "m")


def test_two_labels_of_one_token_are_an_error():
    with pytest.raises(
        BackendError, match=r"two labels of the scale are the same token for m.*--scores text"
    ):
        only_tokens({"1": [0], "2": [0]}, "m")


@pytest.mark.parametrize(
    ("said", "most"),
    [
        (
            "Invalid 'top_logprobs': integer above maximum value. Expected a value <= 5, but got 20 instead.",
            5,
        ),
        ("Input should be less than or equal to 8", 8),
        ("Requested sample logprobs of 20, which is greater than max allowed: 3", 3),
        ("top_logprobs must be between 0 and 5", 5),
        ("top_logprobs must be ≤ 5", 5),
        ("Only up to 5 are returned", 5),
        ("Requested sample logprobs of 21, which is greater than max allowed: 20", None),
        ("top_logprobs must be at most 0", None),
        ("logprobs are not supported by gpt-5", None),
    ],
)
def test_a_lower_limit_is_read_from_the_complaint(said, most):
    assert lower_most(said) == most


# A real vllm serve


def test_vllm_is_asked_for_the_tokens_of_the_labels_with_thought_switched_off(
    mock, backend_for, ask_for, complete
):
    mock.script(*recorded(*DIGITS, "labels"))
    (completion,) = complete(backend_for("hosted_vllm/tiny"), [ask_for(labels=SCALE)])
    sent = [(request["path"], request["body"]) for request in mock.seen()]
    assert sent == [(RECORDED[name]["path"], RECORDED[name]["request"]) for name in (*DIGITS, "labels")]
    first = RECORDED["labels"]["reply"]["choices"][0]["logprobs"]["content"][0]
    by_id = {entry["token"]: entry["logprob"] for entry in first["top_logprobs"]}
    assert completion.label_probabilities == {
        label: math.exp(by_id[f"token_id:{15 + int(label)}"]) for label in SCALE.split()
    }
    assert completion.reply == RECORDED["labels"]["reply"]["choices"][0]["message"]["content"]
    assert (completion.finish_reason, completion.dropped) == ("length", ())
    assert completion.usage.completion_tokens == 1


def test_labels_that_cannot_be_said_have_probability_nought(mock, backend_for, ask_for, complete):
    mock.script(*recorded(*DIGITS, "labels of which three are impossible"))
    (completion,) = complete(backend_for("hosted_vllm/tiny"), [ask_for(labels=SCALE)])
    found = completion.label_probabilities
    assert [found["3"], found["4"], found["5"]] == [0.0, 0.0, 0.0]
    assert found["1"] + found["2"] == pytest.approx(1)


def test_the_tokens_are_asked_for_once_however_many_requests_wait(mock, backend_for, ask_for, complete):
    mock.set(latency_ms=5)
    completions = complete(
        backend_for("hosted_vllm/mock-judge"), [ask_for(i, labels=SCALE) for i in range(99)]
    )
    assert [request["path"] for request in mock.seen()].count("/tokenize") == 5
    assert all(sum(c.label_probabilities.values()) == pytest.approx(0.9) for c in completions)


def test_a_passing_fault_of_the_lookup_is_tried_again(mock, backend_for, ask_for, complete):
    mock.script({"status": 503, "body": {"error": {"message": "starting"}}})
    backend = backend_for("hosted_vllm/mock-judge")
    completions = complete(backend, [ask_for(i, labels=SCALE) for i in range(3)])
    assert all(c.label_probabilities for c in completions)
    assert backend.retries["server"] >= 1


def test_a_label_of_several_tokens_ends_the_run_before_anything_is_asked(
    mock, backend_for, ask_for, complete
):
    mock.script(*recorded("tokenize 1", "tokenize 10"))
    with pytest.raises(
        BackendError, match=r"the label '10' of the scale is 2 tokens for hosted_vllm/tiny at http"
    ):
        complete(backend_for("hosted_vllm/tiny"), [ask_for(i, labels="1 10") for i in range(30)])
    assert mock.stats()["requests"] == 0


def test_a_server_that_passes_over_the_ids_ends_the_run(mock, backend_for, ask_for, complete):
    mock.script(*recorded(*DIGITS, "labels without their ids"))
    with pytest.raises(BackendError, match=r"Use vLLM 0\.26 or newer.*--scores text"):
        complete(backend_for("hosted_vllm/tiny", max_connections=1), [ask_for(labels=SCALE)])


@pytest.mark.parametrize("status", [404, 405])
def test_a_proxy_that_tokenizes_nothing_ends_the_run(status, mock, backend_for, ask_for, complete):
    mock.script({"status": status, "body": RECORDED["no such path"]["reply"]}, *recorded("models"))
    said = r"http://\S+:\d+/tokenize: not found. .*vLLM 0\.26 or newer.*--scores text"
    with pytest.raises(BackendError, match=said):
        complete(backend_for("hosted_vllm/tiny"), [ask_for(labels=SCALE)])


@pytest.mark.parametrize("labels", ["", SCALE])
def test_a_model_that_is_not_served_ends_the_run_with_those_that_are(
    labels, mock, backend_for, ask_for, complete
):
    mock.script(*recorded("tokenize for another model" if labels else "another model", "models"))
    said = r"hosted_vllm/other at \S+: there is no such model. The server has tiny: use judge='hosted_vllm/tiny' \(--judge hosted_vllm/tiny\)"
    with pytest.raises(BackendError, match=said):
        complete(backend_for("hosted_vllm/other"), [ask_for(labels=labels)])


def test_a_model_that_thinks_all_the_same_shows_it_as_its_reply(mock, backend_for, ask_for, complete):
    said = json.loads(json.dumps(RECORDED["labels"]["reply"]))
    first = said["choices"][0]["logprobs"]["content"][0]
    first["bytes"] = list(b"<think>")
    said["choices"][0]["message"]["content"] = ""
    mock.script(*recorded(*DIGITS), {"body": said})
    (completion,) = complete(backend_for("hosted_vllm/tiny"), [ask_for(labels=SCALE)])
    assert (completion.reply, completion.finish_reason, completion.failure) == ("<think>", "length", None)


def test_a_verdict_in_the_schema_is_read(mock, backend_for, ask_for, complete):
    mock.script(*recorded("schema"))
    schema = RECORDED["schema"]["request"]["response_format"]["json_schema"]["schema"]
    request = ask_for(schema=schema, temperature=0, max_tokens=20, reasoning_effort="none")
    (completion,) = complete(backend_for("hosted_vllm/tiny"), [request])
    assert mock.seen()[0]["body"] == RECORDED["schema"]["request"]
    assert json.loads(completion.reply)["score"] in (1, 2, 3)
    assert completion.finish_reason == "stop"


def test_a_prompt_over_the_context_fails_its_item_alone(mock, backend_for, ask_for, complete):
    mock.script(*recorded("context"))
    first, second = complete(backend_for("hosted_vllm/tiny", max_connections=1), [ask_for(0), ask_for(1)])
    assert (first.failure.kind, first.tries) == ("context", 1)
    assert second.reply


def test_an_address_without_v1_ends_the_run(mock, backend_for, ask_for, complete):
    mock.script(*recorded("no such path", "no such path"))
    with pytest.raises(
        BackendError, match=r"no such model or address .*--api-base\), which usually ends in /v1"
    ):
        complete(backend_for("hosted_vllm/tiny"), [ask_for()])


# Everybody else


def test_others_are_asked_for_their_most_likely_tokens(mock, backend_for, ask_for, complete):
    (completion,) = complete(backend_for(), [ask_for(labels=SCALE, temperature=0, max_tokens=500)])
    (sent,) = mock.seen()
    assert {name: sent["body"][name] for name in sent["body"] if name not in ("model", "messages")} == {
        "temperature": 0,
        "max_tokens": 1,
        "logprobs": True,
        "top_logprobs": 20,
    }
    # the mock gives the labels nine tenths, and three hundredths to a blank with a 4
    assert sum(completion.label_probabilities.values()) == pytest.approx(0.93)


def test_tokens_shown_by_vllm_without_its_ids_are_read(mock, backend_for, ask_for, complete):
    mock.script(*recorded("top_logprobs"))
    (completion,) = complete(backend_for("openai/tiny"), [ask_for(labels=SCALE)])
    assert sum(completion.label_probabilities.values()) == pytest.approx(1)


def test_a_label_that_may_be_several_tokens_ends_the_run(mock, backend_for, ask_for, complete):
    with pytest.raises(BackendError, match=r"the label '10' .*allowed are 0 to 9.*--scores text"):
        complete(backend_for(), [ask_for(labels="1 10")])
    assert mock.stats()["requests"] == 0


def rejection(message, status=400, **more):
    return {"status": status, "body": {"error": {"message": message, **more}}}


@pytest.mark.parametrize(
    "response",
    [
        rejection("You are not allowed to request logprobs from this model", 403),
        rejection("Unsupported parameter: 'logprobs' is not supported with this model.", param="logprobs"),
        rejection("Unsupported value: 'top_logprobs' must be a boolean", param="top_logprobs"),
        rejection("Extra inputs are not permitted: top_logprobs", 422),
        rejection("'max_tokens' is not supported", param="max_tokens"),
    ],
)
def test_a_provider_without_log_probabilities_ends_the_run(response, mock, backend_for, ask_for, complete):
    mock.script(response)
    with pytest.raises(BackendError, match=r"does not return log-probabilities \(.*\); .*--scores text"):
        complete(backend_for(max_connections=1), [ask_for(labels=SCALE)])


def test_a_provider_that_shows_fewer_tokens_is_asked_for_as_many(mock, backend_for, ask_for, complete):
    mock.script(rejection("Expected a value <= 5, but got 20 instead.", param="top_logprobs"))
    completions = complete(backend_for(max_connections=1), [ask_for(i, labels=SCALE) for i in range(2)])
    assert [seen["body"]["top_logprobs"] for seen in mock.seen()] == [20, 5, 5]
    assert all(c.dropped == () and len(c.label_probabilities) <= 5 for c in completions)


def test_a_limit_that_does_not_hold_is_not_tried_for_ever(mock, backend_for, ask_for, complete):
    mock.script(*[rejection("top_logprobs must be at most 5", param="top_logprobs")] * 3)
    with pytest.raises(BackendError, match="does not return log-probabilities"):
        complete(backend_for(max_connections=1), [ask_for(labels=SCALE)])


def test_the_limit_of_a_labels_request_is_renamed_like_any_other(mock, backend_for, ask_for, complete):
    complete(backend_for("openai/gpt-5.2"), [ask_for(labels=SCALE)])
    assert mock.seen()[0]["body"]["max_completion_tokens"] == 1


def test_other_parameters_are_dropped_as_before(mock, backend_for, ask_for, complete):
    mock.script(rejection("'seed' is not supported", param="seed"))
    (completion,) = complete(backend_for(), [ask_for(labels=SCALE, seed=1)])
    assert completion.dropped == ("seed",)
    assert completion.label_probabilities


def test_a_reply_without_log_probabilities_fails_its_item(mock, backend_for, ask_for, complete):
    message = {"role": "assistant", "content": "4"}
    mock.script({"body": {"choices": [{"message": message, "finish_reason": "stop"}]}})
    first, second = complete(backend_for(max_connections=1), [ask_for(i, labels=SCALE) for i in range(2)])
    assert (first.failure.kind, first.label_probabilities) == ("reply", None)
    assert second.label_probabilities


def test_a_provider_that_never_shows_any_ends_the_run(mock, backend_for, ask_for, complete):
    message = {"role": "assistant", "content": "4"}
    mock.script(*[{"body": {"choices": [{"message": message, "finish_reason": "stop"}]}}] * 99)
    with pytest.raises(BackendError, match=r"the last 20 items .*no log-probabilities; .*--scores text"):
        complete(backend_for(max_connections=1), [ask_for(i, labels=SCALE) for i in range(99)])
    assert mock.stats()["requests"] == 20


def test_a_refusal_needs_no_probabilities(mock, backend_for, ask_for, complete):
    message = {"role": "assistant", "content": None, "refusal": "I cannot do that."}
    mock.script({"body": {"choices": [{"message": message, "finish_reason": "stop"}]}})
    (completion,) = complete(backend_for(), [ask_for(labels=SCALE)])
    assert (completion.refusal, completion.failure) == ("I cannot do that.", None)
