"""One password for everybody is only for demonstrations, and the start message and the login page say so."""

import pytest

from hub_config.run.serve import welcome
from hub_config.sign_in.passwords import SHARED_PASSWORD
from tests.sign_in.door import person, running_door, send, words

pytestmark = pytest.mark.live
HOME = "/services/home/"


def test_it_lets_in_names_of_the_course_with_the_password_and_says_what_it_is(tmp_path):
    with running_door(tmp_path, "shared-password") as door:
        password = (door.settings.secrets / SHARED_PASSWORD).read_text().strip()
        said = welcome(door.settings)
        assert password in said
        assert "A DEMONSTRATION, NOT A COURSE: one password for everybody, including the staff and the operator" in said
        with person(door.url) as ada:
            page = ada.get(f"/hub/login?next={HOME}")
            assert "A demonstration: one password for everybody" in words(page)
            assert "Invalid username or password" in words(send(ada, page, username="ada", password="guess"))
            assert send(ada, page, username="ada", password=password).url.path == HOME
        with person(door.url) as eve:
            page = eve.get("/hub/login")
            assert "Invalid username or password" in words(send(eve, page, username="eve", password=password))
