"""The chains of pools as derived lots, operations and movements."""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.derived.pools.chains import Chains
from graph_model.derived.pools.events import NO_ORIGIN, POOL
from graph_model.keys import MIXED

_FLOW = ["lot", "operation", "item", "t0", "t1", "rule"]


def of(chains: Chains, mixed: pl.DataFrame) -> derived.Derived:
    """Contents are lots, each change is an operation. `mixed`: what orders had of them."""
    contents = _named(chains.contents)
    keys, fills = contents["pool"], contents["fill"]
    entries = chains.entries.with_columns(pool=keys[chains.entries["content"]])
    entries = entries.with_columns(fill=fills[chains.entries["content"]])
    exits = chains.exits.with_columns(pool=keys[chains.exits["content"]])
    return derived.Derived.merge(
        _chain(contents),
        derived.of(
            consumed=entries.drop_nulls("lot").select(*_FLOW[:1], *_FLOW[2:], operation="fill"),
            produced=entries.drop_nulls("operation").select(*_FLOW[1:], lot="pool"),
        ),
        derived.of(
            consumed=exits.drop_nulls("operation").select(*_FLOW[1:], lot="pool"),
            shipped=exits.drop_nulls("shipment").select(
                "item", "t0", "t1", "rule", "shipment", lot="pool"
            ),
        ),
        _origins(exits.drop_nulls("orphan")),
        _held(exits, mixed),
    )


def _named(contents: pl.DataFrame) -> pl.DataFrame:
    """Adds `pool`, the key of each content, and `fill`, the change that made it."""
    number = (pl.col(name).cast(pl.String) for name in ("segment", "at"))
    contents = contents.with_columns(sublot=pl.concat_str("place", *number, separator="@"))
    escaped = pl.col("sublot").str.replace_all("/", "%2F", literal=True)
    contents = contents.with_columns(pool=pl.col("item") + f"/{MIXED}#" + escaped)
    return contents.with_columns(fill="~fill|" + pl.col("pool"))


def _chain(contents: pl.DataFrame) -> derived.Derived:
    """Each content out of its own change, into which the content before it went."""
    timeless = {name: pl.lit(None, pl.Int64) for name in ("t0", "t1")}
    flows = contents.with_columns(operation="fill", rule=pl.lit(POOL), **timeless)
    before = flows.with_columns(lot=contents["pool"].gather(contents["before"]))
    return derived.of(
        lots=_lots(contents.select("item", "sublot", key="pool")),
        operations=_steps(contents.select("place", key="fill"), POOL),
        consumed=before.drop_nulls("before").select(_FLOW),
        produced=flows.with_columns(lot="pool").select(_FLOW),
    )


def _origins(orphans: pl.DataFrame) -> derived.Derived:
    """Lots without origin, each out of the mixed stock that it may have been taken from."""
    flows = orphans.with_columns(operation="~origin|" + pl.col("orphan"))
    return derived.of(
        operations=_steps(flows.select("place", key="operation"), NO_ORIGIN),
        consumed=flows.with_columns(lot="pool").select(_FLOW),
        produced=flows.with_columns(lot="orphan").select(_FLOW),
    )


def _held(exits: pl.DataFrame, mixed: pl.DataFrame) -> derived.Derived:
    """What an order had of mixed stock, of which a rest may lie somewhere else."""
    flows = mixed.select("operation", "item", "lot", "site").join(
        exits.drop("place", "stated"), on=["operation", "item"]
    )
    flows = flows.with_columns(rule=pl.lit(POOL), held="lot", operation="lot")
    about = flows.select("item", "site", "held").unique("held", maintain_order=True)
    return derived.of(
        lots=_lots(about.select("item", key="held", sublot="held")),
        operations=_steps(about.select(place="site", key="held"), POOL),
        consumed=flows.with_columns(lot="pool").select(_FLOW),
        produced=flows.select(_FLOW),
    )


def _lots(rows: pl.DataFrame) -> pl.DataFrame:
    """Derived lots of mixed stock from `key`, `item`, `sublot`."""
    code = pl.col("item").str.split("/")
    return rows.with_columns(
        owner=code.list.first(),
        item_code=code.list.last(),
        lot_no=pl.lit(MIXED),
        kind=pl.lit("pool"),
        rule=pl.lit(POOL),
    )


def _steps(rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Derived operations from `key`, `place`."""
    return rows.select(
        "key",
        rule=pl.lit(rule),
        company=pl.lit("~"),
        kind=pl.lit("pool"),
        number="key",
        status=pl.lit("closed"),
        site="place",
    )
