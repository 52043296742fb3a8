"""The deployment: Hub and PostgreSQL as containers in one compose project on this machine's engine.

Promises: every command can be repeated; settings are in one file, `hub.env`, and in the caller's `HUB_...`; all
state is in one folder, in the database's volume, and in the home volumes. None of this needs root: the right to
talk to the engine is enough, and that right is as much as root's.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import yaml

from hub_config.checks import NotReady
from hub_config.origins import check_origins
from hub_config.run.prepare import say
from hub_config.settings import CHECKOUT, PREFIX, Settings, load_settings

COMPOSE_FILE = CHECKOUT / "docker" / "compose.yaml"
DEFAULT_FOLDER = CHECKOUT / "var-deploy"
SOCKET = "/var/run/docker.sock"
CALL = "call.env"  # the settings that the last `up` was given
VARIABLE = re.compile(r"\$\{(\w+)\}")  # as compose.yaml writes them
# What compose.yaml sets itself; a different value from the caller would be obeyed only in part.
SET_BY_COMPOSE = frozenset({"HUB_PLACE", "HUB_VAR", "HUB_SEMESTER", "HUB_DOCKER__TAG", "HUB_DATABASES", "HUB_PROXY"})
INTERRUPTS = """\
!!! This deployment is running. What has changed is built first, while everything runs; then Hub, services and database
    may be down for a minute or two. Students' servers, kernels and open notebooks go on; the course's pages don't
    answer during that time, and running grading tasks start over. The way back is a backup, because an older version
    can't read a newer schema: if you have none from today, stop here (Ctrl-C) and make one (make backup TO=...)."""
SETTINGS_FILE = """\
# Settings of this deployment, one HUB_NAME=value per line; `python -m hub_config settings` lists them.
# HUB_HOST=127.0.0.1
# HUB_PORT=8000
# HUB_URL=https://hub.example.org
# HUB_SUBDOMAIN_HOST=https://hub.example.org
# HUB_AUTHENTICATOR=native
"""


@dataclass(frozen=True)
class Deployment:
    """One compose project: its folder, its semester, and what the caller set."""

    folder: Path
    settings: Settings
    given: dict[str, str]

    @property
    def semester(self) -> Path:
        return self.settings.semester or self.folder / "demo" / "demo.yaml"

    @property
    def hub_image(self) -> str:
        return f"tinytorch-hub/hub:{self.tag}"

    @property
    def known(self) -> Settings:
        """The settings with the semester file that exists by now."""
        return self.settings.model_copy(update={"semester": self.semester})

    @property
    def tag(self) -> str:
        return self.known.image_tag

    @property
    def project(self) -> str:
        return re.sub(r"[^a-z0-9_-]", "-", self.known.container_prefix.lower()) + "-deploy"

    def environment(self) -> dict[str, str]:
        """Return what compose.yaml's variables stand for."""
        return dict(os.environ) | {
            "COMPOSE_PROJECT_NAME": self.project,
            "TINYTORCH_STATE": str(self.folder),
            "TINYTORCH_TAG": self.tag,
            "TINYTORCH_SEMESTER": str(self.semester),
            "TINYTORCH_SEMESTER_FOLDER": str(self.semester.parent),
            "TINYTORCH_SOCKET": SOCKET,
            "TINYTORCH_SOCKET_GROUP": str(Path(SOCKET).stat().st_gid),
        }

    def compose(self, *words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        """Run compose; raise NotReady with its output if it fails."""
        line = [*compose_command(), "--file", str(COMPOSE_FILE), *words]
        done = subprocess.run(line, env=self.environment(), text=True, capture_output=capture, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise NotReady(f"`{' '.join(line)}` failed. {(done.stderr or '').strip()}".strip())
        return done

    def in_hub(self, *words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command in the Hub's container, which must be up."""
        return self.compose("exec", "-T", "hub", *words, capture=capture)

    def beside_hub(self, folder: Path, *words: str) -> None:
        """Run a command in another container like the Hub's that also has `folder`."""
        self.compose("up", "--detach", "database")
        self._wait_for_database()
        settings = self.environment_of_hub()
        line = ["run", "--rm", "--network", "none", "--group-add", str(Path(SOCKET).stat().st_gid)]
        line += [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        mounts = [f"{self.folder}:{self.folder}", f"{self.semester.parent}:{self.semester.parent}:ro"]
        mounts += [f"{folder}:{folder}", f"{SOCKET}:/var/run/docker.sock"]
        mounts += [f"{self.project}_database-socket:/run/postgresql"]
        line += [word for mount in mounts for word in ("--volume", mount)]
        say(docker(*line, self.hub_image, *words).strip())

    def environment_of_hub(self) -> dict[str, str]:
        """Return the environment that compose.yaml gives the Hub's container."""
        raw = yaml.safe_load(COMPOSE_FILE.read_text("utf-8"))["services"]["hub"]["environment"]
        ours = self.environment()
        named = {name: VARIABLE.sub(lambda match: ours[match[1]], value) for name, value in raw.items()}
        return _read_settings(self.folder / "hub.env") | self.given | named

    def _wait_for_database(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.compose("exec", "-T", "database", "pg_isready", "--host", "/run/postgresql", capture=True)
                return
            except NotReady:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)


def deployment_of(environ: Mapping[str, str]) -> Deployment:
    """Return the deployment that the caller's variables and the folder's `hub.env` describe."""
    folder = Path(environ.get("HUB_VAR", DEFAULT_FOLDER)).resolve()
    kept = _read_settings(folder / "hub.env")
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in SET_BY_COMPOSE}
    own = {"HUB_PLACE": "docker", "HUB_VAR": str(folder / "state")}
    named = {name: environ[name] for name in ("HUB_SEMESTER", "HUB_DOCKER__TAG") if name in environ}
    return Deployment(folder, load_settings(kept | given | named | own), given)


def _read_settings(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#") and "=" in line)


def compose_command() -> list[str]:
    """Return this machine's compose command."""
    if shutil.which("docker") is None:
        raise NotReady("Docker's client is missing. Run: sudo apt-get install -y docker.io docker-compose")
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise NotReady("Compose is missing. Run: sudo apt-get install -y docker-compose")


def docker(*words: str) -> str:
    """Ask the engine; raise NotReady with its output if it refuses."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise NotReady(f"`docker {words[0]}` failed: {done.stderr.strip()}")
    return done.stdout


def here() -> Deployment:
    """Return the caller's deployment, whether or not it exists; raise NotReady without an engine or compose."""
    compose_command()
    docker("info", "--format", "{{.ServerVersion}}")
    return deployment_of(os.environ)


def made() -> Deployment:
    """Return the caller's deployment, which `up` has made."""
    deployment = here()
    if not (deployment.folder / CALL).exists():
        raise NotReady(
            f"There is no deployment in {deployment.folder}. Make one (make up), or name its folder: HUB_VAR=..."
        )
    return deployment


def make_ready(deployment: Deployment) -> None:
    """Prepare folder, semester, images and settings for the next start."""
    deployment.folder.mkdir(parents=True, exist_ok=True)
    if not deployment.semester.exists():
        if deployment.settings.semester:
            raise NotReady(f"The semester file {deployment.semester} does not exist: see HUB_SEMESTER.")
        say("==> A demo semester: three students, a TA, an instructor")
        _tito("semester", "demo", "--output", str(deployment.semester))
    if deployment.settings.docker.build:
        say("==> Images of Hub, database, servers and workers (takes some minutes the first time)")
        _tito("image", "build", "--semester", str(deployment.semester), "--tag", deployment.tag)
    own(deployment, deployment.folder, "state", "tmp")
    write_settings(deployment)


def write_settings(deployment: Deployment) -> None:
    """Leave the operator's file as it is; write what this caller set into another file next to it."""
    file = deployment.folder / "hub.env"
    if not file.exists():
        file.write_text(SETTINGS_FILE, "utf-8")
    lines = [f"{name}={value}\n" for name, value in sorted(deployment.given.items())]
    (deployment.folder / CALL).write_text("".join(lines), "utf-8")


def own(deployment: Deployment, folder: Path, *inner: str) -> None:
    """Let the engine make folders that belong to the Hub's user: the caller may not be root."""
    paths = [str(folder / name) for name in inner] or [str(folder)]
    line = ["run", "--rm", "--network", "none", "--user", "0", "--volume", f"{folder}:{folder}", deployment.hub_image]
    docker(*line, "install", "-d", "-m", "0700", "-o", "hub", "-g", "hub", *paths)


def wait_until_ready(deployment: Deployment, seconds: float = 300) -> None:
    """Wait for the Hub in its container and print its output; raise NotReady with its last log lines."""
    deadline, shown = time.monotonic() + seconds, 0
    while True:
        lines = deployment.compose("logs", "--no-color", "hub", capture=True).stdout.splitlines()
        for line in lines[shown:]:
            if "==>" in line or "!!!" in line:
                say("    " + line.split("|", 1)[-1].strip())
        shown = len(lines)
        try:
            deployment.in_hub("python", "-m", "hub_config", "status", "--ready", capture=True)
            return
        except NotReady as error:
            if time.monotonic() > deadline:
                words = "\n".join(lines[-20:])
                raise NotReady(f"The Hub did not start within {seconds:.0f} s. Last log lines:\n{words}") from error
            time.sleep(1)


def runs_already(deployment: Deployment) -> bool:
    """Tell whether this deployment's Hub is running, so that `up` is an upgrade."""
    found = docker("ps", "--quiet", "--filter", f"label=com.docker.compose.project={deployment.project}")
    return bool(found.strip())


def stop_servers(deployment: Deployment) -> int:
    """Stop the servers that this deployment's Hub started; homes stay."""
    from hub_config.spawners.docker import LABEL

    found = docker("ps", "--quiet", "--filter", f"label={LABEL}={deployment.known.container_prefix}").split()
    if found:
        docker("stop", "--time", "10", *found)
    return len(found)


def _tito(*words: str) -> None:
    if subprocess.run([str(Path(sys.executable).parent / "tito"), *words], cwd=CHECKOUT).returncode != 0:
        raise NotReady(f"`tito {' '.join(words)}` failed; see its output above.")


@click.group()
def deploy() -> None:
    """Run Hub and PostgreSQL as containers (compose).

    \b
    python -m hub_config deploy up
    HUB_SEMESTER=/srv/course/2026-fall.yaml HUB_VAR=/srv/tinytorch python -m hub_config deploy up
    python -m hub_config deploy run -- tito semester status
    python -m hub_config deploy backup /srv/backup/today
    """


@deploy.command()
def up() -> None:
    """Build what is missing, start, and wait until everything answers; running servers are left alone."""
    deployment = here()
    check_origins(deployment.settings)  # the Hub in its container prints the warnings
    if runs_already(deployment):
        say(INTERRUPTS)
    make_ready(deployment)
    say("==> Starting")
    deployment.compose("up", "--detach", "--remove-orphans")
    wait_until_ready(deployment)
    deployment.in_hub("python", "-m", "hub_config", "welcome")
    say("It keeps running in the background: `make logs` shows its log, `make down` stops it.")


@deploy.command()
@click.option("--keep-servers", is_flag=True, help="Leave students' servers running.")
def down(keep_servers: bool) -> None:
    """Stop everything; homes, databases and settings are kept."""
    deployment = made()
    deployment.compose("down")
    stopped = 0 if keep_servers else stop_servers(deployment)
    click.echo(f"Stopped, with {stopped} servers. Everything is kept; `make up` starts again with it.")


@deploy.command()
def status() -> None:
    """Show the containers of the deployment."""
    made().compose("ps")


@deploy.command()
def logs() -> None:
    """Follow the logs of the Hub and its services."""
    deployment = made()
    deployment.compose("exec", "-T", "hub", "sh", "-c", 'tail -n 20 -F "$HUB_VAR"/log/*.log')


@deploy.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...]) -> None:
    """Run COMMAND in the Hub's container as the operator."""
    made().in_hub("python", "-m", "hub_config", "run", "--", *command)


@deploy.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--keep", type=click.IntRange(min=1), help="Write into a dated subfolder of FOLDER; keep the newest N of them."
)
def backup(folder: Path, keep: int | None) -> None:
    """Copy databases, submissions, grades, secrets and homes into a new FOLDER; the Hub may be running."""
    deployment, folder = made(), folder.resolve()
    if not keep and folder.exists() and any(folder.iterdir()):
        raise NotReady(f"{folder} already exists and is not empty; name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    own(deployment, folder)
    more = ["--keep", str(keep)] if keep else []
    deployment.beside_hub(folder, "python", "-m", "hub_config", "backup", str(folder), *more)


@deploy.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(folder: Path) -> None:
    """Restore what `backup` wrote into FOLDER; there must be no state yet. Then start with `up`."""
    deployment, folder = here(), folder.resolve()
    make_ready(deployment)
    deployment.beside_hub(folder, "python", "-m", "hub_config", "restore", str(folder))
