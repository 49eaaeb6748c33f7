"""How long a prompt may be on a card, by what the model and the card allow."""

import json

import pytest

from judge import doctor
from judge.hardware.fit import fit_known, suggested
from judge.hardware.gpus import Card
from judge.hardware.model_sizes import known_models

GIB = 2**30


@pytest.fixture
def verdict(tmp_path, monkeypatch):
    """What is found about Qwen3-8B with another context, on cards of so many GiB."""

    def find(context, *gib):
        cards = [Card("NVIDIA L4", int(size * GIB), 0, "580") for size in gib]
        monkeypatch.setattr(doctor, "_working_cards", lambda: cards)
        config = dict(known_models()["Qwen/Qwen3-8B"]) | {"max_position_embeddings": context}
        (tmp_path / "config.json").write_text(json.dumps(config))
        (found,) = (one for one in doctor.examine_judge(str(tmp_path)) if one.what == "verdict")
        return found

    return find


@pytest.mark.parametrize(
    ("context", "is_limited"), [(2048, False), (24_576, False), (32_768, True), (None, True)]
)
def test_a_length_is_advised_where_the_card_holds_less_than_the_model(verdict, context, is_limited):
    # 22.5 GiB leave room for 25,079 tokens; the engine never gets more than 32,768.
    found = verdict(context, 22.5)
    assert (found.state, "--max-model-len 24576 at most" in found.advice) == ("tight", is_limited)


def test_a_large_card_limits_nothing(verdict):
    found = verdict(1_000_000, 79.6)
    assert (found.state, found.advice) == ("fits", "")


def test_the_smallest_of_several_cards_decides(verdict):
    assert verdict(2048, 79.6, 22.5).numbers == verdict(2048, 22.5).numbers


def test_a_model_that_is_too_big_is_a_problem_with_the_card_that_it_needs(verdict):
    found = verdict(2048, 12)
    assert found.state == "problem"
    assert "needs a GPU with about" in found.found
    assert "--max-model-len" not in found.advice


def test_without_a_card_the_need_is_named(verdict):
    found = verdict(2048)
    assert found.state == "absent"
    assert found.numbers["need"] > found.numbers["weights"] > 15 * GIB


@pytest.mark.parametrize(("gib", "is_any"), [(22.5, True), (48, True), (4, False)])
def test_the_largest_model_that_fits_and_the_largest_that_sees_pictures_are_suggested(
    monkeypatch, gib, is_any
):
    card = Card("NVIDIA L4", int(gib * GIB), 0, "580")
    monkeypatch.setattr(doctor, "_working_cards", lambda: [card])
    best, seeing = (suggested(fit_known(card), images=images) for images in (False, True))
    advised = {one.what: one.advice for one in doctor.suggest() if one.advice.startswith("suggested")}
    if not is_any:
        assert advised == {}
    else:
        assert advised[best.shape.name] == "suggested"
        same = seeing.shape.name == best.shape.name
        assert same or advised[seeing.shape.name] == "suggested for images"
        assert len(advised) == (1 if same else 2)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(10, 89, "10-89 s"), (45, 90, "0.75-1.5 min"), (600, 5399, "10-90 min"), (2700, 5400, "0.75-1.5 h")],
)
def test_a_time_is_written_in_seconds_minutes_or_hours(low, high, text):
    assert doctor._span(low, high) == text


def test_a_model_that_always_thinks_is_said_to_do_so(monkeypatch):
    monkeypatch.setattr(
        doctor, "_working_cards", lambda: [Card("NVIDIA H100 80GB HBM3", int(79.6 * GIB), 0, "580")]
    )
    told = {
        name: "always reasons" in doctor.examine_judge(name)[-1].found
        for name in ("openai/gpt-oss-20b", "Qwen/Qwen3-8B")
    }
    assert told == {"openai/gpt-oss-20b": True, "Qwen/Qwen3-8B": False}
