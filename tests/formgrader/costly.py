"""Answers, code and outputs that a student may submit and that would take seconds or minutes to render."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

SECONDS = 60.0  # two pages may take about ten seconds of CPU time, on a machine that is busy with other work
ANSWERS = {
    "brackets": "[" * 190_000,
    "some brackets": "[" * 20_000,
    "links": "[a](" * 47_500,
    "escaped brackets": "\\[" * 95_000,
    "divs": "<div>" * 38_000,
    "bold": "<b>" * 63_000,
    "a few deep tags": "<div>" * 2_900,
    "quotes": ">" * 190_000,
    "table": "|a|b|\n|-|-|\n" + "|1|2|\n" * 9_000,
    "equations": "\\begin{a}" * 6_600,
    "backticks": " ".join("`" * (length % 60) for length in range(5_000)),
}
CODE = {"long line": "x+" * 95_000, "open strings": "f'{" * 30_000, "parentheses": "(" * 190_000}
OUTPUTS = {
    "attributes": {"text/html": "<a " + "x=1 " * 40_000 + ">"},
    "rows": {"text/html": "<table>" + "x<tr>" * 30_000},
    "markdown": {"text/markdown": "[a](" * 47_500},
    "escapes": {"text/plain": "\x1b[31mx" * 33_000},
}


def fill(nb, answer: str = "", code: str = "", data: dict | None = None, traceback: str = "") -> None:
    """Replace the notebook's written answer or the first exercise's code, or set that cell's outputs."""
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name == "memory" and answer:
            cell.source = answer
        if name == "add" and code:
            cell.source = code
        if name == "add" and data:
            cell.outputs = [new_output("display_data", data=data)]
        if name == "add" and traceback:
            cell.outputs = [new_output("error", ename="E", evalue="e", traceback=traceback.split("\n"))]


def add_cells(nb) -> None:
    """Add cells that are costly although within all limits, and more outputs than anybody reads."""
    nb.cells += [new_markdown_cell(f"{number}\n\n{ANSWERS['table']}") for number in range(6)]
    streams = [new_output("stream", name="stdout", text=f"{number}\n") for number in range(20_000)]
    nb.cells.append(new_code_cell("print()", outputs=streams))
