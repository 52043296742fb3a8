"""A server starts whether or not released notebooks can be fetched, and leaves a note if they can't."""

import colorsys
import importlib.util
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hub_config
from exchange.protocol import scopes
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, in_thread, make_settings


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """The start hook as a module, with its own home and environment."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home" / "tinytorch"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "home").mkdir()
    file = Path(hub_config.__file__).parent / "server" / "launch.py"
    monkeypatch.syspath_prepend(str(file.parent))
    spec = importlib.util.spec_from_file_location("launch", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    return module


@pytest.fixture
def served(launch, monkeypatch) -> list[str]:
    """Record in order what happens around the fetch when a student's server starts."""
    events = []
    monkeypatch.setenv("SERVER_KIND", "student")
    monkeypatch.setattr(launch, "load_server", lambda: events.append("loaded") or (lambda: events.append("served")))
    report = launch.report
    monkeypatch.setattr(launch, "report", lambda problem: events.append(problem) or report(problem))
    return events


def tito(tmp_path, script: str) -> None:
    file = tmp_path / "bin" / "tito"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def has_ended(pid: int) -> bool:
    """Tell whether a process has ended, even if it is still a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def exchange(tmp_path, monkeypatch):
    """An exchange with a released module, named by the environment as a spawner names it."""
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "exchange", hub), tmp_path) as live:
        live.open_course(assignment="tensor", due_at=None)
        monkeypatch.setenv("EXCHANGE_URL", live.url)
        monkeypatch.setenv("EXCHANGE_COURSE", COURSE)
        token = hub.token("ada", groups=[scopes.student_group(COURSE)], scope=[scopes.ACCESS])
        monkeypatch.setenv("COURSE_TOKEN", token)
        yield live


def test_what_is_released_is_fetched_without_the_command(launch, exchange, tmp_path):
    tito(tmp_path, f"touch {tmp_path}/was-run")
    assert launch.Fetch().problem() == ""
    notebook = tmp_path / "home" / "tensor" / "tensor.ipynb"
    pristine = tmp_path / "home" / "tinytorch" / ".releases" / "tensor" / "tensor.ipynb"
    assert notebook.read_bytes() == pristine.read_bytes()
    notebook.write_text("mine")
    assert launch.Fetch().problem() == ""
    assert notebook.read_text() == "mine"
    assert not (tmp_path / "was-run").exists()


def test_a_fetch_that_is_refused_is_left_to_the_command(launch, exchange, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_TOKEN", "nobody")
    tito(tmp_path, "echo the command says why; exit 1")
    assert launch.Fetch().problem() == "the command says why"


def test_a_fetch_leaves_no_process_and_no_open_file(launch, exchange, tmp_path):
    def mine() -> tuple[int, str]:
        return len(list(Path("/proc/self/fd").iterdir())), Path(f"/proc/self/task/{os.getpid()}/children").read_text()

    tito(tmp_path, "exit 1")
    launch.Fetch().problem()
    before = mine()
    launch.Fetch().problem()
    assert mine() == before


def test_a_good_fetch_leaves_no_note(launch, tmp_path):
    tito(tmp_path, "exit 0")
    assert launch.Fetch().problem() == ""
    launch.NOTE.write_text("old")
    launch.report("")
    assert not launch.NOTE.exists()


def test_a_refused_fetch_is_told_in_a_note_with_what_to_run(launch, tmp_path):
    tito(tmp_path, "echo 'the exchange is closed' >&2; exit 3")
    problem = launch.Fetch().problem()
    assert problem == "the exchange is closed"
    launch.report(problem)
    assert "    the exchange is closed\n" in launch.NOTE.read_text()
    assert "tito fetch" in launch.NOTE.read_text()


def test_a_fetch_without_words_is_told_by_its_code(launch, tmp_path):
    tito(tmp_path, "exit 7")
    assert launch.Fetch().problem() == "tito fetch failed with exit status 7."


def test_an_endless_fetch_ends_with_all_that_it_started(launch, tmp_path, monkeypatch):
    """Its children keep the pipe open, so waiting for the end of the output would mean waiting for them."""
    monkeypatch.setattr(launch, "FETCH_SECONDS", 0.5)
    tito(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    assert "did not answer within 0.5 seconds" in launch.Fetch().problem()
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while not has_ended(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_time_that_the_imports_take_counts(launch, tmp_path, monkeypatch):
    """A fetch whose time has run out is not waited for any longer."""
    monkeypatch.setattr(launch, "FETCH_SECONDS", 0.0)
    tito(tmp_path, "exec sleep 60")
    assert "did not answer within 0 seconds" in launch.Fetch().problem()


def test_a_fetch_that_says_more_than_a_pipe_holds_ends(launch, tmp_path):
    tito(tmp_path, "head -c 1000000 /dev/zero | tr '\\0' x; exit 1")
    assert launch.Fetch().problem() == "x" * launch.LONGEST_PROBLEM


def test_words_that_are_no_text_are_told(launch, tmp_path):
    tito(tmp_path, "printf 'a\\377b'; exit 1")
    assert launch.Fetch().problem() == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("separator", ["\n", "\r", "\r\n", "\x0b", "\u2028", "\n\n"])
def test_what_an_exchange_says_stays_a_quotation(launch, separator):
    """Every line is indented: at the margin it could become a heading or markup."""
    lines = launch.note_of(f"refused{separator}# <script>").split("\n")
    assert [line for line in lines if "script" in line] == ["    # <script>"]


def test_a_missing_tito_is_told(launch):
    assert "could not be started" in launch.Fetch().problem()


@pytest.mark.parametrize(("script", "problem"), [("exit 0", ""), ("echo no; exit 1", "no")])
def test_a_server_serves_after_the_outcome_is_known(launch, served, tmp_path, script, problem):
    tito(tmp_path, script)
    launch.main()
    assert served == ["loaded", problem, "served"]
    assert (tmp_path / "home" / "tinytorch").is_dir()
    assert launch.NOTE.exists() == bool(problem)


def test_staff_servers_fetch_nothing(launch, served, monkeypatch):
    monkeypatch.setenv("SERVER_KIND", "staff")
    launch.main()
    assert served == ["loaded", "served"]


def test_a_file_in_the_package_s_place_is_told_and_kept(launch, served, tmp_path):
    (tmp_path / "home" / "tinytorch").write_text("mine")
    launch.main()
    assert served[-1] == "served"
    assert "File exists" in launch.NOTE.read_text()
    assert (tmp_path / "home" / "tinytorch").read_text() == "mine"


@pytest.mark.parametrize("script", ["exit 0", "exit 1"])
def test_a_note_that_cannot_be_written_or_removed_keeps_no_server_from_starting(
    launch, served, tmp_path, script, capsys
):
    launch.NOTE.mkdir()
    tito(tmp_path, script)
    launch.main()
    assert served[-1] == "served"
    assert "could not be updated" in capsys.readouterr().err


def test_a_postponed_name_does_what_the_real_one_does(launch, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys")
    launch.postpone("colorsys", "rgb_to_hsv", "hsv_to_rgb")
    from colorsys import hsv_to_rgb, rgb_to_hsv

    assert "rgb_to_hls" not in vars(sys.modules["colorsys"])
    assert rgb_to_hsv(0.2, 0.4, 0.4) == colorsys.rgb_to_hsv(0.2, 0.4, 0.4)
    assert hsv_to_rgb(0.2, 0.4, 0.4) == colorsys.hsv_to_rgb(0.2, 0.4, 0.4)
    assert "rgb_to_hls" in vars(sys.modules["colorsys"])


def test_a_name_that_nobody_foresaw_is_imported_all_the_same(launch, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys")
    launch.postpone("colorsys", "rgb_to_hsv")
    from colorsys import rgb_to_hls

    assert rgb_to_hls(0.2, 0.4, 0.4) == colorsys.rgb_to_hls(0.2, 0.4, 0.4)


def test_what_is_loaded_already_is_not_postponed(launch, monkeypatch):
    monkeypatch.setitem(sys.modules, "colorsys", colorsys)
    launch.postpone("colorsys", "rgb_to_hsv")
    assert sys.modules["colorsys"] is colorsys


def test_a_module_for_rare_use_is_loaded_by_it(launch, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys")
    launch.load_on_use("colorsys")
    import colorsys as asked

    assert "rgb_to_hsv" not in vars(sys.modules["colorsys"])
    assert asked.rgb_to_hsv(0.2, 0.4, 0.4) == colorsys.rgb_to_hsv(0.2, 0.4, 0.4)
    assert "rgb_to_hsv" in vars(sys.modules["colorsys"])


def test_what_is_loaded_already_is_not_loaded_anew(launch, monkeypatch):
    monkeypatch.setitem(sys.modules, "colorsys", colorsys)
    launch.load_on_use("colorsys")
    assert sys.modules["colorsys"] is colorsys


@pytest.mark.service
def test_a_server_holds_nothing_of_the_hub_s_own_half():
    """Checked in a new process, because this one has loaded those packages for other tests."""
    script = (
        "import sys, launch; launch.load_server()\n"
        "rare = [name for name in launch.ON_USE if '__file__' in vars(sys.modules[name])]\n"
        "print(sorted(rare), [name for name in sys.modules if name.startswith(('sqlalchemy', 'alembic'))])"
    )
    folder = Path(hub_config.__file__).parent / "server"
    ran = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)
    assert (ran.stdout, ran.returncode) == ("[] []\n", 0), ran.stderr


def test_what_is_left_out_is_empty_meanwhile_and_real_afterwards(launch, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys")
    with launch.left_out({"colorsys": ("Colour",)}):
        from colorsys import Colour

        assert not isinstance("red", Colour)
        assert not hasattr(sys.modules["colorsys"], "rgb_to_hsv")
    from colorsys import rgb_to_hsv

    assert rgb_to_hsv(0.0, 0.0, 1.0) == colorsys.rgb_to_hsv(0.0, 0.0, 1.0)


def test_what_is_loaded_already_is_not_left_out(launch, monkeypatch):
    monkeypatch.setitem(sys.modules, "colorsys", colorsys)
    with launch.left_out({"colorsys": ()}):
        assert sys.modules["colorsys"] is colorsys
    assert sys.modules["colorsys"] is colorsys
