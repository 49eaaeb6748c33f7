"""One item gives one request, whether a judge asks a `vllm serve` or an engine in this process."""

import json
import shutil
from pathlib import Path

import pytest

from judge import Judge, load_rubric
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run
from tests.engine.conftest import COMPACT
from tests.engine.ways import TEXT, Between, InProcess, ask, item, plain

PICTURES = Path(__file__).parents[2] / "examples" / "inspection"


class Both:
    """Texts and expected scores of some items both ways."""

    def __init__(self, items, rubric, root, server, folder, arguments, decisive, out):
        between, requests, self.http = Between(server), [], {}
        for name, params in {"text": TEXT, "expected": {}}.items():
            judge = Judge(model="hosted_vllm/tiny", rubric=load_rubric(rubric), params=params, scores=name)
            self.http |= ask(between.api_base, items, out / name, judge)[0]
            with Run.open(out / name) as run:  # its items know the hashes of their pictures
                requests += [r for item in run.items() for r in Prompter(judge).requests(item)]
        between.close()
        self.passed = [
            (body, reply) for body, reply in between.chats() if body["max_tokens"] <= TEXT["max_tokens"]
        ]
        self.in_process = InProcess(folder, requests, arguments, root, decisive)
        self.count = len(requests)


def pictured(folder):
    """Copy the pictures, with three answers about two of them each and three about one."""
    shutil.copytree(PICTURES, folder)
    rows = [json.loads(line) for line in (PICTURES / "answers.jsonl").read_text().splitlines()]
    rows.sort(key=lambda row: -len(row["images"]))
    few = folder / "few.jsonl"
    few.write_text("".join(json.dumps(row) + "\n" for row in (*rows[:3], *rows[-3:])))
    return few


@pytest.fixture(scope="module", params=["decided", "image"])
def both(request, server, image_server, made, engine_arguments, tmp_path_factory):
    kind = request.param
    items, rubric, asked, decisive = [item(number) for number in range(6)], "open_qa", server, {}
    out, root = tmp_path_factory.mktemp(kind), PICTURES
    if kind == "image":
        root = out / "pictures"
        items, rubric, asked = pictured(root), "inspection", image_server
        decisive = {"structured_outputs_config": COMPACT}
    return Both(items, rubric, root, asked, made(kind), engine_arguments, decisive, out)


def test_both_ways_make_the_same_tokens_of_the_same_item(both):
    theirs = {json.dumps(body["messages"]): reply["prompt_token_ids"] for body, reply in both.passed}
    assert theirs == both.in_process.prompts
    assert len(theirs) == both.count


def test_both_ways_sample_by_the_same_parameters(both):
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest

    for body, _ in both.passed:
        request = ChatCompletionRequest(**body)
        theirs = request.to_sampling_params(body["max_tokens"], both.in_process.defaults)
        assert plain(theirs) == both.in_process.params[json.dumps(body["messages"])]


def test_both_ways_come_to_the_same_replies(both):
    assert both.http.keys() == both.in_process.completions.keys()
    for key, theirs in both.http.items():
        ours = both.in_process.completions[key]
        assert (theirs.reply, theirs.finish_reason) == (ours.reply, ours.finish_reason)
        assert theirs.label_probabilities == pytest.approx(ours.label_probabilities, abs=0.02)
