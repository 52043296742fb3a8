"""Draw a computation graph: what was computed from what, with shapes and, if known, gradients.

The graph comes as plain data, from `tinytorch.core.autograd.graph_of(tensor)`:

>>> nodes = [{"id": 0, "label": "x", "kind": "input"}, {"id": 1, "label": "exp", "kind": "operation"}]
>>> GraphView(nodes, edges=[(0, 1)])
"""

from collections.abc import Mapping, Sequence

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tinytorch.viz.graph_layout import layers
from tinytorch.viz.picture import COLORS, GREY, Picture, new_figure

KINDS = {"input": COLORS[5], "parameter": COLORS[4], "operation": "#ffffff", "output": COLORS[2]}
MOST_NODES = 60  # beyond it the boxes can't be read
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 1.5, 0.62, 0.55, 0.3


class GraphView:
    """A drawing of a computation graph.

    Args:
        nodes: mappings with `id`, `label`, `kind` (input, parameter, operation, output), and optionally `note`, a
            second line such as a shape or a value.
        edges: pairs (id of the input, id of what is computed from it).
        title: shown above the drawing.
    """

    def __init__(
        self, nodes: Sequence[Mapping], edges: Sequence[tuple], title: str = "", *, most_nodes: int = MOST_NODES
    ) -> None:
        if len(nodes) > most_nodes:
            raise ValueError(
                f"a drawing of more than {most_nodes} nodes can't be read, got {len(nodes)}: draw a smaller "
                "computation, such as one layer on a small batch"
            )
        for node in nodes:
            if node.get("kind") not in KINDS:
                raise ValueError(f"node {node!r}: kind must be one of {', '.join(KINDS)}")
        self.nodes, self.edges, self.title = list(nodes), list(edges), title
        self.layers = layers([node["id"] for node in nodes], self.edges)

    def positions(self) -> dict:
        """Give each node's center (x, y)."""
        return {
            node: (column * (BOX_WIDTH + GAP_X), ((len(layer) - 1) / 2 - row) * (BOX_HEIGHT + GAP_Y))
            for column, layer in enumerate(self.layers)
            for row, node in enumerate(layer)
        }

    def picture(self) -> Picture:
        """Draw the graph."""
        places = self.positions()
        columns, rows = len(self.layers), max((len(layer) for layer in self.layers), default=1)
        width, height = columns * (BOX_WIDTH + GAP_X), rows * (BOX_HEIGHT + GAP_Y) + 2 * GAP_Y
        figure, axes = new_figure(width=max(3.0, 0.72 * width), height=max(1.2, 0.4 + 0.72 * height))
        ax = axes[0, 0]
        ax.set_axis_off()
        ax.set(xlim=(-1, width - 1), ylim=(-height / 2 - 0.1, height / 2 + 0.1), title=self.title)
        ax.set_aspect("equal")
        for source, target in self.edges:
            self._arrow(ax, places[source], places[target])
        for node in self.nodes:
            self._box(ax, node, *places[node["id"]])
        return Picture(figure, f"computation graph of {len(self.nodes)} nodes and {len(self.edges)} edges")

    @staticmethod
    def _arrow(ax, start: tuple[float, float], end: tuple[float, float]) -> None:
        length = end[0] - start[0] - BOX_WIDTH
        passes_others = length > 1.5 * GAP_X  # bend so far that the arrow stays clear of the boxes between
        bend = (-1 if start[1] >= end[1] else 1) * 1.2 / length if passes_others else 0
        ax.add_patch(
            FancyArrowPatch(
                (start[0] + BOX_WIDTH / 2, start[1]),
                (end[0] - BOX_WIDTH / 2, end[1]),
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle="-|>",
                mutation_scale=10,
                color=GREY,
                lw=1.1,
                zorder=1,
            )
        )

    @staticmethod
    def _box(ax, node: Mapping, x: float, y: float) -> None:
        shape = "round,pad=0,rounding_size=0.28" if node["kind"] == "operation" else "round,pad=0,rounding_size=0.06"
        ax.add_patch(
            FancyBboxPatch(
                (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2),
                BOX_WIDTH,
                BOX_HEIGHT,
                boxstyle=shape,
                facecolor=KINDS[node["kind"]],
                edgecolor="0.25",
                lw=1.2,
                zorder=2,
            )
        )
        note = node.get("note", "")
        ax.text(x, y + (0.12 if note else 0), node["label"], ha="center", va="center", fontsize=9, zorder=3)
        if note:
            ax.text(x, y - 0.15, note, ha="center", va="center", fontsize=7, color="0.2", zorder=3)

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        return self.picture()._repr_mimebundle_()

    def __repr__(self) -> str:
        return f"<GraphView: {len(self.nodes)} nodes, {len(self.edges)} edges>"
