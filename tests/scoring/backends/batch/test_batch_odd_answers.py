"""Answers of a provider that are not as documented: nothing is lost, paid for twice, or made up."""

import gzip
import re
import resource

import pytest

from judge.errors import BackendError, RunError
from judge.scoring.backends.batch.chunks import LINES, BatchMember, Chunk


def only(server, change, kind="output"):
    """Change the content of the result files of one kind."""
    save = server.result_files

    def changed(batch):
        names = save(batch)
        for name in names:
            if name and name.endswith(kind):
                server.files[name] = change(server.files[name])
        return names

    server.result_files = changed


def paid_once(server):
    return set(server.paid.values()) == {1}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n") + b"\r\n\r\n",
        lambda data: b"\n\n" + data.replace(b"\n", b"\n\n"),
        lambda data: data + b"\n" + data.replace(b'"custom_id": "', b'"custom_id": "not ours '),
    ],
    ids=["mark of the byte order", "ends of lines of Windows", "empty lines", "results of others"],
)
def test_results_are_read_however_their_lines_are_written(change, score, server):
    only(server, change)
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-9], lambda data: data.split(b"\n")[0], lambda _: b"", gzip.compress],
    ids=["a line cut off", "lines missing", "empty", "not text"],
)
def test_results_that_are_not_whole_are_downloaded_again(change, score, server):
    """The provider counts four replies; what its file lacks was paid for."""
    changes = [change]
    only(server, lambda data: changes.pop()(data) if changes else data)
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)
    assert len(server.batches) == 1


def test_a_reply_that_the_results_never_hold_is_a_failure_and_not_paid_for_again(score, server):
    only(server, lambda data: data.split(b"\n")[0])
    score(4).close()
    assert score.statuses() == {"ok": 1, "failed": 3}
    failures = {c.failure.message for c in score.completions() if c.failure}
    assert len(failures) == 1
    assert "counts 4 replies" in failures.pop()
    assert len(server.batches) == 1


def test_a_reply_that_the_results_never_held_is_sent_again_on_demand(score, server):
    whole = server.result_files
    only(server, lambda data: data.split(b"\n")[0])
    score(4).close()
    server.result_files = whole
    score(4, retry_errors=True).close()
    assert score.statuses() == {"ok": 4}
    assert [len(keys) for keys in server.sent()] == [4, 3]


def test_the_results_of_another_batch_do_not_count(score, server):
    only(server, lambda data: data.replace(b'"custom_id": "', b'"custom_id": "not ours '))
    with pytest.raises(BackendError, match="4 replies cannot be downloaded"):
        score(4)
    assert len(server.batches) == 1
    assert score.statuses() == {"skipped": 4}


def test_results_that_are_whole_later_are_collected_by_another_call(score, server):
    whole = server.result_files
    only(server, lambda _: b"")
    with pytest.raises(BackendError):
        score(4)
    server.result_files = whole
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)


@pytest.mark.parametrize(("gone", "sizes"), [("output", [8]), ("error", [8, 4])])
def test_a_file_that_is_gone_does_not_hide_the_other(gone, sizes, score, server):
    """Replies that are gone are failures, because they were paid for; errors are not, and are sent again."""
    keys = []
    server.outcome = lambda key, _body, times: (
        keys.append(key),
        400 if len(keys) <= 4 and times == 1 else "ok",
    )[1]
    server.refusals = [("GET", f"-{gone}/content", 404, {"error": {"message": "gone"}})] * 3
    score(8).close()
    assert [len(sent) for sent in server.sent()] == sizes
    assert paid_once(server)
    assert score.statuses() == ({"failed": 8} if gone == "output" else {"ok": 8})


def test_results_of_which_no_file_is_left_end_the_run_and_send_nothing_again(score, server):
    server.refusals = [("GET", "-output/content", 404, {"error": {"message": "gone"}})]
    with pytest.raises(BackendError, match="gone"):
        score(4)
    assert len(server.batches) == 1


def limit_files(size):
    """Let no file of this process grow beyond a size, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def test_results_that_the_disk_cannot_hold_are_downloaded_by_another_call(score, server):
    """It is no fault of the network, which would be waited for."""
    server.before = lambda _, path: limit_files(500) if path.endswith("/content") else None
    try:
        with pytest.raises(RunError, match=r"File too large.*stored before is safe"):
            score(4)
    finally:
        limit_files(resource.RLIM_INFINITY)
    server.before = lambda *_: None
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)


def test_requests_that_the_disk_cannot_hold_are_an_error_of_the_run(tmp_path):
    chunk = Chunk(tmp_path, LINES)
    try:
        limit_files(500)
        with pytest.raises(RunError, match="File too large"):
            chunk.add(BatchMember("k", "i"), b"x" * 90_000, 1, 0.0)
    finally:
        limit_files(resource.RLIM_INFINITY)
    chunk.close()


def test_a_batch_that_failed_after_some_replies_keeps_them(score, server):
    show = server.openai_batch

    def failed_midway(batch):
        shown = show(batch)
        if shown["status"] == "expired":
            shown |= {"status": "failed", "errors": {"data": [{"code": "server_error", "message": "m"}]}}
        return shown

    server.openai_batch, server.ends = failed_midway, ["expired"]
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)


@pytest.mark.parametrize("name", [None, "", True, ["batch-1"]], ids=str)
def test_a_creation_without_a_usable_id_is_looked_for(name, score, server):
    show, shown = server.openai_batch, []

    def without(batch):
        shown.append(batch)
        return {**show(batch), "id": name} if len(shown) == 1 else show(batch)

    server.openai_batch = without
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert len(server.batches) == 1


def test_the_state_of_another_batch_is_not_that_of_ours(score, server):
    """A cache between us and the provider may confuse them."""
    other = server.create([("theirs", {})], {"input_file_id": "f"})
    other.is_ended = True
    advance, polled = server.openai, []

    def confused(method, path, query, body):
        if path.endswith("/batch-2") and not polled:
            polled.append(path)
            return server.openai_batch(other)
        return advance(method, path, query, body)

    server.openai = confused
    score(4).close()
    assert polled
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)


@pytest.mark.parametrize(
    "counts",
    [None, {}, {"total": "4", "completed": "4"}, {"total": "many", "completed": -1}, {"completed": [4]}, [4]],
    ids=str,
)
def test_counts_that_are_no_numbers_count_nothing(counts, score, server):
    show = server.openai_batch
    server.openai_batch = lambda batch: {**show(batch), "request_counts": counts}
    server.polls = 3
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)


def test_the_word_for_a_state_is_shown_in_one_short_line(score, server):
    show = server.openai_batch
    odd = "in\x1b[31m\n" + "x" * 10_000
    server.openai_batch = lambda batch: {
        **show(batch),
        "status": show(batch)["status"] if batch.is_ended else odd,
    }
    server.polls = 3
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert all(len(text) < 1_000 and "\n" not in text for text in score.watch.texts)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "mistral"])
def test_a_list_without_end_is_read_once(provider, score, server):
    """A server that always gives the first page, and promises more."""
    reply = server.reply

    def same_page(method, target, headers, body):
        first = re.sub("&(after|after_id|pageToken)=[^&]*", "", re.sub(r"\?page=\d+", "?page=0", target))
        status, content, more = reply(method, first, headers, body)
        if method == "GET" and isinstance(content, dict) and ("data" in content or "operations" in content):
            content |= {"has_more": True, "nextPageToken": "1"}
            for name in ("data", "operations"):
                content[name] = (content.get(name) or []) * 100
        return status, content, more

    for n in range(3):
        server.create(
            [(f"k{n}", {})], {"input_file_id": "f", "input_files": ["f"], "model": "m", "display_name": "d"}
        )
    server.reply, server.never = same_page, 1
    score(4, provider).close()
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)


@pytest.mark.parametrize("days", [-3, 3])
@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "mistral"])
def test_a_lost_creation_is_found_whatever_the_clock_says(days, provider, score, server):
    """The clock of this machine is days off; the list has several pages."""
    create = server.create

    def shifted(requests, about):
        try:
            return create(requests, about)
        finally:
            for batch in server.batches:
                batch.created += 86_400 * days
            about = {"input_file_id": "f", "input_files": ["f"], "model": "m", "display_name": "d"}
            server.batches += [
                type(server.batches[0])(f"n{n}", [("k", {})], about, "completed", server.batches[0].created)
                for n in range(5)
            ]

    server.create, server.lost = shifted, 1
    score(4, provider).close()
    assert score.statuses() == {"ok": 4}
    assert paid_once(server)
