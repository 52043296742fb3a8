"""What pruning leaves of a model: which weights stay, which pixels nobody looks at, what it costs, what it saves.

>>> PruningMask({"hidden": weight}, masks_for, (0, 0.5, 0.9), right={"pruned": [0.95, 0.94, 0.39]}, templates=digits)

`masks_for(sparsity)` is asked for {layer: array of the weight's shape, 0 or False where a weight is removed}. What it
raises is shown next to the picture, and the widgets stay usable.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinytorch.viz.answers import ask, finite_array
from tinytorch.viz.few_colors import FewColors
from tinytorch.viz.picture import Picture, as_numbers
from tinytorch.viz.pruning_panels import (
    draw_bytes,
    draw_mask,
    draw_right,
    draw_templates,
    draw_uses,
    panels,
)
from tinytorch.viz.shown import html_table, show_with_controls, spoken

MOST_NAMED = 6  # pixels that the line names


class PruningMask:
    """Masks over a model's weights under a slider for the sparsity.

    Args:
        weights: layer -> array (out, in), before pruning.
        masks: sparsity -> {layer: mask}, asked when the slider moves.
        levels: the sparsities from 0 to 1 that can be chosen, rising.
        right: name -> share of right answers, one for each level.
        stored: masks -> {name: bytes} of what would be written to a file, asked too.
        templates: (n, H, W), mean inputs; shown next to layers that have H * W inputs.
    """

    def __init__(
        self,
        weights: Mapping[str, object],
        masks: Callable[[float], Mapping[str, object]],
        levels: Sequence[float],
        *,
        right: Mapping[str, Sequence[float]] | None = None,
        stored: Callable[[Mapping[str, np.ndarray]], Mapping[str, float]] | None = None,
        templates=None,
    ) -> None:
        self.weights = {str(name): as_numbers(f"weights {name!r}", array) for name, array in weights.items()}
        wrong = {name: array.shape for name, array in self.weights.items() if array.ndim != 2 or not array.size}
        if wrong or not self.weights:
            raise ValueError(f"PruningMask needs weights (out, in), got {wrong or 'none'}: reshape filters to rows")
        self.levels = [float(level) for level in levels]
        if (
            not self.levels
            or self.levels != sorted(set(self.levels))
            or not 0 <= self.levels[0] <= self.levels[-1] <= 1
        ):
            raise ValueError(f"levels must be rising numbers from 0 to 1, got {list(levels)}")
        self.right = {name: as_numbers(f"right {name!r}", shares) for name, shares in (right or {}).items()}
        short = {name: len(shares) for name, shares in self.right.items() if shares.shape != (len(self.levels),)}
        if short:
            raise ValueError(f"one share for each of {len(self.levels)} levels is needed, got {short}")
        self._ask_masks, self._ask_stored = masks, stored
        self.templates = None if templates is None else as_numbers("templates", templates)
        if self.templates is not None and (self.templates.ndim != 3 or not self.templates.size):
            raise ValueError(f"templates must be images (n, H, W), got the shape {self.templates.shape}")
        self._asked: dict[int, tuple[Mapping, str]] = {}
        self.layer, self.level = next(iter(self.weights)), len(self.levels) // 2

    def mask(self, layer: str | None = None) -> tuple[np.ndarray | None, str]:
        """Give the mask of a layer (default: the chosen one) as bools, or (None, why there is none)."""
        layer = layer or self.layer
        found, problem = self._answer()
        if layer not in found:
            return None, problem or f"there is no mask for {layer}"
        array, problem = finite_array(found[layer], 2)
        if array is not None and array.shape != self.weights[layer].shape:
            return None, f"the mask has the shape {array.shape}, the weights {self.weights[layer].shape}"
        return None if array is None else array != 0, problem

    def uses(self) -> np.ndarray | None:
        """Count for each pixel the units that still look at it (H, W); None if the layer's inputs are not pixels."""
        mask, _ = self.mask()
        if mask is None or not self._sees_pixels():
            return None
        return mask.sum(axis=0).reshape(self.templates.shape[1:])

    def bytes(self) -> dict[str, int]:
        """Give what the masks' layers would take in a file, by way of storing."""
        masks = {layer: self.mask(layer)[0] for layer in self.weights}
        if self._ask_stored is None or any(mask is None for mask in masks.values()):
            return {}
        found, problem = ask(self._ask_stored, masks)
        return {} if problem or not isinstance(found, Mapping) else {str(n): int(size) for n, size in found.items()}

    def text(self) -> str:
        """Say what is shown, in one line."""
        mask, problem = self.mask()
        said = f"sparsity {self.levels[self.level]:.0%}, {self.layer}: "
        if mask is None:
            return f"{said}there is no mask: {problem}"
        parts = [f"{int(mask.sum()):,} of {mask.size:,} weights stay ({mask.mean():.1%})"]
        uses = self.uses()
        if uses is not None:
            parts.append(_unused(uses))
        parts += [f"{name} {shares[self.level]:.1%} right" for name, shares in self.right.items()]
        parts += [f"{name} {size:,} bytes" for name, size in self.bytes().items()]
        return said + "; ".join([*parts, problem] if problem else parts)

    def table(self) -> str:
        """Write the shares of right answers at all levels as an HTML table."""
        if not self.right:
            return ""
        rows = [["sparsity", *(f"{level:.0%}" for level in self.levels)]]
        rows += [[name, *(f"{share:.1%}" for share in shares)] for name, shares in self.right.items()]
        return html_table(rows, "share of right answers")

    def picture(self) -> Picture:
        """Draw the mask over the weights, the pixels that are used, the templates, accuracy and bytes."""
        above = ["uses", "templates"] if self._sees_pixels() else []
        below = [name for name, there in (("right", self.right), ("stored", self._ask_stored)) if there]
        figure, axes = panels(above, below)
        draw_mask(axes["mask"], self.layer, self.weights[self.layer], self.mask()[0])
        if above:
            uses = self.uses()
            draw_uses(axes["uses"], uses, most=len(self.weights[self.layer]))
            draw_templates(axes["templates"], self.templates, uses)
        if "right" in axes:
            draw_right(axes["right"], self.levels, self.right, self.levels[self.level])
        if "stored" in axes:
            draw_bytes(axes["stored"], self.bytes())
        return FewColors(figure, f"pruning masks: {self.text()}")

    def _sees_pixels(self) -> bool:
        if self.templates is None:
            return False
        return self.templates[0].size == self.weights[self.layer].shape[1]

    def controls(self, show: Callable[[Picture], None]):
        """Make the slider for the sparsity, the choice of a layer, and the text that changes with them."""
        import ipywidgets

        options = [(f"{level:.0%}", place) for place, level in enumerate(self.levels)]
        sparsity = ipywidgets.SelectionSlider(
            options=options, value=self.level, description="sparsity", layout={"width": "60%"}
        )
        layer = ipywidgets.Dropdown(options=list(self.weights), value=self.layer, description="layer")
        said = ipywidgets.HTML(spoken(self.text(), self.table()))

        def move(_) -> None:
            self.level, self.layer = sparsity.value, layer.value
            said.value = spoken(self.text(), self.table())
            show(self.picture())

        for widget in (sparsity, layer):
            widget.observe(move, names="value")
        return ipywidgets.VBox([sparsity, layer, said])

    def _answer(self) -> tuple[Mapping, str]:
        """Ask for the masks of the chosen sparsity, once."""
        if self.level not in self._asked:
            found, problem = ask(self._ask_masks, self.levels[self.level])
            if not problem and not isinstance(found, Mapping):
                found, problem = {}, f"a dictionary of masks is needed, got {type(found).__name__}"
            self._asked[self.level] = found or {}, problem
        return self._asked[self.level]

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<PruningMask: {self.text()}>"


def _unused(uses: np.ndarray) -> str:
    """Name the pixels that no unit looks at."""
    places = [f"({row}, {column})" for row, column in zip(*np.nonzero(uses == 0), strict=True)]
    if not places:
        return f"all {uses.size} pixels are looked at"
    more = f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    return f"{len(places)} of {uses.size} pixels are looked at by no unit: {', '.join(places[:MOST_NAMED])}{more}"
