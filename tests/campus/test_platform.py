"""A platform is asked as LTI Advantage says: signed, in scope, page by page, and in its own pace."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from fastapi.responses import Response
from tito.campus.platform.client import PlatformClient, outside
from tito.campus.platform.errors import PlatformRefused, PlatformSilent, PlatformUntrue
from tito.campus.platform.keys import PUBLISHED_FIRST_SECONDS, Keys
from tito.campus.platform.line_items import find_or_create_line_item
from tito.campus.platform.members import members
from tito.campus.platform.scores import PlatformScore, results, send_score
from tito.campus.platform.tokens import Registration, Tokens
from tito.campus.platform.walls import Walls

from tests.campus.platform import AGS, NRPS, PlatformWithServices
from tests.campus.registrar import Registrar
from tests.sign_in.platform import CLIENT_ID

pytestmark = pytest.mark.service
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def course(platform: PlatformWithServices):
    course = platform.course("7")
    course.enrol("ada", "ben", "cleo")
    course.enrol("ida", role="Instructor")
    return course


@pytest.fixture
def list_url(platform: PlatformWithServices) -> str:
    return f"{platform.url}/courses/7/members"


def column(client: PlatformClient, platform: PlatformWithServices) -> str:
    return find_or_create_line_item(client, f"{platform.url}/courses/7/columns", "course/tensor", "01 Tensor", 100)


def test_members_come_with_one_request_a_page_and_one_token(client, platform, course, list_url):
    course.enrol(*(f"s{number}" for number in range(296)))
    found = members(client, list_url, "custom_login", "link-7")
    assert [each.claim("custom_login") for each in found[:3]] == ["ada", "ben", "cleo"]
    assert [each.learns for each in found[:4]] == [True, True, True, False]
    assert (len(found), platform.calls["members"], platform.calls["token"]) == (300, 6, 1)


def test_what_a_launch_would_say_of_somebody(client, course, list_url):
    course.members[0]["email"] = "Ada@Example.org"
    ada = members(client, list_url)[0]
    said = [ada.claim(name) for name in ("sub", "email", "given_name", "custom_login", "nickname")]
    assert said == ["platform-id-of-ada", "Ada@Example.org", "Ada", "", ""]


def test_a_token_is_renewed_before_it_ends_and_when_the_platform_takes_it_no_more(client, platform, course, list_url):
    platform.token_seconds = 20  # ends within what a request may take: each look asks for a new one
    members(client, list_url)
    members(client, list_url)
    assert platform.calls["token"] == 2
    platform.token_seconds = 3600
    members(client, list_url)
    platform.tokens.clear()
    assert len(members(client, list_url)) == 4
    assert platform.calls["token"] == 4


def test_a_busy_platform_is_given_the_time_that_it_asks_for(client, platform, course, list_url, pauses):
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    members(client, list_url)
    platform.answers_now += [Response(status_code=429, headers={"Retry-After": after}) for after in ("7", soon, "?")]
    assert len(members(client, list_url)) == 4
    assert (pauses[0], pauses[2]) == (7, 2.0)
    assert 5 < pauses[1] <= 20


def test_a_platform_that_wants_an_hour_is_left_alone_for_it(client, platform, course, list_url, pauses):
    members(client, list_url)
    platform.answers_now.append(Response(status_code=429, headers={"Retry-After": "3600"}))
    with pytest.raises(PlatformSilent) as silent:
        members(client, list_url)
    assert (silent.value.after_seconds, pauses) == (3600, [])


def test_a_platform_that_is_out_of_order_is_asked_a_few_times_with_growing_pauses(client, platform, list_url, pauses):
    platform.fails_every = 1
    with pytest.raises(PlatformSilent, match=r"token endpoint .* answered 500"):
        members(client, list_url)
    assert pauses == [0.5, 1.0, 2.0]


def test_a_platform_that_is_not_there_is_silent(tokens, pauses):
    client = PlatformClient(tokens, outside(), pauses.append)
    with pytest.raises(PlatformSilent, match="does not answer"):
        list(client.pages("http://127.0.0.1:1/members", NRPS, "application/json"))
    client.close()


def test_a_scope_that_is_not_allowed_is_said_with_the_remedy(client, platform, list_url):
    platform.allowed.discard(NRPS)
    with pytest.raises(PlatformRefused, match=r"issued no token: 400 .*Check there that the client id"):
        members(client, list_url)


def test_two_keys_are_published_and_a_new_one_signs_a_day_later(tmp_path, platform, course, list_url):
    clock = [time.time()]
    keys = Keys(tmp_path / "rotated", lambda: clock[0])
    platform.tool_keys = keys.published
    first, _ = keys.signing()
    second = keys.rotate()
    assert keys.signing()[0] == first
    assert {each["kid"] for each in keys.published()["keys"]} == {first, second}
    assert not any("d" in each for each in keys.published()["keys"]), "a private exponent is published"
    clock[0] += PUBLISHED_FIRST_SECONDS + 1
    assert keys.signing()[0] == second
    third = keys.rotate()
    assert {each["kid"] for each in keys.published()["keys"]} == {second, third}
    registration = Registration(platform.url, CLIENT_ID, f"{platform.url}/token")
    client = PlatformClient(Tokens(registration, keys), outside())
    assert len(members(client, list_url)) == 4
    client.close()
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "rotated").iterdir()} == {0o600}


def test_a_column_is_found_again_and_made_once_though_the_answer_is_lost(client, platform, course):
    platform.fails_every, platform.after_the_deed = 3, True
    address = column(client, platform)
    platform.fails_every = 0
    assert column(client, platform) == address
    assert [each["label"] for each in course.columns.values()] == ["01 Tensor"]
    assert platform.calls["create"] == 1


def test_a_score_sent_twice_changes_nothing_and_an_old_one_takes_no_newer_ones_place(client, platform, course):
    address = column(client, platform)
    told = PlatformScore("platform-id-of-ada", 90, 100, NOON, "See your feedback")
    send_score(client, address, told)
    send_score(client, address, told)
    assert course.arrived["1", told.subject] == 1
    older = PlatformScore(told.subject, 10, 100, NOON - timedelta(hours=1))
    with pytest.raises(PlatformRefused, match="409"):
        send_score(client, address, older)
    assert results(client, address) == {"platform-id-of-ada": 0.9}


def off_https(platform, client):
    return members(client, "http://lms.example.org/members")


def with_a_password(platform, client):
    return members(client, "https://user:secret@lms.example.org/members")


def next_page_elsewhere(platform, client):
    platform.page_size, platform.next_page_at = 1, "https://evil.example.org/members"
    return members(client, f"{platform.url}/courses/7/members")


def next_page_in_a_circle(platform, client):
    platform.page_size, platform.next_page_at = 1, f"{platform.url}/courses/7/members"
    return members(client, platform.next_page_at)


def sent_elsewhere(platform, client):
    client._tokens.bearer(client._http, NRPS)
    platform.answers_now.append(Response(status_code=302, headers={"Location": "http://169.254.169.254/latest"}))
    return members(client, f"{platform.url}/courses/7/members")


def no_members(platform, client):
    client._tokens.bearer(client._http, NRPS)
    platform.answers_now.append(Response('{"error": "none of your business"}', media_type="application/json"))
    return members(client, f"{platform.url}/courses/7/members")


def no_json(platform, client):
    client._tokens.bearer(client._http, NRPS)
    platform.answers_now.append(Response("<h1>Log in</h1>", media_type="text/html"))
    return members(client, f"{platform.url}/courses/7/members")


def a_column_elsewhere(platform, client):
    platform.course("7").columns["1"] = {"resourceId": "course/tensor", "tag": "tinytorch", "id": "http://evil.example"}
    return column(client, platform)


@pytest.mark.security
@pytest.mark.parametrize(
    "attack",
    [
        off_https,
        with_a_password,
        next_page_elsewhere,
        next_page_in_a_circle,
        sent_elsewhere,
        no_members,
        no_json,
        a_column_elsewhere,
    ],
    ids=lambda attack: attack.__name__,
)
def test_what_a_platform_must_not_say_is_not_believed_and_no_token_goes_there(attack, client, platform, course):
    with pytest.raises(PlatformRefused):
        attack(platform, client)


@pytest.mark.security
def test_what_is_signed_with_a_key_that_is_not_published_gets_no_token(tmp_path, platform, keys):
    stranger = Tokens(Registration(platform.url, CLIENT_ID, f"{platform.url}/token"), Keys(tmp_path / "stranger"))
    with outside() as http, pytest.raises(PlatformRefused, match="issued no token: 401"):
        stranger.bearer(http, f"{AGS}score")


@pytest.mark.security
def test_a_token_endpoint_without_https_is_refused_before_anything_is_signed(keys):
    with pytest.raises(PlatformUntrue, match="must be https"):
        Tokens(Registration("https://lms.example.org", CLIENT_ID, "http://lms.example.org/token"), keys)


def test_a_universitys_own_authority_is_trusted_if_the_machine_trusts_it(tmp_path, monkeypatch):
    registrar = Registrar(tmp_path)
    server = registrar.start()
    url = f"https://localhost:{registrar.port}/openid-configuration"
    with outside() as http, pytest.raises(httpx.ConnectError, match="certificate"):
        http.get(url)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "chain.pem"))  # the machine's authorities
    with outside() as http:
        assert http.get(url).json()["issuer"] == registrar.url
    walls = Walls(may_ask=lambda address: True)
    assert asyncio.run(walls.get(url))["issuer"] == registrar.url
    server.stop()
