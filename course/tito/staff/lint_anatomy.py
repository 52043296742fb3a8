"""Rules for the structure of a module: headings, header, figures, questions, checkpoint."""

import re
from collections.abc import Iterator

from tito.errors import Finding
from tito.source.percent import Cell
from tito.source.release import PLACEHOLDER
from tito.staff.lint_source import ModuleSource

# In this order; None is the place of the parts.
HEADINGS = [
    "🎯 Module Assumptions",
    "Setup",
    "Where this code lives",
    None,
    "Systems Analysis",
    "🧪 Module Integration Test",
    "🤔 Checkpoint",
    "Module Summary",
]
SYMBOLS = "🎯🧪💡🤔"
_HEADING = re.compile(r"^(#{1,6}) +(.*?)\s*$")
_PART = re.compile(r"^Part (\d+): \S")
_PICTOGRAM = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]")
_DRAWS = re.compile(r"\bplt\.show\(|\bviz\.(?!Prediction\b)\w+\(|\bdraw_\w+\(|^\s*show_\w+\(", re.MULTILINE)
_STEP = re.compile(r"^\d+\. ", re.MULTILINE)
LARGEST_STEPS, SMALLEST_STEPS = 5, 3


def headings(source: ModuleSource) -> list[tuple[Cell, int, str, str]]:
    """List cell, line in the cell, marks and words of every heading."""
    found = []
    for cell in source.cells:
        fenced = False
        for line, text in enumerate(cell.source.splitlines() if cell.kind == "markdown" else (), start=1):
            fenced ^= text.startswith("```")
            match = _HEADING.match(text)
            # Solution markers look like headings of level 3.
            if match and not fenced and not match[2].startswith(("BEGIN ", "END ")):
                found.append((cell, line, match[1], match[2]))
    return found


def check_anatomy(source: ModuleSource) -> Iterator[Finding]:
    """Check the order and the required texts of a module."""
    yield from _check_header(source)
    yield from _check_headings(source)
    yield from _check_setup(source)
    yield from _check_figures(source)
    yield from _check_parts(source)
    yield from _check_texts(source)
    yield from _check_checkpoint(source)


def _check_header(source: ModuleSource) -> Iterator[Finding]:
    first = source.cells[0]
    title = source.module.title
    if first.kind != "markdown" or first.source.split("\n")[0].strip() != f"# {title}":
        yield source.at(first, f"the first cell must be text that begins with '# {title}', the title in module.yaml")
        return
    if PLACEHOLDER not in first.source:
        yield source.at(first, f"the header must have {PLACEHOLDER}, to be replaced by tier, hours, prerequisites")
    for words in ("built so far", "built here", "used for"):
        if words not in first.source.lower():
            yield source.at(first, f"the header's connection map must have '{words}'")


def _check_headings(source: ModuleSource) -> Iterator[Finding]:
    second = [(cell, line, words) for cell, line, marks, words in headings(source) if marks == "##"]
    place, part = 0, 0
    for cell, line, words in second:
        match = _PART.match(words)
        if match:
            part += 1
            if int(match[1]) != part:
                yield source.at(cell, f"parts must be numbered without gaps: this one is 'Part {part}: ...'", line)
            words_place = HEADINGS.index(None)
        elif words in HEADINGS:
            words_place = HEADINGS.index(words)
        else:
            continue
        if words_place < place:
            yield source.at(cell, f"'## {words}' must come before '## {HEADINGS[place] or 'Part ...'}'", line)
        place = max(place, words_place)
    present = [words for _, _, words in second]
    for heading in HEADINGS:
        if heading is None and part == 0:
            yield source.at(source.cells[-1], "there must be parts: '## Part 1: ...'")
        elif heading is not None and present.count(heading) != 1:
            message = f"there must be one heading '## {heading}', there are {present.count(heading)}"
            yield source.at(source.cells[-1], message)
    for cell, line, _, words in headings(source):
        strange = [symbol for symbol in _PICTOGRAM.findall(words) if symbol not in SYMBOLS]
        if strange:
            yield source.at(cell, f"headings may have no symbols but {' '.join(SYMBOLS)}: remove {strange[0]}", line)


def _section(source: ModuleSource, heading: str) -> list[Cell]:
    """The cells from a heading of level 2 to the next."""
    found: list[Cell] = []
    inside = False
    all_second = [(cell, words) for cell, _, marks, words in headings(source) if marks == "##"]
    for cell in source.cells:
        second = [words for other, words in all_second if other is cell]
        if second:
            inside = heading in second
        if inside:
            found.append(cell)
    return found


def _check_setup(source: ModuleSource) -> Iterator[Finding]:
    setup = _section(source, "Setup")
    if source.code and "default_exp" not in source.code[0].directives():
        yield source.at(
            source.code[0], f"the first code cell must start with '#| default_exp core.{source.module.slug}'"
        )
    for cell in setup:
        if cell.nbgrader.get("solution"):
            yield source.at(cell, "a setup cell must not be an exercise: move it into a part")
    lives = _section(source, "Where this code lives")
    if lives and not any(f"tinytorch.core.{source.module.slug}" in cell.source for cell in lives):
        yield source.at(lives[0], f"'Where this code lives' must name tinytorch.core.{source.module.slug}")
    tested = _section(source, "🧪 Module Integration Test")
    if tested and not any(cell.kind == "code" for cell in tested):
        yield source.at(tested[0], "the module integration test must have a code cell")


def _check_figures(source: ModuleSource) -> Iterator[Finding]:
    for cell in source.code:
        if not _DRAWS.search(cell.source) or cell.nbgrader or "export" in cell.directives():
            continue
        after = source.after(cell)
        text = after.source if after and after.kind == "markdown" else ""
        if "**What's happening**" not in text:
            yield source.at(cell, "a picture must be followed by a text cell with '**What's happening**'")
            continue
        steps = len(_STEP.findall(text.split("**What's happening**")[1]))
        if not SMALLEST_STEPS <= steps <= LARGEST_STEPS:
            message = f"'What's happening' must have {SMALLEST_STEPS} to {LARGEST_STEPS} numbered steps, not {steps}"
            yield source.at(after or cell, message)


def _check_parts(source: ModuleSource) -> Iterator[Finding]:
    parts: list[list[Cell]] = []
    inside = False
    for cell in source.cells:
        second = [words for other, _, marks, words in headings(source) if other is cell and marks == "##"]
        if second:
            inside = bool(_PART.match(second[-1]))
            if inside:
                parts.append([])
        if inside:
            parts[-1].append(cell)
        elif cell.kind == "code" and cell.nbgrader.get("solution"):
            yield source.at(cell, f"the exercise '{cell.name}' must be in a part ('## Part N: ...')")
    for cells in parts:
        exercises = any(cell.kind == "code" and cell.nbgrader.get("solution") for cell in cells)
        folded = any("<details>" in cell.source for cell in cells if cell.kind == "markdown")
        if exercises and not folded:
            yield source.at(cells[0], "a part with an exercise must have a question with a folded answer (<details>)")


def _check_texts(source: ModuleSource) -> Iterator[Finding]:
    texts = [cell.source for cell in source.cells if cell.kind == "markdown"]
    if not any("💡" in text and "Production Reality" in text for text in texts):
        yield source.at(source.cells[-1], "there must be at least one '💡 **Production Reality**' sidebar")
    for cell in source.cells:
        if cell.kind == "code" and re.search(r"^\s*(import|from) torch\b", cell.source, re.MULTILINE):
            yield source.at(cell, "a module must not import torch: students don't have it")


def _check_checkpoint(source: ModuleSource) -> Iterator[Finding]:
    cells = _section(source, "🤔 Checkpoint")
    if cells and not any("PyTorch" in cell.source for cell in cells):
        yield source.at(cells[0], "one question must ask students to find their own function in lines of PyTorch")
    for cell in source.written:
        if cell not in cells:
            yield source.at(cell, f"the written answer '{cell.name}' must be under '## 🤔 Checkpoint'")
        if "### BEGIN SOLUTION" not in cell.source or "### END SOLUTION" not in cell.source:
            yield source.at(cell, "a sample answer must be between '### BEGIN SOLUTION' and '### END SOLUTION'")
        question = source.before(cell)
        text = question.source if question and question.kind == "markdown" else ""
        rubric = text[text.find("Rubric") :].lower() if "Rubric" in text else ""
        if not all(word in rubric for word in ("0", "half", "full")):
            yield source.at(
                cell, "the cell above an answer must have the question and 'Rubric: 0 ...; half ...; full ...'"
            )
