"""A home can hold limits.home and no more, survives a restart of the machine, and grows with the limit.

Real file systems on real loop devices, without a Hub; test_neighbours.py fills the home of a student who is logged in.
"""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_config.checks import NotReady
from hub_config.docker.homes import check_new, homes_of, open_homes
from hub_config.settings import Settings, SettingsError, load_settings
from tests.docker.place import CLOSE, STUDENT, TAG, as_root, docker, inspect, remove_all

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]
MB = 2**20


@pytest.fixture
def settings(images, tmp_path) -> Iterator[Settings]:
    """A place where each home is a file of 64 MB; its volumes and devices are removed afterwards."""
    name = f"tt-{secrets.token_hex(4)}"
    yield with_limit(tmp_path, "64M", prefix=name, homes=str(tmp_path / "homes"))
    remove_all(name)


def with_limit(folder: Path, limit: str, **docker_settings: str) -> Settings:
    (folder / "semester.yaml").write_text(f"course: tiny-2026\nlimits: {{home: {limit}}}\n")
    own = {"PLACE": "docker", "VAR": str(folder / "var"), "SEMESTER": str(folder / "semester.yaml"), "DOCKER__TAG": TAG}
    own |= {f"DOCKER__{name.upper()}": value for name, value in docker_settings.items()}
    return load_settings({f"HUB_{name}": value for name, value in own.items()})


def grown(settings: Settings, limit: str) -> Settings:
    kept = settings.docker
    return with_limit(settings.var.parent, limit, prefix=kept.prefix, homes=str(kept.homes))


def volume(settings: Settings, student: str) -> str:
    return f"{settings.container_prefix}-home-{student}"


def inside(settings: Settings, student: str, script: str) -> str:
    """Run a script in a container that has a student's home, like their server."""
    mount = f"{volume(settings, student)}:/home/jovyan"
    return docker("run", "--rm", "--network", "none", "--volume", mount, "--entrypoint", "sh", STUDENT, "-c", script)


def fill(settings: Settings, student: str, mb: int) -> tuple[str, int]:
    """Try to write this much; return the output and the number of bytes written."""
    said = inside(settings, student, f"dd if=/dev/zero of=filler bs=1M count={mb} 2>&1; stat -c %s filler")
    return said, int(said.split()[-1])


def test_a_full_home_is_full_for_its_owner_alone(settings, tmp_path):
    homes, free = homes_of(settings), shutil.disk_usage(tmp_path).free
    for student in ("ada", "ben"):
        homes.make(volume(settings, student))
    said, written = fill(settings, "ada", 100)
    assert "No space left on device" in said
    assert 40 * MB < written < 64 * MB
    assert fill(settings, "ben", 10)[1] == 10 * MB
    (tmp_path / "state").write_bytes(bytes(MB))  # the Hub can still write to its own disk
    assert inside(settings, "ada", "rm filler && echo mine > mine.txt && cat mine.txt") == "mine\n"
    assert free - shutil.disk_usage(tmp_path).free < 1024 * MB  # others use this disk as well


def test_a_new_home_is_its_owners_and_has_what_the_image_has(settings):
    homes_of(settings).make(volume(settings, "ada"))
    listed = inside(
        settings, "ada", "ls -A; stat -c '%U' .; stat -f -c %T .; grep ' /home/jovyan ' /proc/mounts"
    ).split()
    assert {".bashrc", "jovyan", "ext2/ext3"} <= set(listed)
    assert "lost+found" not in listed
    assert {"nosuid", "nodev"} <= set(listed[-3].split(","))


def test_no_other_user_of_this_machine_reads_the_files(settings, tmp_path):
    homes_of(settings).make(volume(settings, "ada"))
    modes = as_root('stat -c %a "$1" "$1"/*.img', str(tmp_path / "homes")).split()
    assert modes == ["700", "600"]


def test_making_a_home_twice_leaves_it_alone(settings):
    for _ in range(2):
        homes_of(settings).make(volume(settings, "ada"))
        inside(settings, "ada", "echo more >> mine.txt")
    assert inside(settings, "ada", "cat mine.txt") == "more\nmore\n"


def test_after_a_restart_of_the_machine_homes_wait_to_be_opened(settings):
    """A restart removes devices and their names; a home must then be neither empty nor another student's."""
    for student in ("ada", "ben"):
        homes_of(settings).make(volume(settings, student))
        inside(settings, student, f"echo {student} > mine.txt")
    as_root(CLOSE, settings.container_prefix)
    with pytest.raises(AssertionError, match="no such file"):
        inside(settings, "ada", "ls")
    assert open_homes(settings) == []
    assert open_homes(settings) == []  # running it again changes nothing
    assert [inside(settings, student, "cat mine.txt") for student in ("ada", "ben")] == ["ada\n", "ben\n"]


def test_a_home_grows_with_the_limit_and_never_shrinks(settings):
    homes_of(settings).make(volume(settings, "ada"))
    inside(settings, "ada", "echo mine > mine.txt")
    open_homes(grown(settings, "128M"))
    assert 100 * MB < fill(settings, "ada", 150)[1] < 128 * MB
    open_homes(grown(settings, "64M"))
    said = inside(settings, "ada", "cat mine.txt; stat -c %s filler; ls -A")
    assert said.startswith("mine\n") and int(said.split()[1]) > 100 * MB
    assert "lost+found" not in said


def test_a_home_in_use_is_left_as_it_is(settings):
    name = volume(settings, "ada")
    homes_of(settings).make(name)
    hold = ("--detach", "--name", f"{name}-server", "--network", "none", "--volume", f"{name}:/home/jovyan")
    docker("run", *hold, "--entrypoint", "sleep", STUDENT, "300")
    docker("exec", f"{name}-server", "sh", "-c", "echo mine > mine.txt")
    open_homes(grown(settings, "128M"))
    assert docker("exec", f"{name}-server", "cat", "mine.txt") == "mine\n"
    assert fill(settings, "ada", 150)[1] < 64 * MB


def test_more_homes_than_the_disk_holds_are_told_of(settings, tmp_path):
    """A home's file takes only the space that is used, so the limits can add up to more than the disk holds."""
    disk = shutil.disk_usage(tmp_path).total // MB
    wide = grown(settings, f"{disk + 1024}M")
    homes_of(wide).make(volume(wide, "ada"))
    [notice] = open_homes(wide)
    assert f"1 homes of {disk + 1024} MB" in notice and "lower limits.home" in notice


def test_files_of_homes_are_not_restored_over(settings):
    homes_of(settings).make(volume(settings, "ada"))
    docker("volume", "rm", volume(settings, "ada"))
    check_new(settings, ["ben"])
    with pytest.raises(NotReady, match=r"home-ada\.img"):
        check_new(settings, ["ada", "ben"])


def test_without_a_folder_the_engine_keeps_the_limit_or_it_is_said(images, tmp_path):
    """The file system of the engine's data decides whether the limit is enforced or a notice is shown."""
    settings = with_limit(tmp_path, "64M", prefix=f"tt-{secrets.token_hex(4)}")
    try:
        notices = open_homes(settings)
        homes_of(settings).make(volume(settings, "ada"))
        size = (inspect(volume(settings, "ada"))["Options"] or {}).get("size")
        if notices:
            assert size is None
            assert "limits.home (64 MB) can't be enforced" in notices[0] and "HUB_DOCKER__HOMES" in notices[0]
        else:
            assert size == "64M"
            assert "No space left" in fill(settings, "ada", 100)[0]
    finally:
        remove_all(settings.container_prefix)


def test_homes_made_without_a_limit_are_named(settings):
    docker("volume", "create", volume(settings, "ben"))
    homes_of(settings).make(volume(settings, "ada"))
    [notice] = open_homes(settings)
    assert volume(settings, "ben") in notice and volume(settings, "ada") not in notice


def test_a_folder_is_named_by_its_whole_path(tmp_path):
    with pytest.raises(SettingsError, match="whole path"):
        with_limit(tmp_path, "64M", homes="homes")
