"""Programs that tests start end with the tests, even if pytest is killed and can't clean up.

The kernel sends the signal when the *thread* that started a program ends, so start programs from the main thread, as
fixtures do, never from a thread of a pool.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub_config.run.supervisor import sweep

CHECKOUT = Path(__file__).resolve().parents[2]


def mortal(command: list[str], sig: str = "TERM") -> list[str]:
    """Return the command with a wrapper that sends it this signal when its parent dies; the pid stays the same."""
    return ["setpriv", "--pdeathsig", sig, "--", *command]


@contextmanager
def swept(marker: str) -> Iterator[None]:
    """If this process dies during the block, kill every process with a supervisor's marker."""
    line = mortal([sys.executable, "-m", "tests.harness.mortal", marker])
    # In a separate session: on Ctrl-C pytest ends and cleans up itself.
    with subprocess.Popen(line, cwd=CHECKOUT, stdout=subprocess.PIPE, start_new_session=True) as keeper:
        assert keeper.stdout is not None and keeper.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            keeper.kill()


def keep(marker: str) -> None:
    """Wait for the signal, then kill until no process is left, because a Hub may still be starting servers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})
    while sweep(marker):
        pass


if __name__ == "__main__":
    keep(sys.argv[1])
