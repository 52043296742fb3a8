"""Inner ports: chosen once, kept, and chosen again only if another program is using one."""

import json
import socket

from hub_config.services import SERVICES
from hub_config.settings import Settings

NAMES = ("hub", "proxy-api", *(service.name for service in SERVICES if service.web))


def with_ports(settings: Settings) -> Settings:
    """Return the settings with a free port for each program: given ports always, otherwise preferably the last ones."""
    file = settings.var / "hub" / "ports.json"
    before = kept_ports(settings)
    ports: dict[str, int] = dict(settings.ports)
    for name in NAMES:
        if name not in ports:
            wanted = before.get(name, 0)
            free = wanted not in (0, settings.port, *ports.values()) and is_free(wanted)
            ports[name] = wanted if free else free_port({settings.port, *ports.values()})
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(json.dumps(ports, indent=1) + "\n", "utf-8")
    return settings.model_copy(update={"ports": ports})


def kept_ports(settings: Settings) -> dict[str, int]:
    """Return the ports of the last start, {} before the first."""
    file = settings.var / "hub" / "ports.json"
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def is_free(port: int) -> bool:
    """Tell whether a program on this machine could listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(taken: set[int]) -> int:
    """Return a free port that is not in `taken`."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in taken:
            return port
