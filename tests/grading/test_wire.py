"""The wire: every plain value arrives as it was sent, and no incoming bytes can hang, crash or run anything."""

import contextlib
import math
import os
import socket
import struct
import threading
import time
from collections import Counter, OrderedDict, defaultdict

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tito.worker.channel import Channel
from tito.worker.wire import (
    ARRAY,
    BIG_INT,
    COMPLEX,
    DTYPE,
    HEADER,
    RANGE,
    SCALAR,
    Reader,
    Ref,
    Stored,
    WireError,
    WireLimits,
    Writer,
)

from tests.examples import examples


def refuse(value: object):
    raise TypeError(f"not plain: {value!r}")


def through(value, **options):
    """Send a value and read it again."""
    pieces = Writer(refuse).message(value)
    header = bytes(pieces[0])
    size, count = HEADER.unpack(header[: HEADER.size])
    structure = header[HEADER.size + 8 * count :]
    assert len(structure) == size and count == len(pieces) - 1
    return Reader(lambda ref: ref, **options).value(structure, [bytes(piece) for piece in pieces[1:]])


def equal(a, b) -> bool:
    """Compare as the wire promises: same class, same content, NaN equals itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, np.generic):
        return a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return a == b


DTYPES = ["bool", "int8", "uint8", "int16", "int32", "int64", "uint64", "float16", "float32", "float64", ">f4", ">i8"]
dtypes = st.sampled_from([*DTYPES, "complex64", "complex128"])
arrays = st.builds(
    lambda dtype, shape, seed: np.random.default_rng(seed).integers(0, 2, shape).astype(dtype),
    dtypes,
    st.lists(st.integers(0, 4), max_size=4),
    st.integers(0, 99),
)
plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats()
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | arrays
    | st.builds(lambda a: a.reshape(-1)[0] if a.size else np.float32(1), arrays)
    | st.sampled_from([np.dtype("float32"), np.dtype("bool"), float, np.float64, np.ndarray, Ellipsis])
    | st.builds(slice, st.none() | st.integers(-9, 9), st.none() | st.integers(-9, 9))
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9))
    | st.frozensets(st.integers(-9, 9))
)
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values)
def test_every_plain_value_arrives_as_it_was_sent(value):
    assert equal(through(value), value)


@given(st.binary(max_size=300), st.lists(st.binary(max_size=50), max_size=3))
@settings(max_examples=examples(500))
def test_any_bytes_are_a_value_or_a_wire_error(structure, buffers):
    with contextlib.suppress(WireError):
        Reader(lambda ref: ref).value(structure, buffers)


@given(values, st.data())
@settings(max_examples=examples(300))
def test_a_damaged_message_is_a_value_or_a_wire_error(value, data):
    pieces = Writer(refuse).message(value)
    count = HEADER.unpack(bytes(pieces[0])[: HEADER.size])[1]
    structure = bytearray(bytes(pieces[0])[HEADER.size + 8 * count :])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(structure) - 1))
        structure[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError):
        Reader(lambda ref: ref).value(bytes(structure), [bytes(piece) for piece in pieces[1:]])


EXTENSIONS = {
    "an array of objects": (ARRAY, msgpack.packb(["|O", [2], 0, 0])),
    "an array of records": (ARRAY, msgpack.packb(["V8", [1], 0, 0])),
    "an array of text": (ARRAY, msgpack.packb(["<U2", [1], 0, 0])),
    "an array without its bytes": (ARRAY, msgpack.packb(["<f8", [1], 7, 0])),
    "an array of another size": (ARRAY, msgpack.packb(["<f8", [3], 0, 0])),
    "an array of negative size": (ARRAY, msgpack.packb(["<f8", [-1], 0, 0])),
    "an array with a shape of text": (ARRAY, msgpack.packb(["<f8", "1", 0, 0])),
    "an array with half its fields": (ARRAY, msgpack.packb(["<f8"])),
    "a scalar without bytes": (SCALAR, b"\x03<f8"),
    "a dtype that is evaluated": (DTYPE, b"(2,3)f8,"),
    "a dtype with an old name": (DTYPE, b"a"),
    "half a complex number": (COMPLEX, b"1234"),
    "a code of nobody's": (99, b""),
    "rows of nothing": (ARRAY, msgpack.packb(["<f8", [2**39, 2, 0], 0, 0])),
    "nothing in many rows": (ARRAY, msgpack.packb(["<f8", [0, 2**21], 0, 0])),
    "an array of too many axes": (ARRAY, msgpack.packb(["<f8", [1] * 33, 0, 0])),
    "a size that is no number": (ARRAY, msgpack.packb(["<f8", [True], 0, 0])),
    "a range of millions": (RANGE, msgpack.packb([0, 5 * 10**6, 1])),
    "a range to a huge number": (
        RANGE, msgpack.packb([0, msgpack.ExtType(BIG_INT, (2**8000).to_bytes(1001, "little")), 1]),
    ),
    "a range backwards": (RANGE, msgpack.packb([10**9, 0, -1])),
    "a range without a step": (RANGE, msgpack.packb([0, 1, 0])),
    "a range of halves": (RANGE, msgpack.packb([0, 1.5, 1])),
}  # fmt: skip


@pytest.mark.parametrize("name", EXTENSIONS)
def test_ill_formed_extensions_are_refused(name):
    code, data = EXTENSIONS[name]
    with pytest.raises(WireError):
        Reader(lambda ref: ref).value(msgpack.packb(msgpack.ExtType(code, data)), [bytes(8)])


def test_what_is_walked_through_is_counted_over_a_whole_message():
    """Many arrays may share the same bytes, and many ranges need none."""
    one = msgpack.ExtType(ARRAY, msgpack.packb(["|u1", [2**23], 0, 0]))
    reader = Reader(lambda ref: ref)
    assert len(reader.value(msgpack.packb([one] * 8), [bytes(2**23)])) == 8
    with pytest.raises(WireError, match="elements"):
        reader.value(msgpack.packb([one] * 9), [bytes(2**23)])
    part = msgpack.ExtType(RANGE, msgpack.packb([0, 2**18, 1]))
    assert reader.value(msgpack.packb([part] * 4), []) == [range(2**18)] * 4
    with pytest.raises(WireError, match="a message's ranges have more than"):
        reader.value(msgpack.packb([part] * 5), [])


@pytest.mark.parametrize("value", [np.zeros((2**39, 0)), range(10**30), np.zeros((0, 2**21))])
def test_what_would_be_refused_is_not_sent(value):
    with pytest.raises(WireError):
        Writer(refuse).message(value)


def test_empty_arrays_and_ranges_of_an_honest_size_arrive():
    for shape in ((0,), (0, 3, 32, 32), (60_000, 0), (5, 0, 7)):
        assert through(np.zeros(shape)).shape == shape
    assert through([range(0, 60_000, 7), range(5, -5, -2), range(0)]) == [
        range(0, 60_000, 7),
        range(5, -5, -2),
        range(0),
    ]


def test_depth_is_bounded_in_what_is_sent_and_in_what_comes():
    deep = ()
    for _ in range(100):
        deep = (deep,)
    with pytest.raises(WireError, match="deep"):
        Writer(refuse).message(deep)
    nested = b""
    for _ in range(40):
        nested = msgpack.packb([msgpack.ExtType(3, nested or msgpack.packb([]))])
    with pytest.raises(WireError, match="levels deep"):
        Reader(lambda ref: ref).value(nested, [])
    with pytest.raises(WireError):
        Reader(lambda ref: ref).value(b"\x91" * 100_000 + b"\xc0", [])


def test_a_list_that_contains_itself_cannot_be_sent():
    endless: list = []
    endless.append(endless)
    with pytest.raises(WireError):
        Writer(refuse).message(endless)


def test_keys_that_could_be_made_to_collide_are_counted():
    many = {number * (2**61 - 1): 0 for number in range(1, 8)}
    assert through(many, limits=WireLimits(chosen_keys=7)) == many
    with pytest.raises(WireError, match="keys that are not text"):
        through(many, limits=WireLimits(chosen_keys=6))


def test_what_came_is_read_only_for_the_judge_and_writable_for_the_worker():
    assert not through(np.zeros(2)).flags.writeable
    assert through(np.zeros(2), writable=True).flags.writeable


def test_dicts_of_the_standard_library_arrive_as_dicts():
    pairs = {(1, 2): 3, (2, 1): 4}
    for value in (Counter(pairs), OrderedDict(pairs), defaultdict(int, pairs)):
        assert equal(through(value), pairs)


def test_subclasses_of_plain_classes_do_not_pass_for_plain():
    class Liar(float):
        pass

    class Proxy(list):
        pass

    referred = []
    for value in (Liar(1), Proxy()):
        Writer(lambda v: referred.append(v) or Ref(1)).message(value)
    assert [type(value) for value in referred] == [Liar, Proxy]


@given(st.integers(0, 2**64 - 1), st.text(max_size=100))
def test_references_keep_their_numbers(number, kind):
    for ref in (Ref(number, kind), Stored(number)):
        pieces = Writer(refuse).message([ref])
        (back,) = Reader(lambda r: r).value(bytes(pieces[0])[HEADER.size :], [])
        assert type(back) is type(ref) and back.number == number


# The channel


@pytest.fixture
def ends():
    a, b = socket.socketpair()
    fd = a.detach()
    os.set_blocking(fd, False)
    channel = Channel(fd, fd, WireLimits(structure_bytes=1000, array_bytes=10_000, arrays=3))
    yield channel, b
    channel.close()
    b.close()


def soon(seconds: float = 0.3) -> float:
    return time.monotonic() + seconds


@pytest.mark.parametrize(
    "announced",
    [HEADER.pack(1001, 0), HEADER.pack(2**32 - 1, 0), HEADER.pack(1, 4), HEADER.pack(1, 1) + struct.pack("<Q", 2**63)],
)
def test_a_message_that_announces_too_much_is_refused_before_it_comes(ends, announced):
    channel, other = ends
    other.sendall(announced)
    with pytest.raises(WireError, match=r"a message(?: announces|'s arrays have) "):
        channel.receive(soon(5))


@given(st.binary(max_size=200))
@settings(max_examples=examples(100))
def test_any_bytes_end_in_a_message_an_error_or_the_end(data):
    a, b = socket.socketpair()
    channel = Channel(a.fileno(), a.fileno(), WireLimits(structure_bytes=100, array_bytes=100))
    with a, b:
        b.sendall(data)
        b.shutdown(socket.SHUT_WR)
        with contextlib.suppress(WireError, EOFError):
            Reader(lambda ref: ref).value(*channel.receive(soon(5)))


def test_silence_meets_the_deadline(ends):
    channel, _ = ends
    with pytest.raises(TimeoutError):
        channel.receive(soon())


def test_dripping_meets_the_deadline(ends):
    channel, other = ends
    stop = threading.Event()

    def drip() -> None:
        other.sendall(HEADER.pack(900, 0))
        while not stop.wait(0.02):
            other.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        with pytest.raises(TimeoutError):
            channel.receive(soon())
    finally:
        stop.set()
        thread.join()


def test_a_reader_that_stops_reading_meets_the_deadline(ends):
    channel, _ = ends
    with pytest.raises(TimeoutError):
        channel.send([bytes(10**7)], soon())


def test_the_end_of_the_other_side_is_said(ends):
    channel, other = ends
    other.sendall(HEADER.pack(10, 0) + b"half")
    other.close()
    with pytest.raises(EOFError):
        channel.receive(soon(5))


def test_messages_come_whole_and_in_order(ends):
    channel, other = ends
    sender = Channel(os.dup(other.fileno()), os.dup(other.fileno()))
    writer = Writer(refuse)
    for number in range(3):
        sender.send(writer.message([number, np.arange(number)]))
    reader = Reader(lambda ref: ref)
    for number in range(3):
        got, array = reader.value(*channel.receive(soon(5)))
        assert got == number and array.tolist() == list(range(number))
    sender.close()
