"""What takes from mixed stock: rows without a lot or with a guess, gaps, unknown origins."""

from __future__ import annotations

import polars as pl

from graph_model.derived import gaps, kin
from graph_model.derived.pools import theirs
from graph_model.derived.pools.events import (
    EXIT,
    NO_ORIGIN,
    OUTSIDE,
    OWN,
    PROPOSED,
    UNCLEAR,
    UNLOTTED,
    holder,
    shaped,
)
from graph_model.derived.records import Records
from graph_model.interval import MIN
from graph_model.schema import Consumed, Count, Operation, Produced, Shipped, Stock, Use

ARRIVALS = ("receive", "opening", "return")
"""Operations whose input was not in our stock: it came from a supplier, a customer, or the past."""


def exits(records: Records, fits: pl.DataFrame, goods: pl.DataFrame) -> pl.DataFrame:
    """Everything that takes from mixed stock.

    `fits`: lots that a number without item can be; `goods`: what others hold of ours.
    """
    unlotted = _open(records)
    named = unlotted.filter(pl.col("item").is_not_null())
    parts = [
        shaped(named, EXIT),
        shaped(_nameless(records, unlotted.filter(pl.col("item").is_null()), fits), EXIT),
        _other_heels(records),
        _short(records),
        _orphans(records, fits, goods),
    ]
    found = pl.concat(parts)
    made = theirs.processed(records, goods, ends(records))
    return pl.concat([found, theirs.also(found, goods), made])


def _open(records: Records) -> pl.DataFrame:
    """Movements that name no lot, or one that is a guess."""
    operations = records.facts[Operation]
    parts = []
    for kind, end in ((Consumed, "operation"), (Shipped, "shipment")):
        frame = records.moves[kind]
        rows = frame.filter(pl.col("lot").is_null() | pl.col("proposed"))
        rule = pl.when("proposed").then(pl.lit(PROPOSED)).otherwise(pl.lit(UNLOTTED))
        owner = holder(pl.col("owner"), pl.col("item"), records.codes.companies)
        rows = rows.select(
            "item", "lot", "lot_no", "t0", "t1", end, place="from_place", rule=rule, holder=owner
        )
        if kind is Consumed:
            kinds = operations.select(operation="key", _kind="kind")
            rows = rows.join(kinds, on="operation", how="left", maintain_order="left")
            rows = rows.filter(~pl.col("_kind").is_in(["receive", "opening"]).fill_null(False))
            back = pl.col("_kind") == "return"
            rows = rows.with_columns(
                place=pl.when(back).then(pl.lit(OUTSIDE)).otherwise("place"),
                holder=pl.when(back).then(pl.lit(OWN)).otherwise("holder"),
            ).drop("_kind")
        parts.append(rows)
    return pl.concat(parts, how="diagonal")


def _other_heels(records: Records) -> pl.DataFrame:
    """What other items left in a tank goes into its next contents too; a tank unnamed is any."""
    fills = records.facts[Operation].filter(pl.col("kind") == "fill").select(operation="key")
    rows = records.moves[Consumed].join(fills, on="operation", how="semi")
    heels = rows.filter(pl.col("lot").is_null() & pl.col("lot_no").is_null())
    heels = heels.select("operation", "t0", "t1", own="item", place="from_place")
    held = records.moves[Produced].join(fills, on="operation", how="semi")
    held = held.select("item", place="to_place").drop_nulls("item").unique()
    nowhere = pl.col("place").is_null()
    somewhere = held.filter(nowhere).select("item")
    parts = [
        heels.join(held, on="place"),
        heels.filter(nowhere).join(held.select("item").unique(), how="cross"),
        heels.filter(~nowhere).join(somewhere, how="cross"),
    ]
    found = pl.concat(parts, how="diagonal").filter(pl.col("item").ne_missing(pl.col("own")))
    return shaped(found, EXIT, rule=UNLOTTED, holder=OWN)


def _nameless(records: Records, rows: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
    """A consumption without item: of every item that the order's product is made from.

    Where the number is that of a lot of such an item, it is this lot and no mixed stock.
    """
    rows = rows.filter(pl.col("operation").is_not_null()).drop("item")
    if rows.is_empty():
        return rows
    made = records.orders.select("operation", product="made")
    usual = gaps.usual_inputs(records.facts, records.moves[Consumed], records.codes)
    found = rows.join(made, on="operation").join(usual, on="product")
    known = fits.select("lot_no", "item").unique()
    told = found.join(known, on=["lot_no", "item"], how="semi").select("operation", "lot_no")
    return found.join(told.unique(), on=["operation", "lot_no"], how="anti")


def _short(records: Records) -> pl.DataFrame:
    """Orders that used less than their recipe needs, until their last output was finished."""
    under = records.gaps.under
    if under.is_empty():
        return shaped(under, EXIT)
    return shaped(under.join(ends(records), on="operation", how="left"), EXIT, t0=MIN, holder=OWN)


def ends(records: Records) -> pl.DataFrame:
    """operation (a whole order), t1: when its last output was finished; none if it has none."""
    made = records.moves[Produced].select("operation", "t1")
    orders = records.orders.filter(pl.col("operation") != pl.col("order"))
    if len(orders):
        parts = made.join(orders.select("operation", "order"), on="operation")
        made = pl.concat([made, parts.select("t1", operation="order").select("operation", "t1")])
    return made.group_by("operation").agg(pl.col("t1").max())


def _orphans(records: Records, fits: pl.DataFrame, goods: pl.DataFrame) -> pl.DataFrame:
    """Lots without origin, of items whose lots otherwise have one: taken from mixed stock.

    Where no lot of an item has an origin the origin is not recorded at all; that is a gap of the
    data (`missing` says so), not a sign that these lots are the same material.
    """
    moves = records.moves
    # A mere move of a lot gives it no origin; an unlotted arrival is one its item has.
    moved = moves[Consumed].select("operation", "lot")
    arrived = moves[Produced].select("operation", "lot", "item")
    arrived = arrived.join(moved, on=["operation", "lot"], how="anti")
    made = arrived.select("lot").drop_nulls()
    usual = records.lots.filter(pl.col("kind").fill_null("material") != "container")
    bare = usual.select("item", "owner", lot="key").join(made, on="lot", how="anti")
    # A part has the origin of its lot, a lot that of its parts.
    come = kin.of(records.lots).join(made, left_on="other", right_on="lot", how="semi")
    bare = bare.join(come, on="lot", how="anti")
    # A lot that only heads its parts has no goods of its own.
    bare = bare.join(_headings(records), on="lot", how="anti")
    known = [arrived.select("item"), theirs.own_codes(goods).select(item="other")]
    bare = bare.join(pl.concat(known).drop_nulls().unique(), on="item", how="semi")
    bare = bare.join(_last_seen(records, fits, bare.select("lot")), on="lot", how="left")
    ours = holder(pl.col("owner"), pl.col("item"), records.codes.companies).is_in([OWN, UNCLEAR])
    bare = bare.filter(pl.col("here") | (pl.col("here").is_null() & ours))
    return shaped(bare.rename({"lot": "orphan"}), EXIT, t0=MIN, rule=NO_ORIGIN, holder=OWN)


def _headings(records: Records) -> pl.DataFrame:
    """lot: lots in parts of which no record names the lot itself."""
    parents = records.lots.select(lot="parent").drop_nulls().unique()
    named = [frame.select("lot") for frame in records.moves.values()]
    named += [records.facts[kind].select("lot") for kind in (Stock, Count, Use)]
    return parents.join(pl.concat(named).drop_nulls().unique(), on="lot", how="anti")


def _last_seen(records: Records, fits: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """lot, t1 (last moment it was taken), here: it was in our stock and its origin is asked for.

    Networks record who delivered to whom, not what lay where.
    """
    moves = records.moves
    usual = pl.col("posting_method").fill_null("") != "network"
    arrived = pl.col("kind").is_in(["receive", "opening"])
    steps = records.facts[Operation].filter(arrived).select(operation="key")
    used = moves[Consumed].join(lots, on="lot", how="semi")
    outside = used.join(steps, on="operation", how="semi").select("lot", here=pl.lit(False))
    used = used.join(steps, on="operation", how="anti").select("lot", "t1", here=usual)
    sent = moves[Shipped].join(lots, on="lot", how="semi").select("lot", "t1", here=usual)
    numbered = fits.join(lots, on="lot", how="semi").select("lot", "t1", here=pl.lit(True))
    seen = pl.concat([used, sent, numbered, outside.with_columns(t1=pl.lit(MIN))], how="diagonal")
    return seen.group_by("lot").agg(pl.col("t1").max(), pl.col("here").any())
