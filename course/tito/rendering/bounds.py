"""What is rendered at all, and how long it may take: far above what an answer of several pages needs.

Markdown, HTML and highlighting take time that grows with the square of some inputs. These bounds are looked at first,
each in one pass; what is within them and costs too much all the same is ended by its deadline.
"""

import re

MARKDOWN, HTML, CODE, ANSI = KINDS = ("markdown", "html", "code", "ansi")
MOST_CHARACTERS = {MARKDOWN: 60_000, HTML: 200_100, CODE: 100_000, ANSI: 200_100}  # a printed page has about 3,000
MOST_OF_ONE = {
    MARKDOWN: {"[": 2_000, "<": 3_000, "`": 4_000, "*": 6_000, "_": 6_000, "$": 4_000, ">": 6_000, "\\": 10_000},
    CODE: {"{": 10_000, "(": 20_000},
}
MOST_NESTED = 100  # tags, quotation marks of one line, or opening brackets in a row
LONGEST_LINE = {CODE: 10_000}
CPU_SECONDS = 1  # of one piece, up to the next whole one: the kernel counts so; a module's cells take 0.2 in all
ENDED_SECONDS = CPU_SECONDS + 0.5  # that a piece which was ended is reckoned to have taken
WALL_SECONDS = 30.0  # of one piece on a machine that is busy with other things
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])")
UNCLOSED = frozenset(
    ("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", "li", "p", "td", "tr")
)
QUOTED = re.compile(r"^[ \t]*>[> \t]*", re.MULTILINE)


def beyond_bounds(kind: str, text: str) -> str | None:
    """Say why a text is not rendered; None if it may be."""
    if len(text) > MOST_CHARACTERS[kind]:
        return f"it has {len(text):,} characters, and at most {MOST_CHARACTERS[kind]:,} are laid out"
    for character, most in MOST_OF_ONE.get(kind, {}).items():
        if (found := text.count(character)) > most:
            return f"it has {found:,} times {character!r}, and at most {most:,} are laid out"
    if (longest := LONGEST_LINE.get(kind)) and any(len(line) > longest for line in text.split("\n")):
        return f"it has a line of more than {longest:,} characters"
    if kind in (MARKDOWN, HTML) and (depth := max(_tags_nested(text), _quotes_nested(kind, text))) > MOST_NESTED:
        return f"its parts are nested {depth:,} deep, and at most {MOST_NESTED} levels are laid out"
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
