"""How much of a lot left inside a container: packing followed to where each container went.

A container that is packed into another goes where that one goes, until it is taken out again. What
cannot be told, because a container went on several times and a time is missing, has no amount; it
still goes everywhere its container went (`links.packed`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graph_model.derived.facts import Facts
from graph_model.schema import Consumed, Lot, Operation, Packed, Shipment, Shipped

_STAYS = (
    "receive", "opening", "transfer", "split", "pack", "unpack", "rename", "return", "count",
)  # fmt: skip
"""Operations after which a container is still there, or came from outside."""
_DEEPEST = 32
"""Containers in containers that are followed; one that holds itself ends here too."""
_DAY = 86_400_000_000
_INTO, _END, _OUT = "into", "end", "out"
_EVENT = ["container", "when", "act", "target"]


def packing(facts: Facts) -> pl.DataFrame:
    """Packing rows that were not cancelled."""
    rows = facts[Packed]
    return rows.filter(pl.col("status").ne_missing("cancelled"))


def amounts(facts: Facts, moves: Mapping[type, pl.DataFrame]) -> pl.DataFrame:
    """lot, end (operation or shipment), quantity, uom of what left in containers.

    `moves`: standing movements as recorded.
    """
    rows = packing(facts)
    rows = rows.select(
        "lot", "container", "quantity", "uom",
        out=pl.col("taken_out").fill_null(False),
        when=pl.coalesce("packed_at", "unpacked_at"),
    ).drop_nulls(["lot", "container"])  # fmt: skip
    boxes = pl.concat([rows.select(key="container"), _bare(facts)]).unique()
    inner = rows.join(boxes, left_on="lot", right_on="key", how="semi")
    events = pl.concat([_between(inner), _departures(facts, moves, boxes)])
    leaves = _named(facts, rows.join(inner.select("lot"), on="lot", how="anti"), inner)
    return _net(_followed(leaves, events))


def _bare(facts: Facts) -> pl.DataFrame:
    """key of containers: lots of this kind."""
    return facts[Lot].filter(pl.col("kind") == "container").select("key")


def _named(facts: Facts, leaves: pl.DataFrame, inner: pl.DataFrame) -> pl.DataFrame:
    """Packed goods; a bare number that no container has is the one lot that carries it."""
    lots = facts[Lot].select("key", "item_code", "lot_no")
    bare = inner.join(leaves.select(lot="container"), on="lot", how="anti")
    bare = bare.join(inner.select(lot="container"), on="lot", how="anti")
    bare = bare.join(lots.select("key", "lot_no"), left_on="lot", right_on="key")
    goods = lots.filter(pl.col("item_code") != "").select("lot_no", meant="key")
    goods = goods.filter(pl.len().over("lot_no") == 1)
    meant = bare.join(goods, on="lot_no").with_columns(lot="meant").select(leaves.columns)
    return pl.concat([leaves, meant])


def _between(inner: pl.DataFrame) -> pl.DataFrame:
    """Containers put into, and taken out of, other containers."""
    into = inner.filter(~pl.col("out")).select(
        "when", container="lot", act=pl.lit(_INTO), target="container"
    )
    out = inner.filter("out").select("container", "when", act=pl.lit(_OUT), target="lot")
    return pl.concat([into.select(_EVENT), out.select(_EVENT)])


def _departures(
    facts: Facts, moves: Mapping[type, pl.DataFrame], boxes: pl.DataFrame
) -> pl.DataFrame:
    """Shipments and operations that took containers, by key or by number without an item."""
    kinds = facts[Operation].select(operation="key", _kind="kind")
    used = moves[Consumed].join(kinds, on="operation", how="left", maintain_order="left")
    used = used.filter(~pl.col("_kind").is_in(_STAYS).fill_null(False))
    heads = facts[Shipment].select("ship_latest", shipment="key")
    sent = moves[Shipped].join(heads, on="shipment", how="left", maintain_order="left")
    names = ["lot", "item", "lot_no"]
    left = pl.concat(
        [
            used.select(*names, "latest", target="operation"),
            sent.select(*names, latest=pl.coalesce("latest", "ship_latest"), target="shipment"),
        ]
    )
    numbers = facts[Lot].filter(pl.col("kind") == "container").select("lot_no", key="key")
    keyed = left.join(boxes, left_on="lot", right_on="key", how="semi").with_columns(key="lot")
    nameless = left.filter(pl.col("lot").is_null() & pl.col("item").is_null())
    nameless = nameless.join(numbers, on="lot_no").select(keyed.columns)
    found = pl.concat([keyed, nameless]).select(
        "target", container="key", when="latest", act=pl.lit(_END)
    )
    return found.select(_EVENT).unique(maintain_order=True)


def _followed(leaves: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Leaf rows with the `end` that each left by; those that stayed or cannot be told left out."""
    state = leaves.with_row_index("row").with_columns(
        box="container", at="container", inner=pl.lit(None, pl.String), end=pl.lit(None, pl.String)
    )
    done = [state.clear()]
    while len(state) and len(done) < _DEEPEST:
        state = _next(state, events)
        done.append(state.filter(pl.col("end").is_not_null()))
        state = state.filter(pl.col("end").is_null())
    return pl.concat(done)


def _next(state: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Each row after the next thing that happened to the container it is in."""
    came = events.rename({"container": "at", "when": "then"})
    found = state.join(came, on="at")
    ours = pl.col("target").eq_missing(pl.col("inner")) | (pl.col("target") == pl.col("box"))
    found = found.filter((pl.col("act") != _OUT) | ours)
    slack = pl.when(pl.col("act") == _INTO).then(_DAY).otherwise(0)
    untold = (pl.col("when").is_null() | pl.col("then").is_null()).any().over("row")
    alone = pl.len().over("row") == 1
    later = pl.col("then") >= pl.col("when")
    some = later.any().over("row")
    near = pl.col("then") + slack >= pl.col("when")
    kept = pl.when(untold).then(alone).when(some).then(later).otherwise(alone & near)
    found = found.filter(kept.fill_null(False)).sort("row", "then", maintain_order=True)
    found = found.unique("row", keep="first", maintain_order=True)
    moved = pl.when(pl.col("act") == _INTO).then("at")
    return found.select(
        *(name for name in state.columns if name not in ("when", "at", "inner", "end")),
        when=pl.max_horizontal("when", "then"),
        at="target",
        inner=moved.when(pl.col("act") == _OUT).then("box"),
        end=pl.when(pl.col("act") == _END).then("target"),
    ).select(state.columns)


def _net(left: pl.DataFrame) -> pl.DataFrame:
    """Packed less taken out again before; unknown where a row does not say how much."""
    emptied = (pl.col("out") & pl.col("quantity").is_null()).any()
    untold = (~pl.col("out") & pl.col("quantity").is_null()).any()
    several = pl.col("uom").drop_nulls().n_unique() > 1
    signed = pl.when("out").then(-pl.col("quantity").abs()).otherwise("quantity")
    boxed = left.group_by("lot", "box", "end", maintain_order=True).agg(
        quantity=pl.when(emptied)
        .then(0.0)
        .when(~untold & ~several)
        .then(signed.sum().clip(lower_bound=0.0)),
        uom=pl.col("uom").drop_nulls().first(),
    )
    several = pl.col("uom").n_unique() > 1
    known = ~pl.col("quantity").is_null().any() & ~several
    return boxed.group_by("lot", "end", maintain_order=True).agg(
        quantity=pl.when(known).then(pl.col("quantity").sum()), uom=pl.col("uom").first()
    )
