"""Text as its tokens: each in a color, with its id below, in rows that can be compared.

>>> Tokens({"as bytes": [(b"h", 104), (b"i", 105)], "as one": [(b"hi", 256)]})

Plain HTML: it needs no widget, and looks right on a light and on a dark page.
"""

import html
from collections.abc import Mapping, Sequence

from tinytorch.viz.picture import COLORS

MOST_TOKENS = 600  # in one picture: more are not looked at, and make a notebook heavy
MARKS = {" ": "·", "\n": "⏎", "\t": "⇥", "\r": "␍"}  # what would not be seen
ROW = "display:flex;flex-wrap:wrap;gap:2px;margin:2px 0 8px;font-family:monospace;text-align:center"


class Tokens:
    """Rows of colored tokens.

    Args:
        rows: name of a row -> its tokens, pairs (piece, id); a piece is text or bytes.
        title: shown above.
    """

    def __init__(self, rows: Mapping[str, Sequence[tuple]], title: str = "") -> None:
        self.rows = {name: [_checked(name, token) for token in tokens] for name, tokens in rows.items()}
        self.title = title
        count = sum(len(tokens) for tokens in self.rows.values())
        if count > MOST_TOKENS:
            raise ValueError(f"a picture of tokens can have at most {MOST_TOKENS} of them, got {count}: show a part")

    def html(self) -> str:
        """Write the rows as HTML, each under a line that names and counts it."""
        title = f"<b>{html.escape(self.title)}</b>" if self.title else ""
        rows = (
            f'<div>{html.escape(self.counted(name))}</div><div style="{ROW}">{"".join(map(_box, tokens))}</div>'
            for name, tokens in self.rows.items()
        )
        return f"<div>{title}{''.join(rows)}</div>"

    def counted(self, name: str) -> str:
        """Say how many tokens a row has."""
        count = len(self.rows[name])
        return f"{name}: {count} token{'s' * (count != 1)}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/html": self.html(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        lines = [f"{self.counted(name)}  {'|'.join(shown(p) for p, _ in row)}" for name, row in self.rows.items()]
        return "\n".join([self.title, *lines] if self.title else lines)


def shown(piece: str | bytes) -> str:
    """Give a piece as something to see: a dot for a space, hex digits for bytes that are not whole characters."""
    try:
        text = piece.decode() if isinstance(piece, bytes) else piece
    except UnicodeDecodeError:
        return bytes(piece).hex(" ")
    return "".join(MARKS.get(c, c if c.isprintable() else f"{ord(c):02x}") for c in text)


def _checked(name: str, token) -> tuple[str | bytes, int]:
    if not isinstance(token, (tuple, list)) or len(token) != 2 or not isinstance(token[0], (str, bytes)):
        raise TypeError(f"row {name!r} needs pairs (piece, id), a piece being text or bytes; got {token!r:.60}")
    return token[0], int(token[1])


def _box(token: tuple[str | bytes, int]) -> str:
    piece, number = token
    color = COLORS[number % (len(COLORS) - 1)]  # without black
    text = html.escape(shown(piece))
    return f'<span style="padding:0 3px;background:{color}40">{text}<br><small>{number}</small></span>'
