"""Files that other tools wrote (kept under tests/data/formats): answers in, graders' scores as one more rater."""

import contextlib
import importlib.util
import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import InputError, MissingExtraError
from judge.formats import FORMATS, read_foreign, recognise
from judge.formats.document import load

DATA = Path(__file__).parent.parent / "data" / "formats"
GENERATED, LIKELIHOOD = sorted(DATA.glob("samples_*.jsonl"))
CAN_ZSTD = sys.version_info >= (3, 14) or importlib.util.find_spec("zstandard") is not None


def statuses(found):
    return Counter(score.status for score in found.scores)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("inspect", "inspect_graded.json"),
        ("inspect", "inspect_choice_deflate.eval"),
        ("promptfoo", "promptfoo.json"),
        ("deepeval", "deepeval.json"),
        ("lm_eval", GENERATED.name),
        ("lm_eval", LIKELIHOOD.name),
    ],
)
def test_each_format_is_recognised_and_by_no_other(name, file):
    document = load(DATA / file)
    assert recognise(document) == name
    claims = [n for n in FORMATS if importlib.import_module(f"judge.formats.{n}").recognises(document)]
    assert claims == [name]


def test_inspect_epochs_are_answers_of_their_own_that_belong_together():
    found = read_foreign(DATA / "inspect_graded.json")
    assert sorted(i.id for i in found.items) == ["2/1", "2/2", "3/1", "3/2", "q1/1", "q1/2"]
    assert {i.metadata["pair_id"] for i in found.items} == {"q1", "2", "3"}


def test_inspect_grades_are_numbers_and_nan_is_missing():
    found = read_foreign(DATA / "inspect_graded.json")
    graded = {s.item_id: s for s in found.scores if s.dimension == "model_graded_qa"}
    assert {k: s.value for k, s in graded.items()} == {
        "q1/1": 1.0, "2/1": None, "3/1": None, "q1/2": 0.0, "2/2": 1.0, "3/2": 0.0,
    }  # fmt: skip
    assert "Grade not found" in graded["2/1"].reason
    assert graded["q1/1"].rater == "mockllm/model"


def test_inspect_targets_metadata_and_model_are_kept():
    items = {i.id: i for i in read_foreign(DATA / "inspect_graded.json").items}
    assert items["3/1"].reference == "Mutter / nut"
    assert (items["q1/1"].metadata["category"], items["q1/1"].system) == ("lid", "mockllm/model")


def test_inspect_archive_gives_choices_and_the_right_letter():
    items = read_foreign(DATA / "inspect_choice_deflate.eval").items
    assert [(i.id, i.choices, i.gold, i.answer) for i in items] == [
        ("m1", ("scratch", "dent", "none"), "B", "ANSWER: B"),
        ("m2", ("lid", "cap"), "A", "The answer is B"),
    ]


@pytest.mark.skipif(not CAN_ZSTD, reason="needs zstandard or Python 3.14")
def test_inspect_archive_packed_with_zstandard_reads_the_same():
    packed, deflated = (read_foreign(DATA / f"inspect_choice{end}.eval") for end in ("", "_deflate"))
    assert (packed.items, packed.scores) == (deflated.items, deflated.scores)


def test_zstandard_archive_without_the_package_says_what_to_install(monkeypatch):
    if sys.version_info >= (3, 14):
        pytest.skip("zipfile reads it itself")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'judge-toolkit\[inspect\]'"):
        read_foreign(DATA / "inspect_choice.eval")


def test_inspect_sample_that_ended_with_an_error_is_reported(tmp_path):
    log = json.loads((DATA / "inspect_graded.json").read_text())
    log["samples"][0]["output"] = {"model": "m", "choices": [], "completion": ""}
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log))
    found = read_foreign(path)
    assert found.problems == {"no answer (the sample ended with an error)": ["2/1"]}
    assert len(found.items) == 5


def test_promptfoo_items_are_tests_by_prompts_by_providers():
    found = read_foreign(DATA / "promptfoo.json")
    assert found.items[0].id == "test-0/prompt-0/sysA"
    assert found.items[0].question == "Is there a scratch?"
    assert found.items[0].metadata["pair_id"] == found.items[1].metadata["pair_id"] == "test-0"


def test_promptfoo_assertions_are_dimensions_and_its_verdict_is_pass():
    scores = [s for s in read_foreign(DATA / "promptfoo.json").scores if s.item_id == "test-0/prompt-0/sysA"]
    assert [(s.rater, s.dimension, s.value) for s in scores] == [
        ("llm-rubric", "accuracy", 0.9),
        ("contains", "contains", 1.0),
        ("promptfoo", "pass", 1.0),
    ]


def test_promptfoo_grader_that_failed_is_missing_although_promptfoo_says_zero():
    found = read_foreign(DATA / "promptfoo.json")
    failed = [s for s in found.scores if s.status == "failed"]
    assert {s.item_id.split("/")[0] for s in failed} == {"test-2", "test-3"}
    assert {s.reason for s in failed if s.dimension != "pass"} == {
        "grader down",
        "Could not extract JSON from llm-rubric response",
    }


def test_promptfoo_provider_that_failed_gives_no_item():
    problems = read_foreign(DATA / "promptfoo.json").problems
    assert problems == {"no answer (the provider failed)": ["test-4/prompt-0/sysA", "test-4/prompt-1/sysA"]}


def test_deepeval_metrics_are_scored_by_their_evaluation_model():
    found = read_foreign(DATA / "deepeval.json")
    first = [(s.rater, s.dimension, s.value) for s in found.scores if s.item_id == "t1"]
    assert first == [
        ("fake-judge", "Length", 1.0),
        ("fake-judge", "Length 2", 1.0),
        ("deepeval", "pass", 1.0),
    ]
    assert found.items[0].reference == "Yes"


def test_deepeval_metric_that_failed_is_missing_and_so_is_the_verdict():
    failed = [s for s in read_foreign(DATA / "deepeval.json").scores if s.status != "ok"]
    assert {(s.item_id, s.dimension, s.reason) for s in failed} == {
        ("test_case_2", name, "judge exploded") for name in ("Length", "Length 2", "pass")
    }


def test_deepeval_run_inside_its_cache_file_reads_the_same(tmp_path):
    inner = json.loads((DATA / "deepeval.json").read_text())
    path = tmp_path / ".latest_test_run.json"
    path.write_text(json.dumps({"testRunData": inner}))
    assert read_foreign(path).items == read_foreign(DATA / "deepeval.json").items


def test_lm_eval_texts_are_answers_and_metrics_are_scores():
    found = read_foreign(GENERATED)
    assert [(i.id, i.answer, i.reference) for i in found.items] == [
        ("mini_gen/0", "lol", "Yes"),
        ("mini_gen/1", "lol", "4"),
    ]
    assert [(s.rater, s.dimension, s.value) for s in found.scores] == [("lm_eval", "exact_match", 0.0)] * 2


def test_lm_eval_likeliest_option_is_the_answer():
    items = read_foreign(LIKELIHOOD).items
    assert [(i.answer, i.gold, i.choices) for i in items] == [
        ("A", "A", ("Yes", "No")),
        ("B", "B", ("3", "4", "5")),
    ]


def test_lm_eval_filters_of_one_answer_are_items_of_their_own(tmp_path):
    rows = [json.loads(line) for line in GENERATED.read_text().splitlines()]
    path = tmp_path / "samples_gsm.jsonl"
    path.write_text(
        "\n".join(json.dumps(row | {"filter": name}) for name in ("strict", "flexible") for row in rows)
    )
    assert [i.id for i in read_foreign(path).items] == [
        "gsm/0/strict",
        "gsm/1/strict",
        "gsm/0/flexible",
        "gsm/1/flexible",
    ]


@pytest.mark.parametrize("file", [p.name for p in sorted(DATA.glob("*.json*"))])
def test_every_score_belongs_to_an_item_and_no_two_are_the_same(file):
    found = read_foreign(DATA / file)
    assert {s.item_id for s in found.scores} <= {i.id for i in found.items}
    keys = [(s.item_id, s.rater, s.dimension, s.sample) for s in found.scores]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '{"a": 1}', "in no format that is recognised"),
        ("a.json", "[1, 2", "not valid JSON: Expecting ',' delimiter at character 6"),
        ("a.jsonl", '{"a": 1}\n{"b"\n', r"a\.jsonl:2: not valid JSON"),
        ("a.json", b"\xff\xff", "found ff at byte 1 of the line, which is not UTF-8"),
        ("a.eval", "no zip", r"not a readable \.eval archive"),
    ],
)
def test_file_that_cannot_be_read_says_why(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        read_foreign(path)


def test_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_foreign(tmp_path / "none.json")


def test_unknown_format_lists_the_known_ones():
    with pytest.raises(InputError, match=r"format 'excel' is not known; allowed: robustmad, mmad, inspect"):
        read_foreign(GENERATED, format="excel")


def test_files_of_two_formats_do_not_belong_together():
    with pytest.raises(
        InputError, match=r"files of one format belong together; found: .* is lm_eval, .* is deepeval"
    ):
        read_foreign(GENERATED, DATA / "deepeval.json")


def test_no_file_is_an_error():
    with pytest.raises(InputError, match="no file given"):
        read_foreign()


def test_gzipped_file_reads_the_same(tmp_path):
    import gzip

    path = tmp_path / "deepeval.json.gz"
    path.write_bytes(gzip.compress((DATA / "deepeval.json").read_bytes()))
    assert read_foreign(path).items == read_foreign(DATA / "deepeval.json").items


JUNK = st.sampled_from([None, True, 5, -1.5, float("nan"), "", "x", [], [1], {}, {"a": 1}, [{}], [None]])


def paths(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in inner:
        yield from paths(entry, (*path, key))


@pytest.mark.parametrize("file", ["inspect_graded.json", "promptfoo.json", "deepeval.json", LIKELIHOOD.name])
@given(data=st.data())
def test_damaged_file_is_an_input_error_or_read_and_never_a_crash(file, data):
    document = load(DATA / file)
    name = recognise(document)
    path = data.draw(st.sampled_from([p for p in paths(document.content) if p]))
    holder = document.content
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = data.draw(JUNK)
    with contextlib.suppress(InputError):
        importlib.import_module(f"judge.formats.{name}").read([document]).without_repeats()


@pytest.mark.parametrize(
    ("text", "problem"),
    [("[" * 40 + "]" * 40, "more than 32 levels"), ("1e999", "found inf; allowed: a finite number")],
    ids=["deep", "infinite"],
)
def test_a_field_that_no_run_could_hold_is_refused_by_item_and_name(tmp_path, text, problem):
    path = tmp_path / "run.json"
    more = f'"additionalMetadata": {{"note": {text}}}'
    path.write_text(f'{{"testCases": [{{"name": "t1", "input": "?", "actualOutput": "a", {more}}}]}}')
    with pytest.raises(InputError, match=f"item 't1': field 'note': found {problem.removeprefix('found ')}"):
        read_foreign(path)


def test_not_a_number_in_a_field_is_missing(tmp_path):
    path = tmp_path / "run.json"
    path.write_text('{"testCases": [{"input": "?", "actualOutput": "a", "metadata": {"n": NaN}}]}')
    assert read_foreign(path).items[0].metadata == {"n": None}
