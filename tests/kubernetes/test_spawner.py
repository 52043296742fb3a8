"""Servers as pods: the real KubeSpawner's requests to a recording API server, and the messages that students read."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from jupyterhub.objects import Hub, Server
from jupyterhub.spawner import Spawner
from kubespawner import clients
from traitlets.config import Config

from hub_config.apply import apply_all
from hub_config.settings import load_settings
from hub_config.spawners.kubernetes import EARLIER_SECONDS, NotStarted, PodSpawner
from tests.kubernetes.api_server import ApiServer, ended, event, pending, running, running_api_server, waiting
from tests.kubernetes.chart import find
from tests.kubernetes.place import PLACE
from tests.proxies import named, recording_proxy

pytestmark = pytest.mark.service
NO_ROOM = event("FailedScheduling", "0/3 nodes are available: 3 Insufficient memory on 10.0.0.7")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[ApiServer]:
    """One API server, and the client configured for it by a kubeconfig."""
    from kubernetes_asyncio.config import kube_config

    with running_api_server() as server, pytest.MonkeyPatch.context() as patch:
        file = tmp_path_factory.mktemp("kube") / "config"
        named = {"name": "test", "cluster": {"server": server.url}}
        context = {"name": "test", "context": {"cluster": "test", "user": "hub"}}
        users = [{"name": "hub", "user": {"token": "a"}}]
        config = {"clusters": [named], "contexts": [context], "users": users, "current-context": "test"}
        file.write_text(yaml.safe_dump(config | {"apiVersion": "v1", "kind": "Config"}))
        patch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(file))
        clients.load_config.cache_clear()
        yield server
        clients.load_config.cache_clear()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    semester = tmp_path / "semester.yaml"
    semester.write_text("course: tiny-2026\nlimits: {memory: 2G, cpus: 1.5, processes: 300, home: 3G}\n")
    c = Config()
    apply_all(c, load_settings(PLACE | {"HUB_VAR": str(tmp_path), "HUB_SEMESTER": str(semester)}))
    return c


@pytest.fixture
async def make(cluster: ApiServer, config: Config, listening: int) -> AsyncIterator:
    """A function that makes spawners as the Hub does; their watches end with the test."""

    def spawner(name: str = "ada", group: str = "student-tiny-2026", seconds: int = 60) -> PodSpawner:
        user = SimpleNamespace(name=name, groups=[SimpleNamespace(name=group)], id=1, url=f"/user/{name}/", settings={})
        config.PodSpawner.look_seconds = 0.05
        config.Spawner.start_timeout = seconds
        made = PodSpawner(config=config, user=user, hub=Hub(), orm_spawner=None, _mock=False)
        made.start_timeout, made.port = seconds, listening
        made.server = Server(base_url=user.url, ip="127.0.0.1", port=listening)
        made.api_token = "a token"
        return made

    for kept in cluster.objects.values():
        kept.clear()
    yield spawner
    await PodSpawner._stop_all_reflectors()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
async def listening() -> AsyncIterator[int]:
    """The port of a listener that answers as a server in a pod would."""
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_server_is_a_claim_and_a_pod_and_its_address_is_given(cluster: ApiServer, make, listening: int):
    cluster.begin(running)
    assert await make().start() == ("127.0.0.1", listening)
    assert list(cluster.claims()) == ["tiny-2026-home-ada"] and list(cluster.pods()) == ["tiny-2026-ada"]
    claim = cluster.claims()["tiny-2026-home-ada"]["spec"]
    assert claim["resources"]["requests"] == {"storage": "3072Mi"} and claim["accessModes"] == ["ReadWriteOnce"]


async def test_a_pod_may_do_little(cluster: ApiServer, make):
    cluster.begin(running)
    await make().start()
    spec = cluster.pods()["tiny-2026-ada"]["spec"]
    [container] = spec["containers"]
    own = container["securityContext"]
    assert (own["runAsUser"], own["runAsGroup"], own["runAsNonRoot"]) == (1000, 1000, True)
    assert own["readOnlyRootFilesystem"] is True and own["capabilities"] == {"drop": ["ALL"]}
    assert own["allowPrivilegeEscalation"] is False and not own.get("privileged")
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
    assert container["resources"]["limits"] == {"cpu": 1.5, "memory": 2 * 2**30}
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert container["image"] == "tinytorch-hub/student:tiny-2026"
    assert not {"hostNetwork", "hostPID", "hostIPC"} & {name for name, value in spec.items() if value}
    assert {kind for volume in spec["volumes"] for kind in volume} == {"name", "persistentVolumeClaim", "emptyDir"}


async def test_the_chart_s_network_policy_means_these_pods(cluster: ApiServer, make):
    cluster.begin(running)
    await make().start()
    meant = find("class", "NetworkPolicy", "tt-singleuser")["spec"]["podSelector"]["matchLabels"]
    course = {"tinytorch-course": "tiny-2026"}
    assert cluster.pods()["tiny-2026-ada"]["metadata"]["labels"].items() >= (meant | course).items()


async def test_staff_have_their_own_image(cluster: ApiServer, make):
    cluster.begin(running)
    await make("grace", "instructor-tiny-2026").start()
    assert cluster.pods()["tiny-2026-grace"]["spec"]["containers"][0]["image"] == "tinytorch-hub/staff:tiny-2026"


@pytest.mark.parametrize(
    ("name", "part"),
    [("0012345", "0012345"), ("jane.doe@example.org", "jane-doe-example-org--7f73355bf032dcbb"), ("a--b", "a-b--")],
)
async def test_every_name_has_a_pod_and_a_home_of_its_own(make, name: str, part: str):
    made = make(name)
    assert made.pod_name.startswith(f"tiny-2026-{part}") and made.pvc_name.startswith(f"tiny-2026-home-{part}")


async def test_a_second_start_takes_the_same_home(cluster: ApiServer, make):
    cluster.begin(running)
    first = make()
    await first.start()
    await first.stop()
    assert cluster.pods() == {} and list(cluster.claims()) == ["tiny-2026-home-ada"]
    home = cluster.claims()["tiny-2026-home-ada"]
    second = make()
    await second.start()
    assert cluster.claims()["tiny-2026-home-ada"] == home


async def test_a_hub_that_starts_again_finds_its_pod(cluster: ApiServer, make):
    cluster.begin(running)
    first = make()
    await first.start()
    second = make()
    second.load_state(first.get_state())
    assert await second.poll() is None
    await second.stop()
    assert await first.poll() == 1


async def test_deleting_an_account_keeps_the_home(cluster: ApiServer, make):
    cluster.begin(running)
    spawner = make()
    await spawner.start()
    await spawner.stop()
    await spawner.delete_forever()
    assert list(cluster.claims()) == ["tiny-2026-home-ada"]


async def failed(spawner: PodSpawner) -> str:
    """Return what a student reads when a start fails."""
    with pytest.raises(NotStarted) as error:
        await spawner.start()
    return error.value.jupyterhub_message


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "InvalidImageName"])
async def test_an_image_that_does_not_come_is_told_at_once(cluster: ApiServer, make, reason: str):
    cluster.begin(waiting(reason), event("Failed", "Failed to pull image: 401 Unauthorized"))
    said = await failed(make())
    assert reason in said and "tinytorch-hub/student:tiny-2026" in said
    assert "Your files are safe" in said and "course staff" in said
    assert cluster.pods() == {}  # it would retry forever and take up room


async def test_no_room_is_told_before_the_hub_gives_up(cluster: ApiServer, make, caplog):
    cluster.begin(pending, NO_ROOM)
    with caplog.at_level(logging.ERROR):
        said = await failed(make(seconds=int(EARLIER_SECONDS) + 4))
    assert "all machines of the course are full" in said and "Your files are safe" in said
    assert "10.0.0.7" not in said and "10.0.0.7" in caplog.text
    assert cluster.pods() == {}


async def test_a_server_that_ends_as_it_starts_is_told(cluster: ApiServer, make):
    cluster.begin(ended(3))
    assert "exit code 3" in await failed(make())


@pytest.mark.parametrize(
    ("said", "read"), [("exceeded quota: course", "used up its share"), ("pods is forbidden", "refuses it (403)")]
)
async def test_a_refusal_of_the_cluster_is_told(cluster: ApiServer, make, said: str, read: str):
    cluster.begin(running)
    cluster.refuses = said
    assert read in await failed(make())


async def test_who_waits_reads_what_goes_on_without_the_clusters_names(cluster: ApiServer, make):
    known = [NO_ROOM, event("TriggeredScaleUp", "pod triggered scale-up: [{pool-1 3->4}]"), event("Sneezed", "node-7")]
    cluster.begin(running, *known)
    spawner = make()
    await spawner.start()
    said = [step["message"] async for step in spawner.progress()]
    assert said == [
        "All machines of the course are full. Your workspace is waiting for room.",
        "Another machine is being started for you. This takes a few minutes.",
    ]


async def test_the_chart_lets_the_hub_ask_for_what_it_asks_for_and_no_more(cluster: ApiServer, make):
    cluster.begin(running)
    await make().start()
    again = make()
    again.clear_state()
    await again.start()  # a pod of that name exists: it is replaced
    await again.stop()
    rules = find("class", "Role", "tt-hub")["rules"]
    allowed = {(verb, plural) for rule in rules for plural in rule["resources"] for verb in rule["verbs"]}
    # A home is only read if a quota forbids creating one that already exists.
    assert allowed == {*cluster.asked, ("get", "persistentvolumeclaims")}


@pytest.mark.security
async def test_no_proxy_of_the_environment_sees_the_hubs_token(cluster: ApiServer, make):
    cluster.begin(running)
    with recording_proxy() as proxy, named(proxy):
        spawner = make()
        await spawner.start()
        await spawner.stop()
    assert {("create", "pods"), ("watch", "pods"), ("delete", "pods")} <= set(cluster.asked)


async def test_every_value_is_a_trait_of_what_it_is_for(config: Config):
    known = set(PodSpawner.class_traits(config=True))
    assert set(config.KubeSpawner) | set(config.PodSpawner) | set(config.Spawner) <= known
    assert issubclass(PodSpawner, Spawner)
