"""Another machine, for tests of what servers can reach outside: a container behind a separate network cable.

It has two addresses: one like any machine on the internet, and one like those where clouds serve a machine's
credentials. A program listens on both. The engine's bridges see it as an outside machine.
"""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.docker.place import as_root, docker, inspect

PORT = 8080
LISTEN = f"import socket\ns = socket.create_server(('', {PORT}))\nwhile True: s.accept()[0].close()"
CABLE = """
ip link add {near} type veth peer name far netns {pid}
ip address add {net}.1/24 dev {near}
ip link set {near} up
nsenter --target {pid} --net sh -ceu '
  ip address add {net}.2/24 dev far
  ip address add {metadata}/32 dev far
  ip link set far up
  ip route add default via {net}.1'
ip route add {metadata}/32 via {net}.2
"""

Address = tuple[str, int]


@dataclass(frozen=True)
class Outside:
    """The addresses of the outside machine, and this machine's own address on the cable."""

    machine: Address
    metadata: Address
    near: str


@contextmanager
def outside(image: str) -> Iterator[Outside]:
    """Set up the outside machine; remove its container and cable afterwards."""
    word = secrets.token_hex(4)
    name, near = f"tt-{word}-outside", f"tt{word}"
    net = f"198.18.{secrets.randbelow(256)}"  # from the range for network tests (RFC 2544)
    metadata = f"169.254.{secrets.randbelow(254) + 1}.254"
    docker("run", "--detach", "--name", name, "--network", "none", "--entrypoint", "python", image, "-c", LISTEN)
    try:
        pid = inspect(name)["State"]["Pid"]
        as_root(CABLE.format(near=near, pid=pid, net=net, metadata=metadata))
        yield Outside((f"{net}.2", PORT), (metadata, PORT), f"{net}.1")
    finally:
        docker("rm", "--force", name)
        as_root(f"ip link delete {near} 2>/dev/null || true")


REACH = """
import socket
for address in {addresses!r}:
    try:
        socket.create_connection(tuple(address), 3).close()
        print("open", *address)
    except OSError as error:
        print("shut", *address)
"""


def reach_program(*addresses: Address) -> str:
    """Return a program that prints for each address whether it can connect."""
    return REACH.format(addresses=addresses)


def reached(said: str) -> dict[Address, str]:
    """Read the program's output."""
    lines = [line.split() for line in said.splitlines() if line.strip()]
    return {(host, int(port)): state for state, host, port in lines}


@contextmanager
def listener(host: str = "") -> Iterator[int]:
    """Listen on this machine, on all addresses if none is given; yield the port."""
    with socket.create_server((host, 0)) as server:
        yield server.getsockname()[1]
