"""A kernel that loads less at start lacks nothing: its debugger stops at breakpoints, and it can start kernels."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

import hub_config

SERVER = Path(hub_config.__file__).parent / "server"
PATIENCE_SECONDS = 60
RARE = ("debugpy.server", "_pydevd_bundle", "jupyter_client.manager")
CODE = "def f(n):\n    m = n + 1\n    return m\nf(3)"


@pytest.fixture
def specs(monkeypatch):
    """The server's own list of kernels."""
    monkeypatch.syspath_prepend(str(SERVER))
    import kernel_specs

    return kernel_specs


@pytest.fixture
def kernel(specs, tmp_path, monkeypatch) -> Iterator:
    """The client of a kernel that was started as the server starts it."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside_it.py").write_text("answer = 42\n")
    manager = KernelManager(kernel_spec_manager=specs.Specs(), transport="ipc", ip=str(tmp_path / "k"))
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE_SECONDS)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def printed(client, code: str) -> str:
    said = []
    answer = client.execute_interactive(
        code, timeout=PATIENCE_SECONDS, output_hook=lambda m: said.append(m["content"].get("text", ""))
    )
    assert answer["content"]["status"] == "ok", answer["content"]
    return "".join(said).strip()


def loaded(client) -> list[str]:
    return printed(client, f"import sys; print(*[name for name in {RARE} if name in sys.modules])").split()


def asker(client) -> Callable[..., dict]:
    """Return a function that sends a request to the debugger, as JupyterLab does."""
    count = iter(range(1, 100))

    def ask(command: str, **arguments) -> dict:
        body = {"type": "request", "seq": next(count), "command": command, "arguments": arguments}
        client.control_channel.send(client.session.msg("debug_request", body))
        answer = client.get_control_msg(timeout=PATIENCE_SECONDS)["content"]
        assert answer["success"], answer
        return answer.get("body") or {}

    return ask


def test_a_cell_runs_and_what_is_rare_is_not_loaded(kernel):
    assert printed(kernel, "import beside_it; print(beside_it.answer)") == "42"
    assert printed(kernel, "import sys; print(sys.path.count('/etc/jupyter'), 'room' in sys.modules)") == "0 False"
    assert loaded(kernel) == []


def test_variables_are_shown_without_debugging(kernel):
    printed(kernel, "x = 42")
    shown = asker(kernel)("inspectVariables")["variables"]
    assert [(each["name"], each["value"]) for each in shown if each["name"] == "x"] == [("x", "42")]
    assert "debugpy.server" in loaded(kernel)


def test_the_debugger_stops_at_a_breakpoint_and_shows_what_is_there(kernel):
    ask = asker(kernel)
    assert ask("debugInfo")["isStarted"] is False
    ask("initialize", clientID="test", adapterID="", pathFormat="path", linesStartAt1=True, columnsStartAt1=True)
    ask("attach")
    source = {"path": ask("dumpCell", code=CODE)["sourcePath"]}
    ask("setBreakpoints", breakpoints=[{"line": 3}], source=source, sourceModified=False)
    ask("configurationDone")
    number = kernel.execute(CODE)
    thread = stopped(kernel)["threadId"]
    frame = ask("stackTrace", threadId=thread)["stackFrames"][0]
    assert (frame["name"], frame["line"]) == ("f", 3)
    scope = ask("scopes", frameId=frame["id"])["scopes"][0]["variablesReference"]
    shown = ask("variables", variablesReference=scope)["variables"]
    assert {each["name"]: each["value"] for each in shown} == {"m": "4", "n": "3"}
    ask("continue", threadId=thread)
    while (answer := kernel.get_shell_msg(timeout=PATIENCE_SECONDS))["parent_header"]["msg_id"] != number:
        pass
    assert answer["content"]["status"] == "ok"


def stopped(client) -> dict:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        message = client.get_iopub_msg(timeout=PATIENCE_SECONDS)
        if message["msg_type"] == "debug_event" and message["content"]["event"] == "stopped":
            return message["content"]["body"]
    raise TimeoutError("the debugger did not stop")


def test_the_rest_of_jupyter_client_is_there_when_asked_for(kernel):
    code = "from jupyter_client import KernelManager, AsyncKernelClient, find_connection_file, __version__\n"
    assert printed(kernel, f"{code}print(KernelManager().kernel_name, __version__ > '8')") == "python3 True"
    assert "jupyter_client.manager" in loaded(kernel)


def test_kernels_of_other_environments_start_as_they_say(specs, tmp_path, monkeypatch):
    folder = tmp_path / "kernels" / "mine"
    folder.mkdir(parents=True)
    said = '{"argv": ["/opt/mine/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]}'
    (folder / "kernel.json").write_text(said)
    mine, usual = (KernelSpecManager, specs.Specs)
    for manager in (mine, usual):
        found = manager(kernel_dirs=[str(folder.parent)]).get_kernel_spec("mine")
        assert found.argv == ["/opt/mine/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.mark.parametrize("has_file", [True, False])
def test_the_server_s_own_kernel_starts_by_our_launcher(specs, tmp_path, has_file):
    """Even without an installed file, when ipykernel itself describes its kernel."""
    own = specs.Specs() if has_file else specs.Specs(kernel_dirs=[str(tmp_path)])
    found = own.get_all_specs()["python3"]["spec"]
    assert found["argv"][1] == specs.LAUNCHER
    assert found["argv"][-2:] == ["-f", "{connection_file}"]


def test_kernels_are_looked_for_where_jupyter_looks(specs):
    assert specs.Specs().kernel_dirs == KernelSpecManager().kernel_dirs


@pytest.mark.service
def test_naming_the_kernel_loads_no_ipython():
    """Checked in a new process, because this one has loaded IPython."""
    script = "import sys, kernel_specs; kernel_specs.Specs().get_all_specs()\nprint('IPython' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], cwd=SERVER, capture_output=True, text=True, timeout=120)
    assert (ran.stdout, ran.returncode) == ("False\n", 0), ran.stderr
