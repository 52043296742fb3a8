"""Markdown of the course's own files as HTML; tags inside it stay text."""

from markdown_it import MarkdownIt
from markupsafe import Markup


def as_html(text: str) -> Markup:
    """Return CommonMark with tables as HTML whose tables have column headings."""
    written = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return Markup(written.replace("<th>", '<th scope="col">'))
