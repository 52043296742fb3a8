"""A machine kept busy by other processes, and student code that does or does not need the processor."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tito.checks.link import Budget, Link

# Busy processes per processor: each of our own then gets a quarter of one, or less if others are working too.
PER_PROCESSOR = 3
TIGHT = Budget(request_seconds=1.0, check_seconds=4.0, total_seconds=20.0)
# The slow code needs so much processor time that it finishes in time on an idle machine, but not on a crowded one.
CODE = """
import threading, time
def slow(seconds=0.6):
    end = time.process_time() + seconds
    while time.process_time() < end: sum(range(10_000))
    return True
def sleep(): time.sleep(10**6)
def locked():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
def waits():
    return input()
def endless():
    while True: pass
def many_threads():
    def spin():
        while True: sum(range(10**9))
    for _ in range(20): threading.Thread(target=spin, daemon=True).start()
    spin()
def be_humble():
    import os
    os.nice(19)
"""
FAULTY = ("sleep", "locked", "endless")  # a test waits for the time limit of each


@contextmanager
def crowd() -> Iterator[None]:
    """Keep all processors busy. Each process has its own session, so that the kernel gives each one a share."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    count = PER_PROCESSOR * (os.cpu_count() or 1)
    busy = [subprocess.Popen(command, start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def prepared(launch, budget: Budget = TIGHT) -> Link:
    return Link(launch, lambda link: link.request("cell", "code", CODE, ""), budget)


def call(link: Link, name: str):
    return link.request("names", [name])[name]()
