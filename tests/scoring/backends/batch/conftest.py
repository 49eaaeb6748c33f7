"""A provider of batch APIs, a run, and a call of `judge.score` that waits for nothing."""

import importlib.util
from collections import Counter
from pathlib import Path

import pytest

import judge
from judge.scoring.backends.batch.backend import BatchBackend
from judge.scoring.backends.connection import Connection
from judge.scoring.judge import Judge
from judge.scoring.run import Run

from ...builders import item, rubric

_SPEC = importlib.util.spec_from_file_location(
    "batch_server", Path(__file__).parents[3] / "support" / "batch_server.py"
)
batch_server = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(batch_server)

KEYS = {
    "openai": "OPENAI_API_KEY",
    "azure": "AZURE_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
}
MODELS = {
    "openai": "openai/gpt-4o-mini",
    "azure": "azure/gpt-4o-mini",
    "mistral": "mistral/mistral-small-latest",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "gemini": "gemini/gemini-2.5-flash",
}


@pytest.fixture
def server():
    """A provider; every reply is a verdict for the rubric of `builders`."""
    made = batch_server.BatchServer()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    for name in KEYS.values():
        monkeypatch.setenv(name, "sk-test-12345678")


class Watch(judge.ScoringCallback):
    """Keeps what it is told."""

    def __init__(self):
        self.texts, self.replies, self.stopped = [], Counter(), None

    def on_batches(self, text):
        self.texts.append(text)

    def on_completions(self, completions):
        self.replies.update(c.item_id for c in completions)

    def on_run_end(self, stopped):
        self.stopped = stopped


def base_of(server, provider):
    return server.address + {"openai": "/v1", "mistral": "/mistral/v1"}.get(provider, "")


class Scorer:
    """Scores made-up items through the batch API, again and again into the same run."""

    def __init__(self, server, folder, monkeypatch):
        self.server, self.folder = server, folder
        self.sleeps = []
        self.on_sleep = lambda _: None
        monkeypatch.setitem(BatchBackend.__init__.__kwdefaults__, "sleep", self._sleep)

    async def _sleep(self, seconds):
        self.sleeps.append(seconds)
        self.on_sleep(len(self.sleeps))

    def __call__(
        self, n=4, provider="openai", items=None, samples=1, reask=False, retry_errors=False, **options
    ):
        self.watch = Watch()
        model = options.pop("model", MODELS[provider])
        made = Judge(model=model, rubric=options.pop("rubric", rubric()), **options.pop("judge", {}))
        connection = Connection(**{"api_base": base_of(self.server, provider), "batch": True, **options})
        return judge.score(
            items or [item(f"i{k}", answer=f"Answer {k}.") for k in range(n)],
            judge=made,
            out=self.folder,
            samples=samples,
            reask=reask,
            retry_errors=retry_errors,
            connection=connection,
            callback=self.watch,
        )

    def statuses(self):
        with Run.open(self.folder) as run:
            return run.summary().statuses["overall"]

    def completions(self):
        with Run.open(self.folder) as run:
            return list(run.completions())


@pytest.fixture
def score(server, tmp_path, monkeypatch):
    """Call of `judge.score` with the batch API; its polls do not wait."""
    return Scorer(server, tmp_path / "run", monkeypatch)
