"""The Python functions of `human_study`, and that the commands have the same options."""

import importlib
import inspect
import io
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import human_study
import judge
from human_study import Study, StudyOptionError, create_study, export_study, import_into_study, study_progress
from judge.cli import load_command

from .builders import RUBRIC, rate_all, rubric_of

ANSWERS = [
    {
        "id": f"q{n}",
        "question": f"Question {n}?",
        "answer": f"Answer {n}.",
        "topic": "odd" if n % 2 else "even",
    }
    for n in range(8)
]
SMALL = {"raters": 3, "per_item": 2, "repeats": 0, "checks": 0}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rated():
    """A study in study.db; R01 and R02 give 4 to the items with an even number, R03 gives 5."""
    rubric = rubric_of(RUBRIC)
    with create_study(ANSWERS, rubric=rubric, **SMALL) as study:
        for rater in ("R01", "R02", "R03"):
            rate_all(study, rater, lambda item: 4 if item[-1] in "02468" else 2)
    return Path("study.db")


@pytest.mark.parametrize(
    "source",
    [
        ANSWERS,
        pd.DataFrame(ANSWERS),
        (row for row in ANSWERS),
        [judge.Item(id=row["id"], question="?", answer="!") for row in ANSWERS],
    ],
    ids=["dicts", "DataFrame", "generator", "Items"],
)
def test_a_study_takes_answers_in_memory(source):
    with create_study(source) as study:
        assert [item.id for item in study.items()] == [row["id"] for row in ANSWERS]
        assert study.rubric.name == "open_qa"


@pytest.mark.parametrize("how", [lambda run: run, lambda run: run.path, lambda run: str(run.path)])
def test_a_study_of_a_run_has_the_rubric_of_the_run(how):
    run = judge.score(ANSWERS, rubric="summary", out="run")
    with create_study(how(run), stratify="passed", select=4) as study:
        assert study.rubric.name == "summary"
        assert len(study.items()) == 4


def test_a_rubric_object_replaces_that_of_the_run():
    run = judge.score(ANSWERS, out="run")
    with create_study(run, rubric=rubric_of(RUBRIC)) as study:
        assert study.rubric.name == "two_questions"


@pytest.mark.parametrize(
    "ids",
    [
        ["q3", "q4"],
        [{"id": "q3", "probability": 0.25}, {"id": "q4", "probability": 0.5}],
        pd.DataFrame({"item_id": ["q3", "q4"], "probability": [0.25, 0.5]}),
    ],
    ids=["list", "dicts", "DataFrame"],
)
def test_listed_ids_may_be_in_memory(ids):
    with create_study(ANSWERS, ids=ids) as study:
        drawn = {task.item.id: task.probability for task in study.tasks() if task.kind == "main"}
    names_alone = isinstance(ids, list) and isinstance(ids[0], str)
    assert drawn == ({"q3": None, "q4": None} if names_alone else {"q3": 0.25, "q4": 0.5})


def test_selected_items_of_a_run_keep_their_probabilities():
    answers = [{"id": n, "question": "?", "answer": "!"} for n in range(40)]
    run = judge.score(answers, out="run")
    with create_study(run, ids=judge.select_items(run, 20).to_pandas()) as study:
        drawn = {task.item.id: task for task in study.tasks() if task.kind == "main"}
    assert {task.probability for task in drawn.values()} == {0.5}
    assert {task.stratum for task in drawn.values()} == {"no verdict"}
    assert len(drawn) == 20


def test_practice_and_checks_may_be_in_memory():
    gold = [{"id": "k", "question": "?", "answer": "!", "expected_scores": {"clarity": 5}}]
    with create_study(ANSWERS, training=gold, check_items=gold, introduction=" Hello. ") as study:
        assert {task.kind for task in study.tasks() if task.item.id == "k"} == {"training", "check"}
        assert study.introduction == "Hello."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"raters": 2}, "3 raters per item, but there are only 2"),
        ({"repeats": 0.9}, "repeats: "),
        ({"ids": ["q1"], "select": 3}, "use one of the two"),
        ({"ids": ["q1"], "stratify": "topic"}, "use one of the two"),
    ],
)
def test_options_that_do_not_fit_are_refused_and_no_file_is_left(options, message):
    with pytest.raises(StudyOptionError, match=message):
        create_study(ANSWERS, **options)
    assert not Path("study.db").exists()


def test_an_existing_study_is_not_overwritten():
    create_study(ANSWERS).close()
    with pytest.raises(judge.JudgeError, match="already exists"):
        create_study(ANSWERS)


def test_progress_counts_work_and_measures_agreement(rated):
    progress = study_progress(rated)
    assert [row.done for row in progress.raters] == [row.total for row in progress.raters]
    assert {one.question.name: one.agreement.value for one in progress.questions} == {
        "accuracy": 1,
        "clarity": 1,
    }
    assert repr(progress) == "StudyProgress: 8 items, 3 raters, 16 of 16 answers rated"


def test_progress_leaves_a_dropped_rater_out_of_the_line(rated):
    with Study.open(rated) as study:
        study.drop("R01", "left")
        rest = sum(row.total for row in study_progress(study).raters[1:])
        assert f"2 raters, {rest} of {rest} answers rated" in repr(study_progress(study))


def test_progress_is_a_table_with_one_row_per_rater(rated):
    progress = study_progress(str(rated))
    frame = progress.to_pandas().set_index("rater")
    assert list(frame.index) == ["R01", "R02", "R03"]
    assert frame.done.sum() == 16
    assert "<table" in progress._repr_html_()


def test_exported_ratings_are_what_agree_reads(rated):
    assert export_study(rated, "ratings.csv") == 16 * 3
    agreement = judge.agree([], "ratings.csv", rubric=rubric_of(RUBRIC))
    assert agreement.people["clarity"].estimates["agreement"].value == 1


def test_a_study_is_exported_to_a_stream_as_csv(rated):
    stream = io.StringIO()
    assert export_study(rated, stream, layout="wide") == 16
    rows = pd.read_csv(io.StringIO(stream.getvalue()))
    assert set(rows.rater) == {"R01", "R02", "R03"}
    assert set(rows.accuracy) == {2, 4}


def test_an_open_study_stays_open(rated):
    with Study.open(rated) as study:
        export_study(study, "all.json", layout="everything")
        study_progress(study)
        assert len(study.items()) == 8
    assert len(json.loads(Path("all.json").read_text())["items"]) == 8


@pytest.mark.parametrize(
    ("layout", "out", "message"),
    [
        ("long", "ratings.json", "layout long is written to a file in .csv or .jsonl"),
        ("everything", "all.csv", "layout everything is written to a file in .json"),
        ("tall", "ratings.csv", "no layout 'tall'; allowed: long, wide"),
    ],
)
def test_an_export_in_another_format_than_the_suffix_is_refused(rated, layout, out, message):
    with pytest.raises(StudyOptionError, match=message):
        export_study(rated, out, layout=layout)
    assert not Path(out).exists()


def test_imported_ratings_count_once(rated):
    sheet = Path("sheet.csv")
    sheet.write_text("id,accuracy,clarity\nq1,1,2\nq2,3,4\n")
    assert import_into_study(rated, sheet, rater="Ann") == {"Ann": 2}
    assert import_into_study(rated, sheet, rater="Ann") == {"Ann": 0}
    with Study.open(rated) as study:
        assert study.rater("Ann") is not None


def test_an_import_with_one_invalid_row_adds_nothing(rated):
    sheet = Path("sheet.csv")
    sheet.write_text("id,accuracy,clarity\nq1,1,2\nq2,3,9\n")
    with pytest.raises(judge.JudgeError, match=r"sheet\.csv:3"):
        import_into_study(rated, sheet, rater="Ann")
    with Study.open(rated) as study:
        assert study.rater("Ann") is None


@pytest.mark.parametrize("call", [study_progress, lambda path: export_study(path, "ratings.csv")])
def test_a_file_that_is_no_study_is_refused(call):
    Path("answers.csv").write_text("id\n")
    with pytest.raises(judge.JudgeError, match=r"answers\.csv: not a study"):
        call("answers.csv")


# -- names


def test_public_names_are_these():
    assert set(human_study.__all__) == {
        "Study", "StudyOptionError", "StudyProgress", "create_study", "export_study", "import_into_study", "study_progress",
    }  # fmt: skip
    assert set(human_study.__all__) <= set(dir(human_study))


@pytest.mark.parametrize("name", human_study.__all__)
def test_no_submodule_shadows_a_public_name(name):
    for module in pkgutil.iter_modules(human_study.__path__, "human_study."):
        importlib.import_module(module.name)
    assert callable(getattr(human_study, name))
    assert getattr(human_study, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        human_study.nonsense  # noqa: B018 - the access is the test


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("new", create_study),
        ("status", study_progress),
        ("export", export_study),
        ("import", import_into_study),
    ],
)
def test_functions_have_the_parameters_and_defaults_of_the_commands(command, function):
    parameters = inspect.signature(function).parameters
    options = {option.name: option.default for option in load_command("study").commands[command].params}
    assert set(options) - {"as_json"} == set(parameters) - {"on_read"}
    for name, default in options.items():
        if isinstance(default, int | float | str) and name not in ("as_json", "out"):
            assert (default or None) == (parameters[name].default or None), (
                name
            )  # '' on the command line is ()


def test_importing_human_study_loads_no_package():
    code = "import sys, human_study; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pydantic", "numpy", "pandas", "starlette", "PIL", "judge"} & set(loaded)


@pytest.mark.parametrize("package", [human_study, judge])
def test_both_packages_are_marked_as_typed(package):
    assert (Path(package.__file__).parent / "py.typed").is_file()


def test_ratings_of_a_stratified_study_are_weighted_by_agree():
    answers = [{"id": f"a{n}", "question": "How far is the moon?", "answer": f"{n}"} for n in range(60)]
    scored = judge.load_rubric("open_qa").dimensions
    with Path("replies.jsonl").open("w") as file:
        for n, one in enumerate(answers):
            reply = json.dumps({name: {"score": 4 if n % 4 else 2, "reason": "r"} for name in scored})
            file.write(json.dumps({"item_id": one["id"], "reply": reply}) + "\n")
    run = judge.score(answers, judge="replay:replies.jsonl", out="run")
    few = {"raters": 1, "per_item": 1, "repeats": 0, "checks": 0}
    with create_study(run, select=20, stratify="passed", **few) as study:
        drawn = [task.item.id for task in study.tasks() if task.kind == "main"]
        pd.DataFrame([{"item_id": name, **dict.fromkeys(scored, 4)} for name in drawn]).to_csv(
            "given.csv", index=False
        )
        import_into_study(study, "given.csv", rater="R01")
        export_study(study, "ratings.csv")
    rows = pd.read_csv("ratings.csv")
    strata = {(row.stratum, round(row.probability, 3)) for row in rows.itertuples()}
    assert strata == {("passed", round(10 / 45, 3)), ("failed", round(10 / 15, 3))}
    found = judge.agree(run, "ratings.csv")
    assert found.agreement.aligned.is_weighted
    assert found["clarity"].found.pass_fail.judge_pass_rate.value == pytest.approx(0.75)
