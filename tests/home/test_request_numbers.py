"""One request number leads from a student's error page to the logs of every service involved."""

import json
import logging
import re
import socket
from pathlib import Path

import httpx
import pytest

from exchange.client.direct import direct_client
from exchange.hub.logs import JsonLines, TextLines
from exchange.protocol.request_id import begin_request
from hub_config.home.app import create_app
from hub_config.home.metrics import home_metrics
from hub_config.home.session import COOKIE
from hub_config.home.settings import Settings, load_settings
from tests.semester.campus import START_SECONDS, Server, free_ports
from tests.sign_in.certificate import write_pair


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a home page whose Hub can't be reached."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
        return load_settings(
            {
                "JUPYTERHUB_SERVICE_URL": nobody,
                "JUPYTERHUB_API_URL": f"{nobody}/hub/api",
                "JUPYTERHUB_API_TOKEN": "secret",
                "JUPYTERHUB_CLIENT_ID": "service-home",
                "HUB_VAR": str(tmp_path),
                "HOME_CERTIFICATE": str(tmp_path / "chain.pem"),
            }
        )


def test_an_error_page_shows_the_number_of_its_request(settings: Settings, caplog: pytest.LogCaptureFixture):
    port = free_ports("home")["home"]
    server = Server(create_app(settings), port)
    server.start()
    try:
        cookie = {COOKIE: server.app.state.sessions.cookie_for("a token")}
        base = f"http://127.0.0.1:{port}/services/home/"
        with direct_client(base, cookies=cookie, timeout=START_SECONDS) as client:
            answer, ready = client.get(base), client.get(base + "ready")
    finally:
        server.stop()
    number = answer.headers["X-Request-ID"]
    assert (answer.status_code, re.findall("<code>(.*?)</code>", answer.text)) == (503, [number])
    assert "was answered with 503" in caplog.text
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "checks": {"hub": "failed"}})


def test_a_number_goes_along_to_whom_we_ask():
    begin_request("0123456789abcdef")
    wire = httpx.MockTransport(lambda request: httpx.Response(200, text=request.headers.get("X-Request-ID", "")))
    with direct_client("http://exchange", transport=wire) as client:
        assert client.get("http://exchange/").text == "0123456789abcdef"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "new\nline-in-a-log", "<script>alert</script>"])
def test_a_number_that_is_none_is_replaced(given: str):
    assert re.fullmatch("[0-9a-f]{16}", begin_request(given))


def test_a_log_is_for_people_or_for_programs():
    number = begin_request()
    record = logging.LogRecord("grading", logging.ERROR, __file__, 1, "lost %d", (3,), None)
    line = json.loads(JsonLines("grading").format(record))
    assert {key: line[key] for key in ("level", "service", "logger", "message", "request")} == {
        "level": "error",
        "service": "grading",
        "logger": "grading",
        "message": "lost 3",
        "request": number,
    }
    assert TextLines().format(record).endswith(f"grading ERROR [{number}] lost 3")


def test_the_end_of_a_certificate_is_a_metric_where_one_is_given(settings: Settings):
    write_pair(settings.var)
    assert "home_certificate_ends_timestamp_seconds 1." in home_metrics(settings).text().decode()
