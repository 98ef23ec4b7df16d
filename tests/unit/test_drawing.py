"""A drawing leaves nothing out: counts add up to all nodes, whatever is grouped or opened."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from queries import drawing
from queries.recall.scope import Scope
from tests.unit.scopes_case import demo_scope


@pytest.fixture(scope="module")
def scope() -> Scope:
    """The scope of a demo plant's incident."""
    return demo_scope(3)


def whole(scope: Scope, direction: str) -> drawing.Net:
    """The whole trace of the scope's roots."""
    return drawing.net(scope.lineage, scope.roots.match, direction)


@pytest.mark.parametrize("direction", drawing.DIRECTIONS)
@pytest.mark.parametrize("by", drawing.GROUPED_BY)
def test_groups_and_single_nodes_add_up_to_all(scope: Scope, direction: str, by: str) -> None:
    net = whole(scope, direction)
    found = drawing.drawn(net, by)
    assert found.total == len(net.nodes) == int(found.nodes["members"].sum())
    assert found.shown == len(found.nodes) <= drawing.LIMIT
    assert found.member.keys() == set(net.nodes["id"])
    assert set(found.member.values()) == set(found.nodes["id"])
    ends = {*found.edges["source"], *found.edges["target"]}
    assert ends <= set(found.nodes["id"])


def test_an_opened_group_shows_its_members(scope: Scope) -> None:
    net = whole(scope, "forward")
    closed = drawing.drawn(net)
    group = closed.nodes.filter("grouped").sort("members", descending=True).row(0, named=True)
    opened = drawing.drawn(net, opened=[group["id"]])
    assert opened.shown == closed.shown + group["members"] - 1
    assert group["id"] not in set(opened.nodes["id"])


def test_never_more_than_the_limit_and_nothing_is_lost(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = whole(scope, "both")
    monkeypatch.setattr(drawing, "COLUMN", 10_000)
    monkeypatch.setattr(drawing, "LIMIT", 60)
    found = drawing.drawn(net)
    assert found.shown <= 60 < found.total
    assert int(found.nodes["members"].sum()) == found.total
    assert net.roots <= set(found.nodes["id"])


def test_all_lots_of_the_reach_are_nodes(scope: Scope) -> None:
    net = whole(scope, "forward")
    reach = scope.lineage.forward(scope.roots.match)
    recorded = reach.lots[scope.lineage.recorded[reach.lots]]
    keys = set(scope.lineage.lots["key"][recorded])
    assert keys == set(net.nodes.filter(pl.col("kind") == drawing.LOT)["key"])


def test_edges_lead_to_the_right_but_within_loops(scope: Scope) -> None:
    net = whole(scope, "forward")
    layer = dict(net.nodes.select("id", "layer").iter_rows())
    back = [pair for pair in net.edges.select("source", "target").iter_rows()
            if layer[pair[0]] > layer[pair[1]]]  # fmt: skip
    assert not back


def test_every_held_lot_has_its_witness_on_edges_of_the_drawing(scope: Scope) -> None:
    roots = np.union1d(scope.roots.match, scope.roots.cannot_rule_out)
    net = drawing.net(scope.lineage, roots, "forward")
    edges = set(net.edges.select("source", "target").iter_rows())
    told = {lot: drawing.witness_of(scope, lot) for lot in scope.held[:60].tolist()}
    assert sum(bool(pairs) for pairs in told.values()) > len(told) / 2
    for lot, pairs in told.items():
        if not pairs:
            continue  # a suspect lot itself
        reached = {pair[1] for pair in pairs if pair in edges}
        assert f"L:{scope.lineage.lots['key'][lot]}" in reached


def test_a_lot_alone_is_drawn(scope: Scope) -> None:
    births = scope.lineage.births
    unused = births.with_row_index("n").filter(~pl.col("used") & ~pl.col("made"))["n"]
    lonely = np.array(unused.to_list()[:1] or [0], dtype=np.int64)
    found = drawing.drawn(drawing.net(scope.lineage, lonely, "backward"))
    assert found.total >= 1
