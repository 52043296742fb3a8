"""The last minute before a deadline: 1,000 students submit 200 kB notebooks, most of them in the last seconds, a tenth
of them twice, while each is checked in the judge's sandbox. `bench_exchange` compares the rate with a peer's.

Requests are made beforehand and sent by separate processes, whose processor time is reported and limited. How long
verdicts take is predicted from a few earlier submissions; meanwhile a notebook's kernel is asked for an answer again
and again. DEADLINE_STUDENTS=200 makes a short run; with 1,000 it takes about six minutes.

The work of the queue is the processor time of all that it needs: the exchange, the grading service, its runners, and
the judges and sandboxes that they start and kill (`processor_group`). The processor time that other programs used while
the queue was drained is shown too: a ratio above 1 means idle waiting only if they used little.
"""

import json
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean, median

from exchange.protocol.models import parse_utc
from tests.benchmarks.busy import LITTLE_OF_A_CORE, machine_seconds, own_and_started, tree_cpu_seconds
from tests.benchmarks.capacity_model import percentile, waits
from tests.benchmarks.deadline_day import a_day, lost, port_of, requests
from tests.benchmarks.grading_beside import GradingBeside
from tests.benchmarks.kernel_beside import KernelBeside
from tests.benchmarks.load import Load, Sent
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import Process, as_process, make_settings

STUDENTS = int(os.environ.get("DEADLINE_STUDENTS", "1000"))
SECONDS = 60.0 * STUDENTS / 1000  # a smaller class submits at the same rate
SIZE = 200_000
MODULE = "tensor"
JOBS = CORES = len(os.sched_getaffinity(0))
KNOWN = 12 * JOBS  # submissions from which the rest is predicted
QUIET_SECONDS = 10.0


def run(report) -> None:
    """Measure the service times, run the deadline, and report."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="bench-deadline-", dir="/var/tmp") as folder, FakeHub() as hub:
        place = Path(folder)
        with as_process(hub, make_settings(place / "data", hub), place) as live:
            live.open_course(assignment=MODULE, due_at=None)
            with GradingBeside(live, MODULE, JOBS, place) as grading, KernelBeside() as kernel:
                known = known_seconds(report, live, grading)
                without = kernel.seconds_of(lambda: time.sleep(QUIET_SECONDS))
                the_deadline(report, live, grading, kernel, known, without)


def known_seconds(report, live: Process, grading: GradingBeside) -> float:
    """Have a few submissions judged; report their cost, and return how long one keeps a job busy."""
    grading.warm(send(live, "warm", 2 * JOBS, 0.1))
    before, began = grading.cpu_seconds(), time.monotonic()
    grading.wait_for(send(live, "known", KNOWN, 0.1))
    seconds = (time.monotonic() - began) * JOBS / KNOWN
    cost = (grading.cpu_seconds() - before) / KNOWN
    report.measure("processor seconds of a quick check", cost, "s", wanted="<= 0.35")
    return seconds


def send(live: Process, prefix: str, students: int, seconds: float) -> int:
    """Submit without measuring; return how many submitted."""
    day = a_day(students, seconds, Random(students))
    Load(port_of(live), requests(live, day, MODULE, notebooks(students), prefix), live.scratch).send()
    return students


def notebooks(count: int) -> list[bytes]:
    """The reference's notebook, extended to SIZE with words that differ between students."""
    notebook = json.loads(GradingBeside.notebook(MODULE))
    missing = SIZE - len(json.dumps(notebook))
    made = []
    for number in range(count):
        words = random.Random(number).choices(["tensor", "gradient", "loss", "shape", "0.25"], k=missing // 6)
        cell = {"cell_type": "markdown", "id": "words", "metadata": {}, "source": " ".join(words)[:missing]}
        made.append(json.dumps({**notebook, "cells": [*notebook["cells"], cell]}).encode())
    return made


@dataclass(frozen=True)
class Used:
    """Processor seconds used so far: by all that the queue needs, by the exchange alone, and by all other programs."""

    queue: float
    exchange: float
    others: float

    @classmethod
    def now(cls, live: Process, grading: GradingBeside) -> "Used":
        exchange, judging = tree_cpu_seconds(live.process.pid), grading.cpu_seconds()
        own = sum(own_and_started()) + grading.cpu_seconds_of_killed()
        return cls(exchange + judging, exchange, machine_seconds() - own)


def the_deadline(
    report, live: Process, grading: GradingBeside, kernel: KernelBeside, known: float, without: list[float]
) -> None:
    """Let everybody submit, wait until everybody has a verdict, and report."""
    day = a_day(STUDENTS, SECONDS, Random(STUDENTS))
    load = Load(port_of(live), requests(live, day, MODULE, notebooks(STUDENTS), "student"), live.scratch)
    before, memory = Used.now(live, grading), live.peak_bytes()
    with kernel.asked() as beside:
        sent = load.send()
        due, used = time.monotonic(), Used.now(live, grading)
        left = grading.waiting()
        grading.wait_for(STUDENTS)
        drained, after = time.monotonic() - due, Used.now(live, grading)
    tell_answers(report, sent, lost(live, day, sent.answers, MODULE, "student"))
    spent = (used.exchange - before.exchange) / len(sent.answers)
    report.measure("processor time of a submission (with what the grading asks)", spent * 1e3, "ms")
    report.measure("waiting for a verdict at the due time", left, "")
    work = (after.queue - used.queue) / CORES
    report.ratio("queue drained, against work / cores", drained, work, "s", wanted="<= 1.15")
    report.measure(f"of {CORES} cores, meanwhile: other programs", (after.others - used.others) / drained, "cores")
    tell_waits(report, grading, known)
    report.ratio("a kernel's round trip, beside all this", median(beside), median(without), "s", wanted="<= 2")
    report.measure("peak memory of the exchange", live.peak_bytes() / 1e6, "MB", wanted="<= 200")
    report.measure("of which before the deadline", memory / 1e6, "MB")


def tell_answers(report, sent: Sent, wrong: list[str]) -> None:
    """Report how busy the senders were, what was lost, and how long receipts took."""
    for each in wrong[:5]:
        print(each, file=sys.stderr)
    report.measure("busiest sender", sent.busiest, "of a core", wanted=f"<= {LITTLE_OF_A_CORE}")
    report.measure(f"lost of {STUDENTS}", len(wrong), "", wanted="<= 0")
    seconds = [each.seconds for each in sent.answers]
    report.measure("to the receipt, 99 % at most", percentile(seconds, 0.99), "s")


def tell_waits(report, grading: GradingBeside, known: float) -> None:
    """Compare the time from submission to verdict with the prediction from the times of arrival."""
    times = [(parse_utc(at), parse_utc(posted)) for at, posted in grading.times("student")]
    first = min(at for at, _ in times)
    arriving = sorted((at - first).total_seconds() for at, _ in times)
    predicted = waits(arriving, [known] * len(times), JOBS)
    measured = [(posted - at).total_seconds() for at, posted in times]
    for name, of in (("mean wait", mean), ("95 % wait at most", lambda all_: percentile(all_, 0.95))):
        label = f"{name} for a verdict: measured against predicted"
        report.ratio(label, of(measured), of(predicted), "s", wanted="0.75 to 1.25")
