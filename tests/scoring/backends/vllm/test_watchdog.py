"""What must not outlive us ends with us, however we end."""

import os
import select
import signal
import subprocess
import sys

import pytest

from judge.scoring.backends.vllm.watchdog import kill_with_parent

OWNER = """
import subprocess, sys
from judge.scoring.backends.vllm.watchdog import kill_with_parent
ward = subprocess.Popen(["sleep", "600"], pass_fds=[WRITE])
kill_with_parent([ward.pid])
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda n: n.name)
def test_process_ends_with_an_owner_that_is_killed(number):
    read, write = os.pipe()  # the other end belongs to the process that is to end
    code = OWNER.replace("WRITE", str(write))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "pass_fds": [write]}
    owner = subprocess.Popen([sys.executable, "-c", code], **pipes)
    os.close(write)
    assert owner.stdout.readline() == b"ready\n"
    owner.send_signal(number)
    owner.communicate(timeout=60)
    assert select.select([read], [], [], 10)[0], "it lives on"
    os.close(read)


def test_guard_that_was_called_off_kills_nobody():
    ward = subprocess.Popen(["sleep", "600"])
    kill_with_parent([ward.pid])()
    assert ward.poll() is None
    ward.kill()
    ward.wait(timeout=60)
