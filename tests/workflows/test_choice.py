"""What `judge choice` takes: files of several systems, runs, and nothing in between."""

import json
import shutil

import pytest

import judge
from judge.errors import InputError

OPTIONS = {"choices": ["lid", "cap"], "gold": "A"}


def rows(letters, **fields):
    return [{"id": n, "question": f"{n}?", "answer": a, **OPTIONS, **fields} for n, a in enumerate(letters)]


def write(path, content):
    path.write_text("\n".join(map(json.dumps, content)), encoding="utf-8")
    return path


def accuracies(report):
    return {row[0]: row[3].value for row in report.tables["slices:system"].rows[:-1]}


def scored(path, letters):
    return judge.score(rows(letters), judge="letters", rubric="multiple_choice", out=path)


def test_files_with_other_answers_under_the_same_ids_are_a_system_each(tmp_path):
    files = [write(tmp_path / name, rows(a)) for name, a in (("gpt.jsonl", "AAAA"), ("llava.jsonl", "ABBB"))]
    found = judge.choice(files)
    assert accuracies(found) == {"gpt": 1, "llava": 0.25}
    assert found.warnings == ()


def test_files_whose_rows_name_the_system_keep_its_name(tmp_path):
    files = [write(tmp_path / f"{n}.jsonl", rows("AB"[n] * 2, system=f"m{n}")) for n in range(2)]
    assert accuracies(judge.choice(files)) == {"m0": 1, "m1": 0}


def test_files_with_other_ids_or_the_same_answers_are_one_system(tmp_path):
    first = write(tmp_path / "one.jsonl", rows("AB"))
    other = write(tmp_path / "two.jsonl", [{**row, "id": f"x{row['id']}"} for row in rows("AA")])
    assert judge.choice([first, other], by="id").estimates["accuracy"].n_items == 4
    same = shutil.copy(first, tmp_path / "same.jsonl")
    assert judge.choice([first, same], by="id").estimates["accuracy"].n_items == 2


def test_a_run_gives_the_figures_of_its_answers(tmp_path):
    run = scored(tmp_path / "run", "AAB?")
    by_file = judge.choice(write(tmp_path / "a.jsonl", rows("AAB?")))
    for source in (run, run.path, str(run.path), [run]):
        found = judge.choice(source)
        assert found.estimates == by_file.estimates
        assert found.verdict == by_file.verdict


def test_several_runs_are_a_system_each(tmp_path):
    runs = [scored(tmp_path / name, letters) for name, letters in (("gpt", "AA"), ("llava", "AB"))]
    assert accuracies(judge.choice(runs)) == {"gpt": 1, "llava": 0.5}


def test_runs_of_any_judge_hold_answers_to_choices(tmp_path):
    run = judge.score([{**row, "reference": "lid"} for row in rows("AB")], out=tmp_path / "run")
    assert judge.choice(run).estimates["accuracy"].value == 0.5


def test_a_run_beside_a_file_or_with_options_about_files_is_refused(tmp_path):
    run, file = scored(tmp_path / "run", "A"), write(tmp_path / "a.jsonl", rows("A"))
    with pytest.raises(InputError, match="cannot be with files"):
        judge.choice([run.path, file])
    with pytest.raises(InputError, match="cannot be with mapping"):
        judge.choice(run, mapping={"answer": "x"})


def test_no_folder_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    judge.choice(rows("AB"))
    assert list(tmp_path.iterdir()) == []


def test_position_bias_is_shown_for_each_system(tmp_path):
    sets = {"gpt": "B" * 20, "llava": "AB" * 10, "none": "?" * 20}
    files = [write(tmp_path / f"{name}.jsonl", rows(letters)) for name, letters in sets.items()]
    table = judge.choice(files).tables["positions:system"]
    found = {row[0]: (row[1], row[2], row[3] and row[3].value) for row in table.rows}
    assert found == {"gpt": (20, "B", 1.0), "llava": (20, "B", 0.5), "none": (0, None, None)}


def test_one_system_has_no_table_of_position_bias_by_system():
    assert "positions:system" not in judge.choice(rows("AB", system="gpt")).tables
