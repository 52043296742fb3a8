"""Place the nodes of a computation graph in layers, so that arrows run from left to right and seldom cross."""

from collections.abc import Hashable, Sequence

SWEEPS = 6  # of ordering each layer by its neighbors' places; more change nothing on graphs that can be read


def layers(nodes: Sequence[Hashable], edges: Sequence[tuple[Hashable, Hashable]]) -> list[list[Hashable]]:
    """Give the nodes layer by layer: each node lies right of all that it is computed from.

    Raises:
        ValueError: an edge names an unknown node, or the edges go round in a circle.
    """
    known = set(nodes)
    for edge in edges:
        if not known.issuperset(edge):
            raise ValueError(f"edge {edge} names a node that is not in the graph")
    depth = _depths(nodes, edges)
    places: list[list[Hashable]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in nodes:
        places[depth[node]].append(node)
    return _ordered(places, edges)


def _depths(nodes, edges) -> dict[Hashable, int]:
    """Number the layers by longest paths (Kahn's algorithm), then move each node up to just before its first use."""
    waiting = dict.fromkeys(nodes, 0)
    users: dict[Hashable, list[Hashable]] = {node: [] for node in nodes}
    for source, target in edges:
        waiting[target] += 1
        users[source].append(target)
    ready = [node for node in nodes if not waiting[node]]
    depth = dict.fromkeys(ready, 0)
    for node in ready:
        for user in users[node]:
            depth[user] = max(depth.get(user, 0), depth[node] + 1)
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    if len(ready) < len(nodes):
        raise ValueError("a computation graph has no circles, but these edges go round in one")
    for node in reversed(ready):
        if users[node]:
            depth[node] = min(depth[user] for user in users[node]) - 1
    return depth


def _ordered(places: list[list[Hashable]], edges) -> list[list[Hashable]]:
    """Sort each layer by the mean place of its neighbors, sweeping there and back (barycenter heuristic)."""
    neighbours: dict[Hashable, list[Hashable]] = {}
    for source, target in edges:
        neighbours.setdefault(source, []).append(target)
        neighbours.setdefault(target, []).append(source)
    for sweep in range(SWEEPS):
        at = {node: i - (len(layer) - 1) / 2 for layer in places for i, node in enumerate(layer)}
        for layer in places if sweep % 2 else places[::-1]:
            middle = {
                node: sum(at[n] for n in near) / len(near) if (near := neighbours.get(node)) else at[node]
                for node in layer
            }
            layer.sort(key=middle.__getitem__)
            at.update({node: i - (len(layer) - 1) / 2 for i, node in enumerate(layer)})
    return places
