"""Which file names may be sent. Both sides check, because neither should have to trust the other.

A path is relative, in NFC, with `/` between parts, and means the same on every file system: no `..`, no hidden or
reserved names, no control or direction-changing characters. Configuration files are refused, because nbgrader and
Jupyter would run them.
"""

import fnmatch
import re
import unicodedata
from collections.abc import Iterable

from exchange.protocol.models import Refused

MAX_PATH_BYTES = 240
MAX_PART_BYTES = 120  # twice this still fits the 255 bytes of a file name when a tool appends to it
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# Written next to a collected submission; a student's file with such a name would be mistaken for ours.
RESERVED = frozenset({"timestamp.txt", "submission_secret.txt", "receipt.json", "feedback"})
CONFIGURATION = ("*_config.py", "*_config.json", "*_config.ipynb", "*_config.d", "sitecustomize.py", "usercustomize.py")
# Never offered for submission by a client: tools make them, not students.
IGNORED = (".*", "*.pyc", "__pycache__", "feedback", "*~")


def check_identifier(kind: str, value: str) -> str:
    """Return a course, assignment or submission id unchanged, or raise Refused."""
    if not IDENTIFIER.fullmatch(value) or ".." in value:
        raise Refused(
            rule=f"a {kind} id must have 1 to 100 letters, digits, '.', '_' or '-' and start with a letter or digit",
            value=repr(value),
            remedy="use the id that `nbgrader list` prints",
        )
    return value


def check_person(name: str) -> str:
    """Return a Hub user name that is safe as a folder name, or raise Refused."""
    bad = not name or len(name.encode()) > 200 or name.startswith(".") or name != name.strip()
    if bad or any(c in "/\\*+" or unicodedata.category(c)[0] == "C" for c in name):
        raise Refused(
            rule="a user name must do as a folder name: no '/', '\\', '*', '+', control characters or leading dot",
            value=repr(name),
            remedy="ask the operator of the Hub to rename the account",
        )
    return name


def normalise(path: str) -> str:
    """Bring a local relative path into the form that is sent (NFC)."""
    return unicodedata.normalize("NFC", path)


def check_path(path: str) -> str:
    """Return a path unchanged if it may be sent, else raise Refused.

    >>> check_path("tensor.ipynb")
    'tensor.ipynb'
    """
    problem = _path_problem(path)
    if problem:
        raise Refused(rule=problem, value=ascii(path)[:300], remedy="rename the file and send it again")
    return path


def _path_problem(path: str) -> str | None:
    if not path or len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        return f"a path must have 1 to {MAX_PATH_BYTES} bytes"
    if any(unicodedata.category(c)[0] == "C" for c in path):
        return "the path contains control, direction-changing or unassigned characters"
    if unicodedata.normalize("NFC", path) != path:
        return "the path is not in Unicode NFC"
    if unicodedata.normalize("NFKC", path).count("/") != path.count("/"):
        return "the path contains characters that look like '/'"
    if "\\" in path or path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "a path must be relative, with '/' between its parts"
    for part in path.split("/"):
        if problem := _part_problem(part):
            return problem
    return None


def _part_problem(part: str) -> str | None:
    folded = unicodedata.normalize("NFKC", part).casefold()
    if part in ("", ".", ".."):
        return "the path contains an empty part, '.' or '..'"
    if folded.startswith(".") or part != part.strip() or part.endswith("."):
        return "a part of the path is hidden, starts or ends with a space, or ends in a dot"
    if len(part.encode()) > MAX_PART_BYTES:
        return f"a part of the path is longer than {MAX_PART_BYTES} bytes"
    if folded in RESERVED:
        return f"the names {', '.join(sorted(RESERVED))} are reserved"
    if any(fnmatch.fnmatchcase(folded, pattern) for pattern in CONFIGURATION):
        return f"configuration files can't be sent ({', '.join(CONFIGURATION)})"
    return None


def check_collisions(paths: Iterable[str]) -> None:
    """Raise Refused if two paths would be the same file, or a file and a folder, on some file system."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        folded = unicodedata.normalize("NFKC", path).casefold()
        parents = ["/".join(folded.split("/")[:i]) for i in range(1, folded.count("/") + 1)]
        other = files.get(folded) or folders.get(folded) or next((files[p] for p in parents if p in files), None)
        if other is not None:
            raise Refused(
                rule="two paths would be the same file on a system that ignores case",
                value=f"{other!r} and {path!r}",
                remedy="rename one of them",
            )
        files[folded] = path
        folders.update(dict.fromkeys(parents, path))


def is_ignored(path: str) -> bool:
    """Tell whether a client leaves a path out without asking (hidden files, caches, fetched feedback)."""
    return any(fnmatch.fnmatchcase(part, pattern) for part in path.split("/") for pattern in IGNORED)


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Tell whether a declared pattern (`*` does not cross '/') covers the path."""
    depth = path.count("/")
    return any(pattern.count("/") == depth and fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
