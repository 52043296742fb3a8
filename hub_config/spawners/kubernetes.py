"""Start single-user servers as pods with few rights, each with its own volume.

Promises: an ordinary user, no capabilities, no way to gain any, a read-only system, a container's system calls only, no
token of the cluster, limits on memory and processor. A home survives its server, its Hub and its owner's account. A pod
survives a restart of the Hub. If a server can't start, its owner is shown why in words, and the log has everything.
"""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession
from kubernetes_asyncio.client import ApiClient, ApiException
from kubespawner import KubeSpawner
from traitlets import Float, Unicode, default

from exchange.protocol.names import in_pod
from hub_config.settings import KubernetesSettings, Settings
from hub_config.spawners.kinds import ServerOfAKind
from hub_config.spawners.pod_words import hopeless_because, in_words, refused_because, why_not_in_time
from hub_config.spawners.readiness import until_it_listens

HOME = "/home/jovyan"
OWNER = 1000  # jovyan of the images
READ_BYTES = 2**21  # kubernetes_asyncio's own value: an event about a large object is longer than aiohttp's default
MIB = 2**20
LOOK_SECONDS = 0.5
# The Hub gives up at its own timeout with its own message; a reason must be known before that.
EARLIER_SECONDS = 5.0
ALONE = {"capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True, "runAsNonRoot": True}


class NotStarted(Exception):
    """No server; the Hub's page shows `jupyterhub_message`."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.jupyterhub_message = words


class PodSpawner(ServerOfAKind, KubeSpawner):
    """A pod for each server; `kinds` has image, memory_mib, cpus, env of each."""

    prefix = Unicode(help="First part of the names of pods and claims").tag(config=True)
    look_seconds = Float(LOOK_SECONDS, help="How often a starting pod is checked, in seconds").tag(config=True)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        ask_directly(self.api.api_client)

    @default("pod_name_template")
    def _name_of_pod(self) -> str:
        return f"{self.prefix}-{in_pod(self.user.name)}"

    @default("pvc_name_template")
    def _name_of_claim(self) -> str:
        return f"{self.prefix}-home-{in_pod(self.user.name)}"

    def get_env(self) -> dict[str, str]:
        """Return what the pod gets in addition to its image's own variables."""
        return super().get_env() | {"TERM": "xterm-256color"} | self.kind["env"]

    def start(self) -> asyncio.Future:
        """Start a pod; raise NotStarted as soon as it can't start, or shortly before the Hub gives up."""
        kind = self.kind
        self.image = kind["image"]
        self.mem_limit, self.cpu_limit = kind["memory_mib"] * MIB, kind["cpus"]
        self._start_future = asyncio.ensure_future(self._in_time(super().start()))
        return self._start_future

    async def progress(self) -> AsyncIterator[dict]:
        """Tell the waiting person what is happening, as far as it concerns them."""
        async for step in super().progress():
            if words := in_words(step.get("raw_event", {})):
                yield {"progress": step["progress"], "message": words}

    async def _in_time(self, running: asyncio.Future) -> tuple[str, int]:
        watching = asyncio.ensure_future(self._until_hopeless())
        both, seconds = {running, watching}, self.start_timeout - EARLIER_SECONDS
        try:
            done, _ = await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if running in done:
                address = urlsplit(self._answered(running))
                return await until_it_listens(self, str(address.hostname), int(address.port or 0))
            await self._give_up(watching.result() if watching in done else why_not_in_time(self.events, seconds))
        finally:
            for each in both:
                each.cancel()
        raise AssertionError("giving up raises")

    def _answered(self, running: asyncio.Future) -> str:
        try:
            return running.result()
        except (ApiException, ClientError) as error:
            self.log.exception("No server for %s", self.user.name)
            raise NotStarted(refused_because(getattr(error, "status", None), str(error))) from error

    async def _until_hopeless(self) -> str:
        while True:
            pod = self.pod_reflector and self.pod_reflector.pods.get(f"{self.namespace}/{self.pod_name}")
            if pod and (words := hopeless_because(pod)):
                return words
            await asyncio.sleep(self.look_seconds)

    async def _give_up(self, words: str) -> None:
        said = "; ".join(f"{event.get('reason')}: {event.get('message')}" for event in self.events[-5:])
        self.log.error("No server for %s: %s (the cluster said: %s)", self.user.name, words, said or "nothing")
        await self.stop(now=True)
        raise NotStarted(words)


def ask_directly(client: ApiClient) -> None:
    """Keep a client of the cluster from using a proxy named in the environment: it would see the Hub's token.

    All spawners of a Hub share the client. A proxy that a kubeconfig names (`proxy-url`) stays.
    """
    rest = client.rest_client
    asking = rest.pool_manager
    if asking.trust_env:
        rest.pool_manager = ClientSession(connector=asking.connector, trust_env=False, read_bufsize=READ_BYTES)
        asking.detach()


def apply_pods(c, settings: Settings, kinds: dict[str, dict]) -> None:
    """Servers are pods of the place's own namespace."""
    own, prefix = settings.kubernetes, in_pod(settings.kubernetes.prefix or settings.course)
    c.JupyterHub.spawner_class = PodSpawner
    c.PodSpawner.kinds = kinds
    c.PodSpawner.prefix = prefix
    c.KubeSpawner.namespace = own.namespace
    c.KubeSpawner.image_pull_policy = own.pull_policy
    c.KubeSpawner.image_pull_secrets = own.pull_secrets
    c.KubeSpawner.node_selector = own.node_selector
    c.KubeSpawner.priority_class_name = own.priority_class
    c.KubeSpawner.mem_guarantee = own.memory_guarantee_mib * MIB
    c.KubeSpawner.cpu_guarantee = own.cpu_guarantee
    c.KubeSpawner.common_labels = {"app": "tinytorch", "tinytorch-course": prefix}
    c.KubeSpawner.slow_spawn_message_threshold = 0  # its text is not about a course
    c.KubeSpawner.delete_grace_period = 10
    apply_homes(c, settings)
    apply_walls(c, own)


def apply_homes(c, settings: Settings) -> None:
    """Each home is a claim of the semester's size, which nothing here deletes: people who left may come back."""
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.delete_pvc = False
    c.KubeSpawner.storage_capacity = f"{settings.limits.home_mib}Mi"
    c.KubeSpawner.storage_class = settings.kubernetes.storage_class
    c.KubeSpawner.storage_access_modes = ["ReadWriteOnce"]
    c.KubeSpawner.volumes = {
        "home": {"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}},
        "tmp": {
            "name": "tmp",
            "emptyDir": {"medium": "Memory", "sizeLimit": f"{settings.kubernetes.temporary_mib}Mi"},
        },
    }
    c.KubeSpawner.volume_mounts = {
        "home": {"name": "home", "mountPath": HOME},
        "tmp": {"name": "tmp", "mountPath": "/tmp"},
    }


def apply_walls(c, own: KubernetesSettings) -> None:
    """Give a pod no right that a notebook does not need."""
    c.KubeSpawner.uid = c.KubeSpawner.gid = c.KubeSpawner.fs_gid = OWNER
    c.KubeSpawner.privileged = False
    c.KubeSpawner.allow_privilege_escalation = False
    c.KubeSpawner.container_security_context = ALONE
    c.KubeSpawner.pod_security_context = {
        "fsGroupChangePolicy": "OnRootMismatch",  # otherwise every start would go through a home's 100,000 files
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    c.KubeSpawner.automount_service_account_token = False
    c.KubeSpawner.extra_pod_config = {
        "enableServiceLinks": False,  # they put the names of everything in the namespace into every environment
        "hostname": "tinytorch",
        "restartPolicy": "Never",  # the Hub starts it again when its owner wants it
        "terminationGracePeriodSeconds": 10,
    }
