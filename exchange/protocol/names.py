"""One rule that leads from who somebody is to every name that the course has for them.

A provider's identity (a login, a mail address, a student number) becomes a *name*: the Hub's user, nbgrader's student
id, the student of a submission, a receipt, a file of feedback and a row of an export, unchanged in all of them. Two
places that can't hold every name derive theirs from it: the folder of the home, and the part of a container's and a
volume's name.

- Case is ignored, because the Hub never distinguished it; nothing else in an identity is ever ignored.
- An identity of lower-case ASCII letters, digits, `.`, `_`, `-` and `@` is its own name.
- Every other one (accents, other scripts, `+`, a platform's blanks, too long) becomes a readable part, `~` and 80 bits
  of a digest: `zoë` is `zoe~edbqsvhlxbnzjmvq`. No identity has such a name by itself, so nobody can claim another's.
- Names are ASCII in lower case, so they stay distinct where file names ignore case or accents.

>>> name_of("Jane.Doe@example.org")
'jane.doe@example.org'
"""

import base64
import hashlib
import re
import unicodedata

PLAIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
MADE = re.compile(r"[a-z0-9][a-z0-9._-]{0,23}~[a-z2-7]{16}")
LONGEST_IDENTITY = 255  # what the Hub's database and those of providers hold
# With the longest course id and `-home-` a volume's name still fits the 255 bytes of a file's.
LONGEST_IN_VOLUME = 180
READABLE_LENGTH = 24
DIGEST_BYTES = 10
HOME_LENGTH = 30
HOME_DIGITS = 8
SIMPLE = re.compile(rf"[a-z][a-z0-9]{{0,{HOME_LENGTH - 1}}}")
IN_POD = re.compile(r"(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_IN_POD = 40  # together with a course id and a digest, the 63 of a label
POD_DIGITS = 16
ESCAPED = re.compile(r"[^a-z0-9]")
RULE = "a user name has 1 to 255 characters, no blanks and no control characters"


class NoName(ValueError):
    """The given text can't be anybody's identity; the message says why."""


def name_of(identity: str) -> str:
    """Return the name of the person whom a provider calls `identity`; raise NoName if nobody can be called that.

    A text that looks like a derived name is an identity like any other here, and becomes another name.
    """
    _check(identity)
    if identity.isascii() and _is_plain(identity.lower()):
        return identity.lower()
    same = unicodedata.normalize("NFC", unicodedata.normalize("NFC", identity).lower())
    # A character that turns into an ASCII letter (the Kelvin sign) stays distinct from that letter.
    told = (b"" if identity.isascii() else b"\xff") + same.encode()
    digest = base64.b32encode(hashlib.sha256(told).digest()[:DIGEST_BYTES]).decode().lower()
    return f"{_readable(same)}~{digest}"


def name_from(written: str) -> str:
    """Return the name that somebody means who wrote or typed `written`: a name as it is, or an identity."""
    # The Kelvin sign in lower case is the letter k, and must not become somebody else's name.
    return written.lower() if written.isascii() and is_name(written.lower()) else name_of(written)


def is_name(text: str) -> bool:
    """Tell whether the rule can have produced `text`."""
    return _is_plain(text) or bool(MADE.fullmatch(text))


def home_of(name: str) -> str:
    """Return the name of the folder of somebody's home.

    Two names can share one, by a chance of one in 2**32 or because somebody searched for such a pair: a roster with
    both is refused, and a home that belongs to somebody else is not opened.
    """
    if SIMPLE.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:HOME_DIGITS]
    letters = _ascii(name)[: HOME_LENGTH - HOME_DIGITS - 1]
    if letters and not letters[0].isalpha():
        letters = f"x-{letters}"[: HOME_LENGTH - HOME_DIGITS - 1]
    return f"{letters.rstrip('-') or 'x'}-{digest}"


def in_volume(name: str) -> str:
    """Return the part of a container's and a volume's name that identifies a person; no other name has the same.

    >>> in_volume("a.b")
    'a-2eb'
    """
    return ESCAPED.sub(lambda sign: "".join(f"-{byte:02x}" for byte in sign[0].encode()), name)


def in_pod(name: str) -> str:
    """Return the part of a pod's and a claim's name that identifies a person: at most 40 letters, digits and hyphens.

    A name that can't be used as it is becomes a readable part, `--` and 64 bits of a digest.

    >>> in_pod("ada"), in_pod("a.b")
    ('ada', 'a-b--2e7336dc8eba87ef')
    """
    if IN_POD.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:POD_DIGITS]
    letters = _ascii(name)[: LONGEST_IN_POD - POD_DIGITS - 2]
    return f"{letters.strip('-') or 'x'}--{digest}"


def _is_plain(text: str) -> bool:
    return bool(PLAIN.fullmatch(text)) and len(in_volume(text)) <= LONGEST_IN_VOLUME


def _check(identity: str) -> None:
    if not 1 <= len(identity) <= LONGEST_IDENTITY:
        raise NoName(f"{RULE}, but this one has {len(identity)}")
    for sign in identity:
        if sign.isspace() or unicodedata.category(sign)[0] in "CZ":
            raise NoName(f"{RULE}, but this one has {sign!a}")


def _readable(text: str) -> str:
    letters = re.sub(r"[^a-z0-9._]+", "-", _without_accents(text))[:READABLE_LENGTH]
    return letters.strip("-._") or "x"


def _ascii(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", _without_accents(name)).lstrip("-")


def _without_accents(text: str) -> str:
    split = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in split if unicodedata.category(sign) != "Mn").lower()
