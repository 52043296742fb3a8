"""Run the integration tests on the student's own package, in a fresh process."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass

from tito.curriculum import Curriculum
from tito.errors import TitoError
from tito.student.progress import CHANGED, DONE, progress_of
from tito.workspace import Workspace

LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class IntegrationResult:
    """The result of one integration test."""

    name: str
    title: str
    passed: bool
    why: str = ""

    def to_json(self) -> dict:
        return asdict(self)


def run_integration(workspace: Workspace, curriculum: Curriculum) -> list[IntegrationResult]:
    """Run every test whose modules are complete or prebuilt; raise if the code never ends."""
    ready = [m.slug for m in curriculum.modules if progress_of(workspace, m).state in (*DONE, CHANGED)]
    command = [sys.executable, "-P", "-m", "tinytorch.integration", *ready]
    environment = os.environ | {"TINYTORCH_HOME": str(workspace.package)}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT_SECONDS,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise TitoError(
            f"integration tests did not finish within {LIMIT_SECONDS:g} seconds: is there an endless loop in a "
            "completed module? 'tito module test NAME' tests one at a time."
        ) from None
    try:
        rows = json.loads(done.stdout)
        return [IntegrationResult(row["name"], row["title"], row["passed"], row["why"]) for row in rows]
    except (ValueError, KeyError, TypeError):
        raise TitoError(
            f"integration tests ended without a result (exit code {done.returncode}): is there an exit() in a "
            "completed module?"
        ) from None
