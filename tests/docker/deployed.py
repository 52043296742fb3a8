"""The compose deployment for a test: Hub and PostgreSQL in containers with unique names."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.docker.place import TAG, docker, remove_all
from tests.e2e.hub import CHECKOUT, RunningHub, free_port
from tests.e2e.names import HOST

PATH = "/courses/tinytorch"  # as behind a campus proxy
UP_SECONDS = 1200  # the images of Hub, database and staff may have to be built


class DeployedHub(RunningHub):
    """A Hub in a container; `var` is its state folder on this machine."""

    @property
    def url(self) -> str:
        """Return the Hub's address; servers have subdomains of it, all under a path: Node's proxy routes by both."""
        return f"http://{HOST}:{self.port}{PATH}"

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "HUB_URL": self.url, "HUB_SUBDOMAIN_HOST": self.url.removesuffix(PATH)}

    @property
    def name(self) -> str:
        return self.extra["HUB_DOCKER__PREFIX"]

    @property
    def hub_container(self) -> str:
        return docker("ps", "--quiet", "--filter", f"name={self.name}-deploy[-_]hub").strip()

    @property
    def database_container(self) -> str:
        return docker("ps", "--quiet", "--filter", f"name={self.name}-deploy[-_]database").strip()

    def start(self) -> "DeployedHub":
        """Bring everything up."""
        done = self.deploy("up")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return self

    def stop(self, sig: int = 0) -> int:
        """Bring everything down, but keep the state."""
        return self.deploy("down").returncode

    def deploy(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m hub_config deploy WORDS`."""
        line = [self.python, "-m", "hub_config", "deploy", *words]
        return subprocess.run(
            line, cwd=self.checkout, env=self.environment, capture_output=True, text=True, timeout=UP_SECONDS
        )

    def passwords(self) -> dict[str, str]:
        return json.loads(docker("exec", self.hub_container, "cat", f"{self.var}/state/secrets/passwords.json"))


@contextmanager
def deployed_hub(
    folder: Path, semester: Path, restored_from: Path | None = None, checkout: Path = CHECKOUT, tag: str = TAG
) -> Iterator[DeployedHub]:
    """Run a deployment in a new folder; its containers, volumes and bridge are removed afterwards."""
    folder.mkdir()
    name = f"tt-{secrets.token_hex(4)}"
    extra = {
        "HUB_SEMESTER": str(semester),
        "HUB_DOCKER__PREFIX": name,
        "HUB_DOCKER__NETWORK": name,
        "HUB_DOCKER__TAG": tag,
    }
    hub = DeployedHub("docker", folder, port=free_port(), extra=extra, checkout=checkout)
    try:
        if restored_from:
            done = hub.deploy("restore", str(restored_from))
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        yield hub.start()
    finally:
        hub.stop()
        # The Hub's user owns the state: change the owner, so that the user who runs the tests can remove it.
        here = folder.stat()
        image = f"tinytorch-hub/hub:{tag}"
        mount = f"{folder}:{folder}"
        docker("run", "--rm", "--user", "0", "--volume", mount, image,
               "chown", "-R", f"{here.st_uid}:{here.st_gid}", str(folder))  # fmt: skip
        remove_all(name)
