"""Start single-user servers as sandboxed processes of this machine.

A server survives a restart of the Hub. If root started the Hub, each person's server has its own uid, which owns the
person's home; if an ordinary user did, all have that user's uid, and only the sandbox keeps them apart.
"""

import os
import resource
import signal
import subprocess
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Integer, Unicode

from exchange.protocol.names import home_of
from hub_config.spawners.kinds import ServerOfAKind
from hub_config.spawners.readiness import until_it_listens
from hub_config.spawners.sandbox import CONFIGURATION, Sandbox, write_identity

MIB = 2**20
OWNER = "owner"  # next to passwd and group: whose home it is


class BubblewrapSpawner(ServerOfAKind, LocalProcessSpawner):
    """A sandbox around each server; `kinds` has environment, read_only, memory_mib, processes, env of each."""

    homes = Unicode(help="Folder of all homes").tag(config=True)
    identities = Unicode(help="Folder of the passwd and group files that servers see").tag(config=True)
    logs = Unicode(help="Folder of the servers' logs").tag(config=True)
    configuration = Unicode(help="Jupyter configuration of servers, read-only").tag(config=True)
    first_uid = Integer(300_000, help="Lowest uid of servers, for a Hub started by root").tag(config=True)
    marker = Unicode(help="Value of TINYTORCH_RUN_ID, by which `hub_config stop` finds servers").tag(config=True)

    @property
    def home(self) -> Path:
        return Path(self.homes) / home_of(self.user.name)

    @property
    def inner_home(self) -> str:
        return f"/home/{self.home.name}"

    def get_env(self) -> dict[str, str]:
        """Return the server's whole environment: nothing from the Hub's own gets in."""
        env = super().get_env()
        environment = self.kind["environment"]
        env |= {"PATH": f"{environment}/bin:/usr/local/bin:/usr/bin:/bin", "VIRTUAL_ENV": environment}
        env |= {"LANG": "C.UTF-8", "TERM": "xterm-256color", "TINYTORCH_RUN_ID": self.marker}
        env |= {"JUPYTER_CONFIG_PATH": f"{CONFIGURATION}/{self.kind_name}:{CONFIGURATION}"}
        return env | {name: value.format(home=self.inner_home) for name, value in self.kind["env"].items()}

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        return env | {"USER": self.user.name, "HOME": self.inner_home, "SHELL": "/bin/bash"}

    def make_preexec_fn(self, name: str):
        limits = [(resource.RLIMIT_DATA, self.kind["memory_mib"] * MIB), (resource.RLIMIT_CORE, 0)]
        if os.geteuid() == 0:
            # An ordinary user's limit would count all of that user's processes, inside sandboxes and outside.
            limits.append((resource.RLIMIT_NPROC, self.kind["processes"]))

        def limit() -> None:
            for kind, value in limits:
                resource.setrlimit(kind, (value, value))

        return limit

    async def start(self):
        uid = self._prepare_home()
        python = f"{self.kind['environment']}/bin/python"
        self.cmd = self._sandbox().command([python, f"{CONFIGURATION}/launch.py"], uid)
        log = Path(self.logs) / f"{self.home.name}.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("ab") as output:
            self.popen_kwargs = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            address = await super().start()
        return await until_it_listens(self, *address)

    def load_state(self, state):
        """Resume a server of an earlier Hub, unless its number belongs to another process by now."""
        super().load_state(state)
        pid = state.get("pid", 0)
        ours = pid and f"TINYTORCH_RUN_ID={self.marker}" in _environment_of(pid)
        self.pid = pid if ours else 0

    async def _signal(self, sig):
        """Send a signal into the sandbox: bubblewrap itself would pass none on."""
        if sig == signal.SIGINT:
            sig = signal.SIGTERM  # on an interrupt, a server without a terminal would wait for a confirmation
        if sig != 0:
            inner = children(self.pid)
            servers = [child for first in inner for child in children(first)]
            # Killing the sandbox's first process ends everything in it.
            for pid in inner if sig == signal.SIGKILL else servers:
                os.kill(pid, sig)
            if inner:
                return True
        return await super()._signal(sig)

    def _sandbox(self) -> Sandbox:
        kind = self.kind
        return Sandbox(
            user=self.user.name,
            home=self.home,
            environment=Path(kind["environment"]),
            configuration=Path(self.configuration),
            identity=Path(self.identities) / self.home.name,
            read_only=tuple(Path(path) for path in kind["read_only"]),
        )

    def _prepare_home(self) -> int | None:
        """Make home and identity; return the uid that the server runs as, None if it keeps the Hub's.

        Raise RuntimeError if the home belongs to somebody else.
        """
        claim(Path(self.identities) / self.home.name, self.user.name)
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = os.geteuid() == 0
        uid = owner_or_new_uid(self.home, self.first_uid) if root else os.getuid()
        name = "".join(letter for letter in self.user.name if letter.isalnum() or letter in "-_.") or "student"
        write_identity(Path(self.identities) / self.home.name, name, self.inner_home, uid, uid if root else os.getgid())
        return uid if root else None


def claim(identity: Path, name: str) -> None:
    """Record whose home it is; if two names map to one folder, the second gets an error and no server."""
    record = identity / OWNER
    identity.mkdir(parents=True, exist_ok=True)
    try:
        with record.open("x", encoding="utf-8") as file:
            file.write(name)
    except FileExistsError:
        owner = record.read_text("utf-8")
        if owner != name:
            raise RuntimeError(
                f"the home {identity.name} of {name!r} already belongs to {owner!r}: give one of them another user name"
            ) from None


def owner_or_new_uid(home: Path, first_uid: int) -> int:
    """Return the uid that owns `home`; a new home gets the next free one. The homes record who has which."""
    owner = home.stat().st_uid
    if owner >= first_uid:
        return owner
    taken = [other.stat().st_uid for other in home.parent.iterdir()]
    uid = max([first_uid - 1, *taken]) + 1
    os.chown(home, uid, uid)
    return uid


def children(pid: int) -> list[int]:
    """Return the child processes of `pid`, none if it is gone."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _environment_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
