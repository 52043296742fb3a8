"""A Hub over https with a subdomain for each person's server: with its own certificates, or behind nginx."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from hub_config.run.programs import answers
from hub_config.secret_files import read_passwords
from hub_config.settings import CHECKOUT
from tests.e2e.hub import free_port
from tests.e2e.names import HOST, server_origin
from tests.harness.mortal import mortal
from tests.semester.campus import wait_for
from tests.sign_in.certificate import write_pair
from tests.sign_in.door import Door, person, running_door, send

HOME = "/services/home/"
WITH_FORMGRADER = "[semester, idle-culler]"


@contextmanager
def given_certificate(folder: Path) -> Iterator[tuple[Door, Path]]:
    """Run a Hub that serves https itself."""
    key, cert = write_pair(folder / "tls", HOST, f"*.{HOST}")
    port = str(free_port())
    own = {"HUB_TLS_KEY": str(key), "HUB_TLS_CERT": str(cert), "HUB_WITHOUT": WITH_FORMGRADER, "HUB_PORT": port}
    own["HUB_SUBDOMAIN_HOST"] = f"https://{HOST}:{port}"
    with running_door(folder, "generated-passwords", **own) as door:
        yield door, cert


@contextmanager
def reverse_proxy(folder: Path) -> Iterator[tuple[Door, Path]]:
    """Run a Hub behind nginx."""
    key, cert = write_pair(folder / "tls", HOST, f"*.{HOST}")
    plain, secure, hub = free_port(), free_port(), free_port()
    url = f"https://{HOST}:{secure}"
    own = {"HUB_PORT": str(hub), "HUB_URL": url, "HUB_SUBDOMAIN_HOST": url, "HUB_WITHOUT": WITH_FORMGRADER}
    ports = {"plain": plain, "secure": secure, "hub": hub}
    with running_door(folder, "generated-passwords", **own) as door, nginx(folder / "nginx", ports, key, cert):
        yield door, cert


@contextmanager
def nginx(folder: Path, ports: dict[str, int], key: Path, cert: Path) -> Iterator[None]:
    """Run nginx with docker/nginx.conf.example, changing only names, files and ports."""
    site = (CHECKOUT / "docker" / "nginx.conf.example").read_text()
    changes = {
        "listen 80;": f"listen 127.0.0.1:{ports['plain']};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{ports['secure']} ssl http2;",
        "hub.example.org": HOST,
        "/etc/nginx/tls/chain.pem": str(cert),
        "/etc/nginx/tls/key.pem": str(key),
        "http://127.0.0.1:8000": f"http://127.0.0.1:{ports['hub']}",
    }
    for before, after in changes.items():
        assert before in site, before
        site = site.replace(before, after)
    folder.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    http = ["access_log off;", *(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)]
    whole = [f"daemon off; pid {folder}/pid; error_log {folder}/error.log;", "events {}", "http {", *http, site, "}"]
    (folder / "nginx.conf").write_text("\n".join(whole))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "nginx is missing. Run: apt-get install -y nginx-light"
    process = subprocess.Popen(mortal([program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]))
    try:
        wait_for(lambda: answers(f"https://{HOST}:{ports['secure']}/hub/health") or process.poll(), "nginx", 60)
        for name in (HOST, f"ada.{HOST}"):
            redirected = httpx.get(f"http://{name}:{ports['plain']}/hub/login?next=/x")
            assert (redirected.status_code, redirected.headers["location"]) == (
                301,
                f"https://{name}/hub/login?next=/x",
            )
        yield
    finally:
        process.terminate()
        process.wait(30)


def server_address(door: Door, name: str) -> str:
    """Return the address of a person's server."""
    return f"{server_origin(door.url, name)}/user/{name}"


@contextmanager
def logged_in(door: Door, trust: ssl.SSLContext, name: str) -> Iterator[httpx.Client]:
    """Yield a person's browser after login, on the home page."""
    with person(door.url, verify=trust) as client:
        log_in(client, door, name)
        yield client


def log_in(client: httpx.Client, door: Door, name: str) -> httpx.Response:
    page = client.get(f"/hub/login?next={HOME}")
    return send(client, page, username=name, password=read_passwords(door.settings.secrets)[name])


def start_server(client: httpx.Client, door: Door, name: str) -> str:
    """Start a person's server, wait until their browser has opened it, and return its address."""
    address = server_address(door, name)
    client.get("/hub/spawn")

    def ready() -> bool:
        page = client.get(f"{address}/lab")
        return str(page.url) == f"{address}/lab" and page.status_code == 200

    wait_for(ready, f"the server of {name}", 120)
    return address
