import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from human_study.form import Reply
from human_study.plan import Design, choose, plan_study
from human_study.store import Study
from human_study.study_records import ConflictError, LockedError, Save
from judge.errors import InputError
from judge.records import Image, Item
from judge.rubric import Rubric

from .builders import MakeStudy, rate, rate_all


def save(values: dict[str, int | str], base: int = 0, save_id: str = "save-0001", **more: object) -> Save:
    reply = {"values": values, **more}
    return Save.model_validate({"save_id": save_id, "base": base, "reply": reply, "seconds": 3.5})


def n_revisions(study: Study) -> int:
    return len(list(study.history()))


@pytest.fixture
def trained(study: Study) -> Study:
    """A study in which R01 is through the practice round; 1 is practice, 2 is the first answer that counts."""
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 5})
    return study


def test_a_saved_rating_is_there_after_reopening(trained: Study) -> None:
    trained.save("R01", 2, save({"accuracy": 3, "clarity": 4}, note="fine"))
    with Study.open(trained.path) as again:
        task = again.task("R01", 2)
    assert task is not None
    assert (task.rating.state, task.rating.reply.note) == ("done", "fine")


def test_the_same_change_sent_twice_is_saved_once(trained: Study) -> None:
    before = n_revisions(trained)
    first = trained.save("R01", 2, save({"accuracy": 3}))
    assert trained.save("R01", 2, save({"accuracy": 3})) == first
    assert n_revisions(trained) == before + 1


def test_a_late_repetition_does_not_bring_back_an_old_rating(trained: Study) -> None:
    trained.save("R01", 2, save({"accuracy": 3}))
    trained.save("R01", 2, save({"accuracy": 5}, base=1, save_id="save-0002"))
    assert trained.save("R01", 2, save({"accuracy": 3})).reply.values == {"accuracy": 5}


def test_a_double_click_with_two_ids_is_one_rating(trained: Study) -> None:
    before = n_revisions(trained)
    trained.save("R01", 2, save({"accuracy": 3}))
    trained.save("R01", 2, save({"accuracy": 3}, save_id="save-0002"))
    assert n_revisions(trained) == before + 1


def test_another_tab_that_knows_an_older_revision_is_told_what_is_saved(trained: Study) -> None:
    trained.save("R01", 2, save({"accuracy": 3}))
    with pytest.raises(ConflictError) as conflict:
        trained.save("R01", 2, save({"accuracy": 5}, save_id="save-0002"))
    assert conflict.value.rating.reply.values == {"accuracy": 3}


def test_changes_are_kept_as_history(trained: Study) -> None:
    trained.save("R01", 2, save({"accuracy": 3}))
    trained.save("R01", 2, save({"accuracy": 5}, base=1, save_id="save-0002"))
    revisions = [row["reply"]["values"] for row in trained.history() if row["n"] == 2]
    assert revisions == [{"accuracy": 3}, {"accuracy": 5}]


@pytest.mark.parametrize("statement", ["UPDATE ratings SET state = 'open'", "DELETE FROM ratings"])
def test_no_rating_can_be_changed_or_deleted_in_the_file(trained: Study, statement: str) -> None:
    other = sqlite3.connect(trained.path)
    with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
        other.execute(statement)
    other.close()


def test_the_study_is_locked_until_the_practice_round_is_over(study: Study) -> None:
    with pytest.raises(LockedError):
        study.save("R01", 2, save({"accuracy": 3}))


def test_a_number_that_the_rater_does_not_have_is_refused(trained: Study) -> None:
    with pytest.raises(LookupError):
        trained.save("R01", 999, save({"accuracy": 3}))


def test_a_wrong_value_is_refused_and_nothing_is_saved(trained: Study) -> None:
    before = n_revisions(trained)
    with pytest.raises(InputError, match="found 9"):
        trained.save("R01", 2, save({"accuracy": 9}))
    assert n_revisions(trained) == before


def test_many_threads_that_save_at_once_leave_one_rating(trained: Study) -> None:
    outcomes: list[str] = []

    def click(number: int) -> None:
        try:
            trained.save("R01", 2, save({"accuracy": number % 5 + 1}, save_id=f"thread-{number:04d}"))
            outcomes.append("saved")
        except ConflictError:
            outcomes.append("conflict")

    threads = [threading.Thread(target=click, args=[n]) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    revisions = [row for row in trained.history() if row["n"] == 2]
    # Twenty clicks on five values: equal ones are answered as saved, one of them is written.
    assert len(revisions) == 1
    assert outcomes.count("saved") == 4
    assert outcomes.count("conflict") == 16


def test_the_file_is_readable_by_its_owner_alone(study: Study) -> None:
    assert stat.S_IMODE(study.path.stat().st_mode) == 0o600


def test_tokens_are_long_and_all_different(study: Study) -> None:
    tokens = {rater.token for rater in study.raters()} | {study.admin_token}
    assert len(tokens) == 4
    assert min(map(len, tokens)) >= 32


def test_a_repeat_shows_an_item_that_the_rater_has_seen(make_study: MakeStudy) -> None:
    study = make_study(repeats=0.4)
    seen: set[tuple[str, str]] = set()
    repeats = 0
    for task in study.tasks():
        if task.kind == "repeat":
            repeats += 1
            assert (task.rater, task.item.id) in seen
        seen.add((task.rater, task.item.id))
    assert repeats == 9


def test_a_study_is_never_overwritten(study: Study, rubric: Rubric, items: list[Item]) -> None:
    plan = plan_study("s", rubric, Design(), choose(items, Design()))
    with pytest.raises(InputError, match="already exists"):
        Study.create(study.path, plan)


def test_a_missing_picture_leaves_no_half_study_behind(tmp_path: Path, rubric: Rubric) -> None:
    item = Item(id="a", question="?", answer="!", images=(Image(path="gone.png"),))
    plan = plan_study("s", rubric, Design(), choose([item], Design()))
    with pytest.raises(InputError, match=r"gone\.png"):
        Study.create(tmp_path / "new.db", plan, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"no database at all, but long enough" * 40])
def test_what_is_no_study_is_not_opened(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"no such file|not a study"):
        Study.open(path)


def test_a_study_of_a_newer_version_is_not_opened(study: Study) -> None:
    other = sqlite3.connect(study.path)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(InputError, match="format 99; this version reads formats 1 and 2"):
        Study.open(study.path)


def test_pictures_are_kept_once_and_served_to_their_raters_alone(
    make_study: MakeStudy, with_picture: Item, items: list[Item]
) -> None:
    study = make_study([with_picture, *items], raters=3, per_item=1)
    owners = [task for task in study.tasks() if task.item.id == "pictured"]
    assert len(owners) == 1
    assert study.picture(owners[0].rater, owners[0].n, 1)
    assert study.picture(owners[0].rater, owners[0].n, 2) is None
    others = [task for task in study.tasks() if task.item.id != "pictured"]
    assert not any(study.picture(task.rater, task.n, 0) for task in others)


def test_a_replacement_gets_the_same_items_in_the_same_order(trained: Study) -> None:
    new = trained.replace("R01")
    lists = {
        name: [(t.n, t.kind, t.item.id) for t in trained.tasks() if t.rater == name]
        for name in ("R01", new.name)
    }
    assert (new.name, new.replaces) == ("R04", "R01")
    assert lists["R01"] == lists["R04"]


def test_dropping_and_readmitting_are_kept_as_events(study: Study) -> None:
    study.drop("R02", "failed both checks")
    study.readmit("R02", "wrong person")
    assert [(e["what"], e["about"], e["reason"]) for e in study.events()] == [
        ("dropped", "R02", "failed both checks"),
        ("readmitted", "R02", "wrong person"),
    ]
    assert all(rater.dropped is None for rater in study.raters())


def test_a_discussion_brings_an_item_back_to_all_who_rated_it(study: Study, items: list[Item]) -> None:
    for rater in study.raters():
        rate_all(study, rater.name)
    before = {task.rater: task.n for task in study.tasks()}
    assert study.open_discussion([items[0].id]) == 2
    opened = [task for task in study.tasks() if task.kind == "discussion"]
    assert {task.item.id for task in opened} == {items[0].id}
    assert all(task.n == before[task.rater] + 1 for task in opened)


def test_who_has_not_rated_an_item_yet_stays_out_of_its_discussion(study: Study) -> None:
    first = next(task for task in study.tasks() if task.kind == "main")
    rate_all(study, first.rater)
    assert study.open_discussion([first.item.id]) == 1
    assert [task.rater for task in study.tasks() if task.kind == "discussion"] == [first.rater]


def test_an_item_is_opened_for_discussion_once(study: Study, items: list[Item]) -> None:
    for rater in study.raters():
        rate_all(study, rater.name)
    assert study.open_discussion([items[0].id]) == 2
    assert study.open_discussion([items[0].id]) == 0


def test_timings_are_those_of_the_first_finish(trained: Study) -> None:
    rate(trained, "R01", 2, {"accuracy": 3}, seconds=4)
    rate(trained, "R01", 2, {"accuracy": 3, "clarity": 3}, seconds=7)
    rate(trained, "R01", 2, {"accuracy": 5, "clarity": 3}, seconds=90)
    [row] = [row for row in trained.timings() if row["n"] == 2]
    assert (row["seconds"], row["edits"]) == (7, 1)


def test_imported_ratings_go_to_the_items_that_were_dealt(study: Study) -> None:
    [task] = [task for task in study.tasks() if task.rater == "R01" and task.kind == "main"][:1]
    reply = Reply(values={"accuracy": 2, "clarity": 2})
    assert study.add_ratings({"R01": [(task.item.id, 0, reply)]}, "a.csv") == {"R01": 1}
    assert study.add_ratings({"R01": [(task.item.id, 0, reply)]}, "a.csv") == {"R01": 0}
    found = study.task("R01", task.n)
    assert found is not None
    assert found.rating.reply == reply


def test_imports_of_a_new_rater_make_that_rater(study: Study, items: list[Item]) -> None:
    study.add_ratings({"Ann": [(items[3].id, 0, Reply(values={"accuracy": 1}))]}, "a.csv")
    assert [task.item.id for task in study.tasks() if task.rater == "Ann"] == [items[3].id]


def test_a_disk_that_is_full_is_one_line_and_leaves_nothing(
    tmp_path: Path, rubric: Rubric, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("human_study.store.write_plan", fill_up)
    design = Design(raters=1, per_item=1)
    plan = plan_study("A study", rubric, design, choose(items, design))
    with pytest.raises(InputError, match="disk is full; look at the disk"):
        Study.create(tmp_path / "study.db", plan)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_import_leaves_nothing(study: Study, items: list[Item]) -> None:
    good = (items[3].id, 0, Reply(values={"accuracy": 1}))
    with pytest.raises(InputError, match="no item 'q9'"):
        study.add_ratings({"Ann": [good, ("q9", 0, good[2])]}, "a.csv")
    assert study.rater("Ann") is None


def test_one_answer_is_looked_up_without_walking_through_all(study: Study) -> None:
    other = sqlite3.connect(study.path)
    plan = other.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM tasks AS t LEFT JOIN latest AS r "
        "ON r.rater = t.rater AND r.n = t.n WHERE t.rater = 'R01' AND t.n = 2"
    ).fetchall()
    other.close()
    assert not [row[3] for row in plan if "SCAN" in row[3]]


@pytest.mark.parametrize("again", [False, True], ids=["made", "opened"])
def test_a_rating_is_written_through_to_the_disk(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    monkeypatch.undo()
    study = make_study()
    with Study.open(study.path) if again else study as found:
        assert found._db.rows("PRAGMA synchronous")[0][0] == 2  # FULL
