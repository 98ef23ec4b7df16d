"""Where nodes are drawn: columns from left to right, few crossings, what the browser is sent."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl

from dashboard import words
from graph_model import keys
from graph_model.i18n import text
from queries.drawing import ALL, CUSTOMER, LOT, OPERATION, POOL, SHIPMENT, SUPPLIER, Drawn
from queries.names import Names, placeless

WIDTH = {LOT: 122, POOL: 122, OPERATION: 82, SUPPLIER: 110, SHIPMENT: 104, CUSTOMER: 110}
HEIGHT, ROW, GAP = 34, 44, 40
SWEEPS = 6
LABELLED = 60
"""Edges up to which amounts stand on all of them; on a lit path they always do."""
_TIER = {"mixed_stock": "mixed"}


def elements(
    found: Drawn, names: Names, *, chosen: str | None, lit: set[tuple[str, str]], roots: set[str]
) -> list[dict[str, Any]]:
    """Nodes and edges with positions, as the browser draws them; colours are its own affair."""
    order = _ordered(found)
    places = _positions(found.nodes, order)
    kinds = dict(found.nodes.select("id", "kind").iter_rows())
    made = [
        _node(row, places[row["id"]], names, chosen=chosen, roots=roots)
        for row in found.nodes.iter_rows(named=True)
    ]
    tiers = dict(found.nodes.select("id", "tier").iter_rows())
    labelled = len(found.edges) <= LABELLED
    edges = found.edges.iter_rows(named=True)
    made += [_edge(row, tiers, lit, labelled=labelled) for row in edges]
    return made + _headings(found.nodes, places, kinds)


def _ordered(found: Drawn) -> dict[int, list[str]]:
    """Nodes of each column from top to bottom; each near the middle of its neighbours."""
    columns: dict[int, list[str]] = defaultdict(list)
    ranked = found.nodes.sort("layer", "kind", "tier", "id", nulls_last=True)
    for node, layer in ranked.select("id", "layer").iter_rows():
        columns[layer].append(node)
    near: dict[str, list[str]] = defaultdict(list)
    for source, target in found.edges.select("source", "target").iter_rows():
        near[source].append(target)
        near[target].append(source)
    at = _places_in(columns)
    for sweep in range(SWEEPS):
        for layer in sorted(columns, reverse=bool(sweep % 2)):
            columns[layer].sort(key=lambda node: (_middle(node, near, at), node))
            at |= _places_in({layer: columns[layer]})
    return dict(columns)


def _places_in(columns: dict[int, list[str]]) -> dict[str, float]:
    """Height of each node, its column centred."""
    return {
        node: row - (len(column) - 1) / 2
        for column in columns.values()
        for row, node in enumerate(column)
    }


def _middle(node: str, near: dict[str, list[str]], at: dict[str, float]) -> float:
    around = [at[other] for other in near[node]]
    return sum(around) / len(around) if around else at[node]


def _positions(
    nodes: pl.DataFrame, columns: dict[int, list[str]]
) -> dict[str, tuple[float, float]]:
    kinds = dict(nodes.select("id", "kind").iter_rows())
    found, left = {}, 0.0
    for layer in sorted(columns):
        width = max(WIDTH[kinds[node]] for node in columns[layer])
        middle = left + width / 2
        for row, node in enumerate(columns[layer]):
            found[node] = (middle, (row - (len(columns[layer]) - 1) / 2) * ROW)
        left += width + GAP
    return found


def _node(
    row: dict[str, Any],
    place: tuple[float, float],
    names: Names,
    *,
    chosen: str | None,
    roots: set[str],
) -> dict[str, Any]:
    tier = _TIER.get(row["tier"], row["tier"]) or "none"
    classes = [row["kind"], tier]
    classes += ["group"] if row["grouped"] else []
    classes += ["root"] if row["id"] in roots else []
    classes += ["chosen"] if row["id"] == chosen else []
    mix = [_TIER.get(one, one) for one in row["mix"]] if row["grouped"] else []
    return {
        "data": {
            "id": row["id"], "label": "\n".join(_label(row, names)), "tier": tier,
            "mix": {name: mix.count(name) for name in dict.fromkeys(mix)},
            "members": row["members"], "width": WIDTH[row["kind"]], "height": HEIGHT,
        },
        "position": {"x": place[0], "y": place[1]},
        "classes": " ".join(classes),
    }  # fmt: skip


def _label(row: dict[str, Any], names: Names) -> list[str]:
    """Two lines: number over amount; a group says what it holds and how many."""
    kind, room = row["kind"], WIDTH[row["kind"]] // 8
    if row["grouped"]:
        count = text(f"screen.group.{kind}", count=words.number(row["members"], 0))
        return [_short(_group(row, names), room), count]
    amount = words.amounts({row["uom"]: row["quantity"]}) if row["quantity"] else ""
    if kind == POOL:
        item, _, place = row["key"].partition("@")
        if told := placeless(item, place):
            return [_short(told, room)]
        return [
            _short(names.item(None, item), room),
            _short(keys.parts(place)[-1] if place else "", room),
        ]
    if kind in (SUPPLIER, CUSTOMER):
        return [_short(names.company(row["key"]), room)]
    if kind == LOT:
        return [_short(row["number"] or words.unknown(), room), _short(amount, room)]
    return [_short(row["number"] or row["key"], room)]


def _group(row: dict[str, Any], names: Names) -> str:
    """The name of what a group has in common."""
    what = row["id"].split(":", 3)[3]
    if what == "rest":
        return text("screen.group.rest")
    if what == ALL:
        return text(f"screen.nodes.{row['kind']}")
    if what.startswith("O:"):
        return str(keys.parts(what[2:])[-1])
    if row["kind"] in (SHIPMENT, CUSTOMER, SUPPLIER):
        return names.company(what)
    return names.companies.get(what) or names.item(what, what)


def _short(words_: str, room: int) -> str:
    return words_ if len(words_) <= room + 6 else words_[: room + 4] + "…"


def _edge(
    row: dict[str, Any],
    tiers: dict[str, str | None],
    lit: set[tuple[str, str]],
    *,
    labelled: bool,
) -> dict[str, Any]:
    pair = (row["source"], row["target"])
    classes = [row["basis"] or "inferred"]
    classes += ["lit"] if pair in lit else []
    classes += ["cut"] if tiers.get(pair[1]) == "excluded" else []
    shown = (labelled or pair in lit) and row["quantity"]
    amount = words.number(row["quantity"]) if shown else ""
    return {
        "data": {
            "id": "→".join(pair), "source": pair[0], "target": pair[1], "label": amount,
            "full": words.amounts({row["uom"]: row["quantity"]}) if row["quantity"] else "",
        },
        "classes": " ".join(classes),
    }  # fmt: skip


def _headings(
    nodes: pl.DataFrame, places: dict[str, tuple[float, float]], kinds: dict[str, str]
) -> list[dict[str, Any]]:
    """What each column mostly holds, above it."""
    if not places:
        return []
    top = min(y for _, y in places.values()) - ROW
    columns: dict[float, list[str]] = defaultdict(list)
    for node, (x, _) in places.items():
        columns[x].append(kinds[node])
    return [
        {
            "data": {"id": f"H:{x}", "label": text(f"screen.node.{_mostly(held)}"), "width": 80,
                     "height": 16},
            "position": {"x": x, "y": top}, "classes": "heading", "selectable": False,
        }
        for x, held in columns.items()
    ]  # fmt: skip


def _mostly(kinds: list[str]) -> str:
    return max(sorted(set(kinds)), key=kinds.count)
