"""What is rendered at all, and how long it may take: the limits are far above what an answer of several pages needs.

Markdown, HTML and highlighting take time that grows with the square of some inputs. These limits are checked first,
each in one pass; a text that is within them and still takes too long is stopped at its deadline.
"""

import re

MARKDOWN, HTML, CODE, ANSI = KINDS = ("markdown", "html", "code", "ansi")
MOST_CHARACTERS = {MARKDOWN: 60_000, HTML: 200_100, CODE: 100_000, ANSI: 200_100}  # a printed page has about 3,000
MOST_OF_ONE = {
    MARKDOWN: {"[": 2_000, "<": 3_000, "`": 4_000, "*": 6_000, "_": 6_000, "$": 4_000, ">": 6_000, "\\": 10_000},
    CODE: {"{": 10_000, "(": 20_000},
}
MOST_NESTED = 100  # tags, quotation marks in one line, or opening brackets in a row
LONGEST_LINE = {CODE: 10_000}
CPU_SECONDS = 1  # for one piece, rounded up to a whole second, as the kernel counts; all of a module's cells take 0.2
ENDED_SECONDS = CPU_SECONDS + 0.5  # counted for a piece that was stopped
WALL_SECONDS = 30.0  # for one piece on a machine that is busy with other things
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])")
UNCLOSED = frozenset(
    ("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", "li", "p", "td", "tr")
)
QUOTED = re.compile(r"^[ \t]*>[> \t]*", re.MULTILINE)


def beyond_bounds(kind: str, text: str) -> str | None:
    """Return why a text is not rendered; None if it may be."""
    if len(text) > MOST_CHARACTERS[kind]:
        return f"it has {len(text):,} characters, and the limit is {MOST_CHARACTERS[kind]:,}"
    for character, most in MOST_OF_ONE.get(kind, {}).items():
        if (found := text.count(character)) > most:
            return f"it has {character!r} {found:,} times, and the limit is {most:,}"
    if (longest := LONGEST_LINE.get(kind)) and any(len(line) > longest for line in text.split("\n")):
        return f"it has a line of more than {longest:,} characters"
    if kind in (MARKDOWN, HTML) and (depth := max(_tags_nested(text), _quotes_nested(kind, text))) > MOST_NESTED:
        return f"its parts are nested {depth:,} levels deep, and the limit is {MOST_NESTED}"
    return None


def _tags_nested(text: str) -> int:
    depth = deepest = 0
    for closing, name in TAG.findall(text):
        if name.lower() not in UNCLOSED:
            depth = max(0, depth + (-1 if closing else 1))
            deepest = max(deepest, depth)
    return deepest


def _quotes_nested(kind: str, text: str) -> int:
    return max((quoted.count(">") for quoted in QUOTED.findall(text)), default=0) if kind == MARKDOWN else 0
