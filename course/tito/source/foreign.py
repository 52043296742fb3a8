"""Recognize by its first bytes a file that is not a notebook: a printout, an archive or an export under its name."""

_BEGINNINGS = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP file (or an office document, which is one)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x1f\x8b", "a packed archive"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"#!/usr/bin/env python", "a Python program"),
    (b"# %%", "a Python program"),
    (b"#!/usr/bin/python", "a Python program"),
    (b"import ", "a Python program"),
    (b"from ", "a Python program"),
)


def foreign_kind(beginning: bytes) -> str:
    """Return the file's kind, such as "a PDF"; "" if it may be a notebook."""
    start = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:64]
    return next((kind for mark, kind in _BEGINNINGS if start.startswith(mark) or start.lower().startswith(mark)), "")


def foreign_words(name: str, kind: str) -> str:
    """Say what the file is and what to do about it."""
    return (
        f"{name} is {kind} with a notebook's name: your work is the file that JupyterLab saves (File > Download "
        f"gives it to you), not a print or an export of it. Put that file here under the name {name}"
    )
