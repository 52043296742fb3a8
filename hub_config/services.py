"""The Hub's services: command line, addresses, and rights, each named once.

A service is a separate program that `serve` starts (see `supervisor`); the Hub knows it as an external service with
a token from `var/secrets`. Its own token holds the scopes listed here and no more; `acts_with` is the most that it may
do with the rights of the person who uses it in a browser.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from hub_config.origins import WARNING, has_host_cookies
from hub_config.roles import EXCHANGE as EXCHANGE_SCOPES
from hub_config.roles import EXCHANGE_STAFF, access
from hub_config.secret_files import secret_of
from hub_config.settings import CHECKOUT, Settings, SettingsError

STAFF_GRADING = ["custom:grading:read", "custom:grading:grade", "custom:grading:run"]
SEMESTER = ["custom:semester:read", "custom:semester:manage"]
READ_HUB = ["list:users", "read:users", "read:groups", "read:servers", "read:hub"]
# What a service gets from the caller's environment; tokens and everything else of the caller's stay out.
KEPT_ENVIRONMENT = (
    *("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "TZ", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    *("DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),  # where the engine is, if not at its usual socket
)
# Only the Hub gets these, and only to reach a login provider (`programs.hub`).
DATABASE_NAMES = ("PGPASSWORD", "PGSSLMODE", "PGSSLROOTCERT")  # for a database that is reached over a network
PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True)
class Service:
    """One program; `command_line` has the names that `command` may use in braces."""

    name: str
    command: str
    module: str
    scopes: tuple[str, ...] = ()  # {course} is the course's id
    web: bool = True
    browser: bool = False
    acts_with: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # services that it can't work without
    for_servers: bool = False  # single-user servers call it, so it listens where they can reach it


EXCHANGE = Service(
    "exchange",
    "-m exchange serve --data {var}/exchange --database {database}",
    module="exchange.__main__",
    for_servers=True,
)
GRADING = Service(
    "grading",
    "-m tito.grading --course-dir {course_dir} --database {database} --jobs {jobs}",
    module="tito.grading.__main__",
    needs=("exchange",),
    scopes=(
        *access("exchange"),
        *("custom:exchange:collect", "custom:exchange:feedback", "custom:exchange:release", "custom:exchange:events"),
        "custom:exchange:answer",  # the notebook that goes with a question
    ),
    for_servers=True,
)
FORMGRADER = Service(
    "formgrader",
    "-m tito.formgrader --course-dir {course_dir}",
    module="tito.formgrader.__main__",
    needs=("exchange", "grading"),
    scopes=(*access("grading", "exchange"), "custom:grading:read", "custom:grading:run", "custom:exchange:feedback"),
    browser=True,
    acts_with=(*access("grading"), *STAFF_GRADING),
)
SEMESTER_SERVICE = Service(
    "semester",
    "-m tito.semester.service --database {database} --course-dir {course_dir} --semester {semester} --apply",
    module="tito.semester.service.__main__",
    needs=("exchange", "grading"),
    scopes=(
        *("admin:users", "admin:groups", "read:users", "read:groups", "list:users", "list:groups"),
        *access("exchange", "grading"),
        *EXCHANGE_SCOPES,
        *("custom:grading:read", "custom:grading:run"),
        # Students' servers are started before a lab, and nobody else's; none is stopped.
        *("read:servers!group=nbgrader-{course}", "start:servers!group=nbgrader-{course}"),
    ),
    for_servers=True,
)
HOME = Service(
    "home",
    "-m hub_config.home",
    module="hub_config.home.__main__",
    browser=True,
    acts_with=(
        *access("exchange", "grading", "semester", "formgrader"),
        *("read:users!user", "read:servers!user", "access:servers!user"),
        *EXCHANGE_STAFF,
        *STAFF_GRADING,
        *SEMESTER,
    ),
)
CAMPUS = Service(
    "campus",
    "-m tito.campus.service --folder {var}/campus --keys {secrets}/campus-keys",
    module="tito.campus.service.__main__",
    needs=("grading", "semester"),
    scopes=(*access("grading", "semester"), "custom:grading:read", *SEMESTER),
)
IDLE_CULLER = Service(
    "idle-culler",
    "-m jupyterhub_idle_culler --url={hub_api} --timeout={idle_seconds} --cull-every=300",
    module="jupyterhub_idle_culler",
    scopes=("list:users", "read:users:activity", "read:servers", "delete:servers"),
    web=False,
)
# Not a program: `serve` uses this token to make the Hub check its routes and stop servers.
SUPERVISOR = Service("supervisor", "", module="", scopes=("shutdown", "proxy", "read:hub"), web=False)
# Not a program either: whoever can read var/secrets on the Hub's machine can act with this token (`hub_config run`).
TERMINAL = Service(
    "terminal",
    "",
    module="",
    scopes=(*access("exchange", "grading", "semester"), *EXCHANGE_SCOPES, *STAFF_GRADING, *SEMESTER, *READ_HUB),
    web=False,
)
# Nor this: the Hub's monitoring has this token, which reads metrics everywhere and gives access to nothing else.
METRICS = Service(
    "metrics",
    "",
    module="",
    scopes=(*access("exchange", "grading", "semester", "home"), "read:metrics"),
    web=False,
)
SERVICES = (EXCHANGE, GRADING, SEMESTER_SERVICE, FORMGRADER, HOME, CAMPUS, IDLE_CULLER)


def chosen(settings: Settings) -> list[Service]:
    """Return the services to start, in order, if their program is installed.

    Raise SettingsError for an unknown name in `without`, and for one that a remaining service needs.
    """
    names = [service.name for service in SERVICES]
    unknown = sorted(set(settings.without) - set(names))
    if unknown:
        raise SettingsError(f"without: no service is called {', '.join(unknown)}; the services are {', '.join(names)}")
    left_out = {*settings.without, *_without_work(settings)}
    for service in SERVICES:
        missing = [name for name in service.needs if name in settings.without]
        if missing and service.name not in left_out:
            raise SettingsError(
                f"without: {service.name} needs {' and '.join(missing)}, got {sorted(settings.without)}: "
                f"leave {service.name} out, too, or start {' and '.join(missing)}"
            )
    return [service for service in SERVICES if service.name not in left_out and _is_here(service.module)]


def _without_work(settings: Settings) -> list[str]:
    """Name the services that have nothing to do with these settings."""
    idle = ["idle-culler"] if settings.idle_seconds == 0 else []
    return idle if settings.has_campus else [*idle, CAMPUS.name]


def apply_services(c, settings: Settings) -> None:
    """Make the chosen services, their tokens and their roles known to the Hub."""
    known = [*chosen(settings), SUPERVISOR, TERMINAL, METRICS]
    c.JupyterHub.services = [_declaration(service, settings) for service in known]
    if HOME in known:
        # JupyterLab's Course List looks for a service named after the course; the home page leads on to the formgrader.
        c.JupyterHub.services.append({"name": settings.course, "url": _is_found_at("home", settings), "display": False})
    roles = [_role(service, settings) for service in known if service.scopes]
    c.JupyterHub.load_roles = [*c.JupyterHub.get("load_roles", []), *roles]


def service_url(service: str, settings: Settings) -> str:
    """Return the address at which the Hub's programs, and servers that may, reach a service."""
    return f"{_is_found_at(service, settings)}{settings.base_path}services/{service}"


def _is_found_at(service: str, settings: Settings) -> str:
    # A proxy that runs separately reaches all of them as servers do.
    inner = {own.name for own in SERVICES if own.for_servers or settings.proxy_api}
    host = settings.elsewhere.get(service, settings.inner_host if service in inner else "127.0.0.1")
    return f"http://{host}:{settings.ports[service]}"


def _listens_at(service: str, settings: Settings) -> str:
    if settings.listen_host:
        return f"http://{settings.listen_host}:{settings.ports[service]}"
    return _is_found_at(service, settings)


def service_urls(settings: Settings) -> dict[str, str]:
    """Return NAME_URL for each service that answers requests."""
    return {
        f"{service.name.upper()}_URL": service_url(service.name, settings)
        for service in chosen(settings)
        if service.web
    }


def command_line(service: Service, settings: Settings) -> list[str]:
    """Return the program and its arguments."""
    values = {
        "var": settings.var,
        "secrets": settings.secrets,
        "database": settings.database_url(service.name) if "{database}" in service.command else "",
        "course_dir": settings.var / "course",
        "semester": settings.semester_file,
        "jobs": settings.grading_jobs,
        "idle_seconds": settings.idle_seconds,
        "hub_api": settings.hub_api_url,
    }
    return [sys.executable, *(word.format(**values) for word in service.command.split())]


def service_environment(
    service: Service, settings: Settings, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return a service's whole environment, as a Hub that starts its own services would set it."""
    wanted = (*KEPT_ENVIRONMENT, *(DATABASE_NAMES if "{database}" in service.command else ()))
    kept = {name: environ[name] for name in wanted if name in environ}
    kept["PATH"] = f"{CHECKOUT / '.venv/bin'}:{environ.get('PATH', os.defpath)}"
    given = {**kept, **course_environment(settings), **service_urls(settings), **_hub_environment(service, settings)}
    own = {GRADING: grading_environment, CAMPUS: campus_environment}.get(service)
    return given | (own(settings) if own else {})


def named_proxies(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that name proxies, in whichever spellings are set."""
    both = [spelling for name in PROXY_NAMES for spelling in (name, name.upper())]
    return {name: environ[name] for name in both if environ.get(name)}


def course_environment(settings: Settings) -> dict[str, str]:
    """Return what services and staff need to find the course."""
    return {
        "TITO_COURSE": str(CHECKOUT / "course"),
        "EXCHANGE_COURSE": settings.course,
        "HUB_VAR": str(settings.var),
        "HOME_DOCS": str(CHECKOUT / "docs"),
        "HOME_STAFF_WARNING": WARNING if settings.shares_origin else "",
        "HOME_CERTIFICATE": str(settings.tls_cert or ""),
        "LOG_FORMAT": settings.log_format,
    }


def grading_environment(settings: Settings) -> dict[str, str]:
    """Return where submissions are judged: in which sandbox, and on which machines if not on this one."""
    if not settings.grading.scheduler:
        return sandbox_environment(settings)
    certificates = settings.grading.certificates or settings.secrets / "grading-certificates"
    away = {"GRADING_SCHEDULER": settings.grading.scheduler, "GRADING_CERTIFICATES": str(certificates)}
    return sandbox_environment(settings) | away


def sandbox_environment(settings: Settings) -> dict[str, str]:
    """Return where the judge's workers run; by default it is bubblewrap."""
    if settings.spawner == "kubernetes":
        return {"TITO_WORKER_ENVIRONMENT": str(settings.kubernetes.worker_environment)}
    if settings.spawner != "docker":
        return {}
    image = f"tinytorch-hub/worker:{settings.image_tag}"
    return {"TITO_SANDBOX": "container", "TITO_WORKER_IMAGE": image}


def campus_environment(settings: Settings) -> dict[str, str]:
    """Return what the campus service knows about the learning platform."""
    own = settings.sign_in
    return {
        "CAMPUS_ISSUER": own.issuer,
        "CAMPUS_CLIENT_ID": own.client_id,
        "CAMPUS_TOKEN_URL": own.token_url,
        "CAMPUS_CLAIM": own.username_claim,
        "CAMPUS_DOMAIN": own.hosted_domain,
        "CAMPUS_HOME_URL": f"{settings.public_url}/services/home/",
    }


def _hub_environment(service: Service, settings: Settings) -> dict[str, str]:
    values = {
        "JUPYTERHUB_SERVICE_NAME": service.name,
        "JUPYTERHUB_API_TOKEN": secret_of(settings, f"service-{service.name}"),
        "JUPYTERHUB_API_URL": settings.hub_api_url,
        "JUPYTERHUB_BASE_URL": settings.base_path,
        "JUPYTERHUB_HOST": settings.subdomain_origin,
        "JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED": str(int(has_host_cookies(settings))),
        "JUPYTERHUB_PUBLIC_HUB_URL": f"{settings.public_url}/hub/",
        "JUPYTERHUB_CLIENT_ID": f"service-{service.name}",
    }
    if service.web:
        at_hub = settings.subdomain_origin + settings.base_path
        door = json.dumps(["access:services", f"access:services!service={service.name}"])
        values |= {
            "JUPYTERHUB_SERVICE_URL": _listens_at(service.name, settings),
            "JUPYTERHUB_SERVICE_PREFIX": f"{settings.base_path}services/{service.name}/",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{at_hub}services/{service.name}/oauth_callback",
            "JUPYTERHUB_OAUTH_SCOPES": door,
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": door,
            "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES": json.dumps(list(service.acts_with)),
        }
    return values


def _is_here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _declaration(service: Service, settings: Settings) -> dict:
    entry = {
        "name": service.name,
        "api_token": secret_of(settings, f"service-{service.name}"),
        "display": service.browser,
    }
    if service.web:
        entry["url"] = _is_found_at(service.name, settings)
    if service.browser:
        entry |= {"oauth_no_confirm": True, "oauth_client_allowed_scopes": list(service.acts_with)}
    return entry


def _role(service: Service, settings: Settings) -> dict:
    scopes = scopes_of(service, settings.course)
    return {"name": f"service-{service.name}", "scopes": scopes, "services": [service.name]}


def scopes_of(service: Service, course: str) -> list[str]:
    """Return what a service of this course may do with its own rights."""
    return sorted({scope.format(course=course) for scope in service.scopes})
