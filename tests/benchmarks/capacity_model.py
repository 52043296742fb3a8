"""How long submissions wait at a deadline: many arrive, a few processors judge, first come, first served.

It uses no formula: arrivals at a deadline have no steady rate, and stepping through one queue with c servers is exact
(Kiefer and Wolfowitz 1955). The model leaves out priorities, and tasks other than judging.
"""

import heapq
import math
from collections.abc import Sequence
from random import Random

GROWTH = 4.0  # in the last hours before a deadline the rate grows by e**4, about 50 times


def arrivals(count: int, seconds: float, draw: Random, growth: float = GROWTH) -> list[float]:
    """Return when `count` submissions arrive in the `seconds` before a deadline, the rate growing by e**growth."""
    return sorted(seconds * math.log1p(draw.random() * math.expm1(growth)) / growth for _ in range(count))


def finished(arriving: Sequence[float], services: Sequence[float], servers: int) -> list[float]:
    """Return when each is done, in order of arrival; `services` are the seconds that each takes."""
    free = [0.0] * servers
    done = []
    for at, service in zip(arriving, services, strict=True):
        done.append(max(at, heapq.heappop(free)) + service)
        heapq.heappush(free, done[-1])
    return done


def waits(arriving: Sequence[float], services: Sequence[float], servers: int) -> list[float]:
    """Return the time from arrival to verdict of each."""
    return [end - at for at, end in zip(arriving, finished(arriving, services, servers), strict=True)]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of all values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
