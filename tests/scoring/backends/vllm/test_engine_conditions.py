"""What stops an engine before its weights are loaded."""

from types import SimpleNamespace

import pytest

from judge.errors import BackendError
from judge.scoring.backends.vllm import engine
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.backends.vllm.lora import _lora_rank


@pytest.fixture
def start(monkeypatch):
    """Start with a vLLM of which only the tokenizer answers."""

    def started(tokens, *, model="some/model"):
        tokenizer = SimpleNamespace(encode=lambda *_, **__: tokens)
        package = SimpleNamespace(LLM=lambda **_: None, cached_tokenizer_from_config=lambda _: tokenizer)
        monkeypatch.setattr(engine.importlib, "import_module", lambda _: package)
        monkeypatch.setattr(engine, "_model_config", lambda _: SimpleNamespace())
        monkeypatch.setattr(engine, "_check", lambda *_: None)
        monkeypatch.setattr(engine, "model_arguments", lambda *_: {})
        monkeypatch.setattr(engine, "cards_for", lambda *_: 2)
        monkeypatch.setattr(engine, "_thought_marks", lambda *_: (None, False))
        first = SimpleNamespace(labels=())
        engine._start(model, {}, EngineOptions(), 0, first, lambda _: None, SimpleNamespace())

    return started


def test_a_tokenizer_without_tokens_is_fetched_again(start):
    with pytest.raises(BackendError, match=r"some/model does not start: its tokenizer has no tokens"):
        start([])


@pytest.mark.parametrize("model", ["/no/such/folder", "./no/such/folder", "~/no/such/folder"])
def test_a_path_that_is_no_folder_is_not_looked_for_on_the_internet(start, model):
    with pytest.raises(BackendError, match="there is no such folder"):
        start([1], model=model)


@pytest.mark.parametrize(
    ("rank", "room"),
    [
        (1, 1),
        (2, 8),
        (8, 8),
        (9, 16),
        (17, 32),
        (33, 64),
        (65, 128),
        (129, 256),
        (257, 320),
        (321, 512),
        (513, 513),
    ],
)
def test_room_for_an_adapter_is_the_next_size_that_vllm_knows(rank, room):
    assert _lora_rank(rank) == room
