"""Who has goods of a scope, and what is about to leave for whom."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model.derived import links
from graph_model.schema import Produced, Site
from queries.recall import places
from queries.recall.scope import CERTAIN, EXCLUDED, POSSIBLE, Scope
from queries.recall.words import moment


def leaving(scope: Scope) -> list[dict[str, Any]]:
    """Lots of the scope that are planned or picked, soonest first."""
    lines = places.shipped_lines(scope.lineage, scope.held)
    lines = lines.filter(pl.col("status").is_in(["planned", "picked"]).fill_null(False))
    keys = scope.lineage.lots["key"]
    return [
        {
            "lot": keys[row["lot"]],
            "tier": scope.tiers[row["lot"]],
            "quantity": row["quantity"],
            "document": row["delivery_no"],
            "when": moment(row["ship_earliest"]) if row["ship_earliest"] is not None else None,
        }
        for row in lines.sort("ship_earliest", "delivery_no", nulls_last=True).iter_rows(named=True)
    ]


def customers(scope: Scope) -> list[dict[str, Any]]:
    """Who received or holds lots of the scope: the best tier, lots, amount and documents.

    Nobody surely has a lot that only a draft, a proposal or a rule says they have.
    """
    lines = received(scope)
    certain = ((pl.col("tier") == CERTAIN) & ~pl.col("doubtful")).any()
    listed = pl.col("key").filter(pl.col("tier").is_not_null()).unique().sort()
    grouped = lines.group_by("customer").agg(
        tier=pl.when(certain).then(pl.lit(CERTAIN)).otherwise(pl.lit(POSSIBLE)),
        lots=listed,
        quantity=pl.col("quantity").sum(),
        shipments=pl.col("delivery_no").drop_nulls().unique().sort(),
    )
    return grouped.sort("customer").to_dicts()


def received(scope: Scope) -> pl.DataFrame:
    """Lines by which parties got goods of the scope: lot, key, tier, customer, quantity, uom, …

    `tier` is null where the line took from mixed stock, so that no lot is known.
    """
    lines = all_lines(scope).filter(
        ~pl.col("status").is_in(["planned", "picked"]).fill_null(False)
        & pl.col("customer").is_not_null()
    )
    tiers = scope.lots.select("lot", "tier")
    lines = pl.concat([lines, held_elsewhere(scope)], how="diagonal_relaxed")
    lines = lines.with_columns(
        pl.col("lot").cast(pl.Int64), key=scope.lineage.lots["key"][lines["lot"]]
    ).join(tiers, on="lot", how="left", maintain_order="left")
    # What only passes the hazard on is no reason to call back.
    return lines.filter(pl.col("tier").ne_missing(EXCLUDED))


def all_lines(scope: Scope) -> pl.DataFrame:
    """Shipment lines of the scope, also those that took from its mixed stock."""
    return places.shipped_lines(scope.lineage, scope.worlds.reached)


def held_elsewhere(scope: Scope) -> pl.DataFrame:
    """What came to another party: to its places (consignment, subcontractors, carriers), or to it.

    What came in a container is as sure as the packing, and what may lie in mixed stock there has
    no lot number: possible.
    """
    theirs = pl.col("holder").is_not_null() & pl.col("holder_kind").ne_missing("own")
    sites = scope.facts[Site].filter(theirs).select(to_place="key", customer="holder")
    lineage = scope.lineage
    columns = ["lot", "op", "to_place", "quantity", "uom", "doubtful", "rule", "doc_no"]
    rows = lineage.produced.select(columns)[lineage.origins.at(scope.held)]
    rows = rows.filter(pl.col("rule").is_null()).drop("rule")
    placed = rows.join(sites, on="to_place")
    owner, company = (
        frame["key"].str.split("/").list.first()
        for frame in (lineage.lots[rows["lot"]], lineage.operations[rows["op"]])
    )
    given = rows.with_columns(customer=lineage.lots["owner"][rows["lot"]]).filter(owner != company)
    given = given.filter(~pl.col("customer").is_in(["", "?"]))
    known = pl.concat([placed, given.select(placed.columns)]).drop("op", "to_place")
    known = known.unique(maintain_order=True).rename({"doc_no": "delivery_no"})
    unsure = [_in_containers(scope, sites), _in_mixed_stock(scope, sites)]
    return pl.concat([known, *unsure], how="diagonal_relaxed")


def _in_mixed_stock(scope: Scope, sites: pl.DataFrame) -> pl.DataFrame:
    """Mixed stock of the scope at places of other parties."""
    lineage = scope.lineage
    rows = lineage.produced.select("lot", "op")[lineage.origins.at(scope.mixed_stock)]
    rows = rows.with_columns(to_place=lineage.operations["site"][rows["op"]])
    rows = rows.join(sites, on="to_place").select("lot", "customer", doubtful=True)
    return rows.unique(maintain_order=True)


def _in_containers(scope: Scope, sites: pl.DataFrame) -> pl.DataFrame:
    """Lots of the scope in containers that came to another party."""
    facts, lineage = scope.facts, scope.lineage
    moves = facts[Produced].filter(pl.col("status").ne_missing("cancelled"))
    moves = moves.filter(pl.col("lot").is_null() | pl.col("item").is_null())
    company = pl.col("operation").str.split("/").list.first()
    given = moves.filter(pl.col("owner") != company).with_columns(customer="owner")
    placed = moves.join(sites, on="to_place").select(given.columns)
    names = ["lot", "item", "lot_no", "customer", "doc_no"]
    inside = links.unpacked(facts, pl.concat([given, placed]).select(names)).unique()
    number = lineage.number(inside["lot"].to_list())
    rows = inside.select("customer", delivery_no="doc_no", lot=pl.Series(number), doubtful=True)
    return rows.filter(pl.col("lot").is_in(scope.held))
