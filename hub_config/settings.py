"""The settings, and where their values come from.

Later layers override earlier ones: defaults here < `places/PLACE.yaml` < environment variables `HUB_*`. Secrets are
files under `var/secrets` (see `secret_files`), and `jupyterhub_config.py` reads `var/jupyterhub_config.d/*.py` last of
all. An unknown key in any layer is an error that lists the known ones. Nothing is read at import.
"""

import difflib
import ipaddress
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hub_config.ways_to_sign_in import WAYS, who_takes

CHECKOUT = Path(__file__).resolve().parents[1]
PLACES = Path(__file__).parent / "places"
PREFIX = "HUB_"
BASE_PATH = re.compile(r"(/[A-Za-z0-9][\w.~-]*)*/?", re.ASCII)
# Each program has a database of its own; nbgrader's gradebook is a SQLite file in every place, beside its course.
SQLITE_FILES = {
    "hub": "hub/jupyterhub.sqlite",
    "exchange": "exchange/exchange.db",
    "grading": "grading/grading.sqlite",
    "semester": "semester/semester.db",
}


class SettingsError(ValueError):
    """A setting is unknown or has a value that is not allowed."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(Section):
    """One kind of single-user server."""

    environment: Path = Field(description="virtual environment that the server runs in")
    read_only: list[Path] = Field(default=[], description="further paths that the server may read")
    memory_mib: int | None = Field(
        default=None, ge=256, description="memory that one process may allocate; without, the semester's limits.memory"
    )
    processes: int | None = Field(
        default=None, ge=32, description="processes and threads of one person; without, the semester's limits.processes"
    )
    blas_threads: int = Field(
        default=1, ge=1, description="threads of a kernel's matrix products; with more than one, timings are noise"
    )
    start_timeout_seconds: int = Field(default=60, ge=5, description="time that a server may take to answer")


PLATFORM_FACTS = ("client_id", "issuer", "authorize_url", "jwks_url", "token_url")
CONFIRMED_PLATFORM = "platform.json"  # in var; written by `python -m hub_config platform --yes`
REGISTERED_CLAIM = "custom_login"  # the parameter with which dynamic registration asks for a login


def _heeded(what: str, setting: str) -> str:
    """Describe a setting under `sign_in` with the ways that heed it."""
    return f"{what} ({who_takes(setting)})"


class SignInSettings(Section):
    """What a login provider publishes about itself; its client secret is a file, `var/secrets/oauth-client-secret`."""

    client_id: str = Field(default="", description=_heeded("what the provider calls this Hub", "client_id"))
    login_service: str = Field(default="", description=_heeded("name on the login button", "login_service"))
    authorize_url: str = Field(default="", description=_heeded("provider's login page", "authorize_url"))
    token_url: str = Field(default="", description=_heeded("provider's token endpoint", "token_url"))
    userdata_url: str = Field(default="", description=_heeded("provider's userinfo endpoint", "userdata_url"))
    jwks_url: str = Field(default="", description=_heeded("learning platform's keys", "jwks_url"))
    issuer: str = Field(default="", description=_heeded("learning platform's issuer", "issuer"))
    username_claim: str = Field(
        default="", description=_heeded("claim that is the roster's user name", "username_claim")
    )
    hosted_domain: str = Field(
        default="", description=_heeded("only accounts of this mail domain, which is cut off", "hosted_domain")
    )


class DockerSettings(Section):
    """Containers of the docker place."""

    network: str = Field(
        default="tinytorch-hub", max_length=15, description="bridge of student servers, made if it is not there"
    )
    subnet: str | None = Field(default=None, description="addresses of a new bridge, as 10.20.0.0/22; Docker chooses")
    internet: bool = Field(default=True, description="servers may reach other machines; fixed when the bridge is made")
    prefix: str | None = Field(
        default=None,
        pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]*$",
        description="first part of the names of containers and home volumes; without, the course id",
    )
    tag: str | None = Field(default=None, description="tag of the images; without, the course id")
    build: bool = Field(default=True, description="`serve` brings the images up to date at start")
    keep_servers: bool = Field(default=False, description="servers go on when `serve` is told to stop")
    temporary_mib: int = Field(default=256, ge=16, description="size of /tmp; it counts as the server's memory")
    homes: Path | None = Field(
        default=None,
        description="folder of the engine's machine where each home is a file of limits.home; without, volumes",
    )
    firewall: bool = Field(default=True, description="`serve` lets servers reach Hub and services only on this machine")
    blocked: list[str] = Field(
        default=["169.254.0.0/16", "100.100.100.200", "fd00:ec2::254"],
        description="networks that servers never reach; first of all where clouds give a machine's credentials away",
    )

    @field_validator("homes")
    @classmethod
    def _on_the_engines_machine(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_absolute():
            raise ValueError(f"{path} is not an absolute path: give the whole path of a folder on the engine's machine")
        return path

    @field_validator("blocked")
    @classmethod
    def _networks(cls, blocked: list[str]) -> list[str]:
        return [str(ipaddress.ip_network(network)) for network in blocked]


class GradingSettings(Section):
    """Judges on other machines (docs/operator.md, Grading on more machines); without them, this machine judges."""

    scheduler: str = Field(
        default="", description="where the grading service finds them, tls://HOST:8787; without, this machine judges"
    )
    certificates: Path | None = Field(
        default=None, description="folder of `tito grade certificates`; without, var/secrets/grading-certificates"
    )

    @field_validator("scheduler")
    @classmethod
    def _encrypted(cls, address: str) -> str:
        parts = urlsplit(address)
        if address and not (parts.scheme == "tls" and parts.hostname and parts.netloc.rpartition(":")[2].isdigit()):
            raise ValueError(f"{address!r} is not a scheduler's address: use tls://HOST:PORT, always encrypted")
        return address


class KubernetesSettings(Section):
    """Pods of the kubernetes place; networks and rights around them are the chart's (docker/kubernetes)."""

    namespace: str = Field(default="default", description="namespace of students' pods and volumes")
    prefix: str | None = Field(
        default=None,
        pattern="^[a-z][a-z0-9-]*$",
        description="first part of the names of pods and volumes; without, the course id",
    )
    student_image: str = Field(default="", description="image of students' servers; without, that of the course")
    staff_image: str = Field(default="", description="image of instructors' servers; without, that of the course")
    pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent", description="when a machine asks the registry for an image"
    )
    pull_secrets: list[str] = Field(default=[], description="names of the registry's logins")
    storage_class: str | None = Field(default=None, description="kind of volume for homes; without, the cluster's own")
    memory_guarantee_mib: int = Field(default=256, ge=64, description="memory that is set aside for each server")
    cpu_guarantee: float = Field(default=0.05, gt=0, description="processors that are set aside for each server")
    temporary_mib: int = Field(default=256, ge=16, description="size of /tmp; it counts as the server's memory")
    node_selector: dict[str, str] = Field(default={}, description="labels of the machines that take servers")
    worker_environment: Path = Field(
        default=Path("/worker/env"), description="where the grading service's pod has the judge's workers"
    )
    priority_class: str = Field(default="", description="priority class of servers; without, the cluster's default")


class ServerLimits(Section):
    """The `limits` of servers in a semester file; `tito semester check` explains mistakes in it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    memory: str = "4G"
    cpus: float = 2.0
    processes: int = 256
    idle_minutes: int = 60
    busy_hours: int = 12
    home: str = "5G"

    @property
    def memory_mib(self) -> int:
        return _mib(self.memory)

    @property
    def home_mib(self) -> int:
        return _mib(self.home)


def _mib(size: str) -> int:
    return int(size[:-1]) * {"M": 1, "G": 1024}[size[-1]]


class Settings(Section):
    """All settings."""

    place: Literal["local", "docker", "kubernetes"] = Field(default="local", description="where servers run")
    var: Path = Field(default=CHECKOUT / "var", description="folder of all state")
    title: str = Field(default="TinyTorch", description="name on the login page")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=1, le=65535, description="port to listen on")
    url: str = Field(
        default="",
        description="address in browsers, where a reverse proxy stands in front: https://... and its path there",
    )
    tls_key: Path | None = Field(default=None, description="key of given certificates, to answer https itself")
    tls_cert: Path | None = Field(default=None, description="chain of given certificates")
    ports: dict[str, int] = Field(default={}, description="inner ports by program; `serve` chooses what is not given")
    databases: str = Field(
        default="",
        pattern=r"^$|^postgresql.*\{name\}",
        description="PostgreSQL's address, with {name} for a database's name; without, SQLite files under var",
    )
    proxy: Path | None = Field(default=None, description="another configurable-http-proxy than the Python one")
    semester: Path | None = Field(default=None, description="semester file; without one, the demo semester")
    inner_host: str = Field(
        default="127.0.0.1", description="address at which servers find Hub and services; `serve` finds it in a place"
    )
    listen_host: str = Field(
        default="", description="address to listen on for Hub and services, where inner_host is only a name for it"
    )
    elsewhere: dict[str, str] = Field(
        default={}, description="services that `serve` leaves to another machine, and the name of that by service"
    )
    proxy_api: str = Field(
        default="", description="API of a proxy that runs by itself, at host and port; without, `serve` starts one"
    )
    given_secrets: Path | None = Field(
        default=None, description="folder of secrets that are given, and not kept under var/secrets"
    )
    spawner: Literal["bubblewrap", "docker", "kubernetes"] = Field(
        default="bubblewrap", description="what starts single-user servers"
    )
    authenticator: str = Field(default="generated-passwords", description="how people log in")
    sign_in: SignInSettings = SignInSettings()
    operator: str = Field(default="operator", description="name of the person who runs the Hub")
    first_uid: int = Field(
        default=300_000, ge=1000, description="lowest uid of student servers (a Hub started by root)"
    )
    subdomain_host: str = Field(
        default="", description="address of the Hub whose subdomains are the servers': https://host, as url if both are"
    )
    accept_shared_origin: bool = Field(
        default=False,
        description="accepted risk, for people on other machines without subdomain_host: what a student's server shows "
        "acts with the rights of whoever opens it, in the Hub, on the course's pages and in the formgrader",
    )
    idle_minutes: int | None = Field(
        default=None,
        ge=0,
        description="stop a server idle so long, 0: never; without, the semester's limits.idle_minutes",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="how Hub and services write their logs: for people, or a JSON object a line"
    )
    grading_jobs: int = Field(default=2, ge=1, description="submissions judged side by side")
    grading: GradingSettings = GradingSettings()
    without: list[str] = Field(default=[], description="services not to start")
    student: ServerSettings = ServerSettings(environment=Path("build/envs/student"))
    staff: ServerSettings = ServerSettings(environment=Path(".venv"))
    docker: DockerSettings = DockerSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()

    @field_validator("var", "semester", "tls_key", "tls_cert")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else (CHECKOUT / path).resolve()

    @field_validator("authenticator")
    @classmethod
    def _way(cls, name: str) -> str:
        if name not in WAYS:
            raise ValueError(f"unknown way to log in {name!r}: choose one of {', '.join(WAYS)}")
        return name

    @model_validator(mode="after")
    def _loopback(self) -> "Settings":
        if self.place == "local" and not is_loopback(self.host):
            raise ValueError(
                f"the local place listens only on loopback, not on {self.host!r}: leave host at 127.0.0.1, "
                "or use the docker place for people on other machines"
            )
        return self

    @field_validator("url")
    @classmethod
    def _address_in_browsers(cls, url: str) -> str:
        address = urlsplit(url)
        whole = address.scheme in ("http", "https") and address.hostname and not (address.query or address.fragment)
        if url and not (whole and BASE_PATH.fullmatch(address.path)):
            raise ValueError(
                f"{url!r} is not an address that browsers can use: write it as https://hub.example.org "
                "or, with a path, https://campus.example.org/tinytorch"
            )
        return url

    @model_validator(mode="after")
    def _domain_per_server(self) -> "Settings":
        address, given = urlsplit(self.subdomain_host), self.subdomain_host
        if not given:
            return self
        whole = address.scheme in ("http", "https") and address.hostname and address.path in ("", "/")
        if not whole or is_ip(address.hostname or "") or address.hostname == "localhost":
            raise ValueError(
                f"subdomain_host {given!r} is not an address whose host name can have subdomains: "
                "write it as https://hub.example.org"
            )
        origin = self.url.rstrip("/").removesuffix(self.base_path.rstrip("/")).lower()
        if self.url and origin != self.subdomain_origin:
            raise ValueError(
                f"url {self.url!r} (without its path) and subdomain_host {given!r} are different addresses, but "
                "servers get subdomains of the Hub's own name: give both the same, or leave url empty if there is no "
                "reverse proxy"
            )
        return self

    @model_validator(mode="after")
    def _both_or_none(self) -> "Settings":
        if (self.tls_key is None) != (self.tls_cert is None):
            raise ValueError("only one of tls_key and tls_cert is set: give both, or neither")
        return self

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def semester_file(self) -> Path:
        return self.semester or self.demo_semester

    @property
    def demo_semester(self) -> Path:
        """Where the demo semester is, or will be made."""
        return self.var / "semester" / "demo.yaml"

    @property
    def course(self) -> str:
        """The course id from the semester file."""
        return str(yaml.safe_load(self.semester_file.read_text("utf-8"))["course"])

    @property
    def container_prefix(self) -> str:
        """The first part of the names of containers and home volumes."""
        return self.docker.prefix or self.course

    @property
    def image_tag(self) -> str:
        """The tag of the course's images."""
        return self.docker.tag or self.course

    @property
    def limits(self) -> ServerLimits:
        """The semester file's limits of a student's server."""
        return ServerLimits(**(yaml.safe_load(self.semester_file.read_text("utf-8")).get("limits") or {}))

    @property
    def idle_seconds(self) -> int:
        return 60 * (self.limits.idle_minutes if self.idle_minutes is None else self.idle_minutes)

    @property
    def public_url(self) -> str:
        """The address that browsers use."""
        return self.url.rstrip("/") or self.subdomain_origin or self.front_url

    @property
    def base_path(self) -> str:
        """The path below which all pages are, for browsers and programs alike: `/`, or that of `url`."""
        path = urlsplit(self.url).path.strip("/")
        return f"/{path}/" if path else "/"

    @property
    def subdomain_origin(self) -> str:
        """The Hub's address if every server has a subdomain of it, otherwise empty."""
        return self.subdomain_host.rstrip("/").lower()

    @property
    def reached_by_others(self) -> bool:
        """Tell whether browsers on other machines can reach the Hub."""
        name = urlsplit(self.public_url).hostname or ""
        return not is_loopback(self.host) or not (is_loopback(name) or name.endswith(".localhost"))

    @property
    def shares_origin(self) -> bool:
        """Tell whether a page of a student's server acts with the rights of whoever opens it from another machine."""
        return self.reached_by_others and not self.subdomain_host

    @property
    def has_campus(self) -> bool:
        """Tell whether people come from a learning platform that gives tokens for its services."""
        return self.authenticator == "lti13" and (bool(self.sign_in.token_url) or self.awaits_platform)

    @property
    def awaits_platform(self) -> bool:
        """Tell whether people are to come from a learning platform that has not been named yet: nobody can log in."""
        facts = (getattr(self.sign_in, name) for name in PLATFORM_FACTS)
        return self.authenticator == "lti13" and not any(facts)

    @property
    def front_url(self) -> str:
        """The address that the proxy listens on."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' * bool(self.tls_key)}://{host}:{self.port}"

    @property
    def entrance(self) -> str:
        """The beginning of every page's address at the proxy, with a slash at the end."""
        return self.front_url + self.base_path

    @property
    def hub_api_url(self) -> str:
        return f"http://{self.inner_host}:{self.ports['hub']}{self.base_path}hub/api"

    def database_url(self, name: str) -> str:
        """Return the SQLAlchemy address of one program's database."""
        return self.databases.format(name=name) if self.databases else f"sqlite:///{self.var / SQLITE_FILES[name]}"

    def environment_of(self, kind: str) -> Path:
        """Return the absolute path of a kind of server's virtual environment."""
        return CHECKOUT / getattr(self, kind).environment


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    return host == "localhost" or (is_ip(host) and ipaddress.ip_address(host).is_loopback)


def is_ip(host: str) -> bool:
    """Tell whether `host` is an address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Merge the layers; raise `SettingsError` that names layer, key and remedy."""
    place = environ.get(f"{PREFIX}PLACE", "local")
    values = _read_place(place)
    for keys, text in _environment_layer(environ):
        _put(values, keys, text)
    try:
        return _with_platform(Settings(**values))
    except ValidationError as error:
        raise SettingsError(_explain(error, place)) from error


def _with_platform(settings: Settings) -> Settings:
    """Add the learning platform that registered itself and that the operator confirmed, if none is named."""
    file = settings.var / CONFIRMED_PLATFORM
    if not settings.awaits_platform or not file.is_file():
        return settings
    told = json.loads(file.read_text("utf-8"))
    facts = {name: told[name] for name in PLATFORM_FACTS}
    facts["username_claim"] = settings.sign_in.username_claim or REGISTERED_CLAIM
    return settings.model_copy(update={"sign_in": settings.sign_in.model_copy(update=facts)})


def environment_name(*keys: str) -> str:
    """Return the environment variable of a setting: `student.memory_mib` is HUB_STUDENT__MEMORY_MIB."""
    return PREFIX + "__".join(keys).upper()


def settings_environment(settings: Settings, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables from which a child process loads the same settings."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    own = {"PLACE": settings.place, "VAR": settings.var, "PORTS": json.dumps(settings.ports)}
    own["INNER_HOST"] = settings.inner_host
    return given | {f"{PREFIX}{name}": str(value) for name, value in own.items()}


def known_keys(model: type[BaseModel] = Settings) -> list[str]:
    """List all settings as dotted names."""
    names = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        nested = isinstance(inner, type) and issubclass(inner, BaseModel)
        names += [f"{name}.{key}" for key in known_keys(inner)] if nested else [name]  # type: ignore[arg-type]
    return names


def _read_place(place: str) -> dict[str, Any]:
    file = PLACES / f"{place}.yaml"
    if not file.is_file():
        choices = ", ".join(sorted(path.stem for path in PLACES.glob("*.yaml")))
        raise SettingsError(f"unknown place {place!r}: choose one of {choices} ({PREFIX}PLACE)")
    return yaml.safe_load(file.read_text("utf-8")) or {}


def _environment_layer(environ: Mapping[str, str]) -> Iterator[tuple[list[str], Any]]:
    for name in sorted(environ):
        if name.startswith(PREFIX):
            keys = name.removeprefix(PREFIX).lower().split("__")
            # A client id may be all digits: what is text is not read as YAML.
            yield keys, _unquoted(environ[name]) if _is_text(keys) else yaml.safe_load(environ[name])


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _is_text(keys: list[str], model: type[BaseModel] = Settings) -> bool:
    field = model.model_fields.get(keys[0])
    if field is None or len(keys) == 1:
        return field is not None and field.annotation is str
    inner = field.annotation
    return isinstance(inner, type) and issubclass(inner, BaseModel) and _is_text(keys[1:], inner)


def _put(values: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        values = values.setdefault(key, {})
    values[keys[-1]] = value


def _explain(error: ValidationError, place: str) -> str:
    known = known_keys()
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            lines.append(f"unknown setting {key!r}{hint}; known settings: {', '.join(known)}")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{key}: {message}" if key else message)
    origin = f"hub_config/places/{place}.yaml or environment variables {PREFIX}..."
    return "\n".join([*lines, f"(from {origin}; {environment_name('student', 'memory_mib')} sets student.memory_mib)"])


class Row(NamedTuple):
    variable: str
    value: object
    description: str


def describe(settings: BaseModel, *above: str) -> list[Row]:
    """Return every setting with its environment variable, its value and its description."""
    rows = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            rows += describe(value, *above, name)
        else:
            rows.append(Row(environment_name(*above, name), value, field.description or ""))
    return rows
