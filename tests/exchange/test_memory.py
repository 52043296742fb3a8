"""Memory use stays low: 80 MB pass through a client and a service with little memory."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, as_process, make_settings, write

pytestmark = pytest.mark.service
SIZE = 80_000_000
CLIENT_BYTES, SERVICE_BYTES = 256 * 2**20, 150_000_000

# Submits and downloads, and prints its peak memory use. If it can't join a control group, it limits its data segment.
CLIENT = """
import os, resource, sys
from pathlib import Path
limit, home, group = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if group:
    Path(group, "cgroup.procs").write_text(str(os.getpid()))
else:
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
from exchange.client import ExchangeClient, ReceiptFolder, submit_folder
with ExchangeClient.from_environment() as client:
    done = submit_folder(client, "tiny-2026", "tensor", home / "tensor", ReceiptFolder(home / "receipts"))
    client.fetch_files("tiny-2026", done.signed.receipt.submission, home / "back")
# Not getrusage: its peak holds that of the process which forked this one.
print(next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@contextlib.contextmanager
def control_group(limit: int) -> Iterator[str]:
    """Yield a memory control group, or '' if none can be made."""
    for root, name in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        group = root / f"exchange-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / name).write_text(str(limit))
            yield str(group)
            return
        except OSError:
            continue
        finally:
            group.rmdir()
    yield ""


def test_80_megabytes_in_one_submission(tmp_path: Path) -> None:
    """The client runs in 256 MiB, the service peaks below 150 MB, and the file comes back unchanged."""
    content = os.urandom(1_000_000) * (SIZE // 1_000_000)
    home = write(tmp_path / "home", {"tensor/tensor.ipynb": "{}", "tensor/data.csv": content})
    with (
        FakeHub() as hub,
        as_process(hub, make_settings(tmp_path / "data", hub), tmp_path) as live,
        control_group(CLIENT_BYTES) as group,
    ):
        live.open_course(due_at=None)
        environment = os.environ | {"EXCHANGE_URL": live.url, "COURSE_TOKEN": hub.student("ada", COURSE)}
        command = [sys.executable, "-c", CLIENT, str(CLIENT_BYTES), str(home), group]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        assert (home / "back" / "data.csv").read_bytes() == content
        assert int(done.stdout) < CLIENT_BYTES
        assert live.peak_bytes() < SERVICE_BYTES
