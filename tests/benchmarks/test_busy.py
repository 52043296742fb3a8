"""How busy client, service, this process and the disk were is reported, and a client without time left fails."""

import os
import subprocess
import sys
import time

from tests.benchmarks.__main__ import run
from tests.benchmarks.busy import MOST_OF_A_CORE, Busy, cpu_seconds, machine_seconds, told, watched
from tests.benchmarks.report import Report

SPIN = (
    "import time\nbegin = time.process_time()\nprint('on', flush=True)\nwhile time.process_time() - begin < 0.4: pass\n"
)


def spinning() -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", SPIN + "input()"], stdin=-1, stdout=-1, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def end(process: subprocess.Popen) -> None:
    process.communicate("\n", timeout=60)


def wait_for_cpu(process: subprocess.Popen, seconds: float) -> None:
    until = time.monotonic() + 60
    while cpu_seconds(process.pid) < seconds:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_clients_time_is_its_own_and_a_childs_is_the_services():
    for clients_of in (lambda process: [process.pid], lambda process: []):
        process = spinning()
        before = cpu_seconds(process.pid)
        with watched(clients_of(process)) as busy:
            wait_for_cpu(process, before + 0.3)
        end(process)
        mine, other = (busy.client, busy.service) if busy.clients else (busy.service, busy.client)
        assert mine > 0 and other == 0


def test_a_client_that_had_no_time_left_fails_the_benchmark():
    for share, failed in ((MOST_OF_A_CORE + 0.1, ["ours: client"]), (0.2, [])):
        report = Report("exchange")
        Busy(client=share, hub=2.0, service=0.3, disk=1.0).tell(report, "ours")
        assert [row.label for row in report.failed] == failed
        assert [row.label for row in report.rows] == [f"ours: {name}" for name in ("client", "hub", "service", "disk")]


def test_a_process_that_is_gone_has_used_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert cpu_seconds(process.pid) == 0.0
    assert cpu_seconds(os.getpid()) > 0


def test_every_benchmark_says_how_busy_it_and_what_it_started_were():
    report = Report("judge")
    with told(report, is_client=False):
        process = spinning()
        wait_for_cpu(process, 0.2)
        end(process)  # what has ended counts, too
    own, started, disk = report.rows
    assert [row.label for row in report.rows] == ["busy: this process", "busy: what it started", "busy: disk"]
    assert started.ours > own.ours >= 0 and disk.ours >= 0
    assert report.failed == [] and own.wanted == ""


def test_a_benchmark_whose_own_process_is_a_client_without_time_left_fails(monkeypatch):
    class Spins:
        IS_CLIENT = True

        @staticmethod
        def run(report) -> None:
            report.measure("speed", 1.0, "1/s")

    monkeypatch.setitem(sys.modules, "tests.benchmarks.bench_spins", Spins)
    monkeypatch.setattr("tests.benchmarks.busy.own_and_started", iter([(0.0, 0.0), (1e6, 0.0)]).__next__)
    report = Report()
    assert run("spins", report)
    assert [row.label for row in report.failed] == ["busy: this process"]


def test_the_machine_was_at_least_as_busy_as_a_process_of_it():
    before = machine_seconds()
    process = spinning()
    wait_for_cpu(process, 0.3)
    end(process)
    assert machine_seconds() - before >= 0.25
