"""What events mean together: errors that were declared, receipts, and what is in a container.

An event is a statement of its own, and its facts have keys of their own; which of them stand is
told only by all events together, whatever the order in which they arrived. So it is worked out
each time the ledger is folded: nothing here is ever written to it.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graph_model.schema import (
    Consumed,
    Event,
    Mentioned,
    Packed,
    ProcessValue,
    Produced,
    Shipment,
    Shipped,
)

EPCIS = "EPCIS/"
"""How the keys begin of all that events state: then the event's key, then what it is of it."""
RECEIVED = "/received/"
"""In the key of a delivery line that a receipt states."""

_STATED = (Consumed, Produced, Shipped, Packed, Mentioned, ProcessValue)
_LEFT = 1e-6
C = pl.col

Tables = dict[str, pl.DataFrame]


def settled(tables: Mapping[str, pl.DataFrame]) -> Tables:
    """The folded tables with what events mean together; others are as they were."""
    out = dict(tables)
    events = out[Event.__name__]
    if events.is_empty():
        return out
    dropped = retracted(events)
    if len(dropped):
        for kind in _STATED:
            out[kind.__name__] = _without(out[kind.__name__], dropped)
    out[Shipped.__name__] = _received(out[Shipped.__name__], out[Shipment.__name__])
    out[Packed.__name__] = _contained(out[Packed.__name__])
    return out


def retracted(events: pl.DataFrame) -> pl.Series:
    """Keys of events that were declared errors: by their own id, without one by what they say."""
    wrong = events.filter(C("retracted").fill_null(False))
    ids = wrong.filter(C("event_id") != "")["event_id"].unique()
    hit = C("event_id").is_in(ids.implode()) | C("key").is_in(wrong["key"].implode())
    return events.filter(hit)["key"]


def event_of() -> pl.Expr:
    """Key of the event that states the row; null for rows that no event states."""
    told = C("key").str.strip_prefix(EPCIS).str.splitn("/", 3)
    key = told.struct.field("field_0") + "/" + told.struct.field("field_1")
    return pl.when(C("key").str.starts_with(EPCIS)).then(key)


def _without(rows: pl.DataFrame, dropped: pl.Series) -> pl.DataFrame:
    """Movements of the events as cancelled; what has no status is left out."""
    hit = event_of().is_in(dropped.implode()).fill_null(False)
    if "status" not in rows.columns:
        return rows.filter(~hit)
    return rows.with_columns(status=pl.when(hit).then(pl.lit("cancelled")).otherwise("status"))


def _received(rows: pl.DataFrame, shipments: pl.DataFrame) -> pl.DataFrame:
    """Lines of receipts that only repeat a despatch are cancelled: goods did not leave twice.

    A receipt repeats a despatch of the same lot in the same delivery, or before it to the same
    party. Whatever no despatch tells of stays.
    """
    standing = C("status").ne_missing("cancelled") & C("key").str.starts_with(EPCIS)
    lines = rows.filter(standing).select("key", "lot", "item", "shipment", "earliest", "latest")
    got = lines.filter(C("key").str.contains(RECEIVED, literal=True))
    if got.is_empty():
        return rows
    to = shipments.select("customer", shipment="key")
    sent = lines.join(got.select("key"), on="key", how="anti").join(to, on="shipment", how="left")
    same = got.join(sent, on=["lot", "item", "shipment"], how="semi", nulls_equal=True)
    named = got.join(to, on="shipment", how="left").drop_nulls("customer")
    before = named.join(
        sent.select("lot", "item", "customer", left="earliest"),
        on=["lot", "item", "customer"], nulls_equal=True,
    ).filter(C("left") <= C("latest"))  # fmt: skip
    again = pl.concat([same["key"], before["key"]]).unique()
    hit = C("key").is_in(again.implode())
    return rows.with_columns(status=pl.when(hit).then(pl.lit("cancelled")).otherwise("status"))


def _contained(rows: pl.DataFrame) -> pl.DataFrame:
    """Packing by events as intervals: what went in has the time it came out.

    What empties a container takes out each lot that is in it; what was packed already is not
    packed again. Rows of unpacking stay beside them.
    """
    ours = C("key").str.starts_with(EPCIS) & C("status").ne_missing("cancelled")
    told = rows.filter(ours)
    if told.is_empty():
        return rows
    told = pl.concat([told.filter(C("lot").is_not_null()), _emptied(told)])
    told = told.with_columns(
        _at=pl.coalesce("packed_at", "unpacked_at"), _out=C("taken_out").fill_null(False)
    )
    # At one moment goods come out before they go in: a container is emptied to be used again.
    told = told.sort("container", "lot", "_at", ~C("_out"), "key", nulls_last=False)
    told = told.with_columns(_whole=_takes_all())
    box = ["container", "lot"]
    told = told.with_columns(_run=C("_whole").cum_sum().over(box) - C("_whole").cast(pl.Int64))
    run = [*box, "_run"]
    told = told.with_columns(
        _left=pl.when("_whole").then("unpacked_at").max().over(run),
        _again=~C("_out") & ((~C("_out")).cum_sum().over(run) > 1),
    )
    told = told.with_columns(
        unpacked_at=pl.when("_out").then("unpacked_at").otherwise("_left"),
        status=pl.when(C("_again") & _is_one_thing()).then(pl.lit("cancelled")).otherwise("status"),
    )
    return pl.concat([rows.filter(~ours), told.select(rows.columns)]).sort("key")


def _emptied(told: pl.DataFrame) -> pl.DataFrame:
    """Rows that empty a container, as a row for each lot that is in it then."""
    bare = told.filter(C("lot").is_null()).drop("lot", "quantity", "uom")
    moves = told.select(
        "container", "lot", into="packed_at", out=pl.when("taken_out").then("unpacked_at")
    )
    each = bare.join(moves.drop_nulls("lot"), on="container")
    then = C("unpacked_at")
    each = each.group_by(*bare.columns, "lot", maintain_order=True).agg(
        came=(C("into").is_null() & C("out").is_null() | (C("into") <= then)).any(),
        into=C("into").filter(C("into") <= then).max(),
        out=C("out").filter(C("out") <= then).max(),
    )
    gone = (C("out") > C("into").fill_null(C("out"))).fill_null(False)
    each = each.filter(C("came").fill_null(True) & ~gone)
    return each.select(
        (pl.format("{}/{}", "key", "lot") if name == "key" else
         C(name) if name in each.columns else pl.lit(None, told.schema[name])).alias(name)
        for name in told.columns
    )  # fmt: skip


def _takes_all() -> pl.Expr:
    """Whether a row takes out all that is there of the lot: its amount is unknown, or enough.

    What cannot be told, as amounts in several units, is still in.
    """
    box = ["container", "lot"]
    emptied = C("_out") & C("quantity").is_null()
    since = (emptied.cum_sum().over(box) - emptied.cast(pl.Int64)).alias("_since")
    signed = pl.when("_out").then(-C("quantity")).otherwise("quantity")
    there = signed.cum_sum().over([*box, since])
    plain = (C("uom").drop_nulls().n_unique().over(box) <= 1) & (
        ~(C("quantity").is_null() & ~C("_out")).any().over(box)
    )
    return emptied | (C("_out") & plain & (there <= _LEFT).fill_null(False))


def _is_one_thing() -> pl.Expr:
    """A piece or a container, or goods without an amount: packed again, it is no more."""
    one = C("lot").str.contains("#", literal=True) | C("lot").str.contains("//", literal=True)
    return one | C("quantity").is_null()
