"""Student programs that take all the resources they can get for a set time, to see how other students are affected.

Each runs as the student in their container, prints "going" once it holds the resource, and ends by itself.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

MOST_MB = 1024  # a disk filler starts again after writing this much, in case there is no limit

PROCESSOR = """
for _ in range(2 * os.cpu_count()):
    if os.fork() == 0:
        while time.monotonic() < end:
            sum(range(10_000))
        os._exit(0)
going()
time.sleep(max(0, end - time.monotonic()))
"""
PROCESSES = """
refused = 0
while time.monotonic() < end:
    try:
        if os.fork() == 0:
            time.sleep(max(0, end - 1 - time.monotonic()))  # all have gone when the program ends
            os._exit(0)
    except BlockingIOError:
        refused += 1
        if refused == 1:
            going()
"""
MEMORY = """
rounds = 0
while time.monotonic() < end:
    child = os.fork()
    if child == 0:
        kept = []
        while time.monotonic() < end:
            kept.append(b"x" * 2**24)
        os._exit(0)
    os.waitpid(child, 0)  # the kernel ends it when it has all that it may have
    rounds += 1
    if rounds == 1:
        going()
"""
DISK = """
block, rounds = bytes(2**20), 0
while time.monotonic() < end:
    with open("PLACE/filler", "wb", buffering=0) as file:
        try:
            for _ in range(MOST_MB):
                file.write(block)
                if time.monotonic() > end:
                    break
            os.fsync(file.fileno())
        except OSError as error:
            assert error.errno in (errno.ENOSPC, errno.EDQUOT), error
            os.fsync(file.fileno())
    rounds += 1
    if rounds == 1:
        going()
os.unlink("PLACE/filler")
"""
# Resources that the kernel counts per user, not per container; to the kernel all students are the same user.
PER_USER = """
import ctypes
libc, kept, pipes = ctypes.CDLL(None), [], []
while libc.inotify_init() >= 0 and len(kept) < 5000:
    kept.append(1)
try:
    while len(pipes) < 2000:
        pipes.append(os.pipe())
        fcntl.fcntl(pipes[-1][1], 1031, 2**20)  # F_SETPIPE_SZ
except OSError:
    pass
going()
time.sleep(max(0, end - time.monotonic()))
"""
FILLER = DISK.replace("MOST_MB", str(MOST_MB))
HOGS = {
    "a processor hog": PROCESSOR,
    "a fork bomb": PROCESSES,
    "a memory hog": MEMORY,
    "a filler of the home": FILLER.replace("PLACE", "/home/jovyan"),
    "a filler of /tmp": FILLER.replace("PLACE", "/tmp"),
    "a hog of what a user may have": PER_USER,
}
START = """
import errno, fcntl, os, signal, sys, time
end = time.monotonic() + {seconds}
signal.signal(signal.SIGALRM, signal.SIG_DFL)
def going():
    print("going", flush=True)
"""


@contextmanager
def hog(container: str, name: str, seconds: float) -> Iterator[None]:
    """Run a hog in a container during the block; it has ended afterwards."""
    program = START.format(seconds=seconds) + HOGS[name]
    line = ["docker", "exec", container, "python", "-c", program]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        first = running.stdout.readline()
        assert first == "going\n", first + running.stdout.read()
        yield
        running.stdout.read()
        running.wait(timeout=60)
