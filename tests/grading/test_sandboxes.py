"""The table of sandboxes is the only list of them: one taken out is unknown; adding one takes a file and a line."""

import pytest
from tito.judge import sandbox
from tito.judge.sandbox import find
from tito.judge.sandbox.limits import SandboxLimits, SandboxUnavailable

PAPER = """
class Paper:
    def __init__(self, place, limits): self.at, self.limits = place, limits
    @staticmethod
    def place(): return "a desk"
    def start(self, predecessors): raise NotImplementedError
    def clear(self, judge): pass
"""


def test_one_that_is_taken_out_is_no_choice_and_is_one_again_when_it_is_back(monkeypatch):
    monkeypatch.setenv(find.KIND_NAME, "bubblewrap")
    everything = find.SANDBOXES
    monkeypatch.setattr(find, "SANDBOXES", {"container": everything["container"]})
    with pytest.raises(SandboxUnavailable, match="TITO_SANDBOX must be one of container, not 'bubblewrap'"):
        find.find_sandbox()
    monkeypatch.setattr(find, "SANDBOXES", everything)
    monkeypatch.setenv("TITO_WORKER_ENVIRONMENT", "/nowhere")
    with pytest.raises(SandboxUnavailable, match="is missing"):
        find.find_sandbox()


def test_a_new_one_is_a_file_and_a_line(monkeypatch, tmp_path):
    (tmp_path / "paper.py").write_text(PAPER)
    monkeypatch.setattr(sandbox, "__path__", [*sandbox.__path__, str(tmp_path)])
    monkeypatch.setitem(find.SANDBOXES, "paper", "paper:Paper")
    monkeypatch.setenv(find.KIND_NAME, "paper")
    found = find.find_sandbox(SandboxLimits(cpu_seconds=7))
    assert (found.at, found.limits.cpu_seconds) == ("a desk", 7)
    assert find.find_sandbox(SandboxLimits(cpu_seconds=7)) is found


def test_the_first_line_is_taken_without_a_word(monkeypatch):
    monkeypatch.delenv(find.KIND_NAME, raising=False)
    monkeypatch.setattr(find, "_found", lambda made_by, place, limits: made_by.__name__)
    assert find.find_sandbox() == "Bubblewrap"
