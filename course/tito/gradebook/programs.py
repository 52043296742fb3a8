"""nbgrader runs `alembic` by name when it creates a gradebook: also where this Python's programs are not on PATH."""

import os
import sys
from pathlib import Path


def put_programs_on_path() -> None:
    """Add the folder of this Python's programs to PATH if it is not there."""
    own = str(Path(sys.executable).parent)
    if own not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", os.defpath)])
