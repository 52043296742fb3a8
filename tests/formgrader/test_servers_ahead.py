"""Before a lab the semester service starts students' servers; it has no right to start anybody else's."""

import pytest
from tito.errors import TitoError
from tito.semester.service.hub_api import Hub

from exchange.protocol.scopes import student_group
from tests.environments import student_environment
from tests.formgrader.local_hub import COURSE

pytestmark = pytest.mark.service


def test_the_semester_service_starts_students_servers_and_nobody_elses(hub):
    student_environment(hub.settings.semester_file)  # else the Hub would make it, through its recording proxy
    hub.know("lea", "student", student_group(COURSE))
    asking = Hub(hub.settings.hub_api_url, hub.semester_token)
    try:
        with pytest.raises(TitoError, match=r"40[34]"):
            asking.start_server("tom")
        before = set(asking.servers())
        asking.start_server("lea")
        assert set(asking.servers()) - before == {"lea"}
    finally:
        asking.close()
