"""What students' servers may reach on the engine's machine, and through it.

A program that listens on all addresses (a database, a mail server, another course's pages) is open to every container
on the machine too. With the firewall up, a server reaches the programs meant for it (Hub, exchange, grading,
semester) at the bridge's address, and nothing else on the machine; answers to the machine's requests to a server get
through, and so do queries to a name server on this machine. Of the networks beyond the machine,
`docker.blocked` is refused: clouds give the machine's own credentials to anybody who asks 169.254.169.254.

It is one nftables table, added and removed as a whole, next to the engine's own rules and without touching
them: what one table refuses, no other can let through.
"""

import json
import re
from dataclasses import dataclass
from ipaddress import ip_network

from hub_config.checks import NotReady
from hub_config.docker.host import on_host, student_image
from hub_config.ports import kept_ports
from hub_config.services import SERVICES
from hub_config.settings import Settings

DOORS = ("hub", *(service.name for service in SERVICES if service.for_servers))
NFT = 'command -v nft >/dev/null || { echo "nft is missing: apt-get install -y nftables" >&2; exit 1; }\n'
# The engine gives containers these name servers; it queries a loopback one itself.
NAME_SERVERS = r"""
resolv=/etc/resolv.conf
if [ -e /run/systemd/resolve/resolv.conf ]; then resolv=/run/systemd/resolve/resolv.conf; fi
sed -n 's/^nameserver[[:space:]]*\([0-9.]*\)$/\1/p' "$resolv" | grep -v '^127' || true
"""


@dataclass(frozen=True)
class Firewall:
    """The rules for one bridge."""

    bridge: str
    gateway: str
    doors: dict[str, int]
    blocked: list[str]

    @property
    def table(self) -> str:
        return table_of(self.bridge)

    def rules(self, name_servers: list[str]) -> str:
        """Return the input for nft: a new table that replaces the old one."""
        names = f"ip daddr {_set(name_servers)} meta l4proto {{ tcp, udp }} th dport 53 accept" if name_servers else ""
        from_servers = f'iifname "{self.bridge}"'
        return f"""
add table inet {self.table}
delete table inet {self.table}
table inet {self.table} {{
  set doors {{ type inet_service; elements = {_set(sorted(self.doors.values()))}; }}
  chain input {{
    type filter hook input priority -150; policy accept;
    {from_servers} jump to_this_machine
  }}
  chain forward {{
    type filter hook forward priority -150; policy accept;
    {from_servers} jump through_this_machine
  }}
  chain to_this_machine {{
    ct state established,related accept
    ip daddr {self.gateway} tcp dport @doors accept
    {names}
    icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit }} accept
    meta l4proto tcp reject with tcp reset
    reject
  }}
  chain through_this_machine {{
    oifname "{self.bridge}" drop
    {self._blocked(4)}
    {self._blocked(6)}
  }}
}}
"""

    def _blocked(self, version: int) -> str:
        """Refuse the blocked networks except for DNS: in some clouds the name server is the metadata server."""
        networks = [name for name in self.blocked if ip_network(name).version == version]
        field = {4: "ip", 6: "ip6"}[version]
        if not networks:
            return ""
        there = f"{field} daddr {_set(networks)}"
        return f"{there} meta l4proto {{ tcp, udp }} th dport 53 accept\n    {there} reject"


def table_of(bridge: str) -> str:
    """Return the name of a bridge's table: nft accepts letters, digits and underscores."""
    return "tinytorch_" + re.sub(r"\W", "_", bridge)


def _set(elements: list) -> str:
    return "{ " + ", ".join(map(str, elements)) + " }"


def firewall_of(settings: Settings) -> Firewall:
    """Return a place's firewall; its bridge and the Hub's ports must be known."""
    ports = kept_ports(settings) | settings.ports
    missing = [name for name in DOORS if name not in ports]
    if missing:
        raise NotReady(f"The ports of {', '.join(missing)} are not known before the Hub's first start: make serve")
    own = settings.docker
    return Firewall(own.network, settings.inner_host, {name: ports[name] for name in DOORS}, own.blocked)


def bring_up(settings: Settings) -> Firewall:
    """Put the rules in force, replacing earlier ones; raise NotReady if this machine can't."""
    firewall, image = firewall_of(settings), student_image(settings)
    name_servers = on_host(image, NAME_SERVERS).split()
    on_host(image, NFT + 'printf "%s" "$1" | nft --file -', firewall.rules(name_servers))
    return firewall


def take_down(settings: Settings) -> None:
    """Remove the rules, if there are any."""
    table = table_of(settings.docker.network)
    on_host(student_image(settings), NFT + f"nft add table inet {table}\nnft delete table inet {table}")


def state(settings: Settings) -> dict:
    """Return whether rules are in force, and whether they match the Hub's ports."""
    firewall = firewall_of(settings)
    listed = on_host(
        student_image(settings), NFT + f"nft --json list set inet {firewall.table} doors 2>/dev/null || true"
    )
    found = [entry["set"] for entry in json.loads(listed or "{}").get("nftables", []) if "set" in entry]
    open_ports = sorted(found[0]["elem"]) if found else []
    return {
        "up": bool(found),
        "current": open_ports == sorted(firewall.doors.values()),
        "bridge": firewall.bridge,
        "gateway": firewall.gateway,
        "open": open_ports,
        "doors": firewall.doors,
        "blocked": firewall.blocked,
    }
