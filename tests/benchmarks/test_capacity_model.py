"""The queueing model, compared with results by hand, and with Erlang's formula where arrivals are steady."""

import math
from random import Random
from statistics import mean

import pytest

from tests.benchmarks.capacity_model import arrivals, finished, percentile, waits


def test_one_after_another_where_one_judges_and_side_by_side_where_two_do():
    assert finished([0, 1, 2, 20], [5, 5, 5, 1], 1) == [5, 10, 15, 21]
    assert waits([0, 1, 2, 20], [5, 5, 5, 1], 2) == [5, 5, 8, 1]


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (2, 0.7), (4, 0.8)])
def test_steady_arrivals_wait_as_erlang_says(servers: int, load: float):
    draw, count = Random(1), 100_000
    clock, arriving = 0.0, []
    for _ in range(count):
        clock += draw.expovariate(servers * load)
        arriving.append(clock)
    services = [draw.expovariate(1) for _ in range(count)]
    queued = mean(waits(arriving, services, servers)) - 1
    offered = servers * load
    last = offered**servers / math.factorial(servers) / (1 - load)
    busy = last / (sum(offered**n / math.factorial(n) for n in range(servers)) + last)
    assert queued == pytest.approx(busy / (servers * (1 - load)), rel=0.1)


def test_most_arrive_late():
    times = arrivals(2000, 3600, Random(1))
    assert len(times) == 2000 and times == sorted(times) and times[0] >= 0 and times[-1] <= 3600
    assert sum(at > 3600 * 0.75 for at in times) > 0.6 * 2000


def test_a_percentile_is_one_of_the_values():
    assert [percentile([3, 1, 2], share) for share in (0, 0.5, 1)] == [1, 2, 3]
