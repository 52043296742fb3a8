"""The Hub learns immediately when a server listens, and when it has ended and never will."""

import asyncio
import socket

import pytest

from hub_config.spawners import readiness
from hub_config.spawners.readiness import until_it_listens


class Starting:
    """A spawner whose `poll` gives these answers: None while the server runs, then its exit code."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = list(answers)

    async def poll(self) -> int | None:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def closed_port(monkeypatch):
    """A reserved port on which nothing listens."""
    monkeypatch.setattr(readiness, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(readiness, "POLL_SECONDS", 0.02)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held


def test_a_server_that_listens_is_there(closed_port):
    closed_port.listen()
    host, port = closed_port.getsockname()
    assert asyncio.run(until_it_listens(Starting(None), host, port)) == (host, port)


def test_a_server_that_listens_later_is_waited_for(closed_port):
    host, port = closed_port.getsockname()

    async def later():
        waiting = asyncio.create_task(until_it_listens(Starting(None), host, port))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        closed_port.listen()
        return await waiting

    assert asyncio.run(later()) == (host, port)


def test_a_server_that_ends_is_an_error_at_once(closed_port):
    host, port = closed_port.getsockname()
    with pytest.raises(RuntimeError, match=r"the server ended while it started \(exit code 3\)"):
        asyncio.run(until_it_listens(Starting(None, None, 3), host, port))
