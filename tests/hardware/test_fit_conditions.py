"""The estimated time, written out for two cards, and at what number of cards advice ends."""

import json

import pytest

from judge.errors import InputError
from judge.hardware.fit import MEMORY_SHARE, advice, engine_memory, fit, fit_known, peak_of, shortlist
from judge.hardware.gpus import Card
from judge.hardware.model_sizes import find_shape, known_models, read_shape

GIB = 2**30
H100 = Card("NVIDIA H100 80GB HBM3", int(79.6 * GIB), 0, "580")
L4 = Card("NVIDIA L4", int(22.5 * GIB), 0, "580")


def known(name):
    return read_shape(name, known_models()[name])


@pytest.mark.parametrize(("card", "most"), [(H100, 1024), (L4, 256)], ids=["H100", "L4"])
def test_time_is_that_of_a_thousand_judgments_of_300_new_tokens_and_a_reply_of_150(card, most):
    # The prompt is computed once for each item; each token of the replies of a batch takes one pass, which is limited
    # by computing or by reading the weights and the cache. The card reaches 60 % to 40 % of its peak.
    shape, peak = known("Qwen/Qwen3-4B-Instruct-2507"), peak_of(card)
    room = int(card.memory * MEMORY_SHARE) - shape.weights - engine_memory(card.memory)
    own = shape.cache(1500 + 300 + 150) - shape.cache(1500)
    batch = min(1000, room // own, most)
    computing = batch * 2 * (shape.active + shape.head) / peak.flops
    read = min(shape.weights, batch * (shape.active + shape.head) * shape.weights / shape.parameters)
    reading = (read + batch * own + shape.cache(1500)) / peak.bandwidth
    floor = 1000 * 2 * shape.active * 300 / peak.flops + 1000 / batch * 150 * max(computing, reading)
    assert fit(shape, card).seconds == pytest.approx((floor / 0.6, floor / 0.4))


def test_advice_goes_up_to_eight_cards():
    assert advice(known("Qwen/Qwen3-14B"), [L4])[0] == "4 such GPUs would be enough"
    assert advice(known("Qwen/Qwen3-32B"), [L4])[0] == "8 such GPUs would be enough"
    assert advice(known("Qwen/Qwen3-32B"), [L4] * 8)[0] == "--tensor-parallel 8 would be enough"
    assert advice(known("Qwen/Qwen3-32B"), [L4] * 7)[0] == "8 such GPUs would be enough"
    assert not any("cards" in text for text in advice(known("meta-llama/Llama-3.3-70B-Instruct"), [L4]))


def test_the_smallest_card_decides():
    shape = known("Qwen/Qwen3-14B")
    assert advice(shape, [H100, L4]) == advice(shape, [L4, H100])
    assert advice(shape, [H100, L4])[0] == "4 such GPUs would be enough"


def test_a_shortlist_has_six_that_fit_the_suggestions_and_one_that_is_too_big():
    every = fit_known(L4)
    found = shortlist(every)
    fitting = [one for one in every if one.verdict != "too big"]
    assert [one for one in found if one in fitting[-6:]] == fitting[-6:]
    assert [one.shape.name for one in found if one.verdict == "too big"] == [
        next(one.shape.name for one in every if one.verdict == "too big")
    ]
    assert len(shortlist(every, most=1)) < len(found)


@pytest.mark.parametrize("weights", [{}, {"depth": None}, {"hidden_size": None}], ids=str)
def test_a_picture_encoder_without_its_depth_or_width_counts_for_nothing(weights):
    text = dict(known_models()["Qwen/Qwen3-8B"])
    vision = {"depth": 2, "hidden_size": 100, "intermediate_size": 300, **weights}
    more = read_shape("m", {**text, "vision_config": vision}).parameters - read_shape("m", text).parameters
    assert more == (0 if weights else 2 * 100 * (4 * 100 + 3 * 300))


@pytest.mark.parametrize("text", ["[1]", "7", '"a"', "null"])
def test_a_config_that_is_no_object_is_refused_as_such(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json: is not a JSON object"):
        find_shape(str(tmp_path))


def test_a_config_with_other_numbers_is_another_model(tmp_path):
    config = {**known_models()["Qwen/Qwen3-8B"], "num_hidden_layers": 18}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert find_shape(str(tmp_path)).cache(1) * 2 == known("Qwen/Qwen3-8B").cache(1)


@pytest.mark.parametrize(("n", "verdict"), [(1, "too big"), (2, "tight"), (15, "tight"), (16, "fits")])
def test_two_judgments_at_once_are_tight_and_sixteen_fit(n, verdict):
    shape = known("Qwen/Qwen3-8B")
    memory = (n * shape.cache(4096) + shape.weights + 2 * GIB) / MEMORY_SHARE
    found = fit(shape, Card("X", int(memory) + 2**20, 0, ""))
    assert (found.at_once, found.verdict) == (n, verdict)
