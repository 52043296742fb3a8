"""A control group counts the time of killed processes that /proc no longer shows."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.busy import cpu_seconds
from tests.benchmarks.processor_group import own_group, processor_group

SPINNING = "import time\nwhile time.process_time() < 0.4: pass\nprint('on', flush=True)\ninput()\n"
# The parent is killed first, so no process waits for its child, whose time is added to no account.
PARENT = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', sys.argv[1]])\ninput()\n"


def can_make_groups() -> bool:
    try:
        return os.access(own_group(), os.W_OK)
    except RuntimeError:
        return False


@pytest.mark.skipif(not can_make_groups(), reason="needs a control group to make others in: run as root")
def test_what_was_killed_with_its_parent_is_counted_and_the_group_is_gone_after():
    with processor_group() as group:
        command = [sys.executable, "-c", "input(); " + f"exec({PARENT!r})", SPINNING]
        parent = subprocess.Popen(command, stdin=-1, stdout=-1, start_new_session=True, text=True)
        group.add(parent.pid)
        assert parent.stdin is not None and parent.stdout is not None
        parent.stdin.write("\n")
        parent.stdin.flush()
        assert parent.stdout.readline() == "on\n"
        os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate(timeout=60)
        assert group.seconds() >= 0.35 > cpu_seconds(parent.pid, with_ended=True)
        mine = Path(group.folder)
    assert not mine.exists()
