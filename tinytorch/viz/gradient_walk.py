"""Blame on its way back through a small computation: which tensor has its turn, and what it passes on.

>>> nodes = [{"id": 0, "label": "x", "kind": "parameter", "note": "3"}, {"id": 1, "label": "neg", "kind": "operation"}]
>>> GradientWalk(nodes, [(0, 1)], walk=[(1, 1.0), (0, -1.0)])

In a notebook a slider goes through the turns (arrow keys move it); a line says each of them, and a table has what the
boxes show. Elsewhere, and in a saved notebook, the picture after the last turn.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

from tinytorch.viz.graph_view import GraphView
from tinytorch.viz.picture import Picture
from tinytorch.viz.shown import html_table, show_with_controls, spoken, with_words

MOST_NODES = 10  # more boxes would make one move of the slider larger than 60 kB
TURN = "▶ "  # precedes the name of the tensor that has its turn: color is never the only difference


class GradientWalk:
    """A computation graph and a walk backwards through it.

    Args:
        nodes, edges: as for GraphView; at most 10 nodes.
        walk: pairs (id of a node, its gradient, a number), in the order in which nodes had their turn.
        title: shown above the drawing.
    """

    def __init__(
        self,
        nodes: Sequence[Mapping],
        edges: Sequence[tuple],
        walk: Sequence[tuple[Hashable, float]],
        title: str = "",
    ) -> None:
        GraphView(nodes, edges, title, most_nodes=MOST_NODES)  # refuses what can't be drawn
        self.nodes, self.edges, self.title = {node["id"]: dict(node) for node in nodes}, list(edges), title
        self.walk = [(node, float(gradient)) for node, gradient in walk]
        if unknown := [node for node, _ in self.walk if node not in self.nodes]:
            raise ValueError(f"a walk must go through the nodes of its graph, got {unknown[0]!r}: give its id")
        self.turn = len(self.walk)

    def text(self, turn: int | None = None) -> str:
        """Tell one turn in a line; turn 0 is before the walk begins."""
        turn = self.turn if turn is None else turn
        if turn == 0:
            return f"before the walk: all values are known, no gradient; {len(self.walk)} turns to come"
        node, gradient = self.walk[turn - 1]
        blamed = [self.nodes[source]["label"] for source in self._wanting(node)]
        does = f"passes blame on to {' and '.join(blamed)}" if blamed else "is a leaf and keeps it"
        return f"turn {turn} of {len(self.walk)}: {self.nodes[node]['label']} has the gradient {gradient:.3g}, {does}"

    def rows(self, turn: int | None = None) -> list[tuple[str, str, str]]:
        """Give what the boxes show after a turn: name, value or shape, gradient ('' as long as there is none)."""
        known = dict(self.walk[: self.turn if turn is None else turn])
        return [
            (node["label"], node.get("note", ""), f"{known[key]:.3g}" if key in known else "")
            for key, node in self.nodes.items()
        ]

    def picture(self, turn: int | None = None) -> Picture:
        """Draw the graph after a turn; who has it is marked."""
        turn = self.turn if turn is None else turn
        having = self.walk[turn - 1][0] if turn else None
        boxes = [
            node | {"label": (TURN if key == having else "") + label, "note": f"{note}   grad {grad}" if grad else note}
            for (key, node), (label, note, grad) in zip(self.nodes.items(), self.rows(turn), strict=True)
        ]
        drawn = GraphView(boxes, self.edges, self.title, most_nodes=MOST_NODES).picture()
        return Picture(drawn.figure, f"a walk backwards through {len(boxes)} nodes. {self.text(turn)}")

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider for the turns, and the line and table that change with it."""
        import ipywidgets

        slider = ipywidgets.IntSlider(
            value=self.turn, min=0, max=len(self.walk), description="turn", layout={"width": "60%"}
        )

        def move(turn: int) -> None:
            self.turn = turn
            show(self.picture())

        return with_words(slider, move, lambda _: spoken(self.text(), html_table(self._table(), "after this turn")))

    def _table(self) -> list[tuple[str, str, str]]:
        return [("tensor", "value", "gradient"), *self.rows()]

    def _wanting(self, node: Hashable) -> list[Hashable]:
        """The inputs of a node that have a turn of their own."""
        walked = {each for each, _ in self.walk}
        return [source for source, target in self.edges if target == node and source in walked]

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<GradientWalk: {len(self.nodes)} nodes, {len(self.walk)} turns>"
