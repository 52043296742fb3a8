"""Scheduler and worker as commands: each refuses to start where it can't work safely, and says what to do."""

import os
import subprocess

import pytest
from tito.machines.certificates import make_certificates
from tito.machines.walls import behind_walls

from tests.environments import CHECKOUT, COURSE
from tests.machines.place import Machines

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def refused(*words: object, **environment: str) -> str:
    done = subprocess.run(Machines.tito(*words), env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    return done.stderr


def test_a_worker_without_a_sandbox_does_not_start(certificates, tmp_path):
    said = refused("worker", "--scheduler", "tls://127.0.0.1:9", "--certificates", certificates, "--jobs", 1,
                   TITO_WORKER_ENVIRONMENT=str(tmp_path))  # fmt: skip
    assert "no worker was started" in said and "tito package environments worker" in said


def test_a_worker_speaks_tls_or_not_at_all(certificates):
    assert "tls://HOST:PORT" in refused("worker", "--scheduler", "tcp://127.0.0.1:9", "--certificates", certificates)


def test_a_scheduler_without_its_certificate_does_not_start(tmp_path):
    assert "tito grade certificates" in refused("scheduler", "--certificates", tmp_path)


def test_behind_the_scheduler_s_walls_are_programs_and_its_certificate_alone(certificates, tmp_path):
    """Inside are the checkout's packages, but no test or module of the course, no other program and no variable."""
    closed = [
        COURSE / "modules",
        CHECKOUT / "tests",
        CHECKOUT / "pyproject.toml",
        certificates,
        tmp_path,
        "/etc/passwd",
    ]
    closed += [f"/proc/{os.getpid()}"] if os.getpid() > 9 else []
    asked = [*map(str, closed), str(COURSE / "tito"), "/certificates/scheduler.pem"]
    program = f"import os, sys; print([path for path in {asked!r} if os.path.exists(path)], os.environ.get('SECRET'))"
    command = behind_walls(["-c", program], [certificates / "scheduler" / "scheduler.pem"])
    done = subprocess.run(command, env={**os.environ, "SECRET": "x"}, capture_output=True, text=True)
    assert done.stdout == f"{asked[-2:]} None\n", done.stderr
