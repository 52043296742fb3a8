"""From the servers' bridge only the ports of Hub and services are open, no other port here, and no cloud metadata.

Here the rules are tested without a Hub, against programs that really listen; test_walls.py tests them with a Hub.
"""

import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hub_config.docker.bridge import with_bridge
from hub_config.docker.firewall import DOORS, bring_up, state, take_down
from hub_config.settings import CHECKOUT, Settings, load_settings
from tests.docker.outside import listener, outside, reach_program, reached
from tests.docker.place import TAG, as_root, docker, remove_all

pytestmark = [pytest.mark.docker, pytest.mark.security, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def image(images: dict[str, str]) -> str:
    return images["student"]


@pytest.fixture(scope="module")
def doors() -> Iterator[dict[str, int]]:
    """Programs that listen where Hub and services would."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(listener()) for name in DOORS}


@pytest.fixture
def environment(doors, tmp_path) -> Iterator[dict[str, str]]:
    """Settings of a place with its own bridge; everything is removed afterwards."""
    name = f"tt-{secrets.token_hex(4)}"
    own = {"PLACE": "docker", "VAR": tmp_path / "var", "PORTS": json.dumps(doors)}
    own |= {"DOCKER__NETWORK": name, "DOCKER__PREFIX": name, "DOCKER__TAG": TAG}
    own["SEMESTER"] = tmp_path / "semester.yaml"
    own["SEMESTER"].write_text("course: tiny-2026\n")
    try:
        yield {f"HUB_{key}": str(value) for key, value in own.items()}
    finally:
        remove_all(name)


@pytest.fixture
def settings(environment, image) -> Iterator[Settings]:
    settings = with_bridge(load_settings(environment))
    yield settings
    take_down(settings)


def reach(settings: Settings, image: str, *addresses: tuple[str, int]) -> dict:
    """Return what a container on the bridge can reach."""
    run = ("run", "--rm", "--network", settings.docker.network, "--entrypoint", "python", image, "-c")
    return reached(docker(*run, reach_program(*addresses)))


def test_only_the_doors_are_open_and_only_at_the_bridges_address(settings, image, doors):
    with listener() as other, listener(settings.inner_host) as on_bridge, outside(image) as elsewhere:
        here, there = settings.inner_host, elsewhere.near
        open_doors = [(here, port) for port in doors.values()]
        refused = [(here, other), (there, other), (here, on_bridge), *((there, port) for port in doors.values())]
        everything = [*open_doors, *refused, elsewhere.machine, elsewhere.metadata]
        assert reach(settings, image, *everything) == dict.fromkeys(everything, "open"), "the test could not fail"
        bring_up(settings)
        bring_up(settings)  # running it again changes nothing
        wanted = dict.fromkeys([*open_doors, elsewhere.machine], "open")
        wanted |= dict.fromkeys([*refused, elsewhere.metadata], "shut")
        assert reach(settings, image, *everything) == wanted
        take_down(settings)
        assert reach(settings, image, *everything) == dict.fromkeys(everything, "open")


def test_state_tells_what_is_in_force(settings):
    assert state(settings)["up"] is False
    bring_up(settings)
    found = state(settings)
    assert (found["up"], found["current"], found["open"]) == (
        True,
        True,
        sorted(settings.ports[name] for name in DOORS),
    )
    moved = settings.model_copy(update={"ports": settings.ports | {"hub": 1}})
    assert state(moved)["current"] is False
    bring_up(moved)
    assert state(moved)["current"] is True


def test_the_command_brings_up_and_takes_down(environment, settings):
    def command(*words: str) -> str:
        line = [".venv/bin/python", "-m", "hub_config", "firewall", *words]
        done = subprocess.run(line, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert command("status").startswith("Down.")
    assert command("up").startswith("Up:")
    assert json.loads(command("status", "--json"))["up"] is True
    assert command("down").startswith("Down:")
    assert command("down").startswith("Down:")  # nothing left to remove
    assert json.loads(command("status", "--json"))["up"] is False


LISTEN_ON_IPV6 = "import socket; s = socket.create_server(('::', 9000), family=socket.AF_INET6)\nwhile True: s.accept()"
WITH_IPV6 = ("--sysctl", "net.ipv6.conf.all.disable_ipv6=0", "--sysctl", "net.ipv6.conf.default.disable_ipv6=0")
LINK_LOCAL = "import pathlib; print(pathlib.Path('/proc/net/if_inet6').read_text())"


def test_link_local_addresses_lead_to_no_neighbour(settings, image):
    """The engine's rule between containers covers only IPv4; here they have IPv6 too, as on some engines."""
    network = settings.docker.network
    run = ("--network", network, *WITH_IPV6, "--entrypoint", "python", image, "-c")
    docker("run", "--detach", "--name", f"{network}-ben", *run, LISTEN_ON_IPV6)
    table = docker("exec", f"{network}-ben", "python", "-c", LINK_LOCAL)
    raw = next(line.split()[0] for line in table.splitlines() if line.startswith("fe80"))
    address = ":".join(raw[n : n + 4] for n in range(0, 32, 4))
    program = TO_NEIGHBOUR.format(address=address)
    assert docker("run", "--rm", *run, program).split()[-1] == "open", "the test could not fail"
    bring_up(settings)
    assert docker("run", "--rm", *run, program).split()[-1] == "shut"


# A new address can be used only after a check that no other machine has it, which takes a second or two.
TO_NEIGHBOUR = """
import socket, time
deadline = time.monotonic() + 6
while True:
    try:
        socket.create_connection(("{address}%eth0", 9000), 2).close()
        print("open")
        break
    except OSError:
        if time.monotonic() > deadline:
            print("shut")
            break
"""


def test_names_are_resolved_as_before(settings, image):
    """The engine resolves names of containers, and the rules name the machine's name servers for other names."""
    network = settings.docker.network
    docker("run", "--detach", "--name", f"{network}-ben", "--network", network, "--entrypoint", "sleep", image, "60")
    bring_up(settings)
    program = f"import socket; print(socket.gethostbyname('{network}-ben'))"
    found = docker("run", "--rm", "--network", network, "--entrypoint", "python", image, "-c", program)
    assert found.strip().startswith(settings.inner_host.rsplit(".", 1)[0])
    rules = as_root(f"nft list table inet tinytorch_{network.replace('-', '_')}")
    servers = as_root("sed -n 's/^nameserver *//p' /etc/resolv.conf").split()
    assert [name for name in servers if "." in name and not name.startswith("127") and name not in rules] == []
