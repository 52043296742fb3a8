"""A busy server is not idle: with real kernels and a real terminal, the activity that the server reports to the Hub."""

import asyncio
import os
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerWebApplication
from terminado import NamedTermManager

import hub_config

pytestmark = [pytest.mark.service, pytest.mark.timeout(120)]
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SILENT = "import time; time.sleep(600)"
PRINTS = "import time\nwhile True:\n    print('still', flush=True)\n    time.sleep(0.05)"


@pytest.fixture
def servers_own(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(hub_config.__file__).parent / "server"))
    import full_home
    import still_at_work

    yield full_home, still_at_work
    for name in ("full_home", "still_at_work", "room"):
        sys.modules.pop(name, None)


class Server:
    """The activity that a server reports to the Hub, with our servers' kernels."""

    def __init__(self, full_home, still_at_work, hours: float) -> None:
        self.kernels = full_home.Kernels()
        self.settings = {"started": LONG_AGO, "kernel_manager": self.kernels, "last_activity_times": {}}
        self.work = still_at_work.Work(self.settings, self.kernels, hours)

    def last_activity(self) -> datetime:
        return ServerWebApplication.last_activity(self)  # type: ignore[arg-type]

    async def run(self, code: str) -> None:
        """Start a kernel and let it run `code`."""
        number = await self.kernels.start_kernel()
        kernel = self.kernels.get_kernel(number)
        client = kernel.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        client.execute(code)
        until = time.monotonic() + 30
        while kernel.execution_state != "busy":
            assert time.monotonic() < until, "the kernel does not take the cell"
            await asyncio.sleep(0.02)
        client.stop_channels()


def after(code: str, hours: float, later: timedelta, own) -> tuple[datetime, datetime]:
    """Return the server's last activity and the time of the look, `later` after `code` started."""

    async def main() -> tuple[datetime, datetime]:
        server = Server(*own, hours)
        try:
            await server.run(code)
            server.work.look()
            now = datetime.now(UTC) + later
            server.work.look(now)
            await asyncio.sleep(0.5)  # a program that prints sends output after that look
            return server.last_activity(), now
        finally:
            await server.kernels.shutdown_all(now=True)

    return asyncio.run(main())


def test_a_silent_computation_is_work_for_hours(servers_own):
    active, now = after(SILENT, 12, timedelta(hours=2), servers_own)
    assert active == now


@pytest.mark.parametrize("code", [SILENT, PRINTS], ids=["silent", "printing"])
def test_a_computation_that_is_too_long_counts_no_more(servers_own, code):
    before = datetime.now(UTC)
    active, now = after(code, 12, timedelta(hours=13), servers_own)
    assert before <= active < now - timedelta(hours=12, minutes=50), "it is as old as its beginning"


def test_an_idle_kernel_is_as_old_as_its_last_word(servers_own):
    async def main() -> None:
        server = Server(*servers_own, 12)
        try:
            await server.kernels.start_kernel()
            said = server.last_activity()
            server.work.look(datetime.now(UTC) + timedelta(hours=2))
            assert server.last_activity() < said + timedelta(hours=1)
            assert server.work.since == {}
        finally:
            await server.kernels.shutdown_all(now=True)

    asyncio.run(main())


@contextmanager
def terminal():
    manager = NamedTermManager(shell_command=["/bin/bash", "--norc"], max_terminals=1)
    name, shell = manager.new_named_terminal(cwd="/")
    try:
        yield manager, name, shell.ptyproc
    finally:
        os.killpg(os.getpgid(shell.ptyproc.pid), 9)


def test_a_program_in_a_terminal_is_work_and_a_waiting_shell_is_not(servers_own):
    async def main() -> None:
        server = Server(*servers_own, 12)
        with terminal() as (manager, name, process):
            server.settings["terminal_manager"] = manager
            server.work.look()
            assert server.work.since == {}
            process.write("sleep 600\n")
            until = time.monotonic() + 20
            while not server.work.since:
                assert time.monotonic() < until, "the program is not seen"
                await asyncio.sleep(0.05)
                server.work.look()
            assert set(server.work.since) == {f"terminal {name}"}
            process.write("\x03")

    asyncio.run(main())


def test_the_python_proxys_clock_is_the_hubs(settings):
    """The Hub reads the proxy's local time as UTC: otherwise servers east of Greenwich would never look idle."""
    from hub_config.run.programs import proxy

    assert proxy(settings).environment["TZ"] == "UTC"
