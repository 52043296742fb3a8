"""The programs of a Hub on one machine: proxy, Hub, services, with their whole environments."""

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from hub_config.run.supervisor import Program
from hub_config.secret_files import secret_of
from hub_config.services import (
    CAMPUS,
    DATABASE_NAMES,
    KEPT_ENVIRONMENT,
    SUPERVISOR,
    TERMINAL,
    Service,
    command_line,
    named_proxies,
    service_environment,
    service_url,
)
from hub_config.settings import Settings, settings_environment
from hub_config.sign_in.provider_client import proxy_for
from hub_config.ways_to_sign_in import WAYS

CLUSTER_NAMES = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBECONFIG")  # where a spawner finds its API
BIN = Path(sys.executable).parent
CONFIG = Path(__file__).parents[1] / "jupyterhub_config.py"


def proxy(settings: Settings) -> Program:
    """Return the proxy: the Python one, so that no Node is needed, unless another is given."""
    hub = f"http://{settings.inner_host}:{settings.ports['hub']}"
    command = _other_proxy(settings) if settings.proxy else _front(settings)
    command += ["--ip", settings.host, "--port", str(settings.port), "--api-port", str(settings.ports["proxy-api"])]
    command += ["--default-target", hub, "--error-target", f"{hub}{settings.base_path}hub/error"]
    if settings.subdomain_host:
        command += ["--host-routing"]
    token = {"CONFIGPROXY_AUTH_TOKEN": secret_of(settings, "proxy-token")}
    # The Python proxy reports a server's last request in local time, and the Hub reads it as UTC.
    token["TZ"] = "UTC"
    return Program("proxy", command, base_environment() | token, settings.var / "log" / "proxy.log")


def _front(settings: Settings) -> list[str]:
    command = [sys.executable, "-m", "hub_config.run.front"]
    if settings.tls_key:
        command += ["--tls-key", str(settings.tls_key), "--tls-cert", str(settings.tls_cert)]
    return [*command, "--behind-proxy"] if settings.url else command


def _other_proxy(settings: Settings) -> list[str]:
    command = [str(settings.proxy), "--api-ip", "127.0.0.1", "--log-level", "warn"]
    if settings.tls_key:
        command += ["--ssl-key", str(settings.tls_key), "--ssl-cert", str(settings.tls_cert)]
    return command


def hub(settings: Settings) -> Program:
    """Return the Hub itself."""
    command = [sys.executable, "-m", "jupyterhub", "--config", str(CONFIG)]
    environment = base_environment() | settings_environment(settings)
    environment |= {name: os.environ[name] for name in (*DATABASE_NAMES, *CLUSTER_NAMES) if name in os.environ}
    if WAYS[settings.authenticator].asks_outside:  # the Hub's own requests ignore the proxy
        environment |= named_proxies()
    return Program("hub", command, environment, settings.var / "log" / "hub.log")


def service_program(service: Service, settings: Settings) -> Program:
    """Return one service."""
    command, environment = command_line(service, settings), service_environment(service, settings)
    if service is CAMPUS:  # it sends requests to somebody else's server, by the same way as the Hub's logins
        environment |= {"CAMPUS_PROXY": proxy_for(settings.sign_in.token_url) or ""}
    return Program(service.name, command, environment, settings.var / "log" / f"{service.name}.log")


def base_environment() -> dict[str, str]:
    """Return the part of the caller's environment that any program gets; .venv comes first on PATH."""
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return kept | {"PATH": f"{BIN}:{os.environ.get('PATH', os.defpath)}"}


def hub_api(settings: Settings, method: str, path: str, body: dict | None = None, timeout: float = 30) -> dict:
    """Ask the Hub with the supervisor's token; raise OSError if it can't be reached or refuses."""
    return _ask(SUPERVISOR, f"{settings.hub_api_url}/{path}", settings, method, body, timeout)


def ask_service(name: str, path: str, settings: Settings) -> dict:
    """Read from a service as the operator; raise OSError if it can't be reached or refuses."""
    return _ask(TERMINAL, f"{service_url(name, settings)}/{path}", settings, "GET", None, 10)


def _ask(who: Service, url: str, settings: Settings, method: str, body: dict | None, timeout: float) -> dict:
    return send(url, method, body, secret_of(settings, f"service-{who.name}"), timeout)


def send(url: str, method: str, body: dict | None, token: str = "", timeout: float = 30) -> dict:
    """Ask one of our own programs, with a token or without; raise OSError if it can't be reached or refuses."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"token {token}"} if token else {})
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, method=method, data=data, headers=headers)
    with _direct().open(request, timeout=timeout) as answer:
        return json.loads(answer.read() or b"{}")


def wait_for(name: str, ready: Callable[[], object], seconds: float, log: Path | None) -> None:
    """Wait until `ready` returns something true; raise TimeoutError that names the log if it is on this machine."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            words = f"Last log lines, in {log}:\n{tail(log)}" if log else "It runs elsewhere: see its log there."
            raise TimeoutError(f"{name} did not answer within {seconds:.0f} seconds. {words}")
        time.sleep(0.1)


def answers(url: str, host: str = "") -> bool:
    """Tell whether `url` answers with a success; its certificate is not checked, since nothing is sent or read.

    `host` is the host that a browser would ask for there, if the proxy routes by it.
    """
    context = ssl._create_unverified_context() if url.startswith("https") else None
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with _direct(context).open(request, timeout=5) as answer:
            return answer.status < 400
    except OSError:
        return False


def _direct(context: ssl.SSLContext | None = None) -> urllib.request.OpenerDirector:
    """Return the opener for our own programs: no proxy of the environment may see a token, or could reach them."""
    https = urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), https)


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    text = log.read_text("utf-8", errors="replace") if log.exists() else "(empty)"
    return "\n".join("    " + line for line in text.splitlines()[-lines:])
