"""Times that cannot be."""

from __future__ import annotations

import polars as pl

from graph_model.schema import (
    Cleaning,
    Complaint,
    Consumed,
    Count,
    Inspection,
    Operation,
    Produced,
    Shipment,
    Shipped,
)
from loaders.checks.records import WHERE, C, Records, all_of, moved, number_of, place
from loaders.checks.registry import rule

DAY = 24 * 3_600 * 1_000_000


def time_field(earliest: str = "earliest", latest: str = "latest") -> pl.Expr:
    """The field a time was read from: a day long means a date."""
    short = (C(latest) - C(earliest)) < DAY - 1_000_000
    return pl.when(short).then(pl.lit("event_time")).otherwise(pl.lit("business_date"))


@rule("time_inversion", "warning")
def time_inversion(records: Records) -> pl.DataFrame:
    """What surely happened before what had to come first, by the times as recorded."""
    return all_of(
        [
            _used_before_made(records),
            _made_before_inputs(records),
            _before_release(records),
            _arrived_before_leaving(records),
        ]
    )


def _inversion(rows: pl.DataFrame, records: Records, about: pl.Expr) -> pl.DataFrame:
    """Rows with `t0`, `t1` and `first`, the earliest moment at which they were possible."""
    return place(
        rows,
        time_field("t0", "t1"),
        records.shown("t1"),
        time=records.shown("t1"),
        first=records.shown("first"),
        number=about,
    )


def _used_before_made(records: Records) -> pl.DataFrame:
    first = records.origins.group_by("lot").agg(first=C("t0").min())
    rows = records.uses.join(first, on="lot", how="inner", maintain_order="left")
    return _inversion(rows.filter(C("t1") < C("first")), records, number_of("lot", 2))


def _made_before_inputs(records: Records) -> pl.DataFrame:
    first = records.lines[Consumed].group_by("order").agg(first=C("t0").min())
    rows = records.lines[Produced].join(first, on="order", how="inner")
    rows = rows.filter(C("t1") < C("first"))
    return _inversion(rows.sort(*WHERE), records, number_of("order"))


def _before_release(records: Records) -> pl.DataFrame:
    released = records.facts[Operation].filter(C("released_at").is_not_null())
    released = released.select(order="key", first="released_at")
    found = []
    for kind in (Consumed, Produced):
        rows = records.lines[kind].join(released, on="order").filter(C("t1") < C("first"))
        found.append(_inversion(rows.sort(*WHERE), records, number_of("order")))
    return all_of(found)


def _arrived_before_leaving(records: Records) -> pl.DataFrame:
    rows = records.facts[Shipment].filter(C("arrival_latest") < C("ship_earliest"))
    return place(
        rows,
        "arrival_date",
        records.shown("arrival_latest"),
        time=records.shown("arrival_latest"),
        first=records.shown("ship_earliest"),
        number=C("delivery_no"),
    )


@rule("future_date", "warning")
def future_date(records: Records) -> pl.DataFrame:
    """What is said to have happened, and lies ahead. Deliveries not yet sent may."""
    planned = records.facts[Shipment].filter(C("status").is_in(["planned", "picked"]))
    ahead = C("earliest") > records.now
    found = []
    for kind, frame in moved(records):
        rows = frame.filter(ahead | (C("entered_at") > records.now))
        if kind is Shipped:
            rows = rows.join(planned.select(shipment="key"), on="shipment", how="anti")
        found.append(_ahead(rows.filter(ahead), time_field(), "earliest", records))
        late = rows.filter(C("entered_at") > records.now)
        found.append(_ahead(late, pl.lit("entered_at"), "entered_at", records))
    for kind in (Count, Cleaning, Inspection, Complaint):
        rows = records.facts[kind].filter(ahead)
        found.append(_ahead(rows, time_field(), "earliest", records))
    return all_of(found)


def _ahead(rows: pl.DataFrame, field: pl.Expr, name: str, records: Records) -> pl.DataFrame:
    return place(rows, field, records.shown(name))
