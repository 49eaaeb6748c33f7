"""The index of a run: built once, kept, brought up to date, shared by viewers, and left out where there is no room."""

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from judge.records import Completion, Item
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run
from judge.view import run_index, text_index
from judge.view.columns import VERDICTS, Columns, buckets
from judge.view.index_progress import Progress
from judge.view.run_index import RunIndex
from judge.view.text_index import TextIndex, cache_folder, words_of
from judge.view.viewed_run import ViewedRun, is_being_scored, state_of

from ..scoring.builders import reply
from ..scoring.builders import rubric as small_rubric
from .builders import by_number, items_of, library_of, make_run


def found(index, search):
    return (np.flatnonzero(index.found(search)) + 1).tolist()


@pytest.fixture
def index_of(request):
    """Indices that are closed at the end of the test."""

    def make(path):
        index = RunIndex(path)
        request.addfinalizer(index.close)
        return index

    return make


def test_the_first_items_are_there_before_the_index_is_built(tmp_path, index_of):
    index = index_of(make_run(tmp_path / "run"))
    assert index.progress == Progress(items=12, read=12, with_replies=12)
    assert not index.progress.is_complete


def test_items_beyond_the_first_are_read_when_the_index_is_built(tmp_path, index_of, monkeypatch):
    monkeypatch.setattr(run_index, "_FIRST_BLOCK", 5)
    monkeypatch.setattr(run_index, "_BLOCK", 4)
    index = index_of(make_run(tmp_path / "run"))
    assert (index.progress.read, found(index, "")) == (5, [1, 2, 3, 4, 5])
    index.refresh()
    assert (index.progress.read, index.progress.searchable, index.progress.is_complete) == (12, 12, True)
    assert found(index, "lynx") == [3, 7, 11]


def test_the_stored_index_is_used_again(tmp_path, index_of, monkeypatch):
    path = make_run(tmp_path / "run")
    first = index_of(path)
    first.refresh()
    first.close()
    monkeypatch.setattr(run_index, "_FIRST_BLOCK", 1)
    monkeypatch.setattr(RunIndex, "_read_all", lambda *_: pytest.fail("the columns were read again"))
    monkeypatch.setattr(run_index, "write_texts", lambda *_: pytest.fail("the texts were indexed again"))
    monkeypatch.setattr(run_index, "write_reasons", lambda *_: pytest.fail("the reasons were indexed again"))
    second = index_of(path)
    second.refresh()
    assert second.progress.is_complete
    assert second.columns.to_blobs() == first.columns.to_blobs()
    assert found(second, "lynx") == [3, 7, 11]


def test_nothing_is_done_while_nothing_changes(tmp_path, index_of):
    index = index_of(make_run(tmp_path / "run"))
    index.refresh()
    generation = index.generation
    index.refresh()
    assert index.generation == generation


def test_a_damaged_cache_is_built_again(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    first = index_of(path)
    first.refresh()
    first.close()
    with TextIndex(cache_folder(path)).writing() as db:
        db.execute("DELETE FROM blobs WHERE name = 'keys'")
    index = index_of(path)
    index.refresh()
    assert index.progress.is_complete


def test_an_index_of_another_version_is_replaced(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    first = index_of(path)
    first.refresh()
    first.close()
    with TextIndex(cache_folder(path)).writing() as db:
        db.execute("PRAGMA user_version = 99")
    index = index_of(path)
    index.refresh()
    assert found(index, "lynx") == [3, 7, 11]


def test_more_items_are_added_to_the_index(tmp_path, index_of, monkeypatch):
    path = make_run(tmp_path / "run")
    index = index_of(path)
    index.refresh()
    blocks = []
    monkeypatch.setattr(run_index, "write_texts", lambda _, block: blocks.append([p for p, _, _ in block]))
    make_run(path, items_of(15))
    index.refresh()
    assert index.columns.n == 15
    assert blocks == [[13, 14, 15]]


def test_changed_items_are_indexed_anew(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    index = index_of(path)
    index.refresh()
    make_run(path, [Item(id="q1", question="Question 1?", answer="A walrus, number 1.")])
    index.refresh()
    assert found(index, "walrus") == [1]
    assert found(index, "otter") == [5, 9]


def test_scores_that_were_derived_again_are_read_again(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    index = index_of(path)
    index.refresh()
    with Run.open(path) as run:
        judge, items = run.judge, list(run.items())
    with Run.create(path, judge) as run:
        rubric = run.rubric.model_copy(update={"pass_rule": {"a": 5.0}})
        derive_scores(run, rubric)
    assert len(items) == 12
    index.refresh()
    assert index.columns.counts == {"pass": 2, "fail": 9, "no verdict": 1, "not applicable": 0}


def test_a_build_that_was_stopped_goes_on_where_it_was(tmp_path, index_of, monkeypatch):
    monkeypatch.setattr(run_index, "_FIRST_BLOCK", 4)
    monkeypatch.setattr(run_index, "_BLOCK", 4)
    path = make_run(tmp_path / "run")
    first = index_of(path)
    write = run_index.write_texts
    written = []

    def once(db, block):
        write(db, block)
        written.append([position for position, _, _ in block])
        first._stop.set()

    monkeypatch.setattr(run_index, "write_texts", once)
    first.refresh()
    first.close()
    second = index_of(path)
    second.refresh()
    assert written[0] == [1, 2, 3, 4]
    assert written[1][0] == 5


@pytest.mark.parametrize("name", ["_read_block", "_index_reasons"])
def test_building_stops_when_the_viewer_ends(tmp_path, index_of, monkeypatch, name):
    monkeypatch.setattr(run_index, "_FIRST_BLOCK", 4)
    monkeypatch.setattr(run_index, "_BLOCK", 4)
    index = index_of(make_run(tmp_path / "run"))
    if name == "_read_block":
        whole = index._read_block
        monkeypatch.setattr(index, name, lambda *a: (whole(*a), index._stop.set()))
    else:
        monkeypatch.setattr(run_index, "write_reasons", lambda *_: index._stop.set())
    index.refresh()
    assert not index.progress.is_complete


def test_an_index_is_built_in_the_background(tmp_path, index_of):
    index = index_of(make_run(tmp_path / "run"))
    done = index._forget_searches
    index.start()
    index.close()
    assert index.columns.n_read == 12
    assert done is not None


# Two viewers, no room


def test_a_second_viewer_reads_the_index_of_the_first(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    first, second = index_of(path), index_of(path)
    first.refresh()
    second.refresh()
    assert second._lock is None
    assert second.progress.is_complete
    assert found(second, "lynx") == [3, 7, 11]


def test_a_second_viewer_follows_the_first(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    first, second = index_of(path), index_of(path)
    first._own()
    second.refresh()
    assert (second.progress.searchable, second.progress.problem) == (0, "")
    first.refresh()
    second.refresh()
    assert second.progress.is_complete


def test_without_a_cache_folder_the_viewer_works(tmp_path, index_of, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    index = index_of(make_run(tmp_path / "run"))
    index.refresh()
    assert index.progress.problem.startswith("no full-text index: ")
    assert index.progress.is_complete
    assert index.columns.counts["fail"] == 1
    assert found(index, "lynx") == [3, 7, 11]
    assert found(index, "100%_") == []


@pytest.mark.parametrize("step", ["write_blobs", "write_texts", "write_reasons"])
def test_on_a_full_disk_the_viewer_works_without_the_index(tmp_path, index_of, monkeypatch, step):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(run_index, step, full)
    index = index_of(make_run(tmp_path / "run"))
    index.refresh()
    assert "disk is full" in index.progress.problem
    assert not (cache_folder(tmp_path / "run") / "index.db").exists()
    assert index.columns.counts["pass"] == 10
    assert found(index, "lynx") == [3, 7, 11]


def test_the_run_is_never_written(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    before = {file.name: file.read_bytes() for file in path.iterdir() if file.name == "run.db"}
    index = index_of(path)
    index.refresh()
    assert {file.name: file.read_bytes() for file in path.iterdir() if file.name == "run.db"} == before
    with ViewedRun.again(path) as run, pytest.raises(sqlite3.OperationalError, match="readonly"):
        run._db.execute("DELETE FROM items")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_run_in_a_folder_that_cannot_be_written_is_read(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        index = index_of(path)
        index.refresh()
        assert index.columns.counts["pass"] == 10
    finally:
        path.chmod(stat.S_IRWXU)


def test_a_run_that_was_removed_stays_visible(tmp_path, index_of):
    path = make_run(tmp_path / "run")
    index = index_of(path)
    index.refresh()
    (path / "run.db").rename(path / "elsewhere.db")
    index.refresh()
    assert "run.db" in index.progress.problem
    assert index.columns.counts["pass"] == 10


# A run that is being scored


@pytest.fixture
def scored_now(tmp_path):
    """A run whose lock another process holds, with replies but no scores."""
    path = tmp_path / "run"
    with Run.create(path, Judge("mock/judge", small_rubric())) as run:
        run.add_items(items_of(4))
    code = """
    import sys
    from judge.scoring.run import Run
    from judge.scoring.schema import take_lock
    from pathlib import Path
    lock = take_lock(Path(sys.argv[1]))
    print("locked", flush=True)
    sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "locked\n"
    yield path, lambda: (holder.stdin.close(), holder.wait())
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()


def append(path, item_id, text):
    from judge.scoring.schema import INSERT_COMPLETION, to_row

    with Run.open(path) as run:
        (request,) = Prompter(run.judge).requests(run.item(item_id))
    db = sqlite3.connect(path / "run.db", isolation_level=None)
    db.execute("INSERT OR REPLACE INTO requests VALUES (?, 0, '', ?)", [item_id, request.key])
    made = Completion.of(request, reply=text, finish_reason="stop", cost=0.5)
    db.execute(INSERT_COMPLETION, to_row(made))
    db.close()


def test_a_run_that_is_being_scored_shows_replies_as_they_arrive(scored_now, index_of):
    path, end = scored_now
    append(path, "q1", reply(5, 5))
    assert is_being_scored(path)
    index = index_of(path)
    index.refresh()
    assert index.progress.is_scored_now
    assert index.progress.is_complete
    assert index.columns.counts == {"pass": 1, "fail": 0, "no verdict": 3, "not applicable": 0}
    append(path, "q3", reply(1, 1))
    index.refresh()
    assert [VERDICTS[code] for code in index.columns.verdicts] == ["pass", "no verdict", "fail", "no verdict"]
    assert index.columns.costs[2] == 0.5
    end()
    index.refresh()
    assert not index.progress.is_scored_now
    assert index.columns.counts["no verdict"] == 4  # as the report: scores are derived when scoring ends
    assert (path / "run.db").exists()


def test_the_page_of_an_item_that_is_being_scored_shows_its_reply(scored_now):
    path, _ = scored_now
    append(path, "q1", reply(5, 5))
    opened = library_of(path).open("run")
    assert {score.dimension: score.value for score in opened.scores_of("q1")} == {
        "a": 5.0,
        "b": 5.0,
        "overall": 5.0,
    }
    assert opened.scores_of("q2") == []


def test_items_that_are_added_while_a_run_is_scored_are_read(scored_now, index_of):
    path, _ = scored_now
    index = index_of(path)
    index.refresh()
    db = sqlite3.connect(path / "run.db", isolation_level=None)
    more = items_of(5)[4]
    db.execute("INSERT INTO items VALUES (5, 'q5', ?, 2, ?)", [more.digest, more.model_dump_json()])
    db.close()
    index.refresh()
    assert index.columns.n == 5


def test_a_run_without_a_lock_file_is_not_being_scored(tmp_path):
    assert not is_being_scored(tmp_path)


def test_a_lock_that_cannot_be_read_is_no_lock(tmp_path):
    (tmp_path / "run.lock").write_bytes(b"nonsense" * 1000)
    assert not is_being_scored(tmp_path)


def test_the_state_of_a_missing_run_is_empty(tmp_path):
    assert state_of(tmp_path) == ""


# Columns


def test_scores_of_a_long_scale_are_counted_in_ranges():
    scale = {"min": 0, "max": 100, "level": "interval"}
    dimensions = {"a": {"description": "d", "anchors": {0: "worst", 100: "best"}}}
    rubric = small_rubric(scale=scale, dimensions=dimensions, overall={"how": "none"}, **{"pass": {"a": 50}})
    low, labels = buckets(rubric, "a")
    assert labels[0] == "0 to 10"
    assert (len(labels), low[1]) == (10, 10)


def test_points_are_counted_in_tenths():
    rubric = small_rubric(
        dimensions={"a": {"type": "binary", "description": "d", "points": 1}},
        overall={"how": "points"},
        **{"pass": {"overall": 0.5}},
    )
    assert buckets(rubric, "overall")[1][0] == "0 to 0.1"
    assert buckets(rubric, "a")[1] == ("no", "yes")


def test_labels_of_a_category_are_their_groups():
    rubric = small_rubric(
        dimensions={"a": {"type": "category", "description": "d", "labels": ["x", "y"]}, "b": {"type": "binary", "description": "d"}},
        overall={"how": "none"}, **{"pass": {"b": 1}},
    )  # fmt: skip
    assert buckets(rubric, "a")[1] == ("x", "y")
    assert Columns(rubric, 1).has_labels("a")


def test_a_search_is_split_into_words_and_phrases():
    assert words_of('a "b c" "" ? d"') == ["a", '"b c"', 'd"']
    assert len(words_of("word " * 100)) == 12


def test_few_searches_are_remembered(tmp_path, index_of, monkeypatch):
    monkeypatch.setattr(run_index, "_MOST_REMEMBERED", 2)
    index = index_of(make_run(tmp_path / "run"))
    index.refresh()
    for word in ("lynx", "otter", "badger", "lynx"):
        found(index, word)
    assert len(index._remembered) == 2


def test_a_search_during_a_change_is_not_remembered(tmp_path, index_of, monkeypatch):
    index = index_of(make_run(tmp_path / "run"))
    index.refresh()
    search = index._searched
    monkeypatch.setattr(index, "_searched", lambda *a: (search(*a), index._changed())[0])
    assert found(index, "lynx") == [3, 7, 11]
    assert not index._remembered


def test_verdicts_of_more_combinations_than_are_remembered_are_right(tmp_path, index_of, monkeypatch):
    monkeypatch.setattr("judge.view.columns._MOST_KNOWN", 1)
    index = index_of(make_run(tmp_path / "run", answer=by_number))
    assert index.columns.counts["fail"] == 1


def test_what_was_counted_stays_as_it_was_while_more_items_are_read(tmp_path, index_of):
    index = index_of(make_run(tmp_path / "run"))
    before = {facet.name: facet for facet in index.facets()}
    late = [(12, "q12", {"answer": "!", "metadata": {"topic": "steam"}})]
    index.columns.enter_items(late)
    index.columns.verdicts[11] = 0
    index.columns.mark_read(12, 12)
    assert before["field.topic"].totals.tolist() == [0, 6, 6]
    assert before["verdict"].codes[11] == 1
    assert index.columns.facets()[0].codes[11] == 3


def test_facets_of_an_earlier_state_are_not_kept(tmp_path, index_of, monkeypatch):
    index = index_of(make_run(tmp_path / "run"))
    facets, order = index.columns.facets, run_index.sort_order
    monkeypatch.setattr(index.columns, "facets", lambda: (facets(), index._changed())[0])
    monkeypatch.setattr(run_index, "sort_order", lambda *a, **k: (order(*a, **k), index._changed())[0])
    assert index.facets()
    assert index.order("cost") is not None
    assert (index._facets, index._orders) == (None, {})


# Common words, whose items are stored


@pytest.fixture
def common(tmp_path, index_of, monkeypatch):
    monkeypatch.setattr(text_index, "_COMMON", 9)
    path = make_run(tmp_path / "run")
    index = index_of(path)
    index.refresh()
    return path, index


def stored(path):
    with TextIndex(cache_folder(path))._reading() as db:
        return {word for (word,) in db.execute("SELECT word FROM common")}


def test_items_with_common_words_are_stored(common, monkeypatch):
    path, index = common
    assert {"answer", "reference", "about"} <= stored(path)
    monkeypatch.setattr(text_index, "_held", lambda *_: pytest.fail("the word was looked up"))
    assert found(index, "ANSWER") == list(range(1, 13))


def test_what_is_stored_of_common_words_is_forgotten_with_more_items(common):
    path, index = common
    make_run(path, items_of(15))
    index.refresh()
    assert found(index, "answer") == list(range(1, 16))
    with TextIndex(cache_folder(path)).writing() as db:
        db.execute("UPDATE common SET bits = substr(bits, 1, 1)")
    index._forget_searches(15)
    assert found(index, "answer") == list(range(1, 16))


def test_a_search_before_the_index_looks_at_the_run(tmp_path, index_of):
    index = index_of(make_run(tmp_path / "run"))
    assert found(index, "lynx") == [3, 7, 11]


def test_the_order_of_a_column_is_computed_once(tmp_path, index_of):
    index = index_of(make_run(tmp_path / "run"))
    assert found(index, "lynx") == found(index, "lynx")
    assert index.order("cost") is index.order("cost")
    assert index.facets() is index.facets()


def test_columns_that_cannot_be_read_from_the_cache_are_read_again(tmp_path, index_of, monkeypatch):
    path = make_run(tmp_path / "run")
    first = index_of(path)
    first.refresh()
    first.close()
    monkeypatch.setattr(TextIndex, "blobs", lambda _: {})
    second = index_of(path)
    second.refresh()
    assert second.columns.counts == first.columns.counts


def test_an_index_without_a_table_has_no_blobs(tmp_path):
    assert TextIndex(tmp_path / "nowhere").blobs() == {}
    assert TextIndex(tmp_path / "nowhere").facts() == {}
