"""A worker's sandbox made with Docker: a container without a network, for places that have an engine.

It makes the same promises as bubblewrap's sandbox, which it replaces if `TITO_SANDBOX=container`: a read-only system,
no capability and no way to gain one, a user of its own, an empty /tmp, limits on memory, processor and processes,
nothing shared between submissions. If no engine answers, or it lacks the image, nothing is graded.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile

from tito.checks.link import WorkerProcess
from tito.checks.times import Use, use_in_words
from tito.worker.channel import Channel

from .content import Predecessors
from .limits import FIRST_USER, USERS, SandboxLimits, SandboxUnavailable, worker_command, worker_variables

IMAGE_NAME = "TITO_WORKER_IMAGE"
DEFAULT_IMAGE = "tinytorch-hub/worker:latest"
LABEL = "tinytorch.worker"
JUDGE_LABEL = "tinytorch.judge"
# Identifies this process and its forks: an engine's other users may have processes with the same numbers.
_PLACE = secrets.token_hex(8)
PROCESSES = 64  # numpy's threads count too; the worker forbids itself new processes
ENGINE_SECONDS = 60.0


class Container:
    """Workers in their own containers; needs the right to talk to the engine, which nobody else may have."""

    @staticmethod
    def place() -> str:
        """Return the image named by the environment."""
        return os.environ.get(IMAGE_NAME, DEFAULT_IMAGE)

    def __init__(self, image: str, limits: SandboxLimits | None = None):
        self.image, self.limits = image, limits or SandboxLimits()
        self._docker = shutil.which("docker") or ""
        self._check()

    def start(self, predecessors: Predecessors) -> WorkerProcess:
        """Start a worker; the container is removed by `stop()`, or ends with this process."""
        name = f"tinytorch-worker-{secrets.token_hex(8)}"
        said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        process = subprocess.Popen(
            [*self._walls(name, predecessors), self.image, *self._worker()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=_client_environment(),
            start_new_session=True,
        )
        return ContainedWorker(self._docker, name, process, said)

    def clear(self, judge: int) -> None:
        """Remove the containers of a killed judge's process; a busy container does not end by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # a slow engine must not lose the verdict
            answer = self._ask("ps", "--all", "--quiet", "--filter", f"label={JUDGE_LABEL}={_PLACE}-{judge}")
            if left := answer.stdout.split():
                self._ask("rm", "--force", *left)

    def _walls(self, name: str, predecessors: Predecessors) -> list[str]:
        tmp = self.limits.tmp_bytes
        user = FIRST_USER + secrets.randbelow(USERS)
        memory = str(self.limits.address_space_bytes)
        return [
            *(self._docker, "run", "--rm", "--interactive", "--name", name, "--label", f"{LABEL}=1"),
            *("--label", f"{JUDGE_LABEL}={_PLACE}-{os.getpid()}"),
            *("--pull", "never", "--network", "none", "--hostname", "worker", "--log-driver", "none"),
            *("--read-only", "--ipc", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--user", f"{user}:{user}", "--pids-limit", str(PROCESSES)),
            *("--memory", memory, "--memory-swap", memory, "--cpus", "1", "--ulimit", "core=0"),
            *("--cpu-shares", "128", "--oom-score-adj", "500"),  # like students' servers: Hub and engine come first
            *("--tmpfs", f"/tmp:rw,nosuid,nodev,noexec,mode=1777,size={tmp}"),
            *("--mount", f"type=bind,source={predecessors.folder().resolve()},target=/predecessors,readonly"),
            *(word for name, value in worker_variables().items() for word in ("--env", f"{name}={value}")),
        ]

    def _worker(self) -> list[str]:
        return worker_command("/env/bin/python", self.limits)  # the container's user is already unprivileged

    def _check(self) -> None:
        if not self._docker:
            raise SandboxUnavailable(
                "student code runs only in a container, and the docker command is missing: apt-get install docker.io"
            )
        answer = self._ask("info", "--format", "{{.ServerVersion}}")
        if answer.returncode != 0:
            raise SandboxUnavailable(
                f"student code runs only in a container, and no Docker engine answers ({answer.stderr.strip()}): "
                "start dockerd, and give this service's user access to its socket"
            )
        if self._ask("image", "inspect", "--format", "{{.Id}}", self.image).returncode != 0:
            raise SandboxUnavailable(
                f"the worker's image {self.image} is missing: run 'tito image build --only worker' with its tag, "
                f"or name another image ({IMAGE_NAME})"
            )

    def _ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._docker, *words], capture_output=True, text=True, env=_client_environment(), timeout=ENGINE_SECONDS
        )


class ContainedWorker:
    """A worker behind the engine's client; killed by name, since a busy container outlives its client."""

    def __init__(self, docker: str, name: str, process: subprocess.Popen, said):
        assert process.stdin is not None and process.stdout is not None
        self._docker, self._name, self._process, self._said = docker, name, process, said
        read_fd, write_fd = os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno())
        process.stdin.close()
        process.stdout.close()
        for fd in (read_fd, write_fd):
            os.set_blocking(fd, False)
        self.channel = Channel(read_fd, write_fd)

    def use(self) -> Use:
        """Ask the kernel from inside the container, whose processes may be invisible from here. Takes 0.2 s."""
        command = [self._docker, "exec", self._name, "/bin/sh", "-c", "cat /proc/1/stat /proc/1/task/*/schedstat"]
        try:
            said = subprocess.run(
                command, capture_output=True, text=True, env=_client_environment(), timeout=ENGINE_SECONDS
            )
            stat, *schedstats = said.stdout.splitlines()
            return use_in_words(stat, schedstats)
        except (subprocess.TimeoutExpired, OSError, ValueError, IndexError):
            return Use()

    def stop(self) -> str:
        """Remove the container with all that runs in it; return what was written to standard error."""
        # Kill the client first: while an engine has much output for it, it does not remove the container.
        self._process.kill()
        self._process.wait()
        self.channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [self._docker, "rm", "--force", self._name],
                capture_output=True,
                env=_client_environment(),
                timeout=ENGINE_SECONDS,
            )
        with self._said:
            self._said.seek(0)
            return self._said.read(4000).decode(errors="replace")


def _client_environment() -> dict[str, str]:
    """The variables that the client needs to find its engine; none of them gets into a container."""
    kept = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_CONFIG")
    return {name: os.environ[name] for name in kept if name in os.environ}
