"""Fingerprints of a program's text by winnowing (Schleimer, Wilkerson, Aiken 2003): equal for equal passages.

Nothing is run: the text is cut into tokens. Names that a student chooses, strings, comments and blank lines make no
difference; Python's own words, attributes and numbers do. It imports only the standard library, since it runs in a
sandbox: what it reads is hostile.
"""

import builtins
import hashlib
import io
import keyword
import tokenize

K = 14  # tokens of a passage: about a line and a half, so that one idiom alone makes no match
WINDOW = 5  # one of this many passages in a row is kept: K + WINDOW - 1 equal tokens in a row are always found
MOST_CHARACTERS = 20_000  # of an answer; the longest reference has a fifth of this
KNOWN = frozenset({*keyword.kwlist, *dir(builtins), "self", "np"})
LEFT_OUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.ENDMARKER}
Word = tuple[str, int]  # a token and its line


def fingerprints(source: str) -> list[list[int]]:
    """Return [number of tokens], then [fingerprint, first line, last line] for each passage that is kept."""
    words = _words(source[:MOST_CHARACTERS])
    hashes = [_hash(words[start : start + K]) for start in range(len(words) - K + 1)]
    kept = sorted({_least(hashes, start) for start in range(max(len(hashes) - WINDOW + 1, min(len(hashes), 1)))})
    return [[len(words)], *([hashes[at], words[at][1], words[at + K - 1][1]] for at in kept)]


def _hash(words: list[Word]) -> int:
    text = "\0".join(word for word, _ in words)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=7).digest(), "big")


def _least(hashes: list[int], start: int) -> int:
    """Return the place of a window's least hash, the last of equal ones: then overlapping windows agree."""
    window = range(start, min(start + WINDOW, len(hashes)))
    return min(window, key=lambda at: (hashes[at], -at))


def _words(source: str) -> list[Word]:
    """Cut a text into normalized tokens, as far as possible."""
    found: list[Word] = []
    begins, before = True, ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.STRING and begins:
                continue  # a statement of its own: a docstring
            if token.type not in LEFT_OUT:
                found.append((_normal(token, before), token.start[0]))
                before = token.string
            begins = token.type in LEFT_OUT or token.type in (tokenize.INDENT, tokenize.DEDENT)
    except (tokenize.TokenError, SyntaxError):
        pass  # the text ends inside a bracket, or its indentation is inconsistent
    return found


def _normal(token: tokenize.TokenInfo, before: str) -> str:
    if token.type == tokenize.INDENT:
        return "{"
    if token.type == tokenize.DEDENT:
        return "}"
    if token.type == tokenize.NAME:
        return token.string if before == "." or token.string in KNOWN else "V"
    return "S" if token.type == tokenize.STRING else token.string
