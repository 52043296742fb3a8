"""The course to judge, the worker's environment built from this checkout, and canaries that no submission may reach."""

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from tito.curriculum import Curriculum, load_curriculum
from tito.judge.sandbox.bubblewrap import ENVIRONMENT_NAME
from tito.source.release import release_notebook, staff_notebook
from tito.staff.environments import make_environments

COURSE = Path(__file__).parent / "judged_course"
CHECKOUT = Path(__file__).parents[2]
SECRET = "canary-7f3a9c-of-the-host"


@pytest.fixture(scope="session")
def curriculum() -> Curriculum:
    return load_curriculum(COURSE)


@pytest.fixture(scope="session")
def worker_environment() -> Path:
    """The worker's environment, built from the code under test."""
    made = make_environments(CHECKOUT, CHECKOUT / "course", kinds=("worker",))["worker"]
    os.environ[ENVIRONMENT_NAME] = str(made)
    return made


@pytest.fixture(scope="session")
def release(curriculum: Curriculum) -> str:
    return release_notebook(curriculum.find("boxes"), curriculum)


@pytest.fixture(scope="session")
def staff(curriculum: Curriculum) -> nbformat.NotebookNode:
    return nbformat.reads(staff_notebook(curriculum.find("boxes"), curriculum), as_version=4)


@dataclass
class Canaries:
    """Places that submissions try to reach, and a record of whether any did."""

    folder: Path
    port: int
    visitors: list[str]

    @property
    def places(self) -> dict[str, str]:
        return {
            "secret": str(self.folder / "secret.txt"),
            "solved": str(self.folder / "solved.ipynb"),
            "gradebook": str(self.folder / "gradebook.db"),
            "write": str(self.folder / "written"),
            "port": str(self.port),
        }

    def assert_alive(self) -> None:
        """Check that nobody connected to the port, no file was added, and secret and gradebook are unchanged."""
        assert self.visitors == []
        assert sorted(path.name for path in self.folder.iterdir()) == ["gradebook.db", "secret.txt", "solved.ipynb"]
        assert (self.folder / "secret.txt").read_text() == SECRET
        assert (self.folder / "gradebook.db").read_bytes() == b""


@pytest.fixture(scope="session")
def canaries(tmp_path_factory: pytest.TempPathFactory, staff: nbformat.NotebookNode) -> Iterator[Canaries]:
    folder = tmp_path_factory.mktemp("host")
    (folder / "secret.txt").write_text(SECRET)
    (folder / "gradebook.db").write_bytes(b"")
    nbformat.write(staff, folder / "solved.ipynb")
    # Everybody may read and write these, so only the sandbox can keep a submission out.
    folder.chmod(0o777)
    for path in folder.iterdir():
        path.chmod(0o666)
    os.environ["CANARY"] = SECRET
    visitors: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_listen, args=(server, visitors), daemon=True)
        thread.start()
        yield Canaries(folder, server.getsockname()[1], visitors)
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    del os.environ["CANARY"]


def _listen(server: socket.socket, visitors: list[str]) -> None:
    while True:
        try:
            connection, address = server.accept()
        except OSError:
            return
        visitors.append(str(address))
        connection.close()
