"""From inside student A's container, B's server, home and processes, the Hub's state and root can't be reached."""

import json
import secrets

import pytest
from tito.curriculum import load_curriculum

from tests.docker.outside import Address, listener, outside, reach_program, reached
from tests.docker.place import STUDENT, container_of, docker, inspect
from tests.docker.scan import Scan
from tests.docker.secrets_of_course import fragments
from tests.e2e.hub import CHECKOUT, RunningHub
from tests.security.shell import Shell, shell_of

pytestmark = [pytest.mark.docker, pytest.mark.security, pytest.mark.timeout(1500)]


def reach(shell: Shell, *addresses: Address) -> dict[Address, str]:
    """Return for each address whether it can be reached from inside."""
    return reached(shell.python(reach_program(*addresses)))


def address_of(hub: RunningHub, user: str) -> str:
    networks = inspect(container_of(hub, user))["NetworkSettings"]["Networks"]
    return networks[hub.extra["HUB_DOCKER__NETWORK"]]["IPAddress"]


def gateway(hub: RunningHub) -> str:
    return inspect(hub.extra["HUB_DOCKER__NETWORK"])["IPAM"]["Config"][0]["Gateway"]


def test_hub_and_exchange_can_be_reached_and_nothing_else(hub: RunningHub, ada: Shell, ben: Shell):
    ports = json.loads((hub.var / "hub" / "ports.json").read_text())
    here = gateway(hub)
    open_doors = [(here, ports[name]) for name in ("hub", "exchange", "grading", "semester")]
    shut = [(here, ports[name]) for name in ("formgrader", "home", "proxy-api")]
    shut += [("127.0.0.1", ports["proxy-api"]), (address_of(hub, "ben"), 8888), (here, hub.port)]
    with listener() as other, outside(STUDENT) as elsewhere:
        open_doors.append(elsewhere.machine)
        # A port open on all addresses of this machine, cloud metadata, the usual ports of the engine and a database.
        shut += [(here, other), (elsewhere.near, other), elsewhere.metadata, (here, 2375), (here, 2376), (here, 5432)]
        seen = reach(ada, *open_doors, *shut)
    assert seen == dict.fromkeys(open_doors, "open") | dict.fromkeys(shut, "shut")


def test_the_firewall_is_up_since_the_start(hub: RunningHub):
    found = json.loads(hub.command("firewall", "status", "--json").stdout)
    assert (found["up"], found["current"], found["gateway"]) == (True, True, gateway(hub))


def test_her_own_server_listens_where_the_others_would_be_tried(hub: RunningHub, ada: Shell):
    """The student's own server can be reached at that port; otherwise the test above could not fail."""
    own = (address_of(hub, "ada"), 8888)
    assert reach(ada, own) == {own: "open"}


def test_homes_are_apart_and_kept(hub: RunningHub, ada: Shell, ben: Shell):
    canary = f"canary-{secrets.token_hex(8)}"
    ben.run(f"echo {canary} > ~/{canary}.txt")
    assert canary in ben.run(f"cat ~/{canary}.txt")
    assert ada.run(f"find / -name {canary}.txt 2>/dev/null").split() == []
    mounts = inspect(container_of(hub, "ada"))["Mounts"]
    assert [(mount["Type"], mount["Destination"]) for mount in mounts] == [("volume", "/home/jovyan")]
    assert mounts[0]["Name"].endswith("home-ada")


def test_she_is_nobody_special_and_cannot_become_root(ada: Shell):
    status = ada.run("id -u; grep -E '^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status").split()
    assert status[0] == "1000"
    facts = dict(zip(status[1::2], status[2::2], strict=True))
    assert {int(facts[f"Cap{name}:"], 16) for name in ("Prm", "Eff", "Bnd", "Amb")} == {0}
    assert facts["NoNewPrivs:"] == "1" and facts["Seccomp:"] == "2"
    attempts = (
        "setsid su -c id </dev/null; unshare --user --map-root-user id; mount -t tmpfs x /mnt; touch /usr/x /etc/x /x"
    )
    assert "uid=0" not in ada.run(attempts)
    assert ada.run("ls /usr/x /etc/x /x 2>/dev/null").split() == []
    assert ada.run("ls /var/run/docker.sock /run/docker.sock 2>/dev/null").split() == []


def test_she_sees_her_own_processes_only(hub: RunningHub, ada: Shell, ben: Shell):
    word = f"ben-{secrets.token_hex(6)}"
    ben.run(f"setsid bash -c 'exec -a {word} sleep 60' >/dev/null 2>&1 &")
    assert word in ben.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert word not in ada.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    commands = ada.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "jupyterhub-singleuser" in commands or "launch.py" in commands
    for foreign in ("configurable-http-proxy", "tito.grading", "dockerd"):
        assert foreign not in commands


def test_a_running_container_has_no_answers_and_no_foreign_tokens(hub: RunningHub, ada: Shell, ben: Shell):
    """Neither files nor environment of a server with fetched notebooks contain answers or any of the Hub's secrets."""
    known = {file.name: file.read_text().strip() for file in (hub.var / "secrets").iterdir() if file.name[0] != "."}
    known.pop("passwords.json")
    known |= {f"password of {name}": word for name, word in hub.passwords().items()}
    known["ben's token"] = ben.run("echo $JUPYTERHUB_API_TOKEN").strip()
    assert all(len(value) > 8 for value in known.values())
    # Start with a fresh home: in another test the student may have solved the module, so solutions would be there.
    assert "tensor.ipynb" in ada.run("find ~ -mindepth 1 -delete; cd ~; tito fetch --released >/dev/null; ls ~/tensor")
    scan = Scan(fragments(load_curriculum(CHECKOUT / "course"), []), frozenset(["tensor"]), known)
    scan.container(container_of(hub, "ada"), ("/home/jovyan", "/tmp"))
    environment = ada.run(
        "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -v ^JUPYTERHUB_API_TOKEN= | sort -u"
    )
    scan.values("environment of ada", environment.replace(ada.run("echo $JUPYTERHUB_API_TOKEN").strip(), ""))
    assert [line for line in scan.found if "looks like a token" not in line or "/home/jovyan" not in line] == []


def test_nbgraders_staff_apps_are_off_and_the_students_are_on(ada: Shell):
    for path, status in (("formgrader", 404), ("formgraders", 404), ("courses", 200)):
        assert ada.request("GET", f"/user/ada/{path}").status_code == status, path


def test_limits_are_the_semesters(hub: RunningHub, ada: Shell):
    host = inspect(container_of(hub, "ada"))["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (2**32, 2**32)
    assert (host["PidsLimit"], host["CpuQuota"]) == (256, 200_000)
    assert host["ReadonlyRootfs"] is True and host["CapDrop"] == ["ALL"] and host["Privileged"] is False
    assert host["SecurityOpt"] == ["no-new-privileges"]


def test_a_restart_of_the_hub_leaves_servers_running(hub: RunningHub, ada: Shell):
    before = inspect(container_of(hub, "ada"))["Id"]
    ada.run("echo kept > /tmp/of-this-server")
    hub.kill("hub")
    assert ada.run("cat /tmp/of-this-server").split() == ["kept"]
    assert inspect(container_of(hub, "ada"))["Id"] == before


def test_a_new_image_is_used_at_the_next_start(hub: RunningHub, images: dict[str, str], tmp_path):
    """A running server keeps its image; after a restart it uses the image that has the tag then."""
    chen = shell_of(hub.url, "chen", hub.passwords()["chen"])
    chen.run("echo mine > ~/kept.txt")
    name, container = images["student"], container_of(hub, "chen")
    old = inspect(name)["Id"]
    (tmp_path / "Dockerfile").write_text(f"FROM {name}\nENV CORRECTED=1\n")
    try:
        docker("build", "--quiet", "--tag", name, str(tmp_path))
        assert inspect(container)["Image"] == old
        assert chen.request("DELETE", "/hub/api/users/chen/server").status_code in (202, 204)
        chen = shell_of(hub.url, "chen", hub.passwords()["chen"])
        assert chen.run("echo $CORRECTED; cat ~/kept.txt").split() == ["1", "mine"]
    finally:
        docker("tag", old, name)
