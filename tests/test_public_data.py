"""The scripts of examples/public_data, on made-up files in the format of their sources."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from judge.formats.ratings import read_ratings

from .public_data import published_figures

SCRIPTS = Path(__file__).parent.parent / "examples" / "public_data"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py") if path.stem not in ("layout", "realsumm_figures"))


def convert(name, checkout, out):
    """Run a script as a user does."""
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), str(checkout), str(out)]
    return subprocess.run(command, capture_output=True, text=True)


def converted(name, checkout, tmp_path):
    done = convert(name, checkout, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def put_table(path, table):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


def scores(path):
    """(item, rater, dimension) -> score, as `judge agree` reads them."""
    return {(s.item_id, s.rater, s.dimension): s.value for s in read_ratings(path)}


def hanna_source(folder):
    codes = ("RE", "CH", "EM", "SU", "EG", "CX")
    row = {"Model": "otter", **{f"Human {k} {code}": [k, 4] for k in (1, 2, 3) for code in codes}}
    for judge in ("Beluga-13B", "Mistral-7B", "ChatGPT"):
        row |= {f"{judge} {code} 1": [11 / 3, 2.0] for code in codes}
    lists = {name: cell if name == "Model" else json.dumps(cell) for name, cell in row.items()}
    put_table(folder / "hanna_metric_scores_llm.csv", [lists, lists | {"Model": "heron"}])
    names = (
        "1-guidelines",
        "2-syntax",
        "3-superfluous",
        "4-incorrectness",
        "5-unsubstantiated",
        "6-incoherence",
    )
    table = [
        {"Input.story_id": 8, "Input.explanation": "Weak,\nand why.", **{f"Answer.a-{n}.1": 0 for n in names}}
        for _ in range(3)
    ]
    table[1]["Answer.a-2-syntax.1"] = 1
    put_table(folder / "user_study.csv", table)


def test_hanna_has_an_item_for_each_story_of_each_system(tmp_path):
    hanna_source(tmp_path)
    out = converted("hanna", tmp_path, tmp_path)
    assert [(row["item_id"], row["system"], row["doc_id"]) for row in rows(out / "items.jsonl")] == [
        ("h0000", "otter", 0), ("h0001", "otter", 1), ("h0002", "heron", 0), ("h0003", "heron", 1),
    ]  # fmt: skip
    found = scores(out / "ratings.jsonl")
    assert len(found) == 4 * 6 * 6
    assert [found["h0000", f"human_{k}", "coherence"] for k in (1, 2, 3)] == [1, 2, 3]
    assert found["h0003", "human_1", "relevance"] == 4
    assert (found["h0000", "chatgpt", "surprise"], found["h0001", "beluga-13b", "surprise"]) == (3.6667, 2.0)


def test_hanna_explanations_have_three_raters_and_six_labels(tmp_path):
    hanna_source(tmp_path)
    out = converted("hanna", tmp_path, tmp_path) / "explanations"
    assert rows(out / "replies.jsonl") == [{"id": "e000", "reply": "Weak,\nand why.", "story_id": 8}]
    found = scores(out / "ratings.jsonl")
    assert len(found) == 3 * 6
    assert [key for key, score in found.items() if score == 1] == [("e000", "human_2", "syntax")]


def test_hanna_explanations_that_are_not_in_threes_are_refused(tmp_path):
    hanna_source(tmp_path)
    path = tmp_path / "user_study.csv"
    with path.open(newline="") as file:
        table = list(csv.DictReader(file))
    table[2]["Input.explanation"] = "Another one."
    put_table(path, table)
    done = convert("hanna", tmp_path, tmp_path / "out")
    assert done.returncode == 1
    assert "rows 2 to 4" in done.stderr


def llmbar_source(folder):
    item = {"input": "Name a bird.", "output_1": "Heron.", "output_2": "Trout.", "label": 1}
    both = {
        "swap = False": {"winner": "1", "completion": ["Output (a)", "stop"]},
        "swap = True": {"winner": None, "completion": ["Neither.", "stop"]},
    }
    alone = {"score_1": ["10", "stop"], "score_2": ["N/A", "stop"]}
    for subset in (
        "Natural",
        *(f"Adversarial/{name}" for name in ("Neighbor", "GPTInst", "GPTOut", "Manual")),
    ):
        base = folder / "Dataset" / "LLMBar" / subset
        put(base / "dataset.json", [item])
        for judge in (
            "GPT-4/Vanilla",
            "GPT-4/CoT",
            "ChatGPT/Vanilla",
            "ChatGPT/CoT",
            "LLaMA2/Vanilla",
            "Falcon/Vanilla",
        ):
            put(base / "evaluators" / judge / "result.json", [{**item, "results": [{}, both]}])
        for judge in ("GPT-4/Rating", "ChatGPT/Rating"):
            put(base / "evaluators" / judge / "result.json", [{**item, "results": [alone]}])


def test_llmbar_has_gold_both_orders_and_single_scores(tmp_path):
    llmbar_source(tmp_path)
    out = converted("llmbar", tmp_path, tmp_path)
    of_one = [row for row in rows(out / "ratings.jsonl") if row["subset"] == "gptout"]
    assert len(of_one) == 1 + 6 * 2 + 2 * 2
    found = {(r["rater_id"], r["item_id"], r.get("order")): r["score"] for r in of_one}
    assert found["gold", "gptout-000", None] == 1
    assert (found["gpt-4/cot", "gptout-000", "ab"], found["gpt-4/cot", "gptout-000", "ba"]) == (1, None)
    assert found["chatgpt/rating", "gptout-000#1", None] == 10
    assert found["chatgpt/rating", "gptout-000#2", None] is None
    replies = {(r["id"], r["judge"], r.get("order")): r["reply"] for r in rows(out / "replies.jsonl")}
    assert replies["manual-000", "falcon-180b/vanilla", "ba"] == "Neither."
    assert [row["id"] for row in rows(out / "answers.jsonl")][:2] == ["natural-000", "neighbor-000"]


def test_llmbar_results_of_other_items_are_refused(tmp_path):
    llmbar_source(tmp_path)
    put(
        tmp_path / "Dataset/LLMBar/Natural/dataset.json",
        [{"input": "?", "output_1": "a", "output_2": "b", "label": 2}],
    )
    done = convert("llmbar", tmp_path, tmp_path / "out")
    assert done.returncode == 1
    assert "natural-000" in done.stderr


def test_pandalm_has_three_people_and_two_judges(tmp_path):
    item = {
        "idx": 7, "cmp_key": "llama-7b_opt-7b", "instruction": "Shorten.", "input": "A long text.", "response1": "A text.",
        "response2": "Text.", "motivation_app": "mail", "annotator1": 1, "annotator2": 2, "annotator3": 0,
    }  # fmt: skip
    put(tmp_path / "data" / "testset-v1.json", [item])
    for judge, prefix, result in (("gpt-3.5-turbo", "gpt", "garbage"), ("pandalm-7b", "pandalm", "Tie")):
        row = {"idx": 7, f"{prefix}_result": result, f"{prefix}_reason": "So.", f"{prefix}_reference": "Text"}
        put(tmp_path / "data" / f"{judge}-testset-v1.json", [row])
    out = converted("pandalm", tmp_path, tmp_path)
    assert list(scores(out / "ratings.jsonl").values()) == [1, 2, 0, None, 0]
    (answer,) = rows(out / "answers.jsonl")
    assert (answer["id"], answer["system_1"], answer["system_2"]) == ("p007", "llama-7b", "opt-7b")
    assert [row["result"] for row in rows(out / "replies.jsonl")] == ["garbage", "Tie"]


def realsumm_row(event, answers, statements=("It rains.", "BLANK", "It pours.")):
    filled = [*statements, *["BLANK"] * (16 - len(statements))]
    row = {"Input.eventId": event, "Input.summary_text": f"About {event}."}
    row |= {f"Input.statement_{n}": text for n, text in enumerate(filled, start=1)}
    return row | {f"Answer.S{n}Answer": answers.get(n, "") for n in range(1, 17)}


def realsumm_source(folder, *rows, name="heron.txt.csv", kind="abs"):
    path = folder / "human_annotations/SCUs_and_annotations" / f"SCU_rating_results_{kind}_systems" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    put_table(path, rows)


def test_realsumm_has_the_criteria_of_each_document_and_a_rating_of_each_by_each_worker(tmp_path):
    met = [{1: "p", 3: "n"}, {1: "p", 3: "p"}, {1: "n", 3: "n"}]
    realsumm_source(tmp_path, *(realsumm_row("event7", one) for one in met), realsumm_row("event30", met[0]))
    realsumm_source(tmp_path, realsumm_row("event7", met[1]), name="neusumm_out.csv")
    out = converted("realsumm", tmp_path, tmp_path)
    answers = {row["id"]: row for row in rows(out / "answers.jsonl")}
    assert list(answers) == ["d000_abs_heron", "d000_ext_neusumm_out", "d001_abs_heron"]
    first = answers["d000_abs_heron"]
    assert [c["text"] for c in first["criteria"]] == ["It rains.", "It pours."]
    assert (first["answer"], first["system"], first["document"]) == ("About event7.", "abs_heron", "d000")
    found = {
        (r["rater_id"], r["criterion"]): r["score"]
        for r in rows(out / "ratings.jsonl")
        if r["item_id"] == first["id"]
    }
    assert [found[f"worker_{n}", "c1"] for n in (1, 2, 3)] == [1, 1, 0]
    assert [found[f"worker_{n}", "c2"] for n in (1, 2, 3)] == [0, 1, 0]
    reply = next(json.loads(r["reply"]) for r in rows(out / "replies.jsonl") if r["id"] == first["id"])
    assert reply == {"c1": {"met": True}, "c2": {"met": False}}


def test_realsumm_statements_that_differ_between_systems_are_refused(tmp_path):
    realsumm_source(tmp_path, realsumm_row("event7", {1: "p", 3: "n"}), name="heron.csv")
    other = realsumm_row("event7", {1: "p"}, statements=("It snows.",))
    realsumm_source(tmp_path, other, name="otter.csv")
    done = convert("realsumm", tmp_path, tmp_path / "out")
    assert done.returncode == 1
    assert "event7" in done.stderr


def test_realsumm_labels_that_are_neither_present_nor_absent_are_refused(tmp_path):
    realsumm_source(tmp_path, realsumm_row("event7", {1: "p"}))
    done = convert("realsumm", tmp_path, tmp_path / "out")
    assert done.returncode == 1
    assert "event7" in done.stderr


def test_recipes_have_as_many_slots_as_ratings(tmp_path):
    def recipe(name, *ratings):
        return {
            "id": name,
            "instance": "Stir.",
            "annotations": {"clarity": {"individual_human_scores": list(ratings)}},
        }

    path = tmp_path / "data" / "recipe_crowd_sourcing_data" / "meta_evaluation_recipes.json"
    put(
        path,
        {
            "instances": [
                recipe("pie_1_no_context", 5, 6),
                recipe("tea_2_context", 3),
                recipe("check", 1, 1, 2),
            ]
        },
    )
    out = converted("recipes", tmp_path, tmp_path)
    assert [row["system"] for row in rows(out / "answers.jsonl")] == [
        "no_context",
        "context",
        "attention_check",
    ]
    found = scores(out / "ratings.jsonl")
    assert [found["check", f"slot_0{k}", "clarity"] for k in (1, 2, 3)] == [1, 1, 2]
    assert len(found) == 6


def test_each_script_is_in_the_readme_and_has_published_figures():
    readme = (SCRIPTS / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)\.py`", readme, re.MULTILINE)) == NAMES
    without_script = {"llm_rubric"}  # its probabilities are read by the notebook
    assert {figure["data_set"] for figure in published_figures()} == set(NAMES) | without_script


@pytest.mark.parametrize("name", NAMES)
def test_script_explains_itself(name):
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / f"{name}.py"), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "checkout" in done.stdout
