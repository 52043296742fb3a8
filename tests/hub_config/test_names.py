"""With every way to log in, a person's name follows the same rule as the roster's, and a home has only one owner."""

import pytest
from traitlets.config import Config

from exchange.protocol.names import home_of, name_of
from hub_config.sign_in.authenticators import GeneratedPasswords, SharedPassword
from hub_config.sign_in.lti import Platform
from hub_config.sign_in.native_sign_up import RosterSignUp
from hub_config.sign_in.oauth import GitHub, Google, Provider
from hub_config.sign_in.refusals import SignInRefused
from hub_config.spawners.bubblewrap import claim

ZOE = name_of("zoë")
WAYS = (GeneratedPasswords, SharedPassword, RosterSignUp, GitHub, Google, Provider, Platform)


def said_by(way: type, name: object, **options: str) -> str:
    """Return our name for a person whom a provider calls `name`."""
    if way is Platform:
        return Platform(username_key="email", **options).get_username({"email": name})
    claim, key = {GitHub: ("login", {}), Provider: ("preferred_username", {"username_claim": "preferred_username"})}[
        way
    ]
    return way(**key, **options).user_info_to_username({claim: name})


@pytest.mark.parametrize("way", WAYS)
def test_every_way_names_people_by_the_rule(way: type):
    normalised = way.normalize_username
    door = SharedPassword()  # it needs no database
    for written, name in {"Ada": "ada", "0012345": "0012345", "Zoë": ZOE, ZOE: ZOE, "a@B.org": "a@b.org"}.items():
        assert normalised(door, written) == name
    assert normalised(door, "ada ") == ""
    assert not door.validate_username("")


@pytest.mark.parametrize("way", [GitHub, Provider, Platform])
def test_a_providers_word_is_named_by_the_rule_and_cannot_be_a_made_name(way: type):
    assert [said_by(way, name) for name in ("Ada", "Zoë", "ada+1@x.org")] == ["ada", ZOE, name_of("ada+1@x.org")]
    assert said_by(way, ZOE) not in (ZOE, "zoe")
    with pytest.raises(SignInRefused) as caught:
        said_by(way, "ada\u200b")
    assert "no control characters" in str(caught.value)


@pytest.mark.parametrize("way", [Provider, Platform])
def test_a_domain_is_cut_off_before_a_name_is_made(way: type):
    assert said_by(way, "Zoë@Example.org", domain="example.org") == ZOE


def test_somebody_whose_login_changed_keeps_their_name():
    door = SharedPassword(config=Config({"Authenticator": {"username_map": {"jane.smith@x.org": "jane.doe@x.org"}}}))
    assert door.normalize_username("Jane.Smith@x.org") == "jane.doe@x.org"


def test_a_home_is_of_the_first_who_had_it(tmp_path):
    for _ in range(2):
        claim(tmp_path / home_of("ada"), "ada")
    with pytest.raises(RuntimeError, match=r"the home ada of 'a\.da' already belongs to 'ada'"):
        claim(tmp_path / home_of("ada"), "a.da")
