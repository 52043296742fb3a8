"""A Hub of the docker place for a test; everything it creates in the engine has a unique name and is removed."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.hub import RunningHub

TAG = "tinytorch-test"
STUDENT = f"tinytorch-hub/student:{TAG}"
RIGHTS = [word for name in ("NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE", "SYS_CHROOT") for word in ("--cap-add", name)]
DEVICES = ["--device-cgroup-rule", "b 7:* rwm", "--device-cgroup-rule", "c 10:237 rwm"]  # loop devices
# Removes what a Hub leaves on the machine itself: its firewall, and the loop devices of homes that are files.
CLOSE = """
nft delete table inet tinytorch_$(echo "$1" | tr - _) 2>/dev/null || true
for link in /run/tinytorch-homes/"$1"*; do
  [ -L "$link" ] || continue
  losetup --detach "$(readlink "$link")"
  rm "$link"
done
"""


@contextmanager
def docker_hub(var: Path, semester: Path, **more: str) -> Iterator[RunningHub]:
    """Run a Hub of the docker place with these settings; remove what it leaves in the engine afterwards."""
    name = f"tt-{secrets.token_hex(4)}"
    extra = {"HUB_SEMESTER": str(semester), "HUB_DOCKER__PREFIX": name, "HUB_DOCKER__NETWORK": name} | more
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
    """Remove the containers, home volumes, bridge and firewall whose names begin with `name`."""
    for kind, listing, removal in (
        ("container", ("ps", "--all", "--quiet"), ("rm", "--force", "--volumes")),
        ("volume", ("volume", "ls", "--quiet"), ("volume", "rm", "--force")),
        ("network", ("network", "ls", "--quiet"), ("network", "rm")),
    ):
        found = docker(*listing, "--filter", f"name={name}").split()
        if found:
            docker(*removal, *found)
        assert not docker(*listing, "--filter", f"name={name}").split(), f"a {kind} was left behind"
    as_root(CLOSE, name)


def as_root(script: str, *words: str) -> str:
    """Run a script as root on the engine's machine, whichever user runs the tests."""
    run = ["run", "--rm", "--user", "0", "--network", "host", "--pid", "host", "--volume", "/:/host"]
    image = docker("images", "--quiet", "tinytorch-hub/student").split()[0]  # any image with a root user
    run += [*RIGHTS, *DEVICES, "--entrypoint", "/usr/sbin/chroot", image, "/host"]
    return docker(*run, "sh", "-ceu", f"PATH=/usr/sbin:/usr/bin:/sbin:/bin\n{script}", "sh", *words)


def docker(*words: str, seconds: float = 300) -> str:
    """Run a docker command; raise an error with its message if it fails."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout


def inspect(name: str) -> dict:
    """Return what the engine knows about a container or image."""
    return json.loads(docker("inspect", name))[0]
