"""Two numbers for one lot, as flows both ways; what is packed leaves with its container."""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.derived import contents, kin
from graph_model.derived.codes import Codes
from graph_model.derived.facts import Facts
from graph_model.events import EPCIS
from graph_model.keys import GS1
from graph_model.schema import Lot

RULE, PACKED = "same_lot", "packed"


def held(facts: Facts) -> pl.DataFrame:
    """container, lot: what was ever in a container, in others too, however deep.

    A packed number without an item is a container, or any lot that carries the number.
    """
    inside = contents.packing(facts).select("container", "lot").drop_nulls().unique()
    lots = facts[Lot].select("key", "item_code", "lot_no")
    bare = inside.join(lots.filter(pl.col("item_code") == ""), left_on="lot", right_on="key")
    named = lots.filter(pl.col("item_code") != "").select("lot_no", lot="key")
    meant = bare.drop("lot").join(named, on="lot_no").select("container", "lot")
    found = fresh = pl.concat([inside, meant]).unique()
    direct = found.select(lot="container", within="lot")
    while len(fresh):
        deeper = fresh.join(direct, on="lot").select("container", lot="within").unique()
        fresh = deeper.join(found, on=["container", "lot"], how="anti")
        found = pl.concat([found, fresh])
    return found.sort("container", "lot")


def unpacked(facts: Facts, moves: pl.DataFrame) -> pl.DataFrame:
    """Moves of containers (`lot`, or `lot_no` without item) as moves of all that was in them."""
    boxes = facts[Lot].filter(pl.col("kind") == "container").select("lot_no", container="key")
    bare = moves.filter(pl.col("lot").is_null() & pl.col("item").is_null())
    rows = pl.concat(
        [
            moves.join(boxes, left_on="lot", right_on="container", how="semi")
            .with_columns(container="lot"),
            bare.join(boxes, on="lot_no").select(*moves.columns, "container"),
        ]
    )  # fmt: skip
    goods = facts[Lot].filter(pl.col("item").is_not_null()).select("item", lot="key")
    rows = rows.drop("lot", "item").join(held(facts), on="container").join(goods, on="lot")
    return rows.select(moves.columns)


def spans(facts: Facts) -> pl.DataFrame:
    """container, lot, since, until: when goods were in containers that only events tell of.

    Containers that held other containers are left out: what was in these may have been there at
    other times.
    """
    rows = contents.packing(facts).drop_nulls(["lot", "container"])
    ours = pl.col("key").str.starts_with(EPCIS)
    nests = rows.join(rows.select(lot="container"), on="lot", how="semi").select("container")
    rows = rows.join(nests, on="container", how="anti")
    rows = rows.filter(ours.all().over("container", "lot"), ~pl.col("taken_out").fill_null(False))
    return rows.select("container", "lot", since="packed_at", until="unpacked_at")


def _then_inside(rows: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Rows (`t0`, `t1`, container, lot) without goods that were surely not in it at the time."""
    pair = ["container", "lot"]
    rows = rows.with_row_index("_at")
    both = rows.join(spans, on=pair)
    begun = pl.col("since").is_null() | (pl.col("since") <= pl.col("t1")).fill_null(True)
    there = pl.col("until").is_null() | (pl.col("until") >= pl.col("t0")).fill_null(True)
    inside = both.filter(begun & there).select("_at").unique()
    known = rows.join(spans.select(pair).unique(), on=pair, how="semi").select("_at")
    out = known.join(inside, on="_at", how="anti")
    return rows.join(out, on="_at", how="anti", maintain_order="left").drop("_at")


def packed(
    held: pl.DataFrame, spans: pl.DataFrame, left: pl.DataFrame, *moves: pl.DataFrame
) -> derived.Derived:
    """What is packed goes where its container goes. Packed together is not kinship.

    `spans`: when goods were in it, where that is known. `left`: how much of a lot left in a
    container (`contents.amounts`). Where a row of the same movement names the lot itself, it says
    how much.
    """
    end = "operation" if "operation" in moves[0].columns else "shipment"
    rows = pl.concat(frame.select(end, "t0", "t1", container="lot") for frame in moves)
    rows = _then_inside(rows.join(held, on="container"), spans).drop("container")
    told = pl.concat(
        frame.filter(pl.col("item").is_not_null()).select("lot", end) for frame in moves
    )
    left = left.rename({"end": end}).join(told, on=["lot", end], how="anti")
    rows = rows.join(left, on=["lot", end], how="left", maintain_order="left")
    rows = rows.with_columns(item=pl.lit(None, pl.String), rule=pl.lit(PACKED))
    return derived.of(**{"consumed" if end == "operation" else "shipped": rows})


def derive(
    lots: pl.DataFrame, aliases: pl.DataFrame, decisions: pl.DataFrame, codes: Codes
) -> derived.Derived:
    """A flow each way between the lots that are one."""
    pairs = pl.concat(
        [
            aliases.filter(pl.col("kind") == "lot").select(one="alias", other="target"),
            decisions.filter(pl.col("kind") == "same_lot").select(one="subject", other="target"),
            _renumbered(lots, codes),
            _of_gtins(lots, aliases),
            kin.pieces(lots).select(one="lot", other="other"),
        ]
    ).filter(pl.col("one") != pl.col("other"))
    if pairs.is_empty():
        return derived.empty()
    known = lots.select("key")
    pairs = pairs.join(known, left_on="one", right_on="key", how="semi")
    pairs = pairs.join(known, left_on="other", right_on="key", how="semi")
    both = pl.concat([pairs, pairs.select(one="other", other="one")]).unique().sort("one", "other")
    both = both.with_columns(
        operation=pl.concat_str([pl.lit("~same"), "one", "other"], separator="|"),
        rule=pl.lit(RULE),
        t0=pl.lit(None, pl.Int64),
        t1=pl.lit(None, pl.Int64),
        item=pl.lit(None, pl.String),
    )
    return derived.of(
        operations=both.select(
            "rule",
            key="operation",
            company=pl.lit("~"),
            kind=pl.lit("rename"),
            number="operation",
            status=pl.lit("closed"),
        ),
        consumed=both.with_columns(lot="one"),
        produced=both.with_columns(lot="other"),
    )


def _of_gtins(lots: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Lots under a GTIN and the same number under the item that the GTIN stands for.

    GTINs have no owner: whose lot it is follows from the item that an alias names.
    """
    items = aliases.filter(pl.col("kind") == "item")
    named = pl.concat(
        [items.select("alias", "target"), items.select(alias="target", target="alias")]
    )
    named = named.filter(pl.col("alias").str.starts_with(f"{GS1}/"))
    if named.is_empty():
        return pl.DataFrame(schema={"one": pl.String, "other": pl.String})
    number = ["owner", "item", "lot_no", "sublot"]
    theirs = lots.filter(pl.col("owner") == GS1, pl.col("lot_no") + pl.col("sublot") != "")
    theirs = theirs.join(named, left_on="item", right_on="alias")
    owner = pl.col("target").str.split("/").list.first()
    theirs = theirs.select("lot_no", "sublot", one="key", item="target", owner=owner)
    return theirs.join(lots.select(*number, other="key"), on=number).select("one", "other")


def _renumbered(lots: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Lots of one number under several codes of their item or owner, each with the first of them.

    The usual code need not have the lot itself: two other codes for one thing are one thing too.
    """
    if not codes.items and not codes.companies:
        return pl.DataFrame(schema={"one": pl.String, "other": pl.String})
    same = lots.select(
        "key", "lot_no", "sublot", owner=codes.company("owner"), item=codes.item()
    ).with_columns(first=pl.col("key").min().over("owner", "item", "lot_no", "sublot"))
    return same.select(one="first", other="key").filter(pl.col("one") != pl.col("other"))
