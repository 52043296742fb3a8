"""Functions that set the values of a traitlets Config from the settings; `apply_all` calls each once."""

from pathlib import Path

from traitlets.log import get_logger

from hub_config.domains import apply_domains
from hub_config.origins import ACCEPTED, WARNING
from hub_config.roles import apply_roles
from hub_config.secret_files import read_or_create, secret_of
from hub_config.services import apply_services, chosen, course_environment, service_url
from hub_config.settings import CHECKOUT, Settings
from hub_config.sign_in.kinds import apply_sign_in
from hub_config.spawners.bubblewrap import BubblewrapSpawner

HERE = Path(__file__).parent
ROUTES_SECONDS = 30
BLAS_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


def apply_all(c, settings: Settings) -> None:
    """Set everything that the Hub needs."""
    for apply in (
        *(apply_hub, apply_domains, apply_proxy, apply_roles, apply_services),
        *(apply_people, apply_servers, apply_pages),
    ):
        apply(c, settings)
    if settings.shares_origin:
        get_logger().warning(ACCEPTED)


def apply_hub(c, settings: Settings) -> None:
    """Where the Hub listens and keeps its state; servers survive its restarts."""
    c.JupyterHub.bind_url, c.JupyterHub.public_url = settings.entrance.rstrip("/"), settings.public_url
    c.JupyterHub.hub_ip = settings.listen_host or settings.inner_host
    if settings.listen_host:
        c.JupyterHub.hub_connect_ip = settings.inner_host
    c.JupyterHub.hub_port = settings.ports["hub"]
    c.JupyterHub.db_url = settings.database_url("hub")
    c.JupyterHub.cookie_secret = bytes.fromhex(read_or_create(settings.secrets, "cookie-secret"))
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False
    c.JupyterHub.init_spawners_timeout = 5
    c.JupyterHub.allow_named_servers = False
    c.JupyterHub.implicit_spawn_seconds = 1.0  # a link to a stopped workspace starts it
    c.JupyterHub.authenticate_prometheus = True
    if settings.log_format == "json":
        c.JupyterHub.logging_config = {"formatters": {"console": {"class": "exchange.hub.logs.JsonLines"}}}
    if settings.public_url.startswith("https://"):
        c.JupyterHub.tornado_settings = {"cookie_options": {"secure": True}}  # form token's, servers' too


def apply_proxy(c, settings: Settings) -> None:
    """The proxy is a process separate from the Hub, so that a restart of the Hub cuts no connection."""
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = settings.proxy_api or f"http://127.0.0.1:{settings.ports['proxy-api']}"
    c.ConfigurableHTTPProxy.auth_token = secret_of(settings, "proxy-token")
    if settings.proxy_api:  # nobody tells the Hub that the proxy restarted, without routes: the Hub checks
        c.JupyterHub.last_activity_interval = ROUTES_SECONDS


def apply_people(c, settings: Settings) -> None:
    """Who may log in, and how."""
    apply_sign_in(c, settings)


def apply_servers(c, settings: Settings) -> None:
    """What starts single-user servers, and what each kind of server has."""
    c.Spawner.default_url = "/lab"
    c.Spawner.http_timeout = c.Spawner.start_timeout = settings.student.start_timeout_seconds
    c.Spawner.env_keep = []  # nothing from the Hub's own environment
    c.Spawner.poll_interval = 10
    if settings.spawner == "docker":
        from hub_config.spawners.docker import apply_containers  # only the docker place loads Docker's client

        apply_containers(c, settings, {kind: container_of_kind(kind, settings) for kind in ("student", "staff")})
    elif settings.spawner == "kubernetes":
        from hub_config.spawners.kubernetes import apply_pods  # an optional extra, not needed on one machine

        apply_pods(c, settings, {kind: container_of_kind(kind, settings) for kind in ("student", "staff")})
    else:
        apply_processes(c, settings)


def apply_processes(c, settings: Settings) -> None:
    """Servers are sandboxed processes of this machine."""
    c.JupyterHub.spawner_class = BubblewrapSpawner
    c.LocalProcessSpawner.interrupt_timeout = c.LocalProcessSpawner.term_timeout = 5
    c.BubblewrapSpawner.homes = str(settings.var / "homes")
    c.BubblewrapSpawner.identities = str(settings.var / "hub" / "identities")
    c.BubblewrapSpawner.logs = str(settings.var / "log" / "servers")
    c.BubblewrapSpawner.configuration = str(HERE / "server")
    c.BubblewrapSpawner.first_uid = settings.first_uid
    c.BubblewrapSpawner.marker = read_or_create(settings.secrets, "hub-id")
    c.BubblewrapSpawner.kinds = {kind: server_of_kind(kind, settings) for kind in ("student", "staff")}


def server_of_kind(kind: str, settings: Settings) -> dict:
    """Return what a kind of server has: environment, readable paths, limits and variables."""
    own = getattr(settings, kind)
    return {
        "environment": str(settings.environment_of(kind)),
        "read_only": [str(CHECKOUT / path) for path in own.read_only],
        "memory_mib": own.memory_mib or settings.limits.memory_mib,
        "processes": own.processes or settings.limits.processes,
        "env": server_environment(kind, settings),
    }


def container_of_kind(kind: str, settings: Settings) -> dict:
    """Return what a kind of container has: image, limits and variables; the image sets where the course is."""
    own, limits = getattr(settings, kind), settings.limits
    env = {name: value.format(home="/home/jovyan") for name, value in server_environment(kind, settings).items()}
    env.pop("TITO_COURSE", None)
    return {
        "image": image_of_kind(kind, settings),
        "memory_mib": own.memory_mib or limits.memory_mib,
        "cpus": limits.cpus,
        "processes": own.processes or limits.processes,
        "env": env,
    }


def image_of_kind(kind: str, settings: Settings) -> str:
    """Return the image of a kind of server: its name in a cluster's registry, or that given by `tito image build`."""
    given = getattr(settings.kubernetes, f"{kind}_image") if settings.spawner == "kubernetes" else ""
    return given or f"tinytorch-hub/{kind}:{settings.image_tag}"


def server_environment(kind: str, settings: Settings) -> dict[str, str]:
    """Return the course's variables of a kind of server; {home} stands for its home."""
    running = {service.name for service in chosen(settings)}
    names = ["exchange", "semester"] if kind == "student" else ["exchange", "grading", "semester"]
    urls = {f"{name.upper()}_URL": service_url(name, settings) for name in names if name in running}
    course = course_environment(settings)
    env = {"EXCHANGE_COURSE": course["EXCHANGE_COURSE"], "SERVER_KIND": kind, **urls}
    # As in the judge: with more threads, one kernel waits for processors that other students' kernels are using.
    env |= dict.fromkeys(BLAS_VARIABLES, str(getattr(settings, kind).blas_threads))
    env["SERVER_BUSY_HOURS"] = str(settings.limits.busy_hours)
    # How old the Hub's knowledge of a server may get: well below the culler's timeout.
    env["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(min(300, max(60, settings.idle_seconds // 4)))
    return env | (
        {"TINYTORCH_HOME": "{home}/tinytorch"} if kind == "student" else {"TITO_COURSE": course["TITO_COURSE"]}
    )


def apply_pages(c, settings: Settings) -> None:
    """How the Hub's own pages look, and which page follows a login."""
    c.JupyterHub.template_paths = [str(HERE / "templates")]
    c.JupyterHub.template_vars = {
        "course_title": settings.title,
        "way_to_sign_in": settings.authenticator,
        "operator": settings.operator,
        "shared_origin": WARNING if settings.shares_origin else "",
        "pages_of": [service.name for service in chosen(settings) if service.browser],
    }
    c.JupyterHub.logo_file = str(HERE / "static" / "logo.svg")
    with_home = any(service.name == "home" for service in chosen(settings))
    c.JupyterHub.default_url = settings.base_path + ("services/home/" if with_home else "hub/spawn")
