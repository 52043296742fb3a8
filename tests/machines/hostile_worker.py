"""A real Dask worker with the course's certificate that gives malicious answers. Arguments: see `main`."""

import asyncio
import json
import sys
from pathlib import Path

from distributed import Worker
from tito.machines import carried
from tito.machines.door import SLOT
from tito.machines.worker import quieten, security_of


class Runs:
    """Runs a program wherever it is unpickled."""

    def __init__(self, program: str):
        self.program = program

    def __reduce__(self):
        return exec, (self.program, {})


class Raised(Exception):
    def __init__(self, program: str):
        super().__init__(program)
        self.program = program

    def __reduce__(self):
        return exec, (self.program, {})


def answers(payload: str, takes_over: str) -> list:
    """Return its answers, in order."""
    import pickle

    full = {"name": "scale", "max_points": 60.0, "lent": "", "checks": []}
    verdict = {"slug": "vectors", "refused": "", "notes": [], "seconds": 0.0, "versions": {}, "exercises": [full]}
    richer = verdict | {"exercises": [full | {"max_points": 1e9}]}
    return [
        Runs(payload),
        Raised(payload),
        pickle.dumps(Runs(payload)),
        b"x" * (2**22 + 1),
        "text",
        json.dumps({"verdict": richer}).encode(),
        b'{"verdict": {"exercises": [{"max_points": NaN}]}}',
        json.dumps({"error": "SystemExit", "text": "x" * 10_000}).encode(),
        Runs(takes_over),
    ]


async def main(scheduler: str, certificates: str, payload: str, takes_over: str) -> None:
    left = answers(payload, takes_over)

    def judge(digest: str, part: bytes, package: bytes):
        answer = left.pop(0) if left else b"nothing more"
        if isinstance(answer, Exception):
            raise answer
        return answer

    carried.judges.append(judge)
    security = security_of(Path(certificates), "worker")
    async with Worker(scheduler, security=security, resources={SLOT: 1}, nthreads=2, name="hostile") as worker:
        await worker.finished()


if __name__ == "__main__":
    quieten()
    asyncio.run(main(*sys.argv[1:]))
