"""What tests start ends with them, also where pytest is killed and none of its own code runs any more.

The kernel sends the signal when the *thread* that started a program ends: start programs from the main thread, as
fixtures do, never from a pool's.
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
    """Return the command, which gets this signal when whoever starts it is dead; its pid is the same."""
    return ["setpriv", "--pdeathsig", sig, "--", *command]


@contextmanager
def swept(marker: str) -> Iterator[None]:
    """Kill whatever carries a supervisor's marker if this process dies during the block."""
    line = mortal([sys.executable, "-m", "tests.harness.mortal", marker])
    # In a session of its own: Ctrl-C ends pytest, which then sweeps itself.
    with subprocess.Popen(line, cwd=CHECKOUT, stdout=subprocess.PIPE, start_new_session=True) as keeper:
        assert keeper.stdout is not None and keeper.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            keeper.kill()


def keep(marker: str) -> None:
    """Wait for the signal, then sweep until nothing is left: a Hub may be starting servers meanwhile."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})
    while sweep(marker):
        pass


if __name__ == "__main__":
    keep(sys.argv[1])
