"""How suspect material spread: from its lots over what was made of it to customers, as amounts.

A grain of a suspect lot goes on in proportion to the recorded amounts: of a lot to what took of it,
of an operation to those of its outputs that the scope holds. Only recorded movements are drawn;
mixed stock has no amounts. The figures show spread; they never rank, cut or price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.linalg import spsolve

from graph_model.lineage import Index
from graph_model.quantity import DECIMALS
from graph_model.schema import Item
from queries.recall import places
from queries.recall.inference_passage import Numbers, weighed
from queries.recall.scope import CERTAIN, Scope
from queries.recall.totals import incomplete

ROOT, RECEIVED, ITEM, CUSTOMER, STOCK, LOSS = (
    "root", "received", "item", "customer", "stock", "loss",
)  # fmt: skip
_LEAK = 1e-12
"""Keeps a loop of rework that nothing leaves solvable."""


@dataclass(frozen=True)
class Spread:
    """Where the material of the roots went.

    `links`: from_kind, from_name, from_column, to_kind, to_name, to_column, amount, tier (certain
    or possible). A name is the key of a lot or item, or the code of a customer. Columns run from 0
    (suspect lots) over 1 (the same item received), 2 (semi-finished), 3 (finished) to 4 (customers,
    stock, loss). `unit` is that of the roots; None where their amounts are not recorded: then each
    root counts 1. `assumed`: nodes where an unknown amount was taken as the mean of the others.
    `undrawn`: lots of the scope that only mixed stock or contact leads to.
    """

    links: pl.DataFrame
    unit: str | None
    total: float
    assumed: int
    undrawn: int


def spread(scope: Scope) -> Spread:
    """The spread of a scope's roots over recorded movements."""
    lineage, held = scope.lineage, scope.held
    base = len(lineage.lots)
    takes, gives, sinks = _takes(scope), _gives(scope), _sinks(scope)
    ends = sinks.select("kind", "name").unique().sort("kind", "name")
    size = base + len(lineage.operations)
    numbered = ends.with_columns(target=pl.int_range(pl.len(), dtype=pl.Int64) + size)
    sinks = sinks.join(numbered, on=["kind", "name"])
    ways = ["source", "target", "quantity", "uom"]
    links, assumed = weighed(pl.concat([takes, gives, sinks.select(ways)]))
    total = pl.col("weight").sum().over("source")
    links = links.with_columns(chance=pl.col("weight") / total).filter(pl.col("chance") > 0)
    links = links.group_by("source", "target").agg(pl.col("chance").sum())
    started, unit = _roots(scope)
    passing = _passing(links, started, size + len(ends))
    links = links.with_columns(amount=pl.col("chance") * passing[links["source"].to_numpy()])
    drawn = _drawn(links, base, size)
    about = _about(scope, drawn, size, numbered)
    reached = np.unique(links.filter(pl.col("target") < base)["target"].to_numpy())
    roots = np.flatnonzero(started)
    undrawn = len(np.setdiff1d(held, np.union1d(reached, roots)))
    return Spread(about, unit, float(started.sum()), assumed, undrawn)


def _takes(scope: Scope) -> pl.DataFrame:
    """What operations took of the lots that the scope holds."""
    lineage = scope.lineage
    rows = lineage.consumed[lineage.uses.at(scope.held)].filter(pl.col("rule").is_null())
    return rows.select(
        pl.col("lot").cast(pl.Int64).alias("source"),
        (pl.col("op").cast(pl.Int64) + len(lineage.lots)).alias("target"),
        "quantity", "uom",
    )  # fmt: skip


def _gives(scope: Scope) -> pl.DataFrame:
    """What the operations of the scope gave, as far as the scope holds it."""
    lineage = scope.lineage
    rows = lineage.produced[lineage.origins.at(scope.held)].filter(pl.col("rule").is_null())
    return rows.select(
        (pl.col("op").cast(pl.Int64) + len(lineage.lots)).alias("source"),
        pl.col("lot").cast(pl.Int64).alias("target"),
        "quantity", "uom",
    )  # fmt: skip


def _sinks(scope: Scope) -> pl.DataFrame:
    """source, kind, name, quantity, uom: customers, stock and loss of the lots."""
    lineage, held = scope.lineage, scope.held
    found = places.holdings(lineage)
    at = pl.col("place")
    kind = (
        pl.when(at.is_in([places.SHIPPED, places.IN_TRANSIT])).then(pl.lit(CUSTOMER))
        .when(at == places.SCRAPPED).then(pl.lit(LOSS))
        .when(at.is_in([places.ON_HAND, places.RETURNED])).then(pl.lit(STOCK))
    )  # fmt: skip
    rows = found.located[found.rows(held)].with_columns(kind=kind).drop_nulls("kind")
    rows = rows.filter(pl.col("quantity") > 0)
    units = found.amounts["uom"][rows["lot"]]
    return rows.select(
        "kind", "quantity", source="lot", uom=units,
        name=pl.when(pl.col("kind") == CUSTOMER).then("at").otherwise(pl.lit("")),
    )  # fmt: skip


def _roots(scope: Scope) -> tuple[Numbers, str | None]:
    """How much of each node starts suspect, and in what unit."""
    started = np.zeros(len(scope.lineage.lots) + len(scope.lineage.operations))
    roots = np.union1d(scope.roots.match, scope.roots.cannot_rule_out)
    roots = np.intersect1d(roots, scope.held)
    known = places.holdings(scope.lineage).amounts[roots]
    units = known.filter(pl.col("quantity").is_not_null())["uom"].unique()
    if len(units) == 1 and not known["quantity"].has_nulls():
        started[roots] = known["quantity"].to_numpy()
        return started, units.item()
    started[roots] = 1.0
    return started, None


def _passing(links: pl.DataFrame, started: Numbers, size: int) -> Numbers:
    """How much root material passes each node: what starts there and what comes in."""
    ends = links["target"].to_numpy(), links["source"].to_numpy()
    move = sparse.csr_array((links["chance"].to_numpy(), ends), shape=(size, size))
    begin = np.zeros(size)
    begin[: len(started)] = started
    used: Index = np.unique(np.concatenate([*ends, np.flatnonzero(begin)]))
    inner = sparse.eye_array(len(used)) - (1 - _LEAK) * move[used][:, used]
    passing = np.zeros(size)
    passing[used] = spsolve(inner.tocsc(), begin[used])
    return passing


def _drawn(links: pl.DataFrame, base: int, size: int) -> pl.DataFrame:
    """source lot, target (lot or sink), amount: operations are passed through."""
    takes = links.filter((pl.col("source") < base) & (pl.col("target") < size))
    gives = links.filter(pl.col("source") >= base).select("target", step="source", share="chance")
    made = takes.select("source", "amount", step="target").join(gives, on="step")
    made = made.select("source", "target", amount=pl.col("amount") * pl.col("share"))
    ends = links.filter(pl.col("target") >= size).select("source", "target", "amount")
    return pl.concat([made, ends])


def _about(scope: Scope, drawn: pl.DataFrame, size: int, ends: pl.DataFrame) -> pl.DataFrame:
    """The links between what is drawn, added up."""
    groups = _groups(scope)
    tiers = scope.lots.select(lot="lot", certain=pl.col("tier") == CERTAIN)
    sinks = ends.select(node="target", kind="kind", name="name", column=pl.lit(4, dtype=pl.Int64))
    nodes = pl.concat([groups, sinks])
    of_lot = pl.when(pl.col("target") < size).then("target").otherwise("source")
    rows = drawn.with_columns(lot=of_lot).join(tiers, on="lot", how="left")
    for side, end in (("from", "source"), ("to", "target")):
        named = {"kind": f"{side}_kind", "name": f"{side}_name", "column": f"{side}_column"}
        rows = rows.join(nodes.rename(named), left_on=end, right_on="node")
    # Rework back into an earlier stage would turn the drawing round; the amounts pass on anyway.
    onward = pl.col("to_column") >= pl.col("from_column")
    same = (pl.col("from_kind") == pl.col("to_kind")) & (pl.col("from_name") == pl.col("to_name"))
    keys = ["from_kind", "from_name", "from_column", "to_kind", "to_name", "to_column"]
    tier = pl.when(pl.col("certain").fill_null(False)).then(pl.lit(CERTAIN))
    rows = rows.filter(onward & ~same).with_columns(tier=tier.otherwise(pl.lit("possible")))
    summed = rows.group_by(*keys, "tier").agg(pl.col("amount").sum())
    return summed.filter(pl.col("amount") > 0).sort(
        "from_column", "to_column", "from_name", "to_name", "tier"
    )


def _groups(scope: Scope) -> pl.DataFrame:
    """node, kind, name, column of each lot that the scope holds."""
    lineage, held = scope.lineage, scope.held
    roots = np.union1d(scope.roots.match, scope.roots.cannot_rule_out)
    types = scope.facts[Item].select("item_type", item="key").unique("item")
    about = lineage.lots.select("key", "item")[held].with_columns(
        node=pl.Series(held), root=pl.Series(np.isin(held, roots))
    )
    about = about.join(types, on="item", how="left", maintain_order="left")
    suspect = about.filter("root")["item"].drop_nulls().unique()
    same = pl.col("item").is_in(suspect.implode()).fill_null(False)
    shipped = np.isin(held, lineage.shipped["lot"].to_numpy())
    finished = (pl.col("item_type") == "finished").fill_null(pl.Series(shipped))
    kind = pl.when("root").then(pl.lit(ROOT)).when(same).then(pl.lit(RECEIVED))
    column = pl.when("root").then(0).when(same).then(1).when(finished).then(3).otherwise(2)
    return about.select(
        "node",
        kind=kind.otherwise(pl.lit(ITEM)),
        name=pl.when(pl.col("root") | same).then("key").otherwise(pl.coalesce("item", "key")),
        column=column.cast(pl.Int64),
    )


def to_dict(scope: Scope, found: Spread) -> dict[str, Any]:
    """The spread as JSON-ready data, with what it stands on."""
    return {
        "links": found.links.to_dicts(),
        "unit": found.unit,
        "total": round(found.total, DECIMALS),
        "assumed": found.assumed,
        "undrawn": found.undrawn,
        "complete": not incomplete(scope) and not (found.assumed or found.undrawn),
        "missing": [entry.to_dict() for entry in scope.missing],
        "as_of": scope.facts.batch,
        "head": f"{scope.facts.batch}:{scope.facts.head}",
    }
