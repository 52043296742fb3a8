"""Make students' texts safe to show: HTML by an allow-list, notebooks with only text and pictures in them.

Used for the formgrader's pages and for feedback. It is the first of two walls; the pages' Content-Security-Policy is
the second. Everything not on the list is removed silently: a grader should see the answer, not our opinion of its
markup.
"""

import base64
import binascii
import copy
import html
import re
from typing import Any

import bleach
import nbformat
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters import strip_files_prefix
from nbformat import NotebookNode

from .renderer import Rendered, renderer_of_this_thread

# No id: the grading pages find score fields by id, and an answer must not be able to pose as one. No style and no form
# elements: an answer must not be able to draw a button over the page. class stays only for highlighted code.
TAGS = frozenset(
    """a abbr b blockquote br caption cite code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img
    ins kbd li mark ol p pre q s samp small span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul
    var""".split()  # noqa: SIM905
)
ATTRIBUTES = {"a": ["href", "title"], "img": ["src", "alt", "width", "height"], "ol": ["start"]}
IMAGE_SOURCE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*\Z")
HIGHLIGHT_CLASS = re.compile(r"highlight|hl-\w+|[a-z]{1,2}\d?")  # what Pygments writes
MAX_TEXT_CHARACTERS = 200_000  # an output longer than this makes a grader's browser unusable
MAX_OUTPUTS = 200  # of one cell
UNDESCRIBED = re.compile(r"<img\b(?![^>]*\salt=)")
NO_DESCRIPTION = "no description"
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
# A picture within a text, and its placeholder while the text is rendered: nobody needs to read its bytes there.
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=]{100,}")
STAND_IN = "data:image/png;base64,AAAApicture{}AAAA"
STANDING_IN = re.compile(r"data:image/png;base64,AAAApicture(\d{1,6})AAAA")


def _allow(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return tag in ("div", "span", "pre") and all(map(HIGHLIGHT_CLASS.fullmatch, value.split()))
    if name in ("colspan", "rowspan"):
        return tag in ("td", "th") and value.isdigit() and int(value) < 100
    if tag == "img" and name == "src":
        # Only data: a remote picture would tell its server who graded what and when.
        return IMAGE_SOURCE.match(value) is not None
    return name in ATTRIBUTES.get(tag, ())


_cleaner: bleach.Cleaner | None = None


def clean(markup: Any) -> str:
    """Return HTML with only the listed tags, attributes and protocols; scripts and styles are dropped with
    their text.
    """
    global _cleaner
    if _cleaner is None:
        _cleaner = bleach.Cleaner(TAGS, _allow, protocols=["http", "https", "mailto", "data"], strip=True)
    text = markup.decode("utf-8", "replace") if isinstance(markup, bytes) else str(markup)
    text = re.sub(r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)", "", text)
    cleaned = re.sub(r'(?i)\shref="data:[^"]*"', "", _cleaner.clean(text))
    return UNDESCRIBED.sub(f'<img alt="{NO_DESCRIPTION}"', cleaned)


def clean_notebook(nb: NotebookNode) -> NotebookNode:
    """Reduce a notebook, in place, to what may be shown: text, code, limited outputs, raster pictures."""
    nb.metadata = NotebookNode(language_info={"name": "python", "pygments_lexer": "python3"})
    for cell in nb.cells:
        _clean_cell(cell)
    return nb


def _clean_cell(cell: NotebookNode) -> None:
    cell.metadata = NotebookNode({"nbgrader": cell.metadata["nbgrader"]} if "nbgrader" in cell.metadata else {})
    if cell.cell_type == "raw":
        cell.cell_type, cell.source = "markdown", f"<pre>{html.escape(cell.source)}</pre>"
    if cell.cell_type == "code":
        cell.outputs = _clean_outputs(cell.get("outputs", []))
    if cell.cell_type == "markdown":
        _inline_attachments(cell)


def _inline_attachments(cell: NotebookNode) -> None:
    """Put attached pictures into the text. nbconvert refuses a whole notebook if one is missing."""
    attachments = cell.pop("attachments", {})
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        for kind, data in _clean_pictures(bundle).items() if isinstance(bundle, dict) else ():
            cell.source = cell.source.replace(f"attachment:{name}", f"data:{kind};base64,{data}")
    cell.source = cell.source.replace("attachment:", "missing-attachment:")


def _clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    kept = [clean for output in outputs[:MAX_OUTPUTS] if (clean := _clean_output(output))]
    if len(outputs) > MAX_OUTPUTS:
        text = f"... ({len(outputs) - MAX_OUTPUTS} more outputs are not shown)\n"
        kept.append(nbformat.v4.new_output("stream", name="stdout", text=text))
    return kept


def _clean_output(output: NotebookNode) -> NotebookNode | None:
    if output.output_type in ("stream", "error"):
        for name in ("text", "evalue"):
            if name in output:
                output[name] = _bounded(output[name])
        if "traceback" in output:
            output.traceback = [_bounded("\n".join(map(str, output.traceback)))]
        return output
    data = dict(output.get("data", {}))
    kept: dict[str, Any] = _clean_pictures(data)
    for text_type in ("text/html", "text/markdown", "text/latex", "text/plain"):
        if isinstance(data.get(text_type), str):
            kept[text_type] = _bounded(data[text_type])
    if not kept:
        return None
    described = {kind: {"alt": NO_DESCRIPTION} for kind in kept if kind in IMAGE_TYPES}
    output.data, output.metadata = NotebookNode(kept), NotebookNode(described)
    return output


def _clean_pictures(bundle: dict[str, Any]) -> NotebookNode:
    return NotebookNode({kind: data for kind in IMAGE_TYPES if (data := _true_base64(bundle.get(kind)))})


def _true_base64(data: Any) -> str | None:
    """Decode and encode again: the templates paste a picture's text unchanged into an attribute."""
    if not isinstance(data, str):
        return None
    try:
        return base64.b64encode(base64.b64decode("".join(data.split()), validate=True)).decode() or None
    except (binascii.Error, ValueError):
        return None


def _bounded(text: Any) -> str:
    text = str(text)
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    return f"{text[:MAX_TEXT_CHARACTERS]}\n... ({len(text) - MAX_TEXT_CHARACTERS} more characters are not shown)"


class SanitizingExporter(HTMLExporter):
    """nbconvert's HTML exporter for students' notebooks: cleaned before any part is read, and all rendering is done
    elsewhere, within limits of size and time (`tito.rendering`).

    A preprocessor would come too late: HTMLExporter takes the language, and with it a class attribute, from the
    notebook's metadata before it runs any. Each exporter belongs to one thread.
    """

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self.renderer = renderer_of_this_thread()
        self.optimistic_validation = True  # once, and only of a cleaned notebook

    def from_file(self, file_stream, resources=None, **settings):
        """Read one of our notebooks without checking it against the format's schema, which can take seconds."""
        return self.from_notebook_node(nbformat.v4.reads(file_stream.read()), resources, **settings)

    def from_notebook_node(self, nb: NotebookNode, resources=None, **settings):
        resources = self._init_resources(resources)
        self.renderer.start_page()
        for name, filter_ in self._filters().items():
            self.register_filter(name, filter_)
        # HTMLExporter's own method would parse its whole output again for pictures without a description: three
        # quarters of a second for a module, during which nobody else gets a page.
        return TemplateExporter.from_notebook_node(self, clean_notebook(copy.deepcopy(nb)), resources, **settings)

    def _filters(self) -> dict[str, Any]:
        """nbconvert's filters by name; the output of one is clean and passes the next ones unchanged."""
        render = self.renderer.render
        return {
            "markdown2html": lambda text: _with_pictures(text, lambda short: render("markdown", short)),
            "strip_files_prefix": lambda text: text if isinstance(text, Rendered) else strip_files_prefix(text),
            "clean_html": lambda text: text if isinstance(text, Rendered) else render("html", str(text), "outputs"),
            "highlight_code": lambda text, **_: render("code", text),
            "ansi2html": lambda text: render("ansi", text, "outputs"),
        }


def _with_pictures(text: str, render) -> Rendered:
    """Render a text with placeholders for its pictures, and put the pictures into the result."""
    pictures: list[str] = []

    def take(found: re.Match) -> str:
        pictures.append(found.group())
        return STAND_IN.format(len(pictures) - 1)

    def give_back(found: re.Match) -> str:
        number = int(found.group(1))
        return pictures[number] if number < len(pictures) else found.group()

    return Rendered(STANDING_IN.sub(give_back, render(PICTURE.sub(take, text))))
