"""Print tables in plain columns: readable in a narrow terminal, without colors where nobody sees them."""

import click

COLOURS = {
    "completed": "green",
    "unlocked": "green",
    "passed": "green",
    "changed": "yellow",
    "started": "yellow",
    "failed": "red",
    "error": "red",
}


def print_table(headers: list[str], rows: list[list[str]]) -> None:
    """Print rows under headers, columns as wide as their widest entry; known words are colored."""
    widths = [max(len(row[column]) for row in [headers, *rows]) for column in range(len(headers))]
    click.secho(_line(headers, widths), bold=True)
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        coloured = [click.style(cell, fg=COLOURS.get(cell.strip())) for cell in padded]
        click.echo("  ".join(coloured).rstrip())


def _line(cells: list[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
