"""Look into a student's model: an image, the maps that a layer makes of it, kernels, trained against untrained.

>>> FeatureMaps({"cat": cat}, maps_of_model, untrained=maps_of_fresh_model)

`maps_of_model(image)` is asked for {layer: maps (channels, h, w)} when an image is chosen; what it raises is shown
next to the picture, and the widgets stay usable.
"""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.patches import Rectangle

from tinytorch.viz.answers import ask, finite_array, in_short
from tinytorch.viz.picture import COLORS, Picture, as_numbers, new_figure
from tinytorch.viz.shown import html_table, show_with_controls, spoken

MOST_PIXELS = 48  # along an axis of what is drawn: one move of the slider has to stay small


class FeatureMaps:
    """Maps of a model's layers for chosen images.

    Args:
        images: name -> array (channels, H, W).
        maps: image -> {layer: array (channels, h, w)}.
        untrained: the same of a model that has not been trained.
        kernels: layer -> array (out, in, rows, columns).
        fields: layer -> how many pixels one number of its maps depends on, along an axis.
    """

    def __init__(
        self,
        images: Mapping[str, object],
        maps: Callable[[np.ndarray], Mapping[str, object]],
        *,
        untrained: Callable[[np.ndarray], Mapping[str, object]] | None = None,
        kernels: Mapping[str, object] | None = None,
        fields: Mapping[str, int] | None = None,
    ) -> None:
        self.images = {name: as_numbers(f"image {name!r}", image) for name, image in images.items()}
        wrong = {name: image.shape for name, image in self.images.items() if image.ndim != 3 or not image.size}
        if wrong or not images:
            raise ValueError(
                f"FeatureMaps needs images (channels, H, W), got {wrong or 'none'}: add the channel's axis"
            )
        self._models = {"trained": maps} | ({"untrained": untrained} if untrained else {})
        self.kernels, self.fields = dict(kernels or {}), dict(fields or {})
        self._asked: dict[str, dict[str, tuple[Mapping, str]]] = {}
        self.image = next(iter(self.images))
        self.layer, self.channel = next(iter(self.layers()), ""), 0

    def layers(self) -> list[str]:
        """List the layers that the model gave maps for."""
        return list(self._answers()["trained"][0])

    def channels(self) -> int:
        """Count the channels of the chosen layer; 1 if there are none to show."""
        found, _ = self._layer("trained")
        return 1 if found is None else len(found)

    def map(self, model: str = "trained") -> tuple[np.ndarray | None, str]:
        """Give the chosen map of a model, or (None, why there is none)."""
        found, problem = self._layer(model)
        if found is None:
            return None, problem
        return found[min(self.channel, len(found) - 1)], problem

    def text(self) -> str:
        """Say what is shown, in one line."""
        found, problem = self.map()
        where = f"{self.image}, layer {self.layer or '?'}, channel {self.channel}"
        if found is None:
            return f"{where}: there is no map: {problem}"
        row, column = np.unravel_index(np.abs(found).argmax(), found.shape)
        said = (
            f"{where}: {found.shape[0]} x {found.shape[1]}, from {in_short(float(found.min()))} to "
            f"{in_short(float(found.max()))}, strongest at row {row}, column {column}"
        )
        if self.layer in self.fields:
            said += f"; each number sees {self.fields[self.layer]} pixels across"
        return f"{said}; {problem}" if problem else said

    def table(self) -> str:
        """Write the kernel of the channel (its first input) as an HTML table; nothing if there is none."""
        kernel = self._kernel()
        if kernel is None:
            return ""
        return html_table([[in_short(float(value)) for value in row] for row in kernel], "kernel (first input channel)")

    def picture(self) -> Picture:
        """Draw the image with the receptive field of the strongest number, the map, the kernel, the untrained map."""
        parts = self._parts()
        figure, axes = new_figure(1, len(parts), width=2.3 * len(parts), height=2.6)
        for ax, (title, array, colors) in zip(axes[0], parts, strict=True):
            ax.grid(False)
            ax.set(title=title, xticks=[], yticks=[])
            if array is None:
                ax.text(0.5, 0.5, "nothing to show", ha="center", va="center", transform=ax.transAxes)
            else:
                limit = float(np.abs(array).max()) or 1.0
                step = max(1, -(-max(array.shape[:2]) // MOST_PIXELS))
                scale = {"vmin": -limit, "vmax": limit} if colors == "RdBu_r" else {}
                extent = (-0.5, array.shape[1] - 0.5, array.shape[0] - 0.5, -0.5)
                ax.imshow(array[::step, ::step], cmap=colors, interpolation="nearest", extent=extent, **scale)
        self._mark_field(axes[0, 0])
        return Picture(figure, f"feature maps: {self.text()}")

    def controls(self, show: Callable[[Picture], None]):
        """Make menus for image and layer, a slider for the channel, and the text that changes with them."""
        import ipywidgets

        image = ipywidgets.Dropdown(options=list(self.images), value=self.image, description="image")
        layer = ipywidgets.Dropdown(options=self.layers(), value=self.layer or None, description="layer")
        channel = ipywidgets.IntSlider(value=self.channel, max=self.channels() - 1, description="channel")
        said = ipywidgets.HTML(spoken(self.text(), self.table()))

        def move(_) -> None:
            if (image.value, layer.value or "", channel.value) == (self.image, self.layer, self.channel):
                return  # a widget was only brought up to date below
            self.image, self.layer, self.channel = image.value, layer.value or "", channel.value
            self._fit(layer, channel)
            said.value = spoken(self.text(), self.table())
            show(self.picture())

        for widget in (image, layer, channel):
            widget.observe(move, names="value")
        return ipywidgets.VBox([ipywidgets.HBox([image, layer]), channel, said])

    def _fit(self, layer, channel) -> None:
        """Bring menu and slider up to date after another image or layer was chosen."""
        layers = self.layers()
        if self.layer not in layers:
            self.layer = next(iter(layers), "")
        self.channel = min(self.channel, self.channels() - 1)
        chosen = self.layer, self.channel
        if list(layer.options) != layers:
            layer.options = layers
        layer.value = chosen[0] or None
        self.layer, self.channel = chosen
        channel.max, channel.value = self.channels() - 1, self.channel

    def _answers(self) -> dict[str, tuple[Mapping, str]]:
        """Ask the models for the maps of the chosen image, once."""
        if self.image not in self._asked:
            self._asked[self.image] = {
                name: _maps(model, self.images[self.image]) for name, model in self._models.items()
            }
        return self._asked[self.image]

    def _layer(self, model: str) -> tuple[np.ndarray | None, str]:
        maps, problem = self._answers()[model]
        if self.layer not in maps:
            return None, problem or "the model gave none for this layer"
        return finite_array(maps[self.layer], 3)

    def _kernel(self) -> np.ndarray | None:
        kernels, _ = finite_array(self.kernels.get(self.layer), 4)
        return None if kernels is None else kernels[min(self.channel, len(kernels) - 1), 0]

    def _parts(self) -> list[tuple[str, np.ndarray | None, str]]:
        image = self.images[self.image]
        seen = np.moveaxis(image, 0, -1) if len(image) == 3 else image[0]
        seen = (seen - seen.min()) / (float(np.ptp(seen)) or 1.0)  # matplotlib wants colors from 0 to 1
        parts = [(self.image, seen, "gray"), (f"channel {self.channel}", self.map()[0], "RdBu_r")]
        if self.layer in self.kernels:
            parts.append(("its kernel", self._kernel(), "RdBu_r"))
        if "untrained" in self._models:
            parts.append(("untrained", self.map("untrained")[0], "RdBu_r"))
        return parts

    def _mark_field(self, ax) -> None:
        found, _ = self.map()
        size = self.fields.get(self.layer)
        if found is None or size is None:
            return
        place = np.unravel_index(np.abs(found).argmax(), found.shape)
        pixels = self.images[self.image].shape[1:]
        row, column = ((at + 0.5) * n / m - 0.5 - size / 2 for at, n, m in zip(place, pixels, found.shape, strict=True))
        ax.add_patch(Rectangle((column, row), size, size, fill=False, edgecolor=COLORS[1], lw=2))

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<FeatureMaps: {len(self.images)} images, layers {', '.join(self.layers()) or 'none'}>"


def _maps(model: Callable, image: np.ndarray) -> tuple[Mapping, str]:
    found, problem = ask(model, image)
    if problem:
        return {}, problem
    if not isinstance(found, Mapping) or not found:
        return {}, f"a dictionary of maps is needed, got {type(found).__name__}"
    return {str(layer): array for layer, array in found.items()}, ""
