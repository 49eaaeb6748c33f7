"""Texts in other words, by a second model; every paraphrase is stored as it arrives, and not paid twice."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from judge.errors import RunError
from judge.files.writing import make_folder
from judge.records import Item, Request, content_hash
from judge.rubric import Rubric
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.factory import check_backend, load_backend
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.judge import Judge
from judge.stress_testing.probe import Probe

_FILE = "paraphrases.jsonl"
_INSTRUCTION = (
    "Rewrite the text of the user in other words. Keep its meaning, every fact, number and name, its "
    "language and about its length. Answer with the rewritten text only."
)


def paraphrased_texts(items: Sequence[Item], rubric: Rubric, probes: Mapping[str, Probe]) -> list[str]:
    """List the texts that the chosen probes need in other words."""
    texts: list[str] = []
    if "task_paraphrased" in probes and not rubric.stress.task:
        texts.append(rubric.task)
    if "reference_paraphrased" in probes:
        texts += [item.reference for item in items if item.reference]
    return list(dict.fromkeys(texts))


class Paraphraser:
    """Asks a model for paraphrases, and keeps them in the folder of the stress test.

    Parameters
    ----------
    model : str
        Name of the model, as for a judge.
    out : Path
        Folder of the stress test.
    connection, engine
        How the model is reached.

    Attributes
    ----------
    cost : float
        What the replies to `paraphrase` have cost in USD, where it is known.

    Raises
    ------
    BackendError
        The model cannot answer.
    """

    def __init__(self, model: str, out: Path, connection: Connection, engine: EngineOptions) -> None:
        self.cost = 0.0
        self._file = out / _FILE
        self._connection, self._engine = connection, engine
        self._judge = Judge(model=model, rubric=_no_rubric(), structured=False)
        check_backend(self._judge, connection)

    def paraphrase(self, texts: Iterable[str]) -> Mapping[str, str]:
        """Return text -> paraphrase; texts without a usable reply are left out."""
        wanted = list(texts)
        known = self._stored()
        missing = [text for text in wanted if self._key(text) not in known]
        if missing:
            backend = load_backend(
                self._judge, connection=self._connection, engine=self._engine, image_root=self._file.parent
            )
            make_folder(self._file.parent)
            with closing(backend), self._file.open("a", encoding="utf-8") as file:
                for batch in backend.complete([self._request(text) for text in missing]):
                    for completion in batch:
                        self.cost += completion.cost or 0.0
                        if completion.failure is None and (reply := (completion.reply or "").strip()):
                            known[completion.key] = reply
                            row = {"key": completion.key, "model": self._judge.model, "text": reply}
                            file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    file.flush()
        return {text: known[key] for text in wanted if (key := self._key(text)) in known}

    def _stored(self) -> dict[str, str]:
        if not self._file.is_file():
            return {}
        found = {}
        for number, line in enumerate(self._file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
                found[row["key"]] = row["text"]
            except (ValueError, KeyError, TypeError):
                problem = f"{self._file}:{number}: is no paraphrase; delete the line to ask again"
                raise RunError(problem) from None
        return found

    def _key(self, text: str) -> str:
        return content_hash([self._judge.model, _INSTRUCTION, text])

    def _request(self, text: str) -> Request:
        messages = [{"role": "system", "content": _INSTRUCTION}, {"role": "user", "content": text}]
        item = Item(id=self._key(text)[:16], question="", answer=text)
        return Request(item, messages, model=self._judge.model, params={}, schema=None, key=self._key(text))


def _no_rubric() -> Rubric:
    """A rubric for a model that is not asked to judge."""
    text = {"description": "text", "type": "binary"}
    return Rubric.model_validate(
        {"name": "paraphrase", "task": _INSTRUCTION, "dimensions": {"text": text}, "overall": {"how": "none"},
         "pass": {"text": 1}}
    )  # fmt: skip
