"""Merging runs: as if one process had scored all items, and a refusal where the runs do not belong together."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import PIL.Image
import pytest

from judge import Image, Judge, Run, load_rubric, merge, rederive, report, score
from judge.errors import InputError, RunError
from judge.records import Failure
from judge.scoring import merge as merge_module
from judge.scoring.backends.batch.chunks import BatchMember, Chunk, Framing
from judge.scoring.backends.batch.journal import BatchJournal
from judge.scoring.prompt import build_requests
from judge.scoring.shards import Shard
from judge.scoring.whole_input import content_key

from .builders import Scripted, answered_by, completion, item, reply, rubric

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTED = {"judge": "openai/x", "rubric": rubric()}


@pytest.fixture
def backend(monkeypatch):
    """Every judge is this backend; its scores depend on the answer alone."""
    return answered_by(monkeypatch, Scripted(lambda request: reply(1 + len(request.item.answer) % 5, 3)))


def items(count):
    return [item(f"i{n}", "x" * n, metadata={"n": n}) for n in range(count)]


def with_duplicates(count):
    """Each answer under three ids that are far apart, and some rows twice."""
    three = [i.model_copy(update={"id": f"{i.id}-{n}", "system": n}) for n in "abc" for i in items(count)]
    return three + three[::5]


def shards(answers, of, folder, **options):
    for n in range(1, of + 1):
        score(answers, shard=f"{n}/{of}", out=folder / str(n), **options)
    return [folder / str(n) for n in range(1, of + 1)]


def run_of(folder, *completions, answers=(), judge=None):
    """A run over these items with these completions, as an interrupted call leaves it."""
    judge = judge or Judge("openai/x", rubric())
    with Run.create(folder, judge) as run:
        run.add_items(answers or [item()])
        for one in answers or [item()]:
            list(run.missing(build_requests(one, judge)))
        run.append(completions)
    return folder


def key_of(one):
    return build_requests(one, Judge("openai/x", rubric()))[0].key


# -- shards


def test_sixteen_shards_with_duplicates_among_the_items_give_the_scores_of_one_run(tmp_path, backend):
    answers = with_duplicates(40)
    paths = shards(answers, 16, tmp_path, **SCRIPTED)
    n_asked = len(backend.asked)
    with score(answers, out=tmp_path / "one", **SCRIPTED), merge(paths[::-1], out=tmp_path / "all"):
        one, merged = ((tmp_path / name / "scores.jsonl").read_bytes() for name in ("one", "all"))
    assert merged == one
    assert n_asked == len(backend.asked) - n_asked == 40


@pytest.mark.usefixtures("backend")
def test_items_of_a_merged_run_are_those_of_one_run_in_the_order_of_the_input(tmp_path):
    answers = with_duplicates(9)
    with (
        score(answers, out=tmp_path / "one", **SCRIPTED) as one,
        merge(shards(answers, 3, tmp_path, **SCRIPTED), out=tmp_path / "all") as merged,
    ):
        assert list(merged.items()) == list(one.items())


def test_merged_run_is_resumed_without_a_request(tmp_path, backend):
    merge(shards(items(12), 3, tmp_path, **SCRIPTED), out=tmp_path / "all")
    backend.asked.clear()
    with score(items(12), out=tmp_path / "all", **SCRIPTED) as run:
        assert run.summary().complete == 12
    assert backend.asked == []


def test_items_with_images_are_merged_and_resumed_without_a_request(tmp_path, backend):
    for name, colour in (("a", "red"), ("b", "red"), ("c", "blue")):
        PIL.Image.new("RGB", (4, 4), colour).save(tmp_path / f"{name}.png")
    answers = [item(name, images=(Image(path=f"{name}.png"),)) for name in "abc"]
    options = {"image_root": tmp_path, **SCRIPTED}
    with merge(shards(answers, 2, tmp_path, **options), out=tmp_path / "all") as run:
        assert run.ids_with_status() == ["a", "b", "c"]
    assert len(backend.asked) == 2  # two images have the same content
    with score(answers, out=tmp_path / "all", **options) as run:
        assert run.summary().complete == 3
    assert len(backend.asked) == 2


def test_requests_that_a_shard_lacks_are_sent_when_the_merged_run_is_scored(tmp_path, backend):
    answer = backend.answer
    backend.answer = lambda r: (
        {"failure": Failure(kind="server", message="")} if r.item.id == "i3" else answer(r)
    )
    with merge(shards(items(6), 2, tmp_path, **SCRIPTED), out=tmp_path / "all") as run:
        assert run.summary().failures == {"server": 1}
    backend.answer = answer
    backend.asked.clear()
    with score(items(6), out=tmp_path / "all", retry_errors=True, **SCRIPTED) as run:
        assert run.summary().complete == 6
    assert [request.item.id for request in backend.asked] == ["i3"]


def test_recorded_replies_are_merged_into_the_run_of_the_examples(tmp_path):
    options = {"judge": f"replay:{EXAMPLES / 'replies.jsonl'}"}
    answers = EXAMPLES / "answers.jsonl"
    merge(shards(answers, 5, tmp_path, **options), out=tmp_path / "all")
    score(answers, out=tmp_path / "one", **options)
    assert (tmp_path / "all" / "scores.jsonl").read_bytes() == (
        tmp_path / "one" / "scores.jsonl"
    ).read_bytes()
    score(answers, out=tmp_path / "all", **options)  # the recording is known


@pytest.mark.usefixtures("backend")
def test_merged_run_is_parsed_again_and_reported_like_any_other(tmp_path):
    with merge(shards(items(8), 2, tmp_path, **SCRIPTED), out=tmp_path / "all") as run:
        before = list(run.scores())
    assert list(rederive(tmp_path / "all").scores()) == before
    assert report(tmp_path / "all").pass_rate.value == 0.5


def test_counts_times_and_costs_are_those_of_all_shards(tmp_path, backend):
    backend.answer = lambda _: {"reply": reply(), "cost": 0.25}
    paths = shards(items(8), 2, tmp_path, samples=2, **SCRIPTED)
    seconds = []
    for path in paths:
        with Run.open(path) as run:
            seconds.append(run.fact("seconds"))
    with merge(paths, out=tmp_path / "all") as run:
        assert run.summary().cost == 4.0
        assert (run.fact("samples"), run.fact("seconds")) == (2, sum(seconds))
        assert run.fact("merged") == {"runs": 2, "replies_in_several": 0, "left_out": 0}
        assert run.fact("shard") is None


def test_random_sample_of_the_shards_is_that_of_the_merged_run(tmp_path):
    options = {"limit": 10, "random": True, "seed": 4}
    with merge(shards(items(40), 2, tmp_path, **options), out=tmp_path / "all") as run:
        assert run.fact("random_sample") == {"items": 10, "of": 40, "seed": 4}


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "reversed"])
def test_item_that_moved_to_another_shard_is_left_out_of_its_earlier_one(tmp_path, backend, step):
    first = items(9)
    holders = [n for n in (1, 2, 3) if Shard(n, 3).holds(content_key(first[8], tmp_path))]
    texts = ("x" * n for n in range(50, 99))
    moved = next(
        changed
        for changed in (item("i8", text) for text in texts)
        if not Shard(holders[0], 3).holds(content_key(changed, tmp_path))
    )
    changed = [*items(8), moved]
    paths = shards(first, 3, tmp_path, **SCRIPTED)
    assert shards(changed, 3, tmp_path, **SCRIPTED) == paths
    with (
        score(changed, out=tmp_path / "one", **SCRIPTED) as one,
        merge(paths[::step], out=tmp_path / "all") as run,
    ):
        assert list(run.items()) == list(one.items())
        assert list(run.scores()) == list(one.scores())
        assert run.fact("merged")["left_out"] == 1
        assert len(list(run.completions())) == 10  # the reply to its earlier content is kept
    assert len(backend.asked) == 10 + 9


def test_shard_of_a_longer_input_keeps_its_replies(tmp_path, backend):
    shards(items(6), 2, tmp_path, **SCRIPTED)
    backend.asked.clear()
    with merge(shards(items(9), 2, tmp_path, **SCRIPTED), out=tmp_path / "all") as run:
        assert run.ids_with_status() == [f"i{n}" for n in range(9)]
    assert sorted(request.item.id for request in backend.asked) == ["i6", "i7", "i8"]


# -- what is refused


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return shards(items(12), 4, tmp_path_factory.mktemp("parts"))


def refused(runs, tmp_path):
    with pytest.raises((RunError, InputError)) as error:
        merge(runs, out=tmp_path / "all")
    assert not (tmp_path / "all").exists()
    return str(error.value)


def test_missing_shards_are_named(parts, tmp_path):
    assert "2 of 4 shards are missing: 2, 4. Score each one" in refused([parts[0], parts[2]], tmp_path)


def test_run_with_batches_that_are_not_collected_is_refused(tmp_path):
    folder = run_of(tmp_path / "r")
    chunk = Chunk(tmp_path, Framing(b"[", b",", b"]"))
    chunk.add(BatchMember("k", "q"), b"{}", 10, 0.5)
    with closing(chunk), Run.create(folder, Judge("openai/x", rubric())) as run:
        BatchJournal(folder, run.connection).intend(chunk, "token", "openai", "")
    assert "1 of its requests are in batches that are not collected" in refused([folder], tmp_path)


def test_one_missing_shard_is_named(parts, tmp_path):
    assert "1 of 4 shards is missing: 3." in refused([parts[0], parts[1], parts[3]], tmp_path)


def test_of_many_missing_shards_the_first_are_named(tmp_path):
    score(items(3), shard="1/40", out=tmp_path / "r")
    assert "39 of 40 shards are missing: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …" in refused(
        [tmp_path / "r"], tmp_path
    )


def test_shard_that_is_given_twice_is_named(parts, tmp_path):
    again = score(items(12), shard="2/4", out=tmp_path / "again").path
    words = refused([*parts, again], tmp_path)
    assert f"shard 2/4 is given 2 times ({parts[1]}, {again})" in words


def test_run_that_is_given_twice_is_named(parts, tmp_path):
    assert f"{parts[1]}: is given 2 times" in refused([*parts, parts[0] / ".." / "2"], tmp_path)


def test_shard_of_another_input_is_refused(parts, tmp_path):
    other = score(items(13), shard="4/4", out=tmp_path / "other").path
    words = refused([*parts[:3], other], tmp_path)
    assert (
        f"{other}: is shard 4/4 of an input with 13 items, and {parts[0]} is shard 1/4 of one with 12"
        in words
    )


def test_shard_of_an_input_in_another_order_is_refused(parts, tmp_path):
    other = score(items(12)[::-1], shard="4/4", out=tmp_path / "other").path
    words = refused([*parts[:3], other], tmp_path)
    assert f"{other}: is shard 4/4 of another input than {parts[0]}: both have 12 items" in words


def test_shard_of_another_number_of_shards_is_refused(parts, tmp_path):
    other = score(items(12), shard="4/5", out=tmp_path / "other").path
    assert f"{other}: is shard 4/5" in refused([*parts[:3], other], tmp_path)


def test_shard_of_another_judge_is_refused(parts, tmp_path):
    other = score(items(12), rubric=rubric(), shard="4/4", out=tmp_path / "other").path
    words = refused([*parts[:3], other], tmp_path)
    assert f"{other}: belongs to another judge than {parts[0]} (" in words
    assert "rubric.name" in words


def test_run_that_is_no_shard_is_refused_beside_shards(parts, tmp_path):
    other = score(items(12), out=tmp_path / "other").path
    assert f"{other}: is no shard, and {parts[0]} is one" in refused([other, *parts], tmp_path)


def test_shard_with_scores_by_another_rubric_is_refused(parts, tmp_path):
    last = shutil.copytree(parts[3], tmp_path / "last")
    with Run.create(last, Judge("baseline", load_rubric("open_qa"))) as run:
        run.set_fact("rubric", rubric(name="stricter").model_dump(by_alias=True, mode="json"))
    assert "its scores were derived by another rubric" in refused([*parts[:3], last], tmp_path)


def test_no_run_is_an_error(tmp_path):
    assert "no run is given" in refused([], tmp_path)


def test_limit_of_open_files_is_named_before_it_is_reached(parts, tmp_path, monkeypatch):
    monkeypatch.setattr("resource.getrlimit", lambda _: (31, 100))
    assert "4 runs need up to 32 open files, and the limit is 31; raise it first" in refused(parts, tmp_path)


def test_folder_that_exists_is_not_written_to(parts):
    with pytest.raises(InputError, match="a run already exists"):
        merge(parts[:1], out=parts[1])


def test_merged_run_does_not_lie_in_one_of_its_runs(parts):
    inside = parts[1] / "merged" / "run"
    with pytest.raises(InputError, match=r"lies in .* which is merged"):
        merge(parts, out=inside)
    assert not inside.parent.exists()


@pytest.mark.parametrize("step", ["add_items", "_insert", "_order_replies", "write_scores", "export"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RunError("full")])
def test_merge_that_ends_early_leaves_nothing(parts, tmp_path, monkeypatch, step, error):
    def stop(*_):
        raise error

    monkeypatch.setattr(merge_module._MergedRun, step, stop)
    before = sorted(tmp_path.iterdir())
    with pytest.raises((KeyboardInterrupt, RunError)):
        merge(parts, out=tmp_path / "runs" / "all")
    assert sorted(tmp_path.iterdir()) == before


def test_merge_that_is_killed_leaves_only_a_hidden_draft_that_the_next_one_names(parts, tmp_path):
    program = (
        "import os, signal, sys; import judge.scoring.merge as merge; "
        "merge._MergedRun.export = lambda _: os.kill(os.getpid(), signal.SIGKILL); "
        "merge.merge(sys.argv[1:], out='all')"
    )
    done = subprocess.run([sys.executable, "-c", program, *map(str, parts)], cwd=tmp_path, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "all").exists()
    command = [sys.executable, "-m", "judge", "merge", *map(str, parts), "--out", "all", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "left by a merge that did not finish; delete it" in done.stderr
    assert json.loads(done.stdout)["items"] == 12
    assert json.loads(done.stdout)["merged"]["runs"] == 4


# -- runs that are no shards


@pytest.mark.usefixtures("backend")
def test_runs_over_different_items_follow_each_other_in_the_given_order(tmp_path):
    second = score(items(6)[3:], out=tmp_path / "second", **SCRIPTED).path
    first = score(items(6)[:3], out=tmp_path / "first", **SCRIPTED).path
    with merge([first, second], out=tmp_path / "all") as run:
        assert run.ids_with_status() == [f"i{n}" for n in range(6)]
        assert run.summary().complete == 6


@pytest.mark.usefixtures("backend")
def test_same_id_with_other_content_is_refused_and_the_run_is_named(tmp_path):
    first = score([item("q")], out=tmp_path / "first", **SCRIPTED).path
    second = score([item("q", "Another.")], out=tmp_path / "second", **SCRIPTED).path
    words = refused([first, second], tmp_path)
    assert f"{second}: the id 'q' was used before for an item with other content" in words


@pytest.mark.parametrize(
    ("created", "counts"),
    [((2.0, 1.0), 2), ((1.0, 2.0), 1), ((1.0, 1.0), 1), ((None, None), 1)],
    ids=["second", "first", "equal times", "no times"],
)
def test_earliest_of_two_replies_to_one_request_counts_and_both_are_kept(created, counts, tmp_path):
    key = key_of(item())
    paths = [
        run_of(tmp_path / str(n), completion(reply(n, n), key=key, created=time))
        for n, time in enumerate(created, start=1)
    ]
    with merge(paths, out=tmp_path / "all") as run:
        assert run["i1"].scores["a"] == counts
        assert len(run.completions_of(key)) == 2
        assert run.fact("merged")["replies_in_several"] == 1


def test_reply_counts_where_the_other_run_has_a_failure(tmp_path):
    key = key_of(item())
    failed = completion(key=key, created=1.0, failure=Failure(kind="server", message=""))
    paths = [
        run_of(tmp_path / "1", completion(reply(5, 5), key=key, created=2.0)),
        run_of(tmp_path / "2", failed),
    ]
    with merge(paths, out=tmp_path / "all") as run:
        assert run["i1"].scores["a"] == 5
        assert run.fact("merged")["replies_in_several"] == 0


def test_second_attempt_of_a_run_still_counts_before_its_first(tmp_path):
    key = key_of(item())
    attempts = [
        completion("unreadable", key=key, created=1.0),
        completion(reply(2, 2), key=key, attempt=1, created=3.0),
    ]
    paths = [
        run_of(tmp_path / "1", *attempts),
        run_of(tmp_path / "2", completion(reply(5, 5), key=key, created=4.0)),
    ]
    with merge(paths[::-1], out=tmp_path / "all") as run:
        assert run["i1"].scores["a"] == 2
        assert [c.created for c in run.completions_of(key)] == [4.0, 1.0, 3.0]


def test_replies_in_several_runs_are_ordered_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(merge_module, "_BATCH", 2)
    answers = items(5)
    paths = [
        run_of(
            tmp_path / str(n),
            *(completion(reply(n, n), key=key_of(i), item_id=i.id, created=9.0 - n) for i in answers),
            answers=answers,
        )
        for n in (1, 2)
    ]
    with merge(paths, out=tmp_path / "all") as run:
        assert run.fact("merged")["replies_in_several"] == 5
        assert {s.value for s in run.scores()} == {2.0}


def test_random_sample_is_not_claimed_for_different_samples(tmp_path):
    paths = [
        score(items(40), out=tmp_path / str(seed), limit=5, random=True, seed=seed).path for seed in (1, 2)
    ]
    with merge(paths, out=tmp_path / "all") as run:
        assert run.fact("random_sample") is None
