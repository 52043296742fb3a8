"""Start single-user servers in containers with few rights.

Promises: no capabilities, no way to gain any, a read-only system, limits on memory, processor and processes, a separate
home volume (with a limit if possible), no traffic to another container. A server survives a restart of
the Hub; its next start uses the image that has the tag then.
"""

import asyncio

from dockerspawner import DockerSpawner
from traitlets import Instance, Integer

from exchange.protocol.names import in_volume
from hub_config.docker.homes import Homes, homes_of
from hub_config.settings import Settings
from hub_config.spawners.kinds import ServerOfAKind
from hub_config.spawners.readiness import until_it_listens

MIB = 2**20
HOME = "/home/jovyan"
LABEL = "tinytorch.server"  # on each container, with the prefix of its Hub
# If the whole machine runs out of memory, its kernel ends students' code before engine, Hub and database.
FIRST_TO_GO = 500
# When processors are short, a server gets an eighth of what Hub, database or any other program gets. Servers
# share equally with each other and with the judge's workers.
CPU_SHARES = 128


class ContainerSpawner(ServerOfAKind, DockerSpawner):
    """A container for each server; `kinds` has image, memory_mib, cpus, processes, env of each."""

    temporary_mib = Integer(256, help="Size of /tmp").tag(config=True)
    homes = Instance(Homes, help="How homes are made").tag(config=True)

    def get_env(self) -> dict[str, str]:
        """Return what the container gets in addition to its image's own variables."""
        return super().get_env() | {"TERM": "xterm-256color"} | self.kind["env"]

    async def start(self):
        kind = self.kind
        self.image = kind["image"]
        self.mem_limit = kind["memory_mib"] * MIB
        self.cpu_limit = kind["cpus"]
        self.extra_host_config = walls(kind, self.temporary_mib)
        for volume in self.volume_binds:
            await asyncio.to_thread(self.homes.make, volume)
        return await until_it_listens(self, *await super().start())


def walls(kind: dict, temporary_mib: int) -> dict:
    """Return the engine's settings of a container that holds student code."""
    return {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "read_only": True,
        "tmpfs": {"/tmp": f"rw,nosuid,nodev,mode=1777,size={temporary_mib}m"},
        "pids_limit": kind["processes"],
        "memswap_limit": kind["memory_mib"] * MIB,  # the same as memory: no swap in addition
        "oom_score_adj": FIRST_TO_GO,
        "cpu_shares": CPU_SHARES,
        "ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "log_config": {"type": "json-file", "config": {"max-size": "10m", "max-file": "2"}},
    }


def apply_containers(c, settings: Settings, kinds: dict[str, dict]) -> None:
    """Servers are containers on the place's own bridge."""
    own = settings.docker
    prefix = settings.container_prefix
    c.JupyterHub.spawner_class = ContainerSpawner
    c.ContainerSpawner.kinds = kinds
    c.ContainerSpawner.temporary_mib = own.temporary_mib
    c.ContainerSpawner.homes = homes_of(settings)
    c.DockerSpawner.network_name = own.network
    c.DockerSpawner.use_internal_ip = True
    c.DockerSpawner.pull_policy = "never"  # `tito image build` makes them; a registry's would be somebody else's
    c.DockerSpawner.remove = True
    c.DockerSpawner.prefix = prefix
    c.DockerSpawner.escape = in_volume  # DockerSpawner's own rule changed once, which lost everybody's volume
    c.DockerSpawner.name_template = "{prefix}-{username}"
    c.DockerSpawner.volumes = {f"{prefix}-home-{{username}}": HOME}
    c.DockerSpawner.notebook_dir = HOME
    c.DockerSpawner.extra_create_kwargs = {"hostname": "tinytorch", "labels": {LABEL: prefix}}
