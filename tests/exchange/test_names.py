"""Each person has one name everywhere: no two identities share a name, home, volume or file on any file system."""

import base64
import hashlib
import unicodedata

import pytest
from dockerspawner import DockerSpawner
from hypothesis import example, given
from hypothesis import strategies as st
from jupyterhub.slugs import safe_slug

from exchange.protocol.models import Extension
from exchange.protocol.names import (
    LONGEST_IDENTITY,
    MADE,
    PLAIN,
    NoName,
    home_of,
    in_volume,
    is_name,
    name_from,
    name_of,
)
from exchange.protocol.paths import check_person
from exchange.protocol.receipt import verify
from tests.exchange.live import COURSE, Live

OF_A_UNIVERSITY = {
    "ada": "ada",
    "Ada": "ada",
    "ADA.LOVELACE": "ada.lovelace",
    "1234567": "1234567",
    "0012345": "0012345",
    "7ab12cd": "7ab12cd",
    "u_1234": "u_1234",
    "m.-j.dupont": "m.-j.dupont",
    "jane.doe@example.org": "jane.doe@example.org",
    "Jane.Doe@Example.ORG": "jane.doe@example.org",
    "s1@students.example.ac.uk": "s1@students.example.ac.uk",
    "jane+hub@example.org": "jane-hub-example.org~",
    "o'brien": "o-brien~",
    "UNI\\jane": "uni-jane~",
    "urn:person:77": "urn-person-77~",
    "a/b": "a-b~",
    "../../etc": "etc~",
    ".hidden": "hidden~",
    "-rf": "rf~",
    "~root": "root~",
    "%2e%2e": "2e-2e~",
    "zoë": "zoe~",
    "Müller": "muller~",
    "Łukasz": "ukasz~",
    "李雷": "x~",
    "Ада": "x~",
    "سارة": "x~",
    "ａｄａ": "ada~",
    "\N{KELVIN SIGN}im": "kim~",
    "ad\N{CYRILLIC SMALL LETTER A}": "ad~",
    "a" * 63: "a" * 63,
    "a" * 64: "a" * 24 + "~",
    "." * 40: "x~",
    "a" + "." * 62: "a~",
}
ZOE = "edbqsvhlxbnzjmvq"
IDENTITY = st.text(min_size=1, max_size=LONGEST_IDENTITY).filter(lambda text: _is_somebody(text))
NEAR = st.text("aAkK.@-_~+éÉe\u0301ßsSıİ\N{KELVIN SIGN}ａ", min_size=1, max_size=8)
NAME = st.one_of(st.from_regex(PLAIN, fullmatch=True), st.from_regex(MADE, fullmatch=True)).filter(is_name)


def _is_somebody(text: str) -> bool:
    try:
        name_of(text)
    except NoName:
        return False
    return True


def _one(text: str) -> str:
    """Return an identity without what doesn't count: capitals, and how Unicode stores an accent."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


@pytest.mark.parametrize("identity", OF_A_UNIVERSITY)
def test_the_names_of_a_university(identity: str):
    name, wanted = name_of(identity), OF_A_UNIVERSITY[identity]
    assert name.startswith(wanted) if wanted.endswith("~") else name == wanted
    assert name_from(identity) == name


def test_a_university_has_no_name_twice():
    people = {_one(identity) if identity.isascii() else identity: name_of(identity) for identity in OF_A_UNIVERSITY}
    for places in (people.values(), map(home_of, people.values()), map(in_volume, people.values())):
        assert len(set(places)) == len(people)


def test_a_made_name_never_changes():
    """Homes and grades depend on it; this one was computed by hand from the SHA-256 of `\\xffzoë`."""
    assert name_of("Zoë") == name_of("Zoe\u0308") == "zoe~" + ZOE
    assert home_of("zoe~" + ZOE) == "zoe-" + ZOE + "-" + hashlib.sha256(b"zoe~" + ZOE.encode()).hexdigest()[:8]


@given(st.one_of(NEAR, IDENTITY), st.one_of(NEAR, IDENTITY))
@example("K", "\N{KELVIN SIGN}")
@example("a+k", "a+\N{KELVIN SIGN}")
@example("éß", "éss")
def test_two_identities_share_a_name_only_if_they_differ_in_capitals_or_the_way_an_accent_is_stored(one, other):
    same = _one(one) == _one(other) and one.isascii() == other.isascii()
    assert (name_of(one) == name_of(other)) == same


@given(st.one_of(NEAR, IDENTITY))
def test_every_name_is_safe_in_every_place(identity):
    name = name_of(identity)
    assert is_name(name)
    assert name == check_person(name) == name.lower() == unicodedata.normalize("NFKC", name)
    assert name.isascii()
    assert len(name) <= 63
    assert len(f"{'c' * 63}-home-{in_volume(name)}.image") <= 255
    assert len(home_of(name)) <= 30
    assert home_of(name).replace("-", "").isalnum()


@given(NAME)
def test_a_name_that_somebody_has_is_kept_where_it_is_written_and_is_another_at_a_provider_if_it_was_made(name):
    assert name_from(name) == name_from(name.upper()) == name
    assert (name_of(name) == name) == ("~" not in name)


@given(NAME, NAME)
def test_two_names_never_share_a_volume(one, other):
    assert (in_volume(one) == in_volume(other)) == (one == other)


@given(NAME)
def test_homes_and_volumes_are_where_earlier_versions_made_them(name):
    assert home_of(name) == safe_slug(name)
    assert in_volume(name) == DockerSpawner._escape(name)


@given(st.from_regex(r"[a-z][a-z0-9._-]{0,55}", fullmatch=True))
@example("ada")
@example("a" + "b._-" * 13)
def test_an_existing_class_is_unchanged(name):
    """Names in older rosters (lower-case letters, digits, `.`, `_`, `-`) keep their form, homes and volumes."""
    assert name_from(name) == name_of(name) == name
    assert home_of(name) == safe_slug(name)
    assert in_volume(name) == DockerSpawner._escape(name)


@pytest.mark.parametrize(
    "nobody", ["", " ", "ada ", "ada lovelace", "ada\u200b", "a\nb", "a\0", "\u202eada", "a" * 256]
)
def test_what_is_nobodys_is_told(nobody: str):
    with pytest.raises(NoName, match="a user name has 1 to 255 characters"):
        name_of(nobody)


def test_thirty_people_of_a_university_submit_get_receipts_and_their_own_feedback(course: Live):
    """Each has an extension; each reads their own feedback and lists only their own submission."""
    names = sorted({name_of(identity) for identity in OF_A_UNIVERSITY})
    assert len(names) >= 30
    staff, semester = course.staff(), course.semester()
    keys = {key.key_id: base64.b64decode(key.public_key) for key in staff.keys()}  # noqa: SIM118 - a request
    for name in names:
        semester.put_extension(COURSE, "tensor", name, Extension(due_at="2026-12-01T12:00:00.000000Z"))
        signed = course.submit(course.student(name), f"by {name}")
        verify(signed, keys[signed.receipt.key_id])
        assert (signed.receipt.student, signed.receipt.due_at) == (name, "2026-12-01T12:00:00.000000Z")
        staff.put_feedback(COURSE, signed.receipt.submission, course.folder({"tensor.html": f"for {name}"}))
    collected = staff.collection(COURSE, "tensor")
    assert sorted(each.student for each in collected) == names
    for each in collected:
        student, target = course.student(each.student), course.scratch / "read" / each.id
        student.fetch_feedback(COURSE, each.id, target)
        assert (target / "tensor.html").read_text() == f"for {each.student}"
        assert [own.id for own in student.all_submissions(COURSE)] == [each.id]
