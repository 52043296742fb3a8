"""Generated passwords: known people can log in with their own, and nobody else can."""

import stat
from types import SimpleNamespace

import pytest

from hub_config.secret_files import ALPHABET, new_password, read_or_create, read_passwords
from hub_config.sign_in.authenticators import GeneratedPasswords


@pytest.fixture
def door(tmp_path):
    door = GeneratedPasswords(secrets_folder=str(tmp_path), allow_all=True)
    for name in ("ada", "ben"):
        door.add_user(SimpleNamespace(name=name))
    return door


async def test_her_own_password_lets_in_and_anothers_does_not(door, tmp_path):
    passwords = read_passwords(tmp_path)
    assert await door.authenticate(None, {"username": "ada", "password": passwords["ada"]}) == "ada"
    assert await door.authenticate(None, {"username": "ada", "password": f" {passwords['ada']} "}) == "ada"
    assert await door.authenticate(None, {"username": "ada", "password": passwords["ben"]}) is None


@pytest.mark.parametrize("password", ["", "None", "null", "ünïcode"])
async def test_unknown_people_and_odd_passwords_are_refused(door, password):
    assert await door.authenticate(None, {"username": "eve", "password": password}) is None
    assert await door.authenticate(None, {"username": "ada", "password": password}) is None


def test_adding_again_keeps_the_password_and_removing_forgets_it(door, tmp_path):
    before = read_passwords(tmp_path)
    door.add_user(SimpleNamespace(name="ada"))
    assert read_passwords(tmp_path) == before
    door.delete_user(SimpleNamespace(name="ada"))
    assert set(read_passwords(tmp_path)) == {"ben"}


def test_the_file_is_private(door, tmp_path):
    assert stat.S_IMODE((tmp_path / "passwords.json").stat().st_mode) == 0o600


def test_passwords_are_long_and_easy_to_type():
    passwords = {new_password() for _ in range(200)}
    assert len(passwords) == 200
    assert all(len(password) == 14 and set(password) <= {*ALPHABET, "-"} for password in passwords)


def test_a_secret_is_made_once(tmp_path):
    first = read_or_create(tmp_path / "secrets", "x")
    assert read_or_create(tmp_path / "secrets", "x") == first
    assert len(first) == 64
