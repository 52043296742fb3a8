"""The judges of one worker: as many processes as it has slots, started when first needed and kept."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

from .frames import ANSWER_BYTES, BadFrame, Frame, frame, read_frame


class Judges:
    """Lends judges to the threads that carry submissions."""

    def __init__(self, slots: int, kept: Path):
        self._kept = kept
        self._free: queue.SimpleQueue[_Judge] = queue.SimpleQueue()
        self._all = [_Judge(kept) for _ in range(slots)]
        for judge in self._all:
            self._free.put(judge)

    def why_not(self) -> str:
        """Say why student code can't be run on this machine; "" if it can."""
        return self._with_a_judge({"sandbox": True}, b"")[1].decode()

    def judge(self, digest: str, part: bytes, package: bytes) -> bytes:
        """Judge a package; a judge that dies doing it is started again, and the submission is tried again later."""
        try:
            return self._judge(digest, part, package)
        except (OSError, EOFError, BadFrame) as error:
            text = f"the judge's process on this machine ended ({error}); nothing was judged, so nobody lost a point"
            return json.dumps({"error": "NotJudgedNow", "text": text}).encode()

    def close(self) -> None:
        for judge in self._all:
            judge.end()

    def _judge(self, digest: str, part: bytes, package: bytes) -> bytes:
        judge = self._free.get()
        try:
            if not judge.ask({"has": digest})[0]["has"]:
                judge.ask({"keep": digest}, part)
            return judge.ask({"of": digest}, package)[1]
        finally:
            self._free.put(judge)

    def _with_a_judge(self, header: dict, body: bytes) -> Frame:
        judge = self._free.get()
        try:
            return judge.ask(header, body)
        finally:
            self._free.put(judge)


class _Judge:
    def __init__(self, kept: Path):
        self._command = [sys.executable, "-m", "tito.machines.judge_process", str(kept)]
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()

    def ask(self, header: dict, body: bytes = b"") -> Frame:
        with self._lock:
            process = self._started()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(frame(header, body))
            process.stdin.flush()
            answer = read_frame(process.stdout, ANSWER_BYTES)
        except OSError:
            self.end()
            raise
        if answer is None:
            code = process.wait()
            self.end()
            raise EOFError(f"code {code}")
        return answer

    def _started(self) -> subprocess.Popen:
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._process

    def end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # its unread input is lost with it
                if pipe:
                    pipe.close()
