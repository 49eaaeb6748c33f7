"""The inspection study: changed pictures reach the judge, and recorded replies are analysed."""

import base64
import hashlib
import io
import json
import re
from pathlib import Path

import PIL.Image
import pytest

import judge
from judge.rubric import load_rubric
from judge.scoring.backends.connection import Connection
from judge.scoring.judge import Judge
from judge.stress_testing.outcomes import FAILED
from judge.stress_testing.stress_test import StressOptions, StressTest

STUDY = Path(__file__).parents[2] / "examples" / "inspection"
RUBRIC = load_rubric("inspection")
PICTURES = ("blank_picture", "other_picture", "other_reference_picture")


def rows(*wanted):
    found = [json.loads(line) for line in (STUDY / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    return [row for row in found if not wanted or row["id"] in wanted]


def stress_test(of, folder, answers, probes, mock=None):
    connection = Connection(api_base=mock.api_base, max_connections=1) if mock else None
    options = StressOptions(200, probes, 0, folder)
    return StressTest(answers, of, options, {"image_root": STUDY}, connection)


def pictures_of(request):
    """Pictures of a request, in their order."""
    parts = request["body"]["messages"][-1]["content"]
    for part in parts:
        if part["type"] == "image_url":
            data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
            yield PIL.Image.open(io.BytesIO(data)).convert("RGB")


def content(picture):
    return hashlib.sha256(picture.tobytes()).hexdigest()


@pytest.fixture
def sent(tmp_path, mock, monkeypatch):
    """Pictures of the request for each item and twin, as a server gets them."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    test = stress_test(Judge("openai/x", RUBRIC), tmp_path, pairwise(), PICTURES, mock)
    result = test.run(lambda _: judge.ScoringCallback())
    by_texts = {}
    for request in mock.seen():
        found = [*pictures_of(request)]
        text = request["body"]["messages"][-1]["content"][-1]["text"]
        question = re.search(r"# Question\n(.*)", text)[1]
        by_texts.setdefault(question, []).append(found)
    return result, by_texts


def pairwise():
    """Questions about a picture and a reference picture, of two products."""
    found = [row for row in rows() if len(row["images"]) > 1 or row.get("reference_images")]
    chosen = {
        row["category"]: row for row in found if row["condition"] == "clean" and row["system"] == "heron"
    }
    return [*chosen.values()][:2]


def test_changed_pictures_are_in_the_requests(sent):
    result, by_question = sent
    (one, two) = result.twins.originals
    for item, other in ((one, two), (two, one)):
        assert [image.role for image in item.images] == ["reference", "query"]
        (reference, query), *changed = by_question[item.question]
        own, others = (content(reference), content(query)), by_question[other.question][0]
        found = {tuple(map(content, pictures)) for pictures in changed}
        gray = content(PIL.Image.new("RGB", query.size, (127, 127, 127)))
        assert (own[0], gray) in found
        assert (own[0], content(others[1])) in found
        assert (content(others[0]), own[1]) in found


def test_unchanged_pictures_stay_as_they_are_in_the_study(sent):
    result, by_question = sent
    for item in result.twins.originals:
        row = next(row for row in rows() if row["id"] == item.id)
        study = {content(PIL.Image.open(path).convert("RGB")) for path in STUDY.glob("*.png")}
        assert {content(picture) for picture in by_question[item.question][0]} <= study
        assert len(item.images) == len(row["images"])


def recorded(test, path, seen):
    """Replies of a judge that looks at the picture, or at none; `seen` says which items it judges rightly."""
    from judge.stress_testing.scoring import parts_of

    with path.open("w", encoding="utf-8") as file:
        for part in parts_of(test._twins({}), test.judge):
            for item in part.items:
                score = 4 if seen(item) else 2
                reply = {name: {"reason": "-", "score": score} for name in RUBRIC.judged}
                file.write(json.dumps({"id": item.id, "reply": {**reply, "is_accurate": score > 3}}) + "\n")


@pytest.mark.parametrize(
    ("sees", "failed"), [(True, set()), (False, {"blank_picture", "other_picture"})], ids=["sees", "blind"]
)
def test_recorded_replies_tell_a_judge_that_ignores_pictures_from_one_that_sees_them(tmp_path, sees, failed):
    def is_right(item):
        return not sees or item.metadata.get("stress_probe") not in PICTURES

    replies = tmp_path / "replies.jsonl"
    test = stress_test(
        Judge(f"replay:{replies}", RUBRIC), tmp_path / "s", STUDY / "answers.jsonl", PICTURES[:2]
    )
    recorded(test, replies, is_right)
    result = test.run(lambda _: judge.ScoringCallback())
    assert {o.probe.name for o in result.outcomes if o.verdict == FAILED} == failed
    assert all(o.n_twins == 128 for o in result.outcomes)


def test_another_picture_never_shows_the_same_object_in_another_condition(tmp_path):
    test = stress_test(Judge("baseline", RUBRIC), tmp_path, STUDY / "answers.jsonl", "other_picture")
    twins = test._twins({})
    picture_of = {query(item).sha256: item.metadata["picture"] for item in twins.originals}
    for twin in twins.changed["other_picture"]:
        assert picture_of[query(twin).sha256] != twin.metadata["picture"]


def query(item):
    return next(image for image in item.images if image.role == "query")
