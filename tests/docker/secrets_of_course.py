"""Defines which pieces of the course's code students must not find before they have written them.

A *fragment* is one line of a reference solution or hidden test with at least SHORTEST characters besides its
indentation that does not occur in anything students are given: the releases of all modules, and the exported code of
prebuilt modules. Anybody might write a shorter line.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from tito.curriculum import Curriculum, Module
from tito.source.export import export_module
from tito.source.percent import read_percent
from tito.source.release import release_notebook

SHORTEST = 40
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)


def fragments(curriculum: Curriculum, prebuilt: Iterable[str]) -> dict[bytes, str]:
    """Return fragment -> its origin, for a course with these modules prebuilt."""
    allowed = set(prebuilt)
    given = {line for text in _given(curriculum, allowed) for line in lines_of(text.encode())}
    found: dict[bytes, str] = {}
    for module in curriculum.written:
        for kind, text in secret_texts(module, with_solution=module.slug not in allowed):
            new = set(lines_of(text.encode())) - given
            found |= dict.fromkeys((line for line in new if len(line) >= SHORTEST), f"{kind} of {module.slug}")
    return found


def secret_texts(module: Module, with_solution: bool) -> Iterator[tuple[str, str]]:
    """Yield the kind and text of each piece that a release leaves out."""
    for cell in read_percent(module.source):
        for kind, pattern in (("solution", SOLUTION), ("hidden test", HIDDEN)):
            if kind == "hidden test" or with_solution:
                yield from ((kind, match[1]) for match in pattern.finditer(cell.source))


def lines_of(data: bytes) -> Iterator[bytes]:
    """Yield the lines of a text, or of a JSON string, without indentation and surrounding quotes and commas."""
    for line in data.replace(b"\\n", b"\n").replace(b'\\"', b'"').splitlines():
        yield line.strip(b' \t\r",')


def _given(curriculum: Curriculum, prebuilt: set[str]) -> Iterator[str]:
    for module in curriculum.written:
        yield _released(module, curriculum)
        if module.slug in prebuilt:
            yield export_module(module).text


@functools.cache  # in all semesters of a course a module has the same release, and making one takes a tenth of a second
def _released(module: Module, curriculum: Curriculum) -> str:
    return "\n".join(cell.source for cell in nbformat.reads(release_notebook(module, curriculum), 4).cells)


def planted(curriculum: Curriculum, slug: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of one solution and one hidden test for a scan to find."""
    texts = dict(secret_texts(curriculum.find_written(slug), with_solution=True))
    yield from texts.items()


def course_of(path: Path) -> Curriculum:
    """Load a course tree."""
    from tito.curriculum import load_curriculum

    return load_curriculum(path)
