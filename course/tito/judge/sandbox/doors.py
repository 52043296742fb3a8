"""What the groups of whoever grades would open to student code inside the walls.

Root's workers give up all groups. An ordinary user's keep them: in a user namespace that such a user makes the kernel
denies `setgroups`. Groups open nothing that is not shown, so what is shown must hold nothing that is closed to others,
not this user's own, and open to this user all the same.
"""

import functools
import os
import subprocess
from collections.abc import Sequence

# Whether something is open the kernel says (-readable and the like ask it), so access lists count as groups do.
READ, ENTER = ("!", "-perm", "-o=r", "-readable"), ("-type", "d", "!", "-perm", "-o=x", "-executable")
CONNECT = ("-type", "s,p", "!", "-perm", "-o=w", "-writable")  # a read-only mount keeps nobody from that


def shown_by(walls: Sequence[str]) -> tuple[str, ...]:
    """Return the paths of this machine that a bubblewrap command line shows."""
    return tuple(walls[at + 1] for at, word in enumerate(walls) if word == "--ro-bind")


@functools.lru_cache
def open_door(shown: tuple[str, ...]) -> str:
    """Return a path under `shown` that a group or an access list alone opens to this user, nothing if there is none."""
    if os.geteuid() == 0:
        return ""
    doors = ("(", *READ, "-o", *ENTER, "-o", *CONNECT, ")")
    command = ["find", *shown, "!", "-type", "l", "!", "-uid", str(os.geteuid()), *doors, "-print", "-quit"]
    return subprocess.run(command, capture_output=True, text=True, errors="replace").stdout.strip()
