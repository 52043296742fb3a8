"""The service's end of the connection, against a scheduler's door that sends wrong messages."""

import asyncio
import contextlib
import pickle
import queue as queues
import socket
import threading

import pytest
from tito.checks.run import JudgingFailed, NotJudgedNow
from tito.errors import TitoError
from tito.grading.settings import SettingsError, settings_from_environment
from tito.machines import calls
from tito.machines.calls import Calls, JudgesSilent, place_of, who_is_there
from tito.machines.certificates import make_certificates, server_context
from tito.machines.frames import PACKAGE_BYTES, SIZES, frame, read_frame

PART = ("digest", b"the course's part")


class Unpickled:
    def __reduce__(self):
        return pytest.fail, ("something was unpickled",)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


class FakeDoor:
    """Answers each submission with the bytes that the test chooses, on one connection after another."""

    def __init__(self, certificates, answer):
        self.heard: queues.SimpleQueue = queues.SimpleQueue()
        self._context, self._answer = server_context(certificates, "scheduler"), answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tls://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                with contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as one:
                    one.sendall(frame({"slots": 2}))
                    with one.makefile("rb") as file:
                        while came := read_frame(file, PACKAGE_BYTES):
                            self.heard.put(came)
                            if data := self._answer(*came):
                                one.sendall(data)

    def close(self):
        self._listener.close()


@pytest.fixture
def asked(certificates, monkeypatch):
    """Return a function that submits to a door with the given answers and returns the result and the door."""
    monkeypatch.setattr(calls, "AGAIN_SECONDS", 0.01)
    with contextlib.ExitStack() as stack:

        def ask(answer, seconds: float = 20.0):
            door = FakeDoor(certificates, answer)
            stack.callback(door.close)
            mine = Calls(door.address, certificates)
            stack.callback(mine.close)
            return mine.judge(PART, b"package", seconds), door

        yield ask


def test_a_submission_goes_with_its_part_of_the_course_and_its_answer_comes(asked):
    answer, door = asked(lambda said, body: frame({"answer": said["judge"]}, b"bytes") if "judge" in said else b"")
    assert answer == b"bytes"
    assert door.heard.get() == ({"course": "digest"}, PART[1])
    assert door.heard.get() == ({"judge": 1, "of": "digest", "label": 0}, b"package")


def test_a_part_of_the_course_that_the_other_side_has_forgotten_is_sent_again(certificates, monkeypatch):
    monkeypatch.setattr(calls, "KEPT_COURSES", 2)
    door = FakeDoor(
        certificates, lambda said, _: frame({"answer": said["judge"]}, b"bytes") if "judge" in said else b""
    )
    mine = Calls(door.address, certificates)
    with contextlib.closing(door), contextlib.closing(mine):
        for name in ("one", "two", "two", "three", "one"):
            mine.judge((name, b"a part"), b"package", 20.0)
    heard = [door.heard.get()[0] for _ in range(9)]
    assert [said["course"] for said in heard if "course" in said] == ["one", "two", "three", "one"]


def test_answers_to_what_was_not_asked_are_dropped_and_the_first_one_counts(asked):
    pickled = pickle.dumps(Unpickled())

    def answer(said, body):
        if "judge" not in said:
            return b""
        odd = b"".join(frame({"answer": number}, pickled) for number in (2, -1, "1", None, [1], 1.5, False))
        odd += frame({"slots": "many"}) + frame({"slots": -5}) + frame({"failed": {"1": 1}}) + frame({"unknown": 1})
        return odd + frame({"answer": said["judge"]}, b"first") + frame({"answer": said["judge"]}, pickled)

    assert asked(answer)[0] == b"first"


@pytest.mark.parametrize("broken", [SIZES.pack(2**31, 1), SIZES.pack(2, 2**31) + b"{}", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_broken_frame_ends_the_connection_and_the_submission_is_handed_over_again(asked, broken):
    said_before = []

    def answer(said, body):
        if "judge" not in said:
            return b""
        said_before.append(said)
        return broken if len(said_before) == 1 else frame({"answer": said["judge"]}, b"bytes")

    assert asked(answer)[0] == b"bytes"
    assert len(said_before) == 2


@pytest.mark.parametrize(("told", "kind"), [({}, NotJudgedNow), ({"hopeless": True}, JudgingFailed)])
def test_what_could_not_be_judged_is_told_apart(asked, told, kind):
    text = {"text": "why" * 1000}
    with pytest.raises(kind, match="why") as raised:
        asked(lambda said, body: frame({"failed": said["judge"]} | told | text) if "judge" in said else b"")
    assert len(str(raised.value)) < 1000


def test_only_the_connections_own_thread_writes_to_it(asked, monkeypatch):
    """While that thread reads, another one that wrote would make OpenSSL lose data."""
    writers, write = set(), asyncio.StreamWriter.write

    def noted(self, data):
        writers.add(threading.current_thread().name)
        write(self, data)

    monkeypatch.setattr(asyncio.StreamWriter, "write", noted)
    asked(lambda said, body: frame({"answer": said["judge"]}, b"bytes") if "judge" in said else b"")
    assert writers == {"grading-calls"}


def test_a_worker_that_never_answers_is_not_waited_for(asked):
    with pytest.raises(NotJudgedNow, match="in time"):
        asked(lambda said, body: b"", seconds=0.1)


def test_a_scheduler_that_stays_away_gives_the_work_back(certificates, monkeypatch):
    monkeypatch.setattr(calls, "AWAY_SECONDS", 0.0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tls://127.0.0.1:{nobody.getsockname()[1]}"
        mine = Calls(address, certificates)
        with pytest.raises(JudgesSilent, match="does not answer"):
            mine.judge(PART, b"package", 30.0)
        mine.close()
        with pytest.raises(JudgesSilent, match="does not answer"):
            who_is_there(address, certificates)


@pytest.mark.parametrize("address", ["tcp://host:1", "tls://host", "host:1", "tls://host:99999", "tls://host:1/x", ""])
def test_plain_connections_are_not_made(address):
    with pytest.raises(TitoError, match="tls://HOST:PORT"):
        place_of(address)


def test_a_scheduler_needs_certificates(tmp_path):
    (tmp_path / "source").mkdir()
    with pytest.raises(SettingsError, match="tito grade certificates"):
        settings_from_environment({"GRADING_SCHEDULER": "tls://host:1"}, course_dir=tmp_path)
