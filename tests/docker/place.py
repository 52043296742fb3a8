"""A Hub of the docker place for a test; all that it leaves with the engine has a name of its own, and is removed."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.hub import RunningHub

TAG = "tinytorch-test"


@contextmanager
def docker_hub(var: Path, semester: Path) -> Iterator[RunningHub]:
    """Run a Hub of the docker place; its containers, volumes and bridge are removed afterwards."""
    name = f"tt-{secrets.token_hex(4)}"
    extra = {"HUB_SEMESTER": str(semester), "HUB_DOCKER__PREFIX": name, "HUB_DOCKER__NETWORK": name}
    hub = RunningHub("docker", var, extra=extra)
    try:
        yield hub.start()
    finally:
        if hub.process is not None and hub.process.poll() is None:
            hub.stop()
        remove_all(name)


def container_of(hub: RunningHub, user: str) -> str:
    """Return the name of a person's container."""
    return f"{hub.extra['HUB_DOCKER__PREFIX']}-{user}"


def remove_all(name: str) -> None:
    """Remove containers, home volumes and the bridge whose names begin with `name`."""
    for kind, listing, removal in (
        ("container", ("ps", "--all", "--quiet"), ("rm", "--force", "--volumes")),
        ("volume", ("volume", "ls", "--quiet"), ("volume", "rm", "--force")),
        ("network", ("network", "ls", "--quiet"), ("network", "rm")),
    ):
        found = docker(*listing, "--filter", f"name={name}").split()
        if found:
            docker(*removal, *found)
        assert not docker(*listing, "--filter", f"name={name}").split(), f"a {kind} was left behind"


def docker(*words: str, seconds: float = 300) -> str:
    """Ask the engine; an error is raised with its words."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout


def inspect(name: str) -> dict:
    """Return what the engine knows of a container or image."""
    return json.loads(docker("inspect", name))[0]
