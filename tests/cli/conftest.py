"""Commands on the examples, which measure the agreement of the same ratings again and again."""

import hashlib
import pickle

import pytest

import judge.workflows.agree
from judge.analysis.agreement.agree import agree

KNOWN = {}


def agree_once(aligned, **options):
    """Compute the agreement of the same ratings under the same options once."""
    key = hashlib.sha256(pickle.dumps((aligned, options))).digest()
    if key not in KNOWN:
        KNOWN[key] = agree(aligned, **options)
    return KNOWN[key]


@pytest.fixture(autouse=True)
def _agree_once(monkeypatch):
    monkeypatch.setattr(judge.workflows.agree, "_agree", agree_once)


@pytest.fixture
def agree_every_time(_agree_once, monkeypatch):
    """Compute the agreement in each call, for a test that two calls give the same."""
    monkeypatch.setattr(judge.workflows.agree, "_agree", agree)
