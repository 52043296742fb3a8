"""Find what the grading user's groups would open to student code in the sandbox.

Root's workers give up all groups. An ordinary user's workers keep them: in a user namespace that such a user makes, the
kernel denies `setgroups`. Groups open nothing that is not shown in the sandbox, so nothing there may be closed to
others, belong to somebody else, and still be open to this user.
"""

import functools
import os
import subprocess
from collections.abc import Sequence

# The kernel says what is open (-readable and the like ask it), so access lists count as groups do.
READ, ENTER = ("!", "-perm", "-o=r", "-readable"), ("-type", "d", "!", "-perm", "-o=x", "-executable")
CONNECT = ("-type", "s,p", "!", "-perm", "-o=w", "-writable")  # a read-only mount does not prevent that


def shown_by(walls: Sequence[str]) -> tuple[str, ...]:
    """Return the paths of this machine that a bubblewrap command line shows."""
    return tuple(walls[at + 1] for at, word in enumerate(walls) if word == "--ro-bind")


@functools.lru_cache
def open_door(shown: tuple[str, ...]) -> str:
    """Return a path under `shown` that only a group or an access list opens to this user, "" if there is none."""
    if os.geteuid() == 0:
        return ""
    doors = ("(", *READ, "-o", *ENTER, "-o", *CONNECT, ")")
    command = ["find", *shown, "!", "-type", "l", "!", "-uid", str(os.geteuid()), *doors, "-print", "-quit"]
    return subprocess.run(command, capture_output=True, text=True, errors="replace").stdout.strip()
