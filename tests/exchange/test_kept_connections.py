"""Connections to the Hub are kept open, and what happens to one request does not affect another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from exchange.hub.identity import HubIdentity, read_caller
from exchange.protocol.models import Refused

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(name: bytes) -> bytes:
    body = b'{"name": "%s"}' % name
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@asynccontextmanager
async def asking(serve: Serve) -> AsyncIterator[HubIdentity]:
    """Yield an identity that asks a server; each connection is closed on both sides after the block."""
    ended: list[asyncio.Future[None]] = []

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(end := asyncio.get_running_loop().create_future())
        await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        end.set_result(None)

    async with await asyncio.start_server(serve_and_close, "127.0.0.1", 0) as listening:
        identity = HubIdentity(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hub/api", read_caller)
        yield identity
        await identity.close()
        await asyncio.gather(*ended)


async def read_token(reader: asyncio.StreamReader) -> bytes:
    """Return the token of the next request, or b"" if there is no request."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    return next(line.rpartition(b" ")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"authorization"))


async def name_of(identity: HubIdentity, token: str) -> str:
    return (await identity.caller(token)).name


def server(answers: int, seen: list[int]) -> Serve:
    """Answer requests with their token as the name, `answers` times per connection; `seen` counts per connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(0)
        number = len(seen) - 1
        while seen[number] < answers and (token := await read_token(reader)):
            seen[number] += 1
            writer.write(answer(token))

    return serve


def test_questions_one_after_the_other_have_one_connection():
    seen: list[int] = []

    async def run() -> None:
        async with asking(server(9, seen)) as identity:
            assert [await name_of(identity, name) for name in ("ada", "bob")] == ["ada", "bob"]

    asyncio.run(run())
    assert seen == [2]


def test_questions_side_by_side_have_their_own_answers():
    seen: list[int] = []

    async def run() -> None:
        async with asking(server(9, seen)) as identity:
            names = [f"n{number}" for number in range(30)]
            assert await asyncio.gather(*(name_of(identity, name) for name in names)) == names

    asyncio.run(run())
    assert sum(seen) == 30


def test_a_connection_that_was_closed_for_idleness_costs_nobody_an_answer():
    seen: list[int] = []

    async def run() -> None:
        async with asking(server(1, seen)) as identity:
            for name in ("ada", "bob", "eve"):
                assert await name_of(identity, name) == name

    asyncio.run(run())
    assert seen == [1, 1, 1]


@pytest.mark.parametrize("said", [b"", answer(b"ada")[:-3], b"what?\r\n\r\n"], ids=["nothing", "cut short", "not HTTP"])
def test_what_is_no_answer_is_a_silent_hub(said):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_token(reader)
        writer.write(said)

    async def run() -> None:
        async with asking(serve) as identity:
            with pytest.raises(Refused) as refused:
                await identity.caller("ada")
            assert refused.value.status == 503

    asyncio.run(run())
