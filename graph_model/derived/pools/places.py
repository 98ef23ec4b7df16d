"""Which pools a movement at a place belongs to, and what proves a place empty."""

from __future__ import annotations

import polars as pl

from graph_model.derived.pools import anywhere
from graph_model.derived.pools.events import ORDERLESS, OUTSIDE, OWN, UNCLEAR
from graph_model.derived.records import Records
from graph_model.interval import MAX, MIN
from graph_model.schema import Site

_DEEPEST = 16
"""Nesting of places that is followed; a cycle of parents ends here too."""


def tops(sites: pl.DataFrame) -> pl.DataFrame:
    """place, top: the outermost place below the plant, so that bins share a warehouse."""
    found = sites.select(place="key", at="key", up="parent")
    plants = sites.filter(pl.col("kind") == "plant")["key"]
    parents = sites.select(up="key", next="parent")
    for _ in range(_DEEPEST):
        climb = pl.col("up").is_not_null() & ~pl.col("up").is_in(plants.implode())
        moved = found.join(parents, on="up", how="left").with_columns(
            at=pl.when(climb).then("up").otherwise("at"), up=pl.when(climb).then("next")
        )
        found = moved.select("place", "at", "up")
        if found["up"].null_count() == len(found):
            break
    return found.select("place", top="at")


def around(sites: pl.DataFrame, top: pl.DataFrame) -> pl.DataFrame:
    """place, pool: pools inside a place. A record that names the plant means any place in it."""
    parents = sites.select("key", up="parent")
    inside = top.select(pool="top", key="top").unique()
    found = [pl.DataFrame(schema={"place": pl.String, "pool": pl.String})]
    for _ in range(_DEEPEST):
        inside = inside.join(parents, on="key").drop_nulls("up").select("pool", key="up")
        if inside.is_empty():
            break
        found.append(inside.select("pool", place="key").select("place", "pool"))
    return pl.concat(found).filter(pl.col("place") != pl.col("pool")).unique()


def emptied(records: Records, top: pl.DataFrame) -> pl.DataFrame:
    """Proofs that a pool was empty: item (null: of everything), place, c0, c1."""
    counts, cleanings = records.counts, records.cleanings
    zero = (pl.col("quantity") == 0) | pl.col("verified_empty").fill_null(False)
    posted = pl.col("status").fill_null("posted") == "posted"
    # Without an item only an empty mark or a tank's level speaks of everything at a place.
    sites = records.facts[Site]
    tanks = sites.filter(pl.col("kind") == "tank")["key"]
    all_gone = pl.col("verified_empty").fill_null(False) | pl.col("site").is_in(tanks.implode())
    told = pl.col("item").is_not_null() | all_gone.fill_null(False)
    found = counts.filter(zero & posted & told & pl.col("lot").is_null())
    # Goods under another code of the item may have been counted as that code.
    several = [*records.codes.items, *records.codes.items.values()]
    found = found.filter(~pl.col("item").is_in(several).fill_null(False))
    clear = cleanings.filter(
        pl.col("clearance").fill_null(False)
        & pl.col("verified").fill_null(False)
        & (pl.col("result") == "conforming")
    )
    proofs = pl.concat(
        [
            found.select("item", place="site", c0="t0", c1="t1"),
            clear.select(item=pl.lit(None, pl.String), place="site", c0="t0", c1="t1"),
        ]
    )
    bounded = (pl.col("c0") > MIN) & (pl.col("c1") < MAX)
    whole = top.filter(pl.col("place") == pl.col("top")).select("place")
    return proofs.filter(bounded).join(whole, on="place", how="semi")


def found(entries: pl.DataFrame, exits: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pools (item, holder, place), and where stock of each holder may be, as `reach`."""
    stock = pl.concat([entries.select("item", "holder"), exits.select("item", "holder")]).unique()
    pools = entries.select("item", "holder", "place").drop_nulls("place").unique()
    bare = stock.join(_reach(stock, pools), on=["item", "holder"], how="anti")
    theirs = ~pl.col("holder").is_in([OWN, UNCLEAR])
    place = pl.when(theirs).then(pl.lit("@") + pl.col("holder")).otherwise(pl.lit(""))
    pools = pl.concat([pools, bare.with_columns(place=place)])
    return pools, _reach(stock, pools)


def placed(
    entries: pl.DataFrame,
    exits: pl.DataFrame,
    pools: pl.DataFrame,
    reach: pl.DataFrame,
    inside: pl.DataFrame,
    broken: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Each event in every pool that it may be of (`number` tells the event), and the pools.

    `broken`: item, place of pools that were once empty.
    """
    came, left = (_at_places(events, pools, inside) for events in (entries, exits))
    entries, exits = anywhere.spread(came, left, reach, broken)
    # Goods that no place is recorded of, or no exact one, may come to this place at any time.
    entries = entries.with_columns(t1=pl.when("exact").then("t1").otherwise(MAX))
    return entries, exits, pl.concat([pools, anywhere.pools(entries)])


def at_top(events: pl.DataFrame, top: pl.DataFrame) -> pl.DataFrame:
    """Numbered events with open times and places filled in; `stated` is the place as recorded."""
    events = events.join(top, on="place", how="left", maintain_order="left")
    return events.with_columns(
        pl.col("t0").fill_null(MIN),
        pl.col("t1").fill_null(MAX),
        stated="place",
        place=pl.coalesce("top", "place"),
        number=pl.int_range(pl.len(), dtype=pl.Int64),
    ).drop("top")


def _reach(stock: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """item, holder, place: pools where stock of this holder may be; unclear may be anyone."""
    places = pools.filter(~pl.col("place").is_in([OUTSIDE, ORDERLESS]))
    unclear = places.filter(pl.col("holder") == UNCLEAR).drop("holder")
    anyone = stock.filter(pl.col("holder") == UNCLEAR)
    parts = [
        stock.join(places, on=["item", "holder"]),
        stock.join(unclear, on="item"),
        anyone.join(places.drop("holder"), on="item"),
    ]
    return pl.concat([part.select("item", "holder", "place") for part in parts]).unique()


def _at_places(
    events: pl.DataFrame, pools: pl.DataFrame, inside: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events at a place where something lay, in that pool and those inside it; and the others."""
    known = pools.select("item", "place").unique()
    fixed = events.join(known, on=["item", "place"], how="semi").with_columns(exact=pl.lit(True))
    within = events.join(inside, left_on="stated", right_on="place")
    within = within.with_columns(place="pool", exact=pl.lit(False)).select(fixed.columns)
    within = within.join(known, on=["item", "place"], how="semi")
    loose = events.join(known, on=["item", "place"], how="anti")
    loose = loose.join(within.select("number"), on="number", how="anti").drop("place")
    return pl.concat([fixed, within]), loose.with_columns(exact=pl.lit(False))
