"""`judge choice` and `judge import`, as a user meets them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

DATA = Path(__file__).parent.parent / "data" / "formats"


def judge(*words, **options):
    return CliRunner().invoke(main, [str(word) for word in words], **options)


@pytest.fixture
def answers(tmp_path):
    """Thirty questions with four options; each third reply names two, each fifth is right."""
    path = tmp_path / "answers.jsonl"
    rows = [
        {
            "id": n,
            "question": "Which?",
            "answer": "A or B" if n % 3 == 0 else "Answer: C" if n % 5 == 0 else "Answer: A",
            "choices": ["lid", "cap", "body", "neck"],
            "gold": "C",
            "kind": ("[red]easy", "hard")[n % 2],
        }
        for n in range(30)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_choice_says_what_is_right_and_how_many_replies_are_unreadable(answers):
    result = judge("choice", answers)
    assert result.exit_code == 0, result.output
    assert "of answers are correct: 4 of 30." in result.stdout
    assert (
        "10 of 30 replies (33.3 %) do not name exactly one offered option (several options: 10)"
        in " ".join(result.stdout.split())
    )
    assert "Accuracy is 20.0 % without them and 13.3 % if they count as wrong." in " ".join(
        result.stdout.split()
    )


def test_dropped_replies_are_counted_too(answers):
    result = judge("choice", answers, "--no-verdict", "drop")
    assert "of answers are correct: 4 of 20." in result.stdout
    assert "they count as missing." in result.stdout.replace("\n  ", " ")


def test_labels_from_data_are_shown_as_they_are(answers):
    assert "[red]easy" in judge("choice", answers, "--by", "kind").stdout


def test_lines_fit_a_terminal_of_eighty_columns(answers):
    assert max(map(len, judge("choice", answers).stdout.splitlines())) <= 80


def test_json_holds_every_table_and_figure(answers):
    found = json.loads(judge("choice", answers, "--by", "kind", "--json").stdout)
    assert found["kind"] == "choice"
    assert found["figures"]["accuracy"]["value"] == pytest.approx(4 / 30)
    assert {"reading", "slices:kind", "positions"} <= set(found["tables"])
    assert [row["slice"] for row in found["tables"]["slices:kind"]["rows"]] == [
        "[red]easy",
        "hard",
        "slice mean",
    ]


def test_same_input_gives_the_same_bytes(answers):
    assert judge("choice", answers, "--json").stdout == judge("choice", answers, "--json").stdout


def test_answers_come_through_a_pipe(answers):
    assert "4 of 30" in judge("choice", "-", input=answers.read_text()).stdout


def test_crossed_fields_are_shown_as_a_matrix_with_means(tmp_path):
    rows = [
        {
            "image": f"{d}/thing/{kind}/{n}.png",
            "question_type": t,
            "correct_answer": "A",
            "gpt_answer": "AB"[n % 2],
        }
        for d in ("VisA", "GoodsAD")
        for t in ("Object Details", "Defect Analysis")
        for n, kind in enumerate(["bad"] * 4)
    ]
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(rows))
    found = json.loads(judge("choice", path, "--json").stdout)
    assert found["tables"]["matrix:dataset*question_type"]["rows"] == [
        {"slice": name, "GoodsAD": 0.5, "VisA": 0.5, "mean": 0.5}
        for name in ("Defect Analysis", "Object Analysis", "mean")
    ]


def test_open_answers_of_a_run_give_the_gap(answers, tmp_path):
    items = [Item(id=f"o{n}", question="?", answer="x", metadata={"kind": "hard"}) for n in range(10)]
    rubric = load_rubric("open_qa")
    scores = [
        Score(item_id=i.id, rater="m", rater_kind="judge", dimension=d, value=float(4 if n % 2 else 1))
        for n, i in enumerate(items)
        for d in rubric.scored
    ]
    Run.imported(tmp_path / "open", rubric, items, scores, model="m").close()
    found = json.loads(judge("choice", answers, "--by", "kind", "--run", tmp_path / "open", "--json").stdout)
    (row,) = found["tables"]["gap:kind"]["rows"]
    assert (row["slice"], row["open"]["value"]) == ("hard", 0.5)
    assert row["difference"]["value"] == pytest.approx(row["choice"]["value"] - 0.5)


def test_answers_without_choices_are_a_clear_error(tmp_path):
    path = tmp_path / "open.jsonl"
    path.write_text('{"id": 1, "question": "?", "answer": "B"}')
    result = judge("choice", path)
    assert result.exit_code == 1
    assert "an item needs choices (the options' texts) and gold" in result.stderr


def test_items_that_are_set_aside_are_counted(answers, tmp_path):
    path = tmp_path / "more.jsonl"
    path.write_text(answers.read_text() + '\n{"id": "x", "question": "?", "answer": "B"}')
    assert "no choices: 1 (x)" in judge("choice", path).stdout


def test_import_makes_a_run_that_report_reads(tmp_path):
    result = judge("import", DATA / "deepeval.json", "--out", tmp_path / "run")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'run'}\n")
    assert "3 answers with 9 scores by deepeval (rubric deepeval-import)" in result.stderr
    report = json.loads(judge("report", tmp_path / "run", "--json").stdout)
    assert report["figures"]["pass_rate"]["value"] == 0.5  # one of the two that deepeval could judge


def test_import_says_what_did_not_fit_together(tmp_path):
    result = judge("import", DATA / "promptfoo.json", "--out", tmp_path / "run")
    assert "note: no answer (the provider failed): 2 ('test-4/prompt-0/sysA', " in result.stderr


def test_import_takes_one_judge_of_several(tmp_path):
    judge("import", DATA / "promptfoo.json", "--only-rater", "llm-rubric", "--out", tmp_path / "run")
    with Run.open(tmp_path / "run") as run:
        assert {score.rater for score in run.scores()} == {"llm-rubric"}


def test_import_never_writes_over_a_run(tmp_path):
    words = ("import", DATA / "deepeval.json", "--out", tmp_path / "run")
    judge(*words)
    result = judge(*words)
    assert result.exit_code == 1
    assert "a run already exists; choose another folder with --out" in result.stderr


def test_import_of_answers_alone_writes_a_file_to_score(tmp_path):
    rows = [
        {
            "image": "VisA/a/bad/0.png",
            "question_type": "Defect Analysis",
            "correct_answer": "A",
            "gpt_answer": "A",
        }
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    result = judge("import", tmp_path / "a.json", "--out", tmp_path / "items.jsonl")
    assert "1 answer, no judgments. Next: judge choice" in result.stderr
    assert judge("choice", tmp_path / "items.jsonl").exit_code == 0


def test_import_of_answers_into_a_folder_says_what_is_wrong(tmp_path):
    rows = [
        {
            "image": "VisA/a/bad/0.png",
            "question_type": "Defect Analysis",
            "correct_answer": "A",
            "gpt_answer": "A",
        }
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    result = judge("import", tmp_path / "a.json", "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert "answers without judgments, so --out must be a file in .jsonl" in result.stderr


@pytest.mark.parametrize("command", ["choice", "import"])
def test_help_has_an_example(command):
    assert "Example: judge" in judge(command, "--help").stdout


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("step", ["add_items", "write_scores", "export"])
def test_import_that_is_interrupted_or_fails_leaves_nothing(tmp_path, monkeypatch, step, error):
    def stop(*_):
        raise error

    monkeypatch.setattr(Run, step, stop)
    result = judge("import", DATA / "deepeval.json", "--out", tmp_path / "runs" / "new")
    assert result.exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_import_does_not_write_into_a_folder_with_other_files(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    result = judge("import", DATA / "deepeval.json", "--out", tmp_path)
    assert result.exit_code == 1
    assert "is not an empty folder; choose another folder with --out" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_import_of_questions_without_replies_is_an_error_and_writes_no_file(tmp_path):
    image = {
        "similar_templates": [],
        "conversation": [{"Question": "?", "Answer": "A", "Options": {"A": "x"}}],
    }
    (tmp_path / "mmad.json").write_text(json.dumps({"a/b/0.png": image}))
    result = judge("import", tmp_path / "mmad.json", "--out", tmp_path / "items.jsonl")
    assert result.exit_code == 1
    assert "contain no answers; also name the file with the answers" in result.stderr
    assert not (tmp_path / "items.jsonl").exists()


def test_choice_reads_tables_like_score(tmp_path):
    path = tmp_path / "wide.jsonl"
    row = {"nr": 1, "question": "Which?", "choices": ["x", "y"], "gold": "A", "m1": "A", "m2": "B"}
    path.write_text(json.dumps(row) + "\n")
    done = judge("choice", path, "--answers-in", "m1,m2", "--id-from", "nr", "--by", "system", "--json")
    assert done.exit_code == 0, done.output
    assert "m1" in done.stdout
    assert "m2" in done.stdout
