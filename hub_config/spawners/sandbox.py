"""The bubblewrap command line around one single-user server.

Inside are: the system's programs and the server's environment, read-only; one home; private /tmp, /proc and /dev.
Only the home, /tmp and /dev/shm are writable, whoever started the Hub.
Not inside: other homes, other people's processes, the Hub's state, and the checkout except for what is named.
The network is the machine's: a server must reach the Hub and the exchange, which tokens protect.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# From /etc, a server sees what name lookup, TLS, fonts and shells need; passwd and group are its own.
ETC = (
    *("alternatives", "bash.bashrc", "ca-certificates", "fonts", "host.conf", "hosts", "inputrc", "ld.so.cache"),
    *("ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "profile", "protocols"),
    # Not /etc/ssl/private: a group can read its keys, and an ordinary user's Hub can't drop its groups for servers.
    *("resolv.conf", "services", "ssl/certs", "ssl/cert.pem", "ssl/openssl.cnf", "terminfo", "timezone"),
)
MERGED = ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
CONFIGURATION = "/etc/jupyter"
MADE = ("/dev", "/run", "/")  # the file systems that contain nothing but mounts and links
TEMPORARY_BYTES = 2**30  # they are in memory


@dataclass(frozen=True)
class Sandbox:
    """What one server may see."""

    user: str
    home: Path
    environment: Path
    configuration: Path
    identity: Path
    read_only: tuple[Path, ...] = ()

    @property
    def inner_home(self) -> str:
        return f"/home/{self.home.name}"

    def command(self, program: Sequence[str], uid: int | None) -> list[str]:
        """Return the whole command line; `uid` is the user of a root-started server, None if the caller isn't root."""
        become = () if uid is None else become_uid(uid)
        return ["bwrap", *self._namespaces(uid), *self._system(), *self._own(), "--", *become, *program]

    def _namespaces(self, uid: int | None) -> Iterator[str]:
        yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
        yield from ("--hostname", "tinytorch")
        if uid is None:
            yield from ("--unshare-user", "--disable-userns")

    def _system(self) -> Iterator[str]:
        yield from ("--ro-bind", "/usr", "/usr")
        for folder in map(Path, MERGED):
            if folder.is_symlink():
                yield from ("--symlink", str(folder.readlink()), str(folder))
            elif folder.is_dir():
                yield from ("--ro-bind", str(folder), str(folder))
        yield from open_folders(Path("/etc/ssl/x"))
        for entry in ETC:
            yield from ("--ro-bind-try", f"/etc/{entry}", f"/etc/{entry}")
        for entry in ("passwd", "group"):
            yield from ("--ro-bind", str(self.identity / entry), f"/etc/{entry}")
        yield from ("--proc", "/proc", "--dev", "/dev")
        for scratch in ("/dev/shm", "/tmp"):
            yield from ("--perms", "1777", "--size", str(TEMPORARY_BYTES), "--tmpfs", scratch)
        yield from ("--tmpfs", "/run", *open_folders(Path("/var/tmp")), "--symlink", "/tmp", "/var/tmp")

    def _own(self) -> Iterator[str]:
        for path in (*base_interpreter(self.environment), self.environment, *self.read_only):
            yield from (*open_folders(path), "--ro-bind", str(path), str(path))
        yield from ("--ro-bind", str(self.configuration), CONFIGURATION)
        yield from (*open_folders(Path(self.inner_home)), "--bind", str(self.home), self.inner_home)
        yield from ("--chdir", self.inner_home)
        # An ordinary user's Hub and its servers have one uid, which owns what bubblewrap made. Mounts stay writable.
        for made in MADE:
            yield from ("--remount-ro", made)


def open_folders(path: Path) -> Iterator[str]:
    """Make the folders above a mount point first: those made by bubblewrap are closed to everybody but root."""
    for folder in reversed(path.parents[:-1]):
        yield from ("--perms", "0755", "--dir", str(folder))


def become_uid(uid: int) -> tuple[str, ...]:
    """Return the program that permanently gives up root and becomes `uid`."""
    identity = ("--reuid", str(uid), "--regid", str(uid), "--clear-groups")
    return ("setpriv", *identity, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--")


def base_interpreter(environment: Path) -> tuple[Path, ...]:
    """Return the folder of the Python that a virtual environment is based on, unless it is under /usr."""
    lines = (environment / "pyvenv.cfg").read_text("utf-8").splitlines()
    values = dict(line.split(" = ", 1) for line in lines if " = " in line)
    base = Path(values["home"]).resolve().parent
    return () if base.is_relative_to("/usr") or base.is_relative_to(environment) else (base,)


def write_identity(folder: Path, user: str, home: str, uid: int, gid: int) -> None:
    """Write the passwd and group files that a server sees, readable for it with any umask."""
    folder.mkdir(parents=True, exist_ok=True)
    passwd = f"root:x:0:0:root:/:/usr/sbin/nologin\n{user}:x:{uid}:{gid}::{home}:/bin/bash\n"
    for name, text in (("passwd", passwd), ("group", f"root:x:0:\n{user}:x:{gid}:\n")):
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o644)
