"""The browser draws formulas from our MathML: nothing is loaded, and no markup by a student gets in."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from tito.rendering.formulas import ELEMENTS, LONGEST, MOST, mathml
from tito.rendering.pieces import make_piece
from tito.rendering.sanitize import SanitizingExporter

import hub_config

TEX = {
    "in a line": (r"the loss $L = \frac{1}{n}\sum_i (x_i - y_i)^2$ falls", '<math display="inline"'),
    "by itself": ("so\n\n$$\n\\nabla L = A^T(Ax - b)\n$$\n", '<math display="block"'),
    "an environment": ("\\begin{pmatrix}a & b\\\\c & d\\end{pmatrix}\n", "<mtable>"),
    "in bold": ("**now $x$**", "<strong>now <math"),
}


@pytest.mark.parametrize("where", TEX)
def test_a_formula_is_mathml_and_its_dollars_are_gone(where):
    text, expected = TEX[where]
    page = make_piece("markdown", text)
    assert expected in page
    assert "$" not in page and "<script" not in page and "http" not in page


@pytest.mark.parametrize("text", ["`$x$`", "```\n$x$\n```\n", "it costs 5 dollars"])
def test_what_is_no_formula_stays(text):
    assert "<math" not in make_piece("markdown", text)


@pytest.mark.parametrize("tex", [r"\frac{", "x" * (LONGEST + 1), "{" * 900, r"\begin{array}"])
def test_what_can_not_be_translated_stays_as_it_was_written(tex):
    assert mathml(tex, "inline") == ""
    assert tex[:20] in make_piece("markdown", f"so ${tex}$ it is")


def test_formulas_of_a_text_are_bounded():
    assert make_piece("markdown", "$x$ " * (MOST + 5)).count("<math") == MOST


@pytest.mark.security
@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{position:fixed}{x}",
        r"\class{btn}{x}",
        r"\text{<script>alert(1)</script>}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{</math><img src=x>}",
        r"\hspace{900em}x",
        r"\color{url(http://evil.example)}x",
        r"\bbox[1px,border:9px solid red]{x}",
    ],
)
def test_no_address_style_or_element_of_a_students_gets_in(tex):
    page = make_piece("markdown", f"${tex}$")
    tags = re.findall(r"<[^>]*>", re.sub(r'alttext="[^"]*"', "", page))
    assert {re.match(r"</?([\w-]+)", tag)[1] for tag in tags} <= {"p", *ELEMENTS}, page  # type: ignore[index]
    assert not re.search(r" (href|style|class|src|on\w+)=|900em|url", " ".join(tags)), page


@pytest.mark.security
def test_a_mark_can_neither_be_written_nor_break_out_of_an_attribute():
    page = make_piece("markdown", '![a $x"onerror=alert(1)$ b](data:image/png;base64,AAAA) <var>formulaabcx0x</var>')
    assert "<math" not in page and '"onerror' not in page
    assert 'alt="a $x&quot;onerror=alert(1)$ b"' in page


def test_a_page_of_feedback_has_them_and_asks_nobody():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("$$\\frac{a}{b}$$")])
    exporter = SanitizingExporter()
    exporter.mathjax_url = ""
    page, _ = exporter.from_notebook_node(notebook)
    assert "<mfrac>" in page


def test_elements_are_of_mathml_alone():
    """Elements that a browser would read as HTML inside a formula are not allowed."""
    assert not ELEMENTS & {
        "annotation-xml",
        "annotation",
        "semantics",
        "maction",
        "script",
        "img",
        "a",
        "foreignObject",
    }


def test_jupyterlab_asks_for_no_language_server_where_there_is_none():
    folder = Path(hub_config.__file__).parent / "server"
    assert '"jupyter_lsp": False' in (folder / "jupyter_server_config.py").read_text()
    for kind in ("student", "staff"):
        off = json.loads((folder / kind / "labconfig" / "page_config.json").read_text())["disabledExtensions"]
        wanted = {f"@jupyterlab/{name}:language-server" for name in ("notebook-extension", "fileeditor-extension")}
        assert {"@jupyterlab/lsp-extension", *wanted} <= {name for name, value in off.items() if value}
