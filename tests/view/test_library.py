"""The list of runs: what is named, folders of runs, names, what each line says, and whose ratings are shown."""

import contextlib
import json
import shutil
import sqlite3

import pytest

from judge.cli import main
from judge.errors import InputError, RunError
from judge.records import Score
from judge.scoring.run import Run
from judge.view.library import Library, RunLine, describe, runs_in
from judge.view.text_index import cache_folder

from ..scoring.builders import rubric as small_rubric
from .builders import Viewer, items_of, library_of, make_run, rating


def test_a_line_names_judge_rubric_pass_rate_and_date(tmp_path):
    line = describe("run", make_run(tmp_path / "run"))
    assert (line.judge, line.rubric, line.items, line.replies) == ("mock/judge", "small", 12, 12)
    assert (line.passed, line.failed, line.complete, line.date) == (10, 1, 11, "2027-01-15 08:00")
    assert line.pass_rate == pytest.approx(10 / 11)
    assert not line.is_scored_now


def test_the_list_shows_the_same_numbers(tmp_path):
    make_run(tmp_path / "one")
    make_run(tmp_path / "two")
    text = Viewer(library_of(tmp_path)).get("/runs").text
    assert "2 runs" in text
    assert "90.9 %" in text
    assert "11 complete" in text


def test_a_run_without_an_export_has_no_pass_rate_until_it_is_read(tmp_path):
    path = make_run(tmp_path / "run")
    (path / "run.json").unlink()
    assert describe("run", path).pass_rate is None
    library = Library.of([tmp_path], builds_in_background=False)
    assert "unknown" in Viewer(library).get("/runs").text
    library.open("run").index.refresh()
    assert [line.passed for line in library.lines()] == [10]


@pytest.mark.parametrize("text", ["", "[]", '{"summary": {"passed": "x"}}', '{"summary": null}'])
def test_an_export_that_cannot_be_read_counts_as_none(tmp_path, text):
    path = make_run(tmp_path / "run")
    (path / "run.json").write_text(text)
    assert describe("run", path).passed is None


def test_a_run_without_a_date_has_that_of_its_file(tmp_path):
    Run.imported(tmp_path / "run", small_rubric(), items_of(1), [], model="m").close()
    assert describe("run", tmp_path / "run").date.startswith("20")


def test_facts_of_another_shape_are_left_out(tmp_path):
    path = make_run(tmp_path / "run")
    with Run.open(path) as run:
        judge = run.judge
    with Run.create(path, judge) as run:
        run.set_fact("judge", "text")
    assert describe("run", path).judge == ""


def test_what_is_no_run_is_said_in_its_line(tmp_path):
    make_run(tmp_path / "good")
    for name, content in (("empty", b""), ("bad", b"nonsense" * 1000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.db").write_bytes(content)
    library = Library.of([tmp_path], builds_in_background=False)
    problems = {line.name: line.problem for line in library.lines()}
    assert (problems["good"], problems["empty"]) == ("", "not a run of this tool")
    assert problems["bad"].startswith("cannot be read")
    assert "not a run of this tool" in Viewer(library).get("/runs").text
    assert Viewer(library).get("/runs/bad/").status_code == 500


def test_an_empty_run_has_no_pass_rate():
    assert RunLine("a", "a").pass_rate is None


def test_new_runs_of_a_folder_appear(tmp_path):
    make_run(tmp_path / "one")
    viewer = Viewer(library_of(tmp_path))
    make_run(tmp_path / "two")
    assert viewer.get("/runs/two/").status_code == 200
    assert "2 runs" in viewer.get("/runs").text


def test_runs_of_the_same_name_are_told_apart(tmp_path):
    paths = [make_run(tmp_path / folder / "run") for folder in ("a", "b", "c")]
    library = Library.of([*paths, paths[0]])
    assert dict(library.paths) == {"run": paths[0], "run-2": paths[1], "run-3": paths[2]}


def test_a_folder_without_runs_is_an_error(tmp_path):
    with pytest.raises(RunError, match=r"no run here .* name a run, or a folder of runs"):
        Library.of([tmp_path])
    assert runs_in(tmp_path) == []


def test_ratings_of_no_run_are_an_error(tmp_path):
    library = Library.of([make_run(tmp_path / "run")])
    with pytest.raises(InputError, match=r"r.csv: none of its 1 items is in .*'x1' and 'q1'"):
        library.add_ratings([rating("x1", "ann", 4.0)], "r.csv")


def test_ratings_of_one_of_the_runs_are_enough(tmp_path):
    Run.imported(tmp_path / "empty", small_rubric(), [], [], model="m").close()
    library = Library.of([tmp_path / "empty", make_run(tmp_path / "run")], builds_in_background=False)
    library.add_ratings([rating("q1", "ann", 4.0)], "r.csv")
    assert library.open("empty").people is None
    assert list(library.open("run").people.ratings) == ["q1"]
    Library({}).add_ratings([rating("q1", "ann", 4.0)], "r.csv")


def test_ratings_are_read_by_the_rubric_of_the_first_run_that_can_be_read(tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.db").write_bytes(b"nonsense" * 1000)
    make_run(tmp_path / "run")
    assert Library.of([tmp_path]).rubric().name == "small"
    assert Library({"bad": tmp_path / "bad"}).rubric() is None


def newer(path):
    """Give a run the format of a later version."""
    with contextlib.closing(sqlite3.connect(path / "run.db")) as db:
        db.execute("PRAGMA user_version = 99")
    return path


def test_a_run_of_a_later_version_is_listed_with_the_reason(tmp_path):
    newer(make_run(tmp_path / "run"))
    (line,) = Library.of([tmp_path]).lines()
    assert line.problem.startswith("has format 99; this version reads formats up to")


def test_a_run_that_was_named_must_be_readable(tmp_path):
    with pytest.raises(RunError, match=r"run\.db: has format 99"):
        Library.of([newer(make_run(tmp_path / "run"))])


def test_other_names_of_a_dimension_are_understood(tmp_path):
    ratings = [rating("q1", "ann", 4.0, "alpha"), rating("q1", "ann", 4.0, "unknown")]
    library = library_of(make_run(tmp_path / "run"), ratings=ratings, ratings_file="r.csv")
    assert [score.dimension for score in library.open("run").people.ratings["q1"]] == ["a", "unknown"]


def test_ratings_of_judges_and_of_criteria_that_the_rubric_does_not_have_are_left_out(tmp_path):
    judge = rating("q1", "m", 4.0).model_copy(update={"rater_kind": "judge"})
    ratings = [rating("q1", "ann", 4.0), rating("q1", "ann", 1.0, "criteria", criterion="c1"), judge]
    library = library_of(make_run(tmp_path / "run"), ratings=ratings, ratings_file="r.csv")
    assert len(library.open("run").people.ratings["q1"]) == 1


def test_labels_of_people_have_no_mean(tmp_path):
    rubric = small_rubric(
        dimensions={"a": {"type": "category", "description": "d", "labels": ["x", "y"]}, "b": {"type": "binary", "description": "d"}},
        overall={"how": "none"}, **{"pass": {"b": 1}},
    )  # fmt: skip
    scores = [Score(item_id="q1", rater="m", rater_kind="judge", dimension="a", value="x")]
    Run.imported(tmp_path / "run", rubric, items_of(1), scores, model="m").close()
    ratings = [
        rating("q1", "ann", "y"),
        rating("q1", "ann", "nonsense", "zzz"),
        rating("q1", "ann", 1.0, "b"),
    ]
    library = library_of(tmp_path / "run", ratings=ratings, ratings_file="r.csv")
    people = library.open("run").people
    assert list(people.means) == ["b"]
    assert people.verdicts == {"q1": True}
    assert Viewer(library).get("/runs/run/item", ("id", "q1")).status_code == 200


def test_closing_ends_all_indices(tmp_path):
    library = Library.of([make_run(tmp_path / "run")])
    opened = library.open("run")
    library.close()
    assert not opened.index._thread.is_alive()


# The command


@pytest.fixture
def served(monkeypatch):
    """Calls of the server and of the browser, which are not made."""
    seen = {}
    monkeypatch.setattr(
        "judge.view.app.serve", lambda library, *rest: seen.update(library=library, rest=rest)
    )
    monkeypatch.setattr("webbrowser.open", lambda link: seen.update(link=link))
    return seen


def run_command(*words):
    from click.testing import CliRunner

    return CliRunner().invoke(main, ["view", *map(str, words)])


def test_the_command_prints_the_link_and_opens_it(tmp_path, served):
    result = run_command(make_run(tmp_path / "run"))
    assert result.exit_code == 0
    assert result.stdout.strip() == served["link"]
    assert served["link"].startswith("http://127.0.0.1:")
    assert served["link"].endswith(f"/?token={served['rest'][1]}")
    assert "only read" in result.stderr
    assert "Note" not in result.stderr


def test_the_command_says_what_a_host_exposes(tmp_path, served):
    result = run_command(make_run(tmp_path / "run"), "--host", "0.0.0.0", "--no-open")
    assert "the link gives access to all answers" in result.stderr
    assert "link" not in served


@pytest.mark.usefixtures("served")
def test_the_command_says_that_it_has_stopped(tmp_path):
    result = run_command(make_run(tmp_path / "run"), "--no-open")
    assert result.stderr.splitlines()[-1] == "Stopped."


def test_the_command_reads_ratings(tmp_path, served):
    path = make_run(tmp_path / "run")
    (tmp_path / "ratings.csv").write_text("item_id,rater,alpha,b\nq1,ann,4,5\n")
    result = run_command(path, "--humans", tmp_path / "ratings.csv", "--image-root", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "1 rater" in result.stderr
    assert len(served["library"].ratings) == 2
    assert served["library"].image_root == tmp_path


@pytest.mark.usefixtures("served")
def test_the_command_names_dimensions_that_no_page_shows(tmp_path):
    path = make_run(tmp_path / "run")
    (tmp_path / "ratings.csv").write_text("item_id,rater,alpha,charm\nq1,ann,4,5\n")
    result = run_command(path, "--humans", tmp_path / "ratings.csv")
    assert "Ratings on 'charm' were left out: no such dimension in the rubric." in result.stderr
    assert "'alpha'" not in result.stderr


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(("cells", "lacks"), [("5", True), ("5,4", False)])
def test_the_command_says_what_the_verdicts_of_people_lack(tmp_path, cells, lacks):
    path = make_run(tmp_path / "run", rubric=small_rubric(**{"pass": {"a": 3, "b": 3}}))
    (tmp_path / "ratings.csv").write_text(f"item_id,rater,{'a,b'[: len(cells)]}\nq1,ann,{cells}\n")
    result = run_command(path, "--humans", tmp_path / "ratings.csv")
    assert ("give no verdict: they lack b" in result.stderr) == lacks


@pytest.mark.usefixtures("served")
def test_ratings_of_flags_are_not_called_unknown(tmp_path):
    rubric = small_rubric(flags={"is_safe": {"type": "boolean", "description": "d"}})
    path = make_run(tmp_path / "run", rubric=rubric)
    (tmp_path / "ratings.csv").write_text("item_id,rater,dimension,value\nq1,ann,is_safe,true\n")
    result = run_command(path, "--humans", tmp_path / "ratings.csv")
    assert result.exit_code == 0, result.stderr
    assert "left out" not in result.stderr


def test_the_command_reads_a_code_of_missing_ratings_and_an_encoding(tmp_path, served):
    path = make_run(tmp_path / "run")
    (tmp_path / "ratings.csv").write_bytes("item_id,rater,alpha,b\nq1,J\u00f6rg,99,5\n".encode("cp1252"))
    options = "--missing-codes", "99", "--encoding", "cp1252"
    result = run_command(path, "--humans", tmp_path / "ratings.csv", *options)
    assert result.exit_code == 0, result.stderr
    found = {score.dimension: (score.rater, score.value) for score in served["library"].ratings}
    assert found == {"alpha": ("J\u00f6rg", None), "b": ("J\u00f6rg", 5)}


def test_the_command_refuses_ratings_of_other_items(tmp_path, served):
    path = make_run(tmp_path / "run")
    (tmp_path / "ratings.csv").write_text("item_id,rater,a\nz,ann,4\n")
    result = run_command(path, "--humans", tmp_path / "ratings.csv")
    assert result.exit_code == 1
    assert "none of its 1 items is in" in result.stderr
    assert not served


def test_the_index_of_a_run_that_is_gone_is_removed(tmp_path, served, cache):
    for name in ("gone", "kept"):
        library_of(make_run(tmp_path / name)).close()
    (cache / "judge" / "view" / "other").mkdir()
    shutil.rmtree(tmp_path / "gone")
    assert run_command(tmp_path / "kept").exit_code == 0
    assert served["library"].paths
    left = {folder.name for folder in (cache / "judge" / "view").iterdir()}
    assert left == {"other", cache_folder(tmp_path / "kept").name}


def test_a_port_in_use_is_an_error(tmp_path, served):
    from judge.local_server import listen

    with listen("127.0.0.1", 0) as taken:
        result = run_command(make_run(tmp_path / "run"), "--port", taken.getsockname()[1])
    assert result.exit_code == 1
    assert "choose another --port" in result.stderr
    assert not served


def test_export_and_index_agree(tmp_path):
    path = make_run(tmp_path / "run", items_of(30))
    exported = json.loads((path / "run.json").read_text())["summary"]
    counts = library_of(path).open("run").index.columns.counts
    assert (exported["passed"], exported["failed"]) == (counts["pass"], counts["fail"])
