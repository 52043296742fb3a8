"""Write THIRD_PARTY.md: the third-party packages in a class's locks, with the licence that each package states.

    .venv/bin/python -m tests.third_party

Promises: every package in the locks of hub, staff, student, worker and kubernetes is named with its locked version.
Packages for other systems only (Windows, macOS) are named at the end, without a licence, which can't be read here.
"""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "THIRD_PARTY.md"
PARTS = ("hub", "staff", "student", "worker", "kubernetes")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
HEAD = """# Third-party software

What a class runs besides this project, written by `python -m tests.third_party` from the locks in `requirements/` and
from what each package says of itself. A package's own licence file is installed with it, in its `.dist-info` folder.

| package | version | licence | in |
| --- | --- | --- | --- |
"""
SPELLINGS = {  # the names that packages use for the same licence
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "3 Clause BSD": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    # "the Artistic License, or the GPL": the user may choose
    "Artistic License, GNU General Public License (GPL), GNU General Public License v2 or later (GPLv2+)": (
        "Artistic-1.0-Perl"
    ),
    "# The Jupyter multi-user notebook server licensing terms": "BSD-3-Clause",
}


def locked(part: str) -> dict[str, str]:
    """Return the packages in a lock with their versions."""
    return dict(PINNED.findall((ROOT / "requirements" / f"{part}.lock").read_text(encoding="utf-8")))


def licence_of(package: str) -> str | None:
    """Return the licence that an installed package states; None if it is not installed."""
    try:
        about = metadata(package)
    except PackageNotFoundError:
        return None
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    said = about.get("License-Expression") or ", ".join(line.rpartition(" :: ")[2] for line in classifiers)
    said = said or (about.get("License") or "").partition("\n")[0].strip()
    return SPELLINGS.get(said, said)


def page() -> str:
    """Return the page's text."""
    versions: dict[str, str] = {}
    places: dict[str, list[str]] = {}
    for part in PARTS:
        for package, version in locked(part).items():
            if part == "kubernetes" and package in versions:  # in the hub's lock already, which this lock extends
                continue
            versions[package] = version
            places.setdefault(package, []).append(part)
    said = {package: licence_of(package) for package in versions}
    rows = [
        f"| {package} | {versions[package]} | {said[package]} | {', '.join(places[package])} |"
        for package in sorted(versions)
        if said[package] is not None
    ]
    absent = [f"{package} {versions[package]}" for package in sorted(versions) if said[package] is None]
    return f"{HEAD}{chr(10).join(rows)}\n\nOn other systems only: {', '.join(absent)}.\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
