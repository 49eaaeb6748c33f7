"""Workers on a real Ray cluster of two nodes (on this machine): killed workers, nodes and drivers. `make ray`."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from judge.errors import RunError
from judge.scoring.run import Run

pytest.importorskip("ray")
DRIVER = Path(__file__).with_name("driver.py")
ENVIRONMENT = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
os.environ |= ENVIRONMENT  # before anything imports ray
PATIENCE = 120
BATCH = 4
IN_FLIGHT = 2 * 2 * BATCH
"""Requests that two workers hold at most."""


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "object_store_memory": 100 << 20, "include_dashboard": False},
    )
    made.add_node(num_cpus=1, object_store_memory=100 << 20)
    yield made
    made.shutdown()


def start(cluster, out, *options):
    command = [sys.executable, DRIVER, "--out", out, "--address", cluster.address, "--batch", BATCH, *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen([str(word) for word in command], **pipes)


def finish(process):
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return output.splitlines()


def asked(out):
    """Item and process of each request that a worker has begun, in order."""
    log = Path(f"{out}.log")
    return [line.split()[:2] for line in log.read_text().splitlines()] if log.exists() else []


def replies(out):
    """How often each item has a reply."""
    try:
        with Run.open(out) as run:
            return Counter(c.item_id for c in run.completions() if c.reply)
    except RunError:  # the run is just being made
        return Counter()


def wait_for(process, out, count):
    until = time.monotonic() + PATIENCE
    while len(replies(out)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def all_items(count):
    return {f"i{n}": 1 for n in range(count)}


def test_both_nodes_work_and_every_item_is_asked_once(cluster, tmp_path):
    lines = finish(start(cluster, tmp_path / "run"))
    assert Counter(item for item, _ in asked(tmp_path / "run")) == all_items(60)
    assert len({process for _, process in asked(tmp_path / "run")}) == 2
    assert json.loads(lines[-1]) == {"complete": 60, "failures": {}}
    assert any(line.startswith("replies by worker: 1: ") for line in lines)


def test_killed_worker_loses_nothing_and_only_its_requests_are_asked_again(cluster, tmp_path):
    out = tmp_path / "run"
    process = start(cluster, out)
    wait_for(process, out, 20)
    os.kill(int(asked(out)[-1][1]), signal.SIGKILL)
    lines = finish(process)
    assert replies(out) == all_items(60)
    again = Counter(item for item, _ in asked(out)) - Counter(all_items(60))
    assert sum(again.values()) <= IN_FLIGHT // 2
    assert any("was lost" in line for line in lines)


def test_killed_driver_is_resumed_and_only_what_was_in_flight_is_asked_again(cluster, tmp_path):
    out = tmp_path / "run"
    process = start(cluster, out)
    wait_for(process, out, 20)
    process.kill()
    process.communicate()
    kept = replies(out)
    time.sleep(0.5)  # until the workers of the killed driver have ended
    n_asked = len(asked(out))
    lines = finish(start(cluster, out))
    assert json.loads(lines[-1]) == {"complete": 60, "failures": {}}
    assert replies(out) == all_items(60)
    assert not set(kept) & {item for item, _ in asked(out)[n_asked:]}
    again = Counter(item for item, _ in asked(out)) - Counter(all_items(60))
    assert sum(again.values()) <= IN_FLIGHT


def test_interrupted_driver_keeps_every_reply_that_arrived(cluster, tmp_path):
    out = tmp_path / "run"
    process = start(cluster, out)
    wait_for(process, out, 20)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    kept, n_asked = replies(out), len(asked(out))
    assert 20 <= len(kept) < 60
    assert n_asked - len(kept) <= 4  # each worker holds a request or two that it has begun
    finish(start(cluster, out))
    assert replies(out) == all_items(60)
    assert not set(kept) & {item for item, _ in asked(out)[n_asked:]}


def test_item_that_ends_three_workers_fails_and_all_others_are_answered(cluster, tmp_path):
    out = tmp_path / "run"
    lines = finish(start(cluster, out, "--poison", "i9", "--items", 30))
    assert not any("raylet" in line for line in lines)  # standard output is for data
    assert json.loads(lines[-1]) == {"complete": 29, "failures": {"server": 1}}
    assert Counter(item for item, _ in asked(out))["i9"] == 3


def test_lost_node_is_replaced_by_another_one(cluster, tmp_path):
    out = tmp_path / "run"
    third = cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
    process = start(cluster, out, "--workers", 3, "--seconds", 0.1)
    wait_for(process, out, 20)
    cluster.remove_node(third, allow_graceful=False)
    cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
    lines = finish(process)
    assert json.loads(lines[-1]) == {"complete": 60, "failures": {}}
    assert replies(out) == all_items(60)


def test_address_without_a_cluster_is_an_error_in_one_line(tmp_path):
    command = [sys.executable, DRIVER, "--out", tmp_path / "run", "--address", "127.0.0.1:1"]
    environment = {
        **os.environ,
        "RAY_gcs_rpc_server_connect_timeout_s": "1",
        "RAY_gcs_rpc_server_reconnect_timeout_s": "1",
    }
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment)
        assert "the Ray cluster 127.0.0.1:1 cannot be reached" in done.stderr
