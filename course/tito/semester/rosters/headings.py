"""Which column is which: the headings of the Hub's rosters, and those of learning platforms and spreadsheets."""

import csv
import difflib
import re
import unicodedata
from dataclasses import dataclass

COLUMNS = ("username", "last_name", "first_name", "email", "section")
FULL_NAME = "name"
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# As `_plain` writes them. The first one found wins: a platform's login before its other numbers.
KNOWN = {
    "username": (
        *("username", "user name", "github username", "login", "login id", "sis login id", "user login", "netid"),
        *("net id", "uid", "account", "benutzername", "anmeldename", "kennung", "nutzername", "nom d utilisateur"),
        *("identifiant", "nombre de usuario", "usuario", "nome utente", "nome de usuario", "gebruikersnaam"),
    ),
    "last_name": (
        *("last name", "lastname", "surname", "family name", "nachname", "familienname", "nom", "nom de famille"),
        *("apellido", "apellidos", "cognome", "sobrenome", "achternaam"),
    ),
    "first_name": (
        *("first name", "firstname", "given name", "given names", "forename", "vorname", "vornamen", "prenom"),
        *("nombre", "nome", "voornaam"),
    ),
    "email": (
        *("email", "e mail", "mail", "email address", "e mail address", "e mail adresse", "emailadresse"),
        *("adresse de courriel", "adresse e mail", "courriel", "direccion de correo", "correo electronico"),
    ),
    "section": (
        *("section", "sections", "section name", "group", "groups", "group name", "tutorial", "recitation"),
        *("lab section", "gruppe", "gruppen", "sektion", "uebungsgruppe", "ubungsgruppe", "tutorium", "groupe"),
        *("groupes", "grupo", "grupos", "gruppo", "gruppi", "turma", "groep"),
    ),
    FULL_NAME: ("student", "name", "full name", "student name", "display name", "roster name"),
}


@dataclass(frozen=True)
class Columns:
    """The position of each of a roster's columns, from 0, and the headings that are not read."""

    separator: str
    headings: tuple[str, ...]
    places: dict[str, int]

    @property
    def left_out(self) -> list[str]:
        """Give the headings of the columns that are not read."""
        return [heading for at, heading in enumerate(self.headings) if at not in self.places.values()]

    def as_dict(self) -> dict[str, str]:
        """Give, for each column that was found, the heading that it was found under."""
        return {column: self.headings[at] for column, at in self.places.items()}


def separator_of(line: str) -> str:
    """Return the separator of the line of headings: the one with which most of them are known."""

    def known(separator: str) -> int:
        return len(columns_of(_split(line, separator), separator).places)

    return max(SEPARATORS, key=known)  # a comma if none is


def columns_of(headings: list[str], separator: str = ",", username: str = "") -> Columns:
    """Return where the columns are; `username` names the heading of the user names if it is not a known one."""
    names = [_plain(heading) for heading in headings]
    places: dict[str, int] = {}
    for column, known in KNOWN.items():
        wanted = (_plain(username),) if username and column == "username" else known
        if found := [names.index(name) for name in wanted if name in names]:
            places[column] = found[0]
    if "last_name" in places and "first_name" in places:
        places.pop(FULL_NAME, None)
    return Columns(separator, tuple(heading.strip() for heading in headings), places)


def doubled(headings: list[str]) -> list[str]:
    """Return the known headings that appear twice."""
    names = [_plain(heading) for heading in headings]
    known = {name for each in KNOWN.values() for name in each}
    return sorted({name for name in names if name in known and names.count(name) > 1})


def mistyped(columns: Columns) -> list[tuple[str, str]]:
    """Return the headings that look like one of the missing columns, with that column."""
    missing = [column for column in COLUMNS if column not in columns.places]
    close = ((word, difflib.get_close_matches(word.lower(), missing, n=1, cutoff=0.75)) for word in columns.left_out)
    return [(word, match[0]) for word, match in close if match]


def _plain(heading: str) -> str:
    """Write a heading in lower case without accents, punctuation and hints in brackets."""
    text = re.sub(r"[(\[].*?[)\]]", " ", unicodedata.normalize("NFKD", heading))
    letters = "".join(sign for sign in text if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[^0-9a-z]+", " ", letters.lower()).split())


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []
