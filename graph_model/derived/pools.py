"""Mixed stock: what a place holds of an item when its lots cannot be told apart.

A pool is a chain of contents in time, like a tank: what comes in enters at its earliest moment,
what goes out leaves at its latest, and a zero count, an empty mark or a verified clearance breaks
the chain. A content is kept for each moment at which something left; contents between two such
moments could not be told apart by anything recorded. A pool exists only for items with a movement
that needs it. A movement without a known place belongs to every pool of its item.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from graph_model import derived
from graph_model.derived.gaps import OVER, Gaps
from graph_model.interval import MAX, MIN
from graph_model.schema import (
    Consumed,
    Lot,
    Operation,
    Produced,
    Returned,
    Shipped,
    Site,
    Stock,
)

UNLOTTED, PROPOSED, AMBIGUOUS, NO_ORIGIN = "unlotted", "proposed_lot", "ambiguous", "no_origin"
_EVENT = {"item": pl.String, "place": pl.String, "t0": pl.Int64, "t1": pl.Int64, "rule": pl.String}
_IN = _EVENT | {"lot": pl.String, "operation": pl.String}
_OUT = _EVENT | {"operation": pl.String, "shipment": pl.String, "orphan": pl.String}
_MOST_SEGMENTS = 40
"""Above so many segments a movement spans on average, breaks are not used: wider, never smaller."""


def derive(
    facts: Any,
    moves: dict[type, pl.DataFrame],
    gaps: Gaps,
    counts: pl.DataFrame,
    cleanings: pl.DataFrame,
) -> derived.Derived:
    """Pools of every item that needs one, and candidate lots of numbers that fit several."""
    lots = facts[Lot]
    candidates = _candidates(moves, lots)
    out = _outflows(facts, moves, gaps, candidates)
    unlotted = moves[Produced].filter(pl.col("lot").is_null()).select("item")
    needed = pl.concat([out.select("item"), unlotted]).drop_nulls().unique()
    if needed.is_empty():
        return candidates
    places = _warehouses(facts[Site])
    inn = _inflows(facts, moves, gaps, needed)
    inn, out = _placed(inn, places), _placed(out, places)
    breaks = _breaks(counts, cleanings, facts[Site])
    contents = _contents(*_fan_out(inn, out), breaks)
    return derived.Derived.merge(candidates, _flows(*contents))


def unresolved(moves: dict[type, pl.DataFrame]) -> pl.DataFrame:
    """Movements for which a pool or candidates stand in: kind, rule, item, operation, key."""
    parts = []
    for kind, end in ((Consumed, "operation"), (Produced, "operation"), (Shipped, "shipment")):
        frame = moves[kind]
        rule = (
            pl.when(pl.col("lot").is_null() & pl.col("lot_no").is_not_null())
            .then(pl.lit(AMBIGUOUS))
            .when(pl.col("lot").is_null())
            .then(pl.lit(UNLOTTED))
            .otherwise(pl.lit(PROPOSED))
        )
        parts.append(
            frame.filter(pl.col("lot").is_null() | pl.col("proposed")).select(
                "key", "item", end=pl.col(end), rule=rule, kind=pl.lit(kind.__name__)
            )
        )
    return pl.concat(parts)


def _candidates(moves: dict[type, pl.DataFrame], lots: pl.DataFrame) -> derived.Derived:
    """A number without an item may be any lot that carries it."""
    named = lots.filter(pl.col("lot_no") != "").select("lot_no", lot="key", found="item")

    def fitting(kind: type, end: str) -> pl.DataFrame:
        rows = moves[kind].filter(pl.col("lot").is_null() & pl.col("lot_no").is_not_null())
        return rows.join(named, on="lot_no", how="inner", suffix="_found").select(
            end, "t0", "t1", lot="lot_found", item="found", rule=pl.lit(AMBIGUOUS)
        )

    none = derived.empty()
    return derived.Derived(
        none.lots,
        none.operations,
        derived.movements(fitting(Consumed, "operation"), Consumed),
        derived.movements(fitting(Produced, "operation"), Produced),
        derived.movements(fitting(Shipped, "shipment"), Shipped),
    )


# ---------------------------------------------------------------------------- what leaves


def _outflows(
    facts: Any, moves: dict[type, pl.DataFrame], gaps: Gaps, candidates: derived.Derived
) -> pl.DataFrame:
    """Movements that take from mixed stock."""
    parts = []
    for kind, end in ((Consumed, "operation"), (Shipped, "shipment")):
        frame = moves[kind]
        named = candidates.consumed if kind is Consumed else candidates.shipped
        open_rows = frame.filter(pl.col("lot").is_null() | pl.col("proposed"))
        # A number that some lot carries is one of these lots; only the others are mixed stock.
        fits = pl.col("lot_no").is_in(
            facts[Lot].filter(pl.col("key").is_in(named["lot"].implode()))["lot_no"].implode()
        )
        open_rows = open_rows.filter(
            ~(pl.col("lot").is_null() & pl.col("item").is_null() & fits).fill_null(False)
        )
        rule = pl.when(pl.col("proposed")).then(pl.lit(PROPOSED)).otherwise(pl.lit(UNLOTTED))
        parts.append(
            _shaped(open_rows.select("item", "t0", "t1", end, place="from_place", rule=rule), _OUT)
        )
    parts.append(_without_item(parts, facts))
    ends = moves[Produced].group_by("operation").agg(pl.col("t1").max().alias("t1"))
    under = gaps.under.join(ends, on="operation", how="left")
    parts.append(_shaped(under.with_columns(t0=pl.lit(MIN, pl.Int64)), _OUT))
    parts.append(_orphans(facts, moves))
    return pl.concat(parts).filter(pl.col("item").is_not_null())


def _without_item(parts: list[pl.DataFrame], facts: Any) -> pl.DataFrame:
    """A consumption without item: of every item of that order's recipe."""
    from graph_model.schema import Component

    rows = pl.concat(parts).filter(pl.col("item").is_null() & pl.col("operation").is_not_null())
    made = facts[Operation].select(operation="key", parent="item")
    recipe = facts[Component].select("parent", "item").unique()
    found = rows.drop("item").join(made, on="operation").join(recipe, on="parent")
    return _shaped(found, _OUT)


def _orphans(facts: Any, moves: dict[type, pl.DataFrame]) -> pl.DataFrame:
    """Lots without origin, of items whose lots otherwise have one: taken from mixed stock.

    Where no lot of an item has an origin the origin is not recorded at all; that is a gap of the
    data (`missing` says so), not a sign that these lots are the same material.
    """
    usual = pl.col("posting_method").fill_null("") != "network"
    source_steps = facts[Operation].filter(pl.col("kind") == "receive").select("key")
    taken = pl.concat(
        [
            moves[Consumed]
            .join(source_steps, left_on="operation", right_on="key", how="anti")
            .filter(usual)
            .select("lot", "item", "t1"),
            moves[Shipped].filter(usual).select("lot", "item", "t1"),
        ]
    ).drop_nulls("lot")
    # A mere move of a lot gives it no origin; an unlotted arrival is one its item has.
    moved = moves[Consumed].select("operation", "lot").drop_nulls()
    arrived = moves[Produced].join(moved, on=["operation", "lot"], how="anti")
    made = arrived.select("lot", "item").drop_nulls("lot")
    last = taken.group_by("lot", maintain_order=True).agg(pl.col("t1").max())
    sublots = facts[Lot].filter(pl.col("parent").is_not_null()).select("key")
    orphans = (
        facts[Lot]
        .select(lot="key", item="item")
        .join(last, on="lot", how="inner")
        .join(made.select("lot").unique(), on="lot", how="anti")
        .join(sublots, left_on="lot", right_on="key", how="anti")
        .join(arrived.select("item").drop_nulls().unique(), on="item", how="semi")
    )
    return _shaped(
        orphans.with_columns(orphan="lot", t0=pl.lit(MIN, pl.Int64), rule=pl.lit(NO_ORIGIN)),
        _OUT,
    )


# ---------------------------------------------------------------------------- what comes in


def _inflows(
    facts: Any, moves: dict[type, pl.DataFrame], gaps: Gaps, needed: pl.DataFrame
) -> pl.DataFrame:
    """Every lot of the needed items, where and when it was, and unlotted arrivals."""
    of_item: dict[type, pl.DataFrame] = {
        kind: moves[kind].join(needed, on="item", how="semi")
        for kind in (Consumed, Produced, Returned, Shipped)
    }
    lotted = pl.col("lot").is_not_null()
    made = of_item[Produced]
    arrivals = made.filter(lotted).select("lot", "item", "t0", "t1", place="to_place")
    born = arrivals.group_by("lot").agg(pl.col("t0").min().alias("born"))
    seen = pl.concat(
        [
            of_item[kind].filter(lotted).select("lot", "item", "t1", place="from_place")
            for kind in (Consumed, Shipped)
        ]
        + [of_item[Returned].filter(lotted).select("lot", "item", "t1", place="to_place")]
        + [
            facts[Stock]
            .filter(lotted)
            .join(needed, on="item", how="semi")
            .select("lot", "item", t1="as_of", place="site")
        ]
    )
    seen = seen.group_by("lot", "item", "place", maintain_order=True).agg(pl.col("t1").max())
    seen = seen.join(born, on="lot", how="left").with_columns(t0=pl.col("born"))
    unlotted = made.filter(pl.col("lot").is_null()).select(
        "item", "t0", "t1", "operation", place="to_place", rule=pl.lit(UNLOTTED)
    )
    rest = pl.lit("at_place")
    parts = [
        _shaped(arrivals.with_columns(rule=rest), _IN),
        _shaped(seen.with_columns(rule=rest), _IN),
        _shaped(unlotted, _IN),
        _shaped(_left_at_line(facts, of_item, gaps), _IN),
        _shaped(_given_back(facts, of_item), _IN),
    ]
    return pl.concat(parts)


def _left_at_line(facts: Any, of_item: dict[type, pl.DataFrame], gaps: Gaps) -> pl.DataFrame:
    orders = facts[Operation].select("key", "site", order=pl.coalesce("order", "key"))
    rows = of_item[Consumed].filter(pl.col("lot").is_not_null())
    rows = rows.join(orders, left_on="operation", right_on="key", how="left")
    over = gaps.over.select(order="operation", item="item")
    return rows.join(over, on=["order", "item"], how="semi").select(
        "lot", "item", "t0", t1=pl.lit(MAX, pl.Int64), place="site", rule=pl.lit(OVER)
    )


def _given_back(facts: Any, of_item: dict[type, pl.DataFrame]) -> pl.DataFrame:
    """Material returned without a lot: any lot of the item that the order had."""
    back = of_item[Returned].filter(pl.col("lot").is_null())
    orders = facts[Operation].select(operation="key", order=pl.coalesce("order", "key"))
    had = of_item[Consumed].filter(pl.col("lot").is_not_null())
    had = had.join(orders, on="operation").select("order", "item", "lot").unique()
    return (
        back.join(orders, on="operation")
        .select("order", "item", "t0", "t1", place="to_place", rule=pl.lit(UNLOTTED))
        .join(had, on=["order", "item"], how="inner")
        .drop("order")
    )


# ---------------------------------------------------------------------------- places and breaks


def _warehouses(sites: pl.DataFrame) -> pl.DataFrame:
    """place -> pool place: the outermost place below the plant, so that bins share a warehouse."""
    top = sites.select(place="key", at="key", up="parent")
    plants = sites.filter(pl.col("kind") == "plant")["key"]
    parents = sites.select(up="key", next="parent")
    for _ in range(16):  # nesting of places; a cycle of parents ends here too
        climb = pl.col("up").is_not_null() & ~pl.col("up").is_in(plants.implode())
        moved = top.join(parents, on="up", how="left").with_columns(
            at=pl.when(climb).then("up").otherwise("at"), up=pl.when(climb).then("next")
        )
        top = moved.select("place", "at", "up")
        if top["up"].null_count() == len(top):
            break
    return top.select("place", pool="at")


def _placed(events: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    placed = events.join(places, on="place", how="left", maintain_order="left")
    return placed.with_columns(
        place=pl.coalesce("pool", "place"),
        t0=pl.col("t0").fill_null(MIN),
        t1=pl.col("t1").fill_null(MAX),
    ).drop("pool")


def _fan_out(inn: pl.DataFrame, out: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events without a place, or at a place where nothing arrived, join every pool of the item."""
    pools = inn.filter(pl.col("place").is_not_null()).select("item", "place").unique()
    bare = (
        pl.concat([inn.select("item"), out.select("item")])
        .unique()
        .join(pools, on="item", how="anti")
        .with_columns(place=pl.lit(""))
    )
    pools = pl.concat([pools, bare]).sort("item", "place")

    def spread(events: pl.DataFrame) -> pl.DataFrame:
        fixed = events.join(pools, on=["item", "place"], how="semi")
        loose = events.join(pools, on=["item", "place"], how="anti").drop("place")
        return pl.concat([fixed, loose.join(pools, on="item", how="inner").select(fixed.columns)])

    return spread(inn), spread(out)


def _breaks(counts: pl.DataFrame, cleanings: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Proofs that a pool was empty: item (null: all), place, c0, c1."""
    tops = _warehouses(sites).filter(pl.col("place") == pl.col("pool")).select("place")
    zero = (pl.col("quantity") == 0) | pl.col("verified_empty").fill_null(False)
    posted = pl.col("status").fill_null("posted") == "posted"
    # Without an item only an empty mark or a tank's level speaks of everything at a place.
    tanks = sites.filter(pl.col("kind") == "tank")["key"]
    all_gone = pl.col("verified_empty").fill_null(False) | pl.col("site").is_in(tanks.implode())
    told = pl.col("item").is_not_null() | all_gone.fill_null(False)
    found = counts.filter(zero & posted & told & pl.col("lot").is_null())
    clear = cleanings.filter(
        pl.col("clearance").fill_null(False)
        & pl.col("verified").fill_null(False)
        & (pl.col("result") == "conforming")
    )
    ends = pl.concat(
        [
            found.select("item", place="site", c0="t0", c1="t1"),
            clear.select(item=pl.lit(None, pl.String), place="site", c0="t0", c1="t1"),
        ]
    )
    bounded = (pl.col("c0") > MIN) & (pl.col("c1") < MAX)
    return ends.filter(bounded).join(tops, on="place", how="semi")


# ---------------------------------------------------------------------------- the chains


def _contents(
    inn: pl.DataFrame, out: pl.DataFrame, breaks: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Entries, exits and contents; segment and moment (`at`) name the content of each."""
    pools = pl.concat([inn.select("item", "place"), out.select("item", "place")]).unique()
    ends = pl.concat(
        [
            breaks.filter(pl.col("item").is_not_null()).join(
                pools, on=["item", "place"], how="semi"
            ),
            breaks.filter(pl.col("item").is_null())
            .drop("item")
            .join(pools, on="place", how="inner")
            .select("item", "place", "c0", "c1"),
        ]
    ).sort("item", "place", "c1")
    inn, out = _segmented(inn, ends, entry=True), _segmented(out, ends, entry=False)
    group = ["item", "place", "segment"]
    # What came in without a lot and was not taken since still lies there.
    lying = inn.filter(pl.col("operation").is_not_null()).select(*group, at=pl.lit(MAX, pl.Int64))
    moments = pl.concat([out.select(*group, at="when"), lying]).unique().sort(*group, "at")
    entries = inn.sort("when").join_asof(
        moments.sort("at"),
        left_on="when",
        right_on="at",
        by=group,
        strategy="forward",
        check_sortedness=False,
    )
    exits = out.with_columns(at="when")
    return entries.filter(pl.col("at").is_not_null()), exits, moments


def _segmented(events: pl.DataFrame, ends: pl.DataFrame, *, entry: bool) -> pl.DataFrame:
    """One row per segment the event may lie in, with `when` it enters or leaves there."""
    if ends.is_empty():
        return events.with_columns(
            segment=pl.lit(0, pl.Int64), when=pl.col("t0") if entry else pl.col("t1")
        )
    marks = {
        key: (frame["c0"].to_numpy(), frame["c1"].to_numpy())
        for key, frame in ends.partition_by("item", "place", as_dict=True).items()
    }
    parts = []
    for key, frame in events.partition_by("item", "place", as_dict=True).items():
        c0, c1 = marks.get(key, (np.empty(0, np.int64), np.empty(0, np.int64)))
        parts.append(_in_segments(frame, np.sort(c0), c1, entry=entry))
    return (
        pl.concat(parts)
        if parts
        else events.with_columns(segment=pl.lit(0, pl.Int64), when=pl.col("t0"))
    )


def _in_segments(
    frame: pl.DataFrame, c0: np.ndarray, c1: np.ndarray, *, entry: bool
) -> pl.DataFrame:
    t0, t1 = frame["t0"].to_numpy(), frame["t1"].to_numpy()
    low = np.searchsorted(c1, t0, side="left")
    high = np.maximum(np.searchsorted(c0, t1, side="right"), low)
    spans = high - low + 1
    if len(frame) and spans.mean() > _MOST_SEGMENTS:
        low, high, spans = np.zeros_like(low), np.zeros_like(low), np.ones_like(low)
        c0 = c0[:0]
    row = np.repeat(np.arange(len(frame)), spans)
    segment = np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans, spans) + low[row]
    starts = np.concatenate([[MIN], c0])[segment] if len(c0) else np.full(len(row), MIN)
    ends = np.concatenate([c1, [MAX]])[segment] if len(c0) else np.full(len(row), MAX)
    when = np.maximum(t0[row], starts) if entry else np.minimum(t1[row], ends)
    return frame[row].with_columns(
        segment=pl.Series(segment, dtype=pl.Int64), when=pl.Series(when, dtype=pl.Int64)
    )


def _flows(entries: pl.DataFrame, exits: pl.DataFrame, moments: pl.DataFrame) -> derived.Derived:
    """Lots, fills and movements of the chains."""
    name = pl.concat_str(
        [pl.col("place"), pl.col("segment").cast(pl.String), pl.col("at").cast(pl.String)],
        separator="@",
    )
    content = pl.col("item") + "/~pool#" + name.str.replace_all("/", "%2F", literal=True)
    entries, exits = entries.with_columns(pool=content), exits.with_columns(pool=content)
    fill = "~fill|" + pl.col("pool")
    group = ["item", "place", "segment"]
    chain = moments.with_columns(pool=content)
    chain = chain.with_columns(before=pl.col("pool").shift(1).over(group))
    lots = chain.with_columns(
        owner=pl.col("item").str.split("/").list.first(),
        item_code=pl.col("item").str.split("/").list.last(),
    )
    carried = chain.filter(pl.col("before").is_not_null())
    timed = {"t0": pl.lit(None, pl.Int64), "t1": pl.lit(None, pl.Int64), "rule": pl.lit("pool")}
    from_lots = entries.filter(pl.col("lot").is_not_null())
    from_steps = entries.filter(pl.col("operation").is_not_null())
    orphans = exits.filter(pl.col("orphan").is_not_null())
    origin = "~origin|" + pl.col("orphan")
    into = pl.concat(
        [
            from_lots.select("lot", "item", "t0", "t1", "rule", operation=fill),
            carried.select("item", lot="before", operation=fill, **timed).select(
                "lot", "item", "t0", "t1", "rule", "operation"
            ),
            exits.filter(pl.col("operation").is_not_null())
            .select("item", "t0", "t1", "rule", "operation", lot="pool")
            .select("lot", "item", "t0", "t1", "rule", "operation"),
            orphans.select("item", "t0", "t1", "rule", lot="pool", operation=origin).select(
                "lot", "item", "t0", "t1", "rule", "operation"
            ),
        ]
    )
    outof = pl.concat(
        [
            chain.select("item", lot="pool", operation=fill, **timed).select(
                "lot", "item", "t0", "t1", "rule", "operation"
            ),
            from_steps.select("item", "t0", "t1", "rule", "operation", lot="pool").select(
                "lot", "item", "t0", "t1", "rule", "operation"
            ),
            orphans.select("item", "t0", "t1", "rule", lot="orphan", operation=origin).select(
                "lot", "item", "t0", "t1", "rule", "operation"
            ),
        ]
    )
    steps = pl.concat(
        [
            chain.select("item", "place", key=fill, rule=pl.lit("pool")),
            orphans.select("item", "place", "rule", key=origin).select(
                "item", "place", "key", "rule"
            ),
        ]
    )
    return derived.Derived(
        lots=derived.lots(
            lots.select(
                "owner",
                "item_code",
                "item",
                key="pool",
                lot_no=pl.lit("~pool"),
                sublot=pl.concat_str("place", "segment", pl.col("at"), separator="@"),
                kind=pl.lit("pool"),
                rule=pl.lit("pool"),
            )
        ),
        operations=derived.operations(
            steps.select(
                "key",
                "rule",
                company=pl.lit("~"),
                kind=pl.lit("pool"),
                number="key",
                status=pl.lit("closed"),
                site="place",
            )
        ),
        consumed=derived.movements(into, Consumed),
        produced=derived.movements(outof, Produced),
        shipped=derived.movements(
            exits.filter(pl.col("shipment").is_not_null()).select(
                "item", "t0", "t1", "rule", "shipment", lot="pool"
            ),
            Shipped,
        ),
    )


def _shaped(frame: pl.DataFrame, schema: dict[str, Any]) -> pl.DataFrame:
    if frame.is_empty():
        return pl.DataFrame(schema=schema)
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )
