"""A text's formulas as MathML, which browsers draw themselves: no script runs, and no other server is contacted.

latex2mathml translates. Its result is rebuilt from a list of allowed elements and attributes, since students write its
input; a formula that it can't translate stays as it was written. We considered our own copy of MathJax (a script in
pages that need none) and matplotlib's mathtext (pictures that can't be copied or read aloud, and half of TeX).
"""

import html
import re
import secrets
from xml.etree import ElementTree

from nbconvert.filters.markdown_mistune import IPythonRenderer

LONGEST, MOST = 2000, 300  # characters in a formula, formulas in a text
NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
ELEMENTS = frozenset(
    """math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts
    mprescripts none mtable mtr mtd mstyle mpadded mphantom menclose""".split()  # noqa: SIM905
)
WORDS = frozenset(
    """display stretchy fence separator form accent accentunder mathvariant linethickness columnalign rowalign
    displaystyle scriptlevel movablelimits largeop symmetric notation""".split()  # noqa: SIM905
)
VALUE = re.compile(r"[a-z0-9.+ -]{1,40}")  # no address, no style
WIDTH = re.compile(r"\d(\.\d+)?em")  # a space must not push anything off the page


class FormulaRenderer(IPythonRenderer):
    """Renders a text with a mark for each formula; `put_in` replaces the marks once the rest is clean."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self._secret = secrets.token_hex(8)  # so nobody can write a mark
        self._formulas: list[tuple[str, str]] = []

    def block_math(self, body: str) -> str:
        return self._mark(body, "block", super().block_math(body))

    def inline_math(self, body: str) -> str:
        return self._mark(body, "inline", super().inline_math(body))

    def latex_environment(self, name: str, body: str) -> str:
        return self._mark(rf"\begin{{{name}}}{body}\end{{{name}}}", "block", super().latex_environment(name, body))

    def put_in(self, markup: str) -> str:
        """Replace the marks; in a picture's description, which can't have elements, with the text as it was written."""
        for number, (formula, _) in enumerate(self._formulas):
            markup = markup.replace(f"<var>{self._name(number)}</var>", formula)
        return re.sub(rf"formula{self._secret}x(\d+)x", lambda mark: self._formulas[int(mark[1])][1], markup)

    def _mark(self, tex: str, display: str, as_written: str) -> str:
        formula = mathml(tex, display) if len(self._formulas) < MOST else ""
        if not formula:
            return as_written
        self._formulas.append((formula, html.escape(as_written)))
        return f"<var>{self._name(len(self._formulas) - 1)}</var>"

    def _name(self, number: int) -> str:
        return f"formula{self._secret}x{number}x"


def mathml(tex: str, display: str) -> str:
    r"""Return TeX as MathML that is safe in a page, "" if that is impossible.

    >>> mathml("x", "inline")
    '<math display="inline" alttext="x"><mrow><mi>x</mi></mrow></math>'
    """
    from latex2mathml.converter import convert  # its tables take a while to load, and most texts have no formulas

    if not 0 < len(tex.strip()) <= LONGEST:
        return ""
    try:
        root = ElementTree.fromstring(convert(tex, display=display))
        return f'<math display="{display}" alttext="{html.escape(tex.strip())}">{_inside(root)}</math>'
    except Exception:  # invalid TeX makes its tables and indices raise anything
        return ""


def _inside(element: ElementTree.Element) -> str:
    return html.escape(element.text or "") + "".join(_clean(child) for child in element)


def _clean(element: ElementTree.Element) -> str:
    tag = element.tag.removeprefix(NAMESPACE)
    if tag not in ELEMENTS:
        raise ValueError(f"{tag} is not an element of a formula")
    attributes = "".join(f' {name}="{value}"' for name, value in element.items() if _may_stay(tag, name, value))
    return f"<{tag}{attributes}>{_inside(element)}</{tag}>" + html.escape(element.tail or "")


def _may_stay(tag: str, name: str, value: str) -> bool:
    if name == "width":
        return tag == "mspace" and bool(WIDTH.fullmatch(value))
    return name in WORDS and bool(VALUE.fullmatch(value))
