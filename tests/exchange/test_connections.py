"""Connections to the Hub are kept, and what happens to one is no other question's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import h11
import pytest

from exchange.hub.connections import Connections

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def asking(serve: Serve) -> AsyncIterator[Connections]:
    """Give connections to a server; each is closed after the block, on both sides."""
    ended: list[asyncio.Future[None]] = []

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(end := asyncio.get_running_loop().create_future())
        await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        end.set_result(None)

    async with await asyncio.start_server(serve_and_close, "127.0.0.1", 0) as listening:
        connections = Connections(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hub/api/user")
        yield connections
        await connections.close()
        await asyncio.gather(*ended)


async def read_token(reader: asyncio.StreamReader) -> bytes:
    """Return the token of the next request, b"" where there is none."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    return next(line.rpartition(b" ")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"authorization"))


async def ask(connections: Connections, token: str) -> tuple[int, bytes]:
    return await connections.get({"Authorization": f"token {token}"})


def server(answers: int, seen: list[int]) -> Serve:
    """Say whose token it is, so many times on each connection; `seen` has a number for each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(0)
        number = len(seen) - 1
        while seen[number] < answers and (token := await read_token(reader)):
            seen[number] += 1
            writer.write(ANSWER + token)

    return serve


def test_questions_one_after_the_other_have_one_connection():
    seen: list[int] = []

    async def run() -> None:
        async with asking(server(9, seen)) as connections:
            assert [await ask(connections, name) for name in ("ada1", "bob2")] == [(200, b"ada1"), (200, b"bob2")]

    asyncio.run(run())
    assert seen == [2]


def test_questions_side_by_side_have_their_own_answers():
    seen: list[int] = []

    async def run() -> None:
        async with asking(server(9, seen)) as connections:
            names = [f"n{number:03}" for number in range(8)]
            answers = await asyncio.gather(*(ask(connections, name) for name in names))
            assert answers == [(200, name.encode()) for name in names]

    asyncio.run(run())
    assert sum(seen) == 8


def test_a_connection_that_was_closed_for_idleness_costs_nobody_an_answer():
    seen: list[int] = []

    async def run() -> None:
        async with asking(server(1, seen)) as connections:
            for name in ("ada1", "bob2", "eve3"):
                assert await ask(connections, name) == (200, name.encode())

    asyncio.run(run())
    assert seen == [1, 1, 1]


def test_an_answer_in_chunks_and_a_connection_that_is_not_to_be_kept():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_token(reader)
        writer.write(b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        writer.write(b"3\r\nyou\r\n4\r\n not\r\n0\r\n\r\n")

    async def run() -> None:
        async with asking(serve) as connections:
            assert [await ask(connections, "ada1") for _ in range(2)] == [(403, b"you not")] * 2

    asyncio.run(run())


def test_the_answer_to_a_question_that_was_given_up_is_given_to_nobody_else():
    given_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while token := await read_token(reader):
            if token == b"slow":
                given_up.set()
            else:
                writer.write(ANSWER + token)

    async def run() -> None:
        async with asking(serve) as connections:
            slow = asyncio.create_task(ask(connections, "slow"))
            await given_up.wait()
            slow.cancel()
            assert await ask(connections, "ada1") == (200, b"ada1")
            with pytest.raises(asyncio.CancelledError):
                await slow

    asyncio.run(run())


@pytest.mark.parametrize("said", [b"", ANSWER + b"ad", b"what?\r\n\r\n"], ids=["nothing", "cut short", "no HTTP"])
def test_an_answer_that_is_none_is_an_error(said):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_token(reader)
        writer.write(said)

    async def run() -> None:
        async with asking(serve) as connections:
            with pytest.raises(h11.RemoteProtocolError):
                await ask(connections, "ada1")

    asyncio.run(run())
