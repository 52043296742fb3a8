"""Frames are read as they were written, and a frame that breaks a rule is refused."""

import asyncio
import io
import json

import pytest
from tito.machines.frames import SIZES, BadFrame, frame, next_frame, read_frame


@pytest.mark.parametrize(("header", "body"), [({}, b""), ({"a": [1, "ü", None]}, b"\x80" * 100), ({"": {}}, b"x")])
def test_what_is_written_is_read(header, body):
    assert read_frame(io.BytesIO(frame(header, body)), 100) == (header, body)


def test_both_readers_read_the_same():
    async def read():
        stream = asyncio.StreamReader()
        stream.feed_data(frame({"a": 1}, b"xy"))
        return await next_frame(stream, 2)

    assert asyncio.run(read()) == read_frame(io.BytesIO(frame({"a": 1}, b"xy")), 2)


@pytest.mark.parametrize("cut", range(len(frame({"a": 1}, b"xy"))))
def test_a_connection_that_ends_in_the_middle_gives_none(cut):
    assert read_frame(io.BytesIO(frame({"a": 1}, b"xy")[:cut]), 2) is None


@pytest.mark.parametrize("data", [
    SIZES.pack(2**31, 0), SIZES.pack(2, 3) + b"{}abc", SIZES.pack(2, 0) + b"[]", SIZES.pack(2, 0) + b"\x80\x04",
    SIZES.pack(60_000, 0) + b"[" * 60_000,
])  # fmt: skip
def test_what_breaks_a_rule_is_refused_before_it_is_read(data):
    with pytest.raises(BadFrame):
        read_frame(io.BytesIO(data), 2)


def test_a_header_is_plain_json():
    assert json.loads(frame({"a": "ü"})[SIZES.size :]) == {"a": "ü"}
