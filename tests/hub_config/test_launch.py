"""A server starts whether or not released notebooks could be fetched, and says which."""

import importlib.util
import os
import stat
import sys
from pathlib import Path

import pytest

import hub_config

pytestmark = pytest.mark.unit


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """The start hook, as a module, with a home and an environment of its own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    file = Path(hub_config.__file__).parent / "server" / "launch.py"
    spec = importlib.util.spec_from_file_location("launch", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    return module


def tito(tmp_path, script: str) -> None:
    file = tmp_path / "bin" / "tito"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_a_good_fetch_leaves_no_note(launch, tmp_path):
    tito(tmp_path, "exit 0")
    assert launch.fetch_released() == ""
    launch.NOTE.write_text("old")
    launch.report("")
    assert not launch.NOTE.exists()


def test_a_refused_fetch_is_told_in_a_note_with_what_to_run(launch, tmp_path):
    tito(tmp_path, "echo 'the exchange is closed' >&2; exit 3")
    problem = launch.fetch_released()
    assert problem == "the exchange is closed"
    launch.report(problem)
    assert "the exchange is closed" in launch.NOTE.read_text()
    assert "tito fetch" in launch.NOTE.read_text()


def test_an_endless_fetch_ends(launch, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "FETCH_SECONDS", 0.2)
    tito(tmp_path, "exec sleep 60")
    assert "did not answer within 0.2 seconds" in launch.fetch_released()


def test_a_missing_tito_is_told(launch):
    assert "could not be started" in launch.fetch_released()


def test_the_server_starts_in_every_case(launch, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda program, line: started.append(line))
    monkeypatch.setenv("SERVER_KIND", "student")
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home" / "tinytorch"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    tito(tmp_path, "exit 1")
    launch.main()
    assert started[0][1] == str(tmp_path / "bin" / "jupyterhub-singleuser")
    assert (tmp_path / "home" / "tinytorch").is_dir()
