"""Whatever is sent, the answer is never a 5xx: schemathesis generates requests from the OpenAPI description."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.harness.plain import PLAIN

pytestmark = pytest.mark.service
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", ["student", "staff", "service"])
def test_no_request_makes_a_server_error(tmp_path: Path, who: str) -> None:
    """Schemathesis sends good and bad values to every operation, as a student, staff or a service with all rights."""
    settings = {"longest_wait_seconds": 0.01}  # a longer poll would get the same answer
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "data", hub, **settings), tmp_path) as live:
        live.clock.at("2026-11-19T12:00:00Z")
        live.open_course()
        live.submit(live.student("ada"))
        tokens = {
            "student": hub.student("ada", COURSE),
            "staff": hub.staff("grace", COURSE),
            "service": hub.service("x"),
        }
        done = _schemathesis(live, tokens[who], tmp_path)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 100  # type: ignore[index]
        assert live.fsck().damage == []


def _schemathesis(live: Live, token: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("st")), "run", f"{live.url}/openapi.json"]
    command += ["--header", f"Authorization: token {token}", "--checks", "not_a_server_error"]
    command += ["--max-examples", "5", "--phases", "examples,coverage,fuzzing", "--generation-database", "none"]
    command += ["--request-timeout", "60", "--seed", "1"]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.exchange.schema_hooks", "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=840, env=os.environ | hooks)


def test_description_is_complete(tmp_path: Path) -> None:
    """Every operation has a summary and describes its 403; every answer that has a body has a schema."""
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        paths = httpx.get(f"{live.url}/openapi.json", **PLAIN).json()["paths"]
        operations = [op for path in paths.values() for op in path.values()]
        assert len(operations) >= 30
        assert [op["operationId"] for op in operations if "summary" not in op or "403" not in op["responses"]] == []
        answers = {
            (op["operationId"], status): answer.get("content", {})
            for op in operations
            for status, answer in op["responses"].items()
            if status != "204"
        }
        assert [name for name, content in answers.items() if not _has_schema(content)] == []


def _has_schema(content: dict) -> bool:
    return bool(content) and all(kind.get("schema") for kind in content.values())
