"""The demo class's three students submit real entries, once, and only in the demo."""

import runpy

import numpy as np
from tito.grading.pseudonyms import check
from tito.semester import demo

from hub_config.run import demo_class
from hub_config.settings import load_settings
from tinytorch.datasets import Digits
from tinytorch.olympics import measure_entry

STUDENTS = [student.username for student in demo.STUDENTS]


def settings(tmp_path, **more):
    return load_settings({"HUB_PLACE": "local", "HUB_VAR": str(tmp_path), **more})


def test_the_demo_hands_in_once_and_no_other_semester_does(tmp_path):
    assert demo_class.wanted(settings(tmp_path))
    assert not demo_class.wanted(settings(tmp_path, HUB_SEMESTER=str(tmp_path / "mine.yaml")))
    assert not demo_class.wanted(settings(tmp_path, HUB_AUTHENTICATOR="native"))
    (tmp_path / "semester").mkdir()
    (tmp_path / demo_class.DONE).touch()
    assert not demo_class.wanted(settings(tmp_path))


def test_all_three_play_under_names_that_the_board_takes():
    assert list(demo_class.PSEUDONYMS) == STUDENTS
    for name in demo_class.PSEUDONYMS.values():
        assert check(name, {"ida", "tom"}, set(STUDENTS)) == name


def test_their_entries_are_taken(tmp_path):
    script = runpy.run_path(str(demo_class.SCRIPT))
    script["main"].__globals__["EPOCHS"] = 1
    script["main"](tmp_path)
    assert sorted({path.name.split("-")[0] for path in tmp_path.iterdir()}) == STUDENTS
    images, labels = (part[:200] for part in Digits(train=False).arrays())
    for path in tmp_path.iterdir():
        found = measure_entry(path.read_bytes(), np.asarray(images, "float32"), labels)
        assert found["accepted"], (path.name, found)
