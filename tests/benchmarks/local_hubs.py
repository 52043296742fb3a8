"""Hubs that start processes on this machine for a benchmark: as our local place does, or as JupyterHub's own
SimpleLocalProcessSpawner does with the same packages and an unmodified `jupyterhub-singleuser`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.docker_hubs import CONFIG, MODULE, BenchHub, exchange, hub
from tests.e2e.hub import write_semester
from tests.environments import student_environment

HOST = "127.0.0.1"
OURS = """
from hub_config.apply import apply_processes
from hub_config.ports import with_ports
from hub_config.settings import load_settings
apply_processes(c, with_ports(load_settings()))
c.Spawner.env_keep = []
c.BubblewrapSpawner.kinds["student"]["env"].update({env})
"""
PLAIN = """
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{homes}/{{username}}"
c.Spawner.cmd = ["{environment}/bin/jupyterhub-singleuser"]
c.Spawner.args = {arguments}
c.Spawner.environment = dict(PATH="{environment}/bin:/usr/bin:/bin")
"""


class LocalHub(BenchHub):
    """A Hub whose servers are its own child processes."""

    has_servers_below = True

    def remove(self, names: list[str]) -> None:
        """Stop the servers; the Hub waits for each."""
        for name in names:
            self.ask("DELETE", f"{self.hub_url}/users/{name}/server").close()

    def roots(self, names: list[str]) -> list[int]:
        """Return the first process of every running server, but not the proxy, which is the Hub's child too."""
        children = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [pid for each in children for pid in map(int, each.read_text().split()) if _is_server(pid)]


def _is_server(pid: int) -> bool:
    return b"JUPYTERHUB_SERVICE_PREFIX=" in Path(f"/proc/{pid}/environ").read_bytes()


@contextmanager
def two_local_hubs(folder: Path) -> Iterator[tuple[LocalHub, LocalHub]]:
    """Run a Hub of each kind, and an exchange with a released module."""
    folder.mkdir()
    semester = write_semester(folder / "semester", MODULE)
    values = {"environment": student_environment(semester), "homes": folder / "plain", "gateway": HOST}
    values["arguments"] = ["--allow-root"] * (os.geteuid() == 0)
    environment = {"HUB_PLACE": "local", "HUB_VAR": str(folder / "var"), "HUB_SEMESTER": str(semester)}
    with (
        exchange(HOST, folder) as variables,
        hub(CONFIG + OURS, "local", {**values, "env": variables}, environment, folder, LocalHub) as ours,
        hub(CONFIG + PLAIN, "simple", values, environment, folder, LocalHub) as plain,
    ):
        ours.pages += (f"api/contents/{MODULE}/{MODULE}.ipynb?content=0",)
        yield ours, plain
