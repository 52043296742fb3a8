"""A platform with its services, and what asks it; both speak over HTTP."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tito.campus.database import open_database
from tito.campus.platform.client import PlatformClient, outside
from tito.campus.platform.keys import Keys
from tito.campus.platform.tokens import Registration, Tokens

from tests.campus.platform import PlatformWithServices
from tests.semester.campus import Server
from tests.sign_in.platform import CLIENT_ID


@pytest.fixture(scope="session")
def running() -> Iterator[PlatformWithServices]:
    platform = PlatformWithServices()
    platform.server = Server(platform.application(), platform.port)
    platform.server.start()
    yield platform
    platform.server.stop()


@pytest.fixture
def platform(running: PlatformWithServices) -> PlatformWithServices:
    """The platform on a new day: nothing of an earlier test is in it."""
    fresh = PlatformWithServices(port=running.port, key=running.key, server=running.server)
    vars(running).update(vars(fresh))
    return running


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key: making one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("keys")
    Keys(folder).signing()
    return folder


@pytest.fixture
def keys(keys_folder: Path, tmp_path: Path, platform: PlatformWithServices) -> Keys:
    keys = Keys(shutil.copytree(keys_folder, tmp_path / "keys"))
    platform.tool_keys = keys.published
    return keys


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that the client would have waited."""
    return []


@pytest.fixture
def tokens(platform: PlatformWithServices, keys: Keys) -> Tokens:
    return Tokens(Registration(platform.url, CLIENT_ID, f"{platform.url}/token"), keys)


@pytest.fixture
def client(tokens: Tokens, pauses: list[float]) -> Iterator[PlatformClient]:
    client = PlatformClient(tokens, outside(), pauses.append)
    yield client
    client.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The campus service's database, with nothing in it."""
    engine = open_database(f"sqlite:///{tmp_path / 'campus.db'}")
    yield engine
    engine.dispose()
