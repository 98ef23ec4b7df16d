"""What lies in mixed stock: every lot of the item that was there, and what came unnumbered."""

from __future__ import annotations

import polars as pl

from graph_model.derived import links, orders
from graph_model.derived.pools import leftovers, theirs
from graph_model.derived.pools.events import (
    AT_PLACE,
    ENTRY,
    NO_OUTPUT,
    OUTSIDE,
    OWN,
    UNCLEAR,
    UNLOTTED,
    holder,
    shaped,
)
from graph_model.derived.pools.leaving import ARRIVALS
from graph_model.derived.records import Records
from graph_model.interval import MAX, MIN
from graph_model.keys import join_columns
from graph_model.schema import (
    Consumed,
    Inspection,
    Lot,
    Operation,
    Produced,
    Returned,
    Shipped,
    Stock,
)


def entries(
    records: Records, exits: pl.DataFrame, fits: pl.DataFrame, goods: pl.DataFrame
) -> pl.DataFrame:
    """Everything that lies in the pools of the items that something takes from or adds to."""
    unlotted = _unlotted_outputs(records, fits)
    needed = pl.concat([exits.select("item"), unlotted.select("item")]).unique()
    lots = _lots(records, needed)
    outside = exits.filter(pl.col("place") == OUTSIDE).select("item").unique()
    unposted = _unposted(records).join(exits.select("item"), on="item", how="semi")
    rests = leftovers.entries(records, exits, fits)
    found = pl.concat([lots, unlotted, unposted, rests, theirs.entries(goods)])
    found = found.join(needed, on="item", how="semi")
    # What a customer gives back can be all that was ever here: a count of ours proves nothing.
    gone = found.join(outside, on="item", how="semi").with_columns(place=pl.lit(OUTSIDE))
    return pl.concat([found, gone])


def _unlotted_outputs(records: Records, fits: pl.DataFrame) -> pl.DataFrame:
    """What operations gave without a lot; without an item it is the product of the order.

    Where the number is that of a lot of this item, it is this lot and no mixed stock.
    """
    rows = records.moves[Produced].filter(pl.col("lot").is_null())
    rows = rows.select(
        "operation", "item", "lot_no", "t0", "t1", "owner", place="to_place", rule=pl.lit(UNLOTTED)
    )
    bare = rows.filter(pl.col("item").is_null())
    if len(bare):
        made = records.orders.select("operation", "made")
        bare = bare.join(made, on="operation").with_columns(item="made").drop("made")
        bare = bare.join(fits.select("lot_no", "item"), on=["lot_no", "item"], how="anti")
        rows = pl.concat([rows.filter(pl.col("item").is_not_null()), bare.select(rows.columns)])
    rows = rows.drop_nulls("item")
    # What no exact pair of an order names may be of anything that its parts took.
    rest = orders.unpaired(records).filter(pl.col("lot").is_null()).select("operation").unique()
    also = rows.join(rest, on="operation", how="semi")
    rows = pl.concat([rows, also.with_columns(operation=orders.REST + pl.col("operation"))])
    whose = holder(pl.col("owner"), pl.col("item"), records.codes.companies)
    return shaped(rows.with_columns(holder=whose), ENTRY)


def _lots(records: Records, needed: pl.DataFrame) -> pl.DataFrame:
    """Lots of the needed items at each place where they arrived or were seen."""
    lots = records.lots.join(needed, on="item", how="semi")
    whose = holder(pl.col("owner"), pl.col("item"), records.codes.companies)
    lots = lots.select("item", "parent", lot="key", holder=whose).with_row_index("n")
    number = lots.select("lot", "n")
    arrivals = records.moves[Produced].select("lot", "t0", "t1", place="to_place")
    arrivals = arrivals.join(number, on="lot").drop("lot")
    born = arrivals.group_by("n").agg(pl.col("t0").min())
    seen = _seen(records, number).join(born, on="n", how="left")
    unseen = lots.filter(pl.col("holder").is_in([OWN, UNCLEAR]) & pl.col("parent").is_null())
    unseen = unseen.join(born, on="n", how="anti").join(seen, on="n", how="anti")
    somewhere = unseen.select(
        "n", place=pl.lit(None, pl.String), t0=pl.lit(MIN), t1=pl.lit(MAX), unclear=pl.lit(False)
    )
    arrivals = arrivals.with_columns(unclear=pl.lit(False))
    names = ["n", "place", "t0", "t1", "unclear"]
    rows = pl.concat([part.select(names) for part in (arrivals, seen, somewhere)])
    rows = rows.group_by("n", "place").agg(
        pl.col("t0").fill_null(MIN).min(), pl.col("t1").max(), pl.col("unclear").any()
    )
    rows = rows.with_columns(lots.select("lot", "item", "holder")[rows["n"]].get_columns())
    unclear = pl.when("unclear").then(pl.lit(UNCLEAR)).otherwise("holder")
    return shaped(rows.with_columns(holder=unclear), ENTRY, rule=AT_PLACE)


def _seen(records: Records, number: pl.DataFrame) -> pl.DataFrame:
    """n (of the lot), place, t1, unclear: where lots were taken, given back or on the books."""
    moves = records.moves
    names = ["n", "place", "t1", "unclear"]
    steps = records.facts[Operation].filter(pl.col("kind").is_in(list(ARRIVALS)))
    steps = steps.select(operation="key")
    # A receipt's own lot is what enters stock. Without one, the supplier's lot itself is here.
    given = moves[Produced].select("operation").unique()
    whole = steps.join(given, on="operation", how="semi")
    bare = steps.join(given, on="operation", how="anti")["operation"]
    used = moves[Consumed].select("operation", "lot", "t1", place="from_place")
    used = used.join(whole, on="operation", how="anti")
    used = used.with_columns(unclear=pl.col("operation").is_in(bare.implode()))
    counted = records.counts.filter(pl.col("lot").is_not_null() & pl.col("quantity").ne_missing(0))
    parts = [
        used,
        moves[Shipped].select("lot", "t1", place="from_place", unclear=pl.lit(False)),
        moves[Returned].select("lot", "t1", place="to_place", unclear=pl.lit(False)),
        records.facts[Stock].select("lot", place="site", t1="as_of", unclear=pl.lit(False)),
        counted.select("lot", "t1", place="site", unclear=pl.lit(False)),
        _inspected(records),
        _carried(records),
    ]
    rows = pl.concat([part.join(number, on="lot").select(names) for part in parts])
    return rows.group_by("n", "place").agg(
        pl.col("t1").fill_null(MAX).max(), pl.col("unclear").any()
    )


def _inspected(records: Records) -> pl.DataFrame:
    """lot, place, t1, unclear: a lot was where a sample of it was taken; from when on is open."""
    rows = records.facts[Inspection].drop_nulls(["lot", "place"])
    place = join_columns(pl.col("company"), pl.col("place"))
    return rows.select("lot", place=place, t1=pl.lit(MAX), unclear=pl.lit(False))


def _carried(records: Records) -> pl.DataFrame:
    """lot, place, t1, unclear: what was packed in a container is where the container came to."""
    held = links.held(records.facts)
    boxes = records.facts[Lot].filter(pl.col("kind") == "container")
    boxes = boxes.select("lot_no", container="key")
    came = records.moves[Produced].select("lot", "item", "lot_no", place="to_place")
    came = came.filter(pl.col("lot").is_null() & pl.col("item").is_null()).drop_nulls("place")
    rows = came.join(boxes, on="lot_no").select("container", "place").join(held, on="container")
    # When it was unpacked is not known for sure: it may be there from then on.
    return rows.select("lot", "place", t1=pl.lit(MAX), unclear=pl.lit(False))


def _unposted(records: Records) -> pl.DataFrame:
    """What orders made that no receipt tells of: goods of unknown origin may be it."""
    step = (pl.col("operation") == pl.col("order")) & pl.col("kind").ne_missing("scrap")
    whole = records.orders.filter(step & pl.col("made").is_not_null())
    steps = records.orders.select("operation", "order")
    told = records.moves[Produced].join(steps, on="operation").select(operation="order")
    whole = whole.join(told, on="operation", how="anti")
    began = records.moves[Consumed].group_by("operation").agg(pl.col("t0").min())
    rows = whole.join(began, on="operation").select("operation", "t0", item="made")
    return shaped(rows, ENTRY, holder=OWN, rule=NO_OUTPUT, t1=MAX)
