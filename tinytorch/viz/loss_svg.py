"""Draw a LossHistory as SVG text, in about a millisecond, so that a live curve costs training next to nothing.

(matplotlib takes 50 to 100 ms for the same picture; it draws the one that is kept.) Hovering is CSS alone: no script.
"""

import math
from html import escape

import numpy as np

from tinytorch.viz.loss_history import LossHistory, averaged, thinned
from tinytorch.viz.picture import COLORS, GREY

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 34, 38
HOVER_BANDS = 60  # a band of ten pixels is easily met with the mouse
DASHES = {"validation": "7 3"}  # the color never tells alone
COLOR = {"train": COLORS[0], "validation": COLORS[1], "learning_rate": COLORS[2]}
STYLE = (
    "<style>.tt-band .tt-tip{visibility:hidden}.tt-band:hover .tt-tip{visibility:visible}"
    ".tt-loss text{font:11px sans-serif}</style>"
)


def loss_svg(history: LossHistory, title: str, log_scale: bool = False) -> str:
    """Give the picture as an SVG element; an empty history gives an empty frame."""
    lines = {name: thinned(*history.series(name)) for name in ("train", "validation")}
    scale = Scale(lines, log_scale)
    frame = f'class="tt-loss" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img"'
    parts = [f'<svg {frame} aria-label="{escape(_in_words(title, lines))}">', STYLE]
    parts.append(f'<text x="{LEFT}" y="18" style="font-size:13px" fill="currentColor">{escape(title)}</text>')
    parts += _axes(scale)
    parts += _lines(history, lines, scale)
    parts += _legend(history, lines)
    parts += _hover(history, scale)
    return "".join([*parts, "</svg>"])


def _in_words(title: str, lines: dict[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Say where the lines have come to."""
    newest = [f"{name} {values[-1]:.4g} at step {steps[-1]:g}" for name, (steps, values) in lines.items() if len(steps)]
    return f"{title}: {', '.join(newest) or 'no loss yet'}"


class Scale:
    """Map steps and losses to pixels."""

    def __init__(self, lines: dict[str, tuple[np.ndarray, np.ndarray]], log_scale: bool) -> None:
        steps = np.concatenate([line[0] for line in lines.values()])
        values = np.concatenate([line[1] for line in lines.values()])
        # A logarithm needs positive values; while there is none, the scale is linear.
        self.log = log_scale and bool((values > 0).any())
        values = values[values > 0] if self.log else values
        self.x0, self.x1 = _range(steps)
        low, high = _range(np.log10(values) if self.log else values)
        pad = 0.04 * (high - low)
        self.y0, self.y1 = low - pad, high + pad

    def x(self, step):
        return LEFT + (step - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        if self.log:
            value = np.log10(np.maximum(value, 10**self.y0))
        return HEIGHT - BOTTOM - (value - self.y0) / (self.y1 - self.y0) * (HEIGHT - TOP - BOTTOM)


def _range(values: np.ndarray) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if high > low:
        return low, high
    return low - 0.5, high + 0.5  # one point still needs a scale


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Choose round numbers (1, 2 or 5 times a power of ten apart) between two limits."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step) + 1)]


def _axes(scale: Scale) -> list[str]:
    bottom = HEIGHT - BOTTOM
    parts = []
    for value in ticks(scale.y0, scale.y1):
        y = bottom - (value - scale.y0) / (scale.y1 - scale.y0) * (HEIGHT - TOP - BOTTOM)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8884"/>')
        label = f"{10**value:.3g}" if scale.log else f"{value:.4g}"
        parts.append(_text(LEFT - 6, y + 4, label, "end"))
    for step in ticks(scale.x0, scale.x1):
        parts.append(_text(scale.x(step), bottom + 16, f"{step:.6g}", "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "step", "middle"))
    parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="{GREY}"/>')
    return parts


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor">{escape(text)}</text>'


def _lines(history: LossHistory, lines: dict, scale: Scale) -> list[str]:
    parts = []
    for name, (steps, values) in lines.items():
        if not len(steps):
            continue
        trend = averaged(*history.series(name))
        noisy = len(trend[0]) < len(steps)
        parts.append(_polyline(scale, steps, values, name, 1.0 if noisy else 2.0, 0.35 if noisy else 1.0))
        if noisy:
            parts.append(_polyline(scale, *trend, name, 2.2, 1.0))
    return parts


def _polyline(scale: Scale, steps: np.ndarray, values: np.ndarray, name: str, width: float, opacity: float) -> str:
    color, dashes = COLOR[name], DASHES.get(name, "none") if opacity == 1 else "none"
    xs, ys = scale.x(steps).tolist(), scale.y(values).tolist()
    points = " ".join([f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True)])
    dot = f'<circle cx="{xs[-1]:.1f}" cy="{ys[-1]:.1f}" r="2.5" fill="{color}"/>'
    look = f'stroke="{color}" stroke-width="{width}" stroke-dasharray="{dashes}" opacity="{opacity}"'
    return f'<polyline points="{points}" fill="none" {look}/>{dot}'


def _legend(history: LossHistory, lines: dict) -> list[str]:
    """Name each line with its latest value, on the right of the title."""
    parts, x = [], WIDTH - RIGHT
    for name in ("learning_rate", "validation", "train"):
        values = history.last(name)
        if values is None:
            continue
        label = f"{name.replace('_', ' ')} {values[1]:.4g}"
        # The dot has the color; words in it could not be read on every page.
        parts.append(f'<circle cx="{x - 4}" cy="14" r="4" fill="{COLOR[name]}"/>{_text(x - 12, 18, label, "end")}')
        x -= 7 * len(label) + 26
    return parts


def _hover(history: LossHistory, scale: Scale) -> list[str]:
    """Cover the plot with bands that show the values nearest to them while the mouse is there."""
    known = {name: history.series(name) for name in ("train", "validation", "learning_rate")}
    known = {name: line for name, line in known.items() if len(line[0])}
    all_steps = [line[0] for line in known.values()]
    if not all_steps:
        return []
    longest = max(all_steps, key=len)
    chosen = longest[np.unique(np.linspace(0, len(longest) - 1, min(HOVER_BANDS, len(longest))).astype(int))]
    edges = [LEFT, *((scale.x(chosen[:-1]) + scale.x(chosen[1:])) / 2).tolist(), WIDTH - RIGHT]
    places = {name: _nearest(line[0], chosen) for name, line in known.items()}
    parts = []
    for i, step in enumerate(chosen.tolist()):
        label = f"step {step:.6g}: " + ", ".join(
            f"{name.replace('_', ' ')} {line[1][places[name][i]]:.4g}" for name, line in known.items()
        )
        parts.append(_band(edges[i], edges[i + 1], float(scale.x(step)), label))
    return parts


def _nearest(steps: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Give for each wanted step the place of the latest recorded one (or the first)."""
    return np.maximum(np.searchsorted(steps, wanted, side="right") - 1, 0)


def _band(start: float, end: float, x: float, label: str) -> str:
    middle = (LEFT + WIDTH - RIGHT) / 2
    anchor, at = ("start", x + 6) if x < middle else ("end", x - 6)
    height = HEIGHT - TOP - BOTTOM
    return (
        f'<g class="tt-band"><rect x="{start:.1f}" y="{TOP}" width="{max(end - start, 0.1):.1f}" height="{height}" '
        f'fill="transparent"/><g class="tt-tip" pointer-events="none"><line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" '
        f'y2="{HEIGHT - BOTTOM}" stroke="{GREY}"/>{_text(at, TOP + 12, label, anchor)}</g></g>'
    )
