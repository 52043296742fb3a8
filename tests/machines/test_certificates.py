"""The course's certificates are made once, one for each part, and no other certificate is accepted."""

import datetime
import ssl
import stat

import pytest
from tito.errors import TitoError
from tito.machines.certificates import (
    AUTHORITY_KEY,
    PARTS,
    client_context,
    files_of,
    host_of,
    make_certificates,
    server_context,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def contents(folder) -> dict:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_again_nothing_is_made_anew_and_only_the_owner_reads(made):
    before = contents(made)
    make_certificates(made)
    assert contents(made) == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in before} == {0o600}
    assert not list((made / "worker").glob(AUTHORITY_KEY))


def test_what_ends_soon_is_made_anew_and_the_authority_stays(tmp_path):
    make_certificates(tmp_path, now=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=400))
    before = contents(tmp_path)
    make_certificates(tmp_path)
    changed = {path.name for path, data in contents(tmp_path).items() if before[path] != data}
    assert changed == {f"{part}.pem" for part in PARTS}


def test_one_that_has_ended_and_one_that_is_missing_are_named(tmp_path):
    make_certificates(tmp_path, now=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=430))
    with pytest.raises(TitoError, match="expired on"):
        files_of(tmp_path, "worker")
    with pytest.raises(TitoError, match=r"worker\.pem and ca\.pem are not both in.*tito grade certificates"):
        files_of(tmp_path / "nowhere", "worker")


def test_an_authority_without_its_key_is_not_replaced_in_silence(tmp_path):
    make_certificates(tmp_path)
    (tmp_path / AUTHORITY_KEY).unlink()
    with pytest.raises(TitoError, match=r"has only one of ca\.pem and ca\.key"):
        make_certificates(tmp_path)


@pytest.mark.parametrize(("server", "client", "asked", "works"), [
    ("scheduler", "service", "scheduler", True), ("worker", "service", "scheduler", False),
    ("scheduler", "foreign", "scheduler", False), ("scheduler", "none", "scheduler", False),
])  # fmt: skip
def test_who_has_no_certificate_of_the_course_or_of_another_part_is_refused(
    made, tmp_path, server, client, asked, works
):
    if client == "foreign":
        make_certificates(tmp_path)
        calling = client_context(tmp_path, "service")
        calling.load_verify_locations(made / "ca.pem")
    elif client == "none":
        calling = ssl.create_default_context(cafile=made / "ca.pem")
    else:
        calling = client_context(made, client)
    assert handshake(server_context(made, server), calling, host_of(asked)) == works


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    """Let two ends shake hands in memory; return whether each accepts the other."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    try:
        for _ in range(4):
            for end in (here, there):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue
    except ssl.SSLError:
        return False
    return here.version() == there.version() == "TLSv1.3"
