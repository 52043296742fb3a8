"""How Sphinx makes one site of README.md, docs/ and the documents beside them (`make site`)."""

import shutil
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

CHECKOUT = Path(__file__).parents[1]
CHAPTERS = {
    "In use": (
        "docs/student",
        "docs/ta",
        "docs/instructor",
        "docs/operator",
        "docs/campus",
        "docs/capacity",
        "docs/accessibility",
    ),
    "The course": ("docs/writing-a-module", "docs/pytorch", "docs/wrong-answers", "docs/audit"),
    "The project": (
        "CONTRIBUTING",
        "ARCHITECTURE",
        "docker/README",
        "docker/kubernetes/README",
        "course/tito/judge/LIMITS",
        "SECURITY",
        "CHANGELOG",
        "THIRD_PARTY",
    ),
}

project = "TinyTorch Hub"
release = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # a roster in CSV, which no lexer reads
root_doc = "README"
include_patterns = ["*.md", "docs/*.md", "docker/**.md", "course/tito/judge/LIMITS.md"]
html_theme = "furo"
html_title = f"{project} {release}"


def setup(app: Sphinx) -> None:
    """Register what is read after this file."""
    app.connect("source-read", add_contents)
    app.connect("build-finished", add_index)


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Give the first page the table of contents, which a reader of README.md elsewhere does not need.

    A page that stands in no chapter is a warning, and `make site` ends with an error.
    """
    if name == root_doc:
        source[0] += "".join(contents(title, pages) for title, pages in CHAPTERS.items())


def contents(title: str, pages: tuple[str, ...]) -> str:
    """Write one chapter's table of contents in MyST's words."""
    return "\n".join(["\n```{toctree}", ":hidden:", f":caption: {title}", "", *(f"/{page}" for page in pages), "```\n"])


def add_index(app: Sphinx, failure: Exception | None) -> None:
    """Put the first page where web servers look for it."""
    if failure is None:
        shutil.copy(app.outdir / f"{root_doc}.html", app.outdir / "index.html")
