"""Render one piece of a page as clean HTML, in the process that is killed if this takes too long."""

import functools
from collections.abc import Callable

from nbconvert.filters import Highlight2HTML, ansi2html, strip_files_prefix
from nbconvert.filters.markdown_mistune import MarkdownWithMath

from .bounds import ANSI, CODE, HTML, MARKDOWN
from .formulas import FormulaRenderer
from .sanitize import clean

REMEMBERED = 256  # the staff's cells are the same in everybody's notebook
LONGEST_REMEMBERED = 20_000  # characters


def make_piece(kind: str, text: str) -> str:
    """Return a text of this kind as HTML; raise whatever the libraries raise."""
    return _remembered(kind, text) if len(text) <= LONGEST_REMEMBERED else _MAKERS[kind](text)


@functools.lru_cache(maxsize=REMEMBERED)
def _remembered(kind: str, text: str) -> str:
    return _MAKERS[kind](text)


def _markdown(text: str) -> str:
    renderer = FormulaRenderer(escape=False, attachments={}, embed_images=False, path="", exclude_anchor_links=True)
    return renderer.put_in(clean(strip_files_prefix(MarkdownWithMath(renderer=renderer).render(text))))


def _code(text: str) -> str:
    return _highlighter()(text)


@functools.cache
def _highlighter() -> Highlight2HTML:
    return Highlight2HTML(pygments_lexer="python3")


_MAKERS: dict[str, Callable[[str], str]] = {MARKDOWN: _markdown, HTML: clean, CODE: _code, ANSI: ansi2html}


def warm_up() -> None:
    """Load what the libraries load at first use, so that no text has to wait for it."""
    for kind in _MAKERS:
        make_piece(kind, "*x* `y` $z$\n\n```python\nz = 1\n```\n")
