"""Do on the engine's machine, as root, what the engine has no command for: attach homes, set a firewall.

Anybody who may talk to the engine is root there, so no other right is needed, whether the Hub is root, an ordinary user
or a container: the commands run in a container that lives as long as they do, with the machine's own programs.
"""

from hub_config.checks import NotReady
from hub_config.settings import Settings

ROOT = "/host"
# Not `privileged`: loop devices and network rules are all that is needed.
RIGHTS = {
    "user": "0",
    "network_mode": "host",
    "userns_mode": "host",
    "volumes": {"/": {"bind": ROOT, "mode": "rw"}},
    "cap_drop": ["ALL"],
    "cap_add": ["SYS_ADMIN", "SYS_CHROOT", "NET_ADMIN", "DAC_OVERRIDE", "CHOWN", "FOWNER"],
    "device_cgroup_rules": ["b 7:* rwm", "c 10:237 rwm"],
    "security_opt": ["label=disable"],
}


def student_image(settings: Settings) -> str:
    """Return the image of students' servers, which every machine with a Hub has."""
    return f"tinytorch-hub/student:{settings.image_tag}"


def engine():
    """Return a client of the engine; raise NotReady if none answers."""
    # Import its parts: a folder of the checkout is called docker too.
    from docker.client import from_env
    from docker.errors import DockerException

    try:
        return from_env()
    except DockerException as error:
        raise NotReady(
            f"The docker place needs a Docker engine, but none answers: {error}\n"
            "Run: sudo apt-get install -y docker.io && sudo systemctl start docker (or start dockerd)"
        ) from error


def on_host(image: str, script: str, *words: str) -> str:
    """Run a shell script as root on the engine's machine, with `words` as $1...; raise NotReady with its output."""
    from docker.errors import APIError

    command = ["/usr/sbin/chroot", ROOT, "sh", "-ceu", f"PATH=/usr/sbin:/usr/bin:/sbin:/bin\n{script}", "sh", *words]
    try:
        container = engine().containers.create(image, command=command[1:], entrypoint=command[:1], **RIGHTS)
        try:
            container.start()
            ended = container.wait()["StatusCode"]
            said, complained = container.logs(stderr=False), container.logs(stdout=False)
        finally:
            container.remove(force=True)
    except APIError as error:
        raise NotReady(f"the engine refused a container that works on its machine: {error.explanation}") from error
    if ended != 0:
        words_of_it = complained.decode(errors="replace").strip()
        raise NotReady(words_of_it or f"a command on the engine's machine failed with exit status {ended}")
    return said.decode()
